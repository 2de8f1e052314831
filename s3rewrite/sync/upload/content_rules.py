"""The settings on which the bytes that are sent depend: where they change, files are sent anew."""

from collections.abc import Callable, Sequence
from hashlib import blake2b

from s3rewrite.conf import url_prefix
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import patterns
from s3rewrite.sync.upload.compression import is_compressible
from s3rewrite.sync.upload.references import refers


def rules(mount: Mount, mounts: Sequence[Mount]) -> str:
    """A digest of what decides how references are changed, and the coding of the mount's files.

    References lead to all mounts.
    """
    told = [
        (m.alias, m.site_url, url_prefix(m), m.public_url, m.keys, m.cors, m.exclude, m.include)
        + (m.allow,) * bool(m.allow)
        for m in mounts
    ]
    digest = blake2b(repr(told).encode(), digest_size=16).hexdigest()
    return f"{digest} {_coding(mount)}".rstrip()


def _coding(mount: Mount) -> str:
    """COMPRESS, where files may be compressed, and a digest of what keeps some as they are."""
    given = mount.object_parameters
    if not mount.compress or "ContentEncoding" in given:
        return ""
    encoded = [pattern for pattern, own in patterns(given) if "ContentEncoding" in own]
    return " ".join([mount.compress, *encoded])


def affected_by(before: str, now: str) -> Callable[[str], bool] | None:
    """Which files may have to be sent otherwise than by the rules before; None for none.

    `before` is "" where that is not known.

    | references | coding | files                                |
    |------------|--------|--------------------------------------|
    | as before  | same   | none                                 |
    | other      | same   | that may refer to others             |
    | as before  | other  | that may be compressed               |
    | other      | other  | that may refer, or may be compressed |
    """
    (references, _, coding), (new_references, _, new_coding) = (
        before.partition(" "),
        now.partition(" "),
    )
    kinds: list[Callable[[str], bool]] = []
    if references != new_references:
        kinds.append(refers)
    if coding != new_coding or not before:
        kinds.append(is_compressible)
    return (lambda name: any(is_one(name) for is_one in kinds)) if kinds else None

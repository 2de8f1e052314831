"""The settings on which the sent bytes depend. A change of them re-uploads the affected files."""

from collections.abc import Callable, Sequence
from hashlib import blake2b

from s3rewrite.conf import url_prefix
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import patterns
from s3rewrite.sync.upload.compression import is_compressible
from s3rewrite.sync.upload.references import refers


def rules(mount: Mount, mounts: Sequence[Mount]) -> str:
    """What decides about the bytes of a mount's files: `<digest>`, or `<digest> <coding>`.

    The digest is of the settings of all mounts, as references lead to all of them.
    """
    # What is as by default is left out: registries have digests from before these settings.
    settings = [
        (m.alias, m.site_url, url_prefix(m), m.public_url, m.keys, m.cors, m.exclude, m.include)
        + (m.allow,) * bool(m.allow)
        + (m.access,) * m.is_private
        for m in mounts
    ]
    digest = blake2b(repr(settings).encode(), digest_size=16).hexdigest()
    return f"{digest} {_coding_rules(mount)}".rstrip()


def _coding_rules(mount: Mount) -> str:
    """COMPRESS, if files may be compressed, and the patterns of those that never are."""
    parameters = mount.object_parameters
    if not mount.compress or "ContentEncoding" in parameters:
        return ""
    encoded = [pattern for pattern, own in patterns(parameters) if "ContentEncoding" in own]
    return " ".join([mount.compress, *encoded])


def affected_by(before: str, now: str) -> Callable[[str], bool] | None:
    """Tells by its name whether a change of rules may affect a file; None where it affects none.

    `before` is "" where the earlier rules are not known.

    | references | coding | affected files                       |
    |------------|--------|--------------------------------------|
    | as before  | same   | none                                 |
    | other      | same   | that may refer to others             |
    | as before  | other  | that may be compressed               |
    | other      | other  | that may refer, or may be compressed |
    """
    references, _, coding = before.partition(" ")
    new_references, _, new_coding = now.partition(" ")
    tests: list[Callable[[str], bool]] = []
    if references != new_references:
        tests.append(refers)
    if coding != new_coding or not before:
        tests.append(is_compressible)
    return (lambda name: any(test(name) for test in tests)) if tests else None

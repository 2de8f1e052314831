"""Stubs: links in the place of local files whose bytes are on S3 alone.

A stub is a symbolic link to nowhere, whose target says where the bytes are, and their digest. So
the disk still shows which files there are: programs that list, copy, rename or remove files do so
with stubs too, and a program that opens one without Django gets "no such file", never other
bytes. The link has the file's owner.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from s3rewrite.core.entries import FINGERPRINT_LENGTH, Signature
from s3rewrite.core.paths import MAX_KEY_BYTES

START = "s3rewrite:freed"

# Any program that may write links can write a stub: so numbers may be no longer than real ones.
_TARGET = re.compile(
    rf"{START}/(?P<bucket>[^/]+)/(?P<size>[0-9]{{1,19}}),(?P<mtime_ns>-?[0-9]{{1,19}}),"
    r"(?P<sha256>[0-9a-f]{64}),(?P<etag>[A-Za-z0-9-]+)(?:,(?P<mode>[0-7]{1,4}))?/(?P<key>.+)",
    re.DOTALL,
)
_TIMES = range(-(2**63), 2**63 + 1)
"""Nanoseconds since 1970 that a file system, and a date, can have."""


class Stub(NamedTuple):
    """A freed file: where its bytes are, its signature as it was, and the digests of the bytes."""

    bucket: str
    key: str
    signature: Signature
    sha256: str
    etag: str
    mode: int | None = None
    """The file's permissions; None where they are not known."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint in the file's entry."""
        return self.sha256[:FINGERPRINT_LENGTH]

    def with_etag(self, etag: str) -> "Stub":
        """The stub of an object with this ETag; `-` for one of a form that a stub cannot hold."""
        return self._replace(etag=etag if re.fullmatch(r"[A-Za-z0-9-]+", etag) else "-")

    def to_target(self) -> str:
        """The target of the symbolic link. Raises ValueError where it would not be read back so."""
        facts = f"{self.signature.size},{self.signature.mtime_ns},{self.sha256},{self.etag}"
        mode = "" if self.mode is None else f",{self.mode:o}"
        text = f"{START}/{self.bucket}/{facts}{mode}/{self.key}"
        if parse_target(text) != self:
            raise ValueError(f"{text!r} would be read as another stub")
        return text


def parse_target(target: str) -> Stub | None:
    """The stub that a symbolic link's target means; None for any other link."""
    match = _TARGET.fullmatch(target)
    if match is None or not _is_key(match["key"]) or int(match["mtime_ns"]) not in _TIMES:
        return None
    signature = Signature(int(match["size"]), int(match["mtime_ns"]))
    mode = int(match["mode"], 8) if match["mode"] else None
    return Stub(match["bucket"], match["key"], signature, match["sha256"], match["etag"], mode)


def stub_at(path: str) -> Stub | None:
    """The stub at a path; None where there is something else, or nothing."""
    target = _target_at(path)
    return parse_target(target) if target else None


def write_stub(path: Path, stub: Stub, owner: os.stat_result) -> None:
    """Make a stub with that owner, where that is allowed. Raises OSError, ValueError."""
    path.symlink_to(stub.to_target())
    with suppress(PermissionError):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def is_corrupt_stub(path: str) -> bool:
    """Whether a link at a path begins as a stub does, but cannot be read as one."""
    target = _target_at(path)
    return target.startswith(f"{START}/") and parse_target(target) is None


def _target_at(path: str) -> str:
    """The target of the symbolic link at a path; "" where there is none."""
    try:
        return os.readlink(path)  # noqa: PTH115 - a fifth of Path.readlink's time
    except (OSError, ValueError):
        return ""


def _is_key(key: str) -> bool:
    try:
        return len(key.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False

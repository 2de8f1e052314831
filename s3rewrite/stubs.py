"""Stubs: what stands in the place of a local file whose bytes are on S3 alone.

A stub is a symbolic link that leads nowhere, and says where the bytes are, and which. So the disk
goes on to tell which files there are: what lists, copies, renames or removes files does so with
stubs too, and who opens one without Django is told that there is no file, and never gets other
bytes.
"""

import os
import re
from typing import NamedTuple

from s3rewrite.entries import FINGERPRINT_LENGTH, Signature

START = "s3rewrite:freed"

_TARGET = re.compile(
    rf"{START}/(?P<bucket>[^/]+)/(?P<size>\d+),(?P<mtime_ns>\d+),(?P<sha256>[0-9a-f]{{64}}),"
    r"(?P<etag>[A-Za-z0-9-]+)/(?P<key>.+)",
    re.DOTALL,
)


class Stub(NamedTuple):
    """A freed file: where its bytes are, its signature as it was, and what proves the bytes."""

    bucket: str
    key: str
    signature: Signature
    sha256: str
    etag: str

    @property
    def fingerprint(self) -> str:
        """As in the file's entry."""
        return self.sha256[:FINGERPRINT_LENGTH]

    def target(self) -> str:
        """What the symbolic link says.

        Raises ValueError where that could not be read back.
        """
        facts = f"{self.signature.size},{self.signature.mtime_ns},{self.sha256},{self.etag}"
        text = f"{START}/{self.bucket}/{facts}/{self.key}"
        if parsed(text) != self:
            raise ValueError(f"{text!r} says something else than was meant")
        return text


def parsed(target: str) -> Stub | None:
    """The stub that a symbolic link's target speaks of; None where it is another link."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return None
    signature = Signature(int(found["size"]), int(found["mtime_ns"]))
    return Stub(found["bucket"], found["key"], signature, found["sha256"], found["etag"])


def stub_at(path: str) -> Stub | None:
    """The stub that lies at a path; None where there is something else, or nothing."""
    try:
        return parsed(os.readlink(path))  # noqa: PTH115 - a fifth of Path.readlink's time
    except OSError:
        return None

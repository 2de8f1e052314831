"""What a scan finds: directories with their files, and what is passed over, with the reason."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from s3rewrite.core.entries import Signature, join
from s3rewrite.core.meant import PLAIN, Facts, are_unsuspicious, why_kept_local
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import MAX_KEY_BYTES
from s3rewrite.core.patterns import is_excluded
from s3rewrite.disk.stubs import Stub

MAX_PREFIXED_NAME_BYTES = MAX_KEY_BYTES - 16
"""Bytes of a name with its prefix: its key under KEYS = "fingerprint" has a few more."""


class ScannedDirectory(NamedTuple):
    """One directory: its path in the storage ("" for the root), basename -> signature.

    `freed` are those of them whose bytes are on S3 alone: basename -> stub.
    """

    path: str
    files: dict[str, Signature]
    stubs: dict[str, Stub]


@dataclass
class Findings:
    """What a scan met besides files."""

    skipped: dict[str, str] = field(default_factory=dict)
    """Name -> why it cannot be offloaded."""
    errors: dict[str, str] = field(default_factory=dict)
    """Directory or name -> why it could not be looked at: what it holds is not known."""
    own_files: list[str] = field(default_factory=list)
    """Names of files that we have written for a while."""

    def skip(self, name: str, reason: str) -> None:
        """A name is passed over."""
        self.skipped[_written(name)] = reason

    def fail(self, name: str, reason: str) -> None:
        """A name, or "" for the root, could not be looked at."""
        self.errors[_written(name or ".")] = reason


class MountFilter:
    """What of a storage a mount does not let go to S3; without one all may."""

    def __init__(self, mount: Mount | None, findings: Findings) -> None:
        self.mount, self.findings = mount, findings
        self._longest = MAX_PREFIXED_NAME_BYTES - (len(mount.prefix.encode()) if mount else 0)
        self._picks = bool(mount and (mount.exclude or mount.include))

    def kept(self, directory: ScannedDirectory) -> ScannedDirectory:
        """A directory with those of its files that go to S3."""
        if self.mount is None or (not self._picks and self._are_plain(directory)):
            return directory
        path, files, freed = directory
        kept = {name: files[name] for name in files if self.may_go(join(path, name))}
        return ScannedDirectory(path, kept, freed)

    def may_go(self, name: str, facts: Facts = PLAIN) -> bool:
        """Whether a file goes to S3, or a directory (`a/`) is entered; noted where it is not.

        What is excluded is not noted. In such a directory each name is looked at by itself.
        """
        if self.mount is None:
            return True
        is_directory = name.endswith("/")
        include = () if is_directory else self.mount.include
        excluded = is_excluded(name, self.mount.exclude, include)
        reason = self._why_not(name, facts, self.mount.allow)
        if reason and not excluded:
            self.findings.skip(name.rstrip("/"), reason)
        return not reason and (is_directory or not excluded)

    def _why_not(self, name: str, facts: Facts, allow: Collection[str]) -> str:
        is_file = not name.endswith("/")
        if is_file and not _is_utf8(name):
            return "its name is not UTF-8"
        if why := why_kept_local(name, facts, allow):
            return why.reason
        is_long = is_file and len(name.encode()) > self._longest
        return f"its key would be longer than {MAX_KEY_BYTES} bytes" if is_long else ""

    def _are_plain(self, directory: ScannedDirectory) -> bool:
        """Whether all its names can surely be keys: asked for all of them at once."""
        longest = len(directory.path) + 1 + max(map(len, directory.files), default=0)
        if longest > self._longest // 4:  # a character has four bytes at the most
            return False
        return _is_utf8(directory.path) and are_unsuspicious(directory.files)


def _written(name: str) -> str:
    """A name as it can be written down, also where it is not UTF-8."""
    return name if _is_utf8(name) else ascii(name)


def _is_utf8(text: str) -> bool:
    try:
        return text.encode() is not None
    except UnicodeEncodeError:
        return False

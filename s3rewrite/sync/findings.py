"""What a scan finds: directories with their files, and what it passes over, with the reason."""

from dataclasses import dataclass, field
from typing import NamedTuple

from s3rewrite.core.entries import Signature, join
from s3rewrite.core.kept_local import (
    NORMAL_ACCESS,
    TOO_LONG,
    FileAccess,
    are_ordinary,
    why_kept_local,
)
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import MAX_KEY_BYTES
from s3rewrite.core.patterns import is_excluded
from s3rewrite.disk.stubs import Stub


class ScannedDirectory(NamedTuple):
    """One directory of a storage."""

    path: str
    """Without a slash at the end; "" for the root."""
    names: list[str]
    """The basenames of its files."""
    numbers: list[int]
    """Their signatures, one after another: objects for each file would double a pass's time."""
    stubs: dict[str, Stub]
    """Basename -> stub, of those files whose bytes are only on S3."""

    @property
    def files(self) -> dict[str, Signature]:
        """Basename -> signature, made anew at each call."""
        numbers = iter(self.numbers)
        return dict(zip(self.names, map(Signature, numbers, numbers, numbers), strict=True))

    def add(self, basename: str, signature: Signature) -> None:
        """One more file."""
        self.names.append(basename)
        self.numbers.extend(signature)


@dataclass
class Findings:
    """What a scan met besides files."""

    skipped: dict[str, str] = field(default_factory=dict)
    """Name -> why it cannot be offloaded."""
    errors: dict[str, str] = field(default_factory=dict)
    """Directory or name -> why it could not be read: its files are unknown."""
    own_files: list[str] = field(default_factory=list)
    """Names of this package's own temporary files."""

    def skip(self, name: str, reason: str) -> None:
        """Record that a name is passed over."""
        self.skipped[_encodable(name)] = reason

    def fail(self, name: str, reason: str) -> None:
        """Record that a name, or "" for the root, could not be read."""
        self.errors[_encodable(name or ".")] = reason


class MountFilter:
    """Decides which names of a storage may go to S3; without a mount all may."""

    def __init__(self, mount: Mount | None, findings: Findings) -> None:
        self.mount, self.findings = mount, findings
        self._max_bytes = mount.paths.max_name_bytes if mount else MAX_KEY_BYTES
        self._has_patterns = bool(mount and (mount.exclude or mount.include))

    def filtered(self, directory: ScannedDirectory) -> ScannedDirectory:
        """The directory with those of its files that may go to S3."""
        if self.mount is None or (not self._has_patterns and self._are_plain(directory)):
            return directory
        allowed = ScannedDirectory(directory.path, [], [], directory.stubs)
        for basename, signature in directory.files.items():
            if self.allows(join(directory.path, basename)):
                allowed.add(basename, signature)
        return allowed

    def allows(self, name: str, access: FileAccess = NORMAL_ACCESS) -> bool:
        """Whether a file may go to S3, or a directory (`a/`) is to be read.

        Records the reason if it may not, unless the settings exclude it.
        """
        if self.mount is None:
            return True
        is_directory = name.endswith("/")
        # INCLUDE may name single files in any directory.
        include = () if is_directory else self.mount.include
        excluded = is_excluded(name, self.mount.exclude, include)
        reason = self._local_reason(self.mount, name, access)
        if reason and not excluded:
            self.findings.skip(name.rstrip("/"), reason)
        # An excluded directory is read all the same: the patterns decide on each name in it.
        return not reason and (is_directory or not excluded)

    def _local_reason(self, mount: Mount, name: str, access: FileAccess) -> str:
        is_file = not name.endswith("/")
        if is_file and not _is_utf8(name):
            return "its name is not UTF-8"
        if why := why_kept_local(name, access, mount.allow):
            return why.reason
        if is_file and len(name.encode()) > self._max_bytes:
            return TOO_LONG
        return ""

    def _are_plain(self, directory: ScannedDirectory) -> bool:
        """Whether all its names are surely fit for keys. One test for all names, for speed."""
        longest = len(directory.path) + 1 + max(map(len, directory.names), default=0)
        if longest > self._max_bytes // 4:  # a character has at most four bytes
            return False
        return _is_utf8(directory.path) and are_ordinary(directory.names)


def _encodable(name: str) -> str:
    """The name, escaped if it is not UTF-8."""
    return name if _is_utf8(name) else ascii(name)


def _is_utf8(text: str) -> bool:
    return text == text.encode(errors="ignore").decode()

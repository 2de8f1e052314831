"""What this process saw published, for the day on which Redis loses it. Pure."""

from collections.abc import Mapping

from s3rewrite.core.entries import Entry, decode_entry, split

MAX_REMEMBERED = 200_000
"""Names that are remembered; when there are more, all are forgotten, and read again if need be."""


class PublishedMemory:
    """The entries that passes of this process met or published. Threads may share it."""

    def __init__(self) -> None:
        # As Redis gave them: an unchanged directory costs nothing but the memory.
        self._directories: dict[str, dict[bytes, bytes]] = {}
        self._count = 0
        self.sent: dict[str, tuple[str, int, str]] = {}
        """Fingerprint, size and ETag of the objects that this process wrote or compared."""
        self._has_md5 = True

    def remember_directory(self, path: str, encoded: dict[bytes, bytes]) -> None:
        """These are all entries of a directory. None are no news: Redis may have lost them."""
        if encoded:
            self._count += len(encoded) - len(self._directories.get(path, ()))
            self._directories[path] = encoded
            self._bound()

    def remember(self, name: str, entry: Entry, size: int, etag: str) -> None:
        """An entry was published, and its object has this size, and this ETag if any."""
        directory, basename = split(name)
        entries = self._directories.setdefault(directory, {})
        self._count += basename.encode() not in entries
        entries[basename.encode()] = entry.encode().encode()
        if etag and self._has_md5:
            self.sent[name] = (entry.fingerprint, size, etag)
        self._bound()

    def forget_sent(self) -> None:
        """ETags are no MD5s here (KMS), or somebody else writes: nothing of objects is known."""
        self._has_md5 = False
        self.sent.clear()

    def _bound(self) -> None:
        if max(self._count, len(self.sent)) > MAX_REMEMBERED:
            self._directories.clear()
            self.sent.clear()
            self._count = 0

    def find(self, name: str) -> Entry | None:
        """The entry of a name; None where none is remembered."""
        directory, basename = split(name)
        entries: Mapping[bytes, bytes] = self._directories.get(directory, {})
        return decode_entry(entries.get(basename.encode()))

    def forget(self, name: str) -> None:
        """Nothing is known of a name any more."""
        directory, basename = split(name)
        self._directories.get(directory, {}).pop(basename.encode(), None)
        self.sent.pop(name, None)

"""The entries that a view has cached: a least recently used cache with two bounds. Pure."""

from collections import OrderedDict
from sys import getsizeof

from s3rewrite.core.entries import Entry

CAPACITY = 50_000
"""Names in a cache at most."""

CAPACITY_BYTES = 10_000_000
"""Bytes that these names take in memory at most, as visitors may make them long."""


class EntryCache:
    """Name -> entry, or None for an unpublished name. Not safe to share between threads."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Entry | None] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def get(self, name: str) -> Entry | None:
        """The entry of a name; None where it is not published, or not cached."""
        entry = self._entries.get(name)
        if entry is not None:
            self._entries.move_to_end(name)
        return entry

    def put(self, name: str, entry: Entry | None) -> None:
        """Cache a name; the least recently used ones make room for it."""
        self.forget(name)
        self._entries[name] = entry
        self._size += getsizeof(name)
        while len(self._entries) > CAPACITY or self._size > CAPACITY_BYTES:
            self._size -= getsizeof(self._entries.popitem(last=False)[0])

    def forget(self, name: str) -> None:
        """Forget a name."""
        if name in self._entries:
            del self._entries[name]
            self._size -= getsizeof(name)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self._size = 0

"""What a view remembers: the names that were used last, as many as there is room for. Pure."""

from collections import OrderedDict
from sys import getsizeof

from s3rewrite.core.entries import Entry

CAPACITY = 50_000
"""Names that are remembered,"""

CAPACITY_BYTES = 10_000_000
"""and the bytes that they take in memory, as visitors may make them long."""


class EntryCache:
    """Name -> entry, or None for what is not published. Not safe to share between threads."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Entry | None] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def get(self, name: str) -> Entry | None:
        """The entry of a name, None where there is none, or where it is not remembered."""
        entry = self._entries.get(name)
        if entry is not None:
            self._entries.move_to_end(name)
        return entry

    def put(self, name: str, entry: Entry | None) -> None:
        """Remember a name; those that were used longest ago make room for it."""
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

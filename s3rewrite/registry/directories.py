"""Reading what is published: one hash for each directory. Invalid values in them are removed.

Every method may raise redis.RedisError.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import redis

from s3rewrite.core.batches import batches
from s3rewrite.core.entries import Entry, decode_directory, decode_entry, decode_name, join, split
from s3rewrite.registry.keys import MountKeys
from s3rewrite.registry.replies import ReplyChecker
from s3rewrite.registry.scripts import Scripts

PIPELINE_SIZE = 200
"""Names or directories that one round trip carries."""


class Directories:
    """The directories of one mount, with their entries: the part of a registry that reads."""

    def __init__(self, alias: str, client: redis.Redis, keys: MountKeys) -> None:
        self.alias = alias
        self.client = client
        self.keys = keys
        self.replies = ReplyChecker(alias)
        self.scripts = Scripts(client, keys.directories)

    def directories(self) -> Iterator[str]:
        """Every directory that has a published name; perhaps twice, as SSCAN does."""
        try:
            for member in self.client.sscan_iter(self.keys.directories, count=1000):
                if not member or self.replies.parse_name("a directory", member):
                    yield member.decode()
                else:
                    self.client.srem(self.keys.directories, member)
        except redis.ResponseError as error:
            self.replies.check_type("directories", error, None)

    def entries(self, directories: Sequence[str]) -> list[dict[str, Entry]]:
        """For each directory its basenames with their entries, in one round trip."""
        hashes = self.encoded_entries(directories)
        return [self.decode_entries(*pair) for pair in zip(directories, hashes, strict=True)]

    def encoded_entries(self, directories: Sequence[str]) -> list[dict[bytes, bytes]]:
        """The same as Redis holds it; `decode_entries` makes entries of it."""
        with self.scripts.pipeline() as pipeline:
            for directory in directories:
                pipeline.hgetall(self.keys.directory(directory))
            replies = pipeline.execute(raise_on_error=False)
        return [self._hash(*pair) for pair in zip(directories, replies, strict=True)]

    def _hash(self, directory: str, reply: Any) -> dict[bytes, bytes]:
        fields: dict[bytes, bytes] | None = self.replies.check_type("a directory", reply, None)
        if fields is None:
            self._heal(directory, {})
        return fields or {}

    def decode_entries(self, directory: str, fields: dict[bytes, bytes]) -> dict[str, Entry]:
        """The entries of a directory as Redis holds it. Removes fields that are no entries."""
        entries = decode_directory(fields)
        if len(entries) < len(fields):
            valid = {basename.encode() for basename in entries}
            invalid = {raw: value for raw, value in fields.items() if raw not in valid}
            self.replies.log_dropped("entries", invalid)
            self._heal(directory, invalid)
        return entries

    def _heal(self, directory: str, invalid: dict[bytes, bytes]) -> None:
        """Remove these fields of a directory, or its key where that is no hash."""
        # With their values: another process may have published such a name in the meantime.
        fields = [part for field in invalid.items() for part in field]
        keys = [self.keys.directory(directory), self.keys.directories]
        self.scripts.run("heal", keys, [directory, *fields])

    def get(self, names: Iterable[str]) -> dict[str, Entry]:
        """The entries of those of these names that are published."""
        entries: dict[str, Entry] = {}
        for batch in batches(names, PIPELINE_SIZE):
            with self.scripts.pipeline() as pipeline:
                for directory, basename in map(split, batch):
                    pipeline.hget(self.keys.directory(directory), basename)
                replies = pipeline.execute(raise_on_error=False)
            for name, reply in zip(batch, replies, strict=True):
                if entry := self._entry(name, reply):
                    entries[name] = entry
        return entries

    def _entry(self, name: str, reply: Any) -> Entry | None:
        value = self.replies.check_type("a directory", reply, b"")
        if value == b"":  # the key is no hash
            self._heal(split(name)[0], {})
        entry = decode_entry(value)
        if value and not entry:
            self.replies.log_dropped("entries", {name: value})
        return entry

    def names(self) -> Iterator[tuple[str, Entry]]:
        """Every published name with its entry."""
        for directory, entries in self.all_entries():
            for basename, entry in entries.items():
                yield join(directory, basename), entry

    def all_entries(self) -> Iterator[tuple[str, dict[str, Entry]]]:
        """Every directory once, with its basenames and their entries."""
        for batch in batches(set(self.directories()), PIPELINE_SIZE):
            yield from zip(batch, self.entries(batch), strict=True)

    def sample(self, count: int) -> dict[str, Entry]:
        """Some published names of one directory, chosen at random, with their entries."""
        choose = partial(self.client.srandmember, self.keys.directories)
        directory = (self.replies.read("directories", choose, None) or b"").decode(errors="replace")
        read = partial(self.client.hrandfield, self.keys.directory(directory), count)
        names = map(decode_name, self.replies.read("a directory", read, None) or [])
        return self.get(join(directory, name) for name in names if name)

    def count(self, directory: str) -> int:
        """How many names are published directly in a directory."""
        key = self.keys.directory(directory)
        return int(self.replies.read("a directory", lambda: self.client.hlen(key), 0))

    def is_empty(self) -> bool:
        """Whether no name is published."""
        return not self.client.exists(self.keys.directories)

"""Reading what is published: a hash for each directory. What has another form is removed from it.

Every method may raise redis.RedisError.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import redis

from s3rewrite.core.batches import batches
from s3rewrite.core.entries import Entry, decode_directory, decode_entry, join, split
from s3rewrite.registry.hint_stream import HintStream
from s3rewrite.registry.keys import Keys
from s3rewrite.registry.scripts import Scripts

PIPELINE_SIZE = 200
"""Names or directories that one round trip carries."""


class Directories(HintStream):
    """The directories of one mount, with their entries."""

    def __init__(self, alias: str, client: redis.Redis, keys: Keys) -> None:
        super().__init__(alias, client, keys)
        self.scripts = Scripts(client, keys.directories)

    def directories(self) -> Iterator[str]:
        """Every directory that has a published name; perhaps twice, as SSCAN does."""
        for member in self._directories():
            if not member or self.replies.parse_name("a directory", member):
                yield member.decode()
            else:
                self.client.srem(self.keys.directories, member)

    def _directories(self) -> Iterator[bytes]:
        try:
            yield from self.client.sscan_iter(self.keys.directories, count=1000)
        except redis.ResponseError as error:
            self.replies.check_type("directories", error, None)

    def entries(self, directories: Sequence[str]) -> list[dict[str, Entry]]:
        """For each directory its basenames with their entries, in one round trip."""
        found = self.encoded_entries(directories)
        return [self.decode_entries(*pair) for pair in zip(directories, found, strict=True)]

    def encoded_entries(self, directories: Sequence[str]) -> list[dict[bytes, bytes]]:
        """The same as Redis holds it; `decoded` makes entries of it."""
        with self.scripts.pipeline() as pipeline:
            for directory in directories:
                pipeline.hgetall(self.keys.directory(directory))
            replies = pipeline.execute(raise_on_error=False)
        return [self._hash(*pair) for pair in zip(directories, replies, strict=True)]

    def _hash(self, directory: str, reply: Any) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] | None = self.replies.check_type("a directory", reply, None)
        if found is None:
            self._heal(directory, {})
        return found or {}

    def decode_entries(self, directory: str, found: dict[bytes, bytes]) -> dict[str, Entry]:
        """The entries of a directory as Redis holds it; whatever else is there is removed."""
        entries = decode_directory(found)
        if len(entries) < len(found):
            known = {basename.encode() for basename in entries}
            strange = {raw: value for raw, value in found.items() if raw not in known}
            self.replies.log_dropped("entries", strange)
            self._heal(directory, strange)
        return entries

    def _heal(self, directory: str, strange: dict[bytes, bytes]) -> None:
        fields = [part for item in strange.items() for part in item]
        keys = [self.keys.directory(directory), self.keys.directories]
        self.scripts.run("heal", keys, [directory, *fields])

    def get(self, names: Iterable[str]) -> dict[str, Entry]:
        """The entries of those of these names that are published."""
        found: dict[str, Entry] = {}
        for batch in batches(names, PIPELINE_SIZE):
            with self.scripts.pipeline() as pipeline:
                for directory, basename in map(split, batch):
                    pipeline.hget(self.keys.directory(directory), basename)
                values = pipeline.execute(raise_on_error=False)
            for name, reply in zip(batch, values, strict=True):
                if entry := self._entry(name, reply):
                    found[name] = entry
        return found

    def _entry(self, name: str, reply: Any) -> Entry | None:
        value = self.replies.check_type("a directory", reply, b"")
        if value == b"":
            self._heal(split(name)[0], {})
        entry = decode_entry(value)
        if value and not entry:
            self.replies.log_dropped("entries", {name: value})
        return entry

    def names(self) -> Iterator[tuple[str, Entry]]:
        """Every published name with its entry."""
        for batch in batches(set(self.directories()), PIPELINE_SIZE):
            for directory, found in zip(batch, self.entries(batch), strict=True):
                for basename, entry in found.items():
                    yield join(directory, basename), entry

    def count(self, directory: str) -> int:
        """How many names are published directly in a directory."""
        key = self.keys.directory(directory)
        found: Any = self.replies.read("a directory", lambda: self.client.hlen(key), 0)
        return int(found)

    def is_empty(self) -> bool:
        """Whether no name is published."""
        return not self.client.exists(self.keys.directories)

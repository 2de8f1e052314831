"""What a CDN may hold of the names of a mount. Used only where a mount names its CDN.

`edge` has the one fingerprint of a name that the CDN may hold since it was cleared last, or "-"
for several; a name that is not there was never public, or is published. `publish.lua` refuses any
other one until the name was cleared. Every method may raise redis.RedisError.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

import redis

from s3rewrite.registry.keys import MountKeys
from s3rewrite.registry.scripts import Scripts

EVERYTHING = ""
"""Stands for all names: after a loss of the registry, nobody knows what was public."""

MAX_NAMES = 100_000
"""Names that are remembered; where there are more, all that the CDN has is cleared."""


class Edge:
    """What the CDN of one mount may hold."""

    def __init__(self, client: redis.Redis, keys: MountKeys, scripts: Scripts) -> None:
        self._client = client
        self._keys = keys
        self._scripts = scripts

    def begin(self, cdn: str, *, overwrites: bool) -> None:
        """A pass begins. `cdn` identifies the CDN; "" where there is none.

        Where another one was named before, in another epoch, or with too many names, all of it
        is to be cleared. `overwrites` is False where no key ever gets other bytes.
        """
        edge, uncleared = self._keys.edge, self._keys.uncleared
        if not cdn:
            self._client.unlink(edge, uncleared)
            return
        epoch: Any = self._client.get(self._keys.epoch) or b""
        marker = f"{cdn} {epoch.decode(errors='replace')}"
        is_known = self._client.hget(edge, "/") == marker.encode()
        sizes = self._client.hlen(edge), self._client.hlen(uncleared)
        if overwrites and not (is_known and max(sizes) <= MAX_NAMES):
            # The marker last: what is half done begins again.
            with self._scripts.pipeline() as pipeline:
                pipeline.unlink(edge, uncleared)
                pipeline.hset(uncleared, EVERYTHING, f"{uuid4().hex} ")
                pipeline.hset(edge, "/", marker)
                pipeline.execute()

    def mark(self, names: Iterable[str]) -> None:
        """The objects of these names are gone, or will be soon: the CDN is to be cleared of them.

        To be called after a deletion, and before it in case that the process dies in between.
        """
        if not (marks := {name: f"{uuid4().hex} " for name in names}):
            return
        self._client.hset(self._keys.uncleared, mapping=marks)  # type: ignore[arg-type]
        if self._client.hexists(self._keys.edge, "/"):  # it may also hold that there is none
            several = dict.fromkeys(marks, "-")
            self._client.hset(self._keys.edge, mapping=several)  # type: ignore[arg-type]

    def uncleared(self) -> dict[str, str]:
        """Name -> mark, of the names of which the CDN is to be cleared."""
        stored: Any = self._client.hgetall(self._keys.uncleared)
        return {k.decode(errors="replace"): v.decode(errors="replace") for k, v in stored.items()}

    def clear(self, marks: Mapping[str, str]) -> list[str]:
        """The CDN was cleared of these names. Returns those that may be published now."""
        keys = [self._keys.edge, self._keys.uncleared]
        calls = [(keys, [name, mark]) for name, mark in marks.items()]
        replies = self._scripts.run_each("cleared", calls)
        return [name for name, reply in zip(marks, replies, strict=True) if reply]

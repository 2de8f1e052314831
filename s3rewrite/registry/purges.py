"""The names that are taken down, kept until each is done. `sync/purge.py` does it.

Every method may raise redis.RedisError.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import redis

from s3rewrite.core.entries import decode_name
from s3rewrite.registry.keys import MountKeys
from s3rewrite.registry.outcomes import Outcome
from s3rewrite.registry.scripts import Scripts

HELD, QUARANTINED, DONE = "h", "q", "d"
_PURGE = re.compile(r"(\d{1,12}\.\d{6}) ([hqd]*)")


class Purge(NamedTuple):
    """How a name is taken down."""

    value: str
    """As Redis holds it: seconds since 1970 of the wish, and its flags."""
    age: float
    """Seconds since the wish."""
    flags: str
    """HELD: its file stays on the disk, and local; QUARANTINED: a copy is kept; DONE."""


class Purges:
    """The purges of one mount."""

    def __init__(self, client: redis.Redis, keys: MountKeys, scripts: Scripts) -> None:
        self._client = client
        self._keys = keys
        self._scripts = scripts

    def add(self, names: Iterable[str], flags: str = "") -> None:
        """Take these names down; until it is done, nothing is uploaded under them."""
        seconds, microseconds = self._client.time()
        value = f"{seconds}.{microseconds:06d} {flags}"
        if values := dict.fromkeys(names, value):
            self._client.hset(self._keys.purges, mapping=values)  # type: ignore[arg-type]

    def read(self) -> dict[str, Purge]:
        """Name -> purge. Drops what has not the expected form."""
        stored: Any = self._client.hgetall(self._keys.purges)
        seconds, microseconds = self._client.time() if stored else (0, 0)
        now = seconds + microseconds / 1e6
        purges = {}
        for raw, value in stored.items():
            match = _PURGE.fullmatch(value.decode(errors="replace"))
            if match and (name := decode_name(raw)):
                purges[name] = Purge(match[0], now - float(match[1]), match[2])
            else:
                self._client.hdel(self._keys.purges, raw)
        return purges

    def end(self, name: str, purge: Purge, lease: str, left: str) -> Outcome:
        """PURGED; DOUBTFUL while an upload may still arrive; SUPERSEDED by another wish, FENCED.

        `left` is "" or the value that stays.
        """
        keys = self._keys
        names = [keys.purges, keys.unconfirmed_writes, keys.exposed, keys.lease]
        reply = self._scripts.run("end_purge", names, [name, purge.value, lease, left])
        return Outcome(reply.decode())

    # What may be public, though the settings exclude it

    def expose(self, names: Iterable[str], rules: str = "") -> None:
        """The objects of these names may be public; `rules`: the whole bucket was listed for."""
        if values := dict.fromkeys(names, "1") | ({"/": rules} if rules else {}):
            self._client.hset(self._keys.exposed, mapping=values)  # type: ignore[arg-type]

    def exposed(self) -> tuple[list[str], str]:
        """The names that may be public, though excluded, and the rules of the last listing."""
        fields: Any = self._client.hgetall(self._keys.exposed)
        rules = fields.pop(b"/", b"").decode(errors="replace")
        return sorted(name for raw in fields if (name := decode_name(raw))), rules

    def forget_exposed(self, names: Iterable[str]) -> None:
        """The objects of these names are gone, or may be public again."""
        if fields := list(names):
            self._client.hdel(self._keys.exposed, *fields)

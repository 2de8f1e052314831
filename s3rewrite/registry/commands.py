"""The commands on a mount's registry. Each change is one Lua script: all of it happens, or nothing.

Every method may raise redis.RedisError; callers that serve a page catch it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import redis

from s3rewrite.batches import batches
from s3rewrite.entries import FINGERPRINT_LENGTH, Entry, decode, decode_all, join, split
from s3rewrite.registry.hint_stream import HintStream
from s3rewrite.registry.keys import Keys
from s3rewrite.registry.outcomes import Claim, Epoch, Outcome, Withdrawn
from s3rewrite.registry.scripts import Scripts

PIPELINE = 200
"""Names or directories that one round trip carries."""

_SECONDS = re.compile(rb"\d{1,11}")
_WITHDRAWN = re.compile(rb"([0-9a-f]{%d}) (.+)" % FINGERPRINT_LENGTH, re.DOTALL)


class Registry(HintStream):
    """The published names of one mount, and what uploads and deletions need to know.

    `overwrites` says that the bytes of a name are always written to the same object, so that a
    late write of old ones would take the place of new ones.
    """

    def __init__(
        self, alias: str, client: redis.Redis, place: str = "", *, overwrites: bool = True
    ) -> None:
        super().__init__(alias, client, Keys(alias, place))
        self.overwrites = overwrites
        self.scripts = Scripts(client, self.keys.directories)

    # Changing

    def withdraw(self, names: Iterable[str], *, hint: bool = False) -> None:
        """No page links these names from now on, no upload that began before publishes them.

        With `hint` the loop is asked to look at them.
        """
        keys = self.keys
        rest = (keys.directories, keys.claims, keys.changes, keys.withdrawn, keys.hints)
        for batch in batches(names, PIPELINE):
            with self.scripts.together() as pipeline:
                for name in batch:
                    found, arguments = self._call(name, rest, [int(hint)])
                    self.scripts.run("withdraw", found, arguments, pipeline)
                pipeline.execute()

    def claim(self, name: str, lease: str, fingerprint: str) -> Claim | Outcome:
        """Withdraw a name and claim it for an upload of the bytes with that fingerprint.

        FENCED where the lease was lost, DOUBTFUL where an earlier write may still arrive.
        """
        return self.claim_all([(name, fingerprint)], lease)[0]

    def claim_all(self, wanted: Iterable[tuple[str, str]], lease: str) -> list[Claim | Outcome]:
        """Claim names, each with its fingerprint, as `claim` does, in one round trip."""
        claims, calls = [], []
        for name, fingerprint in wanted:
            claims.append(Claim(name, uuid4().hex))
            calls.append((name, [claims[-1].token, lease, fingerprint, int(self.overwrites)]))
        outcomes = self._name_scripts("claim", calls)
        pairs = zip(claims, outcomes, strict=True)
        return [claim if found is Outcome.CLAIMED else found for claim, found in pairs]

    def publish(
        self, claim: Claim, lease: str, entry: Entry, *, is_settled: bool = True
    ) -> Outcome:
        """Publish a name whose bytes S3 acknowledged: PUBLISHED, SUPERSEDED or FENCED.

        `is_settled` says that no request of this upload can arrive any more.
        """
        return self.publish_all([(claim, entry, is_settled)], lease)[0]

    def publish_all(self, given: Iterable[tuple[Claim, Entry, bool]], lease: str) -> list[Outcome]:
        """Publish names, each with its claim, entry and `is_settled`, in one round trip."""
        calls = [
            (claim.name, [claim.token, lease, entry.encode(), int(is_settled)])
            for claim, entry, is_settled in given
        ]
        return self._name_scripts("publish", calls)

    def settle(self, claims: Iterable[Claim]) -> None:
        """No request of these uploads or deletions can arrive at S3 any more."""
        for batch in batches(claims, PIPELINE):
            with self.scripts.together() as pipeline:
                for claim in batch:
                    arguments = [claim.name, claim.token]
                    self.scripts.run("settle", [self.keys.doubts], arguments, pipeline)
                pipeline.execute()

    def doubt(self, name: str, lease: str, fingerprint: str) -> Claim | None:
        """The object of a name is about to be deleted; None where the lease was lost."""
        claim = Claim(name, uuid4().hex)
        arguments = [name, claim.token, lease, f"deleted-{fingerprint}"]
        outcome = self.scripts.run("doubt", [self.keys.doubts, self.keys.lease], arguments)
        return claim if _outcome(outcome) is Outcome.CLAIMED else None

    def refresh(self, name: str, lease: str, old: Entry, new: Entry) -> Outcome:
        """Put `new` in place of `old`, for a file that was touched and has the same bytes."""
        directory, basename = split(name)
        keys = [self.keys.directory(directory), self.keys.changes, self.keys.lease]
        arguments = [name, basename, lease, old.encode(), new.encode()]
        return _outcome(self.scripts.run("refresh", keys, arguments))

    def forget(self, objects: Iterable[Withdrawn]) -> None:
        """These withdrawn objects are gone from the bucket, or not to be deleted."""
        members = [f"{found.fingerprint} {found.name}" for found in objects]
        for batch in batches(members, PIPELINE):
            self.client.zrem(self.keys.withdrawn, *batch)

    def start_epoch(self) -> Epoch:
        """Begin an epoch where there is none and nothing to be doubted."""
        keys = [self.keys.epoch, self.keys.changes, self.keys.directories, self.keys.seen]
        state, run_id, seen = self.scripts.run("epoch", keys, [uuid4().hex])
        known = float(seen) if _SECONDS.fullmatch(seen) else 0.0
        return Epoch(state.decode(), run_id.decode(), known)

    def trust(self, lease: str, run_id: str) -> Outcome:
        """Begin an epoch where every entry was compared: PUBLISHED, or FENCED."""
        keys = [self.keys.epoch, self.keys.changes, self.keys.lease, self.keys.seen]
        return _outcome(self.scripts.run("trust", keys, [uuid4().hex, lease, run_id]))

    def clear(self) -> None:
        """Nothing is published from now on, and nothing is known of what the bucket holds.

        What may still arrive at S3, and who may publish, stay known.
        """
        keys = self.keys
        # First, as every reader stops believing what it knows.
        self.client.unlink(keys.epoch)
        kept = {key.encode() for key in (keys.lease, keys.fence, keys.doubts)}
        for key in self.client.scan_iter(keys.all_keys, count=1000):
            if key not in kept:
                self.client.unlink(key)

    def set_rules(self, rules: str) -> None:
        """All that is published was sent by these rules."""
        self.client.set(self.keys.rules, rules)

    # Reading

    def rules(self) -> str:
        """The rules by which all that is published was sent; "" where that is not known."""
        found: Any = self.door.read("rules", lambda: self.client.get(self.keys.rules), None)
        return found.decode(errors="replace") if found else ""

    def directories(self) -> Iterator[str]:
        """Every directory that has a published name; perhaps twice, as SSCAN does."""
        for member in self._directories():
            if not member or self.door.name("a directory", member):
                yield member.decode()
            else:
                self.client.srem(self.keys.directories, member)

    def _directories(self) -> Iterator[bytes]:
        try:
            yield from self.client.sscan_iter(self.keys.directories, count=1000)
        except redis.ResponseError as error:
            self.door.right("directories", error, None)

    def entries(self, directories: Sequence[str]) -> list[dict[str, Entry]]:
        """For each directory its basenames with their entries, in one round trip."""
        found = self.encoded(directories)
        return [self.decoded(*pair) for pair in zip(directories, found, strict=True)]

    def encoded(self, directories: Sequence[str]) -> list[dict[bytes, bytes]]:
        """The same as Redis holds it; `decoded` makes entries of it."""
        with self.scripts.together() as pipeline:
            for directory in directories:
                pipeline.hgetall(self.keys.directory(directory))
            replies = pipeline.execute(raise_on_error=False)
        return [self._hash(*pair) for pair in zip(directories, replies, strict=True)]

    def _hash(self, directory: str, reply: Any) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] | None = self.door.right("a directory", reply, None)
        if found is None:
            self._heal(directory, {})
        return found or {}

    def decoded(self, directory: str, found: dict[bytes, bytes]) -> dict[str, Entry]:
        """The entries of a directory as Redis holds it; whatever else is there is removed."""
        entries = decode_all(found)
        if len(entries) < len(found):
            known = {basename.encode() for basename in entries}
            strange = {raw: value for raw, value in found.items() if raw not in known}
            self.door.dropped("entries", strange)
            self._heal(directory, strange)
        return entries

    def _heal(self, directory: str, strange: dict[bytes, bytes]) -> None:
        fields = [part for item in strange.items() for part in item]
        keys = [self.keys.directory(directory), self.keys.directories]
        self.scripts.run("heal", keys, [directory, *fields])

    def get(self, names: Iterable[str]) -> dict[str, Entry]:
        """The entries of those of these names that are published."""
        found: dict[str, Entry] = {}
        for batch in batches(names, PIPELINE):
            with self.scripts.together() as pipeline:
                for directory, basename in map(split, batch):
                    pipeline.hget(self.keys.directory(directory), basename)
                values = pipeline.execute(raise_on_error=False)
            for name, reply in zip(batch, values, strict=True):
                if entry := self._entry(name, reply):
                    found[name] = entry
        return found

    def _entry(self, name: str, reply: Any) -> Entry | None:
        value = self.door.right("a directory", reply, b"")
        if value == b"":
            self._heal(split(name)[0], {})
        entry = decode(value)
        if value and not entry:
            self.door.dropped("entries", {name: value})
        return entry

    def claimed(self, names: Sequence[str]) -> set[str]:
        """Those of these names that are being uploaded, or whose upload failed."""
        found: set[str] = set()
        for batch in batches(names, PIPELINE):
            read = partial(self.client.hmget, self.keys.claims, batch)
            tokens: Any = self.door.read("claims", read, [None] * len(batch))
            found |= {name for name, token in zip(batch, tokens, strict=True) if token}
        return found

    def names(self) -> Iterator[tuple[str, Entry]]:
        """Every published name with its entry."""
        for batch in batches(set(self.directories()), PIPELINE):
            for directory, found in zip(batch, self.entries(batch), strict=True):
                for basename, entry in found.items():
                    yield join(directory, basename), entry

    def is_leased_by(self, lease: str) -> bool:
        """Whether that lease still stands."""
        return self.client.get(self.keys.lease) == lease.encode()

    def count(self, directory: str) -> int:
        """How many names are published directly in a directory."""
        key = self.keys.directory(directory)
        found: Any = self.door.read("a directory", lambda: self.client.hlen(key), 0)
        return int(found)

    def is_empty(self) -> bool:
        """Whether no name is published."""
        return not self.client.exists(self.keys.directories)

    def withdrawn(self, age: float) -> list[Withdrawn]:
        """Objects withdrawn `age` seconds ago or longer and not published since, oldest first."""
        now = self.client.time()[0]
        read = partial(
            self.client.zrange,
            self.keys.withdrawn, "-inf", int(now - age), byscore=True, offset=0, num=100_000,
        )  # fmt: skip
        members: Any = self.door.read("withdrawn", read, [])
        return [found for member in members if (found := self._withdrawn(member))]

    def _withdrawn(self, member: bytes) -> Withdrawn | None:
        """The object that a member means; one that means none is removed."""
        found = _WITHDRAWN.fullmatch(member)
        if found and (name := self.door.name("withdrawn", found[2])):
            return Withdrawn(name, found[1].decode())
        self.door.dropped("withdrawn", member)
        self.client.zrem(self.keys.withdrawn, member)
        return None

    # Scripts

    @property
    def _guarded(self) -> tuple[str, ...]:
        keys = self.keys
        guards = (keys.lease, keys.doubts)
        return (keys.directories, keys.claims, keys.changes, keys.withdrawn, *guards)

    def _name_scripts(self, script: str, calls: Sequence[tuple[str, list[Any]]]) -> list[Outcome]:
        """Run a guarded script for each name, each by itself, in one round trip."""
        prepared = [self._call(name, self._guarded, arguments) for name, arguments in calls]
        return [_outcome(reply) for reply in self.scripts.run_each(script, prepared)]

    def _call(
        self, name: str, keys: tuple[str, ...], arguments: list[Any]
    ) -> tuple[list[str], list[Any]]:
        """The keys and arguments of a script that is about a name."""
        directory, basename = split(name)
        keys_of_all = [self.keys.directory(directory), *keys]
        return keys_of_all, [name, basename, directory, *arguments]


def _outcome(reply: bytes | str) -> Outcome:
    return Outcome(reply.decode() if isinstance(reply, bytes) else reply)

"""The commands on a mount's registry. Each change is one Lua script: all of it happens, or nothing.

Every method may raise redis.RedisError; callers that serve a page catch it.
"""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import redis

from s3rewrite.core.batches import batches
from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry, split
from s3rewrite.registry.directories import PIPELINE_SIZE, Directories
from s3rewrite.registry.keys import Keys
from s3rewrite.registry.outcomes import Claim, Epoch, Outcome, Withdrawn

_SECONDS = re.compile(rb"\d{1,11}")
_WITHDRAWN = re.compile(rb"(freed:)?(-|[0-9a-f]{%d}) (.+)" % FINGERPRINT_LENGTH, re.DOTALL)


class Registry(Directories):
    """The published names of one mount, and what uploads and deletions need to know.

    `overwrites` says that the bytes of a name are always written to the same object, so that a
    late write of old ones would take the place of new ones.
    """

    def __init__(
        self, alias: str, client: redis.Redis, place: str = "", *, overwrites: bool = True
    ) -> None:
        super().__init__(alias, client, Keys(alias, place))
        self.overwrites = overwrites

    # Changing

    def withdraw(self, names: Iterable[str], *, hint: bool = False, is_found: bool = False) -> None:
        """No page links these names from now on, no upload that began before publishes them.

        With `hint` the loop is asked to look at them. `is_found` says that a pass found them so:
        nobody has said that their files are to be deleted.
        """
        keys = self.keys
        rest = (keys.directories, keys.claims, keys.changes, keys.withdrawn, keys.hints)
        for batch in batches(names, PIPELINE_SIZE):
            with self.scripts.pipeline() as pipeline:
                for name in batch:
                    options = [int(hint), int(self.overwrites), int(is_found)]
                    found, arguments = self._call(name, rest, options)
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
        overwrites = int(self.overwrites)
        calls = [
            (claim.name, [claim.token, lease, entry.encode(), int(is_settled), overwrites])
            for claim, entry, is_settled in given
        ]
        return self._name_scripts("publish", calls)

    def confirm_writes(self, claims: Iterable[Claim]) -> None:
        """No request of these uploads or deletions can arrive at S3 any more."""
        for batch in batches(claims, PIPELINE_SIZE):
            with self.scripts.pipeline() as pipeline:
                for claim in batch:
                    arguments = [claim.name, claim.token]
                    self.scripts.run(
                        "confirm_write", [self.keys.unconfirmed_writes], arguments, pipeline
                    )
                pipeline.execute()

    def begin_delete(self, name: str, lease: str, fingerprint: str) -> Claim | None:
        """The object of a name is about to be deleted; None where the lease was lost."""
        claim = Claim(name, uuid4().hex)
        arguments = [name, claim.token, lease, f"deleted-{fingerprint}"]
        outcome = self.scripts.run(
            "begin_delete", [self.keys.unconfirmed_writes, self.keys.lease], arguments
        )
        return claim if _outcome(outcome) is Outcome.CLAIMED else None

    def refresh(self, name: str, lease: str, old: Entry, new: Entry) -> Outcome:
        """Put `new` in place of `old`, for a file that was touched and has the same bytes."""
        return self.refresh_all([(name, old, new)], lease)[0]

    def refresh_all(self, changes: Iterable[tuple[str, Entry, Entry]], lease: str) -> list[Outcome]:
        """Put new entries in place of old ones, each with its name, in one round trip."""
        calls = []
        for name, old, new in changes:
            directory, basename = split(name)
            keys = [self.keys.directory(directory), self.keys.changes, self.keys.lease]
            calls.append((keys, [name, basename, lease, old.encode(), new.encode()]))
        return [_outcome(reply) for reply in self.scripts.run_each("refresh", calls)]

    def forget_withdrawn(self, objects: Iterable[Withdrawn]) -> None:
        """These withdrawn objects are gone from the bucket, or not to be deleted."""
        members = [found.member() for found in objects]
        for batch in batches(members, PIPELINE_SIZE):
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
        kept = {key.encode() for key in (keys.lease, keys.fence, keys.unconfirmed_writes)}
        for key in self.client.scan_iter(keys.all_keys, count=1000):
            if key not in kept:
                self.client.unlink(key)

    def set_rules(self, rules: str) -> None:
        """All that is published was sent by these rules."""
        self.client.set(self.keys.rules, rules)

    # Reading

    def rules(self) -> str:
        """The rules by which all that is published was sent; "" where that is not known."""
        found: Any = self.replies.read("rules", lambda: self.client.get(self.keys.rules), None)
        return found.decode(errors="replace") if found else ""

    def claimed(self, names: Sequence[str]) -> set[str]:
        """Those of these names that are being uploaded, or whose upload failed."""
        found: set[str] = set()
        for batch in batches(names, PIPELINE_SIZE):
            read = partial(self.client.hmget, self.keys.claims, batch)
            tokens: Any = self.replies.read("claims", read, [None] * len(batch))
            found |= {name for name, token in zip(batch, tokens, strict=True) if token}
        return found

    def is_leased_by(self, lease: str) -> bool:
        """Whether that lease still stands."""
        return self.client.get(self.keys.lease) == lease.encode()

    def withdrawn(self, age: float) -> list[Withdrawn]:
        """Objects withdrawn `age` seconds ago or longer and not published since, oldest first."""
        now = self.client.time()[0]
        read = partial(
            self.client.zrange,
            self.keys.withdrawn, "-inf", int(now - age), byscore=True, offset=0, num=100_000,
        )  # fmt: skip
        members: Any = self.replies.read("withdrawn", read, [])
        return [found for member in members if (found := self._withdrawn(member))]

    def _withdrawn(self, member: bytes) -> Withdrawn | None:
        """The object that a member means; one that means none is removed."""
        match = _WITHDRAWN.fullmatch(member)
        if match and (name := self.replies.parse_name("withdrawn", match[3])):
            return Withdrawn(name, match[2].decode().strip("-"), match[1] is not None)
        self.replies.log_dropped("withdrawn", member)
        self.client.zrem(self.keys.withdrawn, member)
        return None

    # Scripts

    @property
    def _guarded(self) -> tuple[str, ...]:
        keys = self.keys
        guards = (keys.lease, keys.unconfirmed_writes)
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

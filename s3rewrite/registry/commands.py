"""The commands on a mount's registry. Each change is one Lua script: all of it happens, or nothing.

Every method may raise redis.RedisError; callers that serve a page catch it.
"""

import json
import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import redis

from s3rewrite import signals
from s3rewrite.core.batches import batches
from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry, split
from s3rewrite.registry.directories import PIPELINE_SIZE, Directories
from s3rewrite.registry.edge import Edge
from s3rewrite.registry.hint_stream import HintStream
from s3rewrite.registry.keys import MountKeys
from s3rewrite.registry.outcomes import Claim, Epoch, Outcome, Withdrawn, Write
from s3rewrite.registry.purges import Purges
from s3rewrite.registry.replies import is_text

_SECONDS = re.compile(rb"\d{1,11}")
_WITHDRAWN = re.compile(rb"(freed:)?(-|[0-9a-f]{%d}) (.+)" % FINGERPRINT_LENGTH, re.DOTALL)


class Registry(Directories):
    """The published names of one mount, and what uploads and deletions need to know.

    `overwrites` says that the bytes of a name are always written to the same object, so that a
    late write of old ones would take the place of new ones.
    """

    def __init__(
        self, alias: str, client: redis.Redis, location: str = "", *, overwrites: bool = True
    ) -> None:
        super().__init__(alias, client, MountKeys(alias, location))
        self.hints = HintStream(client, self.keys, self.replies)
        self.purges = Purges(client, self.keys, self.scripts)
        self.edge = Edge(client, self.keys, self.scripts)
        self.overwrites = overwrites

    # Changing

    def withdraw(self, names: Iterable[str], *, hint: bool = False, is_found: bool = False) -> None:
        """No page links these names from now on, no upload that began before publishes them.

        `hint` asks the loop to look at them. `is_found` says that a pass found the files changed
        or gone: nobody has asked to delete them.
        """
        keys = self.keys
        shared = (keys.directories, keys.claims, keys.changes, keys.withdrawn)
        others = (*shared, keys.hints, keys.edge, keys.gone)
        options = [int(hint), int(self.overwrites), int(is_found)]
        for batch in batches(names, PIPELINE_SIZE):
            replies = self._run_each("withdraw", others, [(name, options) for name in batch])
            gone = [name for name, reply in zip(batch, replies, strict=True) if reply == 1]
            signals.announce(signals.withdrawn, self.alias, gone)

    def claim(self, name: str, lease: str, fingerprint: str) -> Claim | Outcome:
        """Withdraw a name and claim it for an upload of the bytes with that fingerprint.

        FENCED where the lease was lost, DOUBTFUL where an earlier write may still arrive, PURGED
        where the name is taken down.
        """
        return self.claim_all([Write(name, fingerprint)], lease)[0]

    def claim_all(
        self, writes: Iterable[Write], lease: str, *, are_honoured: bool = False
    ) -> list[Claim | Outcome]:
        """Claim names for writes, as `claim` does, in one round trip.

        UNPROVEN where only writes may arrive whose conditions will not hold; that is no hindrance
        where the service is known to honour conditions.
        """
        claims, calls = [], []
        for name, fingerprint, condition, etag in writes:
            claims.append(Claim(name, uuid4().hex))
            mark = f"{fingerprint}/{condition}" if condition else fingerprint
            write = [fingerprint, int(self.overwrites), mark, etag, int(are_honoured)]
            calls.append((name, [claims[-1].token, lease, *write]))
        replies = self._run_each("claim", self._guarded, calls)
        return list(map(self._claimed, claims, replies))

    def _claimed(self, claim: Claim, reply: bytes) -> Claim | Outcome:
        """The claim, with the name behind it in the reply; or why there is none."""
        state, _, source = reply.partition(b" ")
        if _outcome(state) is not Outcome.CLAIMED:
            return _outcome(state)
        found = self.replies.parse_name("gone", source) if source else None
        return claim._replace(source=found or "")

    def publish(
        self, claim: Claim, lease: str, entry: Entry, *, is_settled: bool = True
    ) -> Outcome:
        """Publish a name whose bytes S3 acknowledged: PUBLISHED, SUPERSEDED, FENCED or UNCLEARED.

        `is_settled` says that no request of this upload can arrive any more.
        """
        return self.publish_all([(claim, entry, is_settled)], lease)[0]

    def publish_all(
        self, uploads: Iterable[tuple[Claim, Entry, bool]], lease: str
    ) -> list[Outcome]:
        """Publish names, each with its claim, entry and `is_settled`, in one round trip."""
        overwrites = int(self.overwrites)
        calls = [
            (claim.name, [claim.token, lease, entry.encode(), int(is_settled), overwrites])
            for claim, entry, is_settled in uploads
        ]
        outcomes = [_outcome(reply) for reply in self._run_each("publish", self._guarded, calls)]
        pairs = zip(calls, outcomes, strict=True)
        names = [name for (name, _), outcome in pairs if outcome is Outcome.PUBLISHED]
        signals.announce(signals.published, self.alias, names)
        return outcomes

    def confirm_writes(self, claims: Iterable[Claim]) -> None:
        """No request of these uploads or deletions can arrive at S3 any more."""
        keys = [self.keys.unconfirmed_writes]
        for batch in batches(claims, PIPELINE_SIZE):
            self.scripts.run_each("confirm_write", [(keys, claim[:2]) for claim in batch])

    def begin_delete(self, name: str, lease: str, fingerprint: str) -> Claim | None:
        """The object of a name is about to be deleted; None where the lease was lost."""
        claim = Claim(name, uuid4().hex)
        keys = [self.keys.unconfirmed_writes, self.keys.lease]
        arguments = [name, claim.token, lease, f"deleted-{fingerprint}"]
        reply = self.scripts.run("begin_delete", keys, arguments)
        return claim if _outcome(reply) is Outcome.CLAIMED else None

    def refresh(self, name: str, lease: str, old: Entry, new: Entry) -> Outcome:
        """Put `new` in place of `old`, for a file that was touched and has the same bytes."""
        return self.refresh_all([(name, old, new)], lease)[0]

    def refresh_all(self, changes: Iterable[tuple[str, Entry, Entry]], lease: str) -> list[Outcome]:
        """Put new entries in place of old ones, each with its name, in one round trip."""
        calls = [(name, [lease, old.encode(), new.encode()]) for name, old, new in changes]
        keys = (self.keys.changes, self.keys.lease)
        return [_outcome(reply) for reply in self._run_each("refresh", keys, calls)]

    def forget_withdrawn(self, objects: Iterable[Withdrawn]) -> None:
        """These withdrawn objects are gone from the bucket, or not to be deleted."""
        for batch in batches((withdrawn.member() for withdrawn in objects), PIPELINE_SIZE):
            self.client.zrem(self.keys.withdrawn, *batch)

    def start_epoch(self) -> Epoch:
        """Begin an epoch where there is none and nothing to be doubted."""
        keys = [self.keys.epoch, self.keys.changes, self.keys.directories, self.keys.seen]
        state, run_id, seconds = self.scripts.run("epoch", keys, [uuid4().hex])
        safe_until = float(seconds) if _SECONDS.fullmatch(seconds) else 0.0
        return Epoch(state.decode(), run_id.decode(), safe_until)

    def trust(self, lease: str, run_id: str) -> Outcome:
        """Begin an epoch where every entry was compared: PUBLISHED, or FENCED."""
        keys = [self.keys.epoch, self.keys.changes, self.keys.lease, self.keys.seen]
        return _outcome(self.scripts.run("trust", keys, [uuid4().hex, lease, run_id]))

    def clear(self) -> None:
        """Nothing is published from now on, and nothing is known of what the bucket holds.

        What may still arrive at S3, who may publish, and what suspends the mount stay known.
        """
        keys = self.keys
        # First, as every reader stops believing what it knows.
        self.client.unlink(keys.epoch)
        lasting = (keys.lease, keys.fence, keys.unconfirmed_writes, keys.purges)
        kept = {key.encode() for key in (*lasting, keys.suspended, keys.outage)}
        for key in self.client.scan_iter(keys.all_keys, count=1000):
            if key not in kept:
                self.client.unlink(key)

    def set_rules(self, rules: str) -> None:
        """All that is published was sent by these rules."""
        self.client.set(self.keys.rules, rules)

    def set_place(self, place: Sequence[str]) -> None:
        """The files were all brought to this place: endpoint, bucket, PREFIX and KEYS."""
        self.client.set(self.keys.place, json.dumps(place))

    def set_host(self, host: str) -> None:
        """The loop runs on that kernel from now on."""
        self.client.set(self.keys.host, host)

    def expect_late_writes(self, seconds: float) -> None:
        """Writes may arrive at S3 for so long that Redis has forgotten."""
        self.client.set(self.keys.late, int(self.client.time()[0] + seconds))

    def end_looking_again(self) -> None:
        """No write may arrive any more that was forgotten."""
        self.client.delete(self.keys.late)

    # Reading

    def late_writes_left(self) -> float | None:
        """Seconds for which writes may arrive at S3 that Redis has forgotten; 0 or less: no longer.

        None where that was looked after, or it forgot nothing.
        """
        until = self._text("late", self.keys.late)
        return int(until) - self.client.time()[0] if until.isdecimal() else None

    def host(self) -> str:
        """The kernel on which the loop runs; "" where that is not known."""
        return self._text("host", self.keys.host)

    def has_epoch(self) -> bool:
        """Whether the registry is whole: no flush, restart or failover since the last pass."""
        return bool(self.scripts.run("current_epoch", [self.keys.epoch], [])[0])

    def former_place(self) -> list[str] | None:
        """Where the files of the mount were before this registry began; None once it is whole."""
        if self.rules():
            return None
        raw: Any = self.replies.read("place", lambda: self.client.get(self.keys.place), None)
        place = self.replies.parse_record("place", raw, dict.fromkeys(range(4), is_text))
        return place[:4] if place else None

    def rules(self) -> str:
        """The rules by which all that is published was sent; "" where that is not known."""
        return self._text("rules", self.keys.rules)

    def _text(self, where: str, key: str) -> str:
        text: Any = self.replies.read(where, lambda: self.client.get(key), None)
        return text.decode(errors="replace") if text else ""

    def claimed(self, names: Sequence[str]) -> set[str]:
        """Those of these names that are being uploaded, or whose upload failed."""
        claimed: set[str] = set()
        for batch in batches(names, PIPELINE_SIZE):
            read = partial(self.client.hmget, self.keys.claims, batch)
            tokens: Any = self.replies.read("claims", read, [None] * len(batch))
            claimed |= {name for name, token in zip(batch, tokens, strict=True) if token}
        return claimed

    def withdrawn(self, age: float) -> list[Withdrawn]:
        """Objects withdrawn `age` seconds ago or longer and not published since, oldest first."""
        now = self.client.time()[0]
        read = partial(
            self.client.zrange,
            self.keys.withdrawn, "-inf", int(now - age), byscore=True, offset=0, num=100_000,
        )  # fmt: skip
        members: Any = self.replies.read("withdrawn", read, [])
        return [withdrawn for member in members if (withdrawn := self._parse_withdrawn(member))]

    def _parse_withdrawn(self, member: bytes) -> Withdrawn | None:
        """The object that a member of the set means. Removes a member that means none."""
        match = _WITHDRAWN.fullmatch(member)
        if match and (name := self.replies.parse_name("withdrawn", match[3])):
            return Withdrawn(name, match[2].decode().strip("-"), match[1] is not None)
        self.replies.log_dropped("withdrawn", member)
        self.client.zrem(self.keys.withdrawn, member)
        return None

    # Scripts

    @property
    def _guarded(self) -> tuple[str, ...]:
        """The keys of the scripts that only the holder of the lease may run."""
        keys = self.keys
        guards = (keys.lease, keys.unconfirmed_writes, keys.edge, keys.uncleared, keys.purges)
        entries = (keys.directories, keys.claims, keys.changes, keys.withdrawn)
        return (*entries, *guards, keys.gone)

    def _run_each(
        self, script: str, keys: tuple[str, ...], calls: Iterable[tuple[str, list[Any]]]
    ) -> list[Any]:
        """Run a script for each name with its arguments, each by itself, in one round trip."""
        prepared = []
        for name, arguments in calls:
            directory, basename = split(name)
            all_keys = [self.keys.directory(directory), *keys]
            prepared.append((all_keys, [name, basename, directory, *arguments]))
        return self.scripts.run_each(script, prepared)


def _outcome(reply: bytes) -> Outcome:
    return Outcome(reply.decode())

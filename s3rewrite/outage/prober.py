"""The thread that probes a mount, and suspends it for as long as visitors do not get its files."""

import logging
import os
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import redis

from s3rewrite.core.entries import Entry
from s3rewrite.core.mounts import Mount
from s3rewrite.outage.hysteresis import Hysteresis, Verdict
from s3rewrite.outage.probe import probe
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.registry.suspension import Suspensions
from s3rewrite.signing import SigningError, visitor_request
from s3rewrite.sync.reporting.console import Say

logger = logging.getLogger("s3rewrite.outage")

AGAIN = 1.0
"""Seconds between two probes after one that failed."""

SAMPLED = 30
"""Names of a directory that are probed, one after another, before those of another directory."""


@dataclass
class Prober:
    """Probes a mount's files at PUBLIC_URL, one after another."""

    mount: Mount
    stop: threading.Event
    say: Say = print

    def __post_init__(self) -> None:
        self._owner = f"{socket.gethostname()}:{os.getpid()}"
        self._hysteresis = Hysteresis()
        self._names: list[tuple[str, Entry]] = []
        self._last = Verdict.GOOD

    @cached_property
    def _registry(self) -> Registry:
        return loop_registry(self.mount)

    @cached_property
    def _suspensions(self) -> Suspensions:
        return Suspensions(self._registry)

    def run(self) -> None:
        """Probe until the stop flag is set."""
        while not self.stop.is_set():
            self.stop.wait(self.step())
        with suppress(redis.RedisError):  # then its turn ends by itself
            self._suspensions.end_turn(self._owner)

    def step(self) -> float:
        """Probe once. Returns seconds to wait after it."""
        began = time.monotonic()
        try:
            is_mine, is_marked = self._suspensions.take_turn(self._owner)
            if is_mine:
                self._probe(is_marked=is_marked)
        except redis.RedisError as error:  # which the loop reports
            logger.debug("Mount %r is not probed: %s", self.mount.alias, error)
        period = AGAIN if self._hysteresis.is_failing else self.mount.probe_seconds
        return max(0.0, began + period - time.monotonic())

    def _probe(self, *, is_marked: bool) -> None:
        self._hysteresis.is_out = is_marked
        self._names = self._names or list(self._registry.sample(SAMPLED).items())
        if not self._names:
            return  # no page links anything
        name, entry = self._names.pop()
        url = self.mount.visitor_url(self.mount.paths.url(name, entry.fingerprint))
        if not url:
            return  # PUBLIC_URL has no host, and SITE_URL names none
        try:
            verdict, why = probe(*visitor_request(self.mount, url))
        except SigningError as error:
            verdict, why = Verdict.UNKNOWN, str(error)
        # A file that was changed or deleted in the meantime proves nothing.
        if verdict is Verdict.BAD and self._registry.get([name]).get(name) != entry:
            return
        is_out = self._hysteresis.count(verdict, time.monotonic())
        if is_out and not is_marked:
            self._suspensions.begin_outage(self._owner, why)
            self._tell(f"pages link local files, as visitors do not get those of S3. {why}")
        elif is_marked and not is_out:
            self._suspensions.end_outage()
            self._tell("pages link to S3 again")
        elif verdict is Verdict.UNKNOWN is not self._last:
            self._tell(
                f"links stay as they are, as this host has no network, or too much to do. {why}"
            )
        self._last = verdict

    def _tell(self, message: str) -> None:
        alias = self.mount.alias
        logger.warning("Mount %r: %s", alias, message, extra={"mount": alias, "reason": message})
        self.say(f"{alias}: {message}")

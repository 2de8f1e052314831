"""What a running loop tells over HTTP: `/livez` and `/readyz` for probes, `/metrics`."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from s3rewrite.monitoring.server import Address, HttpPage, Pages, serving
from s3rewrite.sync.health import HUNG_AFTER, MountHealth, liveness_problems, readiness_problems
from s3rewrite.sync.loop import MountLoop

READY = "READY=1"
ALIVE = "WATCHDOG=1"


def notify_systemd(state: str) -> None:
    """Say it to systemd; to nobody where it did not start this process, or does not listen."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if not where.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect("\0" + where[1:] if where.startswith("@") else where)
        out.send(state.encode())


@dataclass
class Health:
    """Answers probes about these loops."""

    loops: Sequence[MountLoop]
    patience: float = HUNG_AFTER

    def __post_init__(self) -> None:
        self._ticked_at = time.monotonic()

    def tick(self) -> None:
        """The main thread does its work; its supervisor is told, unless something hangs."""
        self._ticked_at = time.monotonic()
        if not liveness_problems(0, self._mounts, self.patience):
            notify_systemd(ALIVE)

    def livez(self) -> HttpPage:
        """200, or 503 where the loop should be started anew."""
        ticked = time.monotonic() - self._ticked_at
        return self._page(liveness_problems(ticked, self._mounts, self.patience))

    def readyz(self) -> HttpPage:
        """200, or 503 where the last pass over a mount did not come to its end lately."""
        return self._page(readiness_problems(self._mounts, self.patience))

    @property
    def pages(self) -> Pages:
        """Their paths."""
        return {"/livez": self.livez, "/readyz": self.readyz}

    @property
    def _mounts(self) -> list[MountHealth]:
        return [loop.health() for loop in self.loops]

    def _page(self, wrong: Mapping[str, str]) -> HttpPage:
        failed = {mount.alias: mount.failed for mount in self._mounts if mount.failed}
        told = {"ok": not wrong, "wrong": wrong, "failed": failed}
        body = json.dumps(told).encode() + b"\n"
        return HttpPage(503 if wrong else 200, "application/json", body)


@contextmanager
def serving_all(wanted: Sequence[tuple[Address, Pages]]) -> Iterator[list[str]]:
    """Serve pages at addresses, those at the same one by one server. Gives the pages' URLs."""
    servers: dict[Address, dict[str, Callable[[], HttpPage]]] = {}
    for where, pages in wanted:
        servers.setdefault(where, {}).update(pages)
    with ExitStack() as stack:
        found = []
        for where, pages in servers.items():
            url = stack.enter_context(serving(where, pages))
            found += [url + path for path in pages]
        yield found

"""What a running loop answers: `/livez` and `/readyz` over HTTP, and a heartbeat to systemd."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from s3rewrite.monitoring.server import Address, HttpPage, Pages, serving
from s3rewrite.sync.health import HUNG_AFTER, MountHealth, liveness_problems, readiness_problems
from s3rewrite.sync.loop import MountLoop

READY = "READY=1"
ALIVE = "WATCHDOG=1"


def notify_systemd(state: str) -> None:
    """Send a state to systemd, if it started this process and listens (sd_notify(3))."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        # "@" stands for an abstract socket, whose address begins with a zero byte.
        sender.connect("\0" + path[1:] if path.startswith("@") else path)
        sender.send(state.encode())


@dataclass
class Health:
    """Answers probes about these loops."""

    loops: Sequence[MountLoop]
    patience: float = HUNG_AFTER
    _ticked_at: float = field(default_factory=time.monotonic, init=False)

    def tick(self) -> None:
        """The main thread runs. Tells systemd so, unless a loop hangs."""
        self._ticked_at = time.monotonic()
        if not liveness_problems(0, self._mounts, self.patience):
            notify_systemd(ALIVE)

    def livez(self) -> HttpPage:
        """200, or 503 if the process should be restarted."""
        ticked = time.monotonic() - self._ticked_at
        return self._page(liveness_problems(ticked, self._mounts, self.patience))

    def readyz(self) -> HttpPage:
        """200, or 503 if a mount had no complete pass lately."""
        return self._page(readiness_problems(self._mounts, self.patience))

    @property
    def pages(self) -> Pages:
        """The probes by their paths."""
        return {"/livez": self.livez, "/readyz": self.readyz}

    @property
    def _mounts(self) -> list[MountHealth]:
        return [loop.health() for loop in self.loops]

    def _page(self, wrong: Mapping[str, str]) -> HttpPage:
        failed = {mount.alias: mount.failed for mount in self._mounts if mount.failed}
        body = json.dumps({"ok": not wrong, "wrong": wrong, "failed": failed})
        return HttpPage(503 if wrong else 200, "application/json", f"{body}\n".encode())


@contextmanager
def serving_all(pages: Sequence[tuple[Address, Pages]]) -> Iterator[list[str]]:
    """Serve pages at their addresses, with one server an address. Gives the pages' URLs."""
    servers: dict[Address, dict[str, Callable[[], HttpPage]]] = {}
    for address, some in pages:
        servers.setdefault(address, {}).update(some)
    with ExitStack() as stack:
        urls = []
        for address, together in servers.items():
            url = stack.enter_context(serving(address, together))
            urls += [url + path for path in together]
        yield urls

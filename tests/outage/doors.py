"""A door for visitors that can fail in the ways of the field: a server before an S3 server."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from demo.servers import HOST

CHUNK = 65_536

FAULTS = ("refused", "frozen", "frozen after the headers", "slow", "503", "garbage", "no host")
"""What `Door.fail` takes; "no host" is for those who look up the name, and refuses here."""

SLOW = 5.0
"""Seconds for which each answer waits while it is "slow"."""

_REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy"


class Door:
    """Forwards connections to a port of this machine, unless it fails.

    `chance` may return seconds to wait, or True for an error, for each connection.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.fault = ""
        self.chance: Callable[[], float | bool] = lambda: 0.0
        self.visits = 0
        self.pieces_until_frozen = 0
        self._open: set[socket.socket] = set()
        self._thawed = threading.Event()
        with socket.socket() as chosen:
            chosen.bind((HOST, 0))
            self.port = int(chosen.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._thawed.set()
        self._close(self._listener)
        self._cut()

    def fail(self, fault: str) -> None:
        """Fail from now on; connections that are open fail, too."""
        assert fault in FAULTS, fault
        self._thawed.clear()
        self.fault = fault
        if fault in ("refused", "no host"):
            self._close(self._listener)
        if fault not in ("frozen", "frozen after the headers"):
            self._cut()

    def heal(self) -> None:
        """All is well again."""
        was, self.fault = self.fault, ""
        if was in ("refused", "no host"):
            self._listen()
        self._thawed.set()
        self._cut()

    def _listen(self) -> None:
        self._listener = socket.create_server((HOST, self.port), backlog=256)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                self.visits += 1
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        self._open.add(near)
        with suppress(OSError):
            luck = self.chance()
            if self.fault in ("503", "garbage") or luck is True:
                self._refuse(near)
                return
            time.sleep(luck)
            with socket.create_connection((HOST, self.target)) as far:
                self._open.add(far)
                asking = threading.Thread(target=self._ask, args=(near, far), daemon=True)
                asking.start()
                self._answer(far, near)
        self._close(near)

    def _refuse(self, near: socket.socket) -> None:
        near.settimeout(5)
        near.recv(CHUNK)
        near.sendall(b"\x16\x03\x01\xff" * 64 if self.fault == "garbage" else _REFUSAL)
        self._close(near)

    def _ask(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while piece := near.recv(CHUNK):
                self._wait("frozen")
                if self.fault == "slow":
                    time.sleep(SLOW)
                far.sendall(piece)
        self._close(far)

    def _answer(self, far: socket.socket, near: socket.socket) -> None:
        while piece := far.recv(CHUNK):
            if self.fault == "frozen after the headers":
                head, mark, _ = piece.partition(b"\r\n\r\n")
                near.sendall(head + mark if piece.startswith(b"HTTP/") else b"")
            self.pieces_until_frozen -= 1
            if self.pieces_until_frozen == 0:
                self.fail("frozen")
            self._wait("frozen", "frozen after the headers")
            near.sendall(piece)

    def _wait(self, *faults: str) -> None:
        if self.fault in faults:
            self._thawed.wait()
            raise ConnectionResetError

    def _cut(self) -> None:
        for connection in list(self._open):
            self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        self._open.discard(connection)

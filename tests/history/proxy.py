"""A TCP proxy that can fail: it delays, freezes or cuts what passes through it."""

import socket
import threading
import time
from contextlib import suppress
from typing import Self

CHUNK = 65_536


class FaultProxy:
    """Forwards a port of the loopback interface to another one."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._flowing = threading.Event()
        self._flowing.set()
        self._delay = 0.0
        self._refuses = False
        self._sockets: set[socket.socket] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def freeze(self) -> None:
        """Nothing passes; connections stay."""
        self._flowing.clear()

    def delay(self, seconds: float) -> None:
        """Each piece waits for so long."""
        self._delay = seconds

    def refuse(self) -> None:
        """New connections are closed at once, and those that are open, too."""
        self._refuses = True
        self.cut()

    def cut(self) -> None:
        """All connections are reset, in the middle of whatever they carry."""
        for one in list(self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def heal(self) -> None:
        """All is well again; what was held flows on."""
        self._delay = 0.0
        self._refuses = False
        self._flowing.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._refuses:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._sockets |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(CHUNK):
                self._flowing.wait()
                if self._delay:
                    time.sleep(self._delay)
                sink.sendall(piece)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._sockets.discard(one)

"""One probe: a published file is fetched as a visitor does, and a control says whose fault it is.

A host whose own line is broken learns nothing about visitors: they came to the site by another
way, and links that work for them must stay. So where nobody at all answers a probe, a control asks
for a name below the same top-level domain that nobody has asked for before. It exists nowhere, and
an answer that says so proves that this host reaches the internet. Where there is no such control,
as PUBLIC_URL has an address or a name of the local network, the doubt counts: local links. Nor does
a process prove anything that is too busy to tell, as one that uploads with many threads may be.
"""

import errno
import http.client
import secrets
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from s3rewrite.outage.hysteresis import Verdict

DEADLINE = 2.0
"""Seconds in which a probe has to have its bytes, and a control its answer."""

IDLE = 1.5
"""Seconds for a connection, and then for each answer of the server."""

QUICK = 1.0
"""Seconds in which an answer is one, however busy this process is."""

TICK = 0.05
"""Seconds between two looks whether the answer is there."""

MAX_BYTES = 65_536
"""Bytes of a file that are read; the first ones tell."""

_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_UNREACHABLE = {errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH}

T = TypeVar("T")


class Finding(NamedTuple):
    """What a request proves, and what came of it."""

    verdict: Verdict
    why: str


NOTHING = Finding(Verdict.UNKNOWN, f"nothing came within {DEADLINE:g} s")


def probe(url: str, headers: Mapping[str, str] = MappingProxyType({})) -> Finding:
    """Fetch a public URL, which may begin with `//`; with these headers besides the usual ones.

    | the request                                              | the control   | verdict |
    |----------------------------------------------------------|---------------|---------|
    | brought all bytes, in time                               | (not asked)   | GOOD    |
    | was answered otherwise, stopped, refused, of a host that | (not asked)   | BAD     |
    | there is not, or connected in vain: somebody is there    |               |         |
    | was answered by nobody                                   | answers       | BAD     |
    | was answered by nobody                                   | is silent too | UNKNOWN |
    | was answered by nobody                                   | there is none | BAD     |
    | brought nothing to a process that is too busy            | (not asked)   | UNKNOWN |
    """
    url = f"https:{url}" if url.startswith("//") else url
    host = urlsplit(url).hostname or ""
    (verdict, why), is_busy = _within(DEADLINE, lambda: _fetch(url, headers), NOTHING)
    if is_busy and verdict is not Verdict.GOOD:
        verdict = Verdict.UNKNOWN
    elif verdict is Verdict.UNKNOWN and is_online(host):
        verdict = Verdict.BAD
    return Finding(verdict, f"{host}: {why}")


def is_online(host: str) -> bool:
    """Whether a name server answers; True where there is no top-level domain to ask for."""
    domain = host.rpartition(".")[2]
    if domain in (host, "") or domain.isdigit():
        return True
    name = f"s3rewrite-{secrets.token_hex(8)}.{domain}."
    return _within(DEADLINE, lambda: _is_answered(name), False)[0]


def _fetch(url: str, headers: Mapping[str, str]) -> Finding:
    all_headers = {"User-Agent": "s3rewrite", **headers}
    request = urllib.request.Request(url, headers=all_headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=IDLE) as answer:  # noqa: S310
            declared = int(answer.headers.get("Content-Length") or 0)
            size = len(answer.read(MAX_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return Finding(Verdict.BAD, f"it answers with the status {error.code}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        verdict = Verdict.UNKNOWN if _is_silence(error, reason) else Verdict.BAD
        return Finding(verdict, f"it does not answer ({reason})")
    if size < min(declared, MAX_BYTES):
        return Finding(Verdict.BAD, f"it sent {size} of {declared} bytes")
    return Finding(Verdict.GOOD, "")


def _is_silence(error: Exception, reason: object) -> bool:
    """Whether an error of urllib, and its reason, mean that nobody has answered."""
    if not isinstance(error, urllib.error.URLError) or not isinstance(reason, OSError):
        return False  # after a connection was made
    if isinstance(reason, socket.gaierror):
        return reason.errno not in _NO_SUCH_NAME
    return isinstance(reason, TimeoutError) or reason.errno in _UNREACHABLE


def _is_answered(name: str) -> bool:
    try:
        socket.getaddrinfo(name, None)
    except OSError as error:
        return error.errno in _NO_SUCH_NAME
    return True


def _within(seconds: float, action: Callable[[], T], otherwise: T) -> tuple[T, bool]:
    """What an action returns; `otherwise` where it has not ended after so many seconds.

    And whether this process is too busy to tell: its short waits took twice as long as they
    should.
    In a thread, as nothing else ends a look-up of a name, or an answer of one byte a second.
    """
    answers: SimpleQueue[T] = SimpleQueue()
    threading.Thread(target=lambda: answers.put(action()), daemon=True).start()
    began, ticks = time.monotonic(), 0
    while (elapsed := time.monotonic() - began) < seconds:
        with suppress(Empty):
            return answers.get(timeout=TICK), elapsed > max(QUICK, 2 * TICK * (ticks + 1))
        ticks += 1
    return otherwise, elapsed > 2 * TICK * (ticks + 1)

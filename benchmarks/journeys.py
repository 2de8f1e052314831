"""The way of a file and of a response through the package: files, changes of file, round trips.

python -m benchmarks.journeys [--steps JOURNEY]

Each journey is made once with real Valkey and SeaweedFS while Python's profiler looks at every call
of the package's functions, in all threads: how many files it passes through, how often the next
call is in another file than the last one of its thread, how many messages go to Redis and S3.
`--steps` prints each call of one journey, as file:function, in the order of the calls.
"""

import argparse
import os
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import django
from botocore.httpsession import URLLib3Session
from redis.connection import AbstractConnection

import s3rewrite
from benchmarks.sync import Wrong
from benchmarks.sync_tools import Run
from demo.servers import SeaweedFS, Valkey

PACKAGE = str(Path(s3rewrite.__file__).parent) + os.sep
REFERENCES = 50
DIRECTORIES = 5


class Trace:
    """What was seen between `start` and `stop`."""

    def __init__(self) -> None:
        self.calls: dict[int, list[str]] = defaultdict(list)
        """Thread -> its calls, as "file:function"."""
        self.redis = 0
        self.s3 = 0

    def files(self) -> set[str]:
        """The files that were passed through."""
        return {call.partition(":")[0] for calls in self.calls.values() for call in calls}

    def changes(self) -> int:
        """How often a call was in another file than the call before it in the same thread."""
        files = [[call.partition(":")[0] for call in calls] for calls in self.calls.values()]
        return sum(a != b for names in files for a, b in pairwise(names))

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        """For `sys.setprofile`."""
        path = frame.f_code.co_filename
        if event == "call" and path.startswith(PACKAGE):
            call = f"{path.removeprefix(PACKAGE)}:{frame.f_code.co_qualname}"
            self.calls[threading.get_ident()].append(call)


@contextmanager
def counting(trace: Trace, owner: Any, method: str, kind: str) -> Iterator[None]:
    """Count the calls of a library's method that sends one message."""
    sends = getattr(owner, method)

    def count(*args: Any, **options: Any) -> Any:
        setattr(trace, kind, getattr(trace, kind) + 1)
        return sends(*args, **options)

    setattr(owner, method, count)
    try:
        yield
    finally:
        setattr(owner, method, sends)


def traced(journey: Callable[[], object]) -> Trace:
    """Make a journey and look at it."""
    trace = Trace()
    with (
        counting(trace, AbstractConnection, "send_packed_command", "redis"),
        counting(trace, URLLib3Session, "send", "s3"),
    ):
        threading.setprofile(trace.note)
        sys.setprofile(trace.note)
        try:
            journey()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    return trace


class Journey(NamedTuple):
    """A title, what comes before it unseen, and the journey."""

    title: str
    before: Callable[[], object]
    run: Callable[[], object]


class Site:
    """A site's storage, its loop and a page, in one process."""

    def __init__(self) -> None:
        from django.http import HttpRequest, HttpResponse

        from s3rewrite import conf
        from s3rewrite.middleware import S3RewriteMiddleware
        from s3rewrite.storage import S3RewriteStorage
        from s3rewrite.sync.loop import MountLoop

        self.storage = S3RewriteStorage()
        silent: Any = lambda *_, **__: None  # noqa: E731
        self.loop = MountLoop(conf.mount("media"), 3600.0, threading.Event(), silent)
        self._request = HttpRequest()
        self._request.META["HTTP_HOST"] = "localhost"
        page = "".join(f'<img src="/media/{name}">' for name in pictures())
        self._middleware = S3RewriteMiddleware(lambda _: HttpResponse(page))

    def save(self, name: str, content: bytes = b"saved") -> None:
        """Save a file as a site does."""
        from django.core.files.base import ContentFile

        self.storage.save(name, ContentFile(content))

    def fill(self) -> None:
        """All pictures are published."""
        self.loop.step()
        for name in pictures():
            self.save(name)
        self.loop.step()

    def style_sheet(self) -> None:
        """A style sheet that refers to all pictures."""
        urls = "".join(f"a{{background:url({name})}}" for name in pictures())
        self.save("style.css", urls.encode())

    def respond(self) -> None:
        """A page with all pictures."""
        response: Any = self._middleware(self._request)
        if response.content.count(b"http") != REFERENCES:
            raise Wrong(f"not every picture is linked: {response.content[:300]!r}")


def pictures() -> list[str]:
    """Names of pictures, in some directories."""
    return [f"{number % DIRECTORIES}/{number}.jpg" for number in range(REFERENCES)]


def journeys(site: Site) -> list[Journey]:
    """All journeys; each leaves the site as the next one needs it."""
    nothing: Callable[[], object] = lambda: None  # noqa: E731
    return [
        Journey("save", nothing, lambda: site.save("a.jpg")),
        Journey("hint", nothing, site.loop.step),
        Journey("style-sheet", site.style_sheet, site.loop.step),
        Journey("first-response", nothing, site.respond),
        Journey("response", nothing, site.respond),
    ]


def table(traces: dict[str, Trace]) -> Iterator[str]:
    """The lines of the table."""
    yield f"{'journey':16}{'files':>7}{'changes':>9}{'calls':>7}{'to Redis':>10}{'to S3':>7}"
    for title, trace in traces.items():
        calls = sum(map(len, trace.calls.values()))
        yield (
            f"{title:16}{len(trace.files()):7}{trace.changes():9}{calls:7}"
            f"{trace.redis:10}{trace.s3:7}"
        )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", metavar="JOURNEY", help="print the calls of this one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="s3rewrite-benchmark-") as name:
        directory = Path(name)
        (directory / "files").mkdir()
        with Valkey(directory / "valkey") as valkey, SeaweedFS(directory / "weed") as seaweedfs:
            seaweedfs.create_bucket("journeys")
            run = Run(directory / "files", "journeys", directory, valkey, seaweedfs)
            os.environ.update(run.environment)
            django.setup()
            site = Site()
            site.fill()
            traces: dict[str, Trace] = {}
            for journey in journeys(site):
                journey.before()
                traces[journey.title] = traced(journey.run)
    for line in table(traces):
        print(line)
    if options.steps:
        for calls in traces[options.steps].calls.values():
            print("", *calls, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

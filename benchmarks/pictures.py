"""When a visitor sees the largest picture of a page, by where it is and how far: in a Chromium.

`python -m benchmarks.pictures [--loads 30]`. Each byte goes through a relay that delays as a line
of that length would: a new connection costs two round trips (TCP, TLS 1.3) before its first byte,
each answer one, and a line carries 10 Mbit/s. The page takes 50 ms to make; Valkey, SeaweedFS and
the pass that uploads are real.
"""

import argparse
import asyncio
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.request import urlopen
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.static import serve

from demo.servers import HOST, SeaweedFS, Valkey, free_ports

BANDWIDTH = 10_000_000 / 8  # bytes a second
CHUNK = 16_384
HANDSHAKE = 2  # round trips
ROUND_TRIPS = (20, 100, 200)  # milliseconds
SETUPS: dict[str, dict[str, Any]] = {
    "local": {},
    "S3 at another origin": {"PUBLIC_URL": "{s3}", "PRECONNECT": False},
    "with preconnect": {"PUBLIC_URL": "{s3}"},
    "S3 at the site's own origin": {"PUBLIC_URL": "/s3/media/"},
}
CARD = "<li><p>A line of a page that is as long as pages are, before and behind its picture.</p>"
BODY = (
    '<!DOCTYPE html><title>Pictures</title><link rel="stylesheet" href="/page.css"><ul>'
    + CARD * 300
    + "</ul>"
).replace("<ul>", '<img src="/media/large.jpg" width="800" height="600"><ul>', 1)
LARGEST = """
() => new Promise(resolve => new PerformanceObserver(
  list => resolve(list.getEntries().at(-1).startTime)
).observe({type: "largest-contentful-paint", buffered: true}))
"""


class Line:
    """A relay to a port, as far away as a round trip says."""

    def __init__(self, target: int) -> None:
        self.port, self.target, self.round_trip = free_ports(1)[0], target, 0.0

    async def serve(self) -> None:
        server = await asyncio.start_server(self._connect, HOST, self.port)
        await server.serve_forever()

    async def _connect(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        begun = time.monotonic()
        far, out = await asyncio.open_connection(HOST, self.target)
        ready = begun + HANDSHAKE * self.round_trip
        await asyncio.gather(self._carry(near, out, ready), self._carry(far, back, ready))

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, free: float
    ) -> None:
        """Pass chunks on, each half a round trip later and not before the line is free."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while (item := await queue.get())[1]:
                await asyncio.sleep(max(0.0, item[0] - time.monotonic()))
                writer.write(item[1])
            writer.close()

        delivery = asyncio.create_task(deliver())
        while True:
            try:
                data = await reader.read(CHUNK)
            except OSError:
                data = b""
            free = max(free, time.monotonic()) + len(data) / BANDWIDTH
            queue.put_nowait((free + self.round_trip / 2, data))
            if not data:
                break
        await delivery


def page(request: HttpRequest) -> HttpResponse:
    time.sleep(0.05)
    return HttpResponse(BODY)


def css(request: HttpRequest) -> HttpResponse:
    return HttpResponse("img{display:block}", content_type="text/css")


def at_own_origin(request: HttpRequest, name: str) -> HttpResponse:
    """What a web server before the site does: ask S3 over a short line."""
    with urlopen(f"{os.environ['PICTURES_S3']}{name}") as answer:
        return HttpResponse(answer.read(), content_type="image/jpeg")


urlpatterns = [
    path("page/", page),
    path("page.css", css),
    path("s3/media/<path:name>", at_own_origin),
    path("media/<path:path>", serve, {"document_root": os.environ.get("PICTURES_ROOT", "/")}),
]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def site(folder: Path, s3: SeaweedFS, valkey: Valkey) -> Iterator[int]:
    """Django with one picture that is published; its port."""
    from PIL import Image

    root = folder / "media"
    root.mkdir()
    noise = Image.effect_noise((800, 600), 60).convert("RGB")
    noise.save(root / "large.jpg", quality=60)
    os.environ |= {"PICTURES_S3": s3.public_url("pictures", "media/"), "PICTURES_ROOT": str(root)}
    urlpatterns[-1] = path("media/<path:path>", serve, {"document_root": str(root)})
    settings.configure(
        SECRET_KEY="only for this",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["s3rewrite"],
        MIDDLEWARE=["s3rewrite.middleware.S3RewriteMiddleware"],
        MEDIA_URL="/media/",
        MEDIA_ROOT=str(root),
        S3REWRITE={},
    )
    django.setup()
    from django.core.wsgi import get_wsgi_application

    server = make_server(
        HOST, 0, get_wsgi_application(), server_class=_Server, handler_class=_Quiet
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def use(setup: str, s3: SeaweedFS, valkey: Valkey, line: Line) -> None:
    """Have the site link as the setup says."""
    from s3rewrite import conf

    public = f"http://s3.localhost:{line.port}/pictures/media/"
    options = {
        key: value.format(s3=public) if isinstance(value, str) else value
        for key, value in SETUPS[setup].items()
    }
    mount = {"BUCKET": "pictures", "CLIENT": s3.client_options, "REDIS": valkey.url}
    conf.use({"S3REWRITE": {} if setup == "local" else {"media": mount | options}})


def measure(loads: int) -> dict[tuple[str, int], list[float]]:
    """Setup and milliseconds of a round trip -> milliseconds until the largest picture is there."""
    from playwright.sync_api import sync_playwright

    times: dict[tuple[str, int], list[float]] = {}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        with (
            Valkey(folder / "valkey") as valkey,
            SeaweedFS(folder / "s3") as s3,
            site(folder, s3, valkey) as port,
        ):
            lines = Line(port), Line(s3.ports["s3"])
            threading.Thread(target=_run, args=(lines,), daemon=True).start()
            s3.create_bucket("pictures")
            from django.core.management import call_command

            use("with preconnect", s3, valkey, lines[1])
            call_command("s3rewrite_sync", verbosity=0, stdout=sys.stderr)
            program = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                for case in _cases(loads):
                    setup, milliseconds = case
                    use(setup, s3, valkey, lines[1])
                    for line in lines:
                        line.round_trip = milliseconds / 1000
                    tab = browser.new_context().new_page()
                    tab.goto(f"http://site.localhost:{lines[0].port}/page/", timeout=120_000)
                    times.setdefault(case, []).append(tab.evaluate(LARGEST))
                    tab.context.close()
                browser.close()
    return times


def _cases(loads: int) -> list[tuple[str, int]]:
    """All loads, mixed, so that a busy minute of the machine meets each case."""
    cases = [(setup, trip) for setup in SETUPS for trip in ROUND_TRIPS for _ in range(loads)]
    random.Random(18).shuffle(cases)
    return cases


def _run(lines: tuple[Line, Line]) -> None:
    async def serve_all() -> None:
        await asyncio.gather(*(line.serve() for line in lines))

    asyncio.run(serve_all())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures")
    parser.add_argument("--loads", type=int, default=30)
    times = measure(parser.parse_args().loads)
    print(f"{'ms until the largest picture':<30}" + "".join(f"{t:>8} ms" for t in ROUND_TRIPS))
    for setup in SETUPS:
        medians = [statistics.median(times[setup, trip]) for trip in ROUND_TRIPS]
        print(f"{setup:<30}" + "".join(f"{median:>11.0f}" for median in medians))


if __name__ == "__main__":
    main()

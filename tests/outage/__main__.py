"""python -m tests.outage [--runs 5]: the demo, a Chromium, and each fault of the visitors' door.

For each run: seconds until new pages link locally; until a page that was opened in the moment of
the fault is whole; after its end, until all links are back; how often pages turned meanwhile (2:
to local links and back; the processes of the site, each with its own poll, turn as one); and
pictures that stayed broken.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import BrowserContext, sync_playwright

from demo.run import Demo
from tests.browser.conftest import FLAGS, NAMES
from tests.outage.doors import FAULTS, Door

PICTURES = 30
POLL = 1.5  # seconds until each process of the site has seen a change
CALM = 6.0  # seconds in which links have to stay as they are

WHOLE = """() => [...document.images].filter((i) => i.complete && i.naturalWidth).length
  + (document.body && getComputedStyle(document.body).fontFamily.includes("Times") ? 0 : 1000)"""


class Run(NamedTuple):
    local: float
    healed: float
    back: float
    turns: int
    broken: int


class OutageDemo(Demo):
    """The demo, whose visitors come through a door at a host that can vanish."""

    def __init__(self, directory: Path) -> None:
        self.gone = directory / "gone"
        super().__init__(directory, pictures=PICTURES, upload_seconds=0.0)
        self.door = Door(self.seaweedfs.ports["s3"])
        self.public = f"http://cdn.test:{self.door.port}"

    def _environment(self) -> dict[str, str]:
        names = Path(__file__).parent / "names"
        path = os.pathsep.join([str(names), str(Path.cwd())])
        return super()._environment() | {"PYTHONPATH": path, "NO_SUCH_HOST": str(self.gone)}

    def _write_settings(self) -> None:
        super()._write_settings()
        path = self.directory / "demo.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"s3_url": self.public}))


class Watcher(threading.Thread):
    """Fetches the page again and again, and notes when its links turn."""

    def __init__(self, demo: OutageDemo) -> None:
        super().__init__(daemon=True)
        self.demo = demo
        self.turns: list[tuple[float, bool]] = []
        self.is_over = False

    def run(self) -> None:
        while not self.is_over:
            with urllib.request.urlopen(self.demo.site.url) as answer:
                count = answer.read().decode().count(self.demo.public)
            now = time.monotonic()
            # Of thirty pictures, style sheet, script and icon: all, or none.
            if count in (0, PICTURES + 3) and self.is_local is not (count == 0):
                is_other_process = self.turns and now - self.turns[-1][0] < POLL
                if is_other_process:
                    self.turns.pop()
                else:
                    self.turns.append((now, count == 0))
            time.sleep(0.25)

    @property
    def is_local(self) -> bool | None:
        return self.turns[-1][1] if self.turns else None


def wait(condition: Callable[[], Any], seconds: float, pause: Callable[[], None]) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError
        pause()


def visit(demo: OutageDemo, context: BrowserContext, fault: str) -> Run:
    demo.loop.stop()  # an outage soon after another one lasts longer
    demo.loop.start()
    watcher = Watcher(demo)
    watcher.start()
    tab = context.new_page()

    def pause() -> None:
        tab.wait_for_timeout(50)

    wait(lambda: watcher.is_local is False, 120, pause)
    wait(lambda: "prober" in prober_keys(demo), 60, pause)
    time.sleep(2.5)
    began = time.monotonic()
    demo.door.fail(fault)
    if fault == "no host":
        demo.gone.touch()
        context.route(f"{demo.public}/**", lambda route: route.abort("namenotresolved"))
    tab.goto(demo.site.url, wait_until="commit")
    wait(lambda: tab.evaluate(WHOLE) == 1000 + PICTURES, 300, pause)
    healed = time.monotonic() - began
    wait(lambda: watcher.is_local, 120, pause)
    local = watcher.turns[-1][0] - began
    time.sleep(CALM)
    ended = time.monotonic()
    demo.gone.unlink(missing_ok=True)
    context.unroute_all()
    demo.door.heal()
    wait(lambda: watcher.is_local is False, 120, pause)
    back = watcher.turns[-1][0] - ended
    tab.wait_for_timeout(1000 * CALM)
    broken = PICTURES - (tab.evaluate(WHOLE) - 1000)
    watcher.is_over = True
    watcher.join()
    tab.close()
    return Run(local, healed, back, len(watcher.turns) - 1, broken)


def prober_keys(demo: OutageDemo) -> str:
    import redis

    with redis.Redis.from_url(demo.valkey.url) as client:
        return str(list(client.scan_iter("*:prober")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--fault", choices=FAULTS, action="append")
    options = parser.parse_args()
    import shutil

    chromium = next(path for name in NAMES if (path := shutil.which(name)))
    rules = "--host-resolver-rules=MAP cdn.test 127.0.0.1"
    directory = Path(tempfile.mkdtemp(prefix="s3rewrite-outage-"))
    demo = OutageDemo(directory)
    with demo.door, demo, sync_playwright() as playwright:
        while demo.artist.running:
            time.sleep(0.1)
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, rules])
        for fault in options.fault or FAULTS:
            runs = []
            for _ in range(options.runs):
                context = browser.new_context()
                runs.append(visit(demo, context, fault))
                context.close()
            columns = [
                f"{name} {min(values):.1f} {statistics.median(values):.1f} {max(values):.1f}"
                for name, values in (
                    (name, [getattr(run, name) for run in runs])
                    for name in ("local", "healed", "back")
                )
            ]
            turns, broken = [run.turns for run in runs], sum(run.broken for run in runs)
            sys.stdout.write(f"{fault:26} {'   '.join(columns)}   turns {turns} broken {broken}\n")
            sys.stdout.flush()
        browser.close()
    shutil.rmtree(directory)


if __name__ == "__main__":
    main()

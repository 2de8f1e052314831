"""Servers, writers, faults and visitors for some time; then the judgement."""

import json
import os
import random
import re
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from demo.servers import HOST, Process, SeaweedFS, Valkey, free_ports
from tests.history.judge import Fetch, changes_of, fault
from tests.history.proxy import FaultProxy
from tests.outage.doors import FAULTS, Door

LINK = re.compile(rb'src="(http[^"]+)"')
WRITERS = 4
BUCKET = "history"


@dataclass
class Result:
    """What was done, and what was wrong."""

    pages: int = 0
    links: int = 0
    local: int = 0
    away: int = 0
    """Links that could not be fetched as S3 itself was away."""
    changes: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    """Seconds that the slowest page took."""
    errors: list[str] = field(default_factory=list)
    """Pages that did not come."""
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        faults = ", ".join(f"{count} x {name}" for name, count in sorted(self.faults.items()))
        wrong = "\n".join(self.wrong[:20])
        return (
            f"{self.pages:,} pages (the slowest {self.slowest:.2f} s), {self.links:,} links to S3 "
            f"fetched, {self.local:,} local, {self.away:,} not fetched as S3 was away; "
            f"{self.changes:,} versions; {len(self.errors)} pages failed; "
            f"{len(self.wrong)} wrong\nfaults: {faults}\n{wrong}"
        )


class World:
    """The site and all that it depends on, in one directory."""

    def __init__(
        self, directory: Path, seconds: float, seed: int, only: Sequence[str] = ()
    ) -> None:
        self.directory = directory
        self.only = only
        self.seconds = seconds
        self.random = random.Random(seed)
        self.result = Result()
        self.fetches: list[Fetch] = []
        self.stop = threading.Event()
        self._stack = ExitStack()

    def run(self) -> Result:
        """All of it, to the end."""
        with self._stack:
            self._start()
            visitors = [threading.Thread(target=self._visit) for _ in range(2)]
            for thread in visitors:
                thread.start()
            self._break_things(time.monotonic() + self.seconds)
            self._heal()
            time.sleep(3)
            self.stop.set()
            for thread in visitors:
                thread.join()
        return self._judged()

    def _start(self) -> None:
        self.valkey = self._stack.enter_context(Valkey(self.directory / "valkey"))
        self.s3 = self._stack.enter_context(SeaweedFS(self.directory / "seaweedfs"))
        self.s3.create_bucket(BUCKET)
        self.to_redis = self._stack.enter_context(FaultProxy(self.valkey.port))
        self.to_s3 = self._stack.enter_context(FaultProxy(self.s3.ports["s3"]))
        self.door = self._stack.enter_context(Door(self.s3.ports["s3"]))
        self.prefix = f"{self.door.url}/{BUCKET}/media/"
        environment = self._environment()
        self.port = free_ports(1)[0]
        gunicorn = ["-m", "gunicorn", "tests.history.site:application", "-b", f"{HOST}:{self.port}"]
        gunicorn += ["--workers", "2", "--threads", "4", "--log-level", "warning"]
        self.site = self._process("site", gunicorn, environment)
        command = "from tests.history import site; from django.core.management import call_command"
        loop = ["-c", f"{command}; call_command('s3rewrite_loop', interval=1.0)"]
        self.loop = self._process("loop", loop, environment)
        for number in range(WRITERS):
            log = self.directory / f"writer{number}.jsonl"
            arguments = [str(number), str(self.seconds), str(log)]
            self._process(f"w{number}", ["-m", "tests.history.writer", *arguments], environment)

    def _environment(self) -> dict[str, str]:
        root = self.directory / "media"
        root.mkdir()
        client = {**self.s3.client_options, "endpoint_url": f"http://{HOST}:{self.to_s3.port}"}
        mount = {
            "BUCKET": BUCKET, "CLIENT": client,
            "PUBLIC_URL": self.prefix, "POLL_SECONDS": 0.5, "PROBE_SECONDS": 0.5,
        }  # fmt: skip
        told = {
            "root": str(root), "mount": mount, "writers": WRITERS,
            "redis_url": f"redis://{HOST}:{self.to_redis.port}/0",
        }  # fmt: skip
        path = self.directory / "site.json"
        path.write_text(json.dumps(told))
        return {**os.environ, "HISTORY_SITE": str(path), "PYTHONPATH": str(Path.cwd())}

    def _process(self, name: str, arguments: list[str], environment: dict[str, str]) -> Process:
        process = Process(name, [sys.executable, *arguments], self.directory / name, environment)
        process.cwd = Path.cwd()
        return self._stack.enter_context(process)

    # Faults

    def _break_things(self, until: float) -> None:
        faults: list[tuple[str, Callable[[], None]]] = [
            ("loop killed", lambda: self._killed(self.loop)),
            ("loop frozen", lambda: self._frozen(self.loop, 3, 18)),
            ("Redis killed", lambda: self._killed(self.valkey)),
            ("Redis frozen", lambda: self._frozen(self.valkey, 0.5, 4)),
            ("Redis flushed", self._flushed),
            ("Redis cut", self.to_redis.cut),
            ("Redis slow", lambda: self._for(self.to_redis, lambda p: p.delay(0.1))),
            ("Redis unreachable", lambda: self._for(self.to_redis, FaultProxy.refuse)),
            ("S3 killed", lambda: self._killed(self.s3)),
            ("S3 frozen", lambda: self._frozen(self.s3, 1, 5)),
            ("S3 cut", self.to_s3.cut),
            ("S3 slow", lambda: self._for(self.to_s3, lambda p: p.delay(0.2))),
            ("S3 held back", lambda: self._for(self.to_s3, FaultProxy.freeze)),
            ("CDN away", self._shut),
        ]
        if self.only:
            faults = [one for one in faults if any(word in one[0] for word in self.only)]
        pause = 0.0 if self.only else 2.0
        while time.monotonic() < until:
            time.sleep(pause)
            pause = self.random.uniform(0.5, 3)
            name, break_it = self.random.choice(faults)
            self.result.faults[name] += 1
            break_it()

    def _killed(self, process: Process) -> None:
        if process._popen:
            os.kill(process._popen.pid, signal.SIGKILL)
            process._popen.wait()
        time.sleep(self.random.uniform(0, 3))
        process.start()

    def _frozen(self, process: Process, shortest: float, longest: float) -> None:
        process.pause()
        time.sleep(self.random.uniform(shortest, longest))
        process.resume()

    def _for(self, proxy: FaultProxy, fault: Callable[[FaultProxy], None]) -> None:
        fault(proxy)
        time.sleep(self.random.uniform(0.5, 4))
        proxy.heal()

    def _shut(self) -> None:
        """Visitors do not get the files, mostly for long enough that it counts as an outage."""
        self.door.fail(self.random.choice(FAULTS))
        time.sleep(self.random.uniform(1, 15))
        self.door.heal()

    def _flushed(self) -> None:
        import redis

        with suppress(redis.RedisError), redis.Redis.from_url(self.valkey.url) as client:
            client.flushall()

    def _heal(self) -> None:
        for proxy in (self.to_redis, self.to_s3):
            proxy.heal()

    # Visitors

    def _visit(self) -> None:
        url = f"http://{HOST}:{self.port}/"
        while not self.stop.is_set():
            asked = time.monotonic()
            try:
                with urllib.request.urlopen(url, timeout=20) as answer:
                    page = answer.read()
            except (OSError, HTTPException) as error:
                if self.result.pages:
                    self.result.errors.append(str(error))
                time.sleep(0.2)
                continue
            self.result.slowest = max(self.result.slowest, time.monotonic() - asked)
            self.result.pages += 1
            self.result.local += page.count(b'src="/media/')
            for link in LINK.findall(page):
                self._fetch(link.decode(), self.prefix, asked)
            time.sleep(0.05)

    def _fetch(self, url: str, prefix: str, asked: float) -> None:
        body: bytes | None = None
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            if error.code != 404:
                self.result.away += 1
                return
        except (OSError, HTTPException):
            self.result.away += 1
            return
        self.fetches.append(Fetch(url.removeprefix(prefix), asked, time.monotonic(), body))

    # Judgement

    def _judged(self) -> Result:
        logs = sorted(self.directory.glob("writer*.jsonl"))
        told = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
        changes = changes_of(told)
        self.result.changes = len(told)
        self.result.links = len(self.fetches)
        for fetch in self.fetches:
            if why := fault(fetch, changes.get(fetch.name, [])):
                self.result.wrong.append(f"{fetch.name} at {fetch.asked:.2f}: {why}")
        return self.result

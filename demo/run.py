"""Runs the demo: Valkey, SeaweedFS, the loop and the site, until Ctrl-C.

Each run starts with an empty directory, `demo/var`, and leaves nothing running.
"""

import fcntl
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from demo.servers import HOST, Process, SeaweedFS, ServerError, Valkey, answers, free_ports, is_free

TOP = Path(__file__).resolve().parents[1]
VAR = TOP / "demo" / "var"
PORT = 8000
USER = "admin"
PICTURES = 30
MEDIA_BUCKET = "demo-media"
STATIC_BUCKET = "demo-static"
LOOP_SECONDS = 5
UPLOAD_SECONDS = 1.5  # delay of each upload, so that one sees a picture while it is local
WATCH_SECONDS = 0.5

KEYS = {"r": "Redis", "s": "S3"}


class Site(Process):
    """The site under gunicorn."""

    def __init__(self, directory: Path, env: dict[str, str], port: int | None) -> None:
        self.port = port or free_ports(1)[0]
        command = [sys.executable, "-m", "gunicorn", "demo.wsgi", "--bind", f"{HOST}:{self.port}"]
        command += ["--workers", "2", "--threads", "8", "--access-logfile", "-"]
        super().__init__("site", command, directory, env)
        self.cwd = TOP

    @property
    def url(self) -> str:
        """The first page."""
        return f"http://{HOST}:{self.port}/"

    def is_ready(self) -> bool:
        """Whether it answers."""
        return answers(f"{self.url}health/")


class Distance(Process):
    """The relay between the loop and S3: see `demo.distance`."""

    def __init__(self, directory: Path, s3_port: int, seconds: float) -> None:
        self.port = free_ports(1)[0]
        command = [sys.executable, "-m", "demo.distance", str(self.port), str(s3_port)]
        super().__init__("distance", [*command, MEDIA_BUCKET, str(seconds)], directory)
        self.cwd = TOP

    @property
    def url(self) -> str:
        """The S3 endpoint for the loop."""
        return f"http://{HOST}:{self.port}"

    def is_ready(self) -> bool:
        """Whether it listens."""
        return not is_free(self.port)


class Demo:
    """All processes of a demo in one directory; its site is on `port`, or a free port."""

    def __init__(
        self,
        directory: Path,
        pictures: int = PICTURES,
        port: int | None = None,
        upload_seconds: float = UPLOAD_SECONDS,
    ) -> None:
        self.directory = directory
        self.password = secrets.token_urlsafe(6)
        self.valkey = Valkey(directory / "valkey")
        self.seaweedfs = SeaweedFS(directory / "seaweedfs")
        self.distance = Distance(directory, self.seaweedfs.ports["s3"], upload_seconds)
        env = self._environment()
        self.site = Site(directory, env, port)
        self.loop = self._manage(
            "loop", "s3rewrite_loop", "--interval", str(LOOP_SECONDS), "-v", "0"
        )
        self.artist = self._manage("pictures", "draw_pictures", "--count", str(pictures))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def servers(self) -> dict[str, Process]:
        """The servers that may be stopped, by their names on the page."""
        return {"Redis": self.valkey, "S3": self.seaweedfs}

    def start(self) -> None:
        """Set everything up and start it. The pictures come one by one once the site is up."""
        self._write_settings()
        self.seaweedfs.launch()  # slow: the rest is done meanwhile
        self.valkey.start()
        self._run("migrate", "--verbosity=0")
        self._run("collectstatic", "--noinput", "--verbosity=0")
        self._run("createsuperuser", "--noinput", f"--username={USER}", "--email=admin@localhost")
        self.seaweedfs.start()
        for bucket in (MEDIA_BUCKET, STATIC_BUCKET):
            self.seaweedfs.create_bucket(bucket)
        self.site.start()
        self.distance.start()
        self.loop.start()
        self.artist.start()

    def stop(self) -> None:
        """Stop all processes, each before those that it needs."""
        work = (self.artist, self.site, self.loop)
        for process in (*work, self.distance, self.seaweedfs, self.valkey):
            process.stop()

    def _environment(self) -> dict[str, str]:
        """The machine's environment without variables of AWS, and without a proxy to loopback."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env |= {"PYTHONUNBUFFERED": "1", "NO_PROXY": HOST, "no_proxy": HOST}
        env |= {"DEMO_DIR": str(self.directory), "DJANGO_SETTINGS_MODULE": "demo.settings"}
        return env | {"DJANGO_SUPERUSER_PASSWORD": self.password}

    def _write_settings(self) -> None:
        values = {
            "secret": secrets.token_urlsafe(40),
            "redis_url": self.valkey.url,
            "s3_url": self.seaweedfs.url,
            "client": self.seaweedfs.client_options | {"endpoint_url": self.distance.url},
            "media_bucket": MEDIA_BUCKET,
            "static_bucket": STATIC_BUCKET,
        }
        for name in ("media", "static"):
            (self.directory / name).mkdir(parents=True)
        (self.directory / "demo.json").write_text(json.dumps(values, indent=2))

    def _manage(self, name: str, *arguments: str) -> Process:
        """A process for a command of Django."""
        command = [sys.executable, "-m", "demo.manage", *arguments]
        process = Process(name, command, self.directory, self._environment())
        process.cwd = TOP
        return process

    def _run(self, *arguments: str) -> None:
        """Run a command of Django to its end. Raises ServerError if it fails."""
        process = self._manage("setup", *arguments)
        with process.log.open("ab") as log:
            done = subprocess.run(
                process.command, env=process.env, cwd=TOP, stdout=log, stderr=log, check=False
            )
        if done.returncode:
            raise ServerError(f"'{arguments[0]}' failed ({done.returncode}): see {process.log}")


class Supervisor:
    """Reports processes of a demo that end, and stops or starts a server by its letter."""

    def __init__(self, demo: Demo, report: Callable[[str], None]) -> None:
        self.demo = demo
        self.report = report
        self.reported: set[str] = set()

    def check(self) -> None:
        """Report processes that ended; each of them once."""
        demo = self.demo
        if demo.artist.returncode == 0:
            demo.artist.stop()
            self.report("The pictures are drawn.")
        servers = (demo.valkey, demo.seaweedfs, demo.distance)
        for process in (*servers, demo.loop, demo.artist, demo.site):
            code = process.returncode
            if code is not None and process.name not in self.reported:
                self.reported.add(process.name)
                self.report(f"{process.name} ended by itself ({code}): see {process.log}")

    def handle(self, line: str) -> None:
        """Stop the server whose letter was typed, or start it again."""
        if not (name := KEYS.get(line.strip().lower())):
            return
        server = self.demo.servers[name]
        if server.running:
            server.stop()
            self.report(f"{name} is stopped.")
        else:
            server.start()
            self.reported.discard(server.name)
            self.report(f"{name} is there again.")


def main() -> int:
    """Run the demo until Ctrl-C, SIGTERM, or the end of its terminal (not under nohup)."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        port = PORT if is_free(PORT) else None
        with emptied(VAR), Demo(VAR, port=port) as demo, stopping_undisturbed():
            print(welcome(demo), flush=True)
            supervise(demo)
    except KeyboardInterrupt:
        return 0
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    return 1  # the site ended


def supervise(demo: Demo) -> None:
    """Supervise a demo until its site ends."""
    supervisor = Supervisor(demo, lambda text: print(text, flush=True))
    while demo.site.running:
        supervisor.check()
        for line in typed_lines(sys.stdin, WATCH_SECONDS):
            supervisor.handle(line)
    supervisor.check()


@contextmanager
def stopping_undisturbed() -> Iterator[None]:
    """Ignore signals after the block, so that nothing interrupts the stopping."""
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with suppress(OSError):  # the terminal may be gone
            print("\nStopping.", flush=True)


def welcome(demo: Demo) -> str:
    """The text that is printed once everything runs."""
    return f"""
    {demo.site.url}

    The admin's user is {USER}, the password {demo.password}
    Files and logs are in {demo.directory}
    Type r and Enter to stop Redis or to start it again, s and Enter for S3.
    Ctrl-C ends it all.
"""


def typed_lines(terminal: TextIO, seconds: float) -> Iterator[str]:
    """A line that is typed within some seconds, if this process is in the foreground."""
    ready, _, _ = select.select([terminal] if is_foreground(terminal) else [], [], [], seconds)
    if ready:
        yield terminal.readline()


def is_foreground(terminal: TextIO) -> bool:
    """Whether this process is in the foreground of its terminal, and may read from it."""
    try:
        return terminal.isatty() and os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:  # a terminal, but not the one that controls this process
        return False


@contextmanager
def emptied(directory: Path) -> Iterator[None]:
    """Empty a directory and lock it. Raises ServerError if another demo has locked it."""
    directory.mkdir(parents=True, exist_ok=True)
    lock = directory / "lock"
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerError(f"Another demo is running in {directory}.") from None
        for path in directory.iterdir():
            if path != lock:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        yield

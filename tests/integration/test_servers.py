"""The servers that the other tests lean on do what their names say."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import redis

from demo.servers import Process, SeaweedFS, ServerError, Valkey, free_ports, is_free

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TOP = Path(__file__).resolve().parents[2]


def test_free_ports_are_different_and_free():
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(map(is_free, ports))


def test_valkey_keeps_its_port_and_data_when_stopped_and_started(valkey: Valkey):
    with redis.Redis.from_url(valkey.url) as client:
        client.set("kept", "yes")
    valkey.stop()
    assert not valkey.running
    assert is_free(valkey.port)
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        assert client.get("kept") == b"yes"


def test_a_paused_valkey_hangs_until_it_is_resumed(valkey: Valkey):
    valkey.pause()
    with redis.Redis.from_url(valkey.url, socket_timeout=0.2, retry=None) as client:
        with pytest.raises(redis.TimeoutError):
            client.ping()
        valkey.resume()
        assert client.ping()


def test_each_test_finds_an_empty_database(redis_client: "redis.Redis[bytes]"):
    assert redis_client.dbsize() == 0
    redis_client.set("left", "behind")


test_each_test_finds_an_empty_database_again = test_each_test_finds_an_empty_database


def test_anybody_reads_a_bucket_and_only_the_owner_writes(
    seaweedfs: SeaweedFS, bucket: str, s3_client: "S3Client"
):
    s3_client.put_object(Bucket=bucket, Key="media/a b.txt", Body=b"hello")
    with urlopen(seaweedfs.public_url(bucket, "media/") + "a%20b.txt") as response:
        assert response.read() == b"hello"
    write = Request(seaweedfs.public_url(bucket, "x"), data=b"x", method="PUT")
    with pytest.raises(HTTPError) as refused:
        urlopen(write)
    refused.value.close()
    assert refused.value.code == 403


def test_seaweedfs_keeps_its_port_and_data_when_stopped_and_started(
    seaweedfs: SeaweedFS, bucket: str, s3_client: "S3Client"
):
    s3_client.put_object(Bucket=bucket, Key="kept", Body=b"yes")
    seaweedfs.stop()
    assert is_free(seaweedfs.ports["s3"])
    seaweedfs.start()
    assert s3_client.get_object(Bucket=bucket, Key="kept")["Body"].read() == b"yes"
    s3_client.put_object(Bucket=bucket, Key="more", Body=b"yes")


def test_a_server_that_ends_at_once_names_its_log(tmp_path: Path):
    class Short(Process):
        def is_ready(self) -> bool:
            return False

    server = Short("short", [sys.executable, "-c", "print('why'); exit(3)"], tmp_path)
    with pytest.raises(ServerError, match=r"short ended \(3\): see .*short\.log"):
        server.start()
    assert server.log.read_text() == "why\n"


def test_a_server_that_is_never_ready_is_ended(tmp_path: Path):
    class Slow(Process):
        def is_ready(self) -> bool:
            return False

    server = Slow("slow", ["sleep", "60"], tmp_path)
    with pytest.raises(ServerError, match="not ready in time"):
        server.start(timeout=0.2)
    assert not server.running


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child")
def test_a_server_ends_with_a_parent_that_is_killed(tmp_path: Path):
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom demo.servers import Valkey\n"
        "server = Valkey(Path(sys.argv[1]))\nserver.start()\n"
        "print(server.port, flush=True)\ntime.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=TOP) as parent:
        assert parent.stdout
        port = int(parent.stdout.readline())
        assert not is_free(port)
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not is_free(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)

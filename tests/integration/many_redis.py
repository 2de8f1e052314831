"""Several Valkeys that stand for each other: behind Sentinels, or as a Redis Cluster."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from demo.servers import HOST, Valkey, free_ports

MASTER = "site"
"""The name by which the sentinels know the master."""

DOWN_AFTER = 1000
"""Milliseconds without an answer, after which a server counts as gone."""

PATIENCE = 30.0
"""Seconds."""


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Sentinel(Valkey):
    """Watches a master, and has a replica take its place."""

    def __init__(self, directory: Path, master: Valkey) -> None:
        super().__init__(directory)
        self._configuration = directory / "sentinel.conf"
        self._master = master
        self.command = [self.command[0], str(self._configuration), "--sentinel"]

    def launch(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._configuration.write_text(
            f"port {self.port}\nbind {HOST}\ndir {self.directory}\n"
            f"sentinel monitor {MASTER} {HOST} {self._master.port} 2\n"
            f"sentinel down-after-milliseconds {MASTER} {DOWN_AFTER}\n"
            f"sentinel failover-timeout {MASTER} 4000\n"
        )
        super().launch()


class Node(Valkey):
    """A node of a cluster."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.bus = free_ports(1)[0]
        self.command += ["--cluster-enabled", "yes", "--cluster-port", str(self.bus)]
        self.command += ["--cluster-node-timeout", str(DOWN_AFTER)]

    def ask(self, *command: str) -> str:
        """What the node answers to a CLUSTER command."""
        with redis.Redis.from_url(self.url) as client:
            answer = client.execute_command("CLUSTER", *command)
        return answer.decode() if isinstance(answer, bytes) else str(answer)

    @property
    def is_master(self) -> bool:
        """Whether it holds slots, and is not a replica of one that does."""
        with redis.Redis.from_url(self.url) as client:
            return bool(client.info("replication")["role"] == "master")

    def agrees(self, count: int) -> bool:
        """Whether it sees the whole cluster with that many nodes."""
        told = self.ask("INFO")
        return "cluster_state:ok" in told and f"cluster_known_nodes:{count}\r" in told


@contextmanager
def behind_sentinels(directory: Path) -> Iterator[tuple[Valkey, Valkey, list[Sentinel]]]:
    """A master, its replica, and three sentinels that know both."""
    with ExitStack() as stack:
        master = stack.enter_context(Valkey(directory / "master"))
        replica = stack.enter_context(Valkey(directory / "replica"))
        with redis.Redis.from_url(replica.url) as client:
            client.replicaof(HOST, str(master.port))
            until(lambda: client.info("replication")["master_link_status"] == "up")
        sentinels = [
            stack.enter_context(Sentinel(directory / f"sentinel-{number}", master))
            for number in range(3)
        ]
        for sentinel in sentinels:
            until(lambda sentinel=sentinel: _knows_all(sentinel))  # type: ignore[misc]
        yield master, replica, sentinels


def _knows_all(sentinel: Sentinel) -> bool:
    with redis.Redis.from_url(sentinel.url) as client:
        state = client.sentinel_master(MASTER)
    return state["num-slaves"] == 1 and state["num-other-sentinels"] == 2


@contextmanager
def clustered(directory: Path, replicated: int) -> Iterator[list[Node]]:
    """Three masters, and a replica of the one that holds that slot, the last of the four."""
    with ExitStack() as stack:
        nodes = [stack.enter_context(Node(directory / f"node-{number}")) for number in range(4)]
        for node in nodes[1:]:
            node.ask("MEET", HOST, str(nodes[0].port), str(nodes[0].bus))
        share = 16384 // 3 + 1
        for number, node in enumerate(nodes[:3]):
            last = min(16383, (number + 1) * share - 1)
            node.ask("ADDSLOTSRANGE", str(number * share), str(last))
        for node in nodes:
            until(lambda node=node: node.agrees(4))  # type: ignore[misc]
        holder = nodes[replicated // share]
        nodes[3].ask("REPLICATE", holder.ask("MYID"))
        with redis.Redis.from_url(nodes[3].url) as client:
            until(lambda: client.info("replication").get("master_link_status") == "up")
        yield nodes

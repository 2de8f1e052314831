import threading
import time

from s3rewrite.registry import Registry
from s3rewrite.registry.task_channel import TaskChannel

LEASE = "7 host:1 abc"


def test_a_batch_is_given_once(registry: Registry) -> None:
    TaskChannel(registry, LEASE).offer("a")
    taken = [TaskChannel(registry, LEASE).claim("a") for _ in range(3)]
    assert taken == [True, False, False]


def test_what_was_not_handed_out_is_not_given(registry: Registry) -> None:
    desk = TaskChannel(registry, LEASE)
    desk.offer("a")
    assert not desk.claim("b")
    assert not TaskChannel(registry, "8 host:1 abc").claim("a")


def test_what_is_told_is_heard_once_and_in_order(registry: Registry) -> None:
    desk = TaskChannel(registry, LEASE)
    assert desk.receive(0) == []
    desk.send([{"batch": "a"}, {"batch": "b", "name": "ü\ud800"}])
    desk.send([{"batch": "c"}])
    assert desk.receive(1) == [{"batch": "a"}, {"batch": "b", "name": "ü\ud800"}, {"batch": "c"}]
    assert desk.receive(0) == []


def test_it_waits_for_what_is_told(registry: Registry) -> None:
    desk = TaskChannel(registry, LEASE)
    began = time.monotonic()
    assert desk.receive(0.1) == []
    assert time.monotonic() - began >= 0.05
    thread = threading.Timer(0.1, desk.send, [[{"batch": "a"}]])
    thread.start()
    assert desk.receive(5) == [{"batch": "a"}]
    thread.join()


def test_nothing_stays(registry: Registry) -> None:
    desk = TaskChannel(registry, LEASE)
    before = set(registry.client.keys())
    desk.offer("a")
    desk.send([{"batch": "a"}])
    ours = set(registry.client.keys()) - before
    assert len(ours) == 2
    assert all(registry.client.ttl(key) > 0 for key in ours)
    desk.clear()
    assert set(registry.client.keys()) == before

import threading
import time

from s3rewrite.registry import Registry
from s3rewrite.registry.task_channel import TaskChannel

LEASE = "7 host:1 abc"


def test_a_batch_is_given_once(registry: Registry) -> None:
    TaskChannel(registry, LEASE).hand_out("a")
    taken = [TaskChannel(registry, LEASE).take_up("a") for _ in range(3)]
    assert taken == [True, False, False]


def test_what_was_not_handed_out_is_not_given(registry: Registry) -> None:
    desk = TaskChannel(registry, LEASE)
    desk.hand_out("a")
    assert not desk.take_up("b")
    assert not TaskChannel(registry, "8 host:1 abc").take_up("a")


def test_what_is_told_is_heard_once_and_in_order(registry: Registry) -> None:
    desk = TaskChannel(registry, LEASE)
    assert desk.heard(0) == []
    desk.tell([{"batch": "a"}, {"batch": "b", "name": "ü\ud800"}])
    desk.tell([{"batch": "c"}])
    assert desk.heard(1) == [{"batch": "a"}, {"batch": "b", "name": "ü\ud800"}, {"batch": "c"}]
    assert desk.heard(0) == []


def test_it_waits_for_what_is_told(registry: Registry) -> None:
    desk = TaskChannel(registry, LEASE)
    began = time.monotonic()
    assert desk.heard(0.1) == []
    assert time.monotonic() - began >= 0.05
    thread = threading.Timer(0.1, desk.tell, [[{"batch": "a"}]])
    thread.start()
    assert desk.heard(5) == [{"batch": "a"}]
    thread.join()


def test_nothing_stays(registry: Registry) -> None:
    desk = TaskChannel(registry, LEASE)
    before = set(registry.client.keys())
    desk.hand_out("a")
    desk.tell([{"batch": "a"}])
    ours = set(registry.client.keys()) - before
    assert len(ours) == 2
    assert all(registry.client.ttl(key) > 0 for key in ours)
    desk.clear()
    assert set(registry.client.keys()) == before

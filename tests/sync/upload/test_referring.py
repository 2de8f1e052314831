from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.entries import Signature
from s3rewrite.sync.plan import Task
from s3rewrite.sync.upload.recorder import WaitingFile
from s3rewrite.sync.upload.referring import READS, ReferenceQueue, find_cycles


def known(key: str) -> None:
    return None


def read_all(refers_to: dict[str, list[str]]) -> tuple[set[str], Counter[str], ReferenceQueue]:
    """Read files as a pass does: which are done, how often each was read, and what is left."""
    queue = ReferenceQueue([(Task(name, Signature(1, 1), None), known) for name in refers_to])
    done: set[str] = set()
    reads: Counter[str] = Counter()
    while tasks := queue.take():
        waiting, ended = [], set()
        for task, _ in tasks:
            reads[task.name] += 1
            left = [name for name in refers_to[task.name] if name not in done | {task.name}]
            if left:
                waiting.append(WaitingFile(task, known, left[0]))
            else:
                ended.add(task.name)
        done |= ended
        queue.record_round(tasks, waiting)
    return done, reads, queue


def test_a_chain_is_read_twice() -> None:
    done, reads, queue = read_all({str(i): [str(i + 1)] for i in range(500)} | {"500": []})
    assert len(done) == 501
    assert max(reads.values()) == 2
    assert queue.waits_for() == {}


def test_many_that_wait_for_one_are_read_twice() -> None:
    done, reads, _ = read_all({str(i): ["hub"] for i in range(500)} | {"hub": []})
    assert len(done) == 501
    assert max(reads.values()) == 2


def test_one_that_waits_for_many_is_read_so_often_and_left() -> None:
    chain = {str(i): [str(i + 1)] for i in range(50)} | {"50": []}
    done, reads, queue = read_all({**chain, "all": [str(i) for i in reversed(range(51))]})
    assert done == set(chain)
    assert reads["all"] == READS
    assert set(queue.waits_for()) == {"all"}


names = st.sampled_from("abcdefgh")


@given(st.dictionaries(names, st.lists(names | st.just("/other"), max_size=3)))
def test_all_that_can_be_done_is_done(refers_to: dict[str, list[str]]) -> None:
    done, reads, queue = read_all(refers_to)
    expected: set[str] = set()
    while (
        more := {name for name, others in refers_to.items() if set(others) <= expected | {name}}
        - expected
    ):
        expected |= more
    assert done == expected
    assert set(queue.waits_for()) == set(refers_to) - done
    assert all(count <= READS for count in reads.values())


def test_circles() -> None:
    assert find_cycles({}) == set()
    assert find_cycles({"a": "b", "b": "a", "c": "a", "d": "/static/x"}) == {"a", "b"}
    assert find_cycles({"a": "b", "b": "c", "c": "a"}) == {"a", "b", "c"}


@given(st.dictionaries(names, names))
def test_circles_are_those_that_lead_back(waits_for: dict[str, str]) -> None:
    def leads_back(name: str) -> bool:
        at: Any = name
        for _ in range(10):
            at = waits_for.get(at)
            if at == name:
                return True
        return False

    assert find_cycles(waits_for) == {name for name in waits_for if leads_back(name)}


@pytest.mark.parametrize("length", [50_000])
def test_a_long_circle_is_found_at_once(length: int) -> None:
    waits_for = {str(i): str((i + 1) % length) for i in range(length)}
    assert len(find_cycles(waits_for)) == length

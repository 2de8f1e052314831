from s3rewrite.core.entries import Signature
from s3rewrite.registry.lease import DURATION
from s3rewrite.s3.objects import no_object
from s3rewrite.sync.plan import Task
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.workers.batches import PATIENCE, SILENCE, Batch, PendingBatches


def batch(name: str, handed_at: float = 0.0) -> Batch:
    wanted = UploadRequest(Task(name, Signature(1, 1), None), no_object)
    return Batch({name: wanted}, handed_at, id=name)


def outstanding(*batches: Batch) -> PendingBatches:
    found = PendingBatches()
    for one in batches:
        found.add(one)
    return found


def lost(found: PendingBatches, now: float) -> list[str]:
    return [one.id for one in found.lost(now)]


def test_what_nobody_takes_up_is_lost_after_a_while() -> None:
    found = outstanding(batch("a"), batch("b", 10.0))
    assert lost(found, PATIENCE) == []
    assert lost(found, PATIENCE + 1) == ["a"]
    assert lost(found, PATIENCE + 11) == ["a", "b"]
    assert not found.was_heard


def test_what_waits_behind_others_is_not_lost() -> None:
    found = outstanding(batch("a"), batch("b"))
    for now in range(0, 1000, 10):
        found.heard("a", float(now))
        assert lost(found, float(now)) == []
    assert found.was_heard


def test_what_was_taken_up_is_lost_once_its_worker_is_silent() -> None:
    found = outstanding(batch("a"), batch("b"))
    found.heard("a", 5.0)
    found.heard("b", 5.0)
    found.heard("b", 20.0)
    assert lost(found, 5.0 + SILENCE) == []
    assert lost(found, 5.5 + SILENCE) == ["a"]


def test_what_was_overtaken_is_lost_though_others_talk() -> None:
    found = outstanding(batch("a"), batch("b"), batch("c"))
    found.heard("b", 5.0)
    for now in range(6, 30):
        found.heard("b", float(now))
    assert lost(found, 5.0 + SILENCE) == []
    assert lost(found, 5.5 + SILENCE) == ["a"]


def test_what_was_overtaken_and_is_taken_up_after_all_is_not_lost() -> None:
    found = outstanding(batch("a"), batch("b"))
    found.heard("b", 0.0)
    found.heard("a", SILENCE - 1)
    found.heard("b", SILENCE)
    assert lost(found, SILENCE + 2) == []


def test_what_ended_is_not_awaited() -> None:
    one = batch("a")
    found = outstanding(one, batch("b"))
    assert found.heard("a", 1.0) is one
    found.remove(one)
    assert found.heard("a", 2.0) is None
    assert found.heard("never there", 2.0) is None
    assert len(found) == 1
    assert [wanted.task.name for wanted in found.left()] == ["b"]


def test_a_silent_worker_can_send_nothing_any_more() -> None:
    assert SILENCE > DURATION

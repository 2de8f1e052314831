from s3rewrite.core.entries import Signature
from s3rewrite.registry.lease import DURATION
from s3rewrite.s3.objects import no_object
from s3rewrite.sync.plan import Task
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.workers.batches import PATIENCE, SILENCE, PendingBatch, PendingBatches


def batch(name: str, offered_at: float = 0.0) -> PendingBatch:
    request = UploadRequest(Task(name, Signature(1, 1), None), no_object)
    return PendingBatch({name: request}, offered_at, id=name)


def outstanding(*batches: PendingBatch) -> PendingBatches:
    found = PendingBatches()
    for one in batches:
        found.add(one)
    return found


def lost(found: PendingBatches, now: float) -> list[str]:
    return [one.id for one in found.find_lost(now)]


def test_what_nobody_takes_up_is_lost_after_a_while() -> None:
    found = outstanding(batch("a"), batch("b", 10.0))
    assert lost(found, PATIENCE) == []
    assert lost(found, PATIENCE + 1) == ["a"]
    assert lost(found, PATIENCE + 11) == ["a", "b"]
    assert not found.has_workers


def test_what_waits_behind_others_is_not_lost() -> None:
    found = outstanding(batch("a"), batch("b"))
    for now in range(0, 1000, 10):
        found.record_message("a", float(now))
        assert lost(found, float(now)) == []
    assert found.has_workers


def test_what_was_taken_up_is_lost_once_its_worker_is_silent() -> None:
    found = outstanding(batch("a"), batch("b"))
    found.record_message("a", 5.0)
    found.record_message("b", 5.0)
    found.record_message("b", 20.0)
    assert lost(found, 5.0 + SILENCE) == []
    assert lost(found, 5.5 + SILENCE) == ["a"]


def test_what_was_overtaken_is_lost_though_others_talk() -> None:
    found = outstanding(batch("a"), batch("b"), batch("c"))
    found.record_message("b", 5.0)
    for now in range(6, 30):
        found.record_message("b", float(now))
    assert lost(found, 5.0 + SILENCE) == []
    assert lost(found, 5.5 + SILENCE) == ["a"]


def test_what_was_overtaken_and_is_taken_up_after_all_is_not_lost() -> None:
    found = outstanding(batch("a"), batch("b"))
    found.record_message("b", 0.0)
    found.record_message("a", SILENCE - 1)
    found.record_message("b", SILENCE)
    assert lost(found, SILENCE + 2) == []


def test_what_ended_is_not_awaited() -> None:
    one = batch("a")
    found = outstanding(one, batch("b"))
    assert found.record_message("a", 1.0) is one
    found.remove(one)
    assert found.record_message("a", 2.0) is None
    assert found.record_message("never there", 2.0) is None
    assert len(found) == 1
    assert [request.task.name for request in found.requests()] == ["b"]


def test_a_silent_worker_can_send_nothing_any_more() -> None:
    assert SILENCE > DURATION

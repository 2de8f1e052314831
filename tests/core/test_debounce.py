from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from s3rewrite.core.debounce import Debouncer, is_young
from s3rewrite.core.entries import Signature

SECONDS = 3.0


def test_a_path_settles_when_nothing_happens_any_more() -> None:
    settling = Debouncer(SECONDS)
    settling.record_change("a", 0.0)
    settling.record_change("b", 1.0)
    settling.record_change("a", 2.0)
    assert settling.pop_settled(3.9) == []
    assert settling.pop_settled(4.0) == ["b"]
    assert settling.pop_settled(9.0) == ["a"]
    assert settling.pop_settled(99.0) == []


def test_all_can_be_forgotten() -> None:
    settling = Debouncer(SECONDS)
    settling.record_change("a", 0.0)
    settling.clear()
    assert (len(settling), settling.pop_settled(99.0)) == (0, [])


class Paths(RuleBasedStateMachine):
    """Beside the plainest way of saying the same."""

    def __init__(self) -> None:
        super().__init__()
        self.settling = Debouncer(SECONDS)
        self.changed: dict[str, float] = {}
        self.now = 0.0

    @rule(path=st.sampled_from("abc"))
    def change(self, path: str) -> None:
        self.settling.record_change(path, self.now)
        self.changed[path] = self.now

    @rule(seconds=st.sampled_from([0.0, 1.0, 2.0, 3.0, 7.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def look(self) -> None:
        due = {path for path, at in self.changed.items() if at + SECONDS <= self.now}
        assert set(self.settling.pop_settled(self.now)) == due
        self.changed = {path: at for path, at in self.changed.items() if path not in due}

    @invariant()
    def nothing_is_lost(self) -> None:
        assert len(self.settling) == len(self.changed)


TestPaths = Paths.TestCase


def test_a_file_is_young_for_a_while() -> None:
    signature = Signature(1, 10_000_000_000)
    ages = {9.9: False, 10.0: True, 11.9: True, 12.0: False}  # before 10.0 it is of the future
    assert {now: is_young(signature, 2.0, now) for now in ages} == ages
    assert not is_young(signature, 0.0, 10.0)

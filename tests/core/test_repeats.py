import math
import threading

from s3rewrite.core.repeats import CAPACITY, Repeats, kind_of


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def raised(error: Exception, depth: int = 0) -> Exception:
    try:
        if depth:
            raise raised(error, depth - 1)
        raise error
    except Exception as caught:
        return caught


def test_the_first_of_a_kind_is_told() -> None:
    repeats = Repeats(10)
    assert repeats.count(("a",)) == 0
    assert repeats.count(("a",)) is None
    assert repeats.count(("b",)) == 0


def test_after_a_while_they_are_counted() -> None:
    clock = Clock()
    repeats = Repeats(10, clock)
    counts = [repeats.count(("a",)) for _ in range(4)]
    clock.now = 9.9
    counts.append(repeats.count(("a",)))
    clock.now = 10
    counts += [repeats.count(("a",)) for _ in range(2)]
    clock.now = 25
    counts.append(repeats.count(("a",)))
    assert counts == [0, None, None, None, None, 4, None, 1]


def test_memory_is_bounded_and_the_oldest_goes() -> None:
    repeats = Repeats(10)
    for number in range(CAPACITY):
        assert repeats.count((str(number),)) == 0
    assert repeats.count(("0",)) is None
    assert repeats.count(("one more",)) == 0
    assert repeats.count(("0",)) is None
    assert repeats.count(("1",)) == 0


def test_one_of_many_threads_tells() -> None:
    repeats = Repeats(10)
    found: list[int | None] = []
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        found.extend([repeats.count(("a",)) for _ in range(200)])

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(0) == 1
    assert found.count(None) == 8 * 200 - 1


def test_a_kind_is_a_type_and_a_place() -> None:
    same = [kind_of(raised(ValueError(text))) for text in ("a", "b")]
    assert same[0] == same[1]
    assert kind_of(raised(KeyError("a"))) != same[0]
    other = [kind_of(raised(ValueError("a"), depth)) for depth in (0, 1)]
    assert other[0] != other[1]


def test_a_deep_traceback_makes_a_short_kind() -> None:
    assert len(kind_of(raised(ValueError(), 50))) == 4


def test_it_forgets() -> None:
    repeats = Repeats(10)
    repeats.count(("a",))
    repeats.forget()
    assert repeats.count(("a",)) == 0


def test_another_state_of_a_subject_is_new() -> None:
    repeats = Repeats()
    states = ["no right", "no right", "too large", "no right"]
    assert [repeats.is_new("a.jpg", state) for state in states] == [True, False, True, True]
    assert repeats.is_new("b.jpg", "no right")


def test_what_is_over_is_new_again() -> None:
    repeats = Repeats()
    assert not repeats.resolve("a.jpg")
    assert repeats.is_new("a.jpg")
    assert repeats.resolve("a.jpg")
    assert repeats.is_new("a.jpg")


def test_only_some_subjects_are_kept() -> None:
    repeats = Repeats(capacity=math.inf)
    assert all(repeats.is_new(number) for number in range(2 * CAPACITY))
    repeats.retain({0, 1})
    assert [repeats.is_new(number) for number in range(3)] == [False, False, True]

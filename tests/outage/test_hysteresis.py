import random

import pytest

from s3rewrite.outage.hysteresis import (
    CALM,
    FAILURES,
    MOST_SUCCESSES,
    SUCCESSES,
    Hysteresis,
    Verdict,
)

GOOD, BAD, UNKNOWN = Verdict


def after(probes: list[Verdict], *, is_out: bool = False) -> Hysteresis:
    """What is known after these probes, one a second."""
    found = Hysteresis()
    found.is_out = is_out
    for second, verdict in enumerate(probes):
        found.count(verdict, float(second))
    return found


@pytest.mark.parametrize(
    ("is_out", "probes", "then"),
    [
        pytest.param(False, [GOOD] * 9, False, id="linked, GOOD"),
        pytest.param(False, [BAD, BAD, GOOD, BAD, BAD], False, id="linked, GOOD: counted from 0"),
        pytest.param(False, [BAD, BAD], False, id="linked, BAD, fewer than FAILURES"),
        pytest.param(False, [BAD, BAD, BAD], True, id="linked, BAD, FAILURES"),
        pytest.param(True, [BAD], True, id="suspended, BAD"),
        pytest.param(True, [GOOD] * 4 + [BAD] + [GOOD] * 4, True, id="BAD: counted from 0"),
        pytest.param(True, [GOOD] * 4, True, id="suspended, GOOD, fewer than are needed"),
        pytest.param(True, [GOOD] * 5, False, id="suspended, GOOD, as many as are needed"),
        pytest.param(False, [UNKNOWN] * 99, False, id="linked, UNKNOWN"),
        pytest.param(True, [UNKNOWN] * 99, True, id="suspended, UNKNOWN"),
        pytest.param(False, [BAD, UNKNOWN, BAD, UNKNOWN, BAD], True, id="UNKNOWN: so is the count"),
        pytest.param(True, [GOOD, UNKNOWN] * 4 + [GOOD], False, id="suspended, so is the count"),
    ],
)
def test_each_row(is_out: bool, probes: list[Verdict], then: bool) -> None:
    assert after(probes, is_out=is_out).is_out is then


def test_the_numbers_of_the_rows() -> None:
    assert (FAILURES, SUCCESSES) == (3, 5)


def test_is_failing_only_before_an_outage() -> None:
    assert [after([BAD] * number).is_failing for number in range(5)] == [
        False, True, True, False, False,
    ]  # fmt: skip
    assert not after([BAD, GOOD]).is_failing


def test_what_somebody_resumed_is_suspended_again_by_the_next_failure() -> None:
    found = after([BAD] * 9)
    found.is_out = False
    assert found.count(BAD, 10.0)


def successes_needed(found: Hysteresis, now: float) -> int:
    """How many successes end the outage that begins now."""
    for _ in range(FAILURES):
        found.count(BAD, now)
    count = 1
    while found.count(GOOD, now):
        count += 1
    return count


def test_what_comes_and_goes_is_suspended_for_longer_each_time() -> None:
    found = Hysteresis()
    assert [successes_needed(found, 1000.0 + number) for number in range(6)] == [
        5, 10, 20, 40, MOST_SUCCESSES, MOST_SUCCESSES,
    ]  # fmt: skip
    assert successes_needed(found, 1006.0 + CALM) == SUCCESSES


@pytest.mark.parametrize("failing", [0.01, 0.02])
def test_ten_minutes_of_random_errors_make_no_outage(failing: float) -> None:
    """A thousand times; of three in a row at 2 % there are two or three in so many probes."""
    outages = 0
    for seed in range(1000):
        chance = random.Random(seed)
        probes = [BAD if chance.random() < failing else GOOD for _ in range(300)]
        found, was_out = Hysteresis(), False
        for second, verdict in enumerate(probes):
            is_out = found.count(verdict, 2.0 * second)
            outages += is_out and not was_out
            was_out = is_out
    assert outages <= 300_000 * failing**3 * 3 + 1


@pytest.mark.parametrize("before", [1, SUCCESSES - 1, SUCCESSES, 1000])
def test_successes_from_before_an_outage_do_not_end_it(before: int) -> None:
    """Another loop has marked it meanwhile."""
    found = after([GOOD] * before)
    found.is_out = True
    results = [found.count(GOOD, 10_000.0 + second) for second in range(SUCCESSES)]
    assert results == [True] * (SUCCESSES - 1) + [False]

"""The history check, for a short while; `python -m tests.history` runs it for longer."""

import os
from pathlib import Path

import pytest

from tests.history.contents import content_of
from tests.history.judge import Change, Fetch, changes_of, fault
from tests.history.run import World

SECONDS = float(os.environ.get("HISTORY_SECONDS", "120"))


def test_no_link_is_broken_or_stale(tmp_path: Path) -> None:
    result = World(tmp_path, SECONDS, seed=os.getpid()).run()
    assert result.wrong == [], result
    assert result.errors == [], result
    assert result.links > 50, result
    assert result.slowest < 10, result


NAME = "0/1.txt"
CHANGES = [
    Change(1, 10.0, 10.1, gone=False),
    Change(2, 20.0, 20.1, gone=False),
    Change(3, 30.0, 30.1, gone=True),
]
ONE, TWO = content_of(NAME, 1), content_of(NAME, 2)


@pytest.mark.parametrize(
    ("asked", "fetched", "body", "is_right"),
    [
        pytest.param(11, 12, ONE, True, id="current"),
        pytest.param(11, 20.05, ONE, True, id="changed before the fetch"),
        pytest.param(11, 20.05, TWO, True, id="the newer one"),
        pytest.param(20.05, 21, ONE, True, id="while it changes"),
        pytest.param(21, 22, ONE, False, id="stale"),
        pytest.param(11, 12, TWO, False, id="from the future"),
        pytest.param(31, 32, TWO, False, id="deleted"),
        pytest.param(21, 31, TWO, True, id="deleted before the fetch"),
        pytest.param(11, 12, None, False, id="broken"),
        pytest.param(20.05, 21, TWO[:100], True, id="half written"),
        pytest.param(11, 12, b"other", False, id="other bytes"),
    ],
)
def test_the_judge(asked: float, fetched: float, body: bytes | None, is_right: bool) -> None:
    assert (fault(Fetch(NAME, asked, fetched, body), CHANGES) == "") is is_right


def test_what_was_not_written_down_any_more_may_be_there() -> None:
    assert not fault(Fetch(NAME, 40, 41, content_of(NAME, 4)), CHANGES)


def test_the_writers_lines() -> None:
    line = {"name": NAME, "version": 1, "before": 10.0, "after": 10.1, "gone": False}
    assert changes_of([line]) == {NAME: [CHANGES[0]]}

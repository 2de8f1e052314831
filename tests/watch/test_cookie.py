from pathlib import Path

import pytest

from s3rewrite.disk.own_names import is_own
from s3rewrite.watch.cookie import PERIOD, WAIT, Cookie, WatchLost


def test_a_proof_a_minute(tmp_path: Path) -> None:
    cookie = Cookie(str(tmp_path))
    cookie.tick(0.0)
    assert not cookie.is_confirmed
    cookie.confirm(1.0)
    assert cookie.is_confirmed
    cookie.tick(PERIOD)  # not yet
    cookie.tick(PERIOD + 1)
    cookie.tick(PERIOD + 1 + WAIT)
    with pytest.raises(WatchLost, match="no event came"):
        cookie.tick(PERIOD + 1.1 + WAIT)


def test_an_event_that_does_not_come(tmp_path: Path) -> None:
    cookie = Cookie(str(tmp_path))
    cookie.tick(0.0)
    cookie.tick(WAIT)
    with pytest.raises(WatchLost):
        cookie.tick(WAIT + 0.1)


def test_nothing_is_left_behind_and_nothing_is_offloaded(tmp_path: Path) -> None:
    cookie = Cookie(str(tmp_path))
    cookie.tick(0.0)
    assert list(tmp_path.iterdir()) == []
    assert is_own(Path(cookie.path).name)


def test_where_nothing_can_be_written_nothing_is_expected(tmp_path: Path) -> None:
    cookie = Cookie(str(tmp_path / "nowhere"))
    cookie.tick(0.0)
    assert cookie.problem == "No such file or directory"
    cookie.tick(PERIOD + WAIT)

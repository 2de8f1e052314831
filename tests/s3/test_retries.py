"""Each row of the table."""

import pytest

from s3rewrite.s3.retries import SLOW_DOWN, TOO_LATE, TRANSIENT, asks_for_fewer, is_transient, pause

ROWS = {
    "too many": ([(429, ""), (503, ""), (509, "?"), *((400, c) for c in SLOW_DOWN)], True, True),
    "too late": ([(408, ""), *((400, code) for code in TOO_LATE)], True, True),
    "passing": ([(425, ""), (500, ""), (502, "?"), (520, ""), (599, "")], True, False),
    "passing, by its code": ([(400, code) for code in TRANSIENT], True, False),
    "no answer": ([(0, "")], True, False),
    "final": (
        [(200, ""), (301, ""), (400, ""), (403, "AccessDenied"), (404, ""), (409, ""), (501, "")],
        False,
        False,
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row(row: str) -> None:
    ends, is_tried_again, is_slower = ROWS[row]
    for status, code in ends:
        assert is_transient(status, code) is is_tried_again, (status, code)
        assert asks_for_fewer(status, code) is is_slower, (status, code)


def test_pauses_grow_and_are_longer_for_who_asks() -> None:
    for number in (1, 2, 3):
        assert 0 <= pause(number, is_slow_down=False) <= 0.05 * 2 ** (number - 1)
        assert 0 <= pause(number, is_slow_down=True) <= 2 ** (number - 1)

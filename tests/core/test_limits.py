import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.mounts import parse_limit, resolve_limit


@pytest.mark.parametrize(
    ("limit", "total", "expected"),
    [
        (1000, 5, 1000),
        ("7", 5, 7),
        ("0%", 100, 0),
        ("10%", 19, 1),
        ("0.5%", 1000, 5),
        ("29%", 100, 29),
        ("100%", 5, 5),
    ],
)
def test_how_many_a_limit_allows(limit: int | str, total: int, expected: int) -> None:
    assert resolve_limit(limit, total) == expected


@pytest.mark.parametrize(
    "limit", ["", "%", "ten", "-1", "-1%", "101%", "100.1%", "1 %", "nan%", "\u0661%"]
)
def test_what_is_no_limit(limit: str) -> None:
    with pytest.raises(ValueError, match=r"neither|above"):
        parse_limit(limit)


def test_a_command_line_gives_a_number_or_a_percentage() -> None:
    assert (parse_limit("5"), parse_limit("10%")) == (5, "10%")


@given(st.integers(0, 100), st.integers(0, 10**9))
def test_a_percentage_never_allows_more_than_it_says(percent: int, total: int) -> None:
    allowed = resolve_limit(f"{percent}%", total)
    assert allowed * 100 <= percent * total < (allowed + 1) * 100

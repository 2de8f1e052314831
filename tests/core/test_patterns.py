import pytest

from s3rewrite.core.patterns import is_excluded


@pytest.mark.parametrize(
    ("patterns", "name", "expected"),
    [
        ((), "a.tmp", False),
        (("*.tmp",), "x/a.tmp", True),
        (("private/",), "private/a", True),
        (("*.tmp", "!a.tmp"), "a.tmp", False),
        (("*.tmp", "!a.tmp"), "b.tmp", True),
    ],
)
def test_patterns_are_those_of_gitignore(
    patterns: tuple[str, ...], name: str, expected: bool
) -> None:
    assert is_excluded(name, patterns) is expected
    if patterns:
        assert is_excluded(name, (), patterns) is not expected


@pytest.mark.parametrize(
    ("name", "include", "expected"),
    [
        ("photos/a.tmp", (), True),
        ("photos/a.tmp", ("photos/",), True),
        ("photos/a.jpg", (), False),
        ("photos/a.jpg", ("photos/",), False),
        ("a.jpg", ("photos/",), True),
    ],
)
def test_include_names_what_is_offloaded_and_exclude_wins(
    name: str, include: tuple[str, ...], expected: bool
) -> None:
    assert is_excluded(name, ("*.tmp",), include) is expected

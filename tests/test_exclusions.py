import pytest

from s3rewrite.exclusions import is_excluded


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
    assert is_excluded(patterns, name) is expected

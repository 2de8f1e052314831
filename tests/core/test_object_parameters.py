from typing import Any

import pytest

from s3rewrite.core.patterns import parameters_of, patterns

GIVEN: dict[str, Any] = {
    "CacheControl": "max-age=60",
    "Metadata": {"own": "yes"},
    "*.pdf": {"ContentDisposition": "attachment", "CacheControl": "no-cache"},
    "private/": {"CacheControl": "private"},
}
METADATA = {"Metadata": {"own": "yes"}}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.jpg", {"CacheControl": "max-age=60"}),
        ("a.pdf", {"CacheControl": "no-cache", "ContentDisposition": "attachment"}),
        ("private/a.jpg", {"CacheControl": "private"}),
        ("private/a.pdf", {"CacheControl": "private", "ContentDisposition": "attachment"}),
    ],
)
def test_the_last_pattern_that_names_a_file_wins(name: str, found: dict[str, str]) -> None:
    assert parameters_of(GIVEN, name) == METADATA | found


def test_what_is_a_pattern() -> None:
    assert [pattern for pattern, _ in patterns(GIVEN)] == ["*.pdf", "private/"]
    assert parameters_of({"Cache-Control": "x"}, "a") == {"Cache-Control": "x"}

import pytest

from s3rewrite.core.plurals import plural


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (2000, "2,000 files")]
)
def test_plural(count: int, text: str) -> None:
    assert plural(count, "file") == text

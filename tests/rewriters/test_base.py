import pytest

from s3rewrite.rewriters.page import has_foreign_base
from s3rewrite.rewriters.syntax.walker import Walker

ORIGINS = (b"https://example.com", b"//example.com")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", False),
        (b"<base>", False),
        (b"<base href=https://example.com?x>", False),
        (b"<base href=http://example.com/>", True),
        (b"<base href=https://example.com:8000/>", True),
        (b"<base href='javascript:x'>", True),
        (b"<base href=' //x'>", True),
        (b"<base x='<base href=//x>'>", False),
        (b"<script><base href=//x></script>", False),
        (b"<base href=//x", True),
    ],
)
def test_has_foreign_base(body, expected):
    assert has_foreign_base(Walker(body), ORIGINS) is expected

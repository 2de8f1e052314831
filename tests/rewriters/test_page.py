import pytest

from s3rewrite.rewriters.page import Page, has_foreign_base
from s3rewrite.rewriters.syntax.walker import Walker
from tests.rewriters.support import PREFIXES, scope


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"<img CrossOrigin>", True), (b"<img>", False), (b"crossorigin", True)],
)
def test_asks_cors(body, expected):
    assert Page(body, scope()).asks_cors is expected


def test_targets_lose_prefixes_to_a_foreign_base():
    page = Page(b"<base href=//x>", scope())
    assert page.targets[0].prefixes == tuple(p for p in PREFIXES if p != b"/media/")


def test_targets_keep_prefixes():
    assert Page(b"<basefont href=//x>", scope()).targets == scope().targets


def test_finds_a_url():
    page = Page(b"", scope())
    assert page.find(b" /media/a\n") == (b"/media/a", page.targets[0])
    assert page.find(b"x/media/a") is None
    assert page.find(b"/media/\xff") == (b"/media/\xff", page.targets[0])
    assert Page(b"", scope(utf8=False)).find(b"/media/\xff") is None


# <base>


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

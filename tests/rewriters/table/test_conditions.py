import pytest

from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.table import conditions
from s3rewrite.rewriters.table.conditions import UrlContext
from s3rewrite.rewriters.types import Target
from tests.rewriters.support import scope


def tag(attributes):
    return Tag(attributes, b"x", 0, len(attributes))


def spot(attributes=b"", url=b"", *, cors=False, same_origin=False):
    target = Target((), cors=cors, same_origin=same_origin)
    return UrlContext(Page(attributes, scope()), tag(attributes), url, target)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (b"", True),
        (b"type", True),
        (b"type=module", True),
        (b"type=' Text/JavaScript '", True),
        (b"type=text/plain", False),
        (b"type=importmap", False),
    ],
)
def test_is_script(attributes, expected):
    assert conditions.is_script(tag(attributes)) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (b"/a.pdf", True),
        (b"/a.JPEG?b.html", True),
        (b"/a.mp4#x", True),
        (b"/a.svg", False),
        (b"/a.pdf.html", False),
        (b"/a?b.pdf", False),
    ],
)
def test_media_extension(url, expected):
    assert conditions.media_extension(spot(url=url)) is expected


def test_words_of_attributes():
    assert conditions.has("rel", "icon")(tag(b"rel='x ICON'"))
    assert not conditions.has("rel", "icon")(tag(b"rel='xicon'"))
    assert conditions.kind("as", "", "image")(tag(b""))
    assert not conditions.kind("as", "image")(tag(b"as='image x'"))
    assert conditions.about("og:image")(tag(b"property=og:image"))
    assert not conditions.about("og:image")(tag(b"itemprop=og:image"))
    assert conditions.about_tile_logo(tag(b"name=msapplication-wide310x150logo"))


@pytest.mark.parametrize(
    ("need", "attributes"),
    [
        (conditions.cors, b""),
        (conditions.cors_if_asked, b"crossorigin"),
        (conditions.cors_if_module, b"type=module"),
    ],
)
def test_needs_cors(need, attributes):
    assert not need(spot(attributes))
    assert need(spot(attributes, cors=True))


def test_needs_of_the_tag():
    assert conditions.checkable(spot(b"integrity=x crossorigin"))
    assert not conditions.checkable(spot(b"integrity=x"))
    assert conditions.no_download(spot(b"title=download"))
    assert not conditions.no_download(spot(b"download=x"))


def test_needs_that_the_same_origin_does_not_have():
    assert conditions.checkable(spot(b"integrity=x", same_origin=True))
    assert conditions.no_download(spot(b"download=x", same_origin=True))

from functools import partial

import pytest

from s3rewrite.rewriters import headers
from tests.rewriters.support import check


def test_link():
    check("<→/media/a>; rel=icon", collect=partial(headers.collect, "Link"))


def test_location():
    location = partial(headers.collect, "Location")
    check("→/media/a.jpg", "location", collect=location)
    check("→https://example.com/media/a.jpg", "location", collect=location)
    check("/x?next=/media/a.jpg", "location", collect=location)
    check("/media/a.jpg", collect=location)


@pytest.mark.parametrize("name", ["Content-Location", "Refresh", "SourceMap", "Set-Cookie", "X-Y"])
def test_others(name):
    assert name not in headers.NAMES
    check("/media/a.jpg", "location", collect=partial(headers.collect, name))

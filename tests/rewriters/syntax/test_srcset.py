import pytest

from s3rewrite.rewriters.syntax.srcset import spans
from tests.rewriters.support import check


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        (b"", []),
        (b" , ,", []),
        (b"a", [b"a"]),
        (b"a 1x", [b"a"]),
        (b"a,b", [b"a,b"]),
        (b"a, b", [b"a", b"b"]),
        (b"a,,, b", [b"a", b"b"]),
        (b"a 1x,b 2x", [b"a", b"b"]),
        (b",a 1x ,\n\tb\r\n2x", [b"a", b"b"]),
        (b"a (1, b 2x), c", [b"a", b"c"]),
        (b"a (1, b 2x", [b"a"]),
        (b"a 1x)(x, y), c", [b"a", b"c"]),
        (b"data:image/png;base64,AAA= 1x, b", [b"data:image/png;base64,AAA=", b"b"]),
    ],
)
def test_spans(value, urls):
    assert [value[begin:end] for begin, end in spans(value)] == urls


def test_splices_each_url():
    check('<img srcset="→/media/a,1.jpg 1x, /other/b 2x,→/media/c&amp;d.jpg 3x, →/media/e,">')
    check("<img srcset='/x?u=/media/a 1x, x→'>".replace("→", ""))

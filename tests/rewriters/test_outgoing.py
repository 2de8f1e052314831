import pytest

from s3rewrite.rewriters.outgoing import (
    KINDS,
    Unreadable,
    in_css,
    in_dash,
    in_playlist,
    in_script,
    in_svg,
)


def found(read, body):
    return [(one.candidate.url, one.cors or one.own_origin) for one in read(body)]


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        (b"", []),
        (b"a{b:url(x)}", [(b"x", False)]),
        (b"a{b:url( 'x y' )}", [(b"x y", False)]),
        (b"@import 'a.css'; @import url(b.css) print;", [(b"a.css", False), (b"b.css", False)]),
        (b"@import 'a.css' supports(a: url(x));", [(b"a.css", False)]),
        (b"a{b:url(no}", None),
        (b"@namespace url(http://x);a{c:d}", []),
        (b"@font-face{src:url(a.woff2) format('woff2')}", [(b"a.woff2", True)]),
        (b"a{mask-image:url(x);-webkit-mask:url(y)}", [(b"x", True), (b"y", True)]),
        (b"a{--x:url(y);filter:url(f.svg#z)}", [(b"y", True), (b"f.svg#z", True)]),
        (b"a{b:image-set('x' 1x, url(y) 2x)}", [(b"x", False), (b"y", False)]),
        (b"/* url(x) */ a{content:'url(x)'} <!-- -->", []),
        (b"a{b:url(x y)}", None),
        (b"a{b:url('x\\'y')}", None),
        (b"a{b:url('data:x,\\'y');c:url(\"data:x,\\\"y\\\n\")}", []),
        (b"a{b:url( 'data:x,\\'y' ) , url(data:x,\\'y);--c:image-set('DATA:\\'' 1x)}", []),
        (b"@import 'https://x.example/\\'.css';@import url(\"data:\\\"\");", []),
        (b"a{b:url('d\\ata:x')}", None),
        (b"a{b:url('/data:\\'')}", None),
        (b"a{b:u\\72l(x)}", None),
        (b"a{b:url(x)", None),
        (b"a{b:'", None),
    ],
)
def test_css(css, expected):
    if expected is None:
        with pytest.raises(Unreadable):
            in_css(css)
    else:
        assert found(in_css, css) == expected


@pytest.mark.parametrize(
    ("svg", "expected"),
    [
        (b"<svg/>", []),
        (b"<?xml version='1.0'?><!-- href='a' --><svg><image href='a' xlink:href=\"b\"/></svg>",
         [(b"a", False), (b"b", False)]),
        (b"<svg><a href=''/><use href='#x'/></svg>", [(b"#x", True)]),
        (b"<svg><rect fill='url(#g)' style='mask:url(&quot;m.svg&quot;)'/></svg>",
         [(b"#g", False), (b"m.svg", True)]),
        (b"<svg><rect title='url(no'/></svg>", None),
        (b"<svg><style>a{b:url(x)}</style></svg>", [(b"x", False)]),
        (b"<svg><style><![CDATA[a{b:url(x)}]]></style></svg>", [(b"x", False)]),
        (b"<svg><style/><image href='a'/></svg>", [(b"a", False)]),
        (b"<svg><style>a<b/></style></svg>", None),
        (b"<svg><text><![CDATA[ <image href='no'/> ]]></text></svg>", []),
        (b"<svg><image href='a'", None),
        (b"<svg><desc>a script</desc><transcript/></svg>", []),
        (b"<svg><script>a</script></svg>", None),
        (b"<svg:svg xmlns:svg='x'><svg:script href='a'/></svg:svg>", None),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", None),
        (b"<svg xml:base='/x/'><image href='a'/></svg>", None),
    ],
)  # fmt: skip
def test_svg(svg, expected):
    if expected is None:
        with pytest.raises(Unreadable):
            in_svg(svg)
    else:
        assert found(in_svg, svg) == expected


@pytest.mark.parametrize(
    ("mpd", "expected"),
    [
        (b"<MPD><Period><BaseURL> a.mp4 </BaseURL><SegmentBase indexRange='0-1'/></Period></MPD>",
         [b"a.mp4"]),
        (b"<MPD><SegmentList><Initialization sourceURL='i.mp4'/><SegmentURL media='1&amp;.mp4'/>"
         b"</SegmentList></MPD>", [b"i.mp4", b"1&.mp4"]),
        (b"<MPD><SegmentTemplate media='seg-$Number$.m4s' initialization='i.mp4'/></MPD>", None),
        (b"<MPD><BaseURL>dir/</BaseURL></MPD>", None),
        (b"<MPD><BaseURL>a.mp4</BaseURL><SegmentURL media='b.mp4'/></MPD>", None),
        (b"<MPD><BaseURL><![CDATA[a.mp4]]></BaseURL></MPD>", None),
        (b"<MPD><Period xlink:href='p.xml'/></MPD>", [b"p.xml"]),
        (b"<MPD", None),
    ],
)  # fmt: skip
def test_dash(mpd, expected):
    if expected is None:
        with pytest.raises(Unreadable):
            in_dash(mpd)
    else:
        assert found(in_dash, mpd) == [(url, True) for url in expected]


def test_script():
    assert [(one.candidate.url, one.is_lost) for one in in_script(b"import('./a');import'/b'")] == [
        (b"./a", True), (b"/b", False)
    ]  # fmt: skip
    with pytest.raises(Unreadable, match="works out"):
        in_script(b"import(a)")
    with pytest.raises(Unreadable, match="for sure"):
        in_script(b"import 'a' `")


def test_what_an_svg_says_is_found_where_it_stands():
    svg = b"<svg><rect mask='url(m.svg)' style='fill:url(&quot;x&amp;y&quot;)'/></svg>"
    one, other = (outgoing.candidate for outgoing in in_svg(svg))
    assert svg[one.start :].startswith(b"m.svg)")
    assert svg[other.start : other.offsets[-1]] == b"x&amp;y"


def test_playlist():
    body = b'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="/media/key"\n#EXTINF:1,\n seg.ts\n'
    assert found(in_playlist, body) == [(b"/media/key", True), (b"seg.ts", True)]


def test_every_kind_is_read():
    for read in KINDS.values():
        assert read(b"") == []

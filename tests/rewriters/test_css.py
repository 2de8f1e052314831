import pytest

from s3rewrite.rewriters import css
from tests.rewriters.support import check, scope

LINKED = [
    "a{b:url(→/media/a)}",
    "a{b:URL( →/media/a\n)}",
    'a{b:url("→/media/a")}',
    "a{b:url( '→/media/a' )}",
    'a{b:src("→/media/a")}',
    "a{b:image-set('→/media/a' 1x, url(→/media/b) 2x, url('→/media/c') 3x)}",
    'a{b:-webkit-image-set("→/media/a" 1x)}',
    "a{b:image-set('→/media/a' type('/media/b'))}",
    "a{b:/* x */ url(→/media/a) /* url(/media/b) */}",
    "a{content:'url(/media/a)' url(→/media/b)}",
    "a{b:'\\'url(/media/a)' url(→/media/b)}",
    "a{b:url(data:image/png;base64,x) , url(→/media/a)}",
    "@media print { a { b: url(→/media/a) } } c { d: url(→/media/b) }",
    "a{-webkit-border-image:url(→/media/a)}",
    "a{b/**/: url(→/media/a)}",
    "/* ; } */ a { b : c ; d : url(→/media/a) }",
    "a{b:c\\;d url(→/media/a)}",
    "a::after{content:'x\\\ny' url(→/media/a)}",
    "a{b:calc((1 + 2)) url(→/media/a)}",
]
LEFT = [
    "/* url(/media/a) */",
    "a{b:'/media/a'}",
    "a{b:'url(/media/a)'}",
    "a{b:/media/a}",
    "a{b:myurl(/media/a)}",
    "a{b:-url(/media/a)}",
    "a{b:#url(/media/a)}",
    "a{b:\\75rl(/media/a)}",
    "a{b:u\\72l(/media/a) url(/media/b)}",
    "a{b:url(/media/a\\29 b)}",
    "a{b:url('/media/a\\27 b')}",
    "a{b:url(/media/a b)}",
    "a{b:url(/media/a'b)}",
    "a{b:url(/media/a",
    "a{b:url('/media/a}",
    "a{b:url('/media/a\n')}",
    "a{b:type('/media/a')}",
    "@namespace url(/media/a);",
    "@namespace x '/media/a';",
    "@document url(/media/a) {}",
    "@supports (b: url(/media/a)) {}",
    "@import '/media/a';",
    "@import url(/media/a);",
    "a{mask:url(/media/a)}",
    "a{-webkit-mask-image:url(/media/a)}",
    "a{MASK-IMAGE:url(/media/a)}",
    "a{shape-outside:url(/media/a);clip-path:url(/media/a);filter:url(/media/a)}",
    "a{fill:url(/media/a);marker-start:url(/media/a);behavior:url(/media/a)}",
    "a{-moz-binding:url(/media/a)}",
    "a{--x:url(/media/a)}",
    "@font-face{src:url(/media/a)}",
    "url(/media/a)",
    "a{m\\61sk:url(/media/a)}",
]


@pytest.mark.parametrize("marked", LINKED)
def test_links_in_a_style_element(marked):
    check(f"<style>{marked}</style>")


@pytest.mark.parametrize("marked", LEFT)
def test_leaves_in_a_style_element(marked):
    check(f"<style>{marked}</style>")


@pytest.mark.parametrize(
    "marked",
    [
        '<p style="background: url(→/media/a)">',
        "<p style=background:url(→/media/a)>",
        "<p style=\"background: url('→/media/a')\">",
        '<p style="background: url(&#39;→/media/a&#39;); mask: url(/media/b)">',
        '<p style="background: url(&quot;→/media/a&quot;), url(&quot;→/media/b&amp;c&quot;)">',
        '<p style="/media/a: b; background: url(→/media/a)">',
        '<p style="background: url(/media/a&#92;)">',
    ],
)
def test_in_a_style_attribute(marked):
    check(marked)


@pytest.mark.parametrize(
    "marked",
    [
        "@import '→/media/a';",
        '@IMPORT "→/media/a" screen;',
        "@import url(→/media/a) supports(b: url(/media/b));",
        "@import url('→/media/a') layer('/media/b');",
        "@import layer('/media/b');",
    ],
)
def test_import_when_asked(marked):
    check(f"<style>{marked}</style>", "import")


def test_font_face_when_asked():
    marked = "@font-face{font-family:x;src:local('x'),url(→/media/a) format('woff2')}"
    check(f"<style>{marked}</style>", "font-face", cors=True)


def test_a_custom_property_may_be_used_in_a_mask():
    check("<style>a{--x:url(→/media/a)}</style>", cors=True)


def test_a_style_sheet_as_body_when_asked():
    check("a{b:url(→/media/a)}", "css", collect=css.collect)
    check(
        "@charset 'x'; @import '→/media/a'; a{b:url(→/media/a)}",
        "css",
        "import",
        collect=css.collect,
    )
    check("a{b:url(/media/a)}", collect=css.collect)
    assert css.collect(b"a{b:url(/other/a)}", scope("css")) == []

import re
from xml.etree import ElementTree as ET
from xml.sax.saxutils import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.rewriters import feeds, rewrite
from tests.rewriters.support import PUBLIC, check, link_all, scope

LINKED = {
    "enclosure": '<enclosure url="→/media/a.mp3" length="1" type="audio/mpeg"/>',
    "media": "<media:content url='→/media/a.jpg'><media:thumbnail\n url = \"→/media/b.jpg\" />"
    "</media:content>",
    "itunes": '<itunes:image href="→https://example.com/media/a.jpg"/>',
    "image": "<image><title>x</title><url>→https://example.com/media/a.jpg</url></image>",
    "icon and logo": "<icon>→/media/a.ico</icon><logo>\n →/media/a.png </logo>",
    "character references": '<enclosure url="→/media/it&#39;s.mp3?a=1&amp;b=2"/>',
    "html in CDATA": '<description><![CDATA[<p><img src="→/media/a.jpg"> /media/b]]></description>',
    "html in CDATA, with space": "<content:encoded>\n<![CDATA[<a href=→/media/a>]]>\n"
    "</content:encoded>",
    "html escaped once": '<description>&lt;img src="→/media/a.jpg"&gt;'
    "&lt;img src='→/media/b.jpg' alt=&quot;&amp;gt;&quot;/></description>",
    "style in html": "<description>&lt;p style=\"background:url('→/media/a')\"></description>",
    "atom": '<content type="html">&lt;img src="→/media/a"&gt;</content>'
    "<summary type='html'><![CDATA[<img src=→/media/a>]]></summary>"
    '<link rel="enclosure" href="→/media/a.mp3"/>',
    "behind other tokens": "<!-- <icon> --><?x <icon> ?><icon>→/media/a</icon>",
}
LINKED |= {
    "podcast": "<podcast:image href='→/media/a'/><podcast:person img='→/media/b' href='/media/c'/>"
    "<podcast:images srcset='→/media/d 1x, →/media/e 2x'/><googleplay:image href='→/media/f'/>"
    "<podcast:alternateEnclosure><podcast:source uri='→/media/g'/></podcast:alternateEnclosure>"
    "<podcast:trailer url='→/media/h'/><podcast:transcript url='/media/i'/>"
    "<podcast:chapters url='/media/j'/>",
    "xhtml": "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>"
    "<img src='→/media/a' alt='/media/b'/><a href='→/media/c'/><a download='' href='/media/d'/>"
    "<p style='background:url(→/media/e)'/><iframe src='/media/f'/></div></content>"
    "<img src='/media/g'/>",
    "xhtml with a prefix": "<summary type='xhtml'><h:div><h:img srcset='→/media/a 2x'/></h:div>"
    "</summary><rights type='html' x='xhtml'><img src='/media/b'/></rights>"
    "<title type='xhtml'><div><img src='→/media/c'/></div></title>",
}
LEFT = {
    "identity": "<guid>/media/a</guid><link>/media/b</link><id>/media/c</id>",
    "link": '<link href="/media/a"/><link rel="alternate" href="/media/b"/>',
    "url elsewhere": "<url>/media/a</url><image></image><url>/media/b</url>",
    "another element": "<x>/media/a</x><x url='/media/b'/><title>/media/c</title>",
    "html attributes": "<img src='/media/a'/><x style='background:url(/media/b)'/>"
    "<x data-src='/media/c' cite='/media/d'/>",
    "text": "<description>/media/a</description>",
    "atom text": "<content>&lt;img src=/media/a&gt;</content>"
    "<content type='text'>&lt;img src=/media/a&gt;</content>",
    "in two pieces": "<icon>/media/a<!-- x --></icon><icon><!-- x -->/media/b</icon>"
    "<description>&lt;!-- <![CDATA[<img src=/media/c>]]> --&gt;</description>",
    "comment": "<!-- <icon>/media/a</icon> -->",
    "instruction": "<?x <icon>/media/a</icon>?>",
    "escaped twice": "<description>&amp;lt;img src=/media/a&amp;gt;</description>",
}


@pytest.mark.parametrize("root", ["rss", "feed", "rdf:RDF"])
@pytest.mark.parametrize("marked", [*LINKED.values(), *LEFT.values()], ids=[*LINKED, *LEFT])
def test_feed(marked, root):
    check(f'<?xml version="1.0"?>\n<{root} version="2.0">{marked}</{root}>', collect=feeds.collect)


@pytest.mark.parametrize("marked", LINKED.values(), ids=LINKED)
@pytest.mark.parametrize("root", ["api", "html", "urlset", "Rss", "/rss"])
def test_other_xml_is_left_alone(marked, root):
    check(f"<{root}>{marked.replace('→', '')}</{root}>", collect=feeds.collect)


@pytest.mark.parametrize(
    "prolog",
    [
        "",
        "\ufeff",
        "<!-- x -->\n",
        "<!DOCTYPE rss>",
        '<?xml version="1.0"?><?xml-stylesheet href="/media/x.xsl"?>\n<!-- /media/ -->',
    ],
)
def test_prolog(prolog):
    check(f"{prolog}<rss><icon>→/media/a</icon></rss>", collect=feeds.collect)


@pytest.mark.parametrize(
    "text",
    [
        "<rss><icon>/media/a",
        "<rss><icon>/media/a<",
        "<rss><enclosure url='/media/a",
        "<rss><enclosure url='/media/a'",
        "<rss><description><![CDATA[<img src=/media/a>",
        "<rss><!-- <icon>/media/a</icon>",
        "<rss><icon x='<'>/media/a</icon><icon>/media/b</icon>",
        "<!DOCTYPE rss [<!ENTITY x '/media/'>]><rss><icon>/media/a</icon></rss>",
        "/media/a",
        "",
    ],
)
def test_what_is_not_well_formed_is_left_alone(text):
    check(text, collect=feeds.collect)


def test_xml_base_ends_root_relative_urls():
    check(
        '<feed xml:base="https://elsewhere.test/"><icon>/media/a</icon>'
        "<logo>→https://example.com/media/b</logo></feed>",
        collect=feeds.collect,
    )


def test_sitemap():
    check(
        "<urlset><url><loc>https://example.com/media/a</loc><image:image><image:loc>"
        "→https://example.com/media/b</image:loc></image:image><video:video><video:thumbnail_loc>"
        "→https://example.com/media/c</video:thumbnail_loc><video:content_loc>"
        "→https://example.com/media/d</video:content_loc><video:player_loc>"
        "https://example.com/media/e</video:player_loc></video:video><icon>/media/f</icon></url></urlset>",
        collect=feeds.collect,
    )


URLS = [
    "/media/a.jpg",
    "https://example.com/media/b&c.mp3",
    "/other/a",
    "x /media/c",
    "",
    "/media/é>",
]
TEXTS = {"icon", "logo", "url", "description"}
NAMES = ["enclosure", "icon", "logo", "image", "url", "description", "guid", "link", "x", "item"]


@st.composite
def elements(draw, depth=3):
    element = ET.Element(draw(st.sampled_from(NAMES)))
    for name in draw(st.lists(st.sampled_from(["url", "href", "type", "src"]), unique=True)):
        element.set(name, draw(st.sampled_from(URLS)))
    element.text = draw(st.sampled_from([*URLS, '<img src="/media/d.jpg" alt="&amp;">']))
    if depth:
        element.extend(draw(st.lists(elements(depth - 1), max_size=3)))
    return element


@given(st.lists(elements(), max_size=3), st.booleans())
def test_a_parser_sees_links_in_their_places_and_no_other_change(children, in_cdata):
    root = ET.Element("rss")
    root.extend(children)
    body = ET.tostring(root, encoding="utf-8")
    if in_cdata:
        body = re.sub(rb">([^<>]*&lt;[^<>]*)<", _as_cdata, body)
    after = ET.fromstring(rewrite(body, scope(), feeds.collect, link_all))
    for old, new in zip(ET.fromstring(body).iter(), after.iter(), strict=True):
        assert (old.tag, old.keys(), old.tail) == (new.tag, new.keys(), new.tail)
        urls = {"url"} if old.tag == "enclosure" and _is_url(old.get("url", "")) else set()
        assert {key for key, value in old.items() if value != new.get(key)} == urls
        assert old.text == new.text or (old.tag in TEXTS and PUBLIC.decode() in new.text)
        if old.tag in {"icon", "logo"} and not len(old):
            assert (old.text != new.text) is _is_url(old.text or "")


def _as_cdata(found):
    return b"><![CDATA[" + unescape(found[1].decode()).encode() + b"]]><"


def _is_url(text):
    return text.startswith(("/media/", "https://example.com/media/"))

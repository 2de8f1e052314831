"""Signatures in every context: written as that wants them, and nothing else is inserted."""

import html
import json
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.rewriters import css, feeds, headers, m3u8, splice
from s3rewrite.rewriters import html as html_rewriter
from s3rewrite.rewriters import json as json_rewriter
from s3rewrite.rewriters.types import Candidate, Link, Scope, Target

SCOPE = Scope((Target((b"/media/",), frozenset({"css", "json", "playlist", "srcdoc"}), cors=True),))
SIGNATURE = b"A=1&Signature=x%2F~-_&C=3"
URL = f"https://s3.test/p/a.jpg?{SIGNATURE.decode()}"


def links(candidates: Any) -> list[Link]:
    return [
        Link(len(found.url.partition(b"#")[0]), b"https://s3.test/p/a.jpg", SIGNATURE)
        for found in candidates
    ]


def signed(body: str, collect: Any = html_rewriter.collect) -> str:
    candidates = collect(body.encode(), SCOPE)
    assert candidates
    return splice(body.encode(), candidates, links(candidates)).decode()


@pytest.mark.parametrize("quote", ['"', "'", ""])
@pytest.mark.parametrize("url", ["/media/a.jpg", "/media/a.jpg?v=1&amp;w=2", "/media/a&#46;jpg"])
def test_an_attribute(quote: str, url: str) -> None:
    page = signed(f"<p><img alt=x src={quote}{url}{quote} class=y>")
    assert BeautifulSoup(page, "html5lib").img["src"] == URL
    assert "&amp;Signature" in page
    assert BeautifulSoup(page, "html5lib").img["class"] == ["y"]


def test_a_srcset() -> None:
    page = signed('<img srcset="/media/a.jpg 1x, /media/b.jpg#f 2x">')
    assert BeautifulSoup(page, "html5lib").img["srcset"] == f"{URL} 1x, {URL}#f 2x"


def test_css_in_an_attribute_and_in_an_element() -> None:
    page = signed('<p style="background:url(/media/a.jpg)"><style>b{c:url("/media/a.jpg")}</style>')
    soup = BeautifulSoup(page, "html5lib")
    assert soup.p["style"] == f"background:url({URL})"
    assert soup.style.string == f'b{{c:url("{URL}")}}'


def test_linked_data() -> None:
    page = signed('<script type="application/ld+json">{"image":"\\/media\\/a.jpg"}</script>')
    text = BeautifulSoup(page, "html5lib").script.string
    assert json.loads(text) == {"image": URL}
    assert "\\/p\\/" in text


def test_json_in_an_attribute() -> None:
    scope = Scope((Target((b"/media/",), frozenset({"*[data-props]:json"}), cors=True),))
    value = html.escape(json.dumps({"image": "/media/a.jpg"}))
    body = f'<my-app data-props="{value}">'.encode()
    candidates = html_rewriter.collect(body, scope)
    page = splice(body, candidates, links(candidates)).decode()
    found = BeautifulSoup(page, "html5lib").find("my-app")["data-props"]
    assert json.loads(found) == {"image": URL}


def test_a_document_in_an_attribute() -> None:
    page = signed("<iframe srcdoc='&lt;img src=&quot;/media/a.jpg&quot;>'>")
    inner = BeautifulSoup(page, "html5lib").iframe["srcdoc"]
    assert BeautifulSoup(inner, "html5lib").img["src"] == URL


def test_bodies_of_json_css_and_playlists() -> None:
    assert json.loads(signed('{"a":["/media/a.jpg"]}', json_rewriter.collect)) == {"a": [URL]}
    assert signed("a{b:url(/media/a.jpg)}", css.collect) == f"a{{b:url({URL})}}"
    assert signed("#EXTM3U\n/media/a.ts\n", m3u8.collect) == f"#EXTM3U\n{URL}\n"


def test_html_in_a_feed_of_json() -> None:
    feed = json.dumps({"items": [{"content_html": '<img src="/media/a.jpg">'}]})
    found = json.loads(signed(feed, json_rewriter.collect_feed))["items"][0]["content_html"]
    assert BeautifulSoup(found, "html5lib").img["src"] == URL


@pytest.mark.parametrize(
    "text", ['&lt;img src="/media/a.jpg"&gt;', '<![CDATA[<img src="/media/a.jpg">]]>']
)
def test_html_in_a_feed(text: str) -> None:
    feed = f"<rss><channel><item><description>{text}</description></item></channel></rss>"
    description = ET.fromstring(signed(feed, feeds.collect)).findtext(".//description")
    assert BeautifulSoup(description, "html5lib").img["src"] == URL


def test_an_enclosure() -> None:
    feed = '<rss><channel><item><enclosure url="/media/a.jpg"/></item></channel></rss>'
    assert ET.fromstring(signed(feed, feeds.collect)).find(".//enclosure").attrib == {"url": URL}


def test_a_header() -> None:
    value = b"</media/a.jpg>; rel=preload; as=image"
    candidates = headers.collect("Link", value, SCOPE)
    assert splice(value, candidates, links(candidates)).decode() == (
        f"<{URL}>; rel=preload; as=image"
    )


@pytest.mark.parametrize(
    "body",
    [
        '<input value="/media/a.jpg">',
        "<textarea><img src='/media/a.jpg'></textarea>",
        "<div contenteditable><img src='/media/a.jpg'></div>",
        "<option>/media/a.jpg</option>",
    ],
)
def test_never_in_what_users_send_back(body: str) -> None:
    assert html_rewriter.collect(body.encode(), SCOPE) == []


class _Attributes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, ""), *attrs]


@given(
    st.lists(
        st.sampled_from(
            [
                '<img src="/media/a.jpg">', "<a href=/media/b.jpg>x</a>", "&amp; text <b>",
                "<img srcset='/media/a.jpg 1x,/media/b.jpg 2x'>", '<p style="a:url(/media/c.jpg)">',
                '<input value="/media/d.jpg">', "<style>p{q:url(/media/a.jpg)}</style>", "é \ud7ff",
            ]
        )
    )
)  # fmt: skip
def test_without_signature_and_host_a_page_is_what_it_was(parts: list[str]) -> None:
    body = "".join(parts)
    candidates: list[Candidate] = html_rewriter.collect(body.encode(), SCOPE)
    plain = [Link(len(b"/media/"), b"https://s3.test/p/") for _ in candidates]
    whole = [
        Link(len(found.url), b"https://s3.test/p/" + found.url[7:], SIGNATURE)
        for found in candidates
    ]
    bare = splice(body.encode(), candidates, plain)
    page = splice(body.encode(), candidates, whole)
    pattern = rb"\?A=1&(?:amp;)?Signature=x%2F~-_&(?:amp;)?C=3"
    assert re.sub(pattern, b"", page) == bare
    before, after = _Attributes(), _Attributes()
    before.feed(bare.decode())
    after.feed(page.decode())
    query = f"?{SIGNATURE.decode()}"
    assert [(name, (value or "").replace(query, "")) for name, value in after.found] == [
        (name, value or "") for name, value in before.found
    ]

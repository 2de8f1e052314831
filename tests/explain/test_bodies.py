"""What is said to be linked is linked, and the rest has a reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3rewrite.explain import bodies
from s3rewrite.explain.bodies import explain, explain_header
from s3rewrite.rewriters import css, feeds, headers, html, json, m3u8
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS
from tests.rewriters import truth
from tests.rewriters.support import scope

CONTEXT_PIECES = [
    *("<img crossorigin src=", "<script src='/media/x.js'>", "<script type=module src=/media/m>"),
    *("<link rel=icon href='", "<link rel=stylesheet href=/media/x.css integrity=x>", "<picture>"),
    *("<a download href=/media/d>", "<embed src=/media/x.pdf>", "<embed src=/media/x.html>"),
    *("<iframe srcdoc='<img src=/media/q>'>", "<base href='//other.test'>", "<base href=/x>"),
    *("<div contenteditable>", "</div>", "<p contenteditable=false data-hero='/media/h'>"),
    *('<script type="application/ld+json">', '{"image":"/media/i","url":"/media/u",', "</script>"),
    *('"@id":{"image":"/media/i"},"a":["/media/\\u0062","\\/media\\/c"]}', "<my-card image='"),
    *('<script type="application/json">', "http://other.test/media/x", "/media/\xe9", "/media/a/"),
    *(
        "<img srcset='/media/a 1x, /media/b 2x' src='/media/\ta'>",
        "<meta property=og:image content=",
    ),
]
OWN = ["my-card[image]", "*[data-hero]", "img[data-sizes]:srcset", "json[photo]", "p[data-x]:json"]
OWN += ["json[a]:html", "json[url]:srcset", "json[b]:json", "json[c]:css", "header[data-hero]"]
CSS_PIECES = [piece for piece in truth.VALUE_PIECES if "<" not in piece]
JSON_PIECES = [
    *("{", "}", "[", "]", ",", ":", '"', "\\", " ", '"image"', '"/media/a"', '"\\/media\\/b"'),
    *('"photo":', '"image":"/media/i"', '"url":"/media/u"', '"icons":[{"src":"/media/i"}]', '"é"'),
    *('"content_html":"<img src=\\"/media/a\\">/media/b"', '"/media/a b'),
    '"id":{"image":"/media/c"}',
    *('"/media/x":1', '"attachments":[{"url":"/media/u"}]', '"text /media/x"', "/media/"),
]  # fmt: skip
FEED_PIECES = [
    *("<rss>", "<feed xml:base='//other.test'>", "<urlset>", "<item>", "</item>", "<image>"),
    *("<url>/media/a</url>", "</image>", "<enclosure url='/media/a'/>", "<guid>/media/a</guid>"),
    *("<description>&lt;img src='/media/a'></description>", "<image:loc>/media/a</image:loc>"),
    *("<description><![CDATA[<img src='/media/b'>]]></description>", "<link href='/media/c'/>"),
    *("<link rel='enclosure' href='/media/c'/>", "<!-- /media/x -->", "/media/x"),
    "<logo> /media/l",
    *("</logo>", "<content type='html'>&lt;p style='b:url(/media/a)'></content>", "<", ">", "'"),
]  # fmt: skip
LINE_PIECES = [
    *("#EXTM3U\n", "/media/a.ts\n", '#EXT-X-KEY:METHOD=AES-128,URI="/media/k"\n', "\n", "#", "x"),
    *('#EXT-X-MAP:URI="/media/m"\n', "text /media/x\n", ","),
]
HEADER_PIECES = [
    *("</media/a>", "; rel=icon", "; rel=preload; as=image", ", ", '; rel="stylesheet"'),
    "/media/b",
    *("; imagesrcset='/media/c 1x'", '; imagesrcset="/media/c 1x, /media/d 2x"', "; crossorigin"),
]  # fmt: skip

BODIES = {
    html.collect: [*truth.PIECES, *truth.VALUE_PIECES, *truth.FOREIGN_PIECES, *CONTEXT_PIECES * 3],
    css.collect: CSS_PIECES,
    feeds.collect: FEED_PIECES,
    json.collect: JSON_PIECES,
    json.collect_feed: JSON_PIECES,
    json.collect_manifest: JSON_PIECES,
    m3u8.collect: LINE_PIECES,
}


def texts(pieces):
    return st.lists(st.sampled_from([*pieces, *truth.URLS * 2]), max_size=16).map("".join)


contexts = st.sets(st.sampled_from([*sorted(OPTIONAL_CONTEXTS), *OWN])) | st.just(
    {*OPTIONAL_CONTEXTS, *OWN}
)
scopes = st.builds(
    lambda names, cors, utf8: scope(*names, cors=cors, utf8=utf8),
    contexts, st.booleans(), st.booleans(),
)  # fmt: skip


def check(found, candidates):
    """Each candidate is there, seen at its place; what has none has a reason."""
    assert [one.candidate for one in found if one.candidate] == candidates
    assert all(one.place and one.rows and not one.reasons for one in found if one.candidate)
    assert all(one.reasons for one in found if not one.candidate)
    starts = [one.start for one in found]
    assert starts == sorted(set(starts))


@pytest.mark.parametrize("collect", BODIES, ids=lambda c: getattr(c, "__module__", str(c)))
def test_what_is_linked_is_what_the_rewriter_finds(collect):
    @given(texts(BODIES[collect]), scopes)
    @settings(max_examples=250, deadline=None)
    def agrees(text, scope):
        body = text.encode()
        check(explain(body, scope, collect), list(collect(body, scope)))

    agrees()


@given(st.sampled_from(["Link", "Location"]), texts(HEADER_PIECES), scopes)
@settings(max_examples=200, deadline=None)
def test_so_it_is_with_headers(name, text, scope):
    value = text.encode()
    check(explain_header(name, value, scope), headers.collect(name, value, scope))


@pytest.mark.parametrize("collect", BODIES, ids=lambda c: getattr(c, "__module__", str(c)))
def test_a_reason_is_never_missing(collect):
    """What is not linked is not merely said to be unlinked: a rule of its own says why."""

    @given(texts(BODIES[collect]), scopes)
    @settings(max_examples=250, deadline=None)
    def agrees(text, scope):
        body = text.encode()
        make_page, occurrences = bodies.KINDS[collect]
        seen = {
            one.start: one.url
            for one in occurrences(make_page(body, scope))
            if one.url and not one.reasons
        }
        assert seen == {one.start: one.url for one in collect(body, scope)}

    agrees()

import time
from dataclasses import replace

import pytest

from s3rewrite.explain.bodies import explain, explain_header
from s3rewrite.explain.reasons import CREDENTIALS, NEEDS
from s3rewrite.rewriters import css, feeds, html, json
from s3rewrite.rewriters.table.contexts import TABLE
from tests.rewriters.support import scope

HTML = [
    ("<img src=/media/a>", "img[src]", "linked"),
    ("<!-- /media/a -->", "", "comment"),
    ("<p>/media/a</p>", "", "text"),
    ("</p title=/media/a>", "", "end-tag"),
    ("<!doctype /media/a>", "", "declaration"),
    ("<p /media/a=b>", "", "no-value"),
    ("<img src=x src=/media/a>", "", "no-value"),
    ("<svg><style>/media/a<b></style>", "", "unsure"),
    ("<p contenteditable><img src=/media/a></p>", "", "editable"),
    ("<script>'/media/a'</script>", "script{}", "no-row"),
    ("<link rel=x href=/media/a>", "link[href]", "no-row"),
    ("<p title=/media/a>", "p[title]", "no-place"),
    ("<form action=/media/a>", "form[action]", "never"),
    ("<title>/media/a</title>", "title{}", "never"),
    ("<a href=/media/a download>", "a[href]", "download"),
    ("<img src=/media/a crossorigin>", "img[src]", "cors"),
    ("<picture><source src=/media/a><img crossorigin></picture>", "source[src]", "cors"),
    ("<img src=/media/a crossorigin=use-credentials>", "img[src]", "cors"),
    ("<a href=/media/a.html>", "a[href]", "document"),
    ("<iframe data-src=/media/a.jpg>", "iframe[data-src]", "element"),
    ("<svg data-src=/media/a.svg>", "svg[data-src]", "cors"),
    ("<video src=/media/a.mpd>", "video[src]", "cors"),
    ("<script src=/media/a>", "script[src]", "contexts"),
    ("<script src=/media/a type=module>", "script[src]", "contexts cors"),
    ("<script src=/media/a integrity=x>", "script[src]", "contexts integrity"),
    ("<embed src=/media/a.html>", "embed[src]", "contexts extension"),
    ("<p data-x=/media/a>", "p[data-x]", "contexts"),
    ("<iframe srcdoc='<img src=/media/a>'></iframe>", "iframe[srcdoc]", "contexts"),
    ("<base href=//other.test><img src=/media/a>", "img[src]", "base"),
    ("<img src=//other.test/media/a>", "img[src]", "form"),
    ("<img src='/media/a\tb'>", "img[src]", "form"),
    (f"<img src=/media/{'a' * 9000}>", "img[src]", "form"),
    ("<p style='mask:url(/media/a)'>", "p[style] css[mask]", "never"),
    ("<p style='--a:url(/media/a)'>", "p[style] css[--a]", "cors"),
    ("<style>/* /media/a */</style>", "style{}", "unclear"),
    ("<style>@import '/media/a';</style>", "style{} css[@import]", "contexts"),
    ('<script type=application/ld+json>{"/media/a":1}</script>', "script{}", "json"),
    ('<script type=application/ld+json>{"url":"/media/a"}</script>', "ld+json[url]", "never"),
]


def said(found):
    (one,) = found
    codes = [reason.code for reason in one.reasons]
    return one.place, " ".join(codes) or ("linked" if one.candidate else "")


@pytest.mark.parametrize(("text", "place", "codes"), HTML)
def test_in_html(text, place, codes):
    assert said(explain(text.encode(), scope(), html.collect)) == (place, codes)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("<img src=/media/a>", "corp"),
        ("<img src=/media/a crossorigin>", "cors"),
        ("<p style='b:url(/media/a)'>", "hash corp"),
        ("<style>a{b:url(/media/a)}</style>", "hash corp"),
        ("<video src=/media/a.mpd>", "corp cors"),
    ],
)
def test_under_a_policy(text, codes):
    strict = replace(scope(), requires_corp=True, hashed=frozenset({"style", "style-attribute"}))
    assert said(explain(text.encode(), strict, html.collect))[1] == codes


@pytest.mark.parametrize("element", ["video", "audio", "picture"])
@pytest.mark.parametrize("cors", [True, False])
def test_credentials_of_the_element_above(element, cors):
    name = "srcset" if element == "picture" else "src"
    image = "<img crossorigin=use-credentials>" if element == "picture" else ""
    own = "" if image else " crossorigin=use-credentials"
    text = f"<{element}{own}><source {name}=/media/a>{image}</{element}>"
    (one,) = explain(text.encode(), scope(cors=cors), html.collect)
    assert one.reasons == (CREDENTIALS,)


@pytest.mark.parametrize(
    ("collect", "text", "place", "codes"),
    [
        (css.collect, "a{b:url(/media/a)}", "body[text/css] css[b]", "contexts"),
        (json.collect, '{"a":"/media/a"}', "json[a]", "contexts"),
        (json.collect, '{"/media/a":1}', "json", "json"),
        (json.collect_feed, '{"title":"/media/a"}', "json-feed[title]", "no-place"),
        (json.collect_feed, '{"content_html":"/media/a"}', "", "text"),
        (json.collect_feed, '{"content_html":"<img src=/media/a>"}', "img[src]", "linked"),
        (feeds.collect, "<rss><guid>/media/a</guid></rss>", "feed/guid{}", "never"),
        (feeds.collect, "<rss><a>/media/a</a></rss>", "feed/a{}", "no-place"),
        (feeds.collect, "<other>/media/a</other>", "", "no-place"),
    ],
)
def test_in_other_bodies(collect, text, place, codes):
    assert said(explain(text.encode(), scope(), collect)) == (place, codes)


@pytest.mark.parametrize(
    ("name", "value", "place", "codes"),
    [
        ("Location", b"/media/a", "header[location]", "contexts"),
        ("Refresh", b"/media/a", "header[refresh]", "never"),
        ("Link", b"</media/a>; rel=icon", "link[href]", "linked"),
    ],
)
def test_in_headers(name, value, place, codes):
    assert said(explain_header(name, value, scope())) == (place, codes)


def test_a_charset_that_is_not_known():
    text = "<img src=/media/\xe9>".encode("latin-1")
    assert said(explain(text, scope(utf8=False), html.collect)) == ("img[src]", "charset")
    text = b"<p style='b:url(/media/a);c:\xe9\\'>"
    assert said(explain(text, scope(utf8=False), html.collect)) == ("p[style] css[b]", "charset")


def test_the_context_that_would_do_is_named():
    (one,) = explain(b"<link rel=stylesheet href=/media/a>", scope(), html.collect)
    assert [reason.text for reason in one.reasons] == ['needs "stylesheet" in CONTEXTS']
    (one,) = explain(b"<my-card image=/media/a>", scope(), html.collect)
    assert '"my-card[image]" in CONTEXTS' in one.reasons[0].text


def test_what_is_no_url_is_shown_in_short():
    (one,) = explain(b'<p>see "/media/a.jpg" here', scope(), html.collect)
    assert one.url == b"/media/a.jpg"


def test_every_condition_of_the_table_has_words():
    assert {need for row in TABLE for need in row.needs} <= set(NEEDS)


@pytest.mark.parametrize("text", ["<!-- /media/x -->", "<p title=/media/x>", "/media/x "])
def test_a_long_page_takes_time_in_proportion(text):
    body = text.encode() * 30_000
    began = time.process_time()
    assert len(explain(body, scope(), html.collect)) == 30_000
    assert time.process_time() - began < 10  # where each looked at all, it would be a minute

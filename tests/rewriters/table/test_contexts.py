"""A named case for each row of the table: what is linked, and what is left alone."""

from dataclasses import replace

import pytest

from s3rewrite.rewriters import html, rewrite
from s3rewrite.rewriters.table.contexts import TABLE
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS, rows_at
from s3rewrite.rewriters.table.rows import Mark, Rule
from tests.rewriters.support import PUBLIC, check, link_all, scope

ALWAYS = {
    "image": '<img src="→/media/a.jpg">',
    "image with crossorigin": '<img src="/media/a.jpg" crossorigin>',
    "poster": '<video poster="→/media/a.jpg"></video>',
    "background": "<body background=→/media/a.jpg><table background=→/media/b.jpg>"
    "<td background=→/media/c.jpg><th background=→/media/d.jpg>",
    "background of parts of a table": "".join(
        f"<{part} background=→/media/a.jpg>" for part in "thead tbody tfoot tr".split()
    ),
    "background elsewhere": "<div background=/media/a.jpg>",
    "image in HTML": "<image src=→/media/a srcset='→/media/b 2x'><image src=/media/c crossorigin>",
    "AMP": "<amp-img src=→/media/a srcset='→/media/b 2x'></amp-img><amp-anim src=→/media/c>"
    "<amp-video src=→/media/d poster=→/media/e></amp-video><amp-audio src=→/media/f></amp-audio>",
    "image button": '<input type=image src="→/media/a.jpg"><input type=IMAGE src=→/media/a.jpg>',
    "other input": '<input src="/media/a.jpg"><input type=text src="/media/b.jpg">',
    "video and audio": "<video src=→/media/a.mp4></video><audio src=→/media/a.mp3></audio>",
    "video and audio with crossorigin": "<video src=/media/a.mp4 crossorigin></video>"
    "<audio crossorigin=anonymous src=/media/a.mp3></audio>",
    "source": "<video><source src=→/media/a.mp4></video>",
    "source in a picture": '<picture><source srcset="→/media/a.avif 1x"><img src="x"></picture>',
    "source of a video with crossorigin": "<video crossorigin><source src=/media/a.mp4></video>",
    "source of a picture with crossorigin": "<picture><source srcset=/media/a.avif>"
    "<img crossorigin src=/media/b.jpg></picture>",
    "source with other crossorigin": "<link crossorigin><source src=→/media/a.mp4>",
    "srcset": '<img srcset="→/media/a.jpg 1x, →/media/b.jpg 2x" src="→/media/a.jpg">',
    "imagesrcset": '<link rel=preload as=image imagesrcset="→/media/a.jpg 1x">',
    "anchor": "<a href=→/media/a.pdf>x</a><area href=→/media/b.pdf>",
    "anchor with download": "<a href=/media/a.pdf download>x</a><area download=x href=/media/b>",
    "icon": "<link rel=icon href=→/media/a.png><link rel='SHORTCUT Icon' href=→/media/a.ico>"
    "<link rel=apple-touch-icon href=→/media/b.png><link rel=mask-icon href=→/media/c.svg>"
    "<link rel=image_src href=→/media/d.png>",
    "preload": "<link rel=preload as=image href=→/media/a.png>"
    "<link rel=prefetch as=video href=→/media/a.mp4><link rel=preload as=audio href=→/media/a>",
    "preload with crossorigin": "<link rel=preload as=image crossorigin href=/media/a.png>",
    "preload of else": "<link rel=preload href=/media/a><link rel=preload as=track href=/media/a>",
    "meta": '<meta property="og:image" content="→https://example.com/media/a.jpg">'
    '<meta property="og:video:secure_url" content="→https://example.com/media/a.mp4">'
    '<meta name="twitter:image:src" content="→/media/a.jpg">'
    '<meta name="msapplication-square70x70logo" content="→/media/a.jpg">'
    '<meta name="msapplication-TileImage" content="→/media/a.jpg">',
    "microdata": '<meta itemprop="thumbnailUrl" content="→/media/a.jpg">',
    "meta of else": '<meta name="description" content="/media/a.jpg"><meta content=/media/a>',
    "lazy": "<img data-src=→/media/a data-lazy=→/media/b data-lazy-src=→/media/c>"
    "<div data-bg=→/media/d data-background-image=→/media/e data-full=→/media/f></div>"
    "<video data-poster=→/media/g></video><img data-original=→/media/h>",
    "lazy, on what shows nothing by itself": "".join(
        f"<{name} data-src=/media/a.jpg data-srcset='/media/b.jpg 1x' data-bg=/media/c>x</{name}>"
        for name in "iframe frame script embed object track use input button select".split()
    ),
    "lazy, for what scripts fetch": "<svg data-src=/media/a></svg><p data-src=/media/a.json>"
    "<i data-full=/media/a.SVG?x></i><p data-src=/media/a.mp3><p data-src=/media/a.pdf>"
    "<img data-src=/media/a.svg><video data-src=/media/a.m3u8></video>"
    "<p data-src=→/media/a.webp?b.json><p data-bg=→/media/a.mp4><audio data-src=→/media/a.mp3>",
    "lazy source": "<video crossorigin><source data-src=/media/a.mp4></video>"
    "<video><source data-src=→/media/a.mp4></video>"
    "<picture><source data-srcset=/media/b.jpg><img crossorigin></picture>",
    "documents": "<a href=/media/a.html>x</a><area href=/media/a.XHTML?b.pdf>"
    "<a href=/media/a.xml#b>x</a><a href=/media/a.%68tm>x</a><a href=/media/a.shtml>x</a>"
    "<p data-src=/media/a.html><meta property=og:video content=/media/a.html>"
    "<a href=→/media/a.pdf?b=.html>x</a><a href=→/media/html>x</a><a href=→/media/a.html.zip>x</a>",
    "manifests": "<video src=/media/a.mpd></video><video><source src=/media/a.m3u8?b>"
    "<source src=/media/a type=application/dash+xml></video><a href=→/media/a.mpd>x</a>",
    "crossorigin with credentials": "<img crossorigin=Use-Credentials src=/media/a>",
    "lazy srcset": '<img data-srcset="→/media/a.jpg 1x,→/media/b.jpg 2x">'
    "<img data-lazy-srcset='→/media/c 1x'>",
    "style attribute": '<p style="background: url(&quot;→/media/a.jpg&quot;)">',
    "svg image": '<svg><image href="→/media/a"/><image xlink:href="→/media/b"></image></svg>',
    "style": "<style>p { background: url(→/media/a.jpg) }</style>",
    "style of else": "<style type=text/less>p { background: url(/media/a.jpg) }</style>",
    "linked data": '<script type="application/ld+json">{"@id": "/media/a", "url": "/media/b", '
    '"image": ["→/media/c", {"url": "/media/d", "contentUrl": "→/media/e"}], '
    '"mainEntityOfPage": {"image": "/media/f"}, "/media/g": "x /media/h"}</script>',
    "noscript": "<noscript><img src=→/media/a.jpg></noscript>",
    "template": "<template><img src=→/media/a.jpg></template>",
    "fragment": "<turbo-stream><template><tr><td><img src=→/media/a.jpg>",
    "IE conditional that shows": "<!--[if !IE]><!--><img src=→/media/a.jpg><!--<![endif]-->",
}

NEVER = {
    "link": "".join(
        f'<link rel="{rel}" href=/media/a>'
        for rel in "canonical alternate next prev manifest preconnect amphtml license".split()
    ),
    "link with two meanings": '<link rel="icon canonical" href=/media/a>',
    "link without rel": "<link href=/media/a>",
    "frame": "<frameset><frame src=/media/a></frameset><iframe src=/media/a></iframe>",
    "track": "<video><track src=/media/a.vtt></video>",
    "meta identity": '<meta property="og:url" content=/media/a>'
    '<meta name="msapplication-config" content=/media/a><p itemid=/media/a></p>',
    "two meanings of a meta": '<meta property="og:image og:url" content=/media/a>',
    "refresh": '<meta http-equiv=refresh content="0; url=/media/a">'
    "<meta http-equiv=refresh name=og:image content=/media/a>",
    "svg references": "<svg><use href=/media/a /><feImage href=/media/a /><pattern href=/media/a />"
    "<linearGradient xlink:href=/media/a /><mpath href=/media/a /><textPath href=/media/a />"
    "<script href=/media/a></script></svg>",
    "svg presentation": "<svg><p fill=url(/media/a) mask=url(/media/a) filter=url(/media/a) "
    "clip-path=url(/media/a)></svg>",
    "identity": "<form action=/media/a><button formaction=/media/a></form>"
    "<a ping=/media/a></a><q cite=/media/a></q><img longdesc=/media/a usemap=/media/a>"
    "<html manifest=/media/a><object codebase=/media/a archive=/media/a classid=/media/a>"
    "<p itemid=/media/a itemtype=/media/a about=/media/a resource=/media/a>",
    "base": "<base href=/media/>",
    "value": "<input value=/media/a><option value=/media/b><textarea>/media/a</textarea>"
    "<textarea><img src=/media/a></textarea><title><img src=/media/a></title>",
    "contenteditable": "<div contenteditable><p><img src=/media/a></p></div>",
    "handlers": "<p onclick=/media/a onload=\"x='/media/a'\"><a href=\"javascript:'/media/a'\">",
    "script text": "<script>document.write('<img src=/media/a>')</script>",
    "data scripts": "<script type=importmap>{'a': '/media/a'}</script>"
    "<script type=speculationrules>{'a': '/media/a'}</script>",
    "comments": "<!-- <img src=/media/a> --><!--[if IE]><img src=/media/a><![endif]-->"
    "<!--esi <img src=/media/a> -->",
    "text": "/media/a <p>/media/a</p><xmp><img src=/media/a></xmp><noembed><img src=/media/a>"
    "</noembed><noframes><img src=/media/a></noframes><iframe><img src=/media/a></iframe>"
    "<plaintext><img src=/media/a></plaintext>",
    "cdata": "<svg><![CDATA[ <img src=/media/a> ]]></svg>",
}

ASKED = [
    ("stylesheet", "<link rel=stylesheet href=→/media/a.css>"),
    ("stylesheet", "<link rel='preload stylesheet' as=style href=→/media/a.css>"),
    ("stylesheet", "<link rel=preload as=style href=→/media/a.css>"),
    ("script", "<script src=→/media/a.js></script><script src=→/media/b.js type=''></script>"),
    ("script", "<link rel=preload as=script href=→/media/a.js>"),
    ("embed", "<embed src=→/media/a.pdf><object data='→/media/a.PDF#page=2'></object>"),
    ("data", "<p data-whatever=→/media/a.jpg>"),
    ("json-script", '<script type=application/json>{"a": ["→/media/a"], "/media/b": 1}</script>'),
    ("srcdoc", "<iframe srcdoc='<img src=→/media/a>/media/b<iframe src=/media/c>'></iframe>"),
    ("srcdoc", '<iframe srcdoc="&lt;img src=&quot;→/media/it&amp;#39;s.jpg&quot;>"></iframe>'),
    ("import", "<style>@import '→/media/a.css'; @import url(→/media/b.css) screen;</style>"),
]
ASKED_WITH_CORS = [
    ("stylesheet", "<link rel=stylesheet crossorigin integrity=x href=→/media/a.css>"),
    ("script", "<script src=→/media/a.js type=module></script>"),
    ("script", "<script src=→/media/a.js crossorigin integrity=x></script>"),
    ("modulepreload", "<link rel=modulepreload href=→/media/a.js>"),
    ("font-preload", "<link rel=preload as=font href=→/media/a.woff2>"),
    ("fetch-preload", "<link rel=preload as=fetch href=→/media/a.json>"),
    ("font-face", "<style>@font-face { src: url(→/media/a.woff2) }</style>"),
]
ASKED_BUT_LEFT = [
    ("data", "<p data-x=/media/a.json><p data-x=/media/a.html><svg data-x=/media/a></svg>"),
    ("my-card[image]", "<my-card image=/media/a.html></my-card><my-card image=/media/a.mpd>"),
    ("json-script", '<script type=application/json>["/media/a.html", "/media/a.mpd"]</script>'),
    ("stylesheet", "<link rel=stylesheet integrity=x href=/media/a.css>"),
    ("stylesheet", "<link rel=stylesheet crossorigin href=/media/a.css>"),
    ("script", "<script src=/media/a.js integrity=x></script>"),
    ("script", "<script src=/media/a.js crossorigin integrity=x></script>"),
    ("script", "<script src=/media/a.js type=module></script>"),
    ("script", "<script src=/media/a.js type=importmap></script>"),
    ("modulepreload", "<link rel=modulepreload href=/media/a.js>"),
    ("font-face", "<style>@font-face { src: url(/media/a.woff2) }</style>"),
    ("embed", "<embed src=/media/a.html><object data=/media/a.svg></object><embed src=/media/a>"),
    ("data", "<p data-whatever='x /media/a.jpg'>"),
    ("srcdoc", "<iframe srcdoc='<iframe srcdoc=&quot;<img src=/media/a>&quot;>'></iframe>"),
    ("srcdoc", "<p srcdoc='<img src=/media/a>'>"),
]


@pytest.mark.parametrize("marked", ALWAYS.values(), ids=ALWAYS)
def test_by_default(marked):
    check(marked)


@pytest.mark.parametrize("marked", NEVER.values(), ids=NEVER)
def test_never(marked):
    check(marked, *OPTIONAL_CONTEXTS - {"data"}, cors=True)


@pytest.mark.parametrize(("name", "marked"), ASKED)
def test_when_asked(name, marked):
    check(marked, name)
    check(marked.replace("→", ""), *OPTIONAL_CONTEXTS - {name}, cors=True)


@pytest.mark.parametrize(("name", "marked"), ASKED_WITH_CORS)
def test_when_asked_with_cors(name, marked):
    check(marked, name, cors=True)
    check(marked.replace("→", ""), name)
    check(marked.replace("→", ""), *OPTIONAL_CONTEXTS - {name}, cors=True)


@pytest.mark.parametrize(("name", "marked"), ASKED_BUT_LEFT)
def test_asked_but_left(name, marked):
    check(marked, name)


@pytest.mark.parametrize(
    "marked",
    [
        "<img crossorigin src=→/media/a.jpg>",
        "<video crossorigin><source src=→/media/a.mp4></video>",
        "<link rel=preload as=image crossorigin href=→/media/a.png>",
        "<style>p { --icon: url(→/media/a.svg) }</style>",
    ],
)
def test_with_cors(marked):
    check(marked, cors=True)


WITH_CREDENTIALS = [
    "<img crossorigin=use-credentials src=/media/a.jpg>",
    "<video crossorigin=use-credentials src=/media/a.mp4><source src=/media/b.mp4></video>",
    "<picture><source srcset=/media/a.jpg><img crossorigin=use-credentials></picture>",
    "<link rel=stylesheet crossorigin=use-credentials href=/media/a.css>",
    "<link rel=modulepreload crossorigin=use-credentials href=/media/a.js>",
    "<link rel=preload as=font crossorigin=use-credentials href=/media/a.woff2>",
    "<link rel=icon crossorigin=use-credentials href=/media/a.png>",
    "<script type=module crossorigin=use-credentials src=/media/a.js></script>",
    "<script crossorigin=' USE-CREDENTIALS' src=/media/a.js></script>",
    "<p crossorigin=use-credentials data-src=/media/a.json>",
]


@pytest.mark.parametrize("marked", WITH_CREDENTIALS)
def test_with_credentials(marked):
    check(marked, *OPTIONAL_CONTEXTS, cors=True)


REQUIRES_CORP = [
    "<img src=/media/a><video poster=/media/a src=/media/b></video><input type=image src=/media/c>",
    "<img srcset='/media/a 1x'><picture><source srcset=/media/b></picture>",
    "<body background=/media/a><video><source data-src=/media/b.mp4></video>",
    "<p style='background: url(/media/a)' data-src=/media/b.jpg data-x=/media/c.jpg>",
    "<style>@import '/media/a'; p { background: url(/media/b) }</style>",
    "<link rel=stylesheet href=/media/a><script src=/media/b></script><embed src=/media/c.pdf>",
    "<link rel=preload as=image href=/media/a><svg><image href=/media/b /></svg>",
    "<iframe srcdoc='<img src=/media/a>'></iframe>",
    '<script type=application/json>["/media/a"]</script>',
    "<a href=→/media/a>x</a><meta property=og:image content=→/media/b>",
]
WITH_CORS = [
    "<img crossorigin src=→/media/a><video crossorigin><source src=→/media/b></video>",
    "<script type=module src=→/media/a></script><link rel=modulepreload href=→/media/b>",
    "<style>@font-face { src: url(→/media/a) }</style>",
    "<picture><source srcset=→/media/a><img crossorigin></picture>",
    "<p crossorigin data-bg=→/media/b>",
]


@pytest.mark.parametrize("marked", REQUIRES_CORP + WITH_CORS)
def test_where_the_page_requires_corp(marked):
    strict = replace(scope(*OPTIONAL_CONTEXTS, cors=True), requires_corp=True)
    sends = replace(strict, targets=(strict.targets[0]._replace(corp=True),))
    assert linked(marked, strict) == marked.replace("→/media/", PUBLIC.decode())
    everywhere = marked.replace("→", "").replace("/media/", PUBLIC.decode())
    assert linked(marked, sends) == everywhere


def linked(marked, scope):
    return rewrite(marked.replace("→", "").encode(), scope, html.collect, link_all).decode()


def test_every_optional_row_has_a_case():
    in_other_bodies = {"css", "json", "manifest", "playlist", "location"}
    here = {name for name, _ in [*ASKED, *ASKED_WITH_CORS]}
    assert here | in_other_bodies == OPTIONAL_CONTEXTS


def test_rows_of_one_place_agree_on_how_urls_are_written():
    for row in TABLE:
        for place in row.places.split():
            element, _, attribute = place.rstrip("]}").replace("{", "[").partition("[")
            rules = {other.rule for other in rows_at(element.encode(), attribute.encode())}
            assert len(rules - {Rule.URL}) <= 1 or row.mark is Mark.NEVER


def test_each_mark_is_in_the_table():
    assert {row.mark for row in TABLE} == set(Mark)

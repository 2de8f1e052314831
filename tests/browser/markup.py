"""Markup for every row of the context table, for pages that a real browser opens.

`→` marks a URL that is linked to the bucket, `⇉` one that is linked where the bucket answers with
CORS headers. What is in `/media/seen/` the browser asks for by itself; what is in `/media/named/`
it asks for later, or not at all.
"""

import base64
import hashlib
import re

from tests.browser.files import SCRIPT

_MARK = re.compile("([→⇉]?)/media/")
INTEGRITY = "sha256-" + base64.b64encode(hashlib.sha256(SCRIPT).digest()).decode()

DEFAULT = {
    "image": """
        <img src="→/media/seen/image.png" alt><img src=⇉/media/seen/image-cors.png crossorigin alt>
        <video poster="→/media/seen/poster.png"></video>
        <body background=→/media/seen/body.png>
        <table background=→/media/seen/table.png><tr>
        <td background=→/media/seen/td.png>x<th background=→/media/seen/th.png>x</table>
        <table><thead background=→/media/seen/thead.png><tr><td>x</thead>
        <tbody background=→/media/seen/tbody.png><tr background=→/media/seen/tr.png><td>x</tbody>
        <tfoot background=→/media/seen/tfoot.png><tr><td>x</tfoot></table>
        <image src=→/media/seen/image-tag.png alt>
        <amp-img src=→/media/named/amp.png></amp-img><amp-anim src=→/media/named/amp.gif></amp-anim>
        <amp-video poster=→/media/named/amp.png></amp-video>""",
    "image-button": "<input type=image src='→/media/seen/button.png' alt=x>",
    "media": """
        <video src="→/media/seen/video.webm"></video><audio src="→/media/seen/audio.wav"></audio>
        <video src="⇉/media/seen/video-cors.webm" crossorigin></video>
        <amp-video src=→/media/named/amp.webm></amp-video>
        <amp-audio src=→/media/named/amp.wav></amp-audio>""",
    "source": """
        <video><source src="→/media/seen/source.webm"></video>
        <video crossorigin><source src="⇉/media/seen/source-cors.webm"></video>
        <audio><source src="→/media/seen/source.wav" type=audio/wav></audio>""",
    "srcset": """
        <img alt srcset='→/media/seen/srcset.png 1x, →/media/named/srcset,2x.png 3x'>
        <image alt srcset='→/media/seen/image-tag-srcset.png 1x'>
        <amp-img srcset='→/media/named/amp.png 1x'></amp-img>
        <amp-anim srcset='→/media/named/amp.gif 1x'></amp-anim>""",
    "source-srcset": """
        <picture><source srcset="→/media/seen/picture.png, →/media/named/picture.png 3x"><img alt>
        </picture>""",
    "imagesrcset": """
        <link rel=preload as=image imagesrcset="→/media/seen/preload-srcset.png 1x">
        <img alt srcset="→/media/seen/preload-srcset.png 1x">""",
    "anchor": """
        <a href="→/media/named/page.pdf">x</a><a download href=/media/named/download.pdf>x</a>
        <map name=m><area alt=x href=→/media/named/area.pdf></map>""",
    "icon": "".join(
        f'<link rel="{rel}" href="→/media/named/{rel.replace(" ", "-")}.png">'
        for rel in "icon|shortcut icon|apple-touch-icon|apple-touch-icon-precomposed|mask-icon|"
        "image_src".split("|")
    ),
    "preload": """
        <link rel=preload as=image href=→/media/seen/preload.png>
        <img src=→/media/seen/preload.png alt>
        <link rel=preload as=image crossorigin href=⇉/media/seen/preload-cors.png>
        <img src=⇉/media/seen/preload-cors.png crossorigin alt>
        <link rel=prefetch as=image href=→/media/seen/prefetch.png>
        <link rel=prefetch as=video href=→/media/seen/prefetch.webm>
        <link rel=prefetch as=audio href=→/media/seen/prefetch.wav>""",
    "meta": "".join(
        f'<meta {name} content="→/media/named/meta.png">'
        for name in """property=og:image property=og:image:url property=og:image:secure_url
        property=og:video property=og:video:url property=og:video:secure_url property=og:audio
        property=og:audio:url property=og:audio:secure_url name=twitter:image
        name=twitter:image:src name=twitter:player:stream name=msapplication-TileImage
        name=msapplication-square70x70logo""".split()
    ),
    "microdata": "".join(
        f'<meta itemprop={name} content="→/media/named/microdata.png">'
        for name in "image thumbnailUrl contentUrl logo".split()
    ),
    "lazy": "".join(
        f'<p data-{name}="→/media/named/lazy.png">x</p>'
        for name in "src bg background-image original lazy lazy-src poster full".split()
    ),
    "lazy-srcset": """
        <p data-srcset="→/media/named/lazy.png 1x, →/media/named/lazy-2.png 2x">x</p>
        <p data-lazy-srcset="→/media/named/lazy.png 1x">x</p>""",
    "style-attribute": """
        <p style="background: url(&quot;→/media/seen/style-attribute.png&quot;)">x</p>
        <p style='list-style-image: url( →/media/seen/list.png ); display: list-item'>x</p>""",
    "svg-image": """
        <svg width=9 height=9><image href="→/media/seen/svg.png" width=9 height=9></image>
        <image xlink:href=→/media/seen/svg-xlink.png width=9 height=9 /></svg>""",
    "style": "<style>h1 { background: url('→/media/seen/style.png') }</style><h1>x</h1>",
    "css-url": """
        <style>
        h2 { background: image-set("→/media/seen/image-set.png" 1x, "→/media/named/2.png" 9x) }
        h3 { border: 3px solid; border-image: url(→/media/seen/border.png) 3 }
        h4::before { content: url("→/media/seen/content.png") }
        h5 { cursor: url(→/media/named/cursor.png), auto }
        </style><h2>x</h2><h3>x</h3><h4>x</h4><h5>x</h5>""",
    "css-custom-property": """
        <style>:root { --picture: url(⇉/media/seen/property.png) }
        :root { --mask: url(⇉/media/seen/property-mask.png) }
        h6 { background: var(--picture); mask-image: var(--mask) }</style><h6>x</h6>""",
    "ld+json": """
        <script type=application/ld+json>{"image": "→/media/named/ld.png"}</script>""",
}
"""Rows that are rewritten by default."""

ASKED = {
    "stylesheet": """
        <link rel=stylesheet href="→/media/seen/sheet.css">
        <link rel=stylesheet crossorigin href="⇉/media/seen/sheet-cors.css">
        <link rel=preload as=style href=→/media/seen/preloaded.css>
        <link rel=stylesheet href=→/media/seen/preloaded.css>""",
    "script": f"""
        <script src="→/media/seen/script.js"></script>
        <script src="⇉/media/seen/module.mjs" type=module></script>
        <script src="⇉/media/seen/checked.js" crossorigin integrity="{INTEGRITY}"></script>
        <script src="/media/seen/checked-local.js" integrity="{INTEGRITY}"></script>
        <link rel=preload as=script href=→/media/seen/preloaded.js>
        <script src=→/media/seen/preloaded.js></script>""",
    "font-preload": """
        <link rel=preload as=font type=font/woff crossorigin href=⇉/media/seen/preloaded.woff>
        <style>@font-face { font-family: preloaded; src: url(⇉/media/seen/preloaded.woff) }</style>
        <p style="font-family: preloaded">a</p>""",
    "fetch-preload": """
        <link rel=preload as=fetch crossorigin href=⇉/media/seen/fetched.json>
        <script>fetch(document.querySelector("[as=fetch]").href)</script>""",
    "modulepreload": """
        <link rel=modulepreload href=⇉/media/seen/preloaded.mjs>
        <script type=module src=⇉/media/seen/preloaded.mjs></script>""",
    "embed": """
        <embed src="→/media/seen/embed.png"><object data="→/media/seen/object.png"></object>
        <embed src="/media/seen/embed.html">""",
    "data": "<p data-anything=→/media/named/data.png>x</p>",
    "css": "<link rel=stylesheet href=/body/css/PREFIX/><i class=sheet>x</i>",
    "srcdoc": """<iframe srcdoc="<img src='→/media/seen/srcdoc.png' alt>"></iframe>""",
    "json-script": """
        <script type=application/json id=data>{"photo": "→/media/seen/json-script.png"}</script>
        <script>new Image().src = JSON.parse(document.getElementById("data").text).photo</script>
        """,
    "json": """
        <script>fetch("/body/json/PREFIX/").then((response) => response.json()).then(
          (data) => { new Image().src = data.photo }
        )</script>""",
    "manifest": "<link rel=manifest href=/body/manifest/PREFIX/>",
    "location": "<img src=/redirect/PREFIX/ alt>",
    "import": """
        <style>@import "→/media/seen/import.css"; @import url(→/media/seen/import-url.css);</style>
        """,
    "font-face": """
        <style>@font-face { font-family: face; src: url(⇉/media/seen/face.woff) format("woff") }
        </style><p style="font-family: face">a</p>""",
}
"""Rows that are rewritten where a mount asks for it."""

REDIRECT = "→/media/seen/redirected.png"
BODIES = {
    "css": """.sheet { background: url(→/media/seen/sheet.png) }
        .no { mask: url(/media/named/no.png) }""",
    "json": '{"photo": "→/media/seen/json.png"}',
    "manifest": """{"name": "x", "display": "standalone", "start_url": "/media/named/start.html",
        "scope": "/media/named/", "id": "/media/named/id",
        "icons": [{"src": "→/media/named/icon.png", "sizes": "9x9", "type": "image/png"}],
        "screenshots": [{"src": "→/media/named/screenshot.png", "sizes": "9x9"}]}""",
}
"""What views send that is not HTML."""
TYPES = {"css": "text/css", "json": "application/json", "manifest": "application/manifest+json"}

NEVER = {
    # First: an import map comes before modules.
    "script-data": """
        <script type=importmap>{"imports": {"mapped": "/media/seen/mapped.mjs"}}</script>
        <script type=module>import "mapped"</script>
        <script type=speculationrules>
        {"prefetch": [{"urls": ["/media/named/page.html"], "eagerness": "conservative"}]}
        </script>""",
    "ld+json-identity": """
        <script type=application/ld+json>{"@id": "/media/named/ld-id", "url": "/media/named/ld-url",
        "mainEntityOfPage": "/media/named/ld-main"}</script>""",
    "link": "".join(
        f'<link rel="{rel}" href="/media/named/{rel}.html">'
        for rel in """canonical alternate next prev preconnect amphtml license author help search
        pingback expect me self""".split()
    )
    + '<link rel=manifest href="/media/named/site.webmanifest">',
    "frame": '<iframe src="/media/seen/frame.html"></iframe>',
    "track": """
        <video src=→/media/seen/tracked.webm><track default src="/media/seen/track.vtt" srclang=en>
        </video>""",
    "meta-identity": '<meta property=og:url content="/media/named/page.html">'
    '<meta name=msapplication-config content="/media/named/config.xml">',
    "refresh": '<meta http-equiv=refresh content="3600; url=/media/named/page.html">'
    '<meta http-equiv=refresh name=og:image content="/media/named/image.png">',
    "svg-reference": """
        <svg width=9 height=9><use href="/media/seen/shapes.svg#shape" />
        <use xlink:href="/media/named/shapes.svg#shape" />
        <script href="/media/seen/svg.js"></script>
        <script xlink:href="/media/seen/svg-xlink.js"></script>
        <filter id=f><feImage href="/media/named/fe.png" />
        <feImage xlink:href="/media/named/fe.png" /></filter><path id=p d="M0 0" />"""
    + "".join(
        f"<{name} {attribute}='/media/named/shapes.svg#shape'></{name}>"
        for name in "linearGradient radialGradient pattern mpath textPath".split()
        for attribute in ("href", "xlink:href")
    )
    + "".join(
        f"<rect width=9 height=9 {name}='url(/media/named/shapes.svg#shape)' />"
        for name in """fill stroke mask filter clip-path marker-start marker-mid
        marker-end""".split()
    )
    + "</svg>",
    "identity": """
        <base href="/media/named/"><html manifest="/media/named/x.appcache">
        <form action="/media/named/form"><button formaction="/media/named/button">x</button>
        <input type=submit formaction="/media/named/submit" value=x></form>
        <a ping="/media/named/ping" href=/>x</a><q cite="/media/named/cite">x</q>
        <map name=m><area ping=/media/named/ping href=/ alt=x></map>
        <img longdesc="/media/named/longdesc" usemap="/media/named/#m" alt=x>
        <object codebase="/media/named/" archive="/media/named/a" classid="/media/named/c"></object>
        <p itemscope itemid="/media/named/id" itemtype="/media/named/type">x</p>
        <p about="/media/named/about" resource="/media/named/resource">x</p>""",
    "value": """
        <input value="/media/named/value.png"><select><option>/media/named/option.png</select>
        <textarea><img src="/media/named/textarea.png"></textarea>
        <title><img src="/media/named/title.png"></title>""",
    "handler": """<button onclick="this.title = '/media/named/handler.png'">x</button>""",
    "css-cors-only": """
        <style>.box { float: left; width: 9px; height: 9px; background: teal }
        .mask { mask-image: url(/media/seen/mask.png) }
        .mask { -webkit-mask-box-image: url(/media/named/mask-box.png) }
        .shape { shape-outside: url(/media/seen/shape.png) }
        .clip { clip-path: url(/media/named/shapes.svg#clip) }
        .filter { filter: url(/media/named/shapes.svg#filter) }
        .backdrop { backdrop-filter: url(/media/named/shapes.svg#filter) }
        .svg { fill: url(/media/named/shapes.svg#f); stroke: url(/media/named/shapes.svg#s) }
        .svg { marker: url(/media/named/shapes.svg#m); marker-end: url(/media/named/s.svg#m) }
        .old { behavior: url(/media/named/a.htc); binding: url(/media/named/a.xml) }</style>
        <p class="box mask">x</p><p class="box shape">x</p><p class="box clip">x</p>
        <p class="box filter">x</p><p class="box backdrop">x</p><p class="box svg old">x</p>""",
    # Last: nothing ends a <plaintext>.
    "text": """
        <xmp><img src="/media/named/xmp.png"></xmp>
        <noembed><img src="/media/named/noembed.png"></noembed>
        <noframes><img src="/media/named/noframes.png"></noframes>
        <iframe><img src="/media/named/iframe.png"></iframe>
        <!-- <img src="/media/named/comment.png"> --> /media/named/text.png
        <plaintext><img src="/media/named/plaintext.png">""",
}
"""Rows that are never rewritten."""

IN_DOUBT = {"seen/property.png"}
"""Linked where the bucket has CORS, as it cannot be seen whether they are fetched so."""

SOURCES = """
    <video><source src="→/media/seen/plain-source.webm"></video>
    <picture><source srcset="→/media/seen/plain-source.png"><img alt></picture>"""
"""On a page without any `crossorigin`."""

FRAMESET = '<frameset><frame src="/media/seen/framed.html"></frameset>'

CASES = DEFAULT | ASKED | NEVER
CASES["frame"] += FRAMESET
CASES["manifest"] = CASES["manifest-identity"] = BODIES["manifest"]
"""By the name of the row."""

UNSEEN = set(
    """
    feed feed-html feed-identity podcast podcast-srcset podcast-text json-feed json-feed-identity
    json-string sitemap sitemap-identity playlist playlist-key header
    """.split()
)
"""Rows for what a browser does not read, or does not ask anything for."""

PAGES = {
    "default": "\n".join(DEFAULT.values()),
    "asked": "\n".join(ASKED.values()),
    "never": "\n".join(NEVER.values()),
    "sources": SOURCES,
    "frameset": FRAMESET,
    "link": "<img src=→/media/seen/link.png alt>",
    **BODIES,
    "redirect": REDIRECT,
}
LINK = "<→/media/seen/link.png>; rel=preload; as=image"
"""The header of the page "link"; the browser asks once for both, or complains."""


def source(text: str, prefix: str) -> str:
    """A text as a view writes it, for a mount with that prefix: `/media/`."""
    return rewritten(text, prefix, "", "")


def rewritten(text: str, prefix: str, marks: str, public_url: str) -> str:
    """The text as it is to be sent, where URLs with one of the marks are linked."""

    def linked(found: re.Match[str]) -> str:
        return public_url if found[1] and found[1] in marks else prefix

    return _MARK.sub(linked, text).replace("PREFIX", prefix.strip("/"))


def names() -> set[str]:
    """The names of all files that the pages speak of, without queries."""
    found = re.findall(r"/media/([\w/.,-]*\.\w+)", " ".join(PAGES.values()))
    return set(found)


def seen(page: str, marks: str) -> dict[str, bool]:
    """The names that a browser asks for by itself, and whether they are linked."""
    text = PAGES[page]
    if page == "asked":
        text = " ".join((text, REDIRECT, *BODIES.values()))
    found = re.findall(r"([→⇉]?)/media/(seen/[\w.-]*\w)", text)
    return {name: bool(mark) and mark in marks for mark, name in found}

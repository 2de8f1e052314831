"""The context table: where a local URL can stand, and what to do there. Data, and its look-up.

A place that no row names is left alone. The README says for users what follows from it.

`places` are written `element[attribute]`, or `element{}` for an element's text; `*` is any
element. In CSS the "element" is `css` and the "attribute" a property; a body is
`body[content type]`. `when` tells which tags a row is for; of the rows for one place and tag
each must allow a URL.
"""

from collections import defaultdict
from enum import Enum, IntEnum, auto
from functools import lru_cache
from typing import NamedTuple

from s3rewrite.rewriters.conditions import (
    Need,
    Spot,
    When,
    about,
    about_tile_logo,
    checkable,
    cors,
    cors_if_asked,
    cors_if_module,
    cors_if_parent_asks,
    has,
    is_script,
    kind,
    media_extension,
    no_download,
)


class Mark(Enum):
    """Whether URLs are rewritten: by default, where a mount names the row, or never."""

    YES = "✔"
    ASKED = "○"
    NEVER = "✘"


class Rule(IntEnum):
    """How the URLs of a place are written."""

    URL = auto()
    SRCSET = auto()
    CSS = auto()


class Row(NamedTuple):
    """One row of the table; for an ASKED one, `name` is what a mount writes in CONTEXTS."""

    name: str
    mark: Mark
    places: str
    rule: Rule = Rule.URL
    when: tuple[When, ...] = ()
    needs: tuple[Need, ...] = ()

    def allows(self, spot: Spot) -> bool:
        """Whether the URL may be linked as far as this row goes."""
        if self.mark is NEVER:
            return False
        if self.mark is ASKED and self.name not in spot.target.contexts:
            return False
        for need in self.needs:  # noqa: SIM110 - called for every URL; half the time of `all`
            if not need(spot):
                return False
        return True


_preloads = has("rel", "preload", "prefetch")

YES, ASKED, NEVER = Mark
URL, SRCSET, CSS = Rule

_MEDIA = ("image", "video", "audio")
_META = (
    *("og:image", "og:image:url", "og:image:secure_url"),
    *("og:video", "og:video:url", "og:video:secure_url"),
    *("og:audio", "og:audio:url", "og:audio:secure_url"),
    *("twitter:image", "twitter:image:src", "twitter:player:stream"),
    "msapplication-tileimage",
)
# fmt: off
TABLE = (
    Row("image", YES, "img[src] video[poster] body[background] table[background] "
        "td[background] th[background]", needs=(cors_if_asked,)),
    Row("image-button", YES, "input[src]", when=(kind("type", "image"),), needs=(cors_if_asked,)),
    Row("media", YES, "video[src] audio[src]", needs=(cors_if_asked,)),
    Row("source", YES, "source[src]", needs=(cors_if_asked, cors_if_parent_asks)),
    Row("srcset", YES, "img[srcset]", SRCSET, needs=(cors_if_asked,)),
    Row("source-srcset", YES, "source[srcset]", SRCSET,
        needs=(cors_if_asked, cors_if_parent_asks)),
    Row("imagesrcset", YES, "link[imagesrcset]", SRCSET, needs=(cors_if_asked,)),
    Row("anchor", YES, "a[href] area[href]", needs=(no_download,)),
    Row("icon", YES, "link[href]",
        when=(has("rel", "icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon",
                  "image_src"),),
        needs=(cors_if_asked,)),
    Row("preload", YES, "link[href]",
        when=(_preloads, kind("as", *_MEDIA)), needs=(cors_if_asked,)),
    Row("stylesheet", ASKED, "link[href]", when=(has("rel", "stylesheet"),),
        needs=(checkable, cors_if_asked)),
    Row("stylesheet", ASKED, "link[href]",
        when=(_preloads, kind("as", "style")), needs=(checkable, cors_if_asked)),
    Row("script", ASKED, "link[href]",
        when=(_preloads, kind("as", "script")), needs=(checkable, cors_if_asked)),
    Row("font-preload", ASKED, "link[href]",
        when=(_preloads, kind("as", "font")), needs=(cors,)),
    Row("fetch-preload", ASKED, "link[href]",
        when=(_preloads, kind("as", "fetch")), needs=(cors,)),
    Row("modulepreload", ASKED, "link[href]", when=(has("rel", "modulepreload"),), needs=(cors,)),
    Row("link", NEVER, "link[href]",
        when=(has("rel", "canonical", "alternate", "next", "prev", "manifest", "preconnect",
                  "amphtml", "license", "author", "help", "search", "pingback", "expect", "me",
                  "self"),)),
    Row("script", ASKED, "script[src]", when=(is_script,),
        needs=(checkable, cors_if_asked, cors_if_module)),
    Row("frame", NEVER, "iframe[src] frame[src]"),
    Row("embed", ASKED, "embed[src] object[data]", needs=(media_extension,)),
    Row("track", NEVER, "track[src]"),
    Row("meta", YES, "meta[content]", when=(about(*_META),)),
    Row("meta", YES, "meta[content]", when=(about_tile_logo,)),
    Row("microdata", YES, "meta[content]",
        when=(has("itemprop", "image", "thumbnailurl", "contenturl", "logo"),)),
    Row("meta-identity", NEVER, "meta[content]", when=(about("og:url", "msapplication-config"),)),
    Row("refresh", NEVER, "meta[content]",
        when=(kind("http-equiv", "refresh", "content-security-policy"),)),
    Row("lazy", YES, "*[data-src] *[data-bg] *[data-background-image] *[data-original] "
        "*[data-lazy] *[data-lazy-src] *[data-poster] *[data-full]", needs=(cors_if_asked,)),
    Row("lazy-srcset", YES, "*[data-srcset]", SRCSET, needs=(cors_if_asked,)),
    Row("data", ASKED, "*[data-*]", needs=(cors_if_asked,)),
    Row("style-attribute", YES, "*[style]", CSS),
    Row("svg-image", YES, "image[href] image[xlink:href]", needs=(cors_if_asked,)),
    Row("svg-reference", NEVER,
        "use[href] use[xlink:href] feimage[href] feimage[xlink:href] script[href] "
        "script[xlink:href] lineargradient[href] lineargradient[xlink:href] "
        "radialgradient[href] radialgradient[xlink:href] pattern[href] pattern[xlink:href] "
        "mpath[href] mpath[xlink:href] textpath[href] textpath[xlink:href] "
        "*[fill] *[stroke] *[mask] *[filter] *[clip-path] *[marker-start] *[marker-mid] "
        "*[marker-end]"),
    Row("identity", NEVER,
        "form[action] button[formaction] input[formaction] a[ping] area[ping] *[cite] "
        "img[longdesc] *[usemap] base[href] html[manifest] object[codebase] object[archive] "
        "object[classid] *[itemid] *[itemtype] *[about] *[resource]"),
    Row("value", NEVER, "*[value] option{} textarea{} title{}"),
    Row("handler", NEVER, "*[on*]"),
    Row("style", YES, "style{}", CSS, when=(kind("type", "", "text/css"),)),
    Row("css", ASKED, "body[text/css]", CSS),
    Row("script-data", NEVER, "script{}", when=(kind("type", "importmap", "speculationrules"),)),
    Row("text", NEVER, "xmp{} plaintext{} noembed{} noframes{} iframe{}"),
    Row("css-url", YES, "css[*]", CSS),
    Row("css-custom-property", YES, "css[--*]", CSS, needs=(cors,)),
    Row("import", ASKED, "css[@import]", CSS),
    Row("css-cors-only", NEVER, "css[mask*] css[shape-outside] css[clip-path] css[filter] "
        "css[backdrop-filter] css[fill] css[stroke] css[marker*] css[behavior] css[binding]", CSS),
    Row("font-face", ASKED, "css[src]", CSS, needs=(cors,)),
)
# fmt: on
"""The rows."""

OPTIONAL_CONTEXTS = frozenset(row.name for row in TABLE if row.mark is ASKED)
"""The names that a mount may write in CONTEXTS."""


@lru_cache(maxsize=4096)
def rows_at(element: bytes, attribute: bytes) -> tuple[Row, ...]:
    """The rows that name a place; names in lower case, b"" as the attribute for the text.

    A row that ends with `*` is for what no other names, the longest beginning first.
    """
    rows = (*_INDEX[element, attribute], *_INDEX[b"*", attribute])
    if rows or not attribute:
        return rows
    for begins, owner, row in _FAMILIES:
        if owner in (element, b"*") and attribute.startswith(begins):
            return (row,)
    return ()


def _places() -> list[tuple[bytes, bytes, Row]]:
    found = [(place.encode(), row) for row in TABLE for place in row.places.split()]
    pairs = [(place.replace(b"{}", b"[]").rstrip(b"]").split(b"["), row) for place, row in found]
    return [(element, attribute, row) for (element, attribute), row in pairs]


_INDEX: defaultdict[tuple[bytes, bytes], list[Row]] = defaultdict(list)
_FAMILIES: list[tuple[bytes, bytes, Row]] = []
for _element, _attribute, _row in _places():
    if _attribute.endswith(b"*"):
        _FAMILIES.append((_attribute[:-1], _element, _row))
    else:
        _INDEX[_element, _attribute].append(_row)
_FAMILIES.sort(key=lambda family: len(family[0]), reverse=True)

"""What independent parsers say a body's links are, and the pieces to make bodies of."""

import warnings
from itertools import zip_longest

from bs4 import BeautifulSoup, Tag
from turbohtml import Tokenizer

from tests.rewriters.expected import LINK, css_mistakes, linked_srcset, linked_url

TEXT, START_TAG, END_TAG = range(3)
RULES = {
    **dict.fromkeys((("img", "src"), ("a", "href"), ("video", "src"), ("*", "data-src")), "url"),
    **dict.fromkeys((("img", "srcset"), ("source", "srcset"), ("*", "data-srcset")), "srcset"),
    **dict.fromkeys((("image", "href"), ("image", "xlink:href"), ("video", "poster")), "url"),
    ("source", "src"): "url",
    ("*", "style"): "css",
}

URLS = ["/media/a.jpg", " /media/b", "//example.com/media/c", "/media", "x/media/d", "/media/&amp;"]
PIECES = [
    *("<", ">", "/", "=", '"', "'", " ", "\n", "\t", "\r\n", "\f", "!", "-", "--", "&", ";", "x"),
    *("<img ", "<IMG\n", "<a ", "<p ", "<video/", "</p", "</a ", "<x", "</", "<!", "<?", "<!-"),
    *("src", "SRC=", "src=", "src = ", "href=", "href='", 'src="', "data-src=", "title=", "alt"),
    *("<!--", "-->", "--!>", "<!-->", "<!--->", "<!doctype ", "</ x", "</>", "<!x", "<?x", "->"),
    *("<script>", "</script>", "<script", "</script", "<!--<script>", "</script >", "</scripty>"),
    *("<style>", "</style>", "<title>", "</title>", "<textarea>", "</textarea>", "</TITLE/"),
    *("<xmp>", "</xmp>", "<iframe>", "</iframe>", "<noembed>", "</noembed>", "<noframes>"),
    *("</noframes>", "<plaintext>", "<template>", "<br/>", "<s>", "<i>", "<titles>"),
    *("\v", "\x7f", "&quot;", "&#39;", "\x01", "e", "t", "s"),
]  # fmt: skip

FOREIGN_PIECES = [
    *("<svg>", "</svg>", "<svg ", "<math>", "</math>", "<select>", "</select>", "<![CDATA[", "]]>"),
    *("<foreignObject>", "</foreignObject>", "<desc>", "<mi>", "<annotation-xml>", "<table>"),
    *("<style>", "</style>", "<title>", "</title>", "<script>", "</script>", "<style/>", "<svg/>"),
    *("<script/>", "<!--", "-->", "<div>", "</div>", "<textarea>", "</textarea>", "<p>"),
    *("<img src=/media/a>", "<image href=/media/b />", "<a href='/media/c'>", "<noscript>"),
]
VALUE_PIECES = [
    *("<img srcset='", '<img srcset="', "<p style='", '<p style="', "<style>", "</style>", "'>"),
    *("<source srcset=", "<p data-srcset='", "<p style=", "<img style='", ">", '">', " ", "\n"),
    *(",", ", ", " 1x", " 1x,", "(", ")", "url(", "url('", 'url("', "URL( ", "')", '")', "\\"),
    *("background:", "mask:", "b :", "--c:", ";", ":", "{", "}", "p{", "@media x{", "src:", "/"),
    *("image-set(", "-webkit-image-set('", "type('", "-webkit-mask:", "@import '", "@font-face{"),
    *("/*", "*/", "'", '"', "&quot;", "&#39;", "&#x2e;", "&amp;", "&", "#", "@", "!", "é", "\t"),
    *("<!--", "-->", "url(x)", "src('", "[", "]", "\0", "<img src=/media/z>", "/* ' */"),
]
"""What srcset, `style` and style sheets are made of."""


def tokens(text):
    """Type, tag, attributes and data of each token."""
    tokenizer = Tokenizer(capture_source=True)
    found = [*tokenizer.feed(text), *tokenizer.close()]
    return [(token.type, token.tag, token.attrs or [], token.data) for token in found]


def wrong_tokens(before, after):
    """Where two token streams do not differ as they are to by the rewriting, and only so."""
    wrong, changes = [], 0
    olds, news = tokens(before), tokens(after)
    sheets = _style_sheets(olds)
    pairs = zip_longest(olds, news, fillvalue=(None, None, [], None))
    for place, (old, new) in enumerate(pairs):
        changes += _links(new) - _links(old)
        wrong += _wrong_token(place in sheets, old, new)
    return wrong or _elsewhere(before, after, changes)


def _style_sheets(found):
    """Which tokens are the text of a `<style>`; one without an end is left alone."""
    kinds = [token[:2] for token in found]
    around = zip(kinds, kinds[1:], kinds[2:], strict=False)
    sheet = ((START_TAG, "style"), (TEXT, None), (END_TAG, "style"))
    return {place + 1 for place, three in enumerate(around) if three == sheet}


def _wrong_token(is_sheet, old, new):
    (kind, tag, attributes, data), (new_kind, new_tag, new_attributes, new_data) = old, new
    names = [name for name, _ in attributes]
    if (kind, tag, names) != (new_kind, new_tag, [name for name, _ in new_attributes]):
        return [(old, new)]
    if is_sheet:
        return css_mistakes(data, new_data, declarations=False)
    wrong = [] if data == new_data else [(data, new_data)]
    for (name, value), (_, new_value) in zip(attributes, new_attributes, strict=True):
        # What a browser drops, such as the attributes of an end tag, stays.
        rule = rule_of(tag, name) if kind == START_TAG else ""
        wrong += wrong_value(rule, value, new_value)
    return wrong


def rule_of(tag, name):
    """How an attribute is rewritten; "" for never."""
    return RULES.get((tag, name)) or RULES.get(("*", name)) or ""


def wrong_value(rule, old, new):
    """What is wrong with the new value of an attribute."""
    if rule == "css":
        return css_mistakes(old, new, declarations=True)
    wanted = {"url": linked_url, "srcset": linked_srcset}.get(rule, str)(old)
    return [] if new == wanted else [(rule, old, new)]


def _links(token):
    return sum(value.count(LINK) for _, value in token[2]) + (token[3] or "").count(LINK)


def _elsewhere(before, after, changes):
    """Links where no parser sees one: in an attribute that another of its name hides."""
    found = after.count(LINK) - before.count(LINK)
    return [] if found == changes else [("elsewhere", found, changes)]


def wrong_changes(before, after):
    """What differs between two trees, but for links as they are to be.

    A tree may leave out what the tokens hold; what it holds is linked rightly, or as it was.
    """
    pairs = zip_longest(_nodes(before), _nodes(after), fillvalue=(None, {}, None))
    return [(old, new) for old, new in pairs if not _is_same_or_linked(old, new)]


def _nodes(text):
    """Name, attributes and text of each node of the tree; of a text, its element."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        soup = BeautifulSoup(text, "html5lib", multi_valued_attributes=None)
    return [
        (node.name, dict(node.attrs), None)
        if isinstance(node, Tag)
        else (f"{type(node).__name__} in {node.parent.name}", {}, str(node))
        for node in soup.descendants
    ]


def _is_same_or_linked(old, new):
    (name, before, text), (new_name, after, new_text) = old, new
    if (name, list(before)) != (new_name, list(after)):
        return False
    if text != new_text and (
        None in (text, new_text)
        or not name.endswith("in style")
        or css_mistakes(text, new_text, declarations=False)
    ):
        return False
    # Outside of SVG the parser makes an <img> of an <image>.
    tag = (
        "image" if name == "img" and not before.keys().isdisjoint(("href", "xlink:href")) else name
    )
    return all(
        before[key] == after[key]
        or not wrong_value(rule_of(name, key), before[key], after[key])
        or not wrong_value(rule_of(tag, key), before[key], after[key])
        for key in before
    )

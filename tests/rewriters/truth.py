"""What independent parsers say a body's links are, and the pieces to make bodies of."""

import warnings
from itertools import zip_longest

from bs4 import BeautifulSoup, Tag
from turbohtml import Tokenizer

from tests.rewriters.support import PREFIXES, PUBLIC

START_TAG = 1
ATTRIBUTES = {("img", "src"), ("a", "href"), ("video", "src")}

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
TREE_ATTRIBUTES = {*ATTRIBUTES, ("image", "href"), ("image", "xlink:href"), ("img", "href")}


def tokens(text):
    """Type, tag, attributes and data of each token."""
    tokenizer = Tokenizer(capture_source=True)
    found = [*tokenizer.feed(text), *tokenizer.close()]
    return [(token.type, token.tag, token.attrs or [], token.data) for token in found]


def linked(found):
    """The tokens, as they are to be after the rewriting."""
    return [
        (kind, tag, [(name, _linked(tag, name, value)) for name, value in attributes], data)
        if kind == START_TAG
        else (kind, tag, attributes, data)
        for kind, tag, attributes, data in found
    ]


def _linked(tag, name, value):
    url = value.strip("".join(map(chr, range(0x21))))
    for prefix in PREFIXES:
        spelled = prefix.decode()
        is_place = name == "data-src" or (tag, name) in ATTRIBUTES
        if is_place and url.startswith(spelled) and not set(url) & set("\t\r\n"):
            return value.replace(spelled, PUBLIC.decode(), 1)
    return value


def wrong_changes(before, after):
    """What differs between two trees, but for links in their places."""
    pairs = zip_longest(_nodes(before), _nodes(after), fillvalue=(None, {}, None))
    return [(old, new) for old, new in pairs if not _is_same_or_linked(old, new)]


def _nodes(text):
    """Name, attributes and text of each node of the tree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        soup = BeautifulSoup(text, "html5lib", multi_valued_attributes=None)
    return [
        (node.name, dict(node.attrs), None)
        if isinstance(node, Tag)
        else (type(node).__name__, {}, str(node))
        for node in soup.descendants
    ]


def _is_same_or_linked(old, new):
    (name, before, text), (new_name, after, new_text) = old, new
    changed = {key for key in before if before[key] != after.get(key)}
    return (name, text, list(before)) == (new_name, new_text, list(after)) and all(
        (key == "data-src" or (name, key) in TREE_ATTRIBUTES) and PUBLIC.decode() in after[key]
        for key in changed
    )

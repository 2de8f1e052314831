"""What an independent tokenizer says a body's links are, and the pieces to make bodies of."""

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

"""The statements of a style sheet or a `style` attribute, and the URLs in them.

CSS Syntax Level 3, 4 Tokenization: comments and strings are skipped, escapes are understood well
enough to be left alone, and a statement that is not beyond doubt ends the search.
"""

import re
from collections.abc import Iterator, Sequence

from s3rewrite.rewriters.search import Matches
from s3rewrite.rewriters.syntax.tokens import SPACES, any_case, compiled

IMPORT = b"@import"
"""What stands for the property in an `@import` rule."""

LONGEST_PROPERTY = 64
"""Bytes of a property's name that are compared: longer names are cut."""

_LETTER = r"-\w\x80-\xff"
_COMMENT = r"/\*[^*]*+(?: \*(?!/)[^*]*+ )*+\*/"
_ESCAPE = r"\\(?: \r\n | [\x00-\xff] )"
_STRING = rf"""
    (?: "[^"\\\n\r\f]*+(?: {_ESCAPE}[^"\\\n\r\f]*+ )*+"
      | '[^'\\\n\r\f]*+(?: {_ESCAPE}[^'\\\n\r\f]*+ )*+' )
"""
# 4.3.6: without a quote the URL goes up to the first ")" that is not escaped.
_URL_START = rf"""{any_case("url")}\([{SPACES}]*+(?!["'])"""
_URL_REST = rf"(?: [^)\\]++ | {_ESCAPE} )*+\)"
# A URL that is not closed holds all that follows, so that nothing behind it is looked at again.
_ALL = r"[\x00-\xff]*+"
# A name with an escape is no function here: it could be a `url` in disguise.
_NAME = rf"[\#@]?+(?: [{_LETTER}]++(?!\\) | (?: [{_LETTER}]++ | \\[^\n\r\f] )++(?!\() )"
_SIGN = rf"[^{_LETTER}\"'\\/;{{}}()\#@]++ | /(?!\*) | [\#@](?![{_LETTER}\\])"

_STATEMENTS = compiled(
    rf"(?: (?: {_COMMENT} | {_STRING} | {_URL_START}(?: {_URL_REST} | {_ALL} ) | {_NAME} | {_SIGN}"
    r" | [()] )*+"
    r"[;{}] )*+"
)
_HEAD = compiled(
    rf"(?: [{SPACES}]++ | {_COMMENT} )*+"
    rf"(?: (@[{_LETTER}]++) | ([{_LETTER}]++)(?: [{SPACES}]++ | {_COMMENT} )*+: )(?!\\)"
)
_TOKEN = compiled(
    rf"""
    {_URL_START}(?: (?P<url>{_URL_REST}) | (?P<unclosed>) )
  | (?P<open>[{_LETTER}]*+)\( | (?P<close>\))
  | (?P<string>{_STRING}) | (?P<end>[;{{}}]) | (?: {_COMMENT} | {_NAME} | {_SIGN} )
  | (?P<unknown>[\x00-\xff])
    """
)

_BLANK = compiled(rf"(?: [{SPACES}]++ | {_COMMENT} | <!-- | --> )*+")

# Functions of which a bare string is a URL. CSS Images 4, 2.5; CSS Values 4, 4.5.
_URL_FUNCTIONS = frozenset({b"url", b"src", b"image-set", b"-webkit-image-set"})
_UNSURE = frozenset({"unclosed", "unknown"})
_SPACES = b"\t\n\f\r "
_ABSOLUTE = re.compile(rb"[\"']?[\x00-\x20]*+[a-zA-Z][a-zA-Z0-9+.-]*+:")
_UNSURE_WITHOUT_QUOTES = compiled(rf"""[\\"'({SPACES}]""")


Use = tuple[int, int, bytes]
"""Where a URL begins and ends in a text, and the property, in lower case, that it is a value of."""


def uses(css: bytes, needles: Sequence[bytes]) -> Iterator[Use]:
    """The URLs in those statements of a style sheet, or of declarations, that hold a needle.

    Only whole statements before a needle are passed over, so that each byte is read about once.
    """
    matches = Matches((css, needle) for needle in needles)
    start, place = 0, matches.next(0)
    while place is not None:
        passed = _STATEMENTS.match(css, start, place)
        urls: list[Use] = []
        end = _read_statement(css, passed.end() if passed else start, urls)
        yield from urls
        if end is None:
            return
        start, place = end, matches.next(max(end, place + 1))


def statements_end(css: bytes) -> int:
    """Where the whole statements end with which a style sheet begins."""
    passed = _STATEMENTS.match(css)
    return passed.end() if passed else 0


def every_use(css: bytes) -> list[Use] | None:
    """All URLs that a style sheet fetches; None where it cannot be read beyond doubt."""
    urls: list[Use] = []
    start = 0
    while not _BLANK.fullmatch(css, start):
        end = _read_statement(css, start, urls, is_strict=True)
        if end is None:
            return None
        start = end
    return urls


def _read_statement(
    css: bytes, start: int, urls: list[Use], *, is_strict: bool = False
) -> int | None:
    """Add the URLs of the statement at `start` to `urls`; its end, None where that is in doubt.

    Where `is_strict`, it is also in doubt if anything in it may be a URL that is not read.
    """
    name, start = _head(css, start)
    functions: list[bytes] = []
    for token in _TOKEN.finditer(css, start):
        kind = token.lastgroup
        if kind == "end":
            return token.end()
        if kind in _UNSURE:
            return None
        _follow(functions, token)
        if span := _span(token, name, functions):
            urls.append((*span, name))
            # Only conditions follow the URL of an import: as of another at-rule, they are no URLs.
            name = b"@" if name == IMPORT else name
        elif is_strict and _is_unread(token, name, functions):
            return None
    return None


def _head(css: bytes, start: int) -> tuple[bytes, int]:
    """The name of the property or the rule that a statement begins with, and where that ends."""
    head = _HEAD.match(css, start)
    return ((head[1] or head[2])[:LONGEST_PROPERTY].lower(), head.end()) if head else (b"", start)


def _follow(functions: list[bytes], token: re.Match[bytes]) -> None:
    """Keep up to date which functions are open, by their names, the innermost one last."""
    if token.lastgroup == "open":
        functions.append(token["open"].lower())
    elif token.lastgroup == "close":
        del functions[-1:]


def _span(token: re.Match[bytes], name: bytes, functions: list[bytes]) -> tuple[int, int] | None:
    """Where the URL begins and ends that a token is; None if it is none, or has escapes."""
    if not name or (name.startswith(b"@") and name != IMPORT):
        return None
    if token.lastgroup == "url":
        url = token["url"][:-1].rstrip(_SPACES)
        begin = token.start("url")
        return None if _UNSURE_WITHOUT_QUOTES.search(url) else (begin, begin + len(url))
    if token.lastgroup != "string" or b"\\" in token["string"]:
        return None
    is_url = functions[-1] in _URL_FUNCTIONS if functions else name == IMPORT
    return (token.start() + 1, token.end() - 1) if is_url else None


def _is_unread(token: re.Match[bytes], name: bytes, functions: list[bytes]) -> bool:
    """Whether a token may be a URL that is fetched, though it is hard to say which."""
    if name.startswith(b"@") and name != IMPORT:
        return False  # a URL that names something, as of @namespace
    if _ABSOLUTE.match(token["url"] or token["string"] or b""):
        return False  # the same wherever it is read, whatever its escapes mean
    if token.lastgroup == "url":
        return True
    is_argument = functions[-1] in _URL_FUNCTIONS if functions else name == IMPORT
    return token.lastgroup == "string" and is_argument

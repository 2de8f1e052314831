"""The statements of a style sheet or a `style` attribute, and the URLs in them.

CSS Syntax Level 3, 4 Tokenization: comments and strings are skipped, escapes are understood well
enough to be left alone, and a statement that is not beyond doubt ends the search.
"""

import re
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

from s3rewrite.rewriters.prefixes import Places
from s3rewrite.rewriters.tokens import SPACES, any_case, compiled

IMPORT = b"@import"
"""What stands for the property in an `@import` rule."""

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
# A name with an escape is no function here: it could be a `url` in disguise.
_NAME = rf"[\#@]?+(?: [{_LETTER}]++(?!\\) | (?: [{_LETTER}]++ | \\[^\n\r\f] )++(?!\() )"
_SIGN = rf"[^{_LETTER}\"'\\/;{{}}()\#@]++ | /(?!\*) | [\#@](?![{_LETTER}\\])"

_STATEMENTS = compiled(
    rf"(?: (?: {_COMMENT} | {_STRING} | {_URL_START}{_URL_REST} | {_NAME} | {_SIGN} | [()] )*+"
    r"[;{}] )*+"
)
_HEAD = compiled(
    rf"(?: [{SPACES}]++ | {_COMMENT} )*+"
    rf"(?: (@[{_LETTER}]++) | ([{_LETTER}]++)(?: [{SPACES}]++ | {_COMMENT} )*+: )(?!\\)"
)
_TOKEN = compiled(
    rf"""
    {_URL_START}(?P<url>{_URL_REST}) | (?P<open>[{_LETTER}]*+)\( | (?P<close>\))
  | (?P<string>{_STRING}) | (?P<end>[;{{}}]) | (?: {_COMMENT} | {_NAME} | {_SIGN} )
  | (?P<unknown>[\x00-\xff])
    """
)

# Functions of which a bare string is a URL. CSS Images 4, 2.5; CSS Values 4, 4.5.
_URL_FUNCTIONS = frozenset({b"url", b"src", b"image-set", b"-webkit-image-set"})
_SPACES = b"\t\n\f\r "
_UNSURE_WITHOUT_QUOTES = compiled(rf"""[\\"'({SPACES}]""")


class Use(NamedTuple):
    """A URL by its place in the text, and the property, in lower case, that it is a value of."""

    begin: int
    end: int
    property: bytes


def uses(css: bytes, needles: Sequence[bytes]) -> Iterator[Use]:
    """The URLs in those statements of a style sheet, or of declarations, that hold a needle.

    Only whole statements before a needle are passed over, so that each byte is read about once.
    """
    places = Places((css, needle) for needle in needles)
    start, place = 0, places.next(0)
    while place is not None:
        passed = _STATEMENTS.match(css, start, place)
        end = yield from _statement(css, passed.end() if passed else start)
        if end is None:
            return
        start, place = end, places.next(max(end, place + 1))


def statements_end(css: bytes) -> int:
    """Where the last of the whole statements ends with which a style sheet begins."""
    passed = _STATEMENTS.match(css)
    return passed.end() if passed else 0


def _statement(css: bytes, start: int) -> Generator[Use, None, int | None]:
    """The URLs of the statement at `start`; returns its end, None where that is in doubt."""
    head = _HEAD.match(css, start)
    name = (head[1] or head[2]).lower() if head else b""
    functions: list[bytes] = []
    for token in _TOKEN.finditer(css, head.end() if head else start):
        kind = token.lastgroup
        if kind == "end":
            return token.end()
        if kind == "unknown":
            return None
        _follow(functions, token)
        if span := _span(token, name, functions):
            yield Use(*span, name)
            # What follows the URL of an import are conditions.
            name = b"" if name == IMPORT else name
    return None


def _follow(functions: list[bytes], token: re.Match[bytes]) -> None:
    """Keep the names of the functions that are open."""
    if token.lastgroup == "open":
        functions.append(token["open"].lower())
    elif token.lastgroup == "close":
        del functions[-1:]


def _span(token: re.Match[bytes], name: bytes, functions: list[bytes]) -> tuple[int, int] | None:
    """Where the URL that a token is begins and ends; None if it is none, or hard to read."""
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

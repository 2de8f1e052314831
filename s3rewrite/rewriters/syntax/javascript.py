"""What a script says of other files, as far as it can be told for sure. Pure. ECMA-262, 12 and 16.2

The tokens of a script are written one after the other with a space before each; a string is written
as `"7"`, which is its number. Patterns then find what loads files in there.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from s3rewrite.rewriters.syntax.tokens import compiled


class Reference(NamedTuple):
    """Where a URL begins and ends in a script.

    Where it `is_lost`, its relative spellings mean nothing if the script is of another origin: the
    base of `import()` is then `about:blank`. WHATWG HTML, 8.1.3.1, "muted errors".
    """

    start: int
    end: int
    is_lost: bool = False


class Unsure(Exception):
    """Why it cannot be told what a script loads."""


WORKER = "starts a worker by its own URL, and browsers take workers from the page's origin only"
OWN_URL = "looks for other files by its own URL (import.meta.url, document.currentScript)"
COMPUTED = "imports files whose names it works out"
ESCAPED = "names files with escapes"

# Without one of these words nothing is loaded relative to the script.
_SIGNS = re.compile(rb"\b(?:import|export|currentScript|document\s*\.\s*scripts)\b")

_SKIPPED = r"(?: \s++ | //[^\r\n]*+ | /\*[^*]*+(?: \*(?!/)[^*]*+ )*+\*/ | \#![^\r\n]*+ )*+"
_WORD = r"(?P<word> (?: [\w$\#\x80-\xff] | (?<=\d)\. | \\u )++ )"
_STRING = r"""(?P<string>
    "(?: [^"\\\r\n]++ | \\[\x00-\xff] )*+" | '(?: [^'\\\r\n]++ | \\[\x00-\xff] )*+' )"""
_REGEX = (
    r"(?P<regex> /(?: [^/\\\[\r\n] | \\[^\r\n] | \[(?: [^\]\\\r\n] | \\[^\r\n] )*+\] )++/[\w$]*+ )"
)
_SIGN = r"(?P<sign> \+\+ | -- | \?\. | => | [^\s\w\"'\\/] )"
# A slash that does not divide begins a regular expression.
_BEFORE_VALUE = compiled(f"{_SKIPPED}(?: {_WORD} | {_STRING} | {_REGEX} | {_SIGN} )")
_BEHIND_VALUE = compiled(rf"{_SKIPPED}(?: {_WORD} | {_STRING} | {_SIGN} | (?P<slash> /(?!\*) ) )")
_BLANK = compiled(f"{_SKIPPED}$")
_TEMPLATE = compiled(r"((?: [^`\\$]++ | \\[\x00-\xff] | \$(?!\{) )*+)(?P<end> ` | \$\{ )")

_BEFORE_REGEX = frozenset(
    b"await case delete do else in instanceof new of return throw typeof void yield".split()
)
_CONDITIONS = frozenset((b"if", b"while", b"for", b"with"))
_BEHIND = frozenset((b"]", b"++", b"--"))

_STATIC = re.compile(rb' (?:import|from) "(\d+)"')
_DYNAMIC = re.compile(rb'(?<! [.#]) import \((?: "(\d+)"(?= [),]))?')
_BESIDE = re.compile(rb' new URL \( "(\d+)" , import \. meta \. url (?=\))')
_RESOLVED = re.compile(rb' import \. meta \. resolve \( "(\d+)" (?=\))')
_LOADERS = rb"(?:URL|Worker|SharedWorker|fetch|import|addModule|register|require|dirname|resolve)"
_HANDED_OVER = re.compile(
    rb" (?!%b )[^ ]++ \( (?:import \. meta \. url|document \. currentScript \. src)(?= [)|])"
    % _LOADERS
)
_META = re.compile(rb" import \. meta(?: \. (?!url |resolve )| \?\. )?+")
_OWN_SCRIPT = re.compile(
    rb" currentScript \??\. (?:src|href|getAttribute) | document \. scripts "
    rb"|= document \. currentScript (?!\??\. )"
)
_WORKERS = re.compile(rb" (?:Worker|SharedWorker|serviceWorker) ")


def references(js: bytes) -> list[Reference]:
    """The URLs relative to a script's own that it loads. Raises Unsure."""
    if not _SIGNS.search(js):
        return []
    strings: list[tuple[int, int]] = []
    code = b" ".join((b"", *_tokens(js, strings), b""))
    beside = [number for pattern in (_BESIDE, _RESOLVED) for number in pattern.findall(code)]
    _raise_for_own_url(code, has_own_url=bool(beside))
    dynamic = _DYNAMIC.findall(code)
    if b"" in dynamic:
        raise Unsure(COMPUTED)
    imported = [(number, False) for number in _STATIC.findall(code)]
    imported += [(number, True) for number in dynamic]
    found = [Reference(*strings[int(number)]) for number in beside]
    for number, is_lost in imported:
        start, end = strings[int(number)]
        # A bare name is looked up in the page's import map, wherever the script is.
        if js[start : start + 1] in (b"/", b".", b"\\"):
            found.append(Reference(start, end, is_lost))
    if any(b"\\" in js[start:end] for start, end, _ in found):
        raise Unsure(ESCAPED)
    return sorted(found)


def _raise_for_own_url(code: bytes, *, has_own_url: bool) -> None:
    rest = _HANDED_OVER.sub(b"", _RESOLVED.sub(b"", _BESIDE.sub(b"", code)))
    is_derived = _OWN_SCRIPT.search(rest) or any(
        not found.endswith(b". ") for found in _META.findall(rest)
    )
    if (has_own_url or is_derived) and _WORKERS.search(code):
        raise Unsure(WORKER)
    if is_derived:
        raise Unsure(OWN_URL)


def _tokens(js: bytes, strings: list[tuple[int, int]]) -> Iterator[bytes]:
    """The tokens of a script, in which a string is its number in `strings`. Raises Unsure."""
    at, last, closed = 0, b"", b""
    opened: list[bytes] = []  # what stands before each open bracket; "`" for one of a template
    while not _BLANK.match(js, at):
        is_behind = _is_value(last, closed)
        token = (_BEHIND_VALUE if is_behind else _BEFORE_VALUE).match(js, at)
        if token is None:
            raise Unsure
        at, kind = token.end(), token.lastgroup or ""
        text = token[kind]
        if kind == "string":
            strings.append((token.start(kind) + 1, at - 1))
            text = b'"%d"' % (len(strings) - 1)
        elif kind == "regex":
            text = b"]"
        elif text in (b"(", b"{"):
            opened.append(last)
        elif text in (b")", b"}"):
            if not opened:
                raise Unsure
            closed = opened.pop()
        if text == b"`" or (text == b"}" and closed == b"`"):
            at, text = _template(js, at, text, strings, opened)
        yield text
        last = text
    if opened:
        raise Unsure


def _template(
    js: bytes, at: int, first: bytes, strings: list[tuple[int, int]], opened: list[bytes]
) -> tuple[int, bytes]:
    """Where a template, or its part behind `first`, ends, and what stands for it."""
    part = _TEMPLATE.match(js, at)
    if part is None:
        raise Unsure
    if part["end"] == b"${":
        opened.append(b"`")
        return part.end(), b"${"
    if first == b"`":
        strings.append(part.span(1))
        return part.end(), b'"%d"' % (len(strings) - 1)
    return part.end(), b"]"


def _is_value(last: bytes, closed: bytes) -> bool:
    """Whether a slash divides behind a token; `closed` is what stood before its bracket."""
    if last == b")":
        return closed not in _CONDITIONS
    is_word = last[-1:].isalnum() or last[-1:] in (b"_", b"$", b'"') or last[-1:] >= b"\x80"
    return last in _BEHIND or (is_word and last not in _BEFORE_REGEX)

"""The local URLs of response headers. name, value, scope -> candidates.

Those of `Link` are under the rows for `<link>`: RFC 8288, 3.
"""

from collections.abc import Iterable, Iterator

from s3rewrite.rewriters.candidates import Passage, collect_texts
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.syntax.tokens import compiled
from s3rewrite.rewriters.table.lookup import applying, rows_at
from s3rewrite.rewriters.types import Candidate, Scope

NAMES = ("Link", "Location")
"""The headers that may hold a URL to be linked."""


def collect(name: str, value: bytes, scope: Scope) -> list[Candidate]:
    """The local URLs of a header's value, in order."""
    return collect_texts(Page(value, scope), passages(name, value))


def passages(name: str, value: bytes) -> Iterable[Passage]:
    """The URLs of a header, with the rows for each, if there are any."""
    if name == "Link":
        return _link_passages(value)
    attribute = name.lower().encode()
    rows = rows_at(b"header", attribute)
    return [Passage(Tag(b"", b"header", 0, 0), attribute, rows, Text(value, 0))]


_SPACE = r"[\x20\t]*+"
_WORD = r'[^\x20\t",;=<>]++'
# Between quotes only what may stand in a tag's attribute as it is.
_PLAIN = r"[A-Za-z0-9\x20_./:+=,?%-]*+"
_QUOTED = r'"[^"\\]*+(?: \\. [^"\\]*+ )*+"'
_VALUE = rf'(?: "({_PLAIN})" | ({_QUOTED}) | ({_WORD}) )'
_PARAMETER = rf"{_SPACE};{_SPACE} ({_WORD})?+ (?: {_SPACE}={_SPACE}{_VALUE} )?+"
_LINK = compiled(rf"[\x20\t,]*+ <([^<>]*+)> ((?: {_PARAMETER} )*+) (?= {_SPACE} (?: , | $ ))")
_ONE_PARAMETER = compiled(_PARAMETER)

_ATTRIBUTES = frozenset(b"rel as type crossorigin integrity imagesrcset".split())


def _link_passages(value: bytes) -> Iterator[Passage]:
    """The URLs of each link, with the rows for each, if there are any.

    The search ends at a link that is not well-formed.
    """
    end = 0
    while link := _LINK.match(value, end):
        end = link.end()
        attributes = _attributes(value, *link.span(2))
        if attributes is not None:
            spans = {b"href": link.span(1), **attributes}
            yield from _in_link(value, _tag(value, attributes), spans)


def _attributes(value: bytes, start: int, end: int) -> dict[bytes, tuple[int, int]] | None:
    """Where the values of the parameters are that matter; None if one of them has escapes."""
    spans: dict[bytes, tuple[int, int]] = {}
    for parameter in _ONE_PARAMETER.finditer(value, start, end):
        name = (parameter[1] or b"").lower()
        if name in _ATTRIBUTES and parameter[3] is not None:
            return None
        if name in _ATTRIBUTES:
            group = parameter.lastindex or 1
            begin, stop = parameter.span(group)
            # A parameter without a value has an empty one.
            spans.setdefault(name, (begin, stop) if group > 1 else (stop, stop))
    return spans


def _tag(value: bytes, attributes: dict[bytes, tuple[int, int]]) -> Tag:
    """The `<link>` that says the same."""
    html = b"".join(b' %s="%s"' % (name, value[a:b]) for name, (a, b) in attributes.items())
    return Tag(html, b"link", 0, len(html))


def _in_link(value: bytes, tag: Tag, spans: dict[bytes, tuple[int, int]]) -> Iterator[Passage]:
    for name in (b"href", b"imagesrcset"):
        if name in spans:
            start, end = spans[name]
            rows = applying(rows_at(b"link", name), tag)
            yield Passage(tag, name, rows, Text(value[start:end], start))

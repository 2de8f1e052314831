"""The occurrences in a text that is a URL, a srcset, or CSS."""

from collections.abc import Callable, Iterator, Sequence

from s3rewrite.explain import reasons
from s3rewrite.explain.occurrences import Occurrence, Occurrences, names
from s3rewrite.rewriters.candidates import HIDDEN_ESCAPE, declared_rows
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.passages import Passage
from s3rewrite.rewriters.search import TRIMMED
from s3rewrite.rewriters.syntax import css as css_statements
from s3rewrite.rewriters.syntax import srcset
from s3rewrite.rewriters.table.conditions import UrlContext
from s3rewrite.rewriters.table.rows import Row, Rule

Span = tuple[int, int, str, tuple[Row, ...]]
"""Where a URL begins and ends in a text, its place therein, and the rows for that."""


def in_text(page: Page, passage: Passage) -> Occurrences:
    """The occurrences in a text that at least one row is for."""
    data = passage.text.data
    is_css = passage.rows[0].rule is Rule.CSS
    hides = is_css and not page.scope.utf8 and HIDDEN_ESCAPE.search(data)
    for begin, end, place, more in _SPANS[passage.rows[0].rule](data, page.needles):
        raw = data[begin:end]
        if any(needle in raw for needle in page.needles):
            found = _occurrence(page, passage._replace(rows=passage.rows + more), begin, raw)
            why = (reasons.CHARSET,) if hides else found.reasons
            yield found._replace(place=f"{passage.place} {place}".strip(), reasons=why)


def _occurrence(page: Page, passage: Passage, begin: int, raw: bytes) -> Occurrence:
    url = raw.strip(TRIMMED)
    text = passage.text
    first = begin + raw.index(url)
    why = why_not(page, passage, raw)
    start, end = text.offset(first), text.offset(first + len(url))
    return Occurrence(start, end, passage.place, url, names(passage.rows), why)


def why_not(page: Page, passage: Passage, raw: bytes) -> tuple[reasons.Reason, ...]:
    """Why decoded bytes are not linked in a passage; () where they are."""
    found = page.find(raw)
    if found is None:
        return (reasons.of_url(page, raw),)
    return reasons.of_rows(passage.rows, UrlContext(page, passage.tag, *found))


def _whole(text: bytes, needles: Sequence[bytes]) -> Iterator[Span]:
    yield 0, len(text), "", ()


def _images(text: bytes, needles: Sequence[bytes]) -> Iterator[Span]:
    for begin, end in srcset.spans(text):
        yield begin, end, "", ()


def _declared(text: bytes, needles: Sequence[bytes]) -> Iterator[Span]:
    for begin, end, name in css_statements.uses(text, needles):
        place = f"css[{name.decode('utf-8', 'replace')}]"
        yield begin, end, place, declared_rows(name)


_SPANS: dict[Rule, Callable[[bytes, Sequence[bytes]], Iterator[Span]]] = {
    Rule.URL: _whole,
    Rule.SRCSET: _images,
    Rule.CSS: _declared,
}

"""Explains bodies of each kind, and headers: each place where a mount's path stands."""

from collections.abc import Callable, Iterable
from functools import partial

from s3rewrite.explain import reasons
from s3rewrite.explain.explained import ExplainedPlace, joined
from s3rewrite.explain.occurrences import (
    NOT_A_VALUE,
    Occurrence,
    Occurrences,
    in_html,
    in_passage,
    members,
    outer,
)
from s3rewrite.rewriters import css, feeds, headers, html, json, m3u8
from s3rewrite.rewriters.candidates import Passage, inner_scope
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.table.rows import Rule
from s3rewrite.rewriters.types import Collect, Scope


def explain(body: bytes, scope: Scope, collect: Collect) -> list[ExplainedPlace]:
    """Each place in a body where a mount's path stands, in order.

    `collect` is the one for bodies of its kind: what it finds has a candidate.
    """
    make_page, occurrences = KINDS[collect]
    page = make_page(body, scope)
    return joined(page, collect(body, scope), occurrences(page))


def explain_header(name: str, value: bytes, scope: Scope) -> list[ExplainedPlace]:
    """The same for a response's header."""
    page = Page(value, scope)
    candidates = headers.collect(name, value, scope) if name in headers.NAMES else []
    return joined(page, candidates, _in_passages(page, headers.passages(name, value)))


def _in_passages(page: Page, passages: Iterable[Passage]) -> Occurrences:
    for passage in passages:
        yield from in_passage(page, passage)


def _in_json(kind: bytes, page: Page) -> Occurrences:
    whole = Passage(Tag(b"", kind, 0, 0), b"*", (), Text(page.body, 0))
    yield Occurrence(0, len(page.body), kind.decode(), reasons=(NOT_A_VALUE,))
    for occurrence, member in members(page, kind, whole):
        if not (member.rows and member.rows[0].rule is Rule.HTML):
            yield occurrence
            continue
        yield occurrence._replace(url=b"", reasons=(reasons.UNCLEAR,))
        inner = Page(member.text.data, inner_scope(page, member.rows))
        yield from outer(in_html(inner), member.text)


KINDS: dict[Collect, tuple[Callable[[bytes, Scope], Page], Callable[[Page], Occurrences]]] = {
    html.collect: (Page, in_html),
    css.collect: (Page, lambda page: in_passage(page, css.passage(page.body))),
    feeds.collect: (feeds.page_of, lambda page: _in_passages(page, feeds.passages(page))),
    json.collect: (Page, partial(_in_json, b"json")),
    json.collect_feed: (Page, partial(_in_json, b"json-feed")),
    json.collect_manifest: (Page, partial(_in_json, b"manifest")),
    m3u8.collect: (Page, lambda page: _in_passages(page, m3u8.passages(page.body))),
}
"""How bodies become pages, and the occurrences in these, by the `collect` of their kind."""

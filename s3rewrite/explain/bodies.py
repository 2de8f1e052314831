"""What explains a body of which kind; and what it says beside what is linked."""

from collections.abc import Callable, Iterable
from functools import partial

from s3rewrite.explain import html as in_html
from s3rewrite.explain import reasons
from s3rewrite.explain.explained import ExplainedPlace, joined
from s3rewrite.explain.members import NOT_A_VALUE, members
from s3rewrite.explain.occurrences import Occurrence, Occurrences, outer
from s3rewrite.rewriters import css, feeds, headers, html, json, link_header, m3u8
from s3rewrite.rewriters.bodies import Collect
from s3rewrite.rewriters.candidates import inner_scope
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.passages import Passage
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.table.rows import Rule
from s3rewrite.rewriters.types import Scope


def explain(body: bytes, scope: Scope, collect: Collect) -> list[ExplainedPlace]:
    """Each place in a body where a mount's path stands, in order.

    `collect` is the one for bodies of its kind. What has a candidate is what it finds.
    """
    make_page, occurrences = KINDS[collect]
    page = make_page(body, scope)
    return joined(page, collect(body, scope), occurrences(page))


def explain_header(name: str, value: bytes, scope: Scope) -> list[ExplainedPlace]:
    """The same for a response's header."""
    page = Page(value, scope)
    is_link = name == "Link"
    passages = link_header.passages(value) if is_link else [headers.passage(name, value)]
    found = headers.collect(name, value, scope) if name in headers.NAMES else []
    return joined(page, found, _in_passages(page, passages))


def _in_passages(page: Page, passages: Iterable[Passage]) -> Occurrences:
    for passage in passages:
        yield from in_html.in_passage(page, passage)


def _in_css(page: Page) -> Occurrences:
    return in_html.in_passage(page, css.passage(page.body))


def _in_feed(page: Page) -> Occurrences:
    return _in_passages(page, feeds.passages(page))


def _in_playlist(page: Page) -> Occurrences:
    return _in_passages(page, m3u8.passages(page.body))


def _in_json(kind: bytes, page: Page) -> Occurrences:
    whole = Passage(Tag(b"", kind, 0, 0), b"*", (), Text(page.body, 0))
    yield Occurrence(0, len(page.body), kind.decode(), reasons=(NOT_A_VALUE,))
    for found, member in members(page, kind, whole):
        if not (member.rows and member.rows[0].rule is Rule.HTML):
            yield found
            continue
        yield found._replace(url=b"", reasons=(reasons.UNCLEAR,))
        inner = Page(member.text.data, inner_scope(page, member.rows))
        yield from outer(in_html.occurrences(inner), member.text)


KINDS: dict[Collect, tuple[Callable[[bytes, Scope], Page], Callable[[Page], Occurrences]]] = {
    html.collect: (Page, in_html.occurrences),
    css.collect: (Page, _in_css),
    feeds.collect: (feeds.page_of, _in_feed),
    json.collect: (Page, partial(_in_json, b"json")),
    json.collect_feed: (Page, partial(_in_json, b"json-feed")),
    json.collect_manifest: (Page, partial(_in_json, b"manifest")),
    m3u8.collect: (Page, _in_playlist),
}
"""How bodies are read and seen, by the `collect` of their kind."""

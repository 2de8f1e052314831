"""Why a URL is left alone where it stands: what rows and prefixes say, in words."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from s3rewrite.rewriters.candidates import Passage
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.search import MAX_BODY_BYTES, MAX_URL_BYTES, MAX_URLS, TRIMMED
from s3rewrite.rewriters.table import conditions
from s3rewrite.rewriters.table.conditions import Need, UrlContext
from s3rewrite.rewriters.table.lookup import element_of, own_row, table_of
from s3rewrite.rewriters.table.rows import Mark, Row
from s3rewrite.rewriters.types import Target


class Reason(NamedTuple):
    """A word for machines, and a sentence for people."""

    code: str
    text: str


ATTRIBUTE_NAME = Reason(
    "no-value", "in a tag, but in no attribute's value, or in one that an earlier one hides"
)
BASE = Reason("base", "<base> leads it to another origin")
CHARSET = Reason("charset", "has bytes outside ASCII, and the body is not known to be UTF-8")
CORP = Reason("corp", 'the policy of the page (Cross-Origin-Embedder-Policy): needs "CORP": True')
CREDENTIALS = Reason("cors", "fetched with credentials, which a bucket for everybody refuses")
COMMENT = Reason("comment", "in a comment")
CORS = Reason("cors", 'fetched with CORS: needs "CORS": True')
DECLARATION = Reason("declaration", "in a declaration")
DOCUMENT = Reason("document", "a document: what it refers to is on the site")
EDITABLE = Reason("editable", "users edit it in place (contenteditable)")
END_TAG = Reason("end-tag", "in an end tag")
FORM = Reason("form", "does not begin with the URL of a mount at this site's hosts")
HASH = Reason("hash", "the Content-Security-Policy allows this text by its hash")
LIMIT = Reason(
    "limit",
    f"behind the first {MAX_URLS:,} URLs, or {MAX_BODY_BYTES >> 20} MB, of the response: all that "
    "follows stays local",
)
LINE_BREAK = Reason("form", "has a tab or a line break inside")
TEXT = Reason("text", "in text that people read")
TOO_LONG = Reason("form", f"longer than {MAX_URL_BYTES:,} bytes")
UNCLEAR = Reason("unclear", "no whole URL is read there")
UNSURE = Reason("unsure", "behind a token whose end is in doubt")

NEEDS: dict[Need, Reason] = {
    conditions.cors: CORS,
    conditions.cors_if_asked: Reason("cors", '`crossorigin` is set: needs "CORS": True'),
    conditions.cors_if_fetched: Reason("cors", 'a script may fetch it: needs "CORS": True'),
    conditions.cors_if_manifest: Reason("cors", 'players fetch it: needs "CORS": True'),
    conditions.embeddable: CORP,
    conditions.no_attribute_hash: HASH,
    conditions.no_document: DOCUMENT,
    conditions.no_style_hash: HASH,
    conditions.shows_files: Reason("element", "never lazily on this element"),
    conditions.cors_if_parent_asks: Reason(
        "cors", 'an image or video sets `crossorigin`: needs "CORS": True'
    ),
    conditions.cors_if_module: Reason("cors", 'a module: needs "CORS": True'),
    conditions.checkable: Reason("integrity", "`integrity` without `crossorigin`"),
    conditions.no_download: Reason("download", "`download` would be ignored at another origin"),
    conditions.media_extension: Reason("extension", "not named as a PDF, an image or a video"),
}
"""The reason for each condition of the context table that is not met."""


def of_rows(rows: tuple[Row, ...], context: UrlContext) -> tuple[Reason, ...]:
    """Why the rows for a place do not allow a URL; () where each does."""
    if never := [row for row in rows if row.mark is Mark.NEVER]:
        return (Reason("never", f"never rewritten there ({never[0].name})"),)
    return tuple(dict.fromkeys(reason for row in rows for reason in _of_row(row, context)))


def _of_row(row: Row, context: UrlContext) -> Iterator[Reason]:
    yield from of_contexts(row, context.target)
    for need in row.needs:
        if not need(context):
            yield _of_need(need, context)


def _of_need(need: Need, context: UrlContext) -> Reason:
    """Why a need is not met; for what needs CORS or CORP it also depends on the tag."""
    reason = NEEDS[need]
    if reason.code != "cors":
        return reason
    if need(replace(context, target=context.target._replace(corp=True))):
        return CORP
    is_met = need(replace(context, target=context.target._replace(corp=True, cors=True)))
    return reason if is_met else CREDENTIALS


def of_contexts(row: Row, target: Target) -> Iterator[Reason]:
    """What a mount would have to ask for; nothing where it does."""
    if row.is_asked_by(target.contexts):
        return
    if row.mark is Mark.NEVER:
        yield Reason("never", f"never rewritten there ({row.name})")
    else:
        yield Reason("contexts", f'needs "{row.name}" in CONTEXTS')


def of_no_rows(page: Page, passage: Passage) -> Reason:
    """Why there is no row for a place."""
    element = element_of(passage.tag.name)
    others = table_of(page.scope.targets).at(element, passage.attribute)
    if others:
        names = ", ".join(dict.fromkeys(row.name for row in others))
        return Reason("no-row", f"no place of the table: its rows ({names}) are for other tags")
    return no_place(passage.place)


def no_place(place: str) -> Reason:
    """No row names the place; and what a mount may write in CONTEXTS to add it."""
    text = "no place of the table"
    return Reason("no-place", f'{text}; "{place}" in CONTEXTS adds it' if own_row(place) else text)


def of_url(page: Page, raw: bytes) -> Reason:
    """Why decoded bytes, which hold a mount's path, are not the URL of one."""
    url = raw.strip(TRIMMED)
    if not any(url.startswith(target.prefixes) for target in page.scope.targets):
        return FORM
    if not any(url.startswith(target.prefixes) for target in page.targets):
        return BASE
    if any(sign in url for sign in (b"\t", b"\n", b"\r")):
        return LINE_BREAK
    return TOO_LONG if len(url) > MAX_URL_BYTES else CHARSET

"""The local URLs of a body of JSON. bytes, scope -> candidates."""

import re
from functools import partial

from s3rewrite.rewriters import html
from s3rewrite.rewriters.candidates import Members, Passage, as_url, key_path, members
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.search import MAX_URLS
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.json import Position, strings_end
from s3rewrite.rewriters.table.rows import Rule
from s3rewrite.rewriters.types import Candidate, Scope

_NO_TAG = Tag(b"", b"", 0, 0)
# A quote that is not escaped, or seems not to be: an even number of backslashes may be before it.
_MAY_END = re.compile(rb'(?<!\\)"|\\\\"')
_SPACES = (b" ", b"\t", b"\n", b"\r")


def collect(body: bytes, scope: Scope, kind: str = "json") -> list[Candidate]:
    """The local URLs of `body`, in order, where the rows of its kind allow them.

    A string that is a URL as a whole, or HTML or the like where the row says so; never a key.
    JSON is UTF-8 (RFC 8259, 8.1).
    """
    page, element = Page(body, scope), kind.encode()
    position = Position(body, key_path(scope.targets, element))
    return _candidates(page, members(page, element, position))


class JsonReader:
    """Reads a body of JSON that comes in pieces."""

    def __init__(self, scope: Scope, kind: str = "json") -> None:
        self.scope = scope
        self._kind = kind.encode()
        self._keys = key_path(scope.targets, self._kind)
        # Of a string at the buffer's end it is not known yet if it is a key, or a value.
        self._awaits_colon = False
        self._tail = b""

    def take(self, buffer: bytes, *, is_full: bool) -> tuple[int, list[Candidate]]:
        """Where the last string ends that is known to be a value or a key, and the local URLs."""
        end = strings_end(buffer)
        candidates = self.finish(buffer[:end])
        self._tail = _open_escape(buffer)
        self._awaits_colon = buffer.endswith((b'"', *_SPACES))
        return end, candidates

    def finish(self, buffer: bytes) -> list[Candidate]:
        """The local URLs of the last piece, which may end within a string."""
        page = Page(buffer, self.scope)
        position = Position(buffer, self._keys)
        candidates = _candidates(page, members(page, self._kind, position))
        position.seek(len(buffer))  # follows the keys up to where the next piece begins
        return candidates

    def may_end(self, chunk: bytes) -> bool:
        """Whether a chunk may hold the end of a string, or what follows one."""
        window = self._tail + chunk
        self._tail = _open_escape(window)
        return _MAY_END.search(window) is not None or self._awaits_colon


def _open_escape(text: bytes) -> bytes:
    """The backslash at the end of a text that escapes what follows, if there is one."""
    return b"\\" * ((len(text) - len(text.rstrip(b"\\"))) % 2)


def _candidates(page: Page, strings: Members) -> list[Candidate]:
    candidates: list[Candidate] = []
    for value, rows in strings:
        if len(candidates) >= MAX_URLS:
            break
        if rows[0].rule is not Rule.URL:
            passage = Passage(_NO_TAG, b"", rows, value.text)
            candidates += map(value.marked, html.collect_passage(page, passage))
        elif url := as_url(page, _NO_TAG, value, rows):
            candidates.append(url)
    return candidates


collect_feed = partial(collect, kind="json-feed")
"""JSON Feed, https://www.jsonfeed.org/version/1.1/"""

collect_manifest = partial(collect, kind="manifest")
"""A web application manifest, https://www.w3.org/TR/appmanifest/"""

JsonFeedReader = partial(JsonReader, kind="json-feed")
ManifestReader = partial(JsonReader, kind="manifest")

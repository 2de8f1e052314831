"""What nothing is found for, and what is linked to itself, is byte for byte as it was.

On files that others wrote: every page, style sheet and the like among the installed packages.
"""

import os
import random
import sysconfig
from functools import cache
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from s3rewrite.rewriters import css, feeds, html, json, rewrite
from s3rewrite.rewriters.pieces import MAX_HELD, Pieces
from s3rewrite.rewriters.splice import splice
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS
from s3rewrite.rewriters.types import Link, Scope, Target
from tests.rewriters import truth
from tests.support.pages import all_published, none_published, sent

__all__ = ["all_published", "none_published"]

PACKAGES = Path(sysconfig.get_path("purelib"))
COLLECTORS = {
    ".html": html.collect,
    ".css": css.collect,
    ".json": json.collect,
    ".svg": feeds.collect,
    ".xml": feeds.collect,
}
MAX_SIZE = 200_000  # bytes
EVERY = int(os.environ.get("EVERY_FILE", "4"))
"""One of so many files is read, another one in each run; `make long` reads all."""

# So short that they begin nearly every URL of a page, or of a template.
PREFIXES = (b"/", b"https://", b"http://", b"../", b"./", b"#", b"{%", b"{{", b"data:")
WIDE = Scope(
    tuple(Target((prefix,), OPTIONAL_CONTEXTS, cors=True) for prefix in PREFIXES),
    (b"https://example.com",),
)
LINK = b"x-s3rewrite:"


def prefix_of(url):
    return next(prefix for prefix in PREFIXES if url.startswith(prefix))


def link_none(urls):
    return [None] * len(urls)


def link_to_itself(urls):
    return [Link(len(prefix_of(url)), prefix_of(url)) for url in urls]


def link_all(urls):
    """Each prefix behind a mark, so that taking the marks away must give the body again."""
    return [Link(len(prefix_of(url)), LINK + prefix_of(url)) for url in urls]


def assert_identity(body, collect):
    """Whether the body is what it was; returns how many URLs were found in it."""
    assert rewrite(body, WIDE, collect, link_none) is body
    assert rewrite(body, WIDE, collect, link_to_itself) == body
    linked = rewrite(body, WIDE, collect, link_all)
    assert linked.replace(LINK, b"") == body
    return linked.count(LINK)


@cache
def installed(extension):
    found = sorted(PACKAGES.rglob(f"*{extension}"))
    return [path for path in found if path.is_file() and path.stat().st_size < MAX_SIZE]


def chosen(extension):
    return installed(extension)[random.randrange(EVERY) :: EVERY]


@pytest.mark.parametrize(("extension", "at_least"), [(".html", 150), (".css", 30), (".json", 10)])
def test_files_of_installed_packages(extension, at_least):
    found = sum(
        assert_identity(path.read_bytes(), COLLECTORS[extension]) for path in chosen(extension)
    )
    assert EVERY > 1 or found >= at_least


READERS = {".html": html.HtmlReader, ".css": css.CssReader, ".json": json.JsonReader}


def streamed(body, reader, links, size):
    """The body, linked as it comes in chunks of so many bytes."""
    pieces = Pieces(reader(WIDE))
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    found = [*(pieces.take(chunk) for chunk in chunks), pieces.finish()]
    return b"".join(
        splice(piece.body, piece.candidates, links([c.url for c in piece.candidates]))
        for piece in found
    )


@pytest.mark.parametrize("extension", READERS)
@pytest.mark.parametrize("size", [97, 4096])
def test_files_of_installed_packages_in_chunks(extension, size):
    for path in chosen(extension):
        body = path.read_bytes()
        assert streamed(body, READERS[extension], link_to_itself, size) == body
        linked = streamed(body, READERS[extension], link_all, size)
        assert linked.replace(LINK, b"") == body
        if b"<base" not in body and len(body) < MAX_HELD:
            assert linked == rewrite(body, WIDE, COLLECTORS[extension], link_all)


@pytest.mark.parametrize("extension", COLLECTORS)
def test_each_file_read_as_what_it_is_not(extension):
    """A server may call a file what it likes."""
    for path in chosen(extension)[::3]:
        for collect in COLLECTORS.values():
            assert_identity(path.read_bytes(), collect)


PAGES = """
/admin/login/ /admin/ /admin/auth/user/ /admin/auth/user/add/ /admin/auth/user/1/change/
/admin/auth/user/1/password/ /admin/auth/user/1/history/ /admin/auth/group/add/
/admin/auth/user/1/delete/ /admin/password_change/ /admin/no-such-page/
""".split()


@pytest.fixture
def admin(db):
    client = Client()
    client.force_login(User.objects.create_superuser("admin", id=1))
    return client


@pytest.mark.parametrize("url", PAGES)
def test_pages_of_the_admin(admin, none_published, settings, url):
    settings.S3REWRITE = {"static": {**settings.S3REWRITE["media"], "STORAGE": "staticfiles"}}
    body = (Client() if "login" in url else admin).get(url).content
    assert b"/" in body
    assert sent(body) == body
    assert assert_identity(body, html.collect) or "no-such" in url


def mutated(body, changes):
    for place, length, piece in changes:
        at = place % (len(body) + 1)
        body = body[:at] + piece.encode() + body[at + length :]
    return body


pieces = st.sampled_from([*truth.PIECES, *truth.VALUE_PIECES, *truth.FOREIGN_PIECES, *truth.URLS])
changes = st.tuples(st.integers(0, MAX_SIZE), st.integers(0, 30), pieces | st.just(""))
extensions = st.sampled_from([".html", ".css", ".json", ".xml"])


@given(extensions, st.integers(0, 10_000), st.lists(changes, min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_mutations_of_them(extension, number, changes):
    files = installed(extension)
    body = files[number % len(files)].read_bytes()[:20_000]
    assert_identity(mutated(body, changes), COLLECTORS[extension])

"""Cases are written as one text: `→` marks each URL that is to be linked."""

import re

from s3rewrite.rewriters import html, rewrite
from s3rewrite.rewriters.types import Link, Scope, Target

HOSTS = ("https://example.com", "http://example.com", "//example.com")
PREFIXES = (b"/media/", *(f"{host}/media/".encode() for host in HOSTS))
ORIGINS = tuple(host.encode() for host in HOSTS)
PUBLIC = b"https://cdn.test/m/"

_MARKED = re.compile(r"→(?:(?:https?:)?//example\.com)?/media/")


def scope(*contexts, cors=False, utf8=True):
    return Scope((Target(PREFIXES, frozenset(contexts), cors),), ORIGINS, utf8)


def prefix_of(url):
    return next(prefix for prefix in PREFIXES if url.startswith(prefix))


def link_all(urls):
    return [Link(len(prefix_of(url)), PUBLIC) for url in urls]


def link_none(urls):
    return [None] * len(urls)


def link_to_itself(urls):
    return [Link(len(prefix_of(url)), prefix_of(url)) for url in urls]


def check(marked, *contexts, collect=html.collect, **options):
    """Rewrite the text without its marks; the marked URLs, and no others, must be linked."""
    before = marked.replace("→", "").encode()
    after = _MARKED.sub(PUBLIC.decode(), marked).encode()
    assert rewrite(before, scope(*contexts, **options), collect, link_all) == after


def urls(text, *contexts, **options):
    body = text if isinstance(text, bytes) else text.encode()
    return [candidate.url for candidate in html.collect(body, scope(*contexts, **options))]

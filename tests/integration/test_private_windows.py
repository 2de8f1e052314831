"""Ten windows, by a clock that tests drive: one URL a window, and links that last one more."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from demo.servers import SeaweedFS
from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.signing import visitor_request
from tests.support.cloudfront import CloudFront
from tests.support.commands import sync
from tests.support.factories import use_mount, write
from tests.support.members import COOKIES, SIGV4, URLS, Way, cookies_of, member, sources
from tests.support.private import Clock, clock
from tests.support.visitors import ask

__all__ = ["clock"]

WINDOW = 600
FIRST = 1_800_000_000
assert FIRST % WINDOW == 0
NAMES = ("a.jpg", "photos/a b+ü.jpg")

ways = pytest.mark.parametrize("way", [SIGV4, URLS, COOKIES], ids=str)
cloudfront = pytest.mark.parametrize("way", [URLS, COOKIES], ids=str)


@pytest.fixture
def cdn(seaweedfs: SeaweedFS, private_bucket: str, way: Way, clock: Clock) -> Iterator[CloudFront]:
    keys = {way.signer.key_id: way.signer.public} if way.kind else {}
    with CloudFront(seaweedfs, private_bucket, keys, clock) as proxy:
        yield proxy


@pytest.fixture(params=["mirror", "fingerprint"])
def mount(
    request: pytest.FixtureRequest, settings: Any, root: Path, caches: None, private_bucket: str,
    client_options: dict[str, Any], way: Way, cdn: CloudFront,
) -> Mount:  # fmt: skip
    settings.MIDDLEWARE = ["django.middleware.http.ConditionalGetMiddleware", conf.MIDDLEWARE]
    settings.ROOT_URLCONF = "tests.support.members"
    mount = use_mount(
        settings, root, BUCKET=private_bucket, CLIENT=client_options, KEYS=request.param,
        ACCESS="private", ALLOW="tests.support.members.may_see", WINDOW=WINDOW,
        **way.options(cdn),
    )  # fmt: skip
    for name in NAMES:
        write(root, name, name.encode())
    sync()
    return mount


def visit(client: Client, etag: str = "") -> Any:
    headers = {"If-None-Match": etag} if etag else {}
    return client.get("/linked/", {"name": NAMES}, headers=headers)


MOMENTS = (0, 1, WINDOW // 2, WINDOW - 1)
"""Seconds of a window at which a page is asked for."""


@ways
def test_ten_windows(mount: Mount, way: Way, clock: Clock) -> None:
    pages: dict[int, set[bytes]] = {}
    etag = ""
    for number in range(10):
        for second in MOMENTS:
            clock.now = FIRST + number * WINDOW + second
            response = visit(member())
            assert all(link.startswith(mount.public_url) for link in sources(response))
            pages.setdefault(number, set()).add(response.content)
            # What a browser has is still true: in this window, or with cookies in any.
            again = visit(member(), etag)
            is_same = etag == response["ETag"]
            assert again.status_code == (304 if is_same else 200)
            assert is_same == bool(etag and (second or way == COOKIES))
            assert again["Cache-Control"] == response["Cache-Control"] == "private, max-age=0"
            assert again.cookies.output() == response.cookies.output()
            etag = response["ETag"]
    assert {len(bodies) for bodies in pages.values()} == {1}
    assert len(set.union(*pages.values())) == (1 if way == COOKIES else 10)


@cloudfront
def test_links_work_for_a_window_more(mount: Mount, clock: Clock) -> None:
    """Also for somebody who opened the page in the last second of its window."""
    for number in range(10):
        for second in MOMENTS:
            clock.now = FIRST + number * WINDOW + second
            visitor = member()
            response = visit(visitor)
            cookies, links = cookies_of(visitor), sources(response)
            for moment, status in ((second, 200), (2 * WINDOW - 1, 200), (2 * WINDOW, 403)):
                clock.now = FIRST + number * WINDOW + moment
                assert {ask(link, cookies=cookies).status for link in links} == {status}


@cloudfront
def test_a_browser_keeps_its_cookies_as_long_as_they_open_something(
    mount: Mount, way: Way, clock: Clock
) -> None:
    """A picture that is loaded late, of a page that was opened at the end of its window."""
    clock.now = FIRST + WINDOW - 1
    response = visit(member())
    lifetimes = {morsel["max-age"] for morsel in response.cookies.values()}
    assert lifetimes == ({WINDOW + 1} if way == COOKIES else set())


SCRIPT = """
import json, sys
from django.conf import settings
settings.configure()
from s3rewrite.conf import build_mount
from s3rewrite.signing import visitor_request, windows
options, url, moment = json.loads(sys.stdin.read())
windows.now = lambda: moment
print(json.dumps(visitor_request(build_mount("media", options), url)))
"""


@ways
def test_another_process_signs_the_same(mount: Mount, settings: Any, clock: Clock) -> None:
    url = f"{mount.public_url}a%20b.jpg"
    clock.now = FIRST + WINDOW - 0.001
    said = json.dumps([settings.S3REWRITE["media"], url, FIRST + 1.5])
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=said, text=True, capture_output=True, check=True,
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert json.loads(run.stdout) == [*visitor_request(mount, url)]

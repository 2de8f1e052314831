"""Private files on S3, and behind a CloudFront: who gets them, and who does not."""

import json
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client

from demo.servers import HOST, SeaweedFS
from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.linking import access
from s3rewrite.outage.hysteresis import Verdict
from s3rewrite.outage.prober import Prober
from s3rewrite.registry import loop_registry
from s3rewrite.registry.suspension import Suspensions
from s3rewrite.signing import windows
from s3rewrite.sync.freeing import asides
from s3rewrite.sync.purge import visits_of
from s3rewrite.tools.doctor import Grade, diagnose
from tests.integration.test_purge import FAST, purge
from tests.support.cloudfront import CloudFront, Signer
from tests.support.commands import sync
from tests.support.factories import use_mount, write
from tests.support.members import (
    CLOUDFRONT,
    COOKIES,
    ORIGIN,
    SIGV4,
    URLS,
    Way,
    cookies_of,
    member,
    sources,
)
from tests.support.visitors import Answer, ask

NAMES = [
    "a.txt", "photos/a b.jpg", "ä/ö ü.png", "日本.jpg", "emoji 🎉.jpg", "a+b.jpg", "a~b.jpg",
    "a (1).jpg", "100%.jpg", "a%20b.jpg", "a&b;c=d.jpg", "it's.jpg", 'q"uote.jpg', "a#b?c.jpg",
    "[x]!*$,@:.jpg", "\u00e9.jpg", "e\u0301.jpg", "UPPER/Case.JPG", "<b>.jpg",
]  # fmt: skip

ways = pytest.mark.parametrize("way", [SIGV4, *CLOUDFRONT], ids=str, indirect=True)
one_of_each = pytest.mark.parametrize("way", [SIGV4, URLS, COOKIES], ids=str, indirect=True)


@pytest.fixture
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


@pytest.fixture
def cdn(seaweedfs: SeaweedFS, private_bucket: str, way: Way) -> Iterator[CloudFront]:
    keys = {way.signer.key_id: way.signer.public} if way.kind else {}
    with CloudFront(seaweedfs, private_bucket, keys) as proxy:
        yield proxy


@pytest.fixture
def keys(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "mirror"))


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, private_bucket: str, client_options: dict[str, Any],
    way: Way, cdn: CloudFront, keys: str,
) -> Mount:  # fmt: skip
    settings.MIDDLEWARE = [conf.MIDDLEWARE]
    settings.ROOT_URLCONF = "tests.support.members"
    return use_mount(
        settings, root, BUCKET=private_bucket, CLIENT=client_options, KEYS=keys, ACCESS="private",
        ALLOW="tests.support.members.may_see", **FAST, **way.options(cdn),
    )  # fmt: skip


def put(root: Path, *names: str) -> None:
    """Files that S3 holds, each with its own bytes."""
    for name in names:
        write(root, name, name.encode())
    sync()


class Page:
    """What a visitor has of a page: its links, in their order, and the cookies for the CDN."""

    def __init__(self, *names: str, page: str = "linked", is_member: bool = True) -> None:
        visitor = member() if is_member else Client()
        self.response = visitor.get(f"/{page}/", {"name": names})
        assert self.response.status_code == 200
        self.links, self.cookies = sources(self.response), cookies_of(visitor)

    def answers(self) -> list[Answer]:
        """What comes of the links."""
        return [ask(link, cookies=self.cookies) for link in self.links]


def sent(response: Any) -> Iterator[bytes]:
    found: Iterator[bytes] = response.streaming_content
    return found


def plain(link: str) -> str:
    return link.partition("?")[0]


def object_urls(mount: Mount) -> list[str]:
    """Where the bucket itself has the published files."""
    entries = loop_registry(mount).names()
    keys = [mount.paths.key(name, entry.fingerprint) for name, entry in entries]
    return [conf.object_url(mount, key) for key in keys]


@pytest.mark.parametrize("keys", ["mirror", "fingerprint"], indirect=True)
@ways
def test_a_member_gets_the_bytes_and_nobody_else_does(mount: Mount, root: Path) -> None:
    put(root, *NAMES)
    for page in (Page(*NAMES, page=page) for page in ("linked", "tagged", "marked")):
        assert [answer.body for answer in page.answers()] == [name.encode() for name in NAMES]
        assert all(link.startswith(mount.public_url) for link in page.links)
        assert {ask(plain(link)).status for link in page.links} == {403}
    # The bucket itself is closed, too, as a CDN may not be the only way to it.
    assert {ask(url, cookies=page.cookies).status for url in object_urls(mount)} == {403}


@one_of_each
def test_a_stranger_has_local_links_that_refuse_him(mount: Mount, root: Path) -> None:
    put(root, *NAMES)
    page = Page(*NAMES, is_member=False)
    assert all(link.startswith(f"{ORIGIN}/media/") for link in page.links)
    assert page.cookies == {}
    assert {Client().get(link).status_code for link in page.links} == {403}
    bodies = [b"".join(sent(member().get(link))) for link in page.links]
    assert bodies == [name.encode() for name in NAMES]


@ways
def test_a_signature_opens_nothing_else(mount: Mount, root: Path, way: Way, s3_client: Any) -> None:
    put(root, "a.txt", "b.txt")
    page = Page("a.txt")
    link = page.links[0]
    query = link.removeprefix(plain(link))
    neighbour = "x.txt" if way.backend == "cookies" else "media/b.txt"
    for key in ("media2/c.txt", "Media/d.txt", "e.txt", "media", neighbour):
        s3_client.put_object(Bucket=mount.bucket, Key=key, Body=b"others'")
        url = mount.public_url.removesuffix(mount.prefix) + key
        assert ask(url + query, cookies=page.cookies).status == 403, key
    for path in ("b.txt/../../e.txt", "%2e%2e/e.txt", "..%2fe.txt", "//e.txt", "./../e.txt"):
        answer = ask(mount.public_url + path + query, cookies=page.cookies)
        assert answer.body != b"others'", path
        assert answer.status >= 400, path
    assert ask(link, cookies=page.cookies).status == 200


@one_of_each
@pytest.mark.parametrize(("moved", "status"), [(-3, 403), (-2.1, 403), (-0.9, 200), (0, 200)])
def test_a_signature_ends(
    mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch, moved: float, status: int
) -> None:
    """A link of so many windows ago: it works for one at least, and for two at most."""
    put(root, "a.txt")
    with monkeypatch.context() as patch:
        real = windows.now
        patch.setattr(windows, "now", lambda: real() + moved * mount.window)
        patch.setattr(access, "now", lambda: real() + moved * mount.window)
        page = Page("a.txt")
    assert page.links[0].startswith(mount.public_url)
    assert [answer.status for answer in page.answers()] == [status]


@one_of_each
def test_another_key_opens_nothing(
    mount: Mount, root: Path, way: Way, cdn: CloudFront, settings: Any
) -> None:
    put(root, "a.txt")
    page = Page("a.txt")
    if way.kind:
        cdn.keys = {way.signer.key_id: Signer("another", way.kind).public}
    else:
        wrong = {"KEY_ID": mount.client["aws_access_key_id"], "KEY": "wrong"}
        use_mount(settings, root, **settings.S3REWRITE["media"] | {"SIGNING": wrong})
        page = Page("a.txt")
    assert [answer.status for answer in page.answers()] == [403]
    assert page.links[0].startswith(mount.public_url)


@one_of_each
def test_the_doctor_proves_it(mount: Mount) -> None:
    found = [*diagnose(mount)]
    assert [finding for finding in found if finding.grade is Grade.WRONG] == []
    sentences = [finding.sentence for finding in found if finding.subject == "private"]
    assert len(sentences) == (2 if mount.signing else 1)
    assert all(sentence.endswith("is refused without a signature") for sentence in sentences)
    assert "visitors can with a signature read what is uploaded at PUBLIC_URL" in str(found)


@one_of_each
def test_the_doctor_sees_an_open_bucket(mount: Mount, seaweedfs: SeaweedFS, s3_client: Any) -> None:
    s3_client.delete_bucket_policy(Bucket=mount.bucket)
    wrong = [finding for finding in diagnose(mount) if finding.grade is Grade.WRONG]
    assert [finding.subject for finding in wrong] == ["private"]
    assert f"{seaweedfs.public_url(mount.bucket)}media/" in wrong[0].sentence
    assert "is read by anybody, without a signature" in wrong[0].sentence


@one_of_each
def test_the_doctor_sees_a_key_that_opens_nothing(
    mount: Mount, root: Path, way: Way, cdn: CloudFront, settings: Any
) -> None:
    cdn.keys = {}
    wrong = {"KEY_ID": mount.client["aws_access_key_id"], "KEY": "wrong"}
    signing = mount.signing or wrong
    mount = use_mount(settings, root, **settings.S3REWRITE["media"] | {"SIGNING": signing})
    found = [finding for finding in diagnose(mount) if finding.grade is Grade.WRONG]
    assert [finding.subject for finding in found] == ["private"]
    assert "is refused with its signature, too (status 403)" in found[0].sentence


@one_of_each
def test_the_prober_goes_in_as_a_member_does(
    mount: Mount, root: Path, way: Way, cdn: CloudFront, settings: Any
) -> None:
    put(root, "photos/a b.jpg")
    said: list[str] = []
    prober = Prober(mount, threading.Event(), said.append)
    prober.step()
    assert prober._last is Verdict.GOOD
    assert not said
    if way.kind:
        cdn.keys = {}
        for _ in range(3):
            prober.step()
        assert [suspension.why for suspension in Suspensions(loop_registry(mount)).current()] == [
            f"{HOST}: it answers with the status 403"
        ]


@one_of_each
def test_a_purge_proves_that_a_private_file_is_gone(mount: Mount, root: Path) -> None:
    put(root, "photos/a b.jpg", "b.jpg")
    page = Page("photos/a b.jpg", "b.jpg")
    assert [answer.status for answer in page.answers()] == [200, 200]
    assert purge("photos/a b.jpg", local=True) == "media: photos/a b.jpg: gone\n"
    assert [answer.status for answer in page.answers()] == [404, 200]
    assert Page("photos/a b.jpg").links[0].startswith(ORIGIN)


def open_then_close(settings: Any, root: Path, server: SeaweedFS, **options: Any) -> Mount:
    """A mount that was public, and became private, on a server that does what policies say.

    Another mount of the bucket stays public.
    """
    bucket = f"strict-{uuid4().hex[:12]}"
    public = {"BUCKET": bucket, "CLIENT": server.client_options}
    mount = use_mount(settings, root, **public)
    call_command("s3rewrite_setup", stdout=StringIO())
    put(root, "a.txt")
    assert ask(f"{mount.public_url}a.txt").status == 200
    mount = use_mount(settings, root, **public, ACCESS="private", **options)
    settings.S3REWRITE = settings.S3REWRITE | {"open": {**public, "STORAGE": "staticfiles"}}
    call_command("s3rewrite_setup", stdout=StringIO())
    return conf.mount("media")


def statements(server: SeaweedFS, bucket: str) -> list[dict[str, Any]]:
    client = server.client()
    policy = client.get_bucket_policy(Bucket=bucket)["Policy"]
    client.put_object(Bucket=bucket, Key="open/b.txt", Body=b"for all")
    client.close()
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def test_setup_closes_what_was_public(
    settings: Any, root: Path, caches: None, strict_seaweedfs: SeaweedFS
) -> None:
    mount = open_then_close(settings, root, strict_seaweedfs)
    assert [found["Sid"] for found in statements(strict_seaweedfs, mount.bucket)] == [
        "S3RewriteReadopen"
    ]
    assert ask(f"{conf.mount('open').public_url}b.txt").status == 200
    assert ask(f"{mount.public_url}a.txt").status == 403
    assert [ask(url).status for url, _ in visits_of(mount, ["media/a.txt"])] == [200]
    found = [finding for finding in diagnose(mount) if finding.grade is Grade.WRONG]
    assert found == []
    out = StringIO()
    call_command("s3rewrite_setup", "media", stdout=out)
    assert "media: let nobody read" not in out.getvalue()


def test_setup_lets_a_distribution_read(
    settings: Any, root: Path, caches: None, strict_seaweedfs: SeaweedFS
) -> None:
    distribution = "arn:aws:cloudfront::111122223333:distribution/E1EXAMPLE"
    signing = {"BACKEND": "s3rewrite.signing.urls", "KEY_ID": "K1", "KEY": URLS.signer.pem}
    signing["DISTRIBUTION"] = distribution
    mount = open_then_close(settings, root, strict_seaweedfs, SIGNING=signing)
    statement = next(
        found for found in statements(strict_seaweedfs, mount.bucket)
        if found["Sid"] == "S3RewriteCloudFrontmedia"
    )  # fmt: skip
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": distribution}}
    assert ask(conf.object_url(mount, "media/a.txt")).status == 403


@one_of_each
def test_the_local_url_of_a_freed_file(
    mount: Mount, root: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leads to S3, with what opens the object, but for a cookie that would open more."""
    monkeypatch.setattr(asides, "ASIDE_SECONDS", 0.0)
    backend = "s3rewrite.storage.S3RewriteStorage"
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend}}
    options = settings.S3REWRITE["media"] | {"KEEP_LOCAL": False, "FREE_AFTER": 0}
    use_mount(settings, root, **options)
    path = write(root, "photos/a b.txt", b"freed")
    for _ in range(2):
        sync()
    assert path.is_symlink()
    page = Page("photos/a b.txt")
    assert [answer.body for answer in page.answers()] == [b"freed"]
    local = "/media/photos/a%20b.txt"
    assert Client().get(local).status_code == 403
    visitor = member()
    redirect = visitor.get(local)
    assert redirect.status_code == 302
    assert ask(redirect["Location"], cookies=cookies_of(visitor)).body == b"freed"
    assert redirect["Cache-Control"].startswith("private")

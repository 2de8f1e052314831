import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import InMemoryStorage
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import get_script_prefix, set_script_prefix
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from s3rewrite import conf
from s3rewrite.conf import url_prefix
from s3rewrite.core.entries import Entry, Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import is_inert
from s3rewrite.explain.publication import reasons_by_name
from s3rewrite.linking import resolver as links
from s3rewrite.linking.resolver import Resolver, get_resolver
from s3rewrite.registry import View
from s3rewrite.rewriters.types import Link
from tests.support.factories import use_mount, write
from tests.support.publishing import closed_clients, counted_reads, publish, publish_entry

__all__ = ["closed_clients"]

CDN = "https://cdn.example.com/media/"
ENTRY = Entry(Signature(5, 6), "3f9c2b1d0a4e5f60718293a4")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def mount(settings: Any, caches: None, root: Path) -> Mount:
    return use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)


class Everything:
    """A view in which every name is published."""

    host = ""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def get_many(self, names: list[str]) -> list[Entry]:
        self.asked.append(names)
        return [ENTRY] * len(names)

    get_cached = get_many

    def is_warm(self, names: list[str]) -> bool:
        return True

    def forget(self, names: list[str]) -> None: ...


@pytest.fixture
def everything(settings: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> Everything:
    """A mount whose every name is published, with no file looked at."""
    view = Everything()
    monkeypatch.setattr(links, "view_of", lambda mount: view)
    use_mount(settings, root, PUBLIC_URL=CDN, CHECK_LOCAL=False)
    return view


def request(host: str = "example.com", **extra: Any) -> HttpRequest:
    return RequestFactory().get("/", headers={"host": host}, **extra)


def link(url: str, request: HttpRequest | None = None) -> str:
    return get_resolver(request).url(url)


# From URL to link


def test_a_published_file_is_linked(mount: Mount, root: Path) -> None:
    publish(mount, root, "photos/a.jpg")
    assert link("/media/photos/a.jpg") == f"{CDN}photos/a.jpg"


def test_an_unknown_file_is_local(mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg")
    write(root, "b.jpg")
    assert link("/media/b.jpg") == "/media/b.jpg"


def test_a_withdrawn_file_is_local(mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg")
    assert link("/media/a.jpg") == f"{CDN}a.jpg"
    links.view_of(mount)._registry.withdraw(["a.jpg"])
    assert link("/media/a.jpg") == "/media/a.jpg"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/media/a.jpg?v=3", f"{CDN}a.jpg?v=3"),
        ("/media/a.jpg#top", f"{CDN}a.jpg#top"),
        ("/media/a.jpg?v=3&w=a+b#top", f"{CDN}a.jpg?v=3&w=a+b#top"),
        ("/media/a%20b.jpg", f"{CDN}a%20b.jpg"),
        ("/media/it's.jpg", f"{CDN}it's.jpg"),
        ("/media/caf%c3%a9.jpg", f"{CDN}caf%c3%a9.jpg"),
        ("/media/café.jpg", f"{CDN}café.jpg"),
        ("/media/a+b.jpg", f"{CDN}a%2Bb.jpg"),
        ("/media/a+b c's.jpg?x=1+2#3+4", f"{CDN}a%2Bb%20c%27s.jpg?x=1+2#3+4"),
        ("/media/a%2Bb.jpg", f"{CDN}a%2Bb.jpg"),
    ],
)
def test_the_remainder_stays_and_a_plus_is_encoded(
    everything: Everything, url: str, expected: str
) -> None:
    assert link(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.jpg",
        "media/a.jpg",
        "../media/a.jpg",
        "/en/media/a.jpg",
        "/mediaa.jpg",
        "/media",
        "/media/",
        "/media/?a.jpg",
        "/MEDIA/a.jpg",
        "/media/../a.jpg",
        "/media/a.jpg?acl",
        "/media/a%2Fb.jpg",
        "//media/a.jpg",
        "data:image/png;base64,/media/a.jpg",
        "https://other.example.com/media/a.jpg",
        "https://example.com/media/a.jpg",
        "\ud800/media/a.jpg",
        "/media/\ud800.jpg",
    ],
)
def test_another_url_stays_as_it_is(everything: Everything, url: str) -> None:
    assert link(url) == url


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("photos/a.jpg", "photos/a.3f9c2b1d0a4e.jpg"),
        ("photos/a%20b+c.jpg?v=1#x", "photos/a%20b%2Bc.3f9c2b1d0a4e.jpg?v=1#x"),
        ("README", "README.3f9c2b1d0a4e"),
    ],
)
def test_a_key_with_a_fingerprint(
    everything: Everything, settings: Any, root: Path, name: str, expected: str
) -> None:
    use_mount(settings, root, PUBLIC_URL=CDN, CHECK_LOCAL=False, KEYS="fingerprint")
    assert link(f"/media/{name}") == CDN + expected


URLS = st.lists(
    st.sampled_from([*"ab./?#&+%'\" é", "/media/", "%2e", "//", "https:", "example.com"])
)


@given(URLS.map("".join))
@example("/media/a+b")
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_link_is_inert_and_no_longer_than_its_url(everything: Everything, url: str) -> None:
    found = get_resolver(request()).resolve([url.encode()])[0]
    if found:
        assert is_inert(found.text.decode())
        assert 0 < found.length <= len(url.encode())
        assert found.text.startswith(CDN.encode())


# In one batch


def test_a_batch_is_one_read_a_mount(
    mount: Mount, root: Path, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = {**settings.STORAGES}  # made anew
    static_options = {"BUCKET": "assets", "STORAGE": "staticfiles"}
    settings.S3REWRITE = {**settings.S3REWRITE, "static": static_options}
    mount, static = conf.mounts().values()
    publish(mount, root, "a.jpg")
    publish(static, assets, "a.css")
    urls = [b"/media/a.jpg", b"/x", b"/static/a.css", b"/media/b.jpg", b"/media/a.jpg?2"]
    with counted_reads(monkeypatch) as asked:
        found = get_resolver().resolve(urls)
    assert asked == [["a.jpg", "b.jpg", "a.jpg"], ["a.css"]]
    to_media = Link(len("/media/"), CDN.encode())
    to_static = Link(len("/static/"), static.public_url.encode())
    assert found == [to_media, None, to_static, None, to_media]


def test_nothing_to_resolve_asks_nobody(everything: Everything) -> None:
    assert get_resolver().resolve([]) == []
    assert get_resolver().resolve([b"/x", b"/media/"]) == [None, None]
    assert everything.asked == []


# The local file


def test_a_file_overwritten_behind_djangos_back_is_local(mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg", b"old")
    assert link("/media/a.jpg") == f"{CDN}a.jpg"
    write(root, "a.jpg", b"new!", age=3)
    assert link("/media/a.jpg") == "/media/a.jpg"


def test_a_file_of_the_same_size_with_another_time_is_local(mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg", b"old")
    write(root, "a.jpg", b"new", age=3)
    assert link("/media/a.jpg") == "/media/a.jpg"


def test_a_deleted_file_is_local(mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg")
    (root / "a.jpg").unlink()
    assert link("/media/a.jpg") == "/media/a.jpg"


def test_a_file_that_became_a_directory_is_local(mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg")
    (root / "a.jpg").unlink()
    (root / "a.jpg").mkdir()
    assert link("/media/a.jpg") == "/media/a.jpg"


def test_a_name_too_long_for_the_disk_is_local(mount: Mount) -> None:
    name = "a" * 300
    publish_entry(mount, name, ENTRY)
    assert link(f"/media/{name}") == f"/media/{name}"


def test_a_storage_without_a_directory_has_no_file(settings: Any, caches: None) -> None:
    settings.STATIC_ROOT = None
    settings.STORAGES = {**settings.STORAGES}  # made anew
    settings.S3REWRITE = {"static": {"BUCKET": "assets", "STORAGE": "staticfiles"}}
    publish_entry(conf.mount("static"), "a.css", ENTRY)
    assert link("/static/a.css") == "/static/a.css"


def test_without_the_check_the_entry_is_believed(settings: Any, caches: None, root: Path) -> None:
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0, CHECK_LOCAL=False)
    publish_entry(mount, "a.jpg", ENTRY)
    assert link("/media/a.jpg") == f"{CDN}a.jpg"


def test_a_storage_that_is_not_the_disk_has_no_file_to_look_at(
    settings: Any, caches: None, root: Path
) -> None:
    memory = "django.core.files.storage.InMemoryStorage"
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": memory}}
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)
    publish_entry(mount, "a.jpg", ENTRY)
    assert link("/media/a.jpg") == f"{CDN}a.jpg"


@pytest.mark.parametrize("backend", ["InMemoryStorage", "no.such.Storage", None])
def test_another_storage_in_its_place_links_nothing(
    settings: Any, caches: None, root: Path, backend: str | None
) -> None:
    """As in a test on a developer's machine, whose Redis has what a loop published there."""
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)
    publish(mount, root, "a.jpg")
    assert link("/media/a.jpg") == f"{CDN}a.jpg"
    before = settings.STORAGES
    options = {"BACKEND": f"django.core.files.storage.{backend}"}
    settings.STORAGES = {"staticfiles": before["staticfiles"]} | (
        {"default": options} if backend else {}
    )
    assert link("/media/a.jpg") == "/media/a.jpg"
    settings.STORAGES = before
    assert link("/media/a.jpg") == f"{CDN}a.jpg"


def test_a_mount_without_its_storage_costs_its_own_links_alone(
    settings: Any, caches: None, root: Path
) -> None:
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)
    settings.S3REWRITE = {"other": {"BUCKET": "x", "STORAGE": "no"}} | settings.S3REWRITE
    publish(mount, root, "a.jpg")
    assert link("/media/a.jpg") == f"{CDN}a.jpg"


# Hosts


@pytest.mark.parametrize("origin", ["https://example.com", "http://example.com", "//example.com"])
def test_the_host_of_the_request(everything: Everything, origin: str) -> None:
    assert link(f"{origin}/media/a.jpg", request()) == f"{CDN}a.jpg"
    assert link(f"{origin}/media/a.jpg") == f"{origin}/media/a.jpg"
    assert link(f"{origin}.evil/media/a.jpg", request()) == f"{origin}.evil/media/a.jpg"
    assert link(f"{origin}:81/media/a.jpg", request()) == f"{origin}:81/media/a.jpg"
    assert link(f"{origin}:81/media/a.jpg", request("example.com:81")) == f"{CDN}a.jpg"


def test_the_host_of_a_request_is_asked_for_once(
    everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = request()
    assert link("https://example.com/media/a.jpg", first) == f"{CDN}a.jpg"
    monkeypatch.delattr(HttpRequest, "get_host")
    assert link("//example.com/media/a.jpg", first) == f"{CDN}a.jpg"


def test_hosts_of_the_mount(everything: Everything, settings: Any, root: Path) -> None:
    hosts = ["www.example.com", "img.example.com"]
    use_mount(settings, root, PUBLIC_URL=CDN, CHECK_LOCAL=False, HOSTS=hosts)
    for host in hosts:
        assert link(f"https://{host}/media/a.jpg") == f"{CDN}a.jpg"
        assert link(f"//{host}/media/a.jpg", request()) == f"{CDN}a.jpg"
    assert link("https://x.example.com/media/a.jpg") == "https://x.example.com/media/a.jpg"


def test_a_host_that_is_not_allowed(everything: Everything, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["example.com"]
    bad = request("evil.example")
    assert link("/media/a.jpg", bad) == f"{CDN}a.jpg"
    assert link("https://evil.example/media/a.jpg", bad) == "https://evil.example/media/a.jpg"
    assert get_resolver(bad).origins == ()


def test_origins_for_base(everything: Everything) -> None:
    assert get_resolver().origins == ()
    origins = (b"https://example.com", b"http://example.com", b"//example.com")
    assert get_resolver(request()).origins == origins


def test_a_storage_with_an_absolute_url(everything: Everything, settings: Any) -> None:
    settings.MEDIA_URL = "https://img.example.com/media/"
    assert link("https://img.example.com/media/a.jpg") == f"{CDN}a.jpg"
    assert link("http://img.example.com/media/a.jpg") == f"{CDN}a.jpg"
    assert link("//img.example.com/media/a.jpg", request()) == f"{CDN}a.jpg"
    assert link("/media/a.jpg", request("img.example.com")) == "/media/a.jpg"
    assert link("https://example.com/media/a.jpg", request()) == "https://example.com/media/a.jpg"


def test_what_the_rewriters_are_told(everything: Everything, settings: Any, root: Path) -> None:
    options = {"CONTEXTS": ["stylesheet"], "CORS": True, "HOSTS": ["example.com"]}
    use_mount(settings, root, PUBLIC_URL=CDN, **options)
    found = get_resolver(request()).scope(utf8=False)
    (target,) = found.targets
    assert target.prefixes == (
        b"/media/",
        b"https://example.com/media/",
        b"http://example.com/media/",
        b"//example.com/media/",
    )
    assert target.contexts == {"stylesheet"}
    assert target.cors
    assert not found.utf8
    assert get_resolver().scope(utf8=True).utf8


# Prefixes


@pytest.fixture
def script_name() -> Iterator[str]:
    before = get_script_prefix()
    set_script_prefix("/app/")
    yield "/app/"
    set_script_prefix(before)


def test_a_relative_media_url_gains_script_name(
    everything: Everything, settings: Any, script_name: str
) -> None:
    settings.MEDIA_URL = "media/"
    assert link("/app/media/a.jpg") == f"{CDN}a.jpg"
    assert link("https://example.com/app/media/a.jpg", request()) == f"{CDN}a.jpg"
    assert link("/media/a.jpg") == "/media/a.jpg"


def test_another_media_url_is_seen_at_once(everything: Everything, settings: Any) -> None:
    assert link("/media/a.jpg") == f"{CDN}a.jpg"
    settings.MEDIA_URL = "/uploads/"
    assert link("/media/a.jpg") == "/media/a.jpg"
    assert link("/uploads/a.jpg") == f"{CDN}a.jpg"


class WithoutBaseURL(InMemoryStorage):
    """A storage that is known by its `url` method alone."""

    base_url: Any = None
    template = "/files/{}"

    def url(self, name: str | None) -> str:
        return self.template.format(name)


class Signed(WithoutBaseURL):
    template = "/files/{}?signature=x"


class Hidden(WithoutBaseURL):
    def url(self, name: str | None) -> str:
        raise ValueError("This file is not accessible via a URL.")


class Abstract(WithoutBaseURL):
    def url(self, name: str | None) -> str:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("storage", "expected"),
    [("WithoutBaseURL", "/files/"), ("Signed", ""), ("Hidden", ""), ("Abstract", "")],
)
def test_the_prefix_of_another_storage(
    everything: Everything, settings: Any, storage: str, expected: str
) -> None:
    settings.STORAGES = {"default": {"BACKEND": f"tests.linking.test_resolver.{storage}"}}
    assert url_prefix(conf.mount("media")) == expected
    assert (link("/files/a.jpg") == f"{CDN}a.jpg") is bool(expected)
    assert len(get_resolver().targets) == bool(expected)


@pytest.mark.parametrize("media_url", ["/", "", "https://example.com/", "/media?x=/"])
def test_a_mount_without_a_path_of_its_own_is_never_linked(
    everything: Everything, settings: Any, media_url: str
) -> None:
    settings.MEDIA_URL = media_url
    assert get_resolver(request()).targets == ()
    assert link("/a.jpg", request()) == "/a.jpg"


def test_no_mounts(settings: Any) -> None:
    settings.S3REWRITE = {}
    assert get_resolver(request()).targets == ()
    assert link("/media/a.jpg") == "/media/a.jpg"


# Without Redis


def test_without_redis_everything_is_local(
    settings: Any, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    use_mount(settings, root, PUBLIC_URL=CDN)
    for _ in range(3):
        assert link("/media/a.jpg") == "/media/a.jpg"
    assert len(caplog.records) == 1


# Async


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """In which threads a view is asked."""
    found: list[int] = []

    def noted(method: Any) -> Any:
        def call(view: View, names: Any) -> Any:
            found.append(threading.get_ident())
            return method(view, names)

        return call

    for name in ("get_many", "get_cached"):
        monkeypatch.setattr(View, name, noted(getattr(View, name)))
    return found


@pytest.fixture
def slow_mount(settings: Any, caches: None, root: Path) -> Mount:
    """A mount that is asked for news once in a while."""
    return use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=60, MAX_STALENESS=90)


async def test_a_cold_view_leaves_the_event_loop_and_a_warm_one_does_not(
    slow_mount: Mount, root: Path, threads: list[int]
) -> None:
    publish(slow_mount, root, "a.jpg")
    urls = [b"/media/a.jpg", b"/media/b.jpg", b"/x"]
    expected = [Link(len("/media/"), CDN.encode()), None, None]
    assert await get_resolver().aresolve(urls) == expected
    assert await get_resolver().aresolve(urls) == expected
    assert await get_resolver().aresolve([b"/x"]) == [None]
    cold, _, warm = threads  # a cold view asks Redis, and then reads its cache
    assert cold != threading.get_ident()
    assert warm == threading.get_ident()
    await get_resolver().aresolve([b"/media/c.jpg"])
    assert threads[-1] != threading.get_ident()


async def test_a_cold_view_does_not_block_the_event_loop(
    slow_mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(slow_mount, root, "a.jpg")
    asked, answer = threading.Event(), threading.Event()
    ask = View._ask

    def slow(view: View, names: Any) -> None:
        asked.set()
        assert answer.wait(5)
        ask(view, names)

    monkeypatch.setattr(View, "_ask", slow)
    waiting = asyncio.create_task(get_resolver().aresolve([b"/media/a.jpg"]))
    while not asked.is_set():
        await asyncio.sleep(0.001)
    assert not waiting.done()
    answer.set()
    assert await waiting == [Link(len("/media/"), CDN.encode())]


async def test_a_file_is_looked_at_in_async_too(mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg")
    os.utime(root / "a.jpg", (1, 1))
    assert await get_resolver().aresolve([b"/media/a.jpg"]) == [None]


# The resolver


def test_resolvers_are_made_once_for_a_host(everything: Everything) -> None:
    assert get_resolver(request()) is get_resolver(request())
    assert get_resolver(request()) is not get_resolver(request("www.example.com"))
    assert isinstance(get_resolver(), Resolver)


def test_a_host_that_is_too_long_to_be_one_is_not_remembered(settings: Any) -> None:
    request = RequestFactory().get("/", headers={"host": "a." * 4000 + "example"})
    assert get_resolver(request) is get_resolver()


@pytest.mark.parametrize(
    ("debug", "storage", "options", "is_linked"),
    [
        (False, "staticfiles", {}, True),
        (True, "staticfiles", {}, False),
        (True, "staticfiles", {"LINK_IN_DEBUG": True}, True),
        (True, "default", {}, True),
    ],
)
async def test_static_files_while_debug_is_on(
    settings: Any,
    caches: None,
    tmp_path: Path,
    debug: bool,
    storage: str,
    options: dict[str, Any],
    is_linked: bool,
) -> None:
    """Django then serves what the finders find, and STATIC_ROOT may have something older."""
    settings.STATIC_ROOT = tmp_path / "static"
    root = tmp_path / "static" if storage == "staticfiles" else tmp_path / "media"
    mount = use_mount(settings, tmp_path / "media", STORAGE=storage, POLL_SECONDS=0, **options)
    publish(mount, root, "a.jpg")
    settings.DEBUG = debug
    local = f"{url_prefix(mount)}a.jpg"
    found = get_resolver().url(local)
    assert (found != local) is is_linked
    assert await get_resolver().aurl(local) == found
    reason = reasons_by_name(mount, ["a.jpg"])["a.jpg"]
    assert (reason.code if reason else "") == ("" if is_linked else "debug")


# A public URL at the site's own host


OWN = [
    ("/media/a.jpg", "/s3/media/a.jpg"),
    ("https://example.com/media/a.jpg", "https://example.com/s3/media/a.jpg"),
    ("//www.example.com/media/a.jpg?x=1", "//www.example.com/s3/media/a.jpg?x=1"),
    ("http://www.example.com/media/a+b.jpg", "http://www.example.com/s3/media/a%2Bb.jpg"),
]


@pytest.mark.parametrize(("url", "expected"), OWN)
def test_a_public_url_without_a_host_keeps_that_of_the_page(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, expected: str
) -> None:
    monkeypatch.setattr(links, "view_of", lambda mount: Everything())
    options = {"PUBLIC_URL": "/s3/media/", "CHECK_LOCAL": False, "HOSTS": ["www.example.com"]}
    use_mount(settings, tmp_path, **options)
    request = RequestFactory().get("/", headers={"host": "example.com"})
    assert get_resolver(request).url(url) == expected
    use_mount(settings, tmp_path, KEYS="fingerprint", **options)
    path, _, _ = expected.partition(".jpg")
    assert get_resolver(request).url(url).startswith(f"{path}.{ENTRY.fingerprint[:12]}.jpg")


@pytest.mark.parametrize(
    ("public_url", "secure", "expected"),
    [
        ("/s3/media/", False, (True, True)),
        ("http://example.com/s3/media/", False, (True, True)),
        ("https://example.com/s3/media/", True, (True, True)),
        ("https://example.com/s3/media/", False, (False, False)),
        ("https://example.com:8443/s3/media/", True, (False, False)),
        ("https://cdn.example.com/media/", True, (False, False)),
        ("https://example.com.evil.org/media/", True, (False, False)),
    ],
)
def test_the_same_origin_needs_no_cors(
    settings: Any, tmp_path: Path, public_url: str, secure: bool, expected: tuple[bool, bool]
) -> None:
    use_mount(settings, tmp_path, PUBLIC_URL=public_url)
    request = RequestFactory().get("/", headers={"host": "example.com"}, secure=secure)
    (target,) = get_resolver(request).targets
    assert (target.cors, target.same_origin) == expected


def test_without_a_request_no_host_is_the_page_s(settings: Any, tmp_path: Path) -> None:
    use_mount(settings, tmp_path, PUBLIC_URL="https://cdn.example.com/media/")
    (target,) = get_resolver().targets
    assert not target.same_origin

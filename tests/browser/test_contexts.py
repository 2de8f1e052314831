"""Every row of the context table in a real browser: all loads, and from where it is to."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from playwright.sync_api import Browser

from demo.servers import SeaweedFS, Valkey, free_ports
from s3rewrite import conf
from s3rewrite.checks.policy import DIRECTIVES
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.tokens import TAG
from s3rewrite.rewriters.table.contexts import TABLE
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS
from s3rewrite.rewriters.table.rows import Mark, Row
from s3rewrite.sync.passes import whole_pass
from tests.browser import files, markup
from tests.browser.conftest import read
from tests.browser.site import COLOR_OF, SHELL, STATE, Visit, served, write_files
from tests.support.factories import job

TIMEOUT = 30.0  # seconds
UNUSED = 4.0  # seconds: after 3 the browser complains of a preload that nothing used

CORS = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["*"]}
NO_CORS = CORS | {"AllowedOrigins": ["https://other.example"]}

MOUNTS = {
    "media": {},
    "asked": {"CONTEXTS": sorted(OPTIONAL_CONTEXTS)},
    "shared": {"CONTEXTS": sorted(OPTIONAL_CONTEXTS), "CORS": True},
    "lying": {"CONTEXTS": sorted(OPTIONAL_CONTEXTS), "CORS": True},
}
"""By default; with all that can be asked for; and so with a bucket that answers with CORS, and
with one that only the settings say to do so."""

PATIENT = {"REDIS_TIMEOUT": 10.0, "MAX_STALENESS": 120.0}
"""Links stay links on a machine that does much else."""

MARKS = {"media": "→", "asked": "→", "shared": "→⇉", "lying": "→⇉"}
VISITS = [
    ("default", "media"),
    ("default", "shared"),
    ("sources", "media"),
    ("asked", "media"),
    ("asked", "asked"),
    ("asked", "shared"),
    ("never", "shared"),
    ("frameset", "shared"),
    ("link", "media"),
]
JSON = ("ld+json", "json-script", "json", "manifest")
Key = tuple[str, str, bool]


def marks_of(page: str, mount: str) -> str:
    """The marks of the URLs that are linked."""
    return "" if (page, mount) == ("asked", "media") else MARKS[mount]


# Every row of the table


def tags_of(row: Row) -> list[Tag]:
    text = markup.CASES[row.name].encode()
    found = [Tag(text, tag[2].lower(), tag.end(2), tag.end()) for tag in TAG.finditer(text)]
    return [tag for tag in found if all(when(tag) for when in row.when)]


def is_shown(row: Row, place: str) -> bool:
    element, _, attribute = place.rstrip("]}").replace("{", "[").partition("[")
    begin = attribute.removesuffix("*")
    if element == "css":
        return re.search(rf"[\s{{;]{re.escape(begin)}", markup.CASES[row.name]) is not None
    if element == "body":
        return attribute == "background" or attribute in markup.TYPES.values()
    if element in JSON:
        key = begin.rpartition(".")[2]
        return f'"{key}"' in markup.CASES[row.name].lower() or not key
    if element == "header":
        return place == "header[location]"
    tags = [tag for tag in tags_of(row) if element in ("*", tag.name.decode())]
    held = [name.decode() for tag in tags for name in tag._attributes()]
    if attribute.endswith("*"):
        return any(name.startswith(begin) for name in held)
    return attribute in held if attribute else bool(tags)


def part_of(row: Row) -> dict[str, str]:
    return {Mark.YES: markup.DEFAULT, Mark.ASKED: markup.ASKED, Mark.NEVER: markup.NEVER}[row.mark]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.name} {row.places[:40]}")
def test_every_place_of_the_table_is_on_a_page(row: Row) -> None:
    if row.name in markup.UNSEEN:
        assert row.name not in markup.CASES
        return
    assert [place for place in row.places.split() if not is_shown(row, place)] == []
    assert row.name in part_of(row) or row.name == "manifest-identity"


# The visits


@pytest.fixture(scope="module")
def site(
    session_valkey: Valkey, session_seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a site whose files are all published, in a bucket a mount."""
    for server in (session_valkey, session_seaweedfs):
        server.resume()
        server.start()
    root = tmp_path_factory.mktemp("contexts")
    write_files(root, {name: files.content(name) for name in markup.names()})
    make_buckets(session_seaweedfs)
    with override_settings(**site_settings(root, session_valkey, session_seaweedfs)):
        for mount in conf.mounts().values():
            assert whole_pass(job(mount)).is_ok
        with served(free_ports(1)[0]) as url:
            yield url


def make_buckets(seaweedfs: SeaweedFS) -> None:
    client = seaweedfs.client()
    for name in MOUNTS:
        rule = CORS if name == "shared" else NO_CORS
        client.create_bucket(Bucket=f"contexts-{name}")
        client.put_bucket_cors(
            Bucket=f"contexts-{name}",
            CORSConfiguration={"CORSRules": [rule]},  # type: ignore[list-item]
        )
    client.close()


def site_settings(root: Path, valkey: Valkey, seaweedfs: SeaweedFS) -> dict[str, Any]:
    cache = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": valkey.url}
    storage = "django.core.files.storage.FileSystemStorage"
    return {
        "ROOT_URLCONF": "tests.browser.site",
        "MIDDLEWARE": [conf.MIDDLEWARE],
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "CACHES": {"default": cache},
        "MEDIA_ROOT": root,
        "STORAGES": {
            name: {"BACKEND": storage, "OPTIONS": {"location": root, "base_url": f"/{name}/"}}
            for name in ("default", *MOUNTS)
        },
        "S3REWRITE": {
            name: {
                "BUCKET": f"contexts-{name}",
                "STORAGE": name,
                "CLIENT": seaweedfs.client_options,
                **PATIENT,
                **options,
            }
            for name, options in MOUNTS.items()
        },
    }


@pytest.fixture(scope="module")
def visits(site: str, browser: Browser, session_seaweedfs: SeaweedFS) -> Iterator[dict[Key, Visit]]:
    """All pages, each in a tab, without a policy and with one, when all is loaded."""
    context = browser.new_context()
    found = {
        (page, mount, csp): Visit(context.new_page())
        for page, mount in VISITS
        for csp in (False, True)
    }
    for (page, mount, csp), visit in found.items():
        query = f"?csp={session_seaweedfs.url}" if csp else ""
        visit.open(f"{site}/page/{page}/{mount}/{query}")
    for (page, mount, _), visit in found.items():
        wait_until_loaded(visit, len(markup.seen(page, marks_of(page, mount))))
    next(iter(found.values())).tab.wait_for_timeout(1000 * UNUSED)
    yield found
    context.close()


def wait_until_loaded(visit: Visit, count: int) -> None:
    """Until the page has asked for that many files and all its pictures and media are there."""
    deadline = time.monotonic() + TIMEOUT
    visit.tab.wait_for_load_state()
    while time.monotonic() < deadline:
        state = visit.tab.evaluate(STATE)
        there = not (state["pictures"] or state["media"] or state["fonts"])
        if there and sum("/seen/" in url for url in visit.statuses) >= count:
            return
        visit.tab.wait_for_timeout(50)


@pytest.fixture(params=[False, True], ids=["no policy", "with a policy"])
def csp(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=VISITS, ids="-".join)
def key(request: pytest.FixtureRequest, csp: bool) -> Key:
    return (*request.param, csp)


@pytest.fixture
def public_url(key: Key, session_seaweedfs: SeaweedFS) -> str:
    return session_seaweedfs.public_url(f"contexts-{key[1]}", f"{key[1]}/")


def test_what_is_sent_is_linked_where_it_is_to_be(
    visits: dict[Key, Visit], key: Key, public_url: str
) -> None:
    page, mount, _ = key
    text = markup.PAGES[page]
    wanted = markup.rewritten(text, f"/{mount}/", marks_of(page, mount), public_url)
    assert visits[key].html == SHELL.format(wanted)


def test_each_file_came_from_where_its_url_says(
    visits: dict[Key, Visit], key: Key, public_url: str, site: str
) -> None:
    page, mount, _ = key
    wanted = {
        (public_url if linked else f"{site}/{mount}/") + name
        for name, linked in markup.seen(page, marks_of(page, mount)).items()
    }
    asked = {url.split("#")[0] for url in visits[key].statuses if "/seen/" in url}
    assert asked == wanted
    statuses = visits[key].statuses
    assert {status for url in asked for status in statuses[url]} <= {200, 206, 304}


def test_nothing_went_wrong(visits: dict[Key, Visit], key: Key) -> None:
    assert visits[key].problems == []


def test_all_is_there(visits: dict[Key, Visit], key: Key) -> None:
    page, mount, _ = key
    names = markup.seen(page, marks_of(page, mount))
    state = visits[key].tab.evaluate(STATE)
    scripts = [name for name in names if name.endswith(("js", "mjs"))]
    assert len(state.pop("ran")) == len(scripts)
    assert state == {"pictures": [], "media": [], "fonts": []}
    for name in names:
        if name.endswith(".css"):
            assert visits[key].tab.evaluate(COLOR_OF, Path(name).stem) == files.COLOR, name


def test_each_linked_url_answers_with_the_bytes_of_its_file(
    visits: dict[Key, Visit], key: Key, public_url: str
) -> None:
    urls = re.findall(rf"{re.escape(public_url)}[\w/.,-]*\w", visits[key].html)
    for url in set(urls):
        assert read(url) == files.content(url.removeprefix(public_url))


@pytest.mark.parametrize("name", markup.BODIES)
def test_a_body_that_is_not_html(site: str, session_seaweedfs: SeaweedFS, name: str) -> None:
    for mount in MOUNTS:
        public_url = session_seaweedfs.public_url(f"contexts-{mount}", f"{mount}/")
        marks = marks_of("asked", mount)
        wanted = markup.rewritten(markup.BODIES[name], f"/{mount}/", marks, public_url)
        assert read(f"{site}/body/{name}/{mount}/").decode() == wanted


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    context = browser.new_context()
    yield Visit(context.new_page())
    context.close()


def wait_until_refused(visit: Visit, wanted: set[str]) -> None:
    """Until the browser has complained of all those files; of no others that a page needs."""
    deadline = time.monotonic() + TIMEOUT
    names = {name for name in markup.names() if name.startswith("seen/")}
    while True:
        refused = {name for name in names if f"/{name}" in " ".join(visit.problems)}
        if refused == wanted or time.monotonic() > deadline:
            assert refused == wanted
            return
        visit.tab.wait_for_timeout(50)


@pytest.mark.parametrize("page", ["default", "asked"])
def test_what_waits_for_cors_does_not_load_without(visit: Visit, site: str, page: str) -> None:
    visit.open(f"{site}/page/{page}/lying/")
    linked = {name for name, is_linked in markup.seen(page, "⇉").items() if is_linked}
    wait_until_refused(visit, linked - markup.IN_DOUBT)


@pytest.mark.parametrize("page", ["default", "asked"])
def test_a_policy_without_the_bucket_is_seen_here(visit: Visit, site: str, page: str) -> None:
    visit.open(f"{site}/page/{page}/shared/?csp=http://127.0.0.1:1")
    linked = {name for name, is_linked in markup.seen(page, "→⇉").items() if is_linked}
    wait_until_refused(visit, linked)


# A headless Chromium asks for no manifest.
@pytest.mark.parametrize("directive", sorted(DIRECTIVES.keys() - {"manifest-src"}))
def test_each_directive_that_the_check_knows_is_needed(
    visit: Visit, site: str, session_seaweedfs: SeaweedFS, directive: str
) -> None:
    page = "asked" if DIRECTIVES[directive] else "default"
    origin = session_seaweedfs.url
    visit.open(f"{site}/page/{page}/shared/?csp={origin}&without={directive}")
    deadline = time.monotonic() + TIMEOUT
    while not any(f'"{directive} ' in problem for problem in visit.problems):
        assert time.monotonic() < deadline, visit.problems
        visit.tab.wait_for_timeout(50)

"""The admin's page, with the figures of a real Redis."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client

from demo.servers import Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.monitoring.overview import SHOWN
from s3rewrite.registry import loop_registry
from s3rewrite.registry.suspension import Suspensions
from s3rewrite.sync.hints import WHOLE
from s3rewrite.sync.reporting.journal import journal_of, record_report
from s3rewrite.sync.reporting.report import Report, Result
from tests.support.factories import use_mount, write
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]

URL = "/admin/s3rewrite/mountstatus/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def mount(settings: Any, caches: None, root: Path) -> Mount:
    return use_mount(settings, root, PUBLIC_URL="https://cdn/m/")


def client(*permissions: str) -> Client:
    user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    found = Client()
    found.force_login(user)
    return found


@pytest.fixture
def viewer(mount: Mount) -> Client:
    return client("view_mountstatus")


@pytest.fixture
def owner(mount: Mount) -> Client:
    return client("view_mountstatus", "sync_mountstatus")


def text(answer: Any) -> str:
    found = BeautifulSoup(answer.content, "html.parser").find(class_="s3rewrite") or BeautifulSoup(
        answer.content, "html.parser"
    )
    return " ".join(found.get_text(" ").split())


def report(**given: Any) -> Report:
    found = Report("media", seconds=2.0, **given)
    for name, reason in found.failures.items():
        found.fail(name, reason)
    return found


def test_who_may_see_it(mount: Mount) -> None:
    assert Client().get(URL).status_code == 302
    for path in (URL, f"{URL}mounts/"):
        assert client().get(path).status_code == 403
        assert client("view_mountstatus").get(path).status_code == 200
    assert client("view_mountstatus").get("/admin/").content.count(URL.encode()) >= 1


def test_there_is_nothing_to_change(viewer: Client) -> None:
    assert viewer.get(f"{URL}add/").status_code == 404
    assert b"/add/" not in viewer.get("/admin/").content


def test_at_first(viewer: Client) -> None:
    found = text(viewer.get(URL))
    assert "media CRITICAL" in found
    assert "no pass was ever made" in found
    assert "Loop no loop runs" in found


def test_figures_and_names(viewer: Client, mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg", b"x" * 2048)
    journal_of(mount).record_heartbeat(60.0)
    done = report(failures={"<b>.jpg": "no right"}, skipped={"c.css": "refers to /x"})
    done.add(Result.UPLOADED, 3)
    record_report(mount, "loop", done)
    answer = viewer.get(URL)
    found = text(answer)
    assert "media WARNING 1 failed, such as <b>.jpg: no right" in found
    assert "1 published 1 pending" not in found
    assert "Published 1 file, 2.0\xa0KB" in found.replace("2.0 KB", "2.0\xa0KB")
    assert "every 60 s" in found
    assert "3 uploaded" in found
    assert "Failed Name Why For how long <b>.jpg no right 0 s" in found
    assert "Kept local Name Why For how long c.css refers to /x" in found
    assert b"<b>.jpg" not in answer.content
    page = BeautifulSoup(answer.content, "html.parser")
    assert [(bar["x"], bar["width"]) for bar in page.select(".s3rewrite-bar rect")] == [
        ("0.0%", "33.33%"), ("33.33%", "33.33%"), ("66.67%", "33.33%"),
    ]  # fmt: skip
    assert not page.select("[style]")
    seconds, files = page.select(".s3rewrite-chart")
    assert seconds.figcaption.text == "Seconds that a pass took"  # type: ignore[union-attr]
    assert files.select_one(".s3rewrite-y span").text == "3"  # type: ignore[union-attr]
    for chart in (seconds, files):
        (title,) = chart.select("rect title")
        assert "3 uploaded, 1 failed, 2.0 s" in title.text
        assert len(chart.select("time")) == 2


def test_a_pass_that_runs(viewer: Client, mount: Mount) -> None:
    journal_of(mount).record_progress({"planned": 90, "done": 30, "seconds": 3.0})
    found = text(viewer.get(f"{URL}mounts/"))
    assert "A pass runs 30 of 90 so far, 10 files a second" in found
    assert "60 pending" in found


def test_pending(viewer: Client, mount: Mount) -> None:
    done = report(stopped="S3 is away")
    done.add(Result.PENDING, 4)
    record_report(mount, "s3rewrite_sync", done)
    found = text(viewer.get(URL))
    assert "the last pass stopped: S3 is away" in found
    assert "Pending 4, for 0 s" in found


def test_without_redis(viewer: Client, valkey: Valkey) -> None:
    valkey.stop()
    found = text(viewer.get(URL))
    assert "media UNKNOWN Redis does not answer" in found
    assert "Published" not in found


def test_without_a_mount(viewer: Client, settings: Any) -> None:
    settings.S3REWRITE = {}
    assert "S3REWRITE has no mount" in text(viewer.get(URL))


# Where a file is


@pytest.mark.parametrize(
    "query",
    ["a.jpg", "/media/a.jpg", "https://example.com/media/a.jpg", " a.jpg ", "https://cdn/m/a.jpg"],
)
def test_a_file_on_s3(viewer: Client, mount: Mount, root: Path, query: str) -> None:
    publish(mount, root, "a.jpg")
    found = text(viewer.get(URL, {"q": query}))
    assert "media a.jpg on S3 https://cdn/m/a.jpg" in found


@pytest.mark.parametrize("name", ["a#b.jpg", "100%.jpg", "a b?.jpg", "é+.jpg"])
def test_a_file_whose_name_a_url_escapes(
    viewer: Client, mount: Mount, root: Path, name: str
) -> None:
    publish(mount, root, name)
    publish(mount, root, "a")
    url = f"https://cdn/m/{quote(name)}"
    for query in (name, url):
        found = text(viewer.get(URL, {"q": query}))
        assert f"media {name} on S3 {url}" in found


def test_a_file_that_is_not(viewer: Client, mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg")
    write(root, "b.jpg")
    assert "b.jpg local: not uploaded yet /media/b.jpg" in text(viewer.get(URL, {"q": "b.jpg"}))
    assert "local: there is no such file" in text(viewer.get(URL, {"q": "c.jpg"}))
    for query in ("/elsewhere/c.jpg", "/media/../x", "https://example.com/x"):
        assert "No mount has a file of that URL" in text(viewer.get(URL, {"q": query}))


def rows(answer: Any) -> list[str]:
    """The names that were found."""
    page = BeautifulSoup(answer.content, "html.parser")
    return [row.select("td")[1].text for row in page.select(".s3rewrite-found tbody tr")]


def test_a_part_of_a_name(viewer: Client, mount: Mount, root: Path) -> None:
    for name in ("2026/cat 1.jpg", "2026/Cat 2.jpg", "cats/a.jpg", "cat", "2025/dog.jpg"):
        publish(mount, root, name)
    assert rows(viewer.get(URL, {"q": "cat"})) == [
        "cat", "2026/Cat 2.jpg", "2026/cat 1.jpg", "cats/a.jpg",
    ]  # fmt: skip
    assert rows(viewer.get(URL, {"q": "2026/cat"})) == ["2026/Cat 2.jpg", "2026/cat 1.jpg"]
    assert rows(viewer.get(URL, {"q": "2026/ca*"})) == ["2026/ca*"]
    assert rows(viewer.get(URL, {"q": "/media/2026/cat"})) == ["2026/cat"]
    found = text(viewer.get(URL, {"q": "dog"}))
    assert "2025/dog.jpg on S3 https://cdn/m/2025/dog.jpg" in found
    assert "more names" not in found


def test_more_than_is_shown(viewer: Client, mount: Mount, root: Path) -> None:
    for number in range(SHOWN + 1):
        publish(mount, root, f"{number}.jpg")
    answer = viewer.get(URL, {"q": "jpg"})
    assert len(rows(answer)) == SHOWN
    assert "There are more names than were looked at" in text(answer)


def test_latest_files(viewer: Client, mount: Mount, root: Path) -> None:
    for number in range(12):
        publish(mount, root, f"{number}.jpg")
    loop_registry(mount).withdraw(["11.jpg"])
    page = BeautifulSoup(viewer.get(URL).content, "html.parser")
    links = page.find("caption", string="Published last").parent.select("a")  # type: ignore[union-attr]
    assert [link.text for link in links][:2] == ["10.jpg", "9.jpg"]
    assert links[0]["href"] == "https://cdn/m/10.jpg"


def test_a_file_that_is_kept_local(viewer: Client, mount: Mount, root: Path) -> None:
    write(root, "c.css")
    record_report(mount, "loop", report(skipped={"c.css": "refers to /x"}))
    for query in ("c.css", "https://cdn/m/c.css"):
        found = text(viewer.get(URL, {"q": query}))
        assert "c.css local: kept local: refers to /x /media/c.css" in found


def test_what_is_asked_is_escaped(viewer: Client) -> None:
    assert b"<script>x" not in viewer.get(URL, {"q": "<script>x"}).content


# Asking


def hints(mount: Mount) -> list[str]:
    return loop_registry(mount).hints.read("0-0", 0)[1]


def said(answer: Any) -> str:
    return str(next(iter(get_messages(answer.wsgi_request))))


def test_look_again_and_sync_now(owner: Client, mount: Mount) -> None:
    answer = owner.post(f"{URL}ask/", {"mount": "media", "name": "a.jpg"})
    assert answer.status_code == 302
    assert answer["Location"] == URL
    assert said(answer) == "The loop was asked to look now."
    owner.post(f"{URL}ask/", {"mount": "media"})
    assert hints(mount) == ["a.jpg", WHOLE]


def test_all_that_failed_is_looked_at_again(owner: Client, mount: Mount) -> None:
    assert b"all failed" not in owner.get(URL).content
    failures = {"a.jpg": "no right", "b/c.jpg": "no right"}
    record_report(mount, "loop", report(failures=failures, skipped={"c.css": "refers to /x"}))
    assert b"Look at all failed again" in owner.get(URL).content
    owner.post(f"{URL}ask/", {"mount": "media", "failed": "1"})
    assert hints(mount) == ["a.jpg", "b/c.jpg"]


def test_buttons_are_for_those_who_may(owner: Client, viewer: Client, mount: Mount) -> None:
    assert b"Sync now" in owner.get(URL).content
    assert b"Sync now" not in viewer.get(URL).content
    assert viewer.post(f"{URL}ask/", {"mount": "media"}).status_code == 403
    assert owner.get(f"{URL}ask/").status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = owner.cookies
    assert strict.post(f"{URL}ask/", {"mount": "media"}).status_code == 403
    assert hints(mount) == []


def test_asking_in_vain(owner: Client, valkey: Valkey) -> None:
    assert "no mount 'x'" in said(owner.post(f"{URL}ask/", {"mount": "x"}))
    valkey.stop()
    assert said(owner.post(f"{URL}ask/", {"mount": "media"}))


# Suspending


def test_suspend_and_resume(owner: Client, mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg")
    answer = owner.post(f"{URL}suspend/", {"mount": "media", "why": "<b>", "for": "2h"})
    assert (answer.status_code, answer["Location"]) == (302, URL)
    (found,) = Suspensions(loop_registry(mount)).current()
    assert (found.by, found.why, found.until and found.until - found.since) == (
        "staff0", "<b>", 7200.0,
    )  # fmt: skip
    page = text(owner.get(URL))
    assert "by staff0: <b>" in page
    assert "Link to S3 again" in page
    assert b"<b>" not in owner.get(URL).content
    assert "a.jpg local: suspended since" in text(owner.get(URL, {"q": "a.jpg"}))
    owner.post(f"{URL}suspend/", {"mount": "media", "resume": "1"})
    assert Suspensions(loop_registry(mount)).current() == ()
    assert "Link locally" in text(owner.get(URL))


def test_suspending_is_for_those_who_may(owner: Client, viewer: Client, mount: Mount) -> None:
    assert "Link locally" not in text(viewer.get(URL))
    assert viewer.post(f"{URL}suspend/", {"mount": "media"}).status_code == 403
    assert owner.get(f"{URL}suspend/").status_code == 403
    assert Suspensions(loop_registry(mount)).current() == ()


def test_suspending_in_vain(owner: Client, valkey: Valkey, mount: Mount) -> None:
    found = owner.post(f"{URL}suspend/", {"mount": "media", "for": "soon"})
    assert "'soon' is no time span" in said(found)
    assert Suspensions(loop_registry(mount)).current() == ()
    valkey.stop()
    assert said(owner.post(f"{URL}suspend/", {"mount": "media"}))


# Taking down


def test_a_file_is_taken_down_after_a_question(mount: Mount, root: Path) -> None:
    publish(mount, root, "a.jpg")
    judge = client("view_mountstatus", "purge_mountstatus")
    assert "Take down" in text(judge.get(URL, {"q": "a.jpg"}))
    asked = judge.post(f"{URL}purge/", {"mount": "media", "name": "a.jpg"})
    assert "This cannot be undone" in asked.content.decode()
    assert (root / "a.jpg").exists()
    assert loop_registry(mount).purges.read() == {}
    answer = judge.post(f"{URL}purge/", {"mount": "media", "name": "a.jpg", "how": "local"})
    assert answer["Location"] == URL
    assert "is being taken down" in said(answer)
    assert not (root / "a.jpg").exists()
    assert loop_registry(mount).purges.read().keys() == {"a.jpg"}
    assert "a.jpg" in hints(mount)


def test_who_may_take_down(owner: Client, mount: Mount) -> None:
    given = {"mount": "media", "name": "a.jpg", "how": "local"}
    assert b"Take down" not in owner.get(URL, {"q": "a.jpg"}).content
    assert owner.post(f"{URL}purge/", given).status_code == 403
    judge = client("view_mountstatus", "purge_mountstatus")
    assert judge.get(f"{URL}purge/").status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = judge.cookies
    assert strict.post(f"{URL}purge/", given).status_code == 403
    assert loop_registry(mount).purges.read() == {}


def test_taking_down_in_vain(mount: Mount) -> None:
    given = {"mount": "media", "name": "../a", "how": "local"}
    for changed, reason in (({}, "no file can have the name"), ({"mount": "x"}, "no mount 'x'")):
        judge = client("view_mountstatus", "purge_mountstatus")
        assert reason in said(judge.post(f"{URL}purge/", given | changed))


def test_what_is_public_and_should_not_be(viewer: Client, mount: Mount) -> None:
    journal_of(mount).record_heartbeat(60.0)
    record_report(mount, "loop", report(exposed={"private/a.txt": "still on S3"}))
    found = text(viewer.get(URL))
    assert "WARNING 1 should not be public, such as private/a.txt: still on S3" in found
    assert "Public, and should not be Name Why For how long private/a.txt" in found

from pathlib import Path
from typing import Any

import pytest

from demo.servers import Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.explain import publication
from s3rewrite.explain.publication import reasons_by_name, why_local
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.registry import Claim, loop_registry
from s3rewrite.registry.journal import Journal
from s3rewrite.registry.lease import held
from tests.support.factories import use_mount, write
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def mount(settings: Any, caches: None, root: Path) -> Mount:
    mount = use_mount(settings, root, EXCLUDE=["*.tmp"], POLL_SECONDS=0)
    publish(mount, root, "a.jpg")
    return mount


def why(mount: Mount, name: str) -> str:
    reason = reasons_by_name(mount, [name])[name]
    return reason.code if reason else ""


def test_published_and_current(mount: Mount) -> None:
    assert why(mount, "a.jpg") == ""


def test_changed_since(mount: Mount, root: Path) -> None:
    write(root, "a.jpg", b"other bytes")
    assert why(mount, "a.jpg") == "changed"


def test_published_and_gone(mount: Mount, root: Path) -> None:
    (root / "a.jpg").unlink()
    assert why(mount, "a.jpg") == "missing"


def test_published_and_not_looked_at(settings: Any, caches: None, root: Path) -> None:
    mount = use_mount(settings, root, CHECK_LOCAL=False)
    publish(mount, root, "a.jpg")
    (root / "a.jpg").unlink()
    assert why(mount, "a.jpg") == ""


def test_not_published(mount: Mount, root: Path) -> None:
    write(root, "b.jpg")
    write(root, "b.tmp")
    names = ["b.jpg", "b.tmp", "c.jpg", "../x", "a\0b"]
    found = [reason.code if reason else "" for reason in reasons_by_name(mount, names).values()]
    assert found == ["unpublished", "excluded", "missing", "missing", "missing"]


def test_being_uploaded(mount: Mount, root: Path) -> None:
    write(root, "b.jpg")
    registry = loop_registry(mount)
    with held(registry) as lease:
        assert isinstance(registry.claim("b.jpg", lease, "f" * 24), Claim)
    assert why(mount, "b.jpg") == "pending"


def test_what_the_status_knows(mount: Mount, root: Path) -> None:
    for name in ("a.css", "b.jpg", "c.jpg"):
        write(root, name)
    problems = {"a.css": ("kept local", "refers to /x"), "b.jpg": ("failed", "AccessDenied")}
    journal = Journal(loop_registry(mount))
    journal.record_problems({**problems, "gone.css": ("failed", "x")}, None)
    reasons = reasons_by_name(mount, ["a.css", "b.jpg", "c.jpg", "gone.css", "a.jpg"])
    assert [tuple(reason) if reason else "" for reason in reasons.values()] == [
        ("kept-local", "kept local: refers to /x"),
        ("failed", "failed: AccessDenied"),
        tuple(publication.UNPUBLISHED),
        tuple(publication.MISSING),
        "",
    ]


CLIENT = {"endpoint_url": "http://127.0.0.1:9000"}


@pytest.mark.parametrize(
    ("url", "options", "name"),
    [
        ("https://cdn.example.com/m/a/b.jpg", {}, "a/b.jpg"),
        ("http://cdn.example.com/m/a.jpg", {}, "a.jpg"),
        ("//cdn.example.com/m/a.jpg?v=1#x", {}, "a.jpg"),
        ("https://cdn.example.com/m/a%20%C3%A9%3F.jpg", {}, "a é?.jpg"),
        ("https://uploads.s3.eu-west-1.amazonaws.com/media/a.jpg?X-Amz-Signature=1", {}, "a.jpg"),
        ("http://127.0.0.1:9000/uploads/media/a.jpg", {"CLIENT": CLIENT}, "a.jpg"),
        ("https://cdn.example.com/m/a.3f9c2b1d0a4e.jpg", {"KEYS": "fingerprint"}, "a.jpg"),
        ("https://cdn.example.com/m/a.jpg", {"KEYS": "fingerprint"}, ""),
        ("https://cdn.example.com/m/", {}, ""),
        ("https://cdn.example.com/mm/a.jpg", {}, ""),
        ("https://other.example.com/m/a.jpg", {}, ""),
        ("/m/a.jpg", {}, ""),
        ("a.jpg", {}, ""),
        ("", {}, ""),
    ],
)
def test_the_name_at_a_public_url(
    settings: Any, root: Path, url: str, options: dict[str, Any], name: str
) -> None:
    options = {"CLIENT": {"region_name": "eu-west-1"}, **options}
    mount = use_mount(settings, root, PUBLIC_URL="https://cdn.example.com/m/", **options)
    assert publication.name_at(mount, url) == name


def test_nothing_is_published_at_all(settings: Any, caches: None, root: Path) -> None:
    mount = use_mount(settings, root)
    write(root, "b.jpg")
    assert why(mount, "b.jpg") == "empty"
    assert why(mount, "c.jpg") == "missing"


def test_redis_is_away(mount: Mount, root: Path, valkey: Valkey) -> None:
    valkey.stop()
    assert why(mount, "a.jpg") == "redis"
    assert [reason.code for reason in why_local(get_resolver(), [b"/media/a.jpg"])] == ["redis"]


def test_urls_and_their_reasons(mount: Mount, root: Path) -> None:
    urls = [b"/media/b.jpg", b"/media/x%2fy", b"/media/a.jpg?acl", b"/media/a.jpg"]
    found = [reason.code for reason in why_local(get_resolver(), urls)]
    assert found == ["missing", "ambiguous", "ambiguous", "recent"]


def test_no_urls_ask_nothing(mount: Mount, valkey: Valkey) -> None:
    valkey.stop()
    assert why_local(get_resolver(), []) == []


def test_each_reason_has_a_code_of_its_own() -> None:
    found = [r for r in vars(publication).values() if isinstance(r, publication.Reason)]
    assert len({reason.code for reason in found}) == len(found) > 8

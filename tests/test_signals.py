"""Who hears of a name that came to S3, or left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from s3rewrite.core.mounts import Mount
from s3rewrite.registry import loop_registry
from s3rewrite.signals import published, withdrawn
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def mount(settings: Any, caches: None, root: Path) -> Mount:
    settings.STORAGES = {"default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"}}
    return use_mount(settings, root)


@pytest.fixture
def heard() -> Iterator[list[tuple[str, str, list[str]]]]:
    """What was sent, in its order."""
    events: list[tuple[str, str, list[str]]] = []

    def on_published(mount: str, names: list[str], **_: object) -> None:
        events.append(("published", mount, names))

    def on_withdrawn(mount: str, names: list[str], **_: object) -> None:
        events.append(("withdrawn", mount, names))
        raise RuntimeError("a receiver's mistake stops nothing")

    published.connect(on_published)
    withdrawn.connect(on_withdrawn)
    yield events
    published.disconnect(on_published)
    withdrawn.disconnect(on_withdrawn)


def test_a_name_comes_and_goes(mount: Mount, root: Path, heard: list[Any]) -> None:
    publish(mount, root, "a.jpg")
    storages["default"].delete("a.jpg")
    assert heard == [("published", "media", ["a.jpg"]), ("withdrawn", "media", ["a.jpg"])]


def test_what_was_never_published_is_not_withdrawn(mount: Mount, heard: list[Any]) -> None:
    storages["default"].save("a.jpg", ContentFile(b"bytes"))
    loop_registry(mount).withdraw(["b.jpg"])
    assert heard == []

"""Against a project as people write one: the two lines of the documentation are these tests."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, override_settings
from django.urls import path

from s3rewrite import conf
from s3rewrite.testing import FilesOnS3, in_memory
from s3rewrite.testing.fixtures import files_on_s3

__all__ = ["files_on_s3"]

STORAGE = "s3rewrite.storage.S3RewriteStorage"
PAGE = '<img src="/media/a.jpg"><a href="/media/photos/b%20c.jpg">x</a>'


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE)


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse([PAGE], content_type="text/html")


urlpatterns = [path("", page), path("streamed", streamed)]


@pytest.fixture(autouse=True)
def project(settings: Any, tmp_path: Path) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [conf.MIDDLEWARE]
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": STORAGE}}
    settings.S3REWRITE = {"media": {"BUCKET": "uploads", "PUBLIC_URL": "https://cdn.test/m/"}}


def save(name: str, content: bytes = b"bytes") -> str:
    return default_storage.save(name, ContentFile(content))


def test_a_saved_file_is_uploaded_and_a_page_links_it(files_on_s3: FilesOnS3) -> None:
    name = save("a.jpg")
    assert not files_on_s3.holds(name)
    assert not files_on_s3.links(Client().get("/"), name)
    files_on_s3.sync()
    assert files_on_s3.holds(name)
    assert files_on_s3.links(Client().get("/"), name)
    assert files_on_s3.url(name) == "https://cdn.test/m/a.jpg"
    client = boto3.client("s3", **conf.mount("media").client)
    assert client.get_object(Bucket="uploads", Key="media/a.jpg")["Body"].read() == b"bytes"


@pytest.mark.parametrize("url", ["/", "/streamed"])
@pytest.mark.parametrize("name", ["photos/b c.jpg", "/media/photos/b%20c.jpg"])
def test_a_file_is_a_name_or_a_url(files_on_s3: FilesOnS3, url: str, name: str) -> None:
    save("photos/b c.jpg")
    files_on_s3.sync()
    assert files_on_s3.links(Client().get(url), name)


def test_the_link_of_a_longer_name_is_not_a_link_of_the_file(files_on_s3: FilesOnS3) -> None:
    save("a.jp")
    save("a.jpg")
    files_on_s3.sync()
    assert files_on_s3.holds("a.jp")
    assert not files_on_s3.links(Client().get("/"), "a.jp")


def test_a_changed_file_is_linked_after_the_next_pass(files_on_s3: FilesOnS3) -> None:
    save("a.jpg")
    files_on_s3.sync()
    default_storage.delete("a.jpg")
    assert not files_on_s3.holds("a.jpg")
    save("a.jpg", b"other")
    assert not files_on_s3.links(Client().get("/"), "a.jpg")
    files_on_s3.sync()
    assert files_on_s3.links(Client().get("/"), "a.jpg")


def test_each_begins_empty_and_leaves_the_settings_as_they_were(tmp_path: Path) -> None:
    for _ in range(2):
        with in_memory() as files:
            assert not files.holds("a.jpg")
            save("a.jpg")
            files.sync()
            assert files.holds("a.jpg")
    assert list(tmp_path.iterdir()) == []
    assert conf.mount("media").cache == "default"
    assert Path(default_storage.path("a")).parent == tmp_path


SPELLINGS: list[Any] = [
    "s3://uploads/m/?region=eu-west-1",
    {"BUCKET": "uploads", "PRESET": "b2", "CLIENT": {"region_name": "eu-central-003"}},
    {"BUCKET": "uploads", "KEYS": "fingerprint", "REDIS": "redis://127.0.0.1:1/0"},
    {"BUCKET": "uploads", "CLIENT": {"endpoint_url": "http://127.0.0.1:1"}, "COMPRESS": "gzip"},
    {
        "BUCKET": "uploads",
        "CDN": {"BACKEND": "s3rewrite.cdn.CloudFront", "DISTRIBUTION": "E1"},
        "UPLOADS": "tasks",
        "RATE": 0.01,
        "BANDWIDTH": 1,
    },
]


@pytest.mark.parametrize("mount", SPELLINGS, ids=str)
def test_whatever_the_settings_say_no_server_is_asked(settings: Any, mount: Any) -> None:
    settings.S3REWRITE = {"media": mount}
    public_url = conf.mount("media").public_url
    with in_memory() as files:
        save("a.jpg")
        files.sync()
        assert files.links(Client().get("/"), "a.jpg")
        assert files.url("a.jpg").startswith(public_url)


def test_shared_options_and_several_mounts_of_one_bucket(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    settings.S3REWRITE = {"*": {"BUCKET": "one"}, "media": {}, "static": {"PRESET": "static"}}
    with in_memory() as files:
        save("a.jpg")
        files.sync()
        assert files.holds("a.jpg")


@pytest.mark.parametrize("mounts", [None, {"media": {"BUCKET": "other"}}])
def test_settings_of_tests_may_have_no_mount(settings: Any, mounts: Any) -> None:
    settings.S3REWRITE = {}
    with in_memory(mounts) as files:
        save("a.jpg")
        files.sync()
        assert files.links(Client().get("/"), "a.jpg")
    assert conf.mounts() == {}


def test_a_storage_that_is_no_disk_stays(settings: Any) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": memory}
    with in_memory() as files:
        save("a.jpg")
        files.sync()
        assert files.links(Client().get("/"), "a.jpg")


def test_what_cannot_be_uploaded_fails_the_test(files_on_s3: FilesOnS3) -> None:
    save("a.jpg")
    client = boto3.client("s3", **conf.mount("media").client)
    client.delete_bucket(Bucket="uploads")
    with pytest.raises(AssertionError, match="NoSuchBucket"):
        files_on_s3.sync()


@pytest.fixture
def nested() -> Iterator[None]:
    with override_settings(S3REWRITE={}):
        yield


def test_settings_of_a_test_around_it_come_back(nested: None) -> None:
    with in_memory():
        pass
    assert conf.mounts() == {}


@pytest.mark.parametrize("package", ["fakeredis", "moto"])
def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "s3rewrite.testing.in_memory")
    with pytest.raises(ImproperlyConfigured, match=rf"{package}.*s3rewrite\[testing\]"):
        importlib.import_module("s3rewrite.testing.in_memory")

"""Coming from elsewhere: what other tools brought to the bucket is adopted, with 0 PUTs."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from boto3.s3.transfer import TransferConfig
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from benchmarks.sync_tools import Run, program
from demo.servers import SeaweedFS, Valkey
from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.s3 import multipart_etags as parts
from tests.support.factories import use_mount, write
from tests.support.publishing import published

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MIB = 1024 * 1024
TOP = Path(__file__).resolve().parents[2]

FILES = {
    "a.txt": b"one",
    "photos/b é+&.jpg": b"two" * 1000,
    "photos/2024/empty": b"",
    "film.bin": bytes(range(256)) * (20 * MIB // 256) + b"the end",
    "exact.bin": b"8" * (8 * MIB),
}


@pytest.fixture
def files(root: Path) -> Path:
    """The tree, on the local disk."""
    for name, content in FILES.items():
        write(root, name, content)
    return root


def listing(client: "S3Client", bucket: str) -> dict[str, tuple[str, Any]]:
    """Key -> what changes when the object is written again."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {
        item["Key"]: (item["ETag"], item["LastModified"])
        for page in pages
        for item in page.get("Contents", ())
    }


def sync(*args: str) -> dict[str, Any]:
    """The report of a pass over one mount."""
    out = StringIO()
    call_command("s3rewrite_sync", *args, "--json", stdout=out, stderr=out)
    (report,) = json.loads(out.getvalue())
    return dict(report)


def adopted(client: "S3Client", mount: Mount) -> None:
    """A pass publishes everything and writes nothing; then all is as it should be."""
    before = listing(client, mount.bucket)
    time.sleep(1.1)  # written again, an object has another time than before
    report = sync(mount.alias)
    assert (report["uploaded"], report["bytes_uploaded"]) == (0, 0), report
    assert report["adopted"] == len(published(mount)) > 0
    assert listing(client, mount.bucket) == before
    out = StringIO()
    call_command("s3rewrite_verify", "--checksum", stdout=out, no_color=True)
    # The script that heals pages comes from the site alone.
    ours = {"static: static/s3rewrite/fallback.js: in the bucket only", "static: 1 difference"}
    assert "0 differences" in out.getvalue() or set(out.getvalue().splitlines()) == ours


def link(name: str) -> str:
    """Where a page leads for a file of the first mount."""
    return get_resolver().url(f"/media/{name}")


# django-s3sync


@pytest.fixture
def s3sync(files: Path, bucket: str, s3_client: "S3Client") -> str:
    """What django-s3sync makes: an object a file in one request, as its `media/…`."""
    for name, content in FILES.items():
        s3_client.put_object(
            Bucket=bucket,
            Key=f"media/{name}",
            Body=content,
            ContentType="application/octet-stream",
            CacheControl="max-age=31536000",
            ACL="public-read",
        )
    return bucket


def test_from_django_s3sync(mount: Mount, s3sync: str, s3_client: "S3Client") -> None:
    adopted(s3_client, mount)
    assert set(published(mount)) == set(FILES)


def test_what_django_s3sync_packed_is_sent_again(
    mount: Mount, root: Path, bucket: str, s3_client: "S3Client"
) -> None:
    text = b"body { color: red }\n" * 100
    write(root, "site.css", text)
    s3_client.put_object(
        Bucket=bucket, Key="media/site.css", Body=gzip.compress(text), ContentEncoding="gzip"
    )
    assert sync()["uploaded"] == 1
    found = s3_client.get_object(Bucket=bucket, Key="media/site.css")
    assert found["Body"].read() == text
    assert "ContentEncoding" not in found


# django-storages


def s3_storage(bucket: str, client: dict[str, Any], **options: Any) -> dict[str, Any]:
    """STORAGES["default"] of a site that keeps its files on S3."""
    keys = {
        "access_key": client["aws_access_key_id"],
        "secret_key": client["aws_secret_access_key"],
        "endpoint_url": client["endpoint_url"],
        "region_name": client["region_name"],
        "bucket_name": bucket,
        "location": "media",
        **options,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": keys}


def test_from_django_storages(
    settings: Any,
    root: Path,
    caches: None,
    bucket: str,
    client_options: dict[str, Any],
    s3_client: "S3Client",
) -> None:
    """S3 first; then the files come to the disk; then STORAGES says local first."""
    local = {
        "BACKEND": "s3rewrite.storage.S3RewriteStorage",
        "OPTIONS": {"location": str(root), "base_url": "/media/"},
    }
    remote = s3_storage(bucket, client_options)
    settings.STORAGES = {**settings.STORAGES, "default": remote, "local": local}
    for name, content in FILES.items():
        assert storages["default"].save(name, ContentFile(content)) == name
    mount = use_mount(settings, root, STORAGE="local", BUCKET=bucket, CLIENT=client_options)

    call_command("s3rewrite_restore", stdout=StringIO())
    assert {name: (root / name).read_bytes() for name in FILES} == FILES
    adopted(s3_client, mount)
    # The site still saves to S3: what came meanwhile is brought, too, and nothing else.
    storages["default"].save("late.txt", ContentFile(b"late"))
    out = StringIO()
    call_command("s3rewrite_restore", stdout=out)
    assert "media: 1 restored, 0 failed" in out.getvalue()

    settings.STORAGES = {**settings.STORAGES, "default": local}
    settings.S3REWRITE = {"media": {**settings.S3REWRITE["media"], "STORAGE": "default"}}
    assert sync()["uploaded"] == 0
    assert storages["default"].url("late.txt") == "/media/late.txt"
    for name in ("late.txt", "film.bin"):
        assert link(name) == f"{conf.mount('media').public_url}{name}"
    # And a new file is local until it is on S3.
    saved = storages["default"].save("new.txt", ContentFile(b"new"))
    assert link(saved) == "/media/new.txt"


def test_what_django_storages_packed_is_not_restored_as_it_was_packed(
    mount: Mount, root: Path, s3_client: "S3Client"
) -> None:
    packed = gzip.compress(b"body { color: red }")
    s3_client.put_object(
        Bucket=mount.bucket, Key="media/site.css", Body=packed, ContentEncoding="gzip"
    )
    out = StringIO()
    with pytest.raises(CommandError, match="1 file could not be restored"):
        call_command("s3rewrite_restore", stdout=out, stderr=out)
    assert "another tool packed it (gzip)" in out.getvalue()
    assert not (root / "site.css").exists()


# collectfasta


COLLECTING = """
from tests.settings import *
INSTALLED_APPS = ["collectfasta", *INSTALLED_APPS]
CACHES = {{"default": {{"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}}
COLLECTFASTA_STRATEGY = "collectfasta.strategies.boto3.Boto3Strategy"
AWS_PRELOAD_METADATA = True
STORAGES = {{**STORAGES, "staticfiles": {{
    "BACKEND": "storages.backends.s3.S3StaticStorage",
    "OPTIONS": {options!r},
}}}}
"""


def collect_to_s3(tmp_path: Path, options: dict[str, Any]) -> str:
    """`collectstatic` as a site with collectfasta runs it, in a process of its own."""
    (tmp_path / "collecting.py").write_text(COLLECTING.format(options=options))
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "collecting",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(TOP)]),
    }
    command = [sys.executable, "-m", "django", "collectstatic", "--no-input"]
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_collectfasta(
    settings: Any,
    tmp_path: Path,
    caches: None,
    bucket: str,
    client_options: dict[str, Any],
    s3_client: "S3Client",
) -> None:
    options = s3_storage(bucket, client_options, location="static")["OPTIONS"]
    assert "static file" in collect_to_s3(tmp_path, options)
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_URL = "/static/"
    settings.S3REWRITE = {
        "static": {"STORAGE": "staticfiles", "BUCKET": bucket, "CLIENT": client_options}
    }
    call_command("collectstatic", "--no-input", stdout=StringIO())
    mount = conf.mount("static")
    adopted(s3_client, mount)
    assert "admin/css/base.css" in published(mount)
    assert "admin/img/icon-yes.svg" in published(mount)


# A bucket filled by hand


def send(client: "S3Client", bucket: str, part: int, threshold: int) -> None:
    """The tree in parts of a size, from a size on."""
    config = TransferConfig(multipart_threshold=threshold, multipart_chunksize=part)
    for name, content in FILES.items():
        client.upload_fileobj(BytesIO(content), bucket, f"media/{name}", Config=config)


@pytest.mark.parametrize("tells_parts", [True, False], ids=["S3 tells parts", "it does not"])
@pytest.mark.parametrize(
    ("part", "threshold"),
    [
        pytest.param(8 * MIB, 8 * MIB, id="aws"),
        pytest.param(5 * MIB, 6 * MIB, id="rclone"),
        pytest.param(15 * MIB, 15 * MIB, id="s3cmd"),
        pytest.param(16 * MIB, 16 * MIB, id="mc"),
    ],
)
def test_from_a_bucket_filled_by_hand(
    mount: Mount,
    files: Path,
    s3_client: "S3Client",
    part: int,
    threshold: int,
    tells_parts: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send(s3_client, mount.bucket, part, threshold)
    assert any("-" in etag for etag, _ in listing(s3_client, mount.bucket).values())
    if not tells_parts:
        monkeypatch.setattr(parts, "_part_size", lambda bucket, key: None)
    adopted(s3_client, mount)
    assert set(published(mount)) == set(FILES)


def test_other_bytes_in_parts_of_that_size_are_not_adopted(
    mount: Mount, root: Path, s3_client: "S3Client"
) -> None:
    content = FILES["film.bin"]
    write(root, "film.bin", content)
    config = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB)
    other = b"x" + content[1:]
    s3_client.upload_fileobj(BytesIO(other), mount.bucket, "media/film.bin", Config=config)
    report = sync()
    assert (report["adopted"], report["uploaded"]) == (0, 1)
    found = s3_client.get_object(Bucket=mount.bucket, Key="media/film.bin")
    assert found["Body"].read() == content


# The server lets one of its first ten requests hang; it is tried again after the timeout.
QUIET = ("--only-show-errors", "--cli-read-timeout=3")
AWS = ("aws", "s3", "sync", "{files}", "s3://{bucket}/media/", *QUIET)
RCLONE = ("rclone", "copy", "--s3-upload-cutoff=6M", "{files}", "there:{bucket}/media/")
S5CMD = ("s5cmd", "sync", "{files}/", "s3://{bucket}/media/")


@pytest.mark.parametrize("command", [AWS, RCLONE, S5CMD], ids=lambda command: command[0])
def test_from_a_bucket_that_a_tool_filled(
    command: tuple[str, ...],
    mount: Mount,
    files: Path,
    tmp_path: Path,
    valkey: Valkey,
    seaweedfs: SeaweedFS,
    s3_client: "S3Client",
) -> None:
    tool = shutil.which(command[0]) or program(command[0])
    if not Path(tool).exists():
        pytest.skip(f"no {command[0]} here: `make bench` installs it")
    home = tmp_path / "home"
    home.mkdir()
    s3_client.put_object(Bucket=mount.bucket, Key="first", Body=b"The server makes room.")
    run = Run(files, mount.bucket, home, valkey, seaweedfs)
    arguments = [part.format(files=files, bucket=mount.bucket) for part in command[1:]]
    done = subprocess.run(
        [tool, *arguments],
        env=run.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    adopted(s3_client, mount)
    assert set(published(mount)) == set(FILES)

"""Files that are compressed on their way to S3, as visitors and commands get them back."""

import os
import shutil
import sys
import urllib.request
from collections.abc import Callable
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command

from s3rewrite.core.mounts import Mount
from s3rewrite.registry import loop_registry
from s3rewrite.s3 import writer
from s3rewrite.s3.bucket import Bucket
from s3rewrite.sync.upload import compression
from s3rewrite.sync.upload.compression import CODINGS, MAX_SIZE, compress, decompress
from tests.support.commands import sync
from tests.support.factories import use_mount, write

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TEXT = b"One sentence of many, as they all are. " * 50
COMPRESSED = {
    "a.txt": TEXT,
    "css/site.css": b"body{background:url(../img/a.png)}" * 30,
    "css/\xfc \xe9.css": b"p{color:red}" * 50,
    "img/a.svg": b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g/>" * 200 + b"</svg>",
    "data.json": b"[" + b"1," * 500 + b"1]",
}
AS_THEY_ARE = {
    "img/a.png": TEXT,
    "small.txt": b"small",
    "empty.css": b"",
    "random.txt": os.urandom(3000),
    "img/b.svgz": compress(TEXT, "gzip"),
}
FILES = COMPRESSED | AS_THEY_ARE

Use = Callable[..., Mount]


@pytest.fixture(params=["mirror", "fingerprint"])
def keys(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def use(settings: Any, mount: Mount, root: Path, keys: str) -> Use:
    """Makes the mount one with that coding, and other options."""

    def use(coding: str, **options: Any) -> Mount:
        given = {"KEYS": keys, "COMPRESS": coding, "SITE_URL": "https://www.example.com"}
        return use_mount(settings, root, **mount_options | given | options)

    mount_options = settings.S3REWRITE["media"]
    for name, content in FILES.items():
        write(root, name, content)
    return use


@pytest.fixture
def puts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that are written, as they are."""
    keys: list[str] = []
    put = Bucket.put

    def noting(bucket: Bucket, upload: Any, *arguments: Any, **named: Any) -> bool:
        keys.append(upload.key)
        return put(bucket, upload, *arguments, **named)

    monkeypatch.setattr(Bucket, "put", noting)
    return keys


def run(command: str, *args: str) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out, stderr=out, no_color=True)
    return out.getvalue()


def key_of(mount: Mount, name: str) -> str:
    """The key of a published name."""
    return mount.paths.key(name, loop_registry(mount).get([name])[name].fingerprint)


def fetched(mount: Mount, name: str) -> tuple[str, bytes]:
    """What a visitor gets for a published name: its Content-Encoding, and the bytes."""
    entry = loop_registry(mount).get([name])[name]
    url = mount.paths.url(name, entry.fingerprint)
    with urllib.request.urlopen(quote(url, "/:%"), timeout=10) as answer:
        return answer.headers.get("Content-Encoding", ""), answer.read()


def is_right(mount: Mount, coding: str) -> bool:
    """Whether each file comes as it has to, and is the file on the disk once it is decoded."""
    for name, content in FILES.items():
        encoding, body = fetched(mount, name)
        is_compressed = bool(coding) and name in COMPRESSED
        # A web server sends a file that is compressed on the disk so, too.
        assert encoding == (coding if is_compressed else "gzip" * name.endswith(".svgz")), name
        assert len(body) < len(content) or not is_compressed, name
        plain = decompress(body, coding) if is_compressed else body
        assert plain == content or (name, mount.keys) == ("css/site.css", "fingerprint"), name
    return True


def forget(mount: Mount) -> None:
    loop_registry(mount).client.flushall()


@pytest.mark.parametrize(
    ("coding", "has_obstore"), [(c, True) for c in CODINGS] + [("gzip", False), ("br", False)]
)
def test_each_coding_by_each_library(
    use: Use, s3_client: "S3Client", monkeypatch: pytest.MonkeyPatch, coding: str, has_obstore: bool
) -> None:
    monkeypatch.setattr(writer, "has_obstore", lambda: has_obstore)
    mount = use(coding, OBJECT_PARAMETERS={"CacheControl": "max-age=60", "Metadata": {"a": "b"}})
    assert f"{len(FILES)} uploaded" in sync()[0]
    assert is_right(mount, coding)
    for item in s3_client.list_objects_v2(Bucket=mount.bucket)["Contents"]:
        found = s3_client.head_object(Bucket=mount.bucket, Key=item["Key"])
        assert found["CacheControl"] == "max-age=60"
        assert found["Metadata"]["a"] == "b"
    assert f"{len(FILES)} kept" in sync()[0]


def test_switched_on_changed_and_off(use: Use, puts: list[str]) -> None:
    mount = use("")
    sync()
    assert is_right(mount, "")
    for coding in ("gzip", "br", "zstd", "", "gzip"):
        puts.clear()
        mount = use(coding)
        sync()
        assert is_right(mount, coding)
        assert {mount.paths.name(key)[0] for key in puts} == set(COMPRESSED)  # type: ignore[index]
        puts.clear()
        assert f"{len(FILES)} kept" in sync()[0]
        assert puts == []


def test_a_large_file_is_sent_as_it_is(use: Use, root: Path, s3_client: "S3Client") -> None:
    content = b"x" * (MAX_SIZE + 1)
    write(root, "large.txt", content)
    mount = use("gzip")
    sync()
    assert fetched(mount, "large.txt") == ("", content)
    key = key_of(mount, "large.txt")
    s3_client.put_object(Bucket=mount.bucket, Key=key, Body=b"smaller")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("s3rewrite_verify", stdout=out, no_color=True)
    assert "large.txt: published, but the bucket holds other bytes" in out.getvalue()


def test_an_encoding_of_ones_own_ends_it(use: Use) -> None:
    use("gzip")
    sync()
    mount = use("gzip", OBJECT_PARAMETERS={"ContentEncoding": "identity"})
    sync()
    assert fetched(mount, "a.txt") == ("identity", TEXT)


@pytest.mark.parametrize(
    ("coding", "files"),
    [("gzip", 1), ("gzip", len(FILES)), ("br", len(FILES)), ("zstd", 1)],
)
def test_what_the_bucket_holds_is_adopted(
    use: Use, coding: str, root: Path, puts: list[str], files: int
) -> None:
    mount = use(coding)
    for name in list(FILES)[files:]:
        (root / name).unlink()
    sync()
    forget(mount)
    puts.clear()
    assert f"{files} adopted" in sync()[0]
    assert puts == []
    assert run("s3rewrite_verify", "--checksum") == "media: 0 differences\n"
    assert f"{files} adopted" in run("s3rewrite_rebuild")
    assert fetched(mount, "a.txt")[0] == coding


def test_what_was_compressed_by_another_release_is_adopted(
    use: Use, root: Path, puts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = use("gzip")
    sync()
    forget(mount)
    puts.clear()
    other = CODINGS["gzip"]._replace(
        compress=lambda module, content: module.compress(content, 1, 31)
    )
    monkeypatch.setitem(CODINGS, "gzip", other)
    assert f"{len(FILES)} adopted" in sync()[0]
    assert puts == []
    assert run("s3rewrite_verify", "--checksum") == "media: 0 differences\n"
    # Nor is a file sent anew whose time alone has changed.
    os.utime(root / "a.txt", (1, 1))
    assert "1 refreshed" in sync()[0]


def without_encoding(client: "S3Client", mount: Mount) -> None:
    """What a tool leaves that copies a bucket and forgets the headers."""
    for item in client.list_objects_v2(Bucket=mount.bucket)["Contents"]:
        client.copy_object(
            Bucket=mount.bucket,
            Key=item["Key"],
            CopySource={"Bucket": mount.bucket, "Key": item["Key"]},
            MetadataDirective="REPLACE",
        )


def test_the_right_bytes_without_their_encoding_are_found_and_mended(
    use: Use, puts: list[str], s3_client: "S3Client"
) -> None:
    mount = use("br")
    sync()
    without_encoding(s3_client, mount)
    with pytest.raises(CommandError):
        run("s3rewrite_verify", "--checksum")
    # And what is compressed on the disk.
    encoded = len(COMPRESSED) + 1
    assert f"{encoded} withdrawn" in run("s3rewrite_verify", "--checksum", "--repair")
    sync()
    assert is_right(mount, "br")
    without_encoding(s3_client, mount)
    forget(mount)
    puts.clear()
    sync()
    assert len(puts) == encoded
    assert is_right(mount, "br")


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_file_that_becomes_what_was_sent_of_it(use: Use, root: Path, is_forgotten: bool) -> None:
    mount = use("gzip")
    sync()
    sent = compress(TEXT, "gzip")
    write(root, "a.txt", sent)
    if is_forgotten:
        forget(mount)
    sync()
    encoding, body = fetched(mount, "a.txt")
    assert (decompress(body, encoding) if encoding else body) == sent


# Verifying


def test_an_object_of_other_bytes_is_found(use: Use, s3_client: "S3Client") -> None:
    mount = use("gzip")
    sync()
    key = key_of(mount, "a.txt")
    other = compress(b"other" * 100, "gzip")
    s3_client.put_object(Bucket=mount.bucket, Key=key, Body=other, ContentEncoding="gzip")
    assert run("s3rewrite_verify") == "media: 0 differences\n"
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("s3rewrite_verify", "--checksum", stdout=out, no_color=True)
    assert "media: a.txt: published, but the bucket holds other bytes\n" in out.getvalue()


def test_the_size_of_what_is_not_compressed_is_looked_at(use: Use, s3_client: "S3Client") -> None:
    mount = use("gzip")
    sync()
    for name in ("img/a.png", "img/b.svgz"):
        key = key_of(mount, name)
        s3_client.put_object(Bucket=mount.bucket, Key=key, Body=b"other")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("s3rewrite_verify", stdout=out, no_color=True)
    assert out.getvalue().endswith("media: 2 differences\n")


# Restoring


def lose_the_disk(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("coding", "is_redis_lost"), [("gzip", False), ("br", True), ("zstd", False)]
)
def test_what_is_restored_is_what_was_compressed(
    use: Use, coding: str, root: Path, is_redis_lost: bool
) -> None:
    mount = use(coding)
    sync()
    lose_the_disk(root)
    if is_redis_lost:
        forget(mount)
    assert f"{len(FILES)} restored, 0 failed" in run("s3rewrite_restore")
    found = contents(root)
    if mount.keys == "fingerprint":
        del found["css/site.css"]  # as it was sent: its reference was led back to the site
    assert found.items() <= FILES.items()
    assert len(found) >= len(FILES) - 1
    if mount.keys == "mirror":
        assert "uploaded" not in sync()[0]


def test_what_was_compressed_on_disk_comes_back_so(use: Use, root: Path) -> None:
    packed = compress(TEXT, "gzip")
    for name in FILES:
        (root / name).unlink()
    write(root, "site.css", packed)
    use("", OBJECT_PARAMETERS={"ContentEncoding": "gzip"}, SITE_URL="")
    write(root, "a.txt", packed)
    sync()
    lose_the_disk(root)
    run("s3rewrite_restore")
    assert contents(root)["a.txt"] == packed


def test_a_restored_mount_need_not_compress_any_more(use: Use, root: Path) -> None:
    use("zstd")
    sync()
    lose_the_disk(root)
    use("")
    run("s3rewrite_restore")
    assert (root / "a.txt").read_bytes() == TEXT


def test_restoring_without_the_library(
    use: Use, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("br")
    sync()
    lose_the_disk(root)
    compression._module.cache_clear()
    monkeypatch.setitem(sys.modules, "brotli", None)
    out = StringIO()
    with pytest.raises(CommandError, match=f"{len(COMPRESSED)} files could not be restored"):
        call_command("s3rewrite_restore", stdout=out, stderr=out)
    assert "install s3rewrite[br], then try it again" in out.getvalue()
    assert contents(root).keys() == AS_THEY_ARE.keys()


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (compress(b"other" * 100, "gzip"), "gzip", "other bytes than were sent"),
        (b"no gzip at all", "gzip", "its bytes are not gzip"),
        (compress(TEXT, "gzip"), "x-own", "now has the Content-Encoding 'x-own'"),
    ],
)
def test_what_cannot_be_restored(
    use: Use, root: Path, s3_client: "S3Client", body: bytes, encoding: str, reason: str
) -> None:
    mount = use("gzip")
    sync()
    key = key_of(mount, "a.txt")
    found = s3_client.head_object(Bucket=mount.bucket, Key=key)
    metadata = found["Metadata"] | {"s3rewrite-sha256": sha256(body).hexdigest()}
    s3_client.put_object(
        Bucket=mount.bucket, Key=key, Body=body, ContentEncoding=encoding, Metadata=metadata
    )
    (root / "a.txt").unlink()
    out = StringIO()
    with pytest.raises(CommandError, match="1 file could not be restored"):
        call_command("s3rewrite_restore", stdout=out, stderr=out)
    assert reason in out.getvalue()
    assert not (root / "a.txt").exists()
    assert not list(root.glob(".s3rewrite-*"))


# Deleting


def test_what_is_put_away_keeps_its_encoding(use: Use, root: Path, s3_client: "S3Client") -> None:
    mount = use("gzip", QUARANTINE="trash/", DELETE_GRACE=0)
    sync()
    key = key_of(mount, "a.txt")
    (root / "a.txt").unlink()
    assert "1 deleted" in sync("--delete")[0]
    found = s3_client.get_object(Bucket=mount.bucket, Key=f"trash/{key}")
    assert found["ContentEncoding"] == "gzip"
    assert decompress(found["Body"].read(), "gzip") == TEXT

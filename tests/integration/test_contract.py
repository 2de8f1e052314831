"""The contract suite: what this package does with a bucket, on each server of S3.

Ceph is among them where its packages are installed: `make ceph`.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from demo.servers import S3Server, SeaweedFS
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.s3 import boto3_writer, writer
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import CredentialsRefused, S3Error
from s3rewrite.s3.objects import SMALL, Upload
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Result
from s3rewrite.tools.doctor import Grade, diagnose
from s3rewrite.tools.restore import restore
from s3rewrite.tools.verify import Fault, differences
from tests.integration.s3_servers import LACKS, SERVERS, Ceph
from tests.integration.test_writers import KEYS, upload
from tests.support.factories import job, use_mount, write
from tests.support.passes import counts

LANES = ("boto3", "obstore")

CHOSEN = os.environ.get("S3_SERVERS", "SeaweedFS moto rclone").split()


@pytest.fixture(scope="session")
def started(
    tmp_path_factory: pytest.TempPathFactory, session_seaweedfs: SeaweedFS
) -> Iterator[Callable[[str], S3Server]]:
    """Starts a server, by its name, once."""
    servers: dict[str, S3Server] = {"SeaweedFS": session_seaweedfs}
    with ExitStack() as stack:

        def start(name: str) -> S3Server:
            if name not in servers:
                server = SERVERS[name](tmp_path_factory.mktemp(name) / "server")
                servers[name] = stack.enter_context(server)
            return servers[name]

        yield start


@pytest.fixture(params=CHOSEN)
def server_name(request: pytest.FixtureRequest) -> str:
    if request.param == "Ceph" and not Ceph.is_installed():
        pytest.skip("Debian's packages radosgw, ceph-mon, ceph-osd and ceph-common are not here")
    return str(request.param)


@pytest.fixture
def server(server_name: str, started: Callable[[str], S3Server], seaweedfs: SeaweedFS) -> S3Server:
    return started(server_name)


@pytest.fixture
def lacks(server_name: str) -> frozenset[str]:
    return LACKS[server_name]


@pytest.fixture
def client_options(server: S3Server) -> dict[str, Any]:
    return server.client_options


@pytest.fixture
def bucket(server: S3Server) -> str:
    name = f"test-{uuid4().hex[:16]}"
    server.create_bucket(name)
    return name


@pytest.fixture
def s3(server: S3Server) -> Iterator[Any]:
    client = server.client()
    yield client
    client.close()


def changed(settings: Any, root: Path, **options: Any) -> Mount:
    return use_mount(settings, root, **settings.S3REWRITE["media"] | options)


def stored(s3: Any, mount: Mount) -> dict[str, bytes]:
    """Key -> bytes, of all objects."""
    listing = s3.list_objects_v2(Bucket=mount.bucket).get("Contents", ())
    keys = [item["Key"] for item in listing]
    return {key: s3.get_object(Bucket=mount.bucket, Key=key)["Body"].read() for key in keys}


# Each with the lane that writes it where obstore is installed.
SPELLINGS: list[tuple[str, str, Any]] = [
    ("CacheControl", "both", "public, max-age=31536000, immutable"),
    ("CacheControl", "boto3", "a,  b"),
    ("ContentDisposition", "both", 'attachment; filename="a b.css"'),
    ("ContentEncoding", "both", "gzip"),
    ("ContentLanguage", "both", "de-CH, en"),
    ("ContentType", "both", "text/css; charset=utf-8"),
    ("Metadata", "both", {"own": "yes, it is", "x.y-1": "~!*'()"}),
    ("Metadata", "boto3", {"Own": "Yes"}),
    ("StorageClass", "boto3", "STANDARD"),
    ("Tagging", "both", "team=web%26co&empty="),
    ("Tagging", "both", "a.b=c-d_e"),
    ("Tagging", "boto3", "team=web%20co"),
    ("Tagging", "boto3", "team=b c"),
    ("Tagging", "boto3", "team=b+c"),
    ("Tagging", "boto3", "team=a/b:c@d"),
    ("Tagging", "boto3", "team=a=b"),
    ("Tagging", "boto3", "team=%zz"),
]
IGNORED = {"ResponseMetadata", "LastModified", "ETag", "VersionId"}


def test_parameters_are_the_same_in_both_lanes(
    mount: Mount, s3: Any, monkeypatch: pytest.MonkeyPatch, lacks: frozenset[str]
) -> None:
    buckets = {}
    for library in LANES:
        monkeypatch.setattr(writer, "has_obstore", lambda chosen=library: chosen == "obstore")
        buckets[library] = Bucket(mount)
        assert buckets[library].writer_name(upload("a")) == library

    def ends(key: str, there: Bucket, given: Upload) -> Any:
        """The error, or what is stored."""
        try:
            assert there.put(given._replace(key=key))
        except S3Error as error:
            return error.code
        head = s3.head_object(Bucket=mount.bucket, Key=key)
        has_tags = "Tagging" in given.parameters and "tags" not in lacks
        tags = s3.get_object_tagging(Bucket=mount.bucket, Key=key)["TagSet"] if has_tags else ()
        return {name: head[name] for name in head.keys() - IGNORED}, tags

    for parameter, lane, value in SPELLINGS:
        given = upload("a", b"one", **{parameter: value})
        expected = "obstore" if lane == "both" else "boto3"
        assert buckets["obstore"].writer_name(given) == expected, value
        found = [ends(library, there, given) for library, there in buckets.items()]
        assert found[0] == found[1], value


def test_keys_are_what_they_are(mount: Mount, s3: Any) -> None:
    there = Bucket(mount)
    for key in KEYS:
        assert there.put(upload(f"media/{key}", key.encode()))
    assert stored(s3, mount) == {f"media/{key}": key.encode() for key in KEYS}
    walked = [key for folder in there.walk("media/") for key in folder]
    assert sorted(walked) == sorted(f"media/{key}" for key in KEYS)


@pytest.mark.parametrize("lane", LANES)
def test_a_file_and_a_large_one_are_uploaded_and_stay(
    mount: Mount, root: Path, s3: Any, monkeypatch: pytest.MonkeyPatch, lane: str
) -> None:
    monkeypatch.setattr(writer, "has_obstore", lambda: lane == "obstore")
    write(root, "a.txt", b"one")
    write(root, "b.bin", b"x" * (SMALL + 1))
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 2}
    assert stored(s3, mount) == {"media/a.txt": b"one", "media/b.bin": b"x" * (SMALL + 1)}
    assert counts(whole_pass(job(mount))) == {Result.KEPT: 2}
    loop_registry(mount).client.flushall()
    assert counts(whole_pass(job(mount))) == {Result.ADOPTED: 2}


def test_what_another_tool_sent_is_adopted(mount: Mount, root: Path, s3: Any) -> None:
    large = os.urandom(SMALL + 1)
    write(root, "photos/a.txt", b"one")
    write(root, "photos/b.bin", large)
    s3.put_object(Bucket=mount.bucket, Key="media/photos/a.txt", Body=b"one")
    s3.upload_fileobj(BytesIO(large), mount.bucket, "media/photos/b.bin")
    assert counts(whole_pass(job(mount))) == {Result.ADOPTED: 2}


ODD = ["esc\x1b.txt", "\ufffe.txt", "a\rb.txt", "a\tb.txt", "a&<b>.txt", "é ü.txt", "plain.txt"]


@pytest.mark.parametrize("quarantine", ["", "trash/"])
def test_each_name_is_deleted_and_set_aside_by_itself(
    settings: Any, mount: Mount, root: Path, registry: Registry, s3: Any, quarantine: str
) -> None:
    mount = changed(
        settings, root, DELETE_MISSING=True, DELETE_GRACE=0, QUARANTINE=quarantine, SETTLE=0
    )
    there, keys = Bucket(mount), [f"media/{name}" for name in ODD]
    for name in ODD:
        assert there.put(upload(f"media/{name}", name.encode()))
    registry.withdraw(ODD)
    write(root, "stays.txt")
    whole_pass(job(mount))
    registry.withdraw(ODD, is_found=True)
    # Of an object that nobody published the registry knows nothing: the keys are deleted here.
    failed = there.copy_below(quarantine, keys) if quarantine else {}
    assert failed == {}
    assert there.delete([*keys, "media/not there"]) == {}
    aside = {f"trash/media/{name}": name.encode() for name in ODD} if quarantine else {}
    assert stored(s3, mount) == {"media/stays.txt": b"bytes", **aside}


def test_what_is_gone_from_the_disk_is_deleted_and_kept_in_quarantine(
    settings: Any, mount: Mount, root: Path, s3: Any
) -> None:
    mount = changed(settings, root, DELETE_MISSING=True, DELETE_GRACE=0, QUARANTINE="trash/")
    for name in ("a.txt", "b.txt", "c&\ufffe.txt"):
        write(root, name, name.encode())
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 3}
    for name in ("b.txt", "c&\ufffe.txt"):
        (root / name).unlink()
    found = counts(whole_pass(job(mount)))
    assert found == {Result.KEPT: 1, Result.WITHDRAWN: 2, Result.DELETED: 2}
    assert stored(s3, mount) == {
        "media/a.txt": b"a.txt",
        "trash/media/b.txt": b"b.txt",
        "trash/media/c&\ufffe.txt": "c&\ufffe.txt".encode(),
    }
    assert counts(whole_pass(job(mount))) == {Result.KEPT: 1}


def test_setup_does_what_the_server_knows_and_says_the_rest(
    settings: Any, mount: Mount, root: Path, lacks: frozenset[str]
) -> None:
    changed(settings, root, BUCKET=f"new-{uuid4().hex[:12]}", CORS=True)
    out = StringIO()
    try:
        call_command("s3rewrite_setup", stdout=out, stderr=out, no_color=True)
    except CommandError:
        assert "settings" in lacks, out.getvalue()
    said = out.getvalue()
    assert "create the bucket" in said
    assert "Traceback" not in said
    if "settings" in lacks:
        assert "do that in the service's own console" in said
    again = StringIO()
    try:
        call_command("s3rewrite_setup", stdout=again, stderr=again, no_color=True)
    except CommandError:
        assert "settings" in lacks, again.getvalue()
    assert "create the bucket" not in again.getvalue()


def test_the_doctor(mount: Mount, lacks: frozenset[str]) -> None:
    found = list(diagnose(mount))
    wrong = {finding.subject for finding in found if finding.grade is Grade.WRONG}
    # A bucket that nobody made public; and a server that lets anybody write.
    assert wrong <= {"public"}, found
    assert any("lets objects be deleted" in finding.sentence for finding in found)


def test_verify(mount: Mount, root: Path, s3: Any) -> None:
    for name in ("a.txt", "sub/b.txt", "sub/c.txt"):
        write(root, name, name.encode())
    whole_pass(job(mount))
    for checksum in (False, True):
        assert list(differences(job(mount), checksum=checksum)) == []
    s3.delete_object(Bucket=mount.bucket, Key="media/a.txt")
    s3.put_object(Bucket=mount.bucket, Key="media/sub/b.txt", Body=b"SUB/B.TXT")
    s3.put_object(Bucket=mount.bucket, Key="media/sub/d.txt", Body=b"")
    assert {(found.name, found.fault) for found in differences(job(mount), checksum=True)} == {
        ("a.txt", Fault.NO_OBJECT),
        ("sub/b.txt", Fault.OTHER_OBJECT),
        ("media/sub/d.txt", Fault.ONLY_IN_BUCKET),
    }


def test_restore(mount: Mount, root: Path) -> None:
    contents = {"a.txt": b"one", "é/b c.bin": os.urandom(SMALL + 1), "d.svgz": b"\x1f\x8b"}
    for name, content in contents.items():
        write(root, name, content)
    whole_pass(job(mount))
    for name in contents:
        (root / name).unlink()
    assert sorted(item.name for item in restore(job(mount)) if not item.reason) == sorted(contents)
    assert {name: (root / name).read_bytes() for name in contents} == contents


def test_freed_files_come_back(settings: Any, mount: Mount, root: Path) -> None:
    mount = changed(settings, root, KEEP_LOCAL=False, FREE_AFTER=0)
    path = write(root, "a.bin", b"one" * 1000)
    whole_pass(job(mount))
    context = job(mount)
    whole_pass(context)
    assert path.is_symlink()
    assert [item.reason for item in restore(job(mount), freed=True)] == [""]
    assert path.read_bytes() == b"one" * 1000


@pytest.mark.parametrize("lane", LANES)
def test_credentials_that_are_renewed_in_their_file(
    settings: Any, mount: Mount, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    server: S3Server, lacks: frozenset[str], lane: str,
) -> None:  # fmt: skip
    if "credentials" in lacks:
        pytest.skip("It lets everybody in.")
    monkeypatch.setattr(writer, "has_obstore", lambda: lane == "obstore")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    own = {key: value for key, value in server.client_options.items() if "aws_" not in key}
    there = Bucket(changed(settings, root, CLIENT=own))

    def use(key: str, secret: str) -> None:
        text = f"[default]\naws_access_key_id={key}\naws_secret_access_key={secret}\n"
        file.write_text(text if key else "")

    right = (server.access_key, server.secret_key)
    wrong = [("", ""), ("WRONG" * 4, server.secret_key), (server.access_key, "wrong" * 8)]
    requests = itertools.cycle(
        [
            lambda: there.put(upload("a")),
            lambda: there.head("a"),
            lambda: there.call("head_bucket"),
            lambda: there.list_folder(""),
            lambda: there.delete(["a"]),
            lambda: list(there.get("b")),
        ]
    )
    use(*right)
    there.put(upload("b"))
    for credentials in wrong:
        for _ in range(2):  # six in all: each request once
            use(*credentials)
            there = Bucket(there.mount)
            request = next(requests)
            with pytest.raises(CredentialsRefused, match="credentials"):
                request()
            use(*right)
            request()
    # As the loop does it: one pass ends with a sentence, the next one does all.
    write(root, "a.txt")
    context = job(there.mount)
    use(*wrong[-1])
    assert "credentials" in whole_pass(context).stopped
    use(*right)
    assert counts(whole_pass(context)) == {Result.UPLOADED: 1}


def test_the_documents_say_what_each_server_lacks() -> None:
    text = (Path(__file__).parents[2] / "docs" / "servers.md").read_text()
    head, _, *rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")][
        :12
    ]
    features = {"settings": "`s3rewrite_setup`", "credentials": "credentials"}
    for server, lacking in LACKS.items():
        (column,) = [number for number, title in enumerate(head) if server in title]
        said = {row[0].strip() for row in rows if row[column].strip().startswith("no")}
        expected = {features.get(feature, feature) for feature in lacking}
        assert len(said) == len(expected)
        assert all(any(line.startswith(start) for line in said) for start in expected)


@pytest.mark.parametrize("keys", ["mirror", "fingerprint"])
@pytest.mark.parametrize("size", [10, SMALL + 1])
def test_what_was_renamed_is_copied(
    settings: Any, mount: Mount, root: Path, s3: Any, keys: str, size: int
) -> None:
    mount = changed(settings, root, KEYS=keys)
    write(root, "a/one.mp4", os.urandom(size))
    write(root, "kept.txt")
    whole_pass(job(mount))
    (root / "a").rename(root / "b")
    report = whole_pass(job(mount))
    assert report.bytes_uploaded == 0
    entry = loop_registry(mount).get(["b/one.mp4"])["b/one.mp4"]
    key = mount.paths.key("b/one.mp4", entry.fingerprint)
    assert stored(s3, mount)[key] == (root / "b/one.mp4").read_bytes()


def test_a_very_large_one_is_copied_in_parts(
    mount: Mount, root: Path, s3: Any, server_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it is sent, where copied parts have an ETag that proves nothing, or are not copied."""
    monkeypatch.setattr(boto3_writer, "LARGEST_COPY", SMALL)
    monkeypatch.setattr(boto3_writer, "COPIED_PART", SMALL)
    content = os.urandom(2 * SMALL + 1)
    write(root, "a/one.mp4", content)
    write(root, "kept.txt")
    whole_pass(job(mount))
    (root / "a").rename(root / "b")
    report = whole_pass(job(mount))
    assert report.bytes_uploaded in ({0} if server_name == "moto" else {0, len(content)})
    assert stored(s3, mount)["media/b/one.mp4"] == content
    assert not s3.list_multipart_uploads(Bucket=mount.bucket).get("Uploads")

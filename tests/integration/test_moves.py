"""Files that were renamed, and mounts that were: S3 copies the objects, and no byte is sent."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo.servers import SeaweedFS
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.s3 import boto3_writer, writer
from s3rewrite.s3.bucket import Bucket
from s3rewrite.sync import apply
from s3rewrite.sync.passes import pass_over, whole_pass
from s3rewrite.sync.reporting.report import Report, Result
from tests.integration.faulty_s3 import Exchange, Fault, FaultyS3, answers, faulty, loses_answer
from tests.support.factories import job, use_mount, write
from tests.support.passes import Puts, counts

LARGE = 9 * 1024 * 1024
SENT_ALL = Result.UPLOADED


@pytest.fixture(params=["mirror", "fingerprint"])
def keys(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def mount(settings: Any, root: Path, mount: Mount, keys: str) -> Mount:
    return use_mount(settings, root, **settings.S3REWRITE["media"], KEYS=keys, DELETE_GRACE=0)


@pytest.fixture
def published(mount: Mount, root: Path, puts: Puts) -> dict[str, bytes]:
    """Three files that are published, in two directories."""
    files = {"a/one.txt": b"one", "a/two.txt": b"two", "b/three.txt": b"three"}
    for name, content in files.items():
        write(root, name, content)
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 3}
    puts.keys.clear()
    return files


def move(root: Path, old: str, new: str) -> None:
    (root / new).parent.mkdir(parents=True, exist_ok=True)
    (root / old).replace(root / new)


def assert_true(mount: Mount, root: Path) -> None:
    """All files are published, and each one's object has its bytes and its metadata."""
    bucket, registry = Bucket(mount), loop_registry(mount)
    entries = dict(registry.names())
    files = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    assert entries.keys() == files.keys()
    for name, path in files.items():
        key = mount.paths.key(name, entries[name].fingerprint)
        content = path.read_bytes()
        assert b"".join(bucket.get(key)) == content, name
        seen = bucket.head(key)
        assert seen
        assert seen.fingerprint == entries[name].fingerprint
        assert entries[name].signature.size == len(content)


def sent(report: Report) -> int:
    assert report.is_ok, report
    return report.bytes_uploaded


def test_a_renamed_file_is_copied(
    mount: Mount, root: Path, published: dict[str, bytes], puts: Puts
) -> None:
    move(root, "a/one.txt", "a/other.txt")
    report = whole_pass(job(mount))
    assert counts(report) == {Result.KEPT: 2, Result.WITHDRAWN: 1, Result.ADOPTED: 1}
    assert (sent(report), puts.keys) == (0, [])
    assert_true(mount, root)


MOVES: dict[str, list[tuple[str, str]]] = {
    "to a directory that is scanned before": [("a/one.txt", "0/one.txt")],
    "to one that is scanned later": [("a/one.txt", "z/one.txt")],
    "to the root": [("a/one.txt", "one.txt")],
    "of case": [("a/one.txt", "a/ONE.txt"), ("b/three.txt", "B/Three.TXT")],
    "over another file": [("a/one.txt", "a/two.txt")],
    "over one elsewhere": [("b/three.txt", "a/one.txt")],
    "to a name that the first one's name begins": [("a/one.txt", "a/one.txt.old")],
    "with strange names": [("a/one.txt", "ü/a +%&?#.txt"), ("a/two.txt", "a/ two ..txt")],
}


@pytest.mark.parametrize("moves", MOVES.values(), ids=MOVES)
@pytest.mark.parametrize("way", ["a scan", "hints", "hints the other way", "trees"])
def test_a_move(
    mount: Mount,
    root: Path,
    published: dict[str, bytes],
    puts: Puts,
    moves: list[tuple[str, str]],
    way: str,
) -> None:
    for old, new in moves:
        move(root, old, new)
    names = [name for pair in moves for name in pair]
    above = dict.fromkeys(name.rpartition("/")[0] for name in names)
    trees = [f"{path}/" for path in above if path]
    hints = {"hints": names, "hints the other way": names[::-1], "trees": trees}
    if way == "a scan" or (way == "trees" and "" in above):
        report = whole_pass(job(mount))
    else:
        report = pass_over(job(mount), hints[way])
    assert (sent(report), puts.keys) == (0, [])
    assert_true(mount, root)


def test_a_tree(mount: Mount, root: Path, puts: Puts) -> None:
    for number in range(300):
        write(root, f"photos/{number % 7}/{number}.txt", b"%d" % number)
    write(root, "kept.txt")
    whole_pass(job(mount))
    puts.keys.clear()
    (root / "photos").rename(root / "archive")
    report = whole_pass(job(mount))
    assert counts(report) == {Result.KEPT: 1, Result.WITHDRAWN: 300, Result.ADOPTED: 300}
    assert (sent(report), puts.keys) == (0, [])
    assert_true(mount, root)


def test_more_files_than_are_put_off(
    mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "MAX_PLANNED", 2)
    for number in range(30):
        write(root, f"photos/{number}/{number}.txt", b"%d" % number)
    write(root, "kept.txt")
    whole_pass(job(mount))
    (root / "photos").rename(root / "archive")
    assert counts(whole_pass(job(mount)))[Result.WITHDRAWN] == 30
    assert_true(mount, root)


def swap(root: Path) -> None:
    move(root, "a/one.txt", "x")
    move(root, "b/three.txt", "a/one.txt")
    move(root, "x", "b/three.txt")


def rotate(root: Path) -> None:
    move(root, "a/two.txt", "a/four.txt")
    move(root, "a/one.txt", "a/two.txt")


def rotate_all(root: Path) -> None:
    move(root, "a/one.txt", "x")
    move(root, "a/two.txt", "a/one.txt")
    move(root, "b/three.txt", "a/two.txt")
    move(root, "x", "b/three.txt")


@pytest.mark.parametrize("change", [swap, rotate, rotate_all])
@pytest.mark.parametrize("looks", [True, False])
def test_what_is_moved_to_names_that_had_others(
    settings: Any,
    mount: Mount,
    root: Path,
    published: dict[str, bytes],
    change: Callable[[Path], None],
    looks: bool,
) -> None:
    """Some of them may be sent: under "mirror" an object may be overwritten before it is copied."""
    mount = use_mount(settings, root, **settings.S3REWRITE["media"] | {"CHECK_LOCAL": looks})
    change(root)
    assert sent(whole_pass(job(mount))) <= sum(map(len, published.values()))
    assert_true(mount, root)
    assert whole_pass(job(mount)).changes == 0


def test_files_with_the_same_bytes_are_all_copied(mount: Mount, root: Path, puts: Puts) -> None:
    for number in range(40):
        write(root, f"a/{number}.txt", b"the same")
    whole_pass(job(mount))
    puts.keys.clear()
    (root / "a").rename(root / "b")
    assert sent(whole_pass(job(mount))) == 0
    assert puts.keys == []
    assert_true(mount, root)


def test_a_file_that_is_saved_anew_and_deleted_is_copied(
    mount: Mount, root: Path, published: dict[str, bytes], puts: Puts
) -> None:
    """As a project renames files through Django's storages: only the bytes are the same."""
    (root / "a/one.txt").unlink()
    pass_over(job(mount), ["a/one.txt"])
    write(root, "c/one.txt", b"one", age=0)
    assert sent(pass_over(job(mount), ["c/one.txt"])) == 0
    assert puts.keys == []
    assert_true(mount, root)


def test_the_metadata_are_those_of_the_new_name(
    settings: Any, mount: Mount, root: Path, s3_client: Any, puts: Puts
) -> None:
    parameters = {
        "*.pdf": {"CacheControl": "max-age=7", "ContentDisposition": "attachment"},
        "*.txt": {"Tagging": "kind=text"},
    }
    options = settings.S3REWRITE["media"] | {"OBJECT_PARAMETERS": parameters}
    mount = use_mount(settings, root, **options)
    write(root, "a.txt", b"bytes")
    write(root, "kept.txt", b"kept")
    whole_pass(job(mount))
    puts.keys.clear()
    move(root, "a.txt", "a.pdf")
    assert sent(whole_pass(job(mount))) == 0
    assert puts.keys == []
    entry = loop_registry(mount).get(["a.pdf"])["a.pdf"]
    place = {"Bucket": mount.bucket, "Key": mount.paths.key("a.pdf", entry.fingerprint)}
    head = s3_client.head_object(**place)
    assert head["ContentType"] == "application/pdf"
    assert head["CacheControl"] == "max-age=7"
    assert head["ContentDisposition"] == "attachment"
    assert s3_client.get_object_tagging(**place)["TagSet"] == []


@pytest.mark.parametrize("new", ["b.txt", "b.bin", "c/b.css", "b.svg"])
def test_what_is_sent_depends_on_the_name(
    settings: Any, mount: Mount, root: Path, s3_client: Any, new: str
) -> None:
    """Compressed, or with other references: nothing is copied that has other bytes."""
    options = settings.S3REWRITE["media"] | {"COMPRESS": "gzip", "SITE_URL": "https://example.com"}
    mount = use_mount(settings, root, **options)
    content = b"a { background: url(/media/kept.txt) }\n" * 50
    write(root, "a.css", content)
    write(root, "kept.txt", b"kept")
    whole_pass(job(mount))
    move(root, "a.css", new)
    registry = loop_registry(mount)
    seen = []
    for is_forced in (False, True):
        assert whole_pass(job(mount, force=is_forced)).is_ok
        if entry := registry.get([new]).get(new):
            key = mount.paths.key(new, entry.fingerprint)
            answer = s3_client.get_object(Bucket=mount.bucket, Key=key)
            names = ("ContentType", "ContentEncoding", "Metadata", "CacheControl")
            seen.append(({name: answer.get(name) for name in names}, answer["Body"].read()))
    assert len(seen) in (0, 2)
    assert seen[:1] == seen[1:]


def test_a_large_file_is_copied_and_proved(
    mount: Mount, root: Path, puts: Puts, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "film.mp4", os.urandom(LARGE))
    write(root, "kept.txt")
    whole_pass(job(mount))
    puts.keys.clear()
    for old, new in (("film.mp4", "b/film.mp4"), ("b/film.mp4", "c/film.mp4")):
        move(root, old, new)
        assert sent(whole_pass(job(mount))) == 0
        assert_true(mount, root)
    assert puts.keys == []


def test_a_larger_one_is_copied_in_parts(
    mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SeaweedFS gives an object of copied parts an ETag that proves nothing: it is sent then."""
    monkeypatch.setattr(boto3_writer, "LARGEST_COPY", LARGE - 1)
    monkeypatch.setattr(boto3_writer, "COPIED_PART", 5 * 1024 * 1024)
    write(root, "film.mp4", os.urandom(LARGE))
    write(root, "kept.txt")
    whole_pass(job(mount))
    move(root, "film.mp4", "b/film.mp4")
    assert whole_pass(job(mount)).is_ok
    assert_true(mount, root)


# What changes meanwhile


def test_a_source_that_holds_other_bytes_is_not_copied(
    mount: Mount, root: Path, published: dict[str, bytes], s3_client: Any, puts: Puts
) -> None:
    entry = loop_registry(mount).get(["a/one.txt"])["a/one.txt"]
    key = mount.paths.key("a/one.txt", entry.fingerprint)
    s3_client.put_object(Bucket=mount.bucket, Key=key, Body=b"another")
    move(root, "a/one.txt", "c/one.txt")
    assert sent(whole_pass(job(mount))) == 3
    assert [key.startswith("media/c/one") for key in puts.keys] == [True]
    assert_true(mount, root)


@pytest.mark.parametrize("size", [3, LARGE])
def test_a_source_that_is_gone_is_sent(
    mount: Mount, root: Path, s3_client: Any, puts: Puts, size: int
) -> None:
    write(root, "a/one.bin", os.urandom(size))
    write(root, "kept.txt")
    whole_pass(job(mount))
    entry = loop_registry(mount).get(["a/one.bin"])["a/one.bin"]
    s3_client.delete_object(
        Bucket=mount.bucket, Key=mount.paths.key("a/one.bin", entry.fingerprint)
    )
    move(root, "a/one.bin", "c/one.bin")
    assert sent(whole_pass(job(mount))) == size
    assert_true(mount, root)


def test_a_file_that_changes_while_it_is_copied(
    mount: Mount, root: Path, published: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Bucket.copy

    def changing(bucket: Bucket, *arguments: Any) -> Any:
        copied = copy(bucket, *arguments)
        monkeypatch.setattr(Bucket, "copy", copy)
        write(root, "c/one.txt", b"changed", age=3)
        return copied

    move(root, "a/one.txt", "c/one.txt")
    monkeypatch.setattr(Bucket, "copy", changing)
    assert sent(whole_pass(job(mount))) == len(b"changed")
    assert_true(mount, root)


def test_a_file_that_is_removed_while_it_is_copied_leaves_nothing(
    mount: Mount,
    root: Path,
    published: dict[str, bytes],
    s3_client: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy = Bucket.copy

    def removing(bucket: Bucket, *arguments: Any) -> Any:
        copied = copy(bucket, *arguments)
        (root / "c/one.txt").unlink()
        return copied

    move(root, "a/one.txt", "c/one.txt")
    monkeypatch.setattr(Bucket, "copy", removing)
    whole_pass(job(mount))
    listed = s3_client.list_objects_v2(Bucket=mount.bucket, Prefix="media/c/")
    assert listed["KeyCount"] == 0


def test_an_old_object_is_deleted_only_once_it_was_copied(
    mount: Mount, root: Path, published: dict[str, bytes], s3_client: Any, puts: Puts
) -> None:
    (root / "a").rename(root / "c")
    report = whole_pass(job(mount, delete=True))
    assert (sent(report), report.counts[Result.DELETED]) == (0, 2)
    assert_true(mount, root)
    listed = s3_client.list_objects_v2(Bucket=mount.bucket)
    assert listed["KeyCount"] == 3
    # The bytes are found where they are now.
    (root / "c").rename(root / "d")
    assert sent(whole_pass(job(mount, delete=True))) == 0
    assert_true(mount, root)


def test_with_force_everything_is_sent(
    mount: Mount, root: Path, published: dict[str, bytes]
) -> None:
    move(root, "a/one.txt", "c/one.txt")
    assert sent(whole_pass(job(mount, force=True))) == sum(map(len, published.values()))


# A mount that is elsewhere now

PLACES = {
    "another PREFIX": {"PREFIX": "elsewhere/"},
    "another BUCKET": {"BUCKET": "another"},
    "other KEYS": {"KEYS": "the other"},
    "all of them": {"PREFIX": "", "BUCKET": "another", "KEYS": "the other"},
}


@pytest.fixture
def elsewhere(
    settings: Any, mount: Mount, root: Path, seaweedfs: SeaweedFS, keys: str
) -> Callable[[dict[str, str]], Mount]:
    def made(options: dict[str, str]) -> Mount:
        changes = dict(options)
        if "BUCKET" in changes:
            changes["BUCKET"] = f"{mount.bucket}-2"
            seaweedfs.create_bucket(changes["BUCKET"])
        if "KEYS" in changes:
            changes["KEYS"] = {"mirror": "fingerprint", "fingerprint": "mirror"}[keys]
        return use_mount(settings, root, **settings.S3REWRITE["media"] | changes)

    return made


@pytest.mark.parametrize("options", PLACES.values(), ids=PLACES)
def test_a_mount_that_moves_takes_its_objects_with_it(
    elsewhere: Callable[[dict[str, str]], Mount],
    root: Path,
    published: dict[str, bytes],
    puts: Puts,
    mount: Mount,
    options: dict[str, str],
) -> None:
    write(root, "film.mp4", os.urandom(LARGE))
    whole_pass(job(mount))
    puts.keys.clear()
    moved = elsewhere(options)
    write(root, "new.txt", b"new")
    report = whole_pass(job(moved))
    assert (sent(report), len(puts.keys)) == (3, 1)
    assert_true(moved, root)
    # From here on it is at home: nothing is looked for in the old place.
    assert loop_registry(moved).former_place() is None
    move(root, "new.txt", "newer.txt")
    assert sent(whole_pass(job(moved))) == 0


def test_a_move_that_was_stopped_goes_on(
    elsewhere: Callable[[dict[str, str]], Mount], root: Path, published: dict[str, bytes]
) -> None:
    moved = elsewhere({"PREFIX": "elsewhere/"})
    assert sent(pass_over(job(moved), ["a/one.txt"])) == 0
    assert sent(whole_pass(job(moved))) == 0
    assert_true(moved, root)


def test_another_service_is_not_asked(
    settings: Any, mount: Mount, root: Path, published: dict[str, bytes], seaweedfs: SeaweedFS
) -> None:
    with faulty(seaweedfs) as other:
        options = {"CLIENT": other.client_options, "PREFIX": "elsewhere/"}
        moved = use_mount(settings, root, **settings.S3REWRITE["media"] | options)
        assert sent(whole_pass(job(moved))) == sum(map(len, published.values()))
        assert_true(moved, root)


def test_a_bucket_that_is_gone(
    settings: Any, mount: Mount, root: Path, published: dict[str, bytes], registry: Registry
) -> None:
    registry.set_place(["http://elsewhere", "gone", "", "mirror"])
    moved = use_mount(settings, root, **settings.S3REWRITE["media"] | {"PREFIX": "elsewhere/"})
    place = [str(mount.client["endpoint_url"]), "no-such-bucket", "", "mirror"]
    loop_registry(moved).set_place(place)
    assert sent(whole_pass(job(moved))) == sum(map(len, published.values()))
    assert_true(moved, root)


# Services that copy in their own way, or not at all


class Service:
    """A mount on a proxy, whose copies alone meet a fault."""

    def __init__(self, settings: Any, root: Path, proxy: FaultyS3) -> None:
        options = settings.S3REWRITE["media"] | {"CLIENT": proxy.client_options}
        self.mount = use_mount(settings, root, **options)
        self.proxy = proxy
        self.copies = 0

    def copies_by(self, fault: Fault | None) -> None:
        def met(exchange: Exchange) -> None:
            if "x-amz-copy-source" not in {name.lower() for name in exchange.headers}:
                exchange.reply(*exchange.forward())
                return
            self.copies += 1
            (fault or (lambda exchange: exchange.reply(*exchange.forward())))(exchange)

        self.proxy.faults["PUT"] = [met]


@pytest.fixture
def service(settings: Any, mount: Mount, root: Path, seaweedfs: SeaweedFS, puts: Puts) -> Any:
    with faulty(seaweedfs) as proxy:
        made = Service(settings, root, proxy)
        for number in range(12):
            write(root, f"a/{number}.txt", b"%02d" % number)
        write(root, "kept.txt", b"kept")
        whole_pass(job(made.mount))
        puts.keys.clear()
        (root / "a").rename(root / "b")
        yield made


def without_etag(exchange: Exchange) -> None:
    status, headers, answer = exchange.forward()
    before, _, rest = answer.partition(b"<ETag>")
    exchange.reply(status, headers, before + rest.partition(b"</ETag>")[2])


def other_etag(exchange: Exchange) -> None:
    status, headers, answer = exchange.forward()
    before, _, rest = answer.partition(b"<ETag>")
    wrong = b"<ETag>" + b"0" * 32 + b"</ETag>"
    exchange.reply(status, headers, before + wrong + rest.partition(b"</ETag>")[2])


REFUSALS: dict[str, tuple[Fault, bool]] = {
    "no copies": (answers(501, "NotImplemented"), True),
    "not allowed": (answers(405, "MethodNotAllowed"), True),
    "a condition that it does not know": (answers(400, "InvalidArgument"), True),
    "no ETag": (without_etag, True),
    "an ETag that proves nothing": (other_etag, True),
    "denied": (answers(403, "AccessDenied"), False),
    "in an archive": (answers(403, "InvalidObjectState"), False),
    "not found": (answers(404, "NoSuchKey"), False),
    "an error in an answer 200": (answers(200, "InternalError"), False),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_where_a_service_makes_no_copy_the_file_is_sent(
    service: Service, root: Path, name: str
) -> None:
    fault, is_final = REFUSALS[name]
    service.copies_by(fault)
    context = job(service.mount)
    # A copy that is not proved by its answer may be found by a second look.
    assert sent(whole_pass(context)) in (range(25) if "ETag" in name else [24])
    assert_true(service.mount, root)
    assert context.bucket.makes_copies is not is_final
    if not is_final:
        assert service.copies >= 12


def test_a_copy_whose_answer_is_lost_is_found(service: Service, root: Path, puts: Puts) -> None:
    service.copies_by(loses_answer)
    assert whole_pass(job(service.mount)).is_ok
    assert_true(service.mount, root)


@pytest.mark.parametrize("lane", ["boto3", "obstore"])
def test_either_library_sends_what_was_not_copied(
    service: Service, root: Path, monkeypatch: pytest.MonkeyPatch, lane: str
) -> None:
    monkeypatch.setattr(writer, "has_obstore", lambda: lane == "obstore")
    service.copies_by(answers(501, "NotImplemented"))
    assert sent(whole_pass(job(service.mount))) == 24
    assert_true(service.mount, root)


def test_what_redis_says_of_other_names_proves_nothing(
    mount: Mount, root: Path, published: dict[str, bytes], registry: Registry
) -> None:
    for content, wrong in ((b"one", "b/three.txt"), (b"new", "../../etc/passwd"), (b"x", "")):
        write(root, "probe", content)
        whole_pass(job(mount))
        fingerprint = registry.get(["probe"])["probe"].fingerprint
        (root / "probe").unlink()
        whole_pass(job(mount))
        registry.client.hset(registry.keys.gone, fingerprint, wrong)
        write(root, f"new-{content.decode()}", content)
        assert whole_pass(job(mount)).is_ok
        assert_true(mount, root)


def test_a_copied_tree_is_copied_again_after_redis_was_lost(
    mount: Mount, root: Path, published: dict[str, bytes], registry: Registry, puts: Puts
) -> None:
    registry.client.flushall()
    shutil.move(root / "a", root / "c")
    report = whole_pass(job(mount))
    # Nothing is known of who had which bytes.
    assert sent(report) == len(b"one") + len(b"two")
    assert_true(mount, root)

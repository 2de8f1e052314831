"""Everything that can happen between a saved file and its link, in any order.

Files, the package, Redis and boto3 are real; S3 is a model in memory. Whatever happened: the bytes
behind a rendered link are those that the file has while the page is rendered.
"""

import logging
import os
import re
import shutil
from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis
from botocore.config import Config
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from s3rewrite.core.mounts import Mount
from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.registry import Claim, Registry, loop_registry, view_of
from s3rewrite.s3.bucket import Bucket
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.passes import pass_over, whole_pass
from tests.integration.memory_s3 import MemoryS3
from tests.support.factories import job, use_mount
from tests.support.publishing import closed_clients

logger = logging.getLogger(__name__)

__all__ = ["closed_clients"]

CDN = "https://cdn.example.com/"
NAMES = ["a.txt", "d/a.txt", "d/b.txt", "e/a.txt", "f/b.txt"]
CONTENTS = [b"one", b"two", b"three"]
STEPS = ["claim_all", "publish_all", "confirm_writes", "refresh", "withdraw"]

names = st.sampled_from(NAMES)
contents = st.sampled_from(CONTENTS)


class Visit(NamedTuple):
    """Somebody changes a file while a pass is at work on it."""

    moment: str
    content: bytes | None
    """None deletes it."""


moments = st.sampled_from(["claim_all", "after claim_all", "publish_all", "refresh"])
visits = st.none() | st.builds(Visit, moments, st.none() | contents)


def _name_of(target: Any) -> str:
    """The name that a command is given, or the first of many."""
    if isinstance(target, str):
        return target
    return target.name if isinstance(target, Claim) else _name_of(target[0])


class Crash(BaseException):
    """The loop is killed."""


class World(RuleBasedStateMachine):
    """What people, the loop, Redis and S3 do."""

    mount: Mount
    root: Path
    client: redis.Redis
    bucket: Bucket
    s3: MemoryS3
    pages = linked = copied = 0

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        shutil.rmtree(self.root)
        self.root.mkdir()
        view_of(self.mount)._reset()
        World.copied += self.s3.copies
        self.s3.__init__()  # type: ignore[misc]
        self.bucket._writer.makes_copies = True
        self.time = 10**18
        self.left: int | None = None
        self.visit: Visit | None = None
        self.dump: dict[bytes, bytes] = {}
        self.has_forgotten = False
        (self.root / "kept.txt").write_bytes(b"so that the storage is not empty")

    # People

    def written(self, path: Path) -> None:
        """No two versions of a file have the same time."""
        self.time += 10**9
        os.utime(path, ns=(self.time, self.time))

    @rule(name=names, content=contents)
    def save(self, name: str, content: bytes) -> None:
        if self.may_not_come_back(content):
            return
        default_storage.delete(name)
        assert default_storage.save(name, ContentFile(content)) == name
        self.written(self.root / name)

    @rule(name=names)
    def delete(self, name: str) -> None:
        default_storage.delete(name)

    @precondition(lambda self: self.mount.check_local)
    @rule(name=names, content=contents)
    def write_behind_the_back(self, name: str, content: bytes) -> None:
        if self.may_not_come_back(content):
            return
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        self.written(path)

    @precondition(lambda self: self.mount.check_local)
    @rule(old=names, new=names)
    def rename(self, old: str, new: str) -> None:
        if (self.root / old).exists() and not self.may_not_come(old):
            (self.root / new).parent.mkdir(exist_ok=True)
            (self.root / old).replace(self.root / new)

    @precondition(lambda self: self.mount.check_local)
    @rule(old=st.sampled_from(["d", "e"]), new=st.sampled_from(["d", "e", "f"]))
    def rename_tree(self, old: str, new: str) -> None:
        moved = [name for name in NAMES if name.startswith(old) and (self.root / name).exists()]
        if moved and not (self.root / new).exists() and not any(map(self.may_not_come, moved)):
            (self.root / old).rename(self.root / new)

    @precondition(lambda self: self.mount.check_local)
    @rule(one=names, other=names)
    def swap(self, one: str, other: str) -> None:
        if not all((self.root / name).is_file() for name in (one, other)):
            return
        if not (self.may_not_come(one) or self.may_not_come(other)):
            (self.root / one).replace(self.root / "aside")
            self.rename(other, one)
            (self.root / "aside").replace(self.root / other)

    @rule(old=names, new=names)
    def rename_as_projects_do(self, old: str, new: str) -> None:
        if old != new and (self.root / old).is_file():
            self.save(new, (self.root / old).read_bytes())
            self.delete(old)

    # The loop

    def job(self, **choices: Any) -> SyncContext:
        found = job(self.mount, **choices)
        found.__dict__["bucket"] = self.bucket  # to make a client takes long
        return found

    def step(self) -> None:
        """One more step of the loop, or its last."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Crash

    def receive(self, moment: str, target: Any) -> None:
        """Somebody comes, if it is the moment. What they do is no step of the loop's."""
        visit = self.visit
        if visit is None or visit.moment != moment or not target:
            return
        left, self.left, self.visit = self.left, None, None
        name = _name_of(target)
        if visit.content is None:
            self.delete(name)
        else:
            self.save(name, visit.content)
        self.left = left

    def run(self, work: Callable[[], Any], crash: int | None, visit: Visit | None) -> None:
        """A pass; it may be killed at that step of it, and somebody may come in between."""
        self.left, self.visit = crash, visit
        self.s3.step = self.step
        with pytest.MonkeyPatch.context() as patch:
            for name in STEPS:
                patch.setattr(Registry, name, self.stepped(name))
            try:
                work()
            except Crash:
                self.client.delete(loop_registry(self.mount).keys.lease)
        if self.left is not None and self.left < 0:
            self.bucket._writer._unconfirmed._keys.clear()  # what a dead process knew
        self.left = self.visit = None

    def stepped(self, name: str) -> Callable[..., Any]:
        function = getattr(Registry, name)

        def called(registry: Registry, target: Any, *args: Any, **options: Any) -> Any:
            self.step()
            self.receive(name, target)
            found = function(registry, target, *args, **options)
            self.receive(f"after {name}", target)
            self.step()
            return found

        return called

    crashes = st.none() | st.integers(0, 12)

    @rule(crash=crashes, delete=st.booleans(), visit=visits)
    def whole_pass(self, crash: int | None, delete: bool, visit: Visit | None) -> None:
        self.run(lambda: whole_pass(self.job(delete=delete)), crash, visit)

    @rule(found=st.lists(names, max_size=4), crash=crashes, visit=visits)
    def hinted_pass(self, found: list[str], crash: int | None, visit: Visit | None) -> None:
        self.run(lambda: pass_over(self.job(), found), crash, visit)

    @rule(old=names, new=names, content=contents, crash=crashes, visit=visits)
    def move(
        self, old: str, new: str, content: bytes, crash: int | None, visit: Visit | None
    ) -> None:
        """What is published gets another name."""
        self.save(old, content)
        self.run(lambda: whole_pass(self.job()), None, None)
        self.rename_as_projects_do(old, new)
        self.run(lambda: whole_pass(self.job()), crash, visit)

    # S3

    @rule(what=st.sampled_from(["answer", "way"]))
    def lose(self, what: str) -> None:
        self.s3.loses = what

    @rule()
    def ignore_what_is_copied(self) -> None:
        """The service takes another one's place that knows no condition of a copy's source."""
        self.s3.is_lax = True

    @precondition(lambda self: self.s3.late)
    @rule(data=st.data())
    def arrive(self, data: Any) -> None:
        found = self.s3.late.pop(data.draw(st.integers(0, len(self.s3.late) - 1)))
        self.s3.store(*found)

    # Redis. One thing is not promised: it forgets a write on its way, and the bytes that this write
    # was to replace come back.

    def may_forget(self) -> bool:
        files = [path.read_bytes() for path in self.root.rglob("*") if path.is_file()]
        return not any(map(self.is_to_be_replaced, files))

    def is_to_be_replaced(self, content: bytes) -> bool:
        return any(condition == md5(content).hexdigest() for *_, condition in self.s3.late)

    def may_not_come_back(self, content: bytes) -> bool:
        return self.has_forgotten and self.is_to_be_replaced(content)

    def may_not_come(self, name: str) -> bool:
        """Whether the bytes of a file may not come to another name."""
        return self.may_not_come_back((self.root / name).read_bytes())

    @precondition(lambda self: self.may_forget())
    @rule()
    def flush(self) -> None:
        self.has_forgotten = True
        self.client.flushall()

    @rule(name=names, first=contents, second=contents)
    def overtake(self, name: str, first: bytes, second: bytes) -> None:
        """An upload stays on its way, Redis forgets it, and another one is faster."""
        self.save(name, first)
        self.s3.loses = "way"
        self.run(lambda: pass_over(self.job(), [name]), None, None)
        if self.may_forget():
            self.flush()
        self.save(name, second)
        self.run(lambda: whole_pass(self.job()), None, None)

    @rule()
    def copy(self) -> None:
        self.dump = {key: self.client.dump(key) for key in self.client.scan_iter()}

    @precondition(lambda self: self.dump and self.may_forget())
    @rule()
    def fail_over(self) -> None:
        """To a server of another run id, that has what was copied last."""
        self.has_forgotten = True
        self.client.flushall()
        for key, value in self.dump.items():
            self.client.restore(key, 0, value)
        keys = loop_registry(self.mount).keys
        self.client.delete(keys.lease)
        if epoch := self.client.get(keys.epoch):
            self.client.set(keys.epoch, epoch.split(b"@")[0] + b"@" + b"0" * 40)

    @rule()
    def twenty_minutes_pass(self) -> None:
        """S3 refuses what was signed before; doubts that had a date are over."""
        self.s3.late.clear()
        self.has_forgotten = False
        keys = loop_registry(self.mount).keys
        for name, doubts in self.client.hgetall(keys.unconfirmed_writes).items():
            self.client.hset(keys.unconfirmed_writes, name, re.sub(rb"=[1-9]\d* ", b"=1 ", doubts))

    # Visitors

    @invariant()
    def links_are_true(self) -> None:
        body = "".join(f'<img src="/media/{name}">' for name in NAMES)
        middleware = S3RewriteMiddleware(lambda request: HttpResponse(body))
        response: Any = middleware(RequestFactory().get("/"))
        for key in re.findall(rf'src="{CDN}([^"]*)"', response.content.decode()):
            name = re.sub(r"\.[0-9a-f]{12}(\.\w+)$", r"\1", key)
            World.linked += 1
            assert self.s3.body(f"media/{key}") == (self.root / name).read_bytes(), key
        World.pages += 1


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path, keys: str, looks: bool) -> Mount:
    settings.STORAGES = {"default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"}}
    client = {"endpoint_url": "http://127.0.0.1:9", "region_name": "us-east-1"}
    return use_mount(
        settings, tmp_path / "media", BUCKET="uploads", PUBLIC_URL=CDN, POLL_SECONDS=0.0,
        KEYS=keys, DELETE_GRACE=0, THREADS=1, CHECK_LOCAL=looks,
        CLIENT={**client, "config": Config(retries={"total_max_attempts": 1})},
    )  # fmt: skip


# Where pages do not look at the files, the registry alone is what makes a link true: people
# change them through the storage only.
@pytest.mark.parametrize("looks", [True, False], ids=["looks", "believes"])
@pytest.mark.parametrize("keys", ["mirror", "fingerprint"])
def test_a_link_is_true_whatever_happened(
    mount: Mount, tmp_path: Path, redis_client: redis.Redis
) -> None:
    members: dict[str, Any] = {"mount": mount, "root": tmp_path / "media", "client": redis_client}
    members |= {"bucket": Bucket(mount), "s3": MemoryS3()}
    members["s3"].serve(members["bucket"]._client)
    case = type("Machine", (World,), members).TestCase
    World.pages = World.linked = World.copied = 0
    examples = int(os.environ.get("WORLDS", "15"))
    case.settings = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    case().runTest()
    assert World.linked > World.pages / 200
    assert World.copied or examples < 100  # of few, none may be
    logger.info("%d steps, %d links, %d copies", World.pages, World.linked, World.copied)

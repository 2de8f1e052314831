from typing import Any

import pytest

from s3rewrite.monitoring.status import Level, Status, ago, status_of, verdict
from s3rewrite.registry.journal import Problem
from s3rewrite.registry.suspension import Suspension
from tests.support.factories import use_mount

NOW = 1_000_000.0
LAST = {"ended": NOW - 60, "stopped": "", "by": "loop", "seconds": 2.0, "uploaded": 10}
LOOP = {"holder": "web1:1", "interval": 60.0}
SUSPENDED = (Suspension(NOW, None, "frozen", "web1:1", is_outage=True),)
BY_HAND = (Suspension(NOW - 30, NOW + 3600, "tests", "anna"),)
FAILED = {"a.jpg": Problem("failed", "no right", NOW - 60)}


def status(**given: Any) -> Status:
    return Status("media", **{"last": LAST, "loop": LOOP, **given})


@pytest.mark.parametrize(
    ("found", "level", "sentence"),
    [
        pytest.param(status(), Level.OK, "", id="a loop"),
        pytest.param(
            status(loop=None, last={**LAST, "by": "s3rewrite_sync"}), Level.OK, "", id="cron"
        ),
        pytest.param(status(error="Redis: no"), Level.UNKNOWN, "Redis: no", id="no Redis"),
        pytest.param(
            Status("media"), Level.CRITICAL, "no pass was ever made: run s3rewrite_loop", id="new"
        ),
        pytest.param(Status("media", loop=LOOP), Level.OK, "", id="a loop that has just begun"),
        pytest.param(
            status(loop=None), Level.CRITICAL, "no loop runs, and the last pass ended 60 s ago",
            id="the loop died",
        ),
        pytest.param(
            status(loop=None, last={**LAST, "by": "s3rewrite_sync", "ended": NOW - 301}),
            Level.CRITICAL, "the last pass ended 5 min ago", id="cron is off",
        ),
        pytest.param(
            status(last={**LAST, "stopped": "bucket x: gone"}), Level.CRITICAL,
            "the last pass stopped: bucket x: gone", id="S3 refuses",
        ),
        pytest.param(
            status(problems=FAILED), Level.WARNING, "1 failed, such as a.jpg: no right",
            id="a failed file",
        ),
        pytest.param(
            status(pending=4, pending_since=NOW - 400), Level.WARNING,
            "4 pending, the oldest for 7 min", id="pending for too long",
        ),
        pytest.param(status(pending=4, pending_since=NOW - 200), Level.OK, "", id="pending"),
        pytest.param(
            status(suspensions=SUSPENDED), Level.WARNING,
            "suspended since 1970-01-12 13:46 UTC by web1:1: frozen", id="suspended",
        ),
        pytest.param(
            status(suspensions=SUSPENDED, problems=FAILED), Level.WARNING,
            "no right suspended since", id="suspended, and a failed file",
        ),
        pytest.param(
            status(suspensions=SUSPENDED, loop=None), Level.CRITICAL,
            "frozen it stays suspended until a loop runs", id="suspended, and the loop died",
        ),
        pytest.param(
            status(suspensions=BY_HAND, loop=None), Level.CRITICAL,
            "by anna: tests", id="suspended by hand, without a loop",
        ),
        pytest.param(
            status(suspensions=SUSPENDED, last={**LAST, "stopped": "gone"}), Level.CRITICAL,
            "gone suspended since", id="suspended, and S3 refuses",
        ),
        pytest.param(
            status(problems={"a": Problem("kept local", "a link", NOW)}), Level.OK, "",
            id="kept local",
        ),
    ],
)  # fmt: skip
def test_verdict(found: Status, level: Level, sentence: str) -> None:
    judged = verdict(found, NOW)
    assert judged.level is level
    assert bool(judged.sentences) is bool(sentence)
    assert sentence in " ".join(judged.sentences)


@pytest.mark.parametrize(
    ("found", "rate"),
    [
        (status(), 5.0),
        (status(running={"done": 30, "planned": 90, "seconds": 3.0}), 10.0),
        (Status("media"), 0.0),
        (status(last={**LAST, "seconds": 0.0}), 0.0),
    ],
)
def test_rate(found: Status, rate: float) -> None:
    assert found.rate == rate


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"),
     (7200, "2 h"), (86_400, "24 h"), (200_000, "2 d")],
)  # fmt: skip
def test_ago(seconds: float, text: str) -> None:
    assert ago(seconds) == text


def test_as_dict() -> None:
    found = status(problems={**FAILED, "b": Problem("kept local", "a link", NOW)}).as_dict()
    assert found["failed"] == {"a.jpg": {"reason": "no right", "since": NOW - 60}}
    assert found["kept_local"] == {"b": {"reason": "a link", "since": NOW}}
    assert found["last"] == LAST


def test_without_redis(settings: Any, tmp_path: Any) -> None:
    default = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": default}
    found = status_of(use_mount(settings, tmp_path / "media"))
    assert "Redis does not answer" in found.error
    assert verdict(found).level is Level.UNKNOWN

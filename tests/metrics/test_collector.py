import time
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from s3rewrite.metrics import collector
from s3rewrite.metrics.collector import FIGURES, StatusCollector
from s3rewrite.monitoring.status import Status
from s3rewrite.registry.journal import Problem
from s3rewrite.registry.suspension import Suspension
from tests.support.factories import use_mount

LAST = {"ended": 1000.0, "seconds": 2.5, "stopped": ""}


@pytest.fixture
def asked(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Status]:
    """Mount -> the status that the collector is given."""
    use_mount(settings, tmp_path / "media")
    found: dict[str, Status] = {}
    monkeypatch.setattr(collector, "status_of", lambda mount: found[mount.alias])
    return found


def values(asked: dict[str, Status]) -> dict[str, float]:
    families = StatusCollector().collect()
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_every_figure(asked: dict[str, Status]) -> None:
    now = time.time()
    troubles = {"a": Problem("failed", "x", now), "b": Problem("kept local", "y", now)}
    asked["media"] = Status(
        "media", 7, 700, 3, now - 60, troubles, last=LAST, loop={"holder": "web1:1"},
        suspensions=(Suspension(now, None, "frozen", "web1:1"),),
    )  # fmt: skip
    found = values(asked)
    assert found.pop("s3rewrite_pending_seconds") == pytest.approx(60, abs=5)
    assert found == {
        "s3rewrite_redis_up": 1,
        "s3rewrite_published_names": 7,
        "s3rewrite_published_bytes": 700,
        "s3rewrite_pending_names": 3,
        "s3rewrite_failed_names": 1,
        "s3rewrite_exposed_names": 0,
        "s3rewrite_kept_local_names": 1,
        "s3rewrite_loop_alive": 1,
        "s3rewrite_suspended": 1,
        "s3rewrite_last_pass_timestamp_seconds": 1000,
        "s3rewrite_last_pass_seconds": 2.5,
        "s3rewrite_last_pass_stopped": 0,
    }


def test_before_any_pass(asked: dict[str, Status]) -> None:
    asked["media"] = Status("media")
    found = values(asked)
    assert found["s3rewrite_loop_alive"] == 0
    assert found["s3rewrite_suspended"] == 0
    assert found["s3rewrite_pending_seconds"] == 0
    assert "s3rewrite_last_pass_timestamp_seconds" not in found


def test_without_redis(asked: dict[str, Status]) -> None:
    asked["media"] = Status("media", error="Redis does not answer")
    assert values(asked) == {"s3rewrite_redis_up": 0}


def test_a_registry_takes_it_without_asking_redis(asked: dict[str, Status]) -> None:
    registry = CollectorRegistry(auto_describe=True)
    registry.register(StatusCollector())
    assert len(list(StatusCollector().describe())) == len(FIGURES) + 1

from typing import Any

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.metrics.loop import LoopMetrics
from s3rewrite.sync.reporting.report import Report, Result
from tests.support.factories import use_mount


@pytest.fixture
def mount(settings: Any, tmp_path: Any) -> Mount:
    return use_mount(settings, tmp_path / "media")


def lines(metrics: LoopMetrics) -> list[str]:
    return metrics.exposition().decode().splitlines()


def test_all_begins_at_zero(mount: Mount) -> None:
    found = lines(LoopMetrics([mount]))
    assert 's3rewrite_names_total{mount="media",result="uploaded"} 0.0' in found
    assert 's3rewrite_uploaded_bytes_total{mount="media"} 0.0' in found
    assert 's3rewrite_passes_total{mount="media",outcome="stopped",over="all"} 0.0' in found


def test_a_pass_is_counted(mount: Mount) -> None:
    metrics = LoopMetrics([mount])
    report = Report("media", bytes_uploaded=1234, seconds=0.5)
    report.add(Result.UPLOADED, 3)
    report.add(Result.KEPT, 90)
    report.fail("a.jpg", "no right", "AccessDenied")
    report.fail("b.jpg", "cannot be read", "disk")
    metrics.count(report)
    metrics.count(Report("media", ["a.jpg"], stopped="S3 is away"))
    found = lines(metrics)
    assert 's3rewrite_names_total{mount="media",result="uploaded"} 3.0' in found
    assert 's3rewrite_names_total{mount="media",result="failed"} 2.0' in found
    assert 's3rewrite_uploaded_bytes_total{mount="media"} 1234.0' in found
    assert 's3rewrite_failures_total{kind="AccessDenied",mount="media"} 1.0' in found
    assert 's3rewrite_failures_total{kind="disk",mount="media"} 1.0' in found
    assert 's3rewrite_passes_total{mount="media",outcome="ended",over="all"} 1.0' in found
    assert 's3rewrite_passes_total{mount="media",outcome="stopped",over="hints"} 1.0' in found
    assert 's3rewrite_pass_seconds_sum{mount="media",over="all"} 0.5' in found
    assert not [line for line in found if 'result="kept"' in line]


def test_kinds_of_failures_have_a_bound() -> None:
    metrics = LoopMetrics([])
    for number in range(300):
        report = Report("media")
        report.fail("a.jpg", "no", f"Code{number}")
        metrics.count(report)
    text = metrics.exposition().decode()
    assert text.count("s3rewrite_failures_total{") == 101
    assert 's3rewrite_failures_total{kind="other",mount="media"} 200.0' in text

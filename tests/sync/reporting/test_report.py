import json

import pytest

from s3rewrite.sync.reporting.report import Report, Result, readable_size


def test_a_summary_names_what_happened_only() -> None:
    report = Report("media", bytes_uploaded=4_000_000, seconds=1.25)
    report.add(Result.UPLOADED, 1200)
    report.fail("a.txt", "refused")
    assert report.summary() == "media: 1,200 uploaded, 1 failed; 4.0 MB in 1.2 s"


def test_an_idle_pass_says_so() -> None:
    assert Report("media").summary() == "media: nothing to do; 0 B in 0.0 s"


@pytest.mark.parametrize(
    ("report", "is_ok"),
    [
        (Report("m"), True),
        (Report("m", failures={"a": "refused"}), False),
        (Report("m", is_scan_complete=False), False),
        (Report("m", stopped="S3 is away"), False),
        (Report("m", skipped={"a": "a link to nothing"}), True),
    ],
)
def test_whether_all_is_well(report: Report, is_ok: bool) -> None:
    assert report.is_ok is is_ok


def test_machines_get_every_count() -> None:
    report = Report("media")
    report.add(Result.ADOPTED)
    found = json.loads(json.dumps(report.as_dict()))
    assert found["adopted"] == 1
    assert found["deleted"] == 0
    assert found["ok"] is True


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2.5e9, "2.5 GB"), (7e15, "7000.0 TB")],
)
def test_sizes_for_people(size: float, text: str) -> None:
    assert readable_size(size) == text


def test_failures_are_counted_by_kind() -> None:
    report = Report("media")
    for name, kind in (("a", "disk"), ("b", "AccessDenied"), ("c", "disk")):
        report.fail(name, "no", kind)
    assert report.failure_kinds == {"disk": 2, "AccessDenied": 1}

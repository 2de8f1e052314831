import logging

import pytest

from s3rewrite.sync.reporting.log import PassLog
from s3rewrite.sync.reporting.report import Report, Result


@pytest.fixture(autouse=True)
def all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "s3rewrite.passes")


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    found = [(record.levelname, record.getMessage()) for record in caplog.records]
    caplog.clear()
    return [(level, text) for level, text in found if level != "DEBUG"]


def idle() -> Report:
    report = Report("media")
    report.add(Result.KEPT, 9)
    return report


def test_a_pass_with_its_figures(caplog: pytest.LogCaptureFixture) -> None:
    report = Report("media", bytes_uploaded=2000, seconds=1.5)
    report.add(Result.UPLOADED, 2)
    PassLog().log(report)
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.getMessage() == "media: 2 uploaded; 2.0 kB in 1.5 s"
    told = vars(record)
    assert {key: told[key] for key in ("mount", "seconds", "bytes", "uploaded", "failed")} == {
        "mount": "media", "seconds": 1.5, "bytes": 2000, "uploaded": 2, "failed": 0,
    }  # fmt: skip


def test_nothing_to_do_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    PassLog().log(idle())
    assert [record.levelname for record in caplog.records] == ["DEBUG"]


def test_a_failure_is_said_once_and_again_when_it_is_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = PassLog()
    for reason, count in (("no right", 1), ("no right", 0), ("too large", 1)):
        report = idle()
        report.fail("a\n.jpg", reason, "S3")
        log.log(report)
        warnings = [record for record in caplog.records if record.levelname == "WARNING"]
        assert len(warnings) == count
        for record in warnings:
            assert record.getMessage() == rf"media: 'a\n.jpg' failed: {reason}"
            assert (vars(record)["file"], vars(record)["reason"]) == ("a\n.jpg", reason)
        assert all(record.levelname in ("DEBUG", "WARNING") for record in caplog.records)
        caplog.clear()


def test_a_failure_that_was_mended_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    log = PassLog()
    failing = idle()
    failing.fail("a.jpg", "no right", "S3")
    expected = [("WARNING", "media: a.jpg failed: no right")]
    log.log(failing)
    assert said(caplog) == expected
    # A pass over other names says nothing of it.
    other = idle()
    other.names = ["b.jpg"]
    log.log(other)
    log.log(failing)
    assert said(caplog) == []
    log.log(idle())
    log.log(failing)
    assert said(caplog) == expected


def test_what_stops_passes_is_said_once_and_that_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = PassLog()
    for _ in range(3):
        log.log(Report("media", stopped="S3 is away"))
    log.log(idle())
    assert said(caplog) == [
        ("WARNING", "media: stopped: S3 is away"),
        ("INFO", "media: continues"),
    ]


def test_kept_local_and_notices(caplog: pytest.LogCaptureFixture) -> None:
    log = PassLog()
    for _ in range(2):
        report = idle()
        report.skipped["broken"] = "a link to nothing"
        report.notices.append("3 objects are due")
        log.log(report)
    assert said(caplog) == [
        ("INFO", "media: broken is kept local: a link to nothing"),
        ("WARNING", "media: 3 objects are due"),
    ]


def test_a_project_without_logging_is_told_by_the_command_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    PassLog().log(Report("media", stopped="S3 is away"))
    assert capsys.readouterr() == ("", "")

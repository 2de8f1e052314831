from io import StringIO

from s3rewrite.core.redaction import printable
from s3rewrite.sync.reporting.progress import Progress, ProgressBar, ProgressLines
from s3rewrite.sync.reporting.report import Result


def test_lines() -> None:
    out = StringIO()
    lines = ProgressLines(out)
    lines.planned(2)
    lines.done("a.txt", Result.UPLOADED)
    lines.failed("b\n.txt", "refused")
    lines.close()
    assert out.getvalue() == "uploaded a.txt\nfailed 'b\\n.txt': refused\n"


def test_a_bar_counts_what_was_planned_and_shows_failures() -> None:
    out = StringIO()
    bar = ProgressBar("media", out)
    bar.planned(3)
    bar.done("a.txt", Result.UPLOADED)
    bar.done("gone.txt", Result.WITHDRAWN)
    bar.failed("b.txt", "refused")
    assert (bar._bar.n, bar._bar.total) == (2, 3)
    bar.close()
    assert "failed b.txt: refused" in out.getvalue()


def test_nobody_is_told_by_default() -> None:
    progress = Progress()
    progress.planned(1)
    progress.done("a", Result.KEPT)
    progress.failed("b", "refused")
    progress.close()


def test_a_name_cannot_disturb_a_terminal() -> None:
    assert printable("ünï.jpg") == "ünï.jpg"
    assert printable("\x1b[2J") == "'\\x1b[2J'"

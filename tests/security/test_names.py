"""Names that forge lines, steer a terminal, or mean another file to some services."""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.mounts import Mount
from s3rewrite.core.redaction import printable
from s3rewrite.registry import Registry
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.log import PassLog
from s3rewrite.sync.reporting.progress import ProgressBar, ProgressLines
from s3rewrite.sync.reporting.report import Report, Result
from tests.integration.conftest import mount, registry, root
from tests.support.factories import job, write
from tests.support.passes import body, keys

__all__ = ["mount", "registry", "root"]

FORGED = "media: 9 uploaded"
# Line breaks of all kinds (as str.splitlines), escape sequences, and what turns text around.
EVIL = [
    f"a{mark}{FORGED}.txt"
    for mark in (
        "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029",
        "\x1b[2J", "\x9b2J", "\x07", "\x08", "\x7f", "\u202e", "\u2066", "\u200e", "\ufeff",
    )
]  # fmt: skip
LINKABLE = {name for name in EVIL if not any(c < " " or "\x7f" <= c < "\xa0" for c in name)}

ANY = st.text(min_size=1)


def lines_of(text: str) -> list[str]:
    """The lines, none of which steers a terminal."""
    lines = text.split("\n")
    assert all(line.isprintable() for line in lines), text
    return [line for line in lines if line]


@given(ANY)
def test_what_is_printable_is_one_line_and_stays_the_same_then(text: str) -> None:
    assert lines_of(printable(text)) == [printable(text)]
    assert printable(printable(text)) == printable(text)


@given(st.dictionaries(ANY, ANY, max_size=3), st.lists(ANY, max_size=2))
def test_lines_and_logs_have_a_line_for_each_thing(
    reasons: dict[str, str], notices: list[str]
) -> None:
    out = io.StringIO()
    lines = ProgressLines(out)
    report = Report("media", skipped=dict(reasons), notices=notices, stopped="")
    for name, reason in reasons.items():
        lines.done(name, Result.UPLOADED)
        lines.failed(name, reason)
        report.fail(name, reason)
    assert len(lines_of(out.getvalue())) == 2 * len(reasons)
    records = _logged(lambda: PassLog().log(report))
    assert len(records) == 1 + 2 * len(reasons) + len(notices)
    records += _logged(lambda: PassLog().log(Report("media", stopped="a\n" + FORGED)))
    for record in records:
        assert record.isprintable()


def _logged(action: Callable[[], object]) -> list[str]:
    found: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("s3rewrite.passes")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    action()
    logger.removeHandler(handler)
    logger.setLevel(before)
    return found


def test_a_bar_too() -> None:
    out = io.StringIO()
    bar = ProgressBar("media", out)
    bar.failed(f"a\n{FORGED}", f"no\n{FORGED}")
    bar.close()
    assert f"\n{FORGED}" not in out.getvalue()


def told(command: str, *arguments: str, **options: Any) -> str:
    out = io.StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=out, **options)
    except SystemExit:
        pass
    except Exception as error:
        out.write(str(error))
    return out.getvalue()


def test_what_commands_say_of_such_names(
    mount: Mount, root: Path, registry: Registry, s3_client: Any
) -> None:
    for name in EVIL:
        write(root, name)
    write(root, "fine.txt")
    first = lines_of(told("s3rewrite_sync"))
    # A line a name, and one more; none of them is the forged one.
    assert len(first) == len(EVIL) + 2
    assert {name for name, _ in registry.names()} == {*LINKABLE, "fine.txt"}
    for name in LINKABLE:
        s3_client.delete_object(Bucket=mount.bucket, Key=f"media/{name}")
    outputs = [
        told("s3rewrite_sync", "--dry-run", "--force"),
        told("s3rewrite_status", "--all"),
        told("s3rewrite_verify"),
        told("s3rewrite_restore", "--dry-run"),
        *(told("s3rewrite_explain", name) for name in EVIL),
    ]
    found = first + [line for output in outputs for line in lines_of(output)]
    assert [line for line in found if line.startswith(FORGED)] == []
    assert len(lines_of(outputs[2])) == len(LINKABLE) + 2


def test_a_backslash_that_a_service_reads_as_a_slash(
    mount: Mount, root: Path, registry: Registry, s3_client: Any
) -> None:
    """SeaweedFS is one: `a\\b.txt` would take the place of `a/b.txt`."""
    write(root, "a/b.txt", b"right")
    write(root, "a\\b.txt", b"wrong")
    report = whole_pass(job(mount))
    assert {name for name, _ in registry.names()} == {"a/b.txt"}
    assert body(s3_client, mount, "a/b.txt") == b"right"
    assert "rename it" in report.skipped["a\\b.txt"]
    assert keys(s3_client, mount) == ["media/a/b.txt"]

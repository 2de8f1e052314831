"""Batches of names and what became of them, as plain JSON between a pass and its workers. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import redis

from s3rewrite.core.entries import Signature, decode_entry
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.sync.context import LeaseLost
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import End, Uploaded
from s3rewrite.sync.upload.references import KeptLocal

Row = list[Any]
"""Name, size, time of change in ns, the encoded entry or "", and whether to be careful."""


class UploadBatch(NamedTuple):
    """A batch as the arguments of a task."""

    lease: str
    id: str
    rules: str
    """Of the pass, by which the references in files are changed."""
    rows: Sequence[Row]
    force: bool


def row_of(task: Task) -> Row:
    """A task as JSON."""
    entry = task.entry.encode() if task.entry else ""
    return [task.name, *task.signature, entry, task.is_careful]


def task_of(row: Row) -> Task:
    """The task of a row."""
    name, size, mtime_ns, entry, is_careful = row
    published = decode_entry(entry.encode()) if entry else None
    return Task(name, Signature(size, mtime_ns), published, is_careful)


def message_of(end: End) -> list[Any]:
    """An end as JSON: what kind it is of, and its facts."""
    for kind, of_kind, facts, _ in _KINDS:
        if isinstance(end, of_kind):
            return [kind, *facts(end)]
    raise TypeError(end)


def end_of(message: Sequence[Any]) -> End:
    """The end that was told. Raises KeyError where it is of a kind that there is not."""
    kind, *facts = message
    return _MADE[kind](*facts)


def ends_of(message: Mapping[str, Any]) -> list[tuple[str, End]] | None:
    """Names with their ends, of a message from Redis; None where it is not one of ours."""
    try:
        return [(str(name), end_of(message_of)) for name, message_of in message.get("ends", ())]
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None


def _refused(kind: type[S3Error]) -> Callable[[str, str], S3Error]:
    def made(reason: str, code: str) -> S3Error:
        error = kind(str(reason))
        error.code = str(code)
        return error

    return made


_KINDS: tuple[tuple[str, type, Callable[[Any], tuple[Any, ...]], Callable[..., End]], ...] = (
    (
        "uploaded",
        Uploaded,
        lambda end: (str(end.result), *end[1:]),
        lambda result, sent, is_doubtful, would_replace, left: Uploaded(
            Result(result), int(sent), bool(is_doubtful), bool(would_replace), tuple(left)
        ),
    ),
    (
        "kept local",
        KeptLocal,
        lambda end: (str(end), end.waits_for),
        lambda reason, waits_for: KeptLocal(str(reason), waits_for=str(waits_for)),
    ),
    ("lease", LeaseLost, lambda _: (), LeaseLost),
    (
        "unavailable",
        S3Unavailable,
        lambda end: (str(end), end.code),
        _refused(S3Unavailable),
    ),
    ("refused", S3Error, lambda end: (str(end), end.code), _refused(S3Error)),
    ("redis", redis.RedisError, lambda end: (str(end),), redis.RedisError),
    ("disk", OSError, lambda end: (str(end),), OSError),
)
"""Kind, the class of such ends, their facts, and how the end is made of those; the first counts."""

_MADE = {kind: made for kind, _, _, made in _KINDS}

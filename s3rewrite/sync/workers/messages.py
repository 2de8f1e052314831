"""Batches and outcomes as plain JSON, between a pass and its workers. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import redis

from s3rewrite.core.entries import Signature, decode_entry
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.sync.context import LeaseLost
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import UploadOutcome, UploadResult
from s3rewrite.sync.upload.references import KeptLocal

Row = list[Any]
"""A task as JSON: name, the signature's numbers, encoded entry or "", whether to be careful."""


class UploadBatch(NamedTuple):
    """A batch as the arguments of a task."""

    lease: str
    id: str
    rules: str
    """The content rules of the pass: a worker with other settings would send other bytes."""
    rows: Sequence[Row]
    force: bool


def row_of(task: Task) -> Row:
    """A task as JSON."""
    entry = task.entry.encode() if task.entry else ""
    return [task.name, *task.signature, entry, task.is_careful]


def task_of(row: Row) -> Task:
    """The task of a row."""
    name, *signature, entry, is_careful = row
    published = decode_entry(entry.encode()) if entry else None
    return Task(name, Signature(*signature), published, is_careful)


_UPLOADED = "uploaded"

_ERRORS: dict[str, tuple[type[Exception], str]] = {
    "kept local": (KeptLocal, "waits_for"),
    "lease": (LeaseLost, ""),
    "unavailable": (S3Unavailable, "code"),
    "refused": (S3Error, "code"),
    "redis": (redis.RedisError, ""),
    "gone": (FileNotFoundError, ""),
    "disk": (OSError, ""),
}
"""Kind in JSON -> class, and the attribute that JSON has after its text; the first match counts."""


def encode_outcome(outcome: UploadOutcome) -> list[Any]:
    """An outcome as JSON: its kind, then its values. Raises TypeError for any other error."""
    if isinstance(outcome, UploadResult):
        return [_UPLOADED, str(outcome.result), *outcome[1:]]
    if isinstance(outcome, LeaseLost):  # which always has the same text
        return ["lease"]
    for kind, (error_class, attribute) in _ERRORS.items():
        if isinstance(outcome, error_class):
            values = [getattr(outcome, attribute)] if attribute else []
            return [kind, str(outcome), *values]
    raise TypeError(outcome)


def decode_outcome(message: Sequence[Any]) -> UploadOutcome:
    """The outcome of a message. Raises KeyError for an unknown kind, as of another version."""
    kind, *values = message
    if kind == _UPLOADED:
        result, bytes_sent, has_unconfirmed_write, would_replace, orphans = values
        flags = bool(has_unconfirmed_write), bool(would_replace)
        return UploadResult(Result(result), int(bytes_sent), *flags, tuple(orphans))
    error_class, attribute = _ERRORS[kind]
    error = error_class(*map(str, values[:1]))
    if attribute:
        setattr(error, attribute, str(values[1]))
    return error


def decode_outcomes(message: Mapping[str, Any]) -> list[tuple[str, UploadOutcome]] | None:
    """Names with their outcomes, of a message from Redis; None if it is malformed."""
    try:
        return [(str(name), decode_outcome(encoded)) for name, encoded in message.get("ends", ())]
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None

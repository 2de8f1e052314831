"""What is to be done with a name: the decision, and nothing else. Pure."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from s3rewrite.core.entries import Entry, Signature, join


class Action(StrEnum):
    """What a pass does with a name."""

    KEEP = "keep"
    UPLOAD = "upload"
    WITHDRAW = "withdraw"
    NOTHING = "nothing"


class Task(NamedTuple):
    """A name to upload; `entry` is what is published of it now."""

    name: str
    signature: Signature
    entry: Entry | None
    is_careful: bool = False
    """Whether other bytes under its key must stay: a freed file may have its only copy there."""


@dataclass(slots=True)
class Plan:
    """What is to be done in one directory, or with some names."""

    uploads: list[Task] = field(default_factory=list)
    withdrawals: list[str] = field(default_factory=list)
    kept: int = 0


def decide(local: Signature | None, entry: Entry | None, *, force: bool = False) -> Action:
    """The decision for one name.

    | on disk | published       | action   |
    |---------|-----------------|----------|
    | no      | no              | nothing  |
    | no      | yes             | withdraw |
    | yes     | no              | upload   |
    | yes     | same signature  | keep     |
    | yes     | other signature | upload   |

    With `force` whatever is on disk is uploaded.
    """
    if local is None:
        return Action.WITHDRAW if entry else Action.NOTHING
    if entry is None or force or entry.signature != local:
        return Action.UPLOAD
    return Action.KEEP


def plan(
    directory: str,
    local: Mapping[str, Signature],
    published: Mapping[str, Entry],
    *,
    force: bool = False,
    again: Callable[[str], bool] | None = None,
) -> Plan:
    """The plan for a directory: basenames with their signatures, and with their entries.

    Of files of which `again` says so other bytes may have to be sent, though they are the same.
    """
    planned = Plan()
    for basename, signature in local.items():
        entry = published.get(basename)
        if decide(signature, entry, force=force or bool(again and again(basename))) is Action.KEEP:
            planned.kept += 1
        else:
            planned.uploads.append(Task(join(directory, basename), signature, entry))
    missing = published.keys() - local.keys()
    planned.withdrawals = [join(directory, basename) for basename in sorted(missing)]
    return planned


def wrong_marks(
    local: Mapping[str, Signature], published: Mapping[str, Entry], freed: Container[str]
) -> list[str]:
    """The basenames of unchanged files whose entries say otherwise whether they are freed."""
    return [
        basename
        for basename, entry in published.items()
        if entry.freed != (basename in freed) and entry.signature == local.get(basename)
    ]

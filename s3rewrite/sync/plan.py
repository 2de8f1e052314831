"""Decides what to do with a name, and nothing else. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from s3rewrite.core.entries import Entry, Signature, join


class Task(NamedTuple):
    """A name to upload; `entry` is what is published of it now."""

    name: str
    signature: Signature
    entry: Entry | None
    is_careful: bool = False
    """Whether other bytes under its key must stay: they may be a freed file's only copy."""


@dataclass(slots=True)
class Plan:
    """What to do in one directory, or with some names."""

    uploads: list[Task] = field(default_factory=list)
    withdrawals: list[str] = field(default_factory=list)
    kept: int = 0


def plan(
    directory: str,
    local: Mapping[str, Signature],
    published: Mapping[str, Entry],
    *,
    force: bool = False,
    must_resend: Callable[[str], bool] | None = None,
) -> Plan:
    """The plan for a directory: basenames with their signatures, and with their entries.

    | on disk | published       | action   |
    |---------|-----------------|----------|
    | no      | no              | nothing  |
    | no      | yes             | withdraw |
    | yes     | no              | upload   |
    | yes     | same signature  | keep     |
    | yes     | other signature | upload   |

    With `force`, everything on disk is uploaded; `must_resend` names the unchanged files that are
    uploaded all the same, as other settings have changed their bytes.
    """
    planned = Plan()
    for basename, signature in local.items():
        entry = published.get(basename)
        is_unchanged = entry is not None and entry.signature == signature
        if is_unchanged and not force and not (must_resend and must_resend(basename)):
            planned.kept += 1
        else:
            planned.uploads.append(Task(join(directory, basename), signature, entry))
    missing = published.keys() - local.keys()
    planned.withdrawals = [join(directory, basename) for basename in sorted(missing)]
    return planned

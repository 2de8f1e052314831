"""Looks again at what was published after Redis had lost its data, or a part of it.

Redis may have forgotten a write of a loop that was killed, and the service may take that write for
as long as `LATE_WRITE_SECONDS`. Whole passes compare the objects with the entries: where the
service honours the conditions of writes, once, when that time is over, as few writes have none.
"""

from s3rewrite.core.entries import Entry, join
from s3rewrite.registry.lease import LATE_WRITE_SECONDS
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.lookup import folder_of
from s3rewrite.s3.objects import Object
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.reporting.report import Report

PERIOD = 60.0
"""Seconds from the loss to the first look, and from one look to the next."""


def look_again(context: SyncContext, report: Report) -> None:
    """Withdraw the names under whose keys other bytes have arrived; hints name them.

    | late writes may arrive | keys        | conditions are honoured | what is done            |
    |------------------------|-------------|-------------------------|-------------------------|
    | no                     | any         | any                     | nothing                 |
    | for less than PERIOD   | any         | any                     | nothing yet             |
    | yes, or just no longer | fingerprint | any                     | this was the last look  |
    | yes                    | mirror      | yes                     | nothing yet             |
    | yes                    | mirror      | no                      | compare                 |
    | just no longer         | mirror      | any                     | compare for a last time |

    Raises S3Error, redis.RedisError.
    """
    registry = context.registry
    if not report.is_whole or context.options.dry_run:
        return
    left = registry.late_writes_left()
    if left is None or left > LATE_WRITE_SECONDS:
        return
    report.next_look = PERIOD
    if left > LATE_WRITE_SECONDS - PERIOD:
        return
    is_over = left <= 0 or not context.is_overwriting
    if not is_over and context.honours_conditions():
        report.next_look = left + 1
        return
    if context.is_overwriting:
        _compare(context)
    if is_over:
        registry.end_looking_again()
        report.next_look = None


def _compare(context: SyncContext) -> None:
    for directory, entries in context.registry.all_entries():
        context.progress.moved()
        names = _changed(context, directory, entries)
        context.registry.withdraw(names, hint=True, is_found=True)


def _changed(context: SyncContext, directory: str, entries: dict[str, Entry]) -> list[str]:
    """The names in a directory whose objects are not what was published.

    The only copies of freed files are not among them: `OnlyCopies` looks after those.
    """
    try:
        listed = context.bucket.list_folder(folder_of(context.bucket, directory))
    except S3Unavailable:
        raise
    except S3Error:
        listed = {}  # a service may lack listings: HEAD says it
    return [
        name
        for basename, entry in entries.items()
        for name in (join(directory, basename),)
        if not entry.freed and not _is_same(context, name, entry, listed)
    ]


def _is_same(context: SyncContext, name: str, entry: Entry, listed: dict[str, Object]) -> bool:
    key = context.mount.paths.key(name, entry.fingerprint)
    seen, sent = listed.get(key), context.memory.published.sent
    if seen and sent.get(name) == (entry.fingerprint, seen.size, seen.etag):
        return True
    head = context.bucket.head(key)
    # Of an object that another program wrote nothing more is known.
    if head is None or (head.sha256 and head.fingerprint != entry.fingerprint):
        return False
    sent[name] = (entry.fingerprint, head.size, head.etag)
    return True

"""Deletes objects of files that are gone: the dangerous part, so several conditions must agree.

- It is off by default (DELETE_MISSING).
- It never runs after a scan with an error, or over an empty or vanished root.
- It never deletes the object of a file that is excluded or kept local.
- It never deletes the only copy of a file that vanished without having been deleted through
  Django, unless a person asks for it.
- It deletes nothing at all if more than MAX_DELETE objects are due.
- It deletes only objects that this mount wrote and that were withdrawn DELETE_GRACE ago.
- It checks the disk again at the last moment.
- It first copies each object to the QUARANTINE, if there is one.
"""

from collections.abc import Container, Iterable
from contextlib import suppress

from s3rewrite.core.entries import Entry
from s3rewrite.core.mounts import resolve_limit
from s3rewrite.disk.signatures import signature_of
from s3rewrite.freed import stub_of
from s3rewrite.registry import Claim, Withdrawn
from s3rewrite.sync.context import LeaseLost, SyncContext
from s3rewrite.sync.reporting.report import Report, Result

VANISHED = (
    "{count:,} freed {files} gone from the disk, though nobody deleted {them} through Django: "
    "S3 keeps the only copies. If somebody removed {them} on purpose, run s3rewrite_sync {alias} "
    "--delete; if not, s3rewrite_restore {alias} brings {them} back"
)

TOO_MANY = (
    "{count:,} {objects} due for deletion, more than MAX_DELETE ({limit:,}): none was deleted. If "
    "that is right, run s3rewrite_sync {alias} --delete --max-delete {count}"
)

PUBLISHED = (Result.KEPT, Result.UPLOADED, Result.ADOPTED, Result.REFRESHED)


def is_superfluous(*, fingerprinted: bool, on_disk: bool, is_published: bool) -> bool:
    """Whether a withdrawn object is not needed any more.

    | keys        | file on disk | same bytes published | superfluous              |
    |-------------|--------------|----------------------|--------------------------|
    | any         | any          | yes                  | no                       |
    | mirror      | yes          | no                   | no: it is being uploaded |
    | mirror      | no           | no                   | yes                      |
    | fingerprint | yes          | no                   | yes: an old version      |
    | fingerprint | no           | no                   | yes                      |
    """
    return not is_published and (fingerprinted or not on_disk)


def delete_withdrawn(
    context: SyncContext, report: Report, needed_keys: Container[str] = ()
) -> None:
    """Delete the objects that are due, except those under `needed_keys`.

    Raises S3Error, OSError, redis.RedisError, LeaseLost; the rest stays due then.
    """
    mount, is_asked = context.mount, context.options.delete
    if not (mount.delete_missing or is_asked):
        return
    due = [item for item in due_objects(context) if _key(context, item) not in needed_keys]
    if not is_asked:
        vanished = {item for item in due if item.was_freed and not _is_on_disk(context, item)}
        due = [item for item in due if item not in vanished]
        _report_vanished(report, len(vanished))
    chosen = context.options.max_delete
    # A percentage is one of the published objects and those due.
    total = sum(report.counts[result] for result in PUBLISHED) + len(due)
    limit = resolve_limit(mount.max_delete if chosen is None else chosen, total)
    if len(due) <= limit:
        delete_objects(context, due, report)
        return
    objects = "object is" if len(due) == 1 else "objects are"
    notice = TOO_MANY.format(count=len(due), objects=objects, limit=limit, alias=mount.alias)
    report.notices.append(notice)


def due_objects(context: SyncContext) -> list[Withdrawn]:
    """The objects that may be deleted now. The registry forgets those that are needed."""
    waiting = context.registry.withdrawn(context.mount.delete_grace)
    published = context.registry.get(dict.fromkeys(item.name for item in waiting))
    due: list[Withdrawn] = []
    needed: list[Withdrawn] = []
    for item in waiting:
        # What cannot be looked at may be there: its object waits until it can be.
        with suppress(OSError):
            is_due = _is_due(context, item, published.get(item.name))
            (due if is_due else needed).append(item)
    if not context.options.dry_run:
        context.registry.forget_withdrawn(needed)
    return due


def _is_due(context: SyncContext, item: Withdrawn, entry: Entry | None) -> bool:
    return not context.is_kept_local(item.name) and is_superfluous(
        fingerprinted=context.mount.paths.fingerprinted,
        on_disk=_is_on_disk(context, item),
        is_published=_is_published(entry, item) or _is_only_copy(context, item),
    )


def delete_objects(context: SyncContext, due: list[Withdrawn], report: Report) -> None:
    """Delete these objects. Raises S3Error, OSError, redis.RedisError, LeaseLost."""
    keys = {_key(context, item): item for item in due}
    failed: dict[str, str] = {}
    if not context.options.dry_run:
        # A deletion may arrive late: until it is confirmed, no upload may rely on its object.
        claims = [_begin_delete(context, item) for item in due]
        mark_edge(context, keys.values())
        if quarantine := context.mount.quarantine:
            failed = context.bucket.copy_below(quarantine, keys)
        failed |= context.bucket.delete(key for key in keys if key not in failed)
        context.registry.confirm_writes(claims)
        mark_edge(context, keys.values())
        context.registry.forget_withdrawn(item for key, item in keys.items() if key not in failed)
    for key, item in keys.items():
        if key in failed:
            context.fail(report, item.name, f"not deleted: {failed[key]}", "delete")
        else:
            report.add(Result.DELETED)
            context.progress.done(item.name, Result.DELETED)


def mark_edge(context: SyncContext, objects: Iterable[Withdrawn]) -> None:
    """The CDN is to forget these objects; it may only hold one whose key gets other bytes."""
    if context.mount.cdn and not context.mount.paths.fingerprinted:
        context.registry.edge.mark(item.name for item in objects)


def _report_vanished(report: Report, count: int) -> None:
    """A tree that was copied without its links has lost its stubs: nobody wants a deletion."""
    if count:
        files, them = ("file is", "it") if count == 1 else ("files are", "them")
        notice = VANISHED.format(count=count, files=files, them=them, alias=report.mount)
        report.notices.append(notice)


def _is_on_disk(context: SyncContext, item: Withdrawn) -> bool:
    return signature_of(context.storage, item.name) is not None


def _is_published(entry: Entry | None, item: Withdrawn) -> bool:
    return entry is not None and item.fingerprint in ("", entry.fingerprint)


def _is_only_copy(context: SyncContext, item: Withdrawn) -> bool:
    stub = stub_of(context.storage, item.name)
    return stub is not None and stub.key == _key(context, item)


def _key(context: SyncContext, item: Withdrawn) -> str:
    return context.mount.paths.key(item.name, item.fingerprint)


def _begin_delete(context: SyncContext, item: Withdrawn) -> Claim:
    claim = context.registry.begin_delete(item.name, context.lease, item.fingerprint)
    if claim is None:
        raise LeaseLost
    return claim

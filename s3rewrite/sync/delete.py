"""Deleting objects of files that are gone: the dangerous part, so everything has to agree.

Off unless asked for; never after a scan that met an error, nor from an empty or vanished root;
never a file's that is excluded, or kept local; never the only copy of a file that vanished without
having been deleted through Django, unless a person asks for it; nothing at all where more than
MAX_DELETE are due; only objects that this mount wrote, withdrawn for DELETE_GRACE; looked at once
more at the last moment; first copied to the QUARANTINE, where there is one.
"""

from collections.abc import Container, Iterable

from s3rewrite.core.entries import Entry
from s3rewrite.core.mounts import limit_of
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


def delete_withdrawn(job: SyncContext, report: Report, needed: Container[str] = ()) -> None:
    """Delete what is due, but no key that is `needed`: freed files may have been renamed.

    Raises S3Error, OSError, redis.RedisError, LeaseLost; then the rest stays due.
    """
    if not (job.mount.delete_missing or job.options.delete):
        return
    due = [found for found in due_objects(job) if _key(job, found) not in needed]
    if not job.options.delete:
        vanished = {found for found in due if found.was_freed and not _is_on_disk(job, found)}
        due = [found for found in due if found not in vanished]
        _note_vanished(job, report, len(vanished))
    limit = allowed(job, report, len(due))
    if len(due) > limit:
        report.notices.append(
            f"{len(due):,} objects are due for deletion, more than MAX_DELETE ({limit:,}): none "
            f"was deleted. If that is right, run s3rewrite_sync {job.mount.alias} --delete "
            f"--max-delete {len(due)}"
        )
        return
    delete_objects(job, due, report)


def _note_vanished(job: SyncContext, report: Report, count: int) -> None:
    """A tree of stubs that was copied without links has none: that is no wish to delete."""
    if count:
        files, them = ("file is", "it") if count == 1 else ("files are", "them")
        notice = VANISHED.format(count=count, files=files, them=them, alias=job.mount.alias)
        report.notices.append(notice)


def allowed(job: SyncContext, report: Report, due: int) -> int:
    """How many objects may be deleted: a percentage is one of the published ones and the due."""
    chosen = job.options.max_delete
    published = sum(report.counts[result] for result in PUBLISHED)
    return limit_of(job.mount.max_delete if chosen is None else chosen, published + due)


def due_objects(job: SyncContext) -> list[Withdrawn]:
    """The objects that may be deleted now. Forgets those that need not be thought of again."""
    waiting = job.registry.withdrawn(job.mount.delete_grace)
    published = job.registry.get(dict.fromkeys(found.name for found in waiting))
    due: list[Withdrawn] = []
    needed: list[Withdrawn] = []
    for found in waiting:
        entry = published.get(found.name)
        superfluous = not job.is_kept_local(found.name) and is_superfluous(
            fingerprinted=job.mount.paths.fingerprinted,
            on_disk=_is_on_disk(job, found),
            is_published=_is_published(entry, found) or _is_only_copy(job, found),
        )
        (due if superfluous else needed).append(found)
    if not job.options.dry_run:
        job.registry.forget(needed)
    return due


def _is_on_disk(job: SyncContext, found: Withdrawn) -> bool:
    return signature_of(job.storage, found.name) is not None


def _is_published(entry: Entry | None, found: Withdrawn) -> bool:
    return entry is not None and found.fingerprint in ("", entry.fingerprint)


def _key(job: SyncContext, found: Withdrawn) -> str:
    return job.mount.paths.key(found.name, found.fingerprint)


def _is_only_copy(job: SyncContext, found: Withdrawn) -> bool:
    stub = stub_of(job.storage, found.name)
    return stub is not None and stub.key == _key(job, found)


def _doubted(job: SyncContext, found: Withdrawn) -> Claim:
    """Should the deletion come late, no upload after it may believe that its object stays."""
    claim = job.registry.begin_delete(found.name, job.lease, found.fingerprint)
    if claim is None:
        raise LeaseLost
    return claim


def _put_away(job: SyncContext, keys: Iterable[str]) -> dict[str, str]:
    """Copy to the quarantine, where there is one. Key -> reason, of those that stay therefore."""
    where = job.mount.quarantine
    return job.bucket.copy_below(where, keys) if where else {}


def delete_objects(job: SyncContext, due: list[Withdrawn], report: Report) -> None:
    """Delete these objects. Raises S3Error, OSError, redis.RedisError, LeaseLost."""
    keys = {_key(job, found): found for found in due}
    failed: dict[str, str] = {}
    if not job.options.dry_run:
        claims = [_doubted(job, found) for found in due]
        failed = _put_away(job, keys)
        failed |= job.bucket.delete(key for key in keys if key not in failed)
        job.registry.confirm_writes(claims)
        job.registry.forget(found for key, found in keys.items() if key not in failed)
    for key, found in keys.items():
        if key in failed:
            report.fail(found.name, f"not deleted: {failed[key]}", "delete")
            job.progress.failed(found.name, f"not deleted: {failed[key]}")
        else:
            report.add(Result.DELETED)
            job.progress.done(found.name, Result.DELETED)

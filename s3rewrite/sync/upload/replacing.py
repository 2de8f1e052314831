"""Files under whose keys other bytes lie: they may be the only copy of a freed file.

Under KEYS = "mirror" a freed file that was renamed still has its bytes under the key of its old
name. Where another file has that name now, its upload waits until no stub needs the key.
"""

from s3rewrite.core.entries import join
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.scan import Findings, scan
from s3rewrite.sync.upload.attempt import ObjectLookup
from s3rewrite.sync.uploader import uploader_of

NEEDED = (
    "its key has the only copy of {name}, a freed file: this one is uploaded once a pass has moved "
    "that one on S3, or `s3rewrite_restore --freed` has brought it back"
)
UNKNOWN = (
    "not every directory can be read, and a freed file there may have its only copy under its key"
)


def upload_replacing(
    job: SyncContext, report: Report, tasks: list[tuple[Task, ObjectLookup]]
) -> None:
    """Upload files in place of other bytes, but for those that a freed file needs.

    Looks for stubs anew: one that was renamed since a scan met its directory is found now.
    Raises ScanError, redis.RedisError.
    """
    if not tasks:
        return
    findings = Findings()
    needed = _needed(job, findings)
    with uploader_of(job, report) as uploads:
        for task, known in tasks:
            name = needed.get(job.mount.paths.key(task.name, ""))
            if name or findings.errors:
                report.skipped[task.name] = NEEDED.format(name=name) if name else UNKNOWN
            if name or findings.errors or uploads.is_over:
                report.add(Result.PENDING)
            else:
                uploads.submit(task._replace(is_careful=False), known)


def _needed(job: SyncContext, findings: Findings) -> dict[str, str]:
    """Key -> the name of the stub whose bytes it has."""
    needed: dict[str, str] = {}
    for directory in scan(job.storage, None, findings):
        for basename, stub in directory.freed.items():
            if stub.bucket == job.mount.bucket:
                needed[stub.key] = join(directory.path, basename)
    return needed

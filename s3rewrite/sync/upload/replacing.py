"""Files under whose keys other bytes lie: these may be the only copy of a freed file.

Under KEYS = "mirror" a freed file that was renamed still has its bytes under the key of its old
name. If another file has that name now, its upload waits until no stub needs the key.
"""

from s3rewrite.core.entries import join
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.scan import Findings, scan
from s3rewrite.sync.upload.referring import Tasks

NEEDED = (
    "its key has the only copy of {name}, a freed file: this file is uploaded after a pass has "
    "moved that copy on S3, or `s3rewrite_restore --freed` has brought it back"
)
UNKNOWN = (
    "not every directory can be read: a freed file in one of them may have its only copy under "
    "this file's key"
)


def may_replace(context: SyncContext, report: Report, tasks: Tasks) -> Tasks:
    """The tasks, to be uploaded whatever is under their keys; without those a freed file needs.

    Scans for stubs again, as one may have been renamed after the pass scanned its directory.
    Raises ScanError.
    """
    if not tasks:
        return []
    # Scanned without a mount, which would exclude names: each stub needs its object.
    findings = Findings()
    needed = needed_keys(context, findings)
    allowed: Tasks = []
    for task, lookup in tasks:
        # Only under "mirror", where a key has no fingerprint.
        name = needed.get(context.mount.paths.key(task.name, ""))
        if name or findings.errors:
            report.skipped[task.name] = NEEDED.format(name=name) if name else UNKNOWN
            report.add(Result.PENDING)
        else:
            allowed.append((task._replace(is_careful=False), lookup))
    return allowed


def needed_keys(context: SyncContext, findings: Findings) -> dict[str, str]:
    """Key -> the name of the stub whose bytes are under it. Raises ScanError.

    Where the findings have errors, there may be others.
    """
    needed: dict[str, str] = {}
    for directory in scan(context.storage, None, findings):
        for basename, stub in directory.stubs.items():
            if stub.bucket == context.mount.bucket:
                needed[stub.key] = join(directory.path, basename)
    return needed

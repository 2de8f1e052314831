"""Files under whose keys other bytes lie: they may be the only copy of a freed file.

Under KEYS = "mirror" a freed file that was renamed still has its bytes under the key of its old
name. Where another file has that name now, its upload waits until no stub needs the key.
"""

from s3rewrite.entries import join
from s3rewrite.sync.job import Job
from s3rewrite.sync.referring import Wanted
from s3rewrite.sync.report import Report, Result
from s3rewrite.sync.scan import Findings, scan

NEEDED = (
    "its key has the only copy of {name}, a freed file: this one is uploaded once a pass has moved "
    "that one on S3, or `s3rewrite_restore --freed` has brought it back"
)
UNKNOWN = (
    "not every directory can be read, and a freed file there may have its only copy under its key"
)


def may_replace(job: Job, report: Report, tasks: Wanted) -> Wanted:
    """The tasks, to be uploaded whatever lies under their keys; not those a freed file needs.

    Looks for stubs anew: one that was renamed since a scan met its directory is found now.
    Raises ScanError.
    """
    if not tasks:
        return []
    findings = Findings()
    needed = _needed(job, findings)
    allowed: Wanted = []
    for task, known in tasks:
        name = needed.get(job.mount.paths.key(task.name, ""))
        if name or findings.errors:
            report.skipped[task.name] = NEEDED.format(name=name) if name else UNKNOWN
            report.add(Result.PENDING)
        else:
            allowed.append((task._replace(is_careful=False), known))
    return allowed


def _needed(job: Job, findings: Findings) -> dict[str, str]:
    """Key -> the name of the stub whose bytes it has."""
    needed: dict[str, str] = {}
    for directory in scan(job.storage, None, findings):
        for basename, stub in directory.freed.items():
            if stub.bucket == job.mount.bucket:
                needed[stub.key] = join(directory.path, basename)
    return needed

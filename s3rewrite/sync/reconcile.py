"""After Redis failed over or restarted: which entries are still true.

It may have lost its last writes, so that names that were withdrawn are published again. Pages
link locally meanwhile. An entry whose file is as it says, and whose object is older than what
may have been lost, is believed; the others are withdrawn, and adopted by the pass that follows
as if they had never been known.
"""

from concurrent.futures import ThreadPoolExecutor

from s3rewrite.core.batches import batches
from s3rewrite.core.entries import Entry, join
from s3rewrite.disk.signatures import signature_of
from s3rewrite.registry import Outcome
from s3rewrite.s3.lookup import folder_of
from s3rewrite.sync.context import LeaseLost, SyncContext

SLACK = 1800.0
"""Seconds by which the clocks of Redis and S3 may differ; S3 itself takes 15 minutes.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)"""

BATCH = 32
"""Directories that are read from the registry in one round trip."""


def reconcile(job: SyncContext) -> int:
    """Begin an epoch, after entries in doubt were withdrawn; returns how many.

    Nothing is done where the epoch stands. Raises OSError, S3Error, redis.RedisError, LeaseLost.
    """
    epoch = job.registry.start_epoch()
    if epoch.state != "doubted":
        return 0
    withdrawn = 0
    directories = sorted(set(job.registry.directories()))
    with ThreadPoolExecutor(job.mount.threads, thread_name_prefix="s3rewrite-reconcile") as pool:
        for batch in batches(directories, BATCH):
            job.progress.moved()
            found = job.registry.entries(batch)
            arguments = ([job] * len(batch), [epoch.safe_until - SLACK] * len(batch), batch, found)
            names = [name for doubted in pool.map(_doubted, *arguments) for name in doubted]
            job.registry.withdraw(names, is_found=True)
            withdrawn += len(names)
    if job.registry.trust(job.lease, epoch.run_id) is Outcome.FENCED:
        raise LeaseLost
    return withdrawn


def _doubted(
    job: SyncContext, before: float, directory: str, entries: dict[str, Entry]
) -> list[str]:
    """The names of one directory whose entries may not be true."""
    if not entries:
        return []
    written = job.bucket.list_times(folder_of(job.bucket, directory))
    names = {join(directory, basename): entry for basename, entry in entries.items()}
    return [
        name
        for name, entry in names.items()
        if written.get(job.mount.paths.key(name, entry.fingerprint), before) >= before
        or not _is_on_disk(job, name, entry)
    ]


def _is_on_disk(job: SyncContext, name: str, entry: Entry) -> bool:
    """Whether the file is the one that was published; one that cannot be looked at is not."""
    try:
        return signature_of(job.storage, name) == entry.signature
    except OSError:
        return False

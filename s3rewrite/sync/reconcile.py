"""Which entries are still true after Redis failed over or restarted.

Redis may have lost its last writes, so that withdrawn names are published again; pages link
locally meanwhile. An entry is kept if its file is as it says, and its object is older than
anything that may have been lost. The other entries are withdrawn; the pass that follows adopts
their objects as if it had never known them.
"""

from concurrent.futures import ThreadPoolExecutor

from s3rewrite.core.batches import batches
from s3rewrite.core.entries import Entry, join
from s3rewrite.disk.signatures import signature_of
from s3rewrite.registry import Outcome
from s3rewrite.registry.lease import LATE_WRITE_SECONDS
from s3rewrite.s3.lookup import folder_of
from s3rewrite.sync.context import LeaseLost, SyncContext

SLACK = 1800.0
"""Seconds by which the clocks of Redis and S3 may differ; S3 itself takes 15 minutes.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)"""

BATCH = 32
"""Directories that are read from the registry in one round trip."""


def reconcile(context: SyncContext) -> int:
    """Withdraw the entries in doubt, then begin an epoch. Returns how many were withdrawn.

    Does nothing if the epoch is not in doubt. Raises OSError, S3Error, redis.RedisError, LeaseLost.
    """
    registry = context.registry
    epoch = registry.start_epoch()
    if epoch.state != "doubted":
        return 0
    registry.expect_late_writes(LATE_WRITE_SECONDS)
    safe_until = epoch.safe_until - SLACK
    withdrawn = 0
    directories = sorted(set(registry.directories()))
    with ThreadPoolExecutor(
        context.mount.threads, thread_name_prefix="s3rewrite-reconcile"
    ) as pool:
        for batch in batches(directories, BATCH):
            context.progress.moved()
            found = zip(batch, registry.entries(batch), strict=True)
            doubted = pool.map(lambda pair: _doubted(context, safe_until, *pair), found)
            names = [name for names in doubted for name in names]
            registry.withdraw(names, is_found=True)
            withdrawn += len(names)
    if registry.trust(context.lease, epoch.run_id) is Outcome.FENCED:
        raise LeaseLost
    return withdrawn


def _doubted(
    context: SyncContext, safe_until: float, directory: str, entries: dict[str, Entry]
) -> list[str]:
    """The names of one directory whose entries may not be true."""
    if not entries:
        return []
    written = context.bucket.list_times(folder_of(context.bucket, directory))
    names = {join(directory, basename): entry for basename, entry in entries.items()}
    paths = context.mount.paths
    return [
        name
        for name, entry in names.items()
        if written.get(paths.key(name, entry.fingerprint), safe_until) >= safe_until
        or not _is_on_disk(context, name, entry)
    ]


def _is_on_disk(context: SyncContext, name: str, entry: Entry) -> bool:
    """Whether the file is the one that was published; one that cannot be looked at is not."""
    try:
        return signature_of(context.storage, name) == entry.signature
    except OSError:
        return False

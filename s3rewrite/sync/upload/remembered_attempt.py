"""One try at publishing a file that this process saw published, and that is unchanged since.

Redis has lost its entry: `cache.clear()`, or a flush. What the bucket holds is compared with what
this process remembers; the file's bytes are not read.
"""

from contextlib import ExitStack

from s3rewrite.core.entries import Entry
from s3rewrite.s3.errors import S3Unavailable
from s3rewrite.s3.objects import Digests, Object, Upload
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import PENDING, Attempt, UploadResult
from s3rewrite.sync.upload.references import refers


class RememberedAttempt(Attempt):
    """The steps of an Attempt without reading and sending. Where they fail, an Attempt follows."""

    def read(self, stack: ExitStack) -> None:
        """Steps 1 and 2."""
        self.open(stack)
        entry = remembered_entry(self.context, self.task)
        if entry is None or entry.signature != self.file.signature:
            self._forget()
            return
        self.entry = entry
        key = self.context.mount.paths.key(self.task.name, entry.fingerprint)
        self.upload = Upload(key, b"", Digests("", ""), {})

    def look_up(self, unavailable: S3Unavailable | None) -> None:
        """Do nothing: step 4 looks, and sends nothing."""

    def write(self) -> None:
        """Step 4."""
        existing = self.lookup(self.upload.key)
        if existing and self._is_same(existing):
            self.outcome = UploadResult(Result.ADOPTED)
        else:
            self._forget()

    def remember(self) -> None:
        """It is remembered already."""

    def _is_same(self, existing: Object) -> bool:
        """Whether the object is still the published one. A listing says enough of a sent one."""
        sent = self.context.memory.published.sent.get(self.task.name)
        if sent == (self.entry.fingerprint, existing.size, existing.etag):
            return True
        is_head = existing.encoding is not None
        head = existing if is_head else self.context.bucket.head(self.upload.key)
        return bool(head and head.fingerprint == self.entry.fingerprint)

    def _forget(self) -> None:
        self.context.memory.published.forget(self.task.name)
        self.finish(PENDING)


def remembered_entry(context: SyncContext, task: Task) -> Entry | None:
    """The entry that this process remembers of a file, where it may take the place of a look.

    Not where other files decide what is sent, nor where size and time are all that is known.
    """
    if task.entry or context.options.force or refers(task.name):
        return None
    entry = context.memory.published.find(task.name)
    is_same = entry is not None and entry.signature == task.signature
    return entry if is_same and task.signature.change else None

"""A freed file on its way into the registry: its bytes are on S3 alone, and need only be found.

Where its stub was renamed, or the mount has another BUCKET, PREFIX or KEYS by now, S3 copies the
object to its new place, and the stub says so.
"""

from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

from s3rewrite.core.entries import Entry
from s3rewrite.disk.exchange import replace_expected
from s3rewrite.disk.own_names import PART, own_name
from s3rewrite.disk.stubs import Stub, stub_at, write_stub
from s3rewrite.freed import stub_of
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.objects import Digests, Object, Upload
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import Attempt, ObjectLookup, Uploaded
from s3rewrite.sync.upload.references import KeptLocal

LOST = (
    "bucket {bucket}: the only copy of a freed file is {lost} ({key}): restore that object, by its "
    "versions or a backup"
)


class FreedAttempt(Attempt):
    """The steps of an Attempt, for a stub in the place of a file. Nothing is ever sent."""

    stub: Stub

    def read(self, stack: ExitStack) -> None:
        """Steps 1 and 2."""
        mount, name = self.job.mount, self.task.name
        stub = stub_of(self.job.storage, name)
        if stub is None:
            self.finish(Uploaded(Result.PENDING))
            return
        self.stub = stub
        self.entry = Entry(stub.signature, stub.fingerprint, freed=True)
        key = mount.paths.key(name, stub.fingerprint)
        self.upload = Upload(key, b"", Digests(stub.sha256, ""), {})

    def write(self) -> None:
        """Step 4."""
        bucket, key = self.job.mount.bucket, self.upload.key
        found = self.job.bucket.head(key)
        if found and holds(found, self.stub):
            self.end = Uploaded(Result.ADOPTED)
        elif (self.stub.bucket, self.stub.key) == (bucket, key):
            lost = "not there" if found is None else "another one"
            raise S3Error(LOST.format(bucket=bucket, lost=lost, key=key))
        elif found and self.task.is_careful:
            self.finish(Uploaded(Result.PENDING, would_replace=True))
            return
        else:
            found = self._copied()
            self.end = Uploaded(Result.ADOPTED)
        self._renew(self.stub._replace(bucket=bucket, key=key, etag=found.etag))

    def verify_unchanged(self) -> None:
        """Step 5."""
        if stub_of(self.job.storage, self.task.name) != self.stub:
            self.finish(Uploaded(Result.PENDING))

    def _copied(self) -> Object:
        """The object at its new place, with the same bytes for sure. Raises KeptLocal."""
        key, source = self.upload.key, {"Bucket": self.stub.bucket, "Key": self.stub.key}
        # A copy that is tried again may come late: other bytes of that name wait for it.
        self.is_settled = False
        try:
            self.job.bucket.call("copy_object", Key=key, CopySource=source)
            found = self.job.bucket.head(key)
            if found and (holds(found, self.stub) or self._reads(key)):
                return found
            reason = "the copy has other bytes"
        except S3Error as error:
            if isinstance(error, S3Unavailable) and not error.code:
                raise
            # What S3 says may concern the place of that copy alone: another bucket, perhaps.
            reason = str(error)
        raise KeptLocal(
            f"freed as {self.stub.key} in bucket {self.stub.bucket}, and S3 could not copy it to "
            f"{key} ({reason}): `s3rewrite_restore --freed` brings it back"
        )

    def _reads(self, key: str) -> bool:
        digest = sha256()
        for chunk in self.job.bucket.get(key):
            digest.update(chunk)
        return digest.hexdigest() == self.stub.sha256

    def _renew(self, stub: Stub) -> None:
        """Have the stub say where its bytes are now."""
        if stub == self.stub:
            return
        path = Path(self.job.storage.path(self.task.name))
        new = path.with_name(own_name(PART))
        try:
            write_stub(new, stub, path.lstat())
            if replace_expected(new, path, lambda at: stub_at(str(at)) == self.stub):
                self.stub = stub
            else:
                self.finish(Uploaded(Result.PENDING))
        except ValueError as error:  # as of an ETag that no stub can say
            raise KeptLocal(
                f"freed elsewhere, and its stub could not be renewed: {error}"
            ) from None
        finally:
            new.unlink(missing_ok=True)


def attempt_of(job: SyncContext, task: Task, known: ObjectLookup) -> Attempt:
    """The attempt for a name, by what lies in its place."""
    kind = FreedAttempt if stub_of(job.storage, task.name) else Attempt
    return kind(job, task, known)


def holds(found: Object, stub: Stub) -> bool:
    """Whether an object has a stub's bytes, as far as it says itself.

    A bucket that was copied has other ETags, and the metadata that we wrote.
    """
    is_same = stub.etag == found.etag or stub.sha256 == found.sha256
    return found.size == stub.signature.size and is_same

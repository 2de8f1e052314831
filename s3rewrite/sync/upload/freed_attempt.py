"""One try at publishing a freed file: its bytes are on S3 alone, so its object must be found.

If the stub was renamed, or the mount has another BUCKET, PREFIX or KEYS by now, S3 copies the
object to its new key, and a new stub names that.
"""

from contextlib import ExitStack
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
from s3rewrite.sync.upload.attempt import PENDING, Attempt, ObjectLookup, UploadResult
from s3rewrite.sync.upload.content import object_has_sha256
from s3rewrite.sync.upload.references import KeptLocal
from s3rewrite.sync.upload.remembered_attempt import RememberedAttempt, remembered_entry

LOST = (
    "bucket {bucket}: the only copy of a freed file is {problem} ({key}): restore that object, by "
    "its versions or a backup"
)


class FreedAttempt(Attempt):
    """The steps of an Attempt for a stub in the place of a file. Nothing is ever sent."""

    stub: Stub

    def read(self, stack: ExitStack) -> None:
        """Steps 1 and 2."""
        mount, name = self.context.mount, self.task.name
        stub = stub_of(self.context.storage, name)
        if stub is None:  # a file was put in its place
            self.finish(PENDING)
            return
        self.stub = stub
        self.entry = Entry(stub.signature, stub.fingerprint, freed=True)
        key = mount.paths.key(name, stub.fingerprint)
        self.upload = Upload(key, b"", Digests(stub.sha256, ""), {})

    def write(self) -> None:
        """Step 4."""
        bucket, key = self.context.mount.bucket, self.upload.key
        existing = self.context.bucket.head(key)
        if not (existing and matches_stub(existing, self.stub)):
            if (self.stub.bucket, self.stub.key) == (bucket, key):
                problem = "another one" if existing else "not there"
                raise S3Error(LOST.format(bucket=bucket, problem=problem, key=key))
            # Other bytes under the new key may be the only copy of another freed file.
            if existing and self.task.is_careful:
                self.finish(PENDING._replace(would_replace=True))
                return
            existing = self._copy_object()
        self.outcome = UploadResult(Result.ADOPTED)
        self._renew_stub(self.stub.with_etag(existing.etag)._replace(bucket=bucket, key=key))

    def remember(self) -> None:
        """Do nothing: a stub says where its bytes are."""

    def verify_unchanged(self) -> None:
        """Step 5."""
        if stub_of(self.context.storage, self.task.name) != self.stub:
            self.finish(PENDING)

    def _copy_object(self) -> Object:
        """Copy the object to its new key, and prove that the copy has the same bytes.

        Raises KeptLocal; S3Unavailable where S3 gave no answer.
        """
        key, source = self.upload.key, {"Bucket": self.stub.bucket, "Key": self.stub.key}
        # A request that was tried again may arrive late: other bytes of the name have to wait.
        self.is_settled = False
        bucket = self.context.bucket
        try:
            bucket.call("copy_object", Key=key, CopySource=source)
            copy = bucket.head(key)
            if copy and (
                matches_stub(copy, self.stub) or object_has_sha256(bucket, key, self.stub.sha256)
            ):
                return copy
            reason = "the copy has other bytes"
        except S3Error as error:
            if isinstance(error, S3Unavailable) and not error.code:
                raise
            # A refusal may concern the source of this copy alone, such as another bucket.
            reason = str(error)
        raise KeptLocal(
            f"freed as {self.stub.key} in bucket {self.stub.bucket}, and S3 could not copy it to "
            f"{key} ({reason}): `s3rewrite_restore --freed` brings it back"
        )

    def _renew_stub(self, stub: Stub) -> None:
        """Replace the stub by one that says where the bytes are now. Raises KeptLocal, OSError."""
        if stub == self.stub:
            return
        path = Path(self.context.storage.path(self.task.name))
        new = path.with_name(own_name(PART))
        try:
            write_stub(new, stub, path.lstat())
            if replace_expected(new, path, lambda old: stub_at(str(old)) == self.stub):
                self.stub = stub
            else:
                self.finish(PENDING)
        except ValueError as error:  # such as an ETag that a stub cannot hold
            raise KeptLocal(
                f"freed elsewhere, and its stub could not be renewed: {error}"
            ) from None
        finally:
            new.unlink(missing_ok=True)


def attempt_of(
    context: SyncContext, task: Task, lookup: ObjectLookup, refusals: int = 0
) -> Attempt:
    """The attempt for a name, by what lies in its place on the disk."""
    if stub_of(context.storage, task.name):
        return FreedAttempt(context, task, lookup)
    is_remembered = remembered_entry(context, task) is not None
    if is_remembered:
        return RememberedAttempt(context, task, lookup)
    return Attempt(context, task, lookup, refusals=refusals)


def matches_stub(existing: Object, stub: Stub) -> bool:
    """Whether an object has a stub's bytes, by what a listing or HEAD says of it.

    A copy of a bucket has other ETags, but the metadata that this package wrote.
    """
    is_same = stub.etag == existing.etag or stub.sha256 == existing.sha256
    return existing.size == stub.signature.size and is_same

"""A freed file on its way into the registry: its bytes are on S3 alone, and need only be found."""

from contextlib import ExitStack

from s3rewrite.entries import Entry
from s3rewrite.freed import stub_of
from s3rewrite.stubs import Stub
from s3rewrite.sync.attempt import Attempt, Known, Uploaded
from s3rewrite.sync.errors import S3Error
from s3rewrite.sync.job import Job
from s3rewrite.sync.objects import Digests, Object, Upload
from s3rewrite.sync.plan import Task
from s3rewrite.sync.relink import KeptLocal
from s3rewrite.sync.report import Result


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
        key = mount.paths.key(name, stub.fingerprint)
        if (stub.bucket, stub.key) != (mount.bucket, key):
            where = f"as {stub.key} in bucket {stub.bucket}"
            raise KeptLocal(f"freed elsewhere, {where}: `s3rewrite_restore --freed` brings it back")
        self.stub = stub
        self.entry = Entry(stub.signature, stub.fingerprint)
        self.upload = Upload(key, b"", Digests(stub.sha256, ""), {})

    def write(self) -> None:
        """Step 4."""
        found = self.job.bucket.head(self.stub.key)
        if found is None or not _holds(found, self.stub):
            lost = "not there" if found is None else "another one"
            raise S3Error(
                f"bucket {self.job.bucket.name}: the only copy of a freed file is {lost} "
                f"({self.stub.key}): restore that object, by its versions or a backup"
            )
        self.end = Uploaded(Result.ADOPTED)

    def look_again(self) -> None:
        """Step 5."""
        if stub_of(self.job.storage, self.task.name) != self.stub:
            self.finish(Uploaded(Result.PENDING))


def attempt_of(job: Job, task: Task, known: Known) -> Attempt:
    """The attempt for a name, by what lies in its place."""
    kind = FreedAttempt if stub_of(job.storage, task.name) else Attempt
    return kind(job, task, known)


def _holds(found: Object, stub: Stub) -> bool:
    # A bucket that was copied has other ETags, and the metadata that we wrote.
    is_same = stub.etag == found.etag or stub.sha256 == found.sha256
    return found.size == stub.signature.size and is_same

"""Writing an object: with obstore where it is installed and can do it, otherwise with boto3."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from s3rewrite.core.mounts import Mount
from s3rewrite.s3.bandwidth import Bandwidth
from s3rewrite.s3.boto3_writer import Boto, Boto3Writer, require_lease
from s3rewrite.s3.errors import (
    ConditionFailed,
    ConditionUnknown,
    NeedsBoto3,
    S3Error,
    S3Unavailable,
)
from s3rewrite.s3.objects import NO_OBJECT, Source, Upload
from s3rewrite.s3.obstore.support import put_arguments
from s3rewrite.s3.throttle import Throttle
from s3rewrite.s3.unconfirmed_writes import UnconfirmedWrites

if TYPE_CHECKING:
    from s3rewrite.s3.obstore.writer import ObstoreWriter


UNKNOWN_CONDITION = frozenset(
    "400 405 501 InvalidArgument InvalidRequest MethodNotAllowed NotImplemented".split()
)
"""Codes with which a service may refuse a condition that it does not know."""

UNREADABLE_CONDITION = UNKNOWN_CONDITION | {"403", "AccessDenied"}
"""So for a condition with an ETag: the credentials need s3:GetObject for that.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""


def is_unknown_condition(condition: str, code: str) -> bool:
    """Whether a write may have been refused for its condition, which the service does not know."""
    codes = UNKNOWN_CONDITION if condition == NO_OBJECT else UNREADABLE_CONDITION
    return bool(condition) and code in codes


def has_obstore() -> bool:
    """Whether the extra `fast` is installed."""
    return find_spec("obstore") is not None


class ObjectWriter:
    """Writes objects. Safe to share between threads, not across a fork."""

    def __init__(self, mount: Mount, boto: Boto, may_send: Callable[[], bool]) -> None:
        self.sends_conditions = True
        self.makes_copies = True
        self.throttle = Throttle(mount.threads, mount.rate)
        self._bandwidth = Bandwidth(mount.bandwidth, self._check)
        self._may_send = may_send
        self._proceed: Callable[[], bool] = lambda: True
        self._unconfirmed = UnconfirmedWrites()
        self._unconfirmed.watch(boto.client)
        self._boto3 = Boto3Writer(boto.client, mount.bucket, self.throttle, self._bandwidth)
        self._obstore = self._obstore_writer(mount, boto) if has_obstore() else None

    def put(self, upload: Upload, proceed: Callable[[], bool]) -> bool:
        """Write an object as soon as the throttle lets it; see `Bucket.put`."""
        self._proceed = proceed  # all uploads of a pass have the same stop flag
        with self.throttle.slot(proceed):
            try:
                self._put(upload, proceed)
            except S3Error as error:
                error.is_settled = not self._unconfirmed.pop(upload.key)
                if is_unknown_condition(upload.condition, error.code):
                    code, is_settled = error.code, error.is_settled
                    raise ConditionUnknown(str(error), code=code, is_settled=is_settled) from error
                raise
            return not self._unconfirmed.pop(upload.key)

    def copy(self, upload: Upload, source: Source, proceed: Callable[[], bool]) -> tuple[str, bool]:
        """Have S3 copy an object instead; see `Bucket.copy`."""
        with self.throttle.slot(proceed):
            etag = self._boto3.copy(upload, source, proceed)
        # After an error the write stays unconfirmed: `put` says so.
        return etag, not self._unconfirmed.pop(upload.key)

    def choose(self, upload: Upload) -> str:
        """The name of the library that would write this object."""
        is_obstore_s = self._obstore and put_arguments(upload, self._bandwidth.step)
        return "obstore" if is_obstore_s else "boto3"

    def _check(self) -> None:
        if not self._proceed():
            raise S3Unavailable("the upload was stopped")
        require_lease(self._may_send)

    def _put(self, upload: Upload, proceed: Callable[[], bool]) -> None:
        obstore = self._obstore  # another thread may set it to None
        arguments = put_arguments(upload, self._bandwidth.step) if obstore else None
        is_unable = False
        if obstore and arguments:
            try:
                obstore.put(upload, arguments)
                return
            except NeedsBoto3 as error:
                is_unable = error.is_permanent
                if upload.condition and error.etag:
                    upload = upload._replace(condition=error.etag)
        try:
            self._boto3.put(upload, proceed)
        except ConditionFailed:  # the ETag that obstore saw is not the object's
            self._obstore = None if is_unable else obstore
            raise
        if is_unable:  # boto3 could do it, so the network was not the reason
            self._obstore = None

    def _obstore_writer(self, mount: Mount, boto: Boto) -> "ObstoreWriter | None":
        from s3rewrite.s3.obstore.store import new_store  # noqa: PLC0415
        from s3rewrite.s3.obstore.writer import ObstoreWriter  # noqa: PLC0415 - an extra

        store = new_store(mount, boto)
        if store is None:
            return None
        shared = self._bandwidth, self.throttle, self._unconfirmed
        return ObstoreWriter(store, mount.bucket, *shared)

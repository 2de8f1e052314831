"""Which way an object is written: with obstore, where that is installed and can do it, or boto3."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from s3rewrite.core.mounts import Mount
from s3rewrite.s3.boto3_writer import Boto, Boto3Writer
from s3rewrite.s3.errors import LeftToBoto3, S3Error
from s3rewrite.s3.objects import Upload
from s3rewrite.s3.obstore.support import PutArguments, put_arguments
from s3rewrite.s3.throttle import Throttle

if TYPE_CHECKING:
    from s3rewrite.s3.obstore.writer import ObstoreWriter


def has_obstore() -> bool:
    """Whether the extra `fast` is installed."""
    return find_spec("obstore") is not None


class ObjectWriter:
    """Writes objects. Safe to share between threads, not across a fork."""

    def __init__(self, mount: Mount, boto: Boto, may_send: Callable[[], bool]) -> None:
        self.turns = Throttle(mount.threads, mount.rate)
        self._boto3 = Boto3Writer(boto.client, mount.bucket, self.turns.slowed)
        self._obstore = self._obstore_writer(mount, boto, may_send) if has_obstore() else None

    def put(self, upload: Upload, proceed: Callable[[], bool]) -> bool:
        """Write an object, when it is its turn, as `Bucket.put` says."""
        with self.turns.turn(proceed):
            return self._put(upload, proceed)

    def of(self, upload: Upload) -> str:
        """The name of what would write that object."""
        return "obstore" if self._obstore and put_arguments(upload) else "boto3"

    def _put(self, upload: Upload, proceed: Callable[[], bool]) -> bool:
        expression = put_arguments(upload) if self._obstore else None
        if self._obstore and expression:
            return self._put_fast(self._obstore, upload, expression, proceed)
        return self._boto3.put(upload, proceed)

    def _put_fast(
        self,
        lane: "ObstoreWriter",
        upload: Upload,
        expression: PutArguments,
        proceed: Callable[[], bool],
    ) -> bool:
        try:
            return lane.put(upload, expression)
        except LeftToBoto3 as error:
            left = error
        try:
            is_settled = self._boto3.put(upload, proceed) and left.is_settled
        except S3Error as error:
            error.is_settled = error.is_settled and left.is_settled
            raise
        if left.for_good:  # it was not the network, as boto3 could do it
            self._obstore = None
        return is_settled

    def _obstore_writer(
        self, mount: Mount, boto: Boto, may_send: Callable[[], bool]
    ) -> "ObstoreWriter | None":
        from s3rewrite.s3.obstore.store import store_of  # noqa: PLC0415
        from s3rewrite.s3.obstore.writer import ObstoreWriter  # noqa: PLC0415 - may not be there

        store = store_of(mount, boto)
        return ObstoreWriter(store, mount.bucket, may_send, self.turns.slowed) if store else None

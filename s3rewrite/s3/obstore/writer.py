"""Writing small objects with obstore: a tenth of boto3's work a file.

boto3 writes what obstore cannot write in the same way, and is asked again where it may understand
an answer that obstore does not.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from s3rewrite.s3.bandwidth import Bandwidth
from s3rewrite.s3.errors import NeedsBoto3, S3Error, refused
from s3rewrite.s3.objects import NO_OBJECT, Upload, etag_of
from s3rewrite.s3.obstore.errors import PutResult, parse_error
from s3rewrite.s3.obstore.support import PutArguments
from s3rewrite.s3.retries import ATTEMPTS, pause
from s3rewrite.s3.throttle import Throttle
from s3rewrite.s3.unconfirmed_writes import UnconfirmedWrites

if TYPE_CHECKING:
    from obstore import PutMode

OK = 200


@dataclass(frozen=True, slots=True, repr=False)
class ObstoreWriter:
    """Writes objects with obstore. Safe to share between threads, not across a fork."""

    store: S3Store
    bucket: str
    bandwidth: Bandwidth
    throttle: Throttle
    unconfirmed: UnconfirmedWrites

    def put(self, upload: Upload, arguments: PutArguments) -> None:
        """Write an object; see `Bucket.put`. Raises S3Error, NeedsBoto3."""
        for number in range(1, ATTEMPTS + 1):
            result = self._attempt(upload, arguments)
            if not result.is_final:
                self.unconfirmed.add(upload.key)
            if result.needs_boto3 or result.is_unsent:
                # A host that refuses a connection may accept one later; an answer that obstore
                # does not understand stays as it is.
                etag = result.etag if result.status == OK else None
                raise NeedsBoto3(is_permanent=result.needs_boto3, etag=etag)
            if result.status == OK:
                return
            if number == ATTEMPTS or not result.is_transient:
                raise self._error(result)
            time.sleep(pause(number, is_slow_down=result.is_slow_down))
            self.throttle.wait_again()

    def _attempt(self, upload: Upload, arguments: PutArguments) -> PutResult:
        self.bandwidth.wait(len(upload.content))  # type: ignore[arg-type]  # never a file
        try:
            answer = obstore.put(
                self.store,
                upload.key,
                upload.content,
                attributes=arguments.attributes,
                tags=arguments.tags,
                use_multipart=False,
                mode=_mode(upload.condition),
            )
        except (BaseError, FileNotFoundError) as error:
            result = parse_error(str(error))
            if result.is_slow_down:
                self.throttle.slow_down()
            return result
        # Another ETag is that of other bytes, or of an encrypted object: obstore cannot tell which.
        etag = etag_of({"ETag": answer["e_tag"]})
        return PutResult(OK, needs_boto3=etag != upload.digests.md5, etag=etag)

    def _error(self, result: PutResult) -> S3Error:
        if not result.status:
            return S3Error(f"bucket {self.bucket}: {result.message}")
        has_checksums = "checksum_algorithm" in self.store.config
        code, message = result.code, result.message
        return refused(self.bucket, code, message, "PutObject", has_checksums=has_checksums)


def _mode(condition: str) -> "PutMode":
    if condition in ("", NO_OBJECT):
        return "create" if condition else "overwrite"
    return {"e_tag": f'"{condition}"'}

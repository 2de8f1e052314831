"""Writing small objects with obstore, where it is installed: a tenth of boto3's work a file.

What it cannot do exactly as boto3 would is left to boto3, and so is any answer that boto3 may
make more of.
"""

import random
import time
from collections.abc import Callable

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from s3rewrite.s3.boto3_writer import ATTEMPTS, require
from s3rewrite.s3.errors import LeftToBoto3, S3Error, refused
from s3rewrite.s3.objects import Upload, etag_of
from s3rewrite.s3.obstore.errors import Answer, answer_of
from s3rewrite.s3.obstore.support import PutArguments

OK = 200
PAUSE = 0.05  # seconds
SLOWED_PAUSE = 1.0  # seconds


class ObstoreWriter:
    """Writes objects with obstore. Safe to share between threads, not across a fork."""

    def __init__(
        self,
        store: S3Store,
        bucket: str,
        may_send: Callable[[], bool],
        slowed: Callable[[], None],
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._may_send = may_send
        self._slowed = slowed

    def put(self, upload: Upload, expression: PutArguments) -> bool:
        """Write an object, as `Bucket.put` says. Raises S3Error, LeftToBoto3."""
        ends: list[bool] = []
        try:
            self._put(upload, expression, ends)
        except (S3Error, LeftToBoto3) as error:
            error.is_settled = all(ends)
            raise
        return all(ends)

    def _put(self, upload: Upload, expression: PutArguments, ends: list[bool]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._attempt(upload, expression)
            ends.append(answer.is_end)
            if answer.is_strange or answer.is_unsent:
                # Where nobody listens now, somebody may later; the rest would stay as it is.
                raise LeftToBoto3(for_good=answer.is_strange)
            if answer.status == OK:
                return
            if attempt == ATTEMPTS or not answer.is_transient:
                raise self._error(answer)
            time.sleep(pause(answer, attempt))

    def _attempt(self, upload: Upload, expression: PutArguments) -> Answer:
        require(self._may_send)
        try:
            found = obstore.put(
                self._store,
                upload.key,
                upload.content,
                attributes=expression.attributes,
                tags=expression.tags,
                use_multipart=False,
            )
        except (BaseError, FileNotFoundError) as error:
            answer = answer_of(str(error))
            if answer.is_slowed:
                self._slowed()
            return answer
        # It may have been encrypted, which obstore does not tell; or it is not what was sent.
        etag = etag_of({"ETag": found["e_tag"]})
        return Answer(OK, is_strange=etag != upload.digests.md5)

    def _error(self, answer: Answer) -> S3Error:
        if answer.status:
            code, message = answer.code, answer.message
            has_checksums = "checksum_algorithm" in self._store.config
            return refused(self._bucket, code, message, "PutObject", has_checksums=has_checksums)
        return S3Error(f"bucket {self._bucket}: {answer.message}")


def pause(answer: Answer, attempt: int) -> float:
    """Seconds before the next attempt, as in boto3's standard mode."""
    scale = SLOWED_PAUSE if answer.is_slowed else PAUSE
    return random.random() * scale * 2.0 ** (attempt - 1)  # noqa: S311

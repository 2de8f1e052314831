"""Writing objects with boto3: any file, with any parameters."""

import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from hashlib import md5, sha256
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import boto3
import botocore.session
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from botocore.loaders import Loader, create_loader

from s3rewrite.core.mounts import Mount
from s3rewrite.core.redaction import RedactedDict, redact
from s3rewrite.s3.answer_checks import check_answers, parse_time
from s3rewrite.s3.bandwidth import Bandwidth
from s3rewrite.s3.errors import (
    NOT_S3,
    UNREADABLE,
    NotS3Error,
    S3Error,
    S3Unavailable,
    translated,
)
from s3rewrite.s3.objects import SMALL, Source, Upload, etag_of, has_md5, object_of
from s3rewrite.s3.retries import ATTEMPTS, asks_for_fewer, is_transient, pause
from s3rewrite.s3.throttle import Throttle

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

LARGE_AT_A_TIME = 2
"""Large files that are sent at a time,"""

LARGEST_COPY = 5 * 1000**3
"""Bytes of an object that S3 copies in one request; it copies a larger one in parts.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""

COPIED_PART = 512 * 1024**2
"""Bytes."""

PARTS_AT_A_TIME = 8
"""and parts of each: each part is in memory and has a connection of its own."""

CHECKSUMS = "when_supported"

HEAD_PARAMETERS = frozenset(
    "ExpectedBucketOwner RequestPayer SSECustomerAlgorithm SSECustomerKey SSECustomerKeyMD5".split()
)
"""Arguments of an upload that a HEAD of its object needs, too."""


class Boto3Writer:
    """Writes objects with a client of boto3. Safe to share between threads."""

    def __init__(
        self, client: "S3Client", bucket: str, throttle: Throttle, bandwidth: Bandwidth
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._throttle = throttle
        config: Any = client.meta.config
        self._has_checksums = config.request_checksum_calculation == CHECKSUMS
        self._attempts = (config.retries or {}).get("total_max_attempts", ATTEMPTS)
        self._bandwidth = bandwidth
        self._large = threading.BoundedSemaphore(min(LARGE_AT_A_TIME, bandwidth.bodies))
        self._bodies = threading.BoundedSemaphore(bandwidth.bodies)
        events: Any = client.meta.events  # its stubs know no handler that answers
        events.register("needs-retry.s3", self._see_answer)
        if bandwidth.is_limited:
            events.register("before-send.s3.PutObject", bandwidth.pace)
            events.register("before-send.s3.UploadPart", bandwidth.pace)

    def put(self, upload: Upload, proceed: Callable[[], bool]) -> None:
        """Write an object; see `Bucket.put`. Raises S3Error."""
        with translating(self._bucket, has_checksums=self._has_checksums):
            self._put(upload, proceed)

    def copy(self, upload: Upload, source: Source, proceed: Callable[[], bool]) -> str:
        """Have S3 copy an object instead; see `Bucket.copy`. Returns its ETag. Raises S3Error."""
        with translating(self._bucket):
            if source.size > LARGEST_COPY:
                return self._copy_parts(upload, source, proceed)
            own = {**source.arguments, **source.directives}
            arguments = {**own, **upload.arguments, **upload.conditions}
            answer = self._client.copy_object(Bucket=self._bucket, Key=upload.key, **arguments)
            return etag_of(answer["CopyObjectResult"])

    def _copy_parts(self, upload: Upload, source: Source, proceed: Callable[[], bool]) -> str:
        where: Any = {"Bucket": self._bucket, "Key": upload.key}
        created = self._client.create_multipart_upload(**where, **upload.arguments)
        where["UploadId"] = created["UploadId"]
        parts: list[Any] = []
        try:
            for start in range(0, source.size, COPIED_PART):
                if not proceed():
                    raise S3Unavailable("the upload was stopped")
                end = min(start + COPIED_PART, source.size) - 1
                part: Any = {"PartNumber": len(parts) + 1}
                span = f"bytes={start}-{end}"
                answer = self._client.upload_part_copy(
                    **where, **part, **source.arguments, CopySourceRange=span
                )
                parts.append(part | {"ETag": answer["CopyPartResult"]["ETag"]})
            return etag_of(
                self._client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
            )
        except Exception:
            self._client.abort_multipart_upload(**where)
            raise

    def _see_answer(
        self,
        response: tuple[Any, Mapping[str, Any]] | None,
        caught_exception: Exception | None,
        attempts: int,
        **_: object,
    ) -> float | None:
        """Seconds until the next attempt; None where botocore decides whether there is one."""
        status, code = 0, ""
        if response:
            status, code = response[0].status_code, response[1].get("Error", {}).get("Code", "")
        is_slow_down = is_timeout(caught_exception) or asks_for_fewer(status, code)
        if is_slow_down:
            self._throttle.slow_down()
        if attempts >= self._attempts or not is_transient(status, code):
            return None
        self._throttle.wait_again()
        return pause(attempts, is_slow_down=is_slow_down) if response else None

    def _put(self, upload: Upload, proceed: Callable[[], bool]) -> None:
        if not isinstance(upload.content, bytes):
            self._put_large(upload, upload.content, proceed)
            # The ETag of parts is not the MD5 of the file.
            self._confirm(upload, upload.content.tell())
            return
        arguments = {**upload.arguments, **upload.conditions}
        is_one_piece = len(upload.content) <= self._bandwidth.step
        with nullcontext() if is_one_piece else self._bodies:
            answer = self._client.put_object(
                Bucket=self._bucket, Key=upload.key, Body=upload.content, **arguments
            )
        self._refuse_other_bytes(upload, answer)
        if etag_of(answer) != upload.digests.md5:
            self._confirm(upload, len(upload.content))

    def _put_large(self, upload: Upload, file: IO[bytes], proceed: Callable[[], bool]) -> None:
        def check(_: int) -> None:
            if not proceed():
                raise S3Unavailable("the upload was stopped")

        with self._large:
            check(0)
            self._client.upload_fileobj(
                cast("IO[bytes]", _KeptOpen(file)),
                self._bucket,
                upload.key,
                ExtraArgs=upload.arguments,
                Callback=check,
                Config=TransferConfig(
                    multipart_threshold=SMALL,
                    multipart_chunksize=SMALL,
                    max_concurrency=min(PARTS_AT_A_TIME, self._bandwidth.bodies),
                ),
            )

    def _confirm(self, upload: Upload, size: int) -> None:
        """Ask for an object whose ETag does not prove that it has the bytes sent.

        Raises S3Error where the answer does not prove it either.
        """
        names = HEAD_PARAMETERS & upload.parameters.keys()
        arguments = {name: upload.parameters[name] for name in names}
        answer: Mapping[str, Any] = {}
        try:
            answer = self._client.head_object(Bucket=self._bucket, Key=upload.key, **arguments)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 403:
                raise S3Error(
                    f"bucket {self._bucket}: nothing shows that it stored what it was sent: allow "
                    "these credentials s3:GetObject (403, HeadObject)"
                ) from error
            if status != 404:
                raise
        self._refuse_other_bytes(upload, answer)
        if not upload.is_confirmed_by(object_of(answer), size):
            raise NotS3Error(
                f"bucket {self._bucket}: what answered is not S3, or did not store what it was "
                f"sent: {NOT_S3}"
            )

    def _refuse_other_bytes(self, upload: Upload, answer: Mapping[str, Any]) -> None:
        etag = etag_of(answer)
        is_md5 = has_md5({**upload.parameters, **answer})
        if is_md5 and upload.contradicts(etag) and not self._holds(upload):
            raise S3Error(
                f"bucket {self._bucket}: it stored other bytes than it was sent (ETag {etag})"
            )

    def _holds(self, upload: Upload) -> bool:
        """Whether an object has the bytes sent: some services have ETags that look like an MD5."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=upload.key)
        except ClientError:
            return False
        # Only what was sent from memory has an MD5 to compare an ETag with.
        return sha256(answer["Body"].read()).hexdigest() == upload.digests.sha256


def is_timeout(error: Exception | None) -> bool:
    """Whether a request was not sent, or not answered, in time."""
    return isinstance(error, ReadTimeoutError) or "timed out" in str(error)


class Boto(NamedTuple):
    """A client, and the session that made it."""

    session: botocore.session.Session
    client: "S3Client"


def new_boto(mount: Mount, may_send: Callable[[], bool]) -> Boto:
    """A client for a mount, which asks `may_send` before each attempt of each request."""
    config = _config(mount).merge(mount.client.get("config") or Config())
    arguments = RedactedDict({**mount.client, "config": config})
    # The default session is shared with the rest of the process, and not thread-safe.
    session = botocore.session.get_session()
    loader = _models(session.get_config_variable("data_path"))
    session.register_component("data_loader", loader)
    parsers = session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=parse_time)
    try:
        client: S3Client = boto3.session.Session(botocore_session=session).client("s3", **arguments)
    except (BotoCoreError, TypeError, ValueError) as error:
        reason = redact(str(error))
        # "from None": the frames of boto3, which a debug page would show, hold the keys.
        raise S3Error(f"CLIENT of mount {mount.alias!r} makes no client: {reason}") from None
    # Last: botocore's own handler of this event adds the header that ours removes.
    client.meta.events.register_last("before-call.s3", _expect_nothing)
    client.meta.events.register("before-call.s3", _add_md5)
    client.meta.events.register("before-send.s3", lambda **_: require_lease(may_send))
    check_answers(client)
    return Boto(session, client)


@lru_cache
def _models(data_path: str | None) -> Loader:
    """boto3's descriptions of services, once for all mounts: to read them takes megabytes."""
    return create_loader(data_path)


def require_lease(may_send: Callable[[], bool]) -> None:
    """Raise S3Unavailable in a process that was frozen until another one may be writing."""
    if not may_send():
        raise S3Unavailable("the lease was lost: another pass may be running")


def _config(mount: Mount) -> Config:
    when = CHECKSUMS if mount.checksums else "when_required"
    return Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=mount.threads + 10,
        request_checksum_calculation=when,  # type: ignore[arg-type]
        response_checksum_validation=when,  # type: ignore[arg-type]
    )


@contextmanager
def translating(bucket: str, *, has_checksums: bool = False) -> Iterator[None]:
    """Raise the errors of boto3 as S3Error or S3Unavailable."""
    try:
        yield
    except (BotoCoreError, ClientError, *UNREADABLE) as error:
        raise translated(error, bucket, has_checksums=has_checksums) from error


def _add_md5(params: dict[str, Any], model: Any, **_: object) -> None:
    """Send the MD5, too, where S3 requires a checksum: many services know no other.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html (Content-MD5)
    """
    body = params.get("body")
    if isinstance(body, bytes) and model.http_checksum.get("requestChecksumRequired"):
        digest = md5(body, usedforsecurity=False).digest()
        params["headers"]["Content-MD5"] = b64encode(digest).decode()


def _expect_nothing(params: dict[str, Any], **_: object) -> None:
    """Send a small body at once: asking first ("100-continue") costs a round trip a file.

    RFC 9110 10.1.1. A part of a large file, which is not in memory, is worth the question.
    """
    if isinstance(params.get("body"), BytesIO):
        params["headers"].pop("Expect", None)


class _KeptOpen:
    """A file without `close`: boto3 would close it, and it is read again after the upload."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

    def seekable(self) -> bool:
        return True

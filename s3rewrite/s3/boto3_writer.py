"""Writing objects with boto3: every file, every parameter."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import boto3
import botocore.session
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from s3rewrite.core.mounts import Mount
from s3rewrite.core.redaction import RedactedDict, redact
from s3rewrite.s3 import answers
from s3rewrite.s3.ends import UnconfirmedWrites
from s3rewrite.s3.errors import NO_S3, SLOWED, NotS3Error, S3Error, S3Unavailable, translated
from s3rewrite.s3.objects import SMALL, Upload, etag_of, has_md5, object_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

LARGE_AT_A_TIME = 2
"""Large files that are sent at a time,"""

PARTS_AT_A_TIME = 8
"""and parts of each: they are in memory, and have a connection each."""

ATTEMPTS = 3
"""Times that a request is tried."""

CHECKSUMS = "when_supported"

LOOKING = frozenset(
    "ExpectedBucketOwner RequestPayer SSECustomerAlgorithm SSECustomerKey SSECustomerKeyMD5".split()
)
"""Arguments of an upload without which its object cannot be looked at."""


class Boto3Writer:
    """Writes objects with a client of boto3. Safe to share between threads."""

    def __init__(self, client: "S3Client", bucket: str, slowed: Callable[[], None]) -> None:
        self._client = client
        self._bucket = bucket
        self._slowed = slowed
        config: Any = client.meta.config
        self._has_checksums = config.request_checksum_calculation == CHECKSUMS
        self._large = threading.BoundedSemaphore(LARGE_AT_A_TIME)
        self._ends = UnconfirmedWrites()
        self._ends.watch(client)
        client.meta.events.register("needs-retry.s3", self._answered)

    def put(self, upload: Upload, proceed: Callable[[], bool]) -> bool:
        """Write an object, as `Bucket.put` says."""
        parameters = {**upload.parameters, "Metadata": upload.metadata}
        try:
            with translating(self._bucket, has_checksums=self._has_checksums):
                self._put(upload, parameters, proceed)
        except S3Error as error:
            error.is_settled = self._ends.were_seen(upload.key)
            raise
        return self._ends.were_seen(upload.key)

    def _answered(self, response: tuple[Any, Mapping[str, Any]] | None, **_: object) -> None:
        if response and response[1].get("Error", {}).get("Code") in SLOWED:
            self._slowed()

    def _put(self, upload: Upload, parameters: dict[str, Any], proceed: Callable[[], bool]) -> None:
        if not isinstance(upload.content, bytes):
            self._prove(upload, self._put_large(upload.key, upload.content, parameters, proceed))
            return
        answer = self._client.put_object(
            Bucket=self._bucket, Key=upload.key, Body=upload.content, **parameters
        )
        self._refuse_others(upload, answer)
        if etag_of(answer) != upload.digests.md5:
            self._prove(upload, len(upload.content))

    def _put_large(
        self,
        key: str,
        file: IO[bytes],
        parameters: dict[str, Any],
        proceed: Callable[[], bool],
    ) -> int:
        """The bytes that were sent."""

        def progressed(_: int) -> None:
            if not proceed():
                raise S3Unavailable("the upload was stopped")

        with self._large:
            progressed(0)
            self._client.upload_fileobj(
                cast("IO[bytes]", _Unclosed(file)),
                self._bucket,
                key,
                ExtraArgs=parameters,
                Callback=progressed,
                Config=TransferConfig(
                    multipart_threshold=SMALL,
                    multipart_chunksize=SMALL,
                    max_concurrency=PARTS_AT_A_TIME,
                ),
            )
        return file.tell()

    def _prove(self, upload: Upload, size: int) -> None:
        """Look whether an object is there as it was sent, where its ETag does not tell."""
        given = {name: upload.parameters[name] for name in LOOKING & upload.parameters.keys()}
        try:
            found = self._client.head_object(Bucket=self._bucket, Key=upload.key, **given)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 403:
                raise S3Error(
                    f"bucket {self._bucket}: nothing shows that it stored what it was sent: allow "
                    "these credentials s3:GetObject (403, HeadObject)"
                ) from error
            if status != 404:
                raise
            found = {}  # type: ignore[typeddict-item]
        self._refuse_others(upload, found)
        if not upload.is_proved_by(object_of(found), size):
            raise NotS3Error(
                f"bucket {self._bucket}: what answered is not S3, or did not store what it was "
                f"sent: {NO_S3}"
            )

    def _refuse_others(self, upload: Upload, answer: Mapping[str, Any]) -> None:
        etag = etag_of(answer)
        if has_md5({**upload.parameters, **answer}) and upload.is_other_than(etag):
            raise S3Error(
                f"bucket {self._bucket}: it stored other bytes than it was sent (ETag {etag})"
            )


class Boto(NamedTuple):
    """A client, and the session that it came from."""

    session: botocore.session.Session
    client: "S3Client"


def new_boto(mount: Mount, may_send: Callable[[], bool]) -> Boto:
    """A client for a mount; `may_send` is asked before each request, and each time it is tried."""

    def guard(**_: object) -> None:
        require(may_send)

    config = _config(mount)
    own = mount.client.get("config")
    given = RedactedDict({**mount.client, "config": config.merge(own) if own else config})
    # The default session is shared with the rest of the process, and not thread-safe.
    session = botocore.session.get_session()
    try:
        client: S3Client = boto3.session.Session(botocore_session=session).client("s3", **given)
    except (BotoCoreError, TypeError, ValueError) as error:
        # Their frames, which a debug page would show, have the keys in plain sight.
        reason = redact(str(error))
        raise S3Error(f"CLIENT of mount {mount.alias!r} makes no client: {reason}") from None
    # After botocore's own handler of that event, which adds what is taken out here.
    client.meta.events.register_last("before-call.s3", _expect_nothing)
    client.meta.events.register("before-send.s3", guard)
    answers.watch(client)
    return Boto(session, client)


def require(may_send: Callable[[], bool]) -> None:
    """Nothing is sent by a process that was frozen until another may be writing."""
    if not may_send():
        raise S3Unavailable("the lease was lost: another pass may be running")


def _config(mount: Mount) -> Config:
    wanted = CHECKSUMS if mount.checksums else "when_required"
    return Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=mount.threads + 10,
        request_checksum_calculation=wanted,  # type: ignore[arg-type]
        response_checksum_validation=wanted,  # type: ignore[arg-type]
    )


@contextmanager
def translating(bucket: str, *, has_checksums: bool = False) -> Iterator[None]:
    """Raise errors of boto3 as S3Error or S3Unavailable."""
    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise translated(error, bucket, has_checksums=has_checksums) from error


def _expect_nothing(params: dict[str, Any], **_: object) -> None:
    """Send a small body at once: asking first ("100-continue") costs a round trip a file.

    RFC 9110 10.1.1. A part of a large file, which is not in memory, is worth asking for.
    """
    if isinstance(params.get("body"), BytesIO):
        params["headers"].pop("Expect", None)


class _Unclosed:
    """A file that boto3 reads and leaves open, as it is to be looked at again afterwards."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

    def seekable(self) -> bool:
        return True

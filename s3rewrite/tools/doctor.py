"""Tries out whether a mount can work: Redis, the credentials, the bucket, and what visitors get.

Everything is tried for real, with a probe object that is deleted again.
"""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import uuid4

import redis
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import quote_name
from s3rewrite.core.patterns import parameters_of
from s3rewrite.core.shown import Veiled, cleaned
from s3rewrite.disk.open_file import digests_of
from s3rewrite.registry import loop_registry
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import S3Error
from s3rewrite.s3.objects import Upload

TIMEOUT = 10.0
"""Seconds that a visitor's request may take."""

MAX_SKEW = 300.0
"""Seconds by which the clocks may differ; S3 refuses at 900.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""

ORIGIN = "https://example.com"


class Grade(StrEnum):
    """How a finding is meant."""

    FINE = "fine"
    NOTE = "note"
    WRONG = "WRONG"


class Finding(NamedTuple):
    """What was tried, how it went, and for what is wrong how to mend it."""

    grade: Grade
    subject: str
    sentence: str


class Answer(NamedTuple):
    """What a visitor gets."""

    status: int
    body: bytes
    headers: Any


def examine(mount: Mount) -> Iterator[Finding]:
    """Every finding, in the order in which the things depend on each other."""
    yield _files(mount)
    yield from _redis(mount)
    try:
        bucket = Bucket(mount)
        yield from _bucket(bucket)
        yield from _probe(mount, bucket)
    except S3Error as error:
        yield _wrong("bucket", str(error))


def _fine(subject: str, sentence: str) -> Finding:
    return Finding(Grade.FINE, subject, sentence)


def _wrong(subject: str, sentence: str) -> Finding:
    return Finding(Grade.WRONG, subject, sentence)


def _files(mount: Mount) -> Finding:
    storage = conf.storage_of(mount)
    if not isinstance(storage, FileSystemStorage):
        return _fine("files", f"kept by {type(storage).__name__}")
    root = str(storage.location)
    if not os.access(root, os.R_OK | os.X_OK):
        return _wrong("files", f"{root} cannot be read: is its disk mounted, and this its user?")
    return _fine("files", f"{root} can be read")


def _redis(mount: Mount) -> Iterator[Finding]:
    try:
        client = loop_registry(mount).client
        began = time.monotonic()
        client.ping()
        milliseconds = (time.monotonic() - began) * 1000
        info: Any = client.info()
    except (ImproperlyConfigured, redis.RedisError) as error:
        reason = cleaned(str(error))
        yield _wrong("redis", f"{reason}: mend the LOCATION of CACHES[{mount.cache!r}]")
        return
    version = info.get("valkey_version") or info.get("redis_version", "of unknown version")
    yield _fine("redis", f"{version} answers in {milliseconds:.1f} ms")
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy.startswith("allkeys") and info.get("maxmemory"):
        yield _wrong(
            "redis",
            f"maxmemory-policy {policy} throws published names away when memory is short: links "
            "turn local then. Set noeviction or volatile-lru, or give the mount a CACHE of its own",
        )


def _bucket(bucket: Bucket) -> Iterator[Finding]:
    answer = bucket.call("head_bucket")
    yield _fine("bucket", f"{bucket.name} is there, and the credentials are known")
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    if date := headers.get("date"):
        skew = parsedate_to_datetime(date).timestamp() - time.time()
        if abs(skew) > MAX_SKEW:
            yield _wrong("clock", f"this machine's clock is {skew:+.0f} s off: set it, or use NTP")
        else:
            yield _fine("clock", "as S3's")
    region, own = headers.get("x-amz-bucket-region"), bucket.mount.client.get("region_name")
    if region and own and region != own:
        yield _wrong("region", f"the bucket is in {region}: mend CLIENT's region_name ({own})")
    try:
        status = bucket.call("get_bucket_versioning").get("Status", "Off")
    except S3Error:
        return
    if status == "Enabled":
        sentence = "versions are kept: what is overwritten or deleted goes on to cost money"
        yield Finding(Grade.NOTE, "bucket", f"{sentence}; a lifecycle rule can remove them")


def _probe(mount: Mount, bucket: Bucket) -> Iterator[Finding]:
    name = f"s3rewrite-probe-{uuid4().hex}.txt"
    content = name.encode()
    parameters = Veiled(ContentType="text/plain")
    parameters |= parameters_of(mount.object_parameters, name)
    upload = Upload(mount.prefix + name, content, digests_of(content), parameters)
    bucket.put(upload)
    yield _fine("bucket", f"takes objects; small ones are sent by {bucket.writer_name(upload)}")
    try:
        yield from _as_visitor(mount, mount.public_url + quote_name(name), content)
    finally:
        failed = bucket.delete([mount.prefix + name])
    if failed:
        yield _wrong("bucket", f"does not let objects be deleted: {next(iter(failed.values()))}")
    else:
        yield _fine("bucket", "lets objects be deleted")


def _as_visitor(mount: Mount, url: str, content: bytes) -> Iterator[Finding]:
    """What somebody without any rights gets at an object's public URL."""
    try:
        answer = _fetched(url)
    except (OSError, ValueError) as error:
        yield _wrong("public", f"{url} cannot be fetched ({error}): mend PUBLIC_URL")
        return
    yield _of_reading(url, answer, content)
    if answer.status == 200:
        yield _of_cors(mount, answer)
    for check in (_of_writing, _of_listing):
        yield from check(url)


def _of_reading(url: str, answer: Answer, content: bytes) -> Finding:
    if answer.status in (401, 403):
        sentence = f"{url} may not be read by visitors (status {answer.status})"
        return _wrong("public", f"{sentence}: run s3rewrite_setup, or give the CDN its rights")
    if answer.status != 200 or answer.body != content:
        sentence = f"{url} is not the object that was just written (status {answer.status})"
        return _wrong("public", f"{sentence}: mend PUBLIC_URL, or the CDN's origin and path")
    return _fine("public", "visitors can read what is uploaded at PUBLIC_URL")


def _of_cors(mount: Mount, answer: Answer) -> Finding:
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    if mount.cors and allowed not in ("*", ORIGIN):
        sentence = 'the mount says "CORS": True, and the answer has no Access-Control-Allow-Origin'
        return _wrong(
            "cors", f"{sentence}: fonts and modules would be blocked. Run s3rewrite_setup"
        )
    if allowed == "*" and not mount.cors:
        sentence = 'the bucket answers with CORS headers: "CORS": True would link more'
        return Finding(Grade.NOTE, "cors", sentence)
    return _fine("cors", "as the mount's CORS says")


def _of_writing(url: str) -> Iterator[Finding]:
    answer = _tried(url, method="PUT", data=b"anybody")
    if answer and answer.status < 300:
        yield _wrong("public", "anybody may write into the bucket: take that right away at once")
    else:
        yield _fine("public", "visitors cannot write")


def _of_listing(url: str) -> Iterator[Finding]:
    folder = url.rpartition("/")[0] + "/?list-type=2"
    answer = _tried(folder)
    if answer and answer.status == 200 and b"<ListBucketResult" in answer.body:
        sentence = "anybody may list the bucket, and so see names that no page links"
        yield Finding(Grade.NOTE, "public", sentence)


def _tried(url: str, **request: Any) -> Answer | None:
    try:
        return _fetched(url, **request)
    except (OSError, ValueError):
        return None


def _fetched(url: str, **request: Any) -> Answer:
    """What is at a URL, whatever the status. Raises OSError, ValueError."""
    if not url.startswith(("http://", "https://")):
        url = f"https:{url}"
    wanted = urllib.request.Request(url, headers={"Origin": ORIGIN}, **request)  # noqa: S310
    try:
        with urllib.request.urlopen(wanted, timeout=TIMEOUT) as answer:  # noqa: S310
            return Answer(answer.status, answer.read(), answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(), error.headers)

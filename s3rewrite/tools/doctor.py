"""Whether a mount can work: Redis, the credentials, the bucket, and what visitors get.

Each is tried for real, with a probe object that is deleted afterwards.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

import redis
from django.core.files.storage import FileSystemStorage

from s3rewrite import conf
from s3rewrite.aws_config import region_of
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import quote_name
from s3rewrite.core.patterns import parameters_of
from s3rewrite.core.plurals import plural
from s3rewrite.core.redaction import RedactedDict, redact
from s3rewrite.disk.open_file import digests_of
from s3rewrite.registry import loop_registry
from s3rewrite.s3.answer_checks import REGION_HEADER
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.conditions import are_honoured
from s3rewrite.s3.errors import S3Error
from s3rewrite.s3.objects import Upload
from s3rewrite.s3.visitors import ORIGIN, VisitorAnswer, fetch
from s3rewrite.signing import SigningError, signer_of, visitor_request
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.exposed import exposed_names
from s3rewrite.sync.purge import urls_of
from s3rewrite.sync.scan import nothing_yet
from s3rewrite.tools.redis_probe import find_redis_problem

MAX_SKEW = 300.0
"""Seconds by which the clocks may differ; S3 refuses requests at 900.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""


class Grade(StrEnum):
    """How serious a finding is."""

    FINE = "fine"
    NOTE = "note"
    WRONG = "WRONG"


class Finding(NamedTuple):
    """What was tried and how it went; for what is wrong, also how to fix it."""

    grade: Grade
    subject: str
    sentence: str


_fine = partial(Finding, Grade.FINE)
_note = partial(Finding, Grade.NOTE)
_wrong = partial(Finding, Grade.WRONG)


def diagnose(mount: Mount) -> Iterator[Finding]:
    """Every finding on a mount, each after those that it depends on."""
    yield _check_files(mount)
    yield from _check_redis(mount)
    try:
        bucket = Bucket(mount)
        yield from _check_bucket(bucket)
        yield from _check_objects(bucket)
        yield _check_conditions(bucket)
        yield from _check_exposed(bucket)
    except S3Error as error:
        yield _wrong("bucket", str(error))


def _check_files(mount: Mount) -> Finding:
    storage = conf.storage_of(mount)
    if not isinstance(storage, FileSystemStorage):
        return _fine("files", f"kept by {type(storage).__name__}")
    root = str(storage.location)
    if (sentence := nothing_yet(mount, storage)) and not _has_published(mount):
        return _note("files", sentence)
    if not os.access(root, os.R_OK | os.X_OK):
        return _wrong("files", f"{root} cannot be read: is its disk mounted, and this its user?")
    return _fine("files", f"{root} can be read")


def _has_published(mount: Mount) -> bool:
    try:
        return not loop_registry(mount).is_empty()
    except redis.RedisError:
        return False  # what is wrong with Redis is a finding of its own


def _check_redis(mount: Mount) -> Iterator[Finding]:
    place = "REDIS" if mount.redis else f"the LOCATION of CACHES[{mount.cache!r}]"
    try:
        client = loop_registry(mount).client
        began = time.monotonic()
        client.ping()
        milliseconds = (time.monotonic() - began) * 1000
    except redis.RedisError as error:
        reason = redact(str(error))
        yield _wrong("redis", f"{reason}: start Redis, or fix {place}")
        return
    if problem := find_redis_problem(mount):
        yield _wrong("redis", problem)
        return
    info: Any = {}
    with suppress(redis.RedisError):  # some services refuse it
        info = client.info()
    version = info.get("valkey_version") or info.get("redis_version", "of unknown version")
    yield _fine("redis", f"{version} answers in {milliseconds:.1f} ms")
    if beside := conf.caches_beside(mount):
        sentence = f"cache.clear() of CACHES[{beside!r}] removes the published names, too"
        yield _note("redis", f'{sentence}: give "REDIS" a URL with a database of its own')
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy.startswith("allkeys") and info.get("maxmemory"):
        yield _wrong(
            "redis",
            f"maxmemory-policy {policy} removes published names when memory is short, and their "
            "links turn local: set noeviction or volatile-lru, or give the mount its own CACHE",
        )


def _check_bucket(bucket: Bucket) -> Iterator[Finding]:
    headers = bucket.call("head_bucket")["ResponseMetadata"]["HTTPHeaders"]
    yield _fine("bucket", f"{bucket.name} is there, and the credentials are known")
    with suppress(KeyError, ValueError):  # S3 always says a date; others need not
        skew = parsedate_to_datetime(headers["date"]).timestamp() - time.time()
        if abs(skew) > MAX_SKEW:
            yield _wrong("clock", f"this machine's clock is {skew:+.0f} s off: set it, or use NTP")
        else:
            yield _fine("clock", "as S3's")
    region, configured = headers.get(REGION_HEADER), region_of(bucket.mount.client)
    if region and configured and region != configured:
        yield _wrong(
            "region", f"the bucket is in {region}: fix CLIENT's region_name ({configured})"
        )
    try:
        versioning = bucket.call("get_bucket_versioning")
    except S3Error:
        return  # some services do not know it, and the loop's user needs no right to ask
    if versioning.get("Status") == "Enabled":
        sentence = "versions are kept: overwritten and deleted objects go on costing money"
        yield _note("bucket", f"{sentence}; a lifecycle rule can remove them")


def _check_exposed(bucket: Bucket) -> Iterator[Finding]:
    if names := exposed_names(SyncContext(bucket.mount)):
        sentence = f"{plural(len(names), 'name')} that the settings keep local, such as {names[0]}"
        yield _wrong("public", f"{sentence}, on S3: run s3rewrite_purge --excluded")


def _check_objects(bucket: Bucket) -> Iterator[Finding]:
    mount, name = bucket.mount, f"s3rewrite-probe-{uuid4().hex}.txt"
    key, content = mount.prefix + name, name.encode()
    parameters = RedactedDict(ContentType="text/plain")
    parameters |= parameters_of(mount.object_parameters, name)
    upload = Upload(key, content, digests_of(content), parameters)
    bucket.put(upload)
    yield _fine("bucket", f"takes objects; small ones are sent by {bucket.writer_name(upload)}")
    try:
        yield from _check_visitors(mount, mount.public_url + quote_name(name), content)
        if mount.is_private:
            yield from _check_privacy(mount, key)
    finally:
        failed = bucket.delete([key])
    if failed:
        yield _wrong("bucket", f"does not let objects be deleted: {next(iter(failed.values()))}")
    else:
        yield _fine("bucket", "lets objects be deleted")


def _check_conditions(bucket: Bucket) -> Finding:
    if are_honoured(bucket):
        return _fine("bucket", "refuses writes whose conditions do not hold (If-Match)")
    effect = "when a loop was killed during an upload, other bytes of that file wait 16 minutes"
    sentence = "does not know conditional writes (If-Match, If-None-Match)"
    return _note("bucket", f'{sentence}: {effect}; not so with "KEYS": "fingerprint"')


def _check_visitors(mount: Mount, url: str, content: bytes) -> Iterator[Finding]:
    """What a visitor, who has no credentials, can do at an object's public URL."""
    if not (url := mount.visitor_url(url)):
        yield _note("public", "PUBLIC_URL has no host: set SITE_URL, so that it can be tried out")
        return
    try:
        opened, headers = visitor_request(mount, url)
        answer = fetch(opened, headers=headers)
    except (OSError, ValueError) as error:
        yield _wrong("public", f"{url} cannot be fetched ({error}): fix PUBLIC_URL")
        return
    except SigningError as error:
        yield _wrong("private", f"{error}: fix SIGNING")
        return
    yield _check_reading(mount, url, answer, content)
    if answer.status == 200:
        yield _check_cors(mount, answer)
        yield _check_corp(mount, answer)
    written = _try_to_fetch(url, method="PUT", data=b"anybody")
    if written and written.status < 300:
        yield _wrong("public", "anybody may write into the bucket: take that right away at once")
    else:
        yield _fine("public", "visitors cannot write")
    listing = _try_to_fetch(url.rpartition("/")[0] + "/?list-type=2")
    if listing and listing.status == 200 and b"<ListBucketResult" in listing.body:
        sentence = "anybody may list the bucket, and so see names that no page links"
        yield (_wrong if mount.is_private else _note)("public", sentence)


def _check_privacy(mount: Mount, key: str) -> Iterator[Finding]:
    """Whether objects are refused without a signature, at PUBLIC_URL and at the service itself.

    A new one, and one that may be from a time when the mount was public.
    """
    for url in urls_of(mount, [key, *_published_keys(mount)]):
        yield _check_refusal(url, _try_to_fetch(url))
    if not mount.access_rule:
        sentence = "ALLOW names no function that says who may see what"
        yield _note("private", f"{sentence}: s3rewrite.views.private refuses everybody")
    if signer_of(mount).is_temporary:
        effect = "links end with them, perhaps within their window, and differ between machines"
        yield _note("private", f"the credentials are temporary: {effect}. Give SIGNING a KEY_ID")


def _published_keys(mount: Mount) -> list[str]:
    """One of them, or none."""
    with suppress(redis.RedisError):
        found = loop_registry(mount).sample(1)
        return [mount.paths.key(name, entry.fingerprint) for name, entry in found.items()]
    return []


def _check_refusal(url: str, answer: VisitorAnswer | None) -> Finding:
    """Only a refusal is a proof: what does not answer now may show the object tomorrow."""
    if answer and answer.status in (401, 403):
        return _fine("private", f"{url} is refused without a signature")
    if answer and answer.status < 400:
        sentence = f"{url} is read by anybody, without a signature"
        return _wrong("private", f"{sentence}: run s3rewrite_setup, or close it in the CDN")
    how = f"with the status {answer.status}" if answer else "not at all"
    return _note("private", f"{url} answers {how}: that proves no refusal. Run this again")


def _check_reading(mount: Mount, url: str, answer: VisitorAnswer, content: bytes) -> Finding:
    if answer.status in (401, 403) and mount.is_private:
        sentence = f"{url} is refused with its signature, too (status {answer.status})"
        return _wrong(
            "private", f"{sentence}: may the key of SIGNING read, and is the clock right?"
        )
    if answer.status in (401, 403):
        sentence = f"{url} may not be read by visitors (status {answer.status})"
        return _wrong("public", f"{sentence}: run s3rewrite_setup, or give the CDN its rights")
    if answer.status != 200 or answer.body != content:
        sentence = f"{url} is not the object that was just written (status {answer.status})"
        return _wrong("public", f"{sentence}: fix PUBLIC_URL, or the CDN's origin and path")
    how = "with a signature " if mount.is_private else ""
    return _fine("public", f"visitors can {how}read what is uploaded at PUBLIC_URL")


def _check_cors(mount: Mount, answer: VisitorAnswer) -> Finding:
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    if mount.cors and allowed not in ("*", ORIGIN):
        sentence = 'the mount says "CORS": True, and the answer has no Access-Control-Allow-Origin'
        effect = "fonts and modules would be blocked. Run s3rewrite_setup"
        return _wrong("cors", f"{sentence}: {effect}")
    if allowed == "*" and not mount.cors:
        return _note("cors", 'the bucket answers with CORS headers: "CORS": True would link more')
    return _fine("cors", "as the mount's CORS says")


def _check_corp(mount: Mount, answer: VisitorAnswer) -> Finding:
    is_sent = answer.headers.get("Cross-Origin-Resource-Policy", "").strip() == "cross-origin"
    if mount.corp and not is_sent:
        sentence = 'the mount says "CORP": True, and PUBLIC_URL does not answer with'
        header = "Cross-Origin-Resource-Policy: cross-origin"
        return _wrong("corp", f"{sentence} {header}: have the CDN add it, or leave CORP out")
    if is_sent and not mount.corp:
        effect = '"CORP": True would link more on pages with Cross-Origin-Embedder-Policy'
        return _note("corp", f"PUBLIC_URL answers with Cross-Origin-Resource-Policy: {effect}")
    return _fine("corp", "as the mount's CORP says")


def _try_to_fetch(url: str, **request: Any) -> VisitorAnswer | None:
    try:
        return fetch(url, **request)
    except (OSError, ValueError):
        return None

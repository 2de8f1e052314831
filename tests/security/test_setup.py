"""Services that do not know what they are asked, or say something else: each step stands alone."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from demo.servers import HOST, SeaweedFS
from tests.support.factories import use_mount

KINDS = {
    "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
    "policy": "NoSuchBucketPolicy",
    "cors": "NoSuchCORSConfiguration",
    "lifecycle": "NoSuchLifecycleConfiguration",
}
SENTENCES = {
    "": "create the bucket",
    "publicAccessBlock": "let a public policy work in",
    "policy": "let anybody read",
    "cors": "let pages of any origin fetch",
    "lifecycle": "remove uploads to",
}

BLOCKED = (
    "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>"
    "<IgnorePublicAcls>false</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>"
    "<RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>"
)
NONE = {
    "publicAccessBlock": BLOCKED,
    "policy": json.dumps({"Version": "2012-10-17", "Statement": []}),
    "cors": "<CORSConfiguration/>",
    "lifecycle": "<LifecycleConfiguration/>",
}
PAGE = "<!DOCTYPE html><html><head><meta charset=utf-8><title>Sign in</title></head></html>"


class Answer(NamedTuple):
    """A status, and a code or a body."""

    status: int
    text: str

    @property
    def body(self) -> str:
        if not re.fullmatch(r"\w+", self.text):
            return self.text
        return f"<Error><Code>{self.text}</Code><Message>no</Message></Error>"


UNKNOWN = [
    Answer(501, "NotImplemented"),
    Answer(501, ""),
    Answer(405, "MethodNotAllowed"),
    Answer(405, ""),
    Answer(400, "InvalidRequest"),
    Answer(400, "MalformedXML"),
    Answer(400, "InvalidArgument"),
    Answer(404, PAGE),
    Answer(200, PAGE),
    Answer(302, ""),
]
DENIED = Answer(403, "AccessDenied")
OK = Answer(200, "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Service"  # type: ignore[assignment]

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        queries = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        kind = next((name for name in queries if name in KINDS), "")
        if self.command == "PUT":
            self.server.written[kind] = body
        answer = self.server.answer(self.command, kind)
        text = b"" if self.command == "HEAD" else answer.body.encode()
        self.send_response_only(answer.status)
        self.send_header("Content-Length", str(len(text)))
        if answer.status == 302:
            self.send_header("Location", "https://login.example/")
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_HEAD = do_PUT = handle_any  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


class Service(ThreadingHTTPServer):
    """Answers as it is told: method and kind -> answer; what it was given is in `written`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HOST, 0), Handler)
        self.is_there = True
        self.answers: dict[tuple[str, str], Answer] = {}
        self.written: dict[str, bytes] = {}

    def answer(self, method: str, kind: str) -> Answer:
        if method == "HEAD":
            return OK if self.is_there else Answer(404, "")
        if method == "GET" and not self.is_there and "" not in self.written:
            return Answer(404, "NoSuchBucket")
        return self.answers.get((method, kind), OK)


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mount(service: Service, settings: Any, tmp_path: Path) -> Any:
    client = {
        "endpoint_url": f"http://{HOST}:{service.server_address[1]}",
        "region_name": "us-east-1",
    }
    return use_mount(settings, tmp_path / "media", CORS=True, CLIENT=client)


def set_up(*args: str) -> tuple[str, bool]:
    """What it says, and whether it ends well."""
    out = StringIO()
    try:
        call_command("s3rewrite_setup", *args, stdout=out, stderr=out, no_color=True)
    except CommandError:
        return out.getvalue(), False
    return out.getvalue(), True


def lines(said: str, end: str) -> set[str]:
    found = re.findall(rf"^media: (.*?){end}", said, re.MULTILINE)
    return {kind for kind, words in SENTENCES.items() for line in found if line.startswith(words)}


def reads(kind: str) -> st.SearchStrategy[Answer]:
    known = [Answer(404, KINDS[kind]), Answer(200, NONE[kind])]
    return st.sampled_from([*known, *known, *UNKNOWN, DENIED])


READS = st.fixed_dictionaries({kind: reads(kind) for kind in KINDS})
WRITES = st.fixed_dictionaries(
    {kind: st.sampled_from([OK, OK, DENIED, *UNKNOWN]) for kind in KINDS}
)


def test_each_step_stands_alone_and_a_dry_run_names_those_that_are_done(
    service: Service, mount: Any
) -> None:
    @examples(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(READS, WRITES, st.booleans())
    @example(dict.fromkeys(KINDS, UNKNOWN[0]), dict.fromkeys(KINDS, UNKNOWN[0]), True)
    def check(read: dict[str, Answer], write: dict[str, Answer], is_there: bool) -> None:
        service.is_there = is_there
        service.answers = {("GET", kind): answer for kind, answer in read.items()}
        service.answers |= {("PUT", kind): answer for kind, answer in write.items()}
        service.written.clear()
        dry, _ = set_up("--dry-run")
        assert service.written == {}
        said, is_well = set_up()
        assert "CHECKSUMS" not in said
        named = lines(dry, r" \(a dry run: not done\)$")
        # A block is looked up once more in a bucket that was just made.
        done = set(service.written) | ({"publicAccessBlock"} if not is_there else set())
        assert named == done
        for kind in KINDS:
            is_known = not is_there or read[kind] not in (*UNKNOWN, DENIED)
            is_empty = is_there and kind == "publicAccessBlock" and read[kind].status == 404
            assert (kind in named) is (is_known and not is_empty)
        is_wrong = any(
            is_needed_and_failed(kind, read[kind] if kind not in named else write[kind], named)
            for kind in KINDS
            if kind not in named or kind in service.written
        )
        if is_there:
            assert is_well is not is_wrong, (said, is_wrong)

    check()


def is_needed_and_failed(kind: str, answer: Answer, named: set[str]) -> bool:
    if answer == DENIED:
        return True
    if kind == "lifecycle" or (kind == "publicAccessBlock" and kind not in named):
        return False
    return answer in UNKNOWN


def test_the_others_switches_are_written_as_they_were(service: Service, mount: Any) -> None:
    service.answers[("GET", "publicAccessBlock")] = Answer(200, BLOCKED)
    set_up()
    written = service.written["publicAccessBlock"].decode()
    assert "<BlockPublicAcls>true</BlockPublicAcls>" in written
    assert "<IgnorePublicAcls>false</IgnorePublicAcls>" in written
    assert "<BlockPublicPolicy>false</BlockPublicPolicy>" in written


def test_a_policy_that_is_refused_all_the_same(service: Service, mount: Any) -> None:
    service.answers = {("GET", kind): Answer(404, code) for kind, code in KINDS.items()}
    service.answers[("PUT", "policy")] = DENIED
    said, is_well = set_up()
    assert not is_well
    assert "Block Public Access of the whole AWS account is in the way" in said


def test_what_the_service_does_not_know_is_said_with_what_to_do(
    service: Service, mount: Any
) -> None:
    service.answers = {("GET", kind): UNKNOWN[0] for kind in KINDS}
    said, is_well = set_up()
    assert not is_well
    does_not = "bucket uploads: the service does not support this"
    assert (
        f"media: let anybody read uploads/media/*: failed: {does_not} (NotImplemented, "
        "GetBucketPolicy); do that in the service's own console, or run this with --private"
    ) in said
    assert (
        f"days: not done, and not needed: {does_not} (NotImplemented, "
        "GetBucketLifecycleConfiguration)"
    ) in said


def test_a_real_service(
    settings: Any, tmp_path: Path, seaweedfs: SeaweedFS, bucket: str, s3_client: Any
) -> None:
    options = {"BUCKET": bucket, "CLIENT": seaweedfs.client_options, "CORS": True}
    use_mount(settings, tmp_path / "media", **options)
    dry, _ = set_up("--dry-run")
    said, is_well = set_up()
    assert is_well, said
    assert lines(dry, r" \(a dry run: not done\)$") == lines(said, ": done$")
    s3_client.put_object(Bucket=bucket, Key="media/a.txt", Body=b"still mine")
    again, is_well = set_up()
    assert is_well
    assert lines(again, ": done$") == set()

"""The server: asks the bucket with its own signature for what a request may have."""

import http.client
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import quote, unquote_to_bytes, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from demo.servers import HOST, S3Server
from tests.support.cloudfront.credentials import (
    PublicKey,
    Refusal,
    Request,
    check_key,
    refusal,
    unsigned,
)
from tests.support.cloudfront.policies import Target

PASSED_ON = """
    Accept-Encoding If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since
    Origin Range
""".split()
"""Headers of a visitor that the bucket gets. No Authorization: CloudFront signs each request to the
bucket itself (s3-origin, "Always sign requests"). No cookies."""

HOP_BY_HOP = frozenset("connection date keep-alive server transfer-encoding".split())

MAX_URL = 8192
"""Bytes of a URL (quotas)."""

NOT_ALLOWED = Refusal("MethodNotAllowed", "This distribution allows GET and HEAD")
UNKNOWN_DOMAIN = Refusal("UnknownDomain", "This is no domain of the distribution")
BAD_REQUEST = Refusal("BadRequest", "Bad request")


class Visit(NamedTuple):
    """An answered request. `code` is CloudFront's own refusal, or "" if the bucket answered."""

    method: str
    target: str
    status: int
    code: str


class CloudFront:
    """A distribution, all of which is restricted, before a private bucket of an S3 server.

    `keys` are the public keys of its key group, by their ids. `now` is the clock. `scheme` is what
    visitors are taken to have used, as if TLS had ended before it. `domains` are alternate domain
    names; any other `Host` is refused. `origin_path` stands before each path. With `queries` the
    bucket gets a request's own parameters, as by an origin request policy; CloudFront's default
    passes none on.

    Not done: caching, other cache behaviours, OPTIONS, error pages, compression, HTTP/2.
    """

    def __init__(
        self,
        server: S3Server,
        bucket: str,
        keys: Mapping[str, PublicKey],
        now: Callable[[], float] = time.time,
        *,
        scheme: str = "http",
        domains: Iterable[str] = (),
        origin_path: str = "",
        queries: bool = False,
    ) -> None:
        self.server, self.bucket, self.now = server, bucket, now
        self.scheme, self.origin_path, self.queries = scheme, origin_path, queries
        self.keys = dict(keys)
        for key in self.keys.values():
            check_key(key)
        self.visits: list[Visit] = []
        self.asked: list[str] = []
        """What the bucket was asked for, each a path with its query."""
        self._http = _Server(self)
        self.port = self._http.server_port
        self.domains = {f"{HOST}:{self.port}", f"localhost:{self.port}", *domains}

    @property
    def url(self) -> str:
        """Its root, with a slash at the end."""
        return f"http://{HOST}:{self.port}/"

    @property
    def refused(self) -> list[Visit]:
        return [visit for visit in self.visits if visit.code]

    @property
    def served(self) -> list[Visit]:
        """Requests whose answer held what was asked for, or said that the client has it."""
        return [visit for visit in self.visits if visit.status < 400]

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def look_at(self, handler: "_Handler") -> tuple[int, Refusal] | Target:
        """What a request may have, or the status and words with which it is refused."""
        target = self._target(handler)
        if target is None:
            return 400, BAD_REQUEST
        if target.host not in self.domains:
            return 403, UNKNOWN_DOMAIN
        if handler.command not in ("GET", "HEAD"):
            return 403, NOT_ALLOWED
        cookies = "; ".join(handler.headers.get_all("Cookie", ()))
        request = Request(target, cookies, handler.client_address[0])
        found = refusal(request, self.keys, self.now())
        return (403, found) if found else unsigned(target)

    def _target(self, handler: "_Handler") -> Target | None:
        """None for what no browser sends: raw quotes could end a string of a policy."""
        hosts = handler.headers.get_all("Host", ())
        if len(hosts) != 1 or len(handler.target) > MAX_URL:
            return None
        if not re.fullmatch(r'/[^\x00-\x20\x7f-\U0010ffff"\\#<>]*', handler.target):
            return None
        path, mark, query = handler.target.partition("?")
        return Target(self.scheme, hosts[0], path, query if mark else None)

    def fetch(self, method: str, target: Target, headers: Any) -> http.client.HTTPConnection:
        """A connection to the bucket on which a signed request was sent."""
        # S3 resolves escapes before it looks for a key.
        path = quote(unquote_to_bytes(target.path), safe="/~")
        path = f"/{self.bucket}{self.origin_path}{path}"
        if self.queries and target.query is not None:
            path = f"{path}?{target.query}"
        self.asked.append(path)
        signed = AWSRequest(method, f"{self.server.url}{path}")
        credentials = Credentials(self.server.access_key, self.server.secret_key)
        S3SigV4Auth(credentials, "s3", self.server.REGION).add_auth(signed)
        passed = {name: headers[name] for name in PASSED_ON if name in headers}
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=30)
        as_stored = {"Accept-Encoding": "identity"}
        connection.request(method, path, headers=as_stored | passed | dict(signed.headers))
        return connection


class _Server(ThreadingHTTPServer):
    def __init__(self, cdn: CloudFront) -> None:
        self.cdn = cdn
        super().__init__((HOST, 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser may go away in the middle of an answer."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    @property
    def target(self) -> str:
        """As it was sent: `path` has one slash where it began with two."""
        return self.requestline.split()[1]

    def do_GET(self) -> None:
        # One request a connection: none is left over when the test ends.
        self.close_connection = True
        found = self.server.cdn.look_at(self)
        if isinstance(found, Target):
            self._answer(found)
        else:
            self._refuse(*found)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass

    def version_string(self) -> str:
        return "CloudFront"

    def _answer(self, target: Target) -> None:
        cdn = self.server.cdn
        with closing(cdn.fetch(self.command, target, self.headers)) as connection:
            answer = connection.getresponse()
            cdn.visits.append(Visit(self.command, self.target, answer.status, ""))
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self._end("Miss" if answer.status < 400 else "Error")
            shutil.copyfileobj(answer, self.wfile)

    def _refuse(self, status: int, why: Refusal) -> None:
        self.server.cdn.visits.append(Visit(self.command, self.target, status, why.code))
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f"<Error><Code>{why.code}</Code><Message>{why.message}</Message></Error>"
        ).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self._end("Error")
        if self.command != "HEAD":
            self.wfile.write(body)

    def _end(self, cache: str) -> None:
        self.send_header("Via", "1.1 tests.cloudfront.net (CloudFront)")
        self.send_header("X-Cache", f"{cache} from cloudfront")
        self.send_header("Connection", "close")
        self.end_headers()

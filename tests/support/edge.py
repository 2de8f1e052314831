"""A CDN: nginx keeps what SeaweedFS answers, and a small service clears it by two APIs."""

import json
import os
import re
import threading
import time
from collections.abc import Sequence
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

from demo.servers import HOST, Process, SeaweedFS, answers, free_ports

CONFIGURATION = """
{user} daemon off; pid nginx.pid; error_log stderr; worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u;
  scgi_temp_path s;
  proxy_cache_path cache levels=1:2 keys_zone=edge:10m use_temp_path=off;
  server {{
    listen {host}:{port};
    location = /ready {{ return 204; }}
    location / {{
      proxy_pass {origin}; proxy_cache edge; proxy_cache_key $uri;
      proxy_cache_valid 200 1h; proxy_cache_valid 403 404 {negative};
      add_header X-Cache $upstream_cache_status;
    }}
  }}
}}
"""
XML = "http://cloudfront.amazonaws.com/doc/2020-05-31/"


class Nginx(Process):
    """`proxy_cache` before an S3 server, whose buckets are in the path."""

    def __init__(self, directory: Path, s3: SeaweedFS, negative: str = "0") -> None:
        self.port = free_ports(1)[0]
        self.cache = directory / "cache"
        directory.mkdir(parents=True, exist_ok=True)
        # Otherwise its workers are nobody, who may not write here.
        user = "user root;" if os.geteuid() == 0 else ""
        text = CONFIGURATION.format(
            host=HOST, port=self.port, origin=s3.url, negative=negative, user=user
        )
        (directory / "nginx.conf").write_text(text)
        command = ["/usr/sbin/nginx", "-p", str(directory), "-c", str(directory / "nginx.conf")]
        super().__init__("nginx", command, directory)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def is_ready(self) -> bool:
        return answers(f"{self.url}/ready")


class Clearing:
    """Clears an nginx as CloudFront and Cloudflare do, and counts what it is asked.

    `seconds` pass before a clearing is done; `refuses` is the status of all answers until it is 0.
    """

    def __init__(self, nginx: Nginx, seconds: float = 0.0) -> None:
        self.nginx, self.seconds, self.refuses = nginx, seconds, 0
        self.requests: list[Sequence[str]] = []
        self.polls = 0
        self._done: dict[str, float] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service._answer(self)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self.url = f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def cloudfront(self) -> dict[str, Any]:
        """A mount's "CDN"."""
        client = {"endpoint_url": self.url, "aws_access_key_id": "a", "aws_secret_access_key": "b"}
        backend = "s3rewrite.cdn.CloudFront"
        return {"BACKEND": backend, "DISTRIBUTION_ID": "E1", "CLIENT": client}

    @property
    def cloudflare(self) -> dict[str, Any]:
        """A mount's "CDN"."""
        backend, url = "s3rewrite.cdn.Cloudflare", f"{self.url}/client/v4"
        return {"BACKEND": backend, "ZONE": "z1", "TOKEN": "t1", "URL": url}

    def clear(self, paths: Sequence[str]) -> None:
        """Forget paths, twice: a request that was under way may have come in between."""
        for pause in (0.1, 0.0):
            for path in paths:
                if path.endswith("*"):
                    self._clear_all(unquote(path[:-1]))
                else:
                    digest = md5(unquote(path).encode()).hexdigest()
                    file = self.nginx.cache / digest[-1] / digest[-3:-1] / digest
                    file.unlink(missing_ok=True)
            time.sleep(pause)

    def _clear_all(self, prefix: str) -> None:
        for file in self.nginx.cache.rglob("*"):
            if file.is_file() and f"KEY: {prefix}".encode() in file.read_bytes()[:4096]:
                file.unlink(missing_ok=True)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        status, answer = self.refuses, b"<Error/>"
        if not status and handler.command == "GET":
            status, answer = 200, self._poll(handler.path.rpartition("/")[2])
        elif not status and "purge_cache" in handler.path:
            status, answer = self._cloudflare(handler, json.loads(body))
        elif not status:
            status, answer = 201, self._cloudfront(body)
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def _cloudflare(self, handler: Any, asked: dict[str, list[str]]) -> tuple[int, bytes]:
        if handler.headers["Authorization"] != "Bearer t1" or "/zones/z1/" not in handler.path:
            return 403, b'{"success": false}'
        paths = [urlsplit(url).path for url in asked.get("files", ())]
        paths += ["/" + prefix.partition("/")[2] + "*" for prefix in asked.get("prefixes", ())]
        assert len(paths) <= 100
        self.requests.append(paths)
        self.clear(paths)
        return 200, b'{"success": true}'

    def _cloudfront(self, body: bytes) -> bytes:
        paths = [str(item.text) for item in ET.fromstring(body).iter(f"{{{XML}}}Path")]
        assert 0 < len(paths) <= 3000
        self.requests.append(paths)
        number = f"I{len(self.requests)}"
        self._done[number] = float("inf")

        def clear() -> None:
            time.sleep(self.seconds)
            self.clear(paths)
            self._done[number] = time.monotonic()

        threading.Thread(target=clear, daemon=True).start()
        return self._invalidation(number, "InProgress")

    def _poll(self, number: str) -> bytes:
        self.polls += 1
        done = self._done[number] <= time.monotonic()
        return self._invalidation(number, "Completed" if done else "InProgress")

    def _invalidation(self, number: str, status: str) -> bytes:
        text = (
            f'<Invalidation xmlns="{XML}"><Id>{number}</Id><Status>{status}</Status>'
            "<CreateTime>2026-01-01T00:00:00Z</CreateTime><InvalidationBatch><Paths>"
            "<Quantity>0</Quantity></Paths><CallerReference>x</CallerReference>"
            "</InvalidationBatch></Invalidation>"
        )
        assert re.fullmatch(r"I\d+", number)
        return text.encode()

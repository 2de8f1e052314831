"""Passes that are killed at a moment that somebody chose: `python -m tests.integration.mortal`.

A moment is before or after a request that leaves the process (a round trip to Redis, a request to
S3), or a change of what lies where on disk. Each line of standard input names one ("" for none): a
fork then runs a whole pass over the mount "media", and kills itself at that moment with SIGKILL.
The answer is a line of JSON: the moments that it met, and whether it was killed. Nothing is
connected before the fork.

With `--boto3` obstore is not there; with `--impatient` what was freed lies aside for no time.
"""

import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import sha1
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

S3_CALLS = {
    ("PUT", "partNumber"): "put part",
    ("POST", "uploads"): "begin parts of",
    ("POST", "uploadId"): "complete",
    ("POST", "delete"): "delete objects of",
    ("GET", "list-type"): "list",
    ("HEAD", ""): "head",
    ("PUT", ""): "put",
}
"""Method and what the query has -> what is asked of S3."""


class Moments:
    """Tells each moment into a pipe, and is the end of the process at the chosen one."""

    def __init__(self, last: str, out: int) -> None:
        self._last = last
        self._out = out
        self._met: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def around(self, request: str) -> Iterator[None]:
        """The moments before and after a request."""
        self._meet(f"before {request}")
        yield
        self._meet(f"after {request}")

    def _meet(self, name: str) -> None:
        with self._lock:
            self._met[name] += 1
            moment = f"{name} #{self._met[name]}"
            os.write(self._out, f"{moment}\n".encode())
            if moment == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


def surround(owner: Any, attribute: str, moments: Moments, name: Callable[..., str]) -> None:
    """Have the moments around each call of a function that `name` calls a request."""
    inner = getattr(owner, attribute)

    @wraps(inner)
    def call(*args: Any, **options: Any) -> Any:
        request = name(*args)
        if not request:
            return inner(*args, **options)
        with moments.around(request):
            return inner(*args, **options)

    setattr(owner, attribute, call)


def scripts() -> dict[str, str]:
    """SHA-1 -> name, of the Lua scripts."""
    found = [
        path
        for path in (files("s3rewrite.registry") / "lua").iterdir()
        if path.name.endswith(".lua")
    ]
    return {sha1(path.read_bytes()).hexdigest(): path.name[:-4] for path in found}


def s3_call(_: Any, request: Any) -> str:
    """What a request of boto3 asks for, and of what."""
    url = urlsplit(request.url)
    path = unquote(url.path)
    if "x-amz-copy-source" in request.headers:
        return f"copy to {path}"
    query = parse_qs(url.query, keep_blank_values=True)
    for (method, part), call in S3_CALLS.items():
        if request.method == method and (part in query or not part):
            return f"{call} {path} {query.get('partNumber', [''])[0]}".strip()
    return f"{request.method} {request.url}"


def watch(moments: Moments) -> None:
    """Meet the moments of all that speaks with Redis and S3."""
    import redis
    from botocore.httpsession import URLLib3Session

    from s3rewrite.cdn import Cloudflare
    from s3rewrite.s3 import visitors
    from s3rewrite.sync.freeing import asides
    from s3rewrite.sync.freeing import free as freeing

    for owner, change in ((os, "symlink"), (os, "unlink"), (freeing, "exchange")):
        surround(owner, change, moments, lambda *_, change=change, **__: change)
    surround(visitors, "fetch", moments, lambda url, **_: f"ask as a visitor {url}")
    surround(Cloudflare, "_send", moments, lambda *_: "clear the CDN")
    if "--impatient" in sys.argv:
        asides.ASIDE_SECONDS = 0.0
    script = scripts()

    def command(words: Any) -> str:
        word = str(words[0])
        return script.get(str(words[1]), word) if word == "EVALSHA" else word

    def pipeline(found: Any) -> str:
        return "+".join(dict.fromkeys(command(words) for words, _ in found.command_stack))

    surround(redis.Redis, "execute_command", moments, lambda _, *words: command(words))
    surround(redis.client.Pipeline, "execute", moments, pipeline)
    surround(URLLib3Session, "send", moments, s3_call)
    if "--boto3" not in sys.argv:
        import obstore

        surround(obstore, "put", moments, lambda _, key, *__: f"put by obstore {key}")


def run(last: str) -> tuple[list[str], bool]:
    """Fork a process that runs a pass. The moments it met, and whether it was killed."""
    readable, writable = os.pipe()
    process = os.fork()
    if not process:
        os.close(readable)
        os._exit(live(Moments(last, writable)))
    os.close(writable)
    with os.fdopen(readable) as told:
        met = told.read().splitlines()
    _, status = os.waitpid(process, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("the pass failed")
    return met, os.WIFSIGNALED(status)


def live(moments: Moments) -> int:
    """The pass; 0 where all went well."""
    from s3rewrite import conf
    from s3rewrite.sync.context import SyncContext
    from s3rewrite.sync.passes import whole_pass

    watch(moments)
    report = whole_pass(SyncContext(conf.mount("media")))
    if not report.is_ok:
        sys.stderr.write(f"{report}\n")
    return int(not report.is_ok)


def main() -> None:
    """Answer each line."""
    import django

    if "--boto3" in sys.argv:
        sys.modules["obstore"] = None  # type: ignore[assignment]  # as if not installed
    django.setup()
    import s3rewrite.sync.passes  # noqa: F401 - each fork has it already

    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(line.strip())) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

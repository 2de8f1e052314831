"""What a person may ask about: a page of the site, a file on disk, a URL or a name of a mount."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from django.core.management.base import CommandError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from s3rewrite import conf
from s3rewrite.core.content_types import DEFAULT, content_type
from s3rewrite.core.mounts import Mount
from s3rewrite.explain.explanation import Explanation, explain_response, explain_urls
from s3rewrite.explain.pages import default_host, fetch
from s3rewrite.explain.publication import MISSING, name_at, reasons_by_name
from s3rewrite.linking.resolver import get_resolver


class Subject(NamedTuple):
    """What was asked about, in words, and its explanation."""

    title: str
    explanation: Explanation


def explain_subject(subject: str, host: str | None) -> Subject:
    """The explanation of `subject`: a URL, a page, a file or a name. Raises CommandError."""
    parts = urlsplit(subject)
    host = host or parts.netloc or default_host()
    request = RequestFactory().get("/", headers={"host": host})
    for mount in conf.mounts().values():
        if name := name_at(mount, subject):
            return Subject(subject, explain_urls(request, _urls(name, [mount])))
    if any(os.fsencode(subject).startswith(t.prefixes) for t in get_resolver(request).targets):
        return Subject(subject, explain_urls(request, [subject]))
    if parts.scheme in ("http", "https") or (parts.path.startswith("/") and not _is_file(subject)):
        path = parts._replace(scheme="", netloc="").geturl() or "/"
        return _of_page(path, host)
    if _is_file(subject):
        return _of_file(Path(subject), request)
    return _of_name(subject, request)


def _is_file(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - False, not an error, for a text that is no path


def _of_page(path: str, host: str) -> Subject:
    try:
        request, response, streams, passes = fetch(path, host)
        explanation = explain_response(request, response, streams=streams)
    except Exception as error:
        raise CommandError(f"{path} at {host} raises {error!r}.") from error
    if response.status_code >= 400:
        raise CommandError(f"{path} at {host} answers {response.status_code}.")
    kind = response.get("Content-Type", "no Content-Type")
    seen = explanation if passes else explanation.without_middleware()
    return Subject(f"{path} at {host}: {response.status_code}, {kind}", seen)


def _of_file(path: Path, request: HttpRequest) -> Subject:
    known = content_type(path.name)
    kind = "text/html" if known == DEFAULT else known
    try:
        body = path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    response = HttpResponse(body, content_type=f"{kind}; charset=utf-8")
    return Subject(f"{path}: {kind}", explain_response(request, response))


def _of_name(name: str, request: HttpRequest) -> Subject:
    mounts = list(conf.mounts().values())
    holding = [mount for mount in mounts if reasons_by_name(mount, [name])[name] != MISSING]
    return Subject(name, explain_urls(request, _urls(name, holding or mounts)))


def _urls(name: str, mounts: Sequence[Mount]) -> list[str]:
    try:
        storages = [conf.storage_of(mount) for mount in mounts]
        return [getattr(storage, "local_url", storage.url)(name) for storage in storages]
    except (NotImplementedError, ValueError) as error:
        raise CommandError(f"{name} has no URL: {error}") from error

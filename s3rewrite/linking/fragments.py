"""What template tags do, as plain functions: a value -> its URL, HTML -> the same, linked."""

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from django.core.files.storage import Storage, default_storage
from django.http import HttpRequest

from s3rewrite import conf, rewriters
from s3rewrite.linking.errors import contain_errors
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.rewriters import html

# A name may hold a colon, so it takes more than that to be a URL.
_URL = re.compile(r"/|[a-zA-Z][a-zA-Z0-9+.-]*://|data:")


def request_in(context: Any) -> HttpRequest | None:
    """The request in a context of Django's templates, or of Jinja2's, if there is one."""
    request = context.get("request")
    return request if isinstance(request, HttpRequest) else None


def url_of(value: Any, request: HttpRequest | None = None, mount: str | None = None) -> str:
    """The S3 URL of a file that S3 holds, its local URL otherwise; "" for no file.

    `value` is a FieldFile, or another file with a URL; a URL, which begins with `/`, `https://`
    or the like; or a name in the storage of `mount`, an alias of S3REWRITE. Without `mount` that
    is the first one.
    """
    local = _local_url(value, mount)
    with contain_errors(request):
        return get_resolver(request).url(local)
    return local


async def aurl_of(value: Any, request: HttpRequest | None = None, mount: str | None = None) -> str:
    """As `url_of`; the event loop does not wait for Redis."""
    local = _local_url(value, mount)
    with contain_errors(request):
        return await get_resolver(request).aurl(local)
    return local


def absolute(url: str, request: HttpRequest | None = None) -> str:
    """A URL with an origin: its own, the request's, or SITE_URL. Raises ImproperlyConfigured."""
    if not url.startswith("/"):
        return url
    if request:
        return request.build_absolute_uri(url)
    if url.startswith("//"):
        return f"https:{url}"
    site = next((mount.site_url for mount in conf.mounts().values() if mount.site_url), "")
    if not site:
        raise ImproperlyConfigured(f"{url} has no host: set SITE_URL, or give the request.")
    return site + url


def rewrite_html(text: str, request: HttpRequest | None = None) -> str:
    """A piece of HTML with its files linked as the middleware does in a whole page."""
    with contain_errors(request):
        resolver = get_resolver(request)
        body = text.encode("utf-8", "surrogatepass")
        body = rewriters.rewrite(body, resolver.scope(utf8=True), html.collect, resolver.resolve)
        return body.decode("utf-8", "surrogatepass")
    return text


async def arewrite_html(text: str, request: HttpRequest | None = None) -> str:
    """As `rewrite_html`; the event loop does not wait for Redis."""
    with contain_errors(request):
        resolver = get_resolver(request)
        body = text.encode("utf-8", "surrogatepass")
        candidates = html.collect(body, resolver.scope(utf8=True))
        links = await resolver.aresolve([candidate.url for candidate in candidates])
        return rewriters.splice(body, candidates, links).decode("utf-8", "surrogatepass")
    return text


def _local_url(value: Any, mount: str | None) -> str:
    if isinstance(value, File):
        return str(value.url) if value.name else ""  # type: ignore[attr-defined]
    text = "" if value is None else str(value)
    return text if not text or _URL.match(text) else _storage(mount).url(text)


def _storage(mount: str | None) -> Storage:
    if mount is not None:
        return conf.storage_of(conf.mount(mount))
    first = next(iter(conf.mounts().values()), None)
    return conf.storage_of(first) if first else default_storage

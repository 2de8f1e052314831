"""What template tags do, as plain functions: a value -> its URL, HTML -> the same, linked."""

import json
import re
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from django.core.files.storage import Storage, default_storage
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from s3rewrite import conf, rewriters
from s3rewrite.linking.access import of_view
from s3rewrite.linking.errors import contain_errors
from s3rewrite.linking.resolver import Resolver, get_resolver
from s3rewrite.linking.response import hashed_by_settings
from s3rewrite.rewriters import html
from s3rewrite.rewriters.table.conditions import is_document
from s3rewrite.rewriters.types import Scope

# A name may hold a colon, so it takes more than that to be a URL.
_URL = re.compile(r"/|[a-zA-Z][a-zA-Z0-9+.-]*://|data:")


def request_in(context: Any) -> HttpRequest | None:
    """The request in a context of Django's templates, or of Jinja2's, if there is one."""
    request = context.get("request")
    return request if isinstance(request, HttpRequest) else None


def url_of(
    value: Any,
    request: HttpRequest | None = None,
    mount: str | None = None,
    *,
    may_sign: bool = True,
) -> str:
    """The S3 URL of a file that S3 holds, its local URL otherwise; "" for no file.

    `value` is a FieldFile, or another object with a `url`; a URL, which begins with `/`, `https://`
    or the like; or a name in the storage of `mount`, an alias of S3REWRITE. Without `mount` that
    is the first one. A document's is the local one: what it refers to is there. Of a private mount
    it has a signature, unless `may_sign` is False: then it is the local one.
    """
    local = _local_url(value, mount)
    with contain_errors(request):
        access = of_view(request, asks_rule=False) if may_sign else None
        return local if _is_document(local) else get_resolver(request).url(local, access)
    return local


async def aurl_of(value: Any, request: HttpRequest | None = None, mount: str | None = None) -> str:
    """As `url_of`; the event loop does not wait for Redis."""
    local = _local_url(value, mount)
    with contain_errors(request):
        access = of_view(request, asks_rule=False)
        return local if _is_document(local) else await get_resolver(request).aurl(local, access)
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


def rewrite_html(text: str, request: HttpRequest | None = None, *, may_sign: bool = True) -> str:
    """A piece of HTML with its files linked as the middleware does in a whole page."""
    with contain_errors(request):
        resolver = get_resolver(request)
        body = text.encode("utf-8", "surrogatepass")
        access = of_view(request, asks_rule=True) if may_sign else None
        resolve = partial(resolver.resolve, access=access)
        body = rewriters.rewrite(body, _scope(resolver), html.collect, resolve)
        return body.decode("utf-8", "surrogatepass")
    return text


async def arewrite_html(text: str, request: HttpRequest | None = None) -> str:
    """As `rewrite_html`; the event loop does not wait for Redis."""
    with contain_errors(request):
        resolver = get_resolver(request)
        body = text.encode("utf-8", "surrogatepass")
        candidates = html.collect(body, _scope(resolver))
        access = of_view(request, asks_rule=True)
        links = await resolver.aresolve([candidate.url for candidate in candidates], access)
        return rewriters.splice(body, candidates, links).decode("utf-8", "surrogatepass")
    return text


def _scope(resolver: Resolver) -> Scope:
    """What is known of the page that a piece will be in: the policy of the settings."""
    return replace(resolver.scope(utf8=True), hashed=hashed_by_settings())


def fallback_script(request: HttpRequest | None = None) -> str:
    """The element of the script that leads what does not come from S3 back to this site.

    It has the mounts' prefixes as data, written so that no rewriter takes them for URLs; and the
    request's nonce, if django-csp or Django 6 gives it one.
    """
    with contain_errors(request):
        mounts = sorted(conf.mounts().values(), key=lambda mount: -len(mount.public_url))
        prefixes = [(m.public_url, conf.url_prefix(m), m.paths.fingerprinted) for m in mounts]
        data = quote(json.dumps([prefix for prefix in prefixes if prefix[1]]), safe="")
        nonces = (getattr(request, name, None) for name in ("csp_nonce", "_csp_nonce"))
        nonce = next((str(nonce) for nonce in nonces if nonce is not None), "")
        attribute = format_html(' nonce="{}"', nonce) if nonce else ""
        element = '<script src="{}" data-mounts="{}"{}></script>'
        return format_html(element, static("s3rewrite/fallback.js"), data, attribute)
    return SafeString("")


def _local_url(value: Any, mount: str | None) -> str:
    # No file, or a variable that Jinja2 does not know; from Django 6.1 on a File is always true.
    if not value or (isinstance(value, File) and not value.name):
        return ""
    # Renditions and documents of Wagtail and files of django-filer have one, and are no files.
    has_url = isinstance(value, File) or (not isinstance(value, str) and hasattr(value, "url"))
    if has_url:
        url = value.url() if callable(value.url) else value.url
        return str(url or "")
    text = str(value)
    return text if _URL.match(text) else _storage(mount).url(text)


def _is_document(url: str) -> bool:
    return is_document(url.encode("utf-8", "surrogatepass"))


def _storage(mount: str | None) -> Storage:
    if mount is not None:
        return conf.storage_of(conf.mount(mount))
    first = next(iter(conf.mounts().values()), None)
    return conf.storage_of(first) if first else default_storage

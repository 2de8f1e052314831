"""The headers that say what the bytes of a body are: they must speak of those that are sent."""

from hashlib import blake2b

from django.http import HttpResponse
from django.http.response import HttpResponseBase

# What the original bytes were. RFC 9530; RFC 9110 8.8.2 and, for ranges of them, 14.3
_STALE = ("Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Last-Modified")
_LENGTH_AND_TAG = ("Content-Length", "ETag", "Accept-Ranges")


def set_body_headers(response: HttpResponseBase, body: bytes) -> None:
    """Make the headers speak of the bytes that are sent.

    Also where no link changed: a later answer may link the same files elsewhere, and a 304 by
    an ETag or a date of the view would keep the links of this one alive.
    """
    if etag := response.get("ETag"):
        response["ETag"] = _etag(etag, body)
    if response.has_header("Content-Length"):
        response["Content-Length"] = str(len(body))
    for header in _STALE:
        del response[header]


def forget_body(response: HttpResponseBase) -> None:
    """Drop what depends on the bytes of a body that nobody knows yet."""
    for header in (*_STALE, *_LENGTH_AND_TAG):
        del response[header]


def forget_absent_body(response: HttpResponseBase) -> None:
    """Drop what depends on the body that GET would have, where a HEAD was answered without it.

    It would not be what GET says. RFC 9110 9.3.2
    """
    if isinstance(response, HttpResponse) and not response.content:
        forget_body(response)


def _etag(etag: str, body: bytes) -> str:
    weak = "W/" if etag.startswith("W/") else ""
    return f'{weak}"{blake2b(body, digest_size=16).hexdigest()}"'

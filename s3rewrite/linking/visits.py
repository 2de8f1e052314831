"""A visit: one request, and what its response has to say of the private files that it links."""

import math
from collections.abc import Collection
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from http.cookies import Morsel
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.core.signals import request_finished, request_started
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.linking.freshness import restrict_caching
from s3rewrite.signing import Cookie, Signer, Window, signer_of
from s3rewrite.signing.windows import now

Answer = bool | Collection[str]
"""What a rule of ALLOW says: all names or none, or those which the visitor may see."""

MARK = "s3rewrite_private"
"""The attribute of a response that is for one person."""

_VISIT = "_s3rewrite_visit"
"""The attribute of a request that holds its visit."""

_current: ContextVar["Visit | None"] = ContextVar("s3rewrite_visit", default=None)


@dataclass(eq=False)
class Visit:
    """One request. Template tags and the middleware note what they sign."""

    request: HttpRequest
    is_open: bool = True
    """Whether the headers of the response can still be set."""
    is_uncached: bool = False
    """Whether a mark on the response is of this request, and not of one whose page was cached."""
    ends: float = math.inf
    """When a page that holds the links may no longer be kept, in seconds since 1970."""
    is_leaving: bool = False
    """Whether the user has logged out."""
    cookies: dict[str, tuple[float, tuple[Cookie, ...]]] = field(default_factory=dict)
    """When the signatures of the mounts that are linked end, by alias, and their cookies."""
    answers: dict[str, dict[str, bool]] = field(default_factory=dict)
    """What a rule said of the names of a mount, by its alias."""

    def carries(self, mount: Mount) -> bool:
        """Whether the response says, or can still say, that it holds links of a mount."""
        return self.is_open or mount.alias in self.cookies

    def note(self, mount: Mount, signer: Signer, window: Window) -> None:
        """The response holds links of a private mount. Raises SigningError."""
        expires = signer.expires(window)
        self.ends = min(self.ends, window.ends, expires)
        self.cookies[mount.alias] = (expires, signer.cookies(window))
        self.keep_out_of_caches()

    def keep_out_of_caches(self) -> None:
        """Have Django's cache middleware, and `cache_page`, not store the response."""
        self.is_uncached = True
        self.request._cache_update_cache = False  # type: ignore[attr-defined]

    def is_marked(self, response: HttpResponseBase) -> bool:
        """Whether a response says that it is for one person: for the one who asked for it now.

        One from Django's cache may have been marked for another visitor.
        """
        is_cached = getattr(self.request, "_cache_update_cache", None) is False
        return getattr(response, MARK, False) is True and (self.is_uncached or not is_cached)

    def finish(self, response: HttpResponseBase) -> None:
        """Set the headers of a response; what comes later stays local."""
        self.is_open = False
        if self.ends < math.inf:
            restrict_caching(response, int(self.ends - now()))
        for expires, cookies in self.cookies.values():
            for cookie in cookies:
                # As long as a signature in a URL: an open page fetches more, and plays on.
                _set(response, cookie, int(expires - now()))
        if self.is_leaving:
            forget_cookies(response)


def begin_visit(request: HttpRequest) -> Visit:
    """A visit for a request, which `visit_of` finds until that has ended, streams included."""
    visit = Visit(request)
    setattr(request, _VISIT, visit)
    _current.set(visit)
    return visit


def visit_of(request: HttpRequest | None) -> Visit | None:
    """The visit of a request; without one, that which goes on; None outside of any."""
    return getattr(request, _VISIT, None) if request is not None else _current.get()


def forget_cookies(response: HttpResponseBase) -> None:
    """Have the browser drop the cookies that open private files, as at the end of a session.

    A link that somebody has copied works until its signature ends.
    """
    window = Window(0, 0)
    for mount in conf.mounts().values():
        for cookie in _cookies_of(mount, window):
            _set(response, cookie._replace(value=""), 0)


def _cookies_of(mount: Mount, window: Window) -> tuple[Cookie, ...]:
    if not mount.is_private:
        return ()
    try:
        return signer_of(mount).cookies(window)
    except Exception:  # a check reports it
        return ()


def _set(response: HttpResponseBase, cookie: Cookie, seconds: int) -> None:
    morsel = _morsel(cookie).copy()
    morsel["max-age"] = seconds
    earlier = response.cookies.pop(cookie.name, None)
    response.cookies[cookie.name] = morsel
    # The cookies of all mounts have the same names, and `response.cookies` one place for a name.
    if earlier and (earlier["domain"], earlier["path"]) != (cookie.domain, cookie.path):
        response.cookies[f"{cookie.name} {earlier['domain']}{earlier['path']}"] = earlier


# Django's set_cookie, which looks at each value anew, takes four times as long.
@lru_cache(maxsize=64)
def _morsel(cookie: Cookie) -> "Morsel[str]":
    morsel: Morsel[str] = Morsel()
    morsel.set(cookie.name, cookie.value, cookie.value)
    attributes = {"domain": cookie.domain, "path": cookie.path, "samesite": cookie.same_site}
    flags: Any = {"secure": cookie.is_secure, "httponly": True}
    morsel.update({**attributes, **flags})
    return morsel


def _note_logout(request: HttpRequest | None, **_: Any) -> None:
    if request is not None and (visit := visit_of(request)):
        visit.is_leaving = True


_NOBODY = Visit(HttpRequest(), is_open=False)
"""In a request that no middleware has seen, or not yet: its response is kept from no cache."""


def _await_visit(**_: Any) -> None:
    _current.set(_NOBODY)


def _end_visit(**_: Any) -> None:
    _current.set(None)


user_logged_out.connect(_note_logout)
request_started.connect(_await_visit)
request_finished.connect(_end_visit)

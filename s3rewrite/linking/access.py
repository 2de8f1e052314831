"""Private files in a response: whose decision it is that a visitor sees them, and their links.

| who links            | the response | ALLOW has a rule | signed are                        |
|----------------------|--------------|------------------|-----------------------------------|
| `s3_url`, `url()`    | to be sent   | any              | all: the view that asks has decided |
| `{% s3rewrite %}`    | to be sent   | no               | all                               |
| `{% s3rewrite %}`    | to be sent   | yes              | what the rule allows              |
| the middleware       | marked       | no               | all                               |
| the middleware       | not marked   | no               | none                              |
| the middleware       | any          | yes              | what the rule allows              |
| a tag, or a function | sent already | any              | none: it cannot be kept from caches |
| a tag                | in `{% cache %}` | any          | none: others get it, and later    |
| a tag, or a function | of no visit  | any              | none, as above: no middleware saw it |

A cookie opens the whole mount. So where cookies are signed, a rule is asked whoever links, and has
to allow all (True); and nothing is linked outside of a visit, which takes the cookie along.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from s3rewrite import conf
from s3rewrite.core.entries import is_name
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import parse_local_path, quote_name
from s3rewrite.linking.errors import contain_errors
from s3rewrite.linking.visits import Answer, Visit, visit_of
from s3rewrite.rewriters.types import Link
from s3rewrite.signing import Signer, Window, current_window, signer_of
from s3rewrite.signing.windows import now

Rule = Callable[[HttpRequest, Sequence[str]], Any]


@dataclass(frozen=True, slots=True)
class Access:
    """Who decides about the private files of one response, or of one link."""

    visit: Visit | None
    is_decided: bool
    """Whether a view has decided: it marked its response, or asks for these very links."""
    asks_rule: bool = True
    """Whether a rule in ALLOW has the last word."""

    def granted(self, mount: Mount, names: Sequence[str]) -> Collection[str]:
        """Those of a private mount's names that are signed. Raises what the rule raises."""
        rule = self._rule(mount)
        if rule and (unknown := self._unknown(mount, names)):
            self._learn(mount, unknown, ask(rule, self._request, unknown))
        return self._allowed(mount, names) if rule else self._decided(names)

    async def agranted(self, mount: Mount, names: Sequence[str]) -> Collection[str]:
        """As `granted`; the event loop does not wait for the rule."""
        rule = self._rule(mount)
        if rule and (unknown := self._unknown(mount, names)):
            self._learn(mount, unknown, await aask(rule, self._request, unknown))
        return self._allowed(mount, names) if rule else self._decided(names)

    def announce(self) -> None:
        """Say now what a body that streams may link later, when its headers are sent.

        Where a cookie opens a mount, and a rule decides who gets it, that mount stays local.
        """
        for mount in conf.mounts().values():
            with contain_errors(self._request):
                is_open = mount.is_private and (signer := signer_of(mount))
                if is_open and not (signer.uses_cookies and self._rule(mount)):
                    cast("Visit", self.visit).note(mount, signer, current_window(mount.window))

    @property
    def _request(self) -> HttpRequest:
        return cast("Visit", self.visit).request

    def _rule(self, mount: Mount) -> Rule | None:
        if not self.asks_rule and not signer_of(mount).uses_cookies:
            return None
        return conf.access_rule(mount)

    def _decided(self, names: Sequence[str]) -> Collection[str]:
        return names if self.is_decided else ()

    def _unknown(self, mount: Mount, names: Sequence[str]) -> list[str]:
        """What the rule was not asked about; nothing where there is nobody whom it is about."""
        known = self.visit.answers.get(mount.alias, {}) if self.visit else names
        return [name for name in dict.fromkeys(names) if name not in known]

    def _learn(self, mount: Mount, names: Sequence[str], answer: Answer) -> None:
        """Yes to these names is no yes to those that come later: the rule has not seen them."""
        allowed = frozenset(names if answer is True else answer or ())
        if answer is not True and signer_of(mount).uses_cookies:
            allowed = frozenset()
        known = cast("Visit", self.visit).answers.setdefault(mount.alias, {})
        known.update({name: name in allowed for name in names})

    def _allowed(self, mount: Mount, names: Sequence[str]) -> Collection[str]:
        answers = self.visit.answers.get(mount.alias, {}) if self.visit else {}
        return {name for name in names if answers.get(name)}


def of_response(request: HttpRequest, response: HttpResponseBase) -> Access | None:
    """The middleware's access; None where no mount is private."""
    visit = visit_of(request) if conf.has_private() else None
    return Access(visit, visit.is_marked(response)) if visit else None


@contextmanager
def explained(request: HttpRequest, response: HttpResponseBase) -> Iterator[Access | None]:
    """The access that `of_response` gives, for a look that leaves request and caches alone."""
    if not conf.has_private():
        yield None
        return
    visit = Visit(request)
    is_stored = getattr(request, "_cache_update_cache", None)
    try:
        yield Access(visit, visit.is_marked(response))
    finally:
        request._cache_update_cache = is_stored  # type: ignore[attr-defined]


def of_stream(request: HttpRequest, response: HttpResponseBase) -> Access | None:
    """The same for a body that streams: only one that is marked is for one person."""
    access = of_response(request, response)
    return access if access and access.is_decided else None


def of_view(request: HttpRequest | None, *, asks_rule: bool) -> Access | None:
    """That of a template tag, or of a function that a view calls; None: nothing may be signed."""
    if not conf.has_private():
        return None
    visit = visit_of(request)
    # Nobody would keep the response to such a request out of caches: the middleware is missing.
    is_lost = visit is None and request is not None
    is_late = visit is not None and not visit.is_open
    return None if is_lost or is_late else Access(visit, True, asks_rule)


def ask(rule: Rule, request: HttpRequest, names: Sequence[str]) -> Answer:
    """What a rule says of names; it may be a coroutine function. Raises what it raises."""
    called: Rule = async_to_sync(rule) if iscoroutinefunction(rule) else rule
    try:
        return understood(called(request, [*names]))
    except PermissionDenied:
        return False


async def aask(rule: Rule, request: HttpRequest, names: Sequence[str]) -> Answer:
    """As `ask`; a rule that is no coroutine function runs where Django's views do."""
    called = rule if iscoroutinefunction(rule) else sync_to_async(rule)
    try:
        return understood(await cast("Awaitable[Any]", called(request, [*names])))
    except PermissionDenied:
        return False


def understood(answer: Any) -> Answer:
    """An answer of a rule: True for all; names, or a dict of them, for some; else for none."""
    if answer is True:
        return True
    if isinstance(answer, Mapping):
        return frozenset(name for name, allowed in answer.items() if allowed is True)
    if isinstance(answer, str) or not hasattr(answer, "__iter__"):
        return False
    return frozenset(name for name in answer if isinstance(name, str))


@dataclass(frozen=True, slots=True)
class PrivateLinks:
    """The links of one private mount in a batch, by their places: for cookies, and whole."""

    mount: Mount
    names: dict[int, str]
    links: dict[int, tuple[Link, Link]]

    def grant(self, access: Access) -> dict[int, Link]:
        """The links that are signed. An error costs those of this mount alone."""
        with contain_errors(access.visit.request if access.visit else None):
            return self._signed(access, access.granted(self.mount, [*self.names.values()]))
        return {}

    async def agrant(self, access: Access) -> dict[int, Link]:
        """As `grant`; the event loop does not wait for the rule."""
        with contain_errors(access.visit.request if access.visit else None):
            return self._signed(access, await access.agranted(self.mount, [*self.names.values()]))
        return {}

    def _signed(self, access: Access, granted: Collection[str]) -> dict[int, Link]:
        allowed = frozenset(granted)
        numbers = [number for number, name in self.names.items() if name in allowed]
        signer, window = signer_of(self.mount), current_window(self.mount.window)
        expires = signer.expires(window)
        if not numbers or expires <= now():
            return {}
        visit = access.visit
        if not visit.carries(self.mount) if visit else signer.uses_cookies:
            return {}
        if visit:
            visit.note(self.mount, signer, window)
        if signer.uses_cookies:
            return {number: self.links[number][0] for number in numbers}
        wholes = {number: self.links[number][1] for number in numbers}
        return {number: _signed(link, signer, window, expires) for number, link in wholes.items()}


def _signed(link: Link, signer: Signer, window: Window, expires: int) -> Link:
    """A whole link with the signature that opens it. Raises SigningError."""
    return link._replace(signature=_query(signer, link.text.decode(), window, expires))


@lru_cache(maxsize=16_384)
def _query(signer: Any, url: str, window: Window, expires: int) -> bytes:
    """A signature, once for all pages of a window: RSA takes a third of a millisecond."""
    query: str = signer.query(f"https:{url}" if url.startswith("//") else url, window)
    return query.encode()


def is_plain_name(name: str) -> bool:
    """Whether a name is written in the one way in which rule, disk and S3 read the same in it."""
    path = parse_local_path(quote_name(name).encode()) if is_name(name) else None
    return path is not None and path.name == name


def may_see(request: HttpRequest, mount: Mount, name: str) -> bool:
    """Whether the rule in ALLOW shows a name to a visitor. Raises what the rule raises."""
    rule = conf.access_rule(mount)
    answer = ask(rule, request, [name]) if rule else False
    return answer if isinstance(answer, bool) else name in answer


def opening_url(request: HttpRequest, mount: Mount, name: str, fingerprint: str) -> tuple[str, int]:
    """A URL by which a visitor who may see a file gets it, and the seconds for which that is kept.

    "" where a cookie would open more than that. Raises SigningError.
    """
    signer, window = signer_of(mount), current_window(mount.window)
    link = Link(0, mount.paths.url(name, fingerprint).encode())
    access = Access(visit_of(request), is_decided=True, asks_rule=False)
    granted = PrivateLinks(mount, {0: name}, {0: (link, link)}).grant(access)
    if not granted:
        return "", 0
    url = granted[0].written().decode()
    return url, max(0, int(min(window.ends, signer.expires(window)) - now()))

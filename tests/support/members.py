"""A site whose files are for members: how it signs, its pages, and what a browser makes of them."""

from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import urljoin

from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.test import Client
from django.urls import path

from demo.servers import HOST
from s3rewrite import conf
from s3rewrite.decorators import s3rewrite_private
from s3rewrite.views import private
from tests.support.cloudfront import CloudFront, Signer

HEADER = "Member"
ORIGIN = "http://testserver"

PAGE = (
    "{% load s3rewrite %}<!DOCTYPE html><meta charset=utf-8><title>x</title>{% for url in urls %}"
)
LINKED = PAGE + '<img src="{{ url }}">{% endfor %}'
TAGGED = PAGE + '<img src="{% s3_url url %}">{% endfor %}'


class Way(NamedTuple):
    """How links are signed: the backend's last name, the kind of key, and the hash."""

    backend: str
    kind: str = ""
    hash_name: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, self))

    @property
    def signer(self) -> Signer:
        return Signer(f"K2{self.kind}", self.kind, self.hash_name)

    def options(self, cdn: CloudFront) -> dict[str, Any]:
        """What the mount says of it; `cdn` stands before its bucket."""
        if self.backend == "sigv4":
            return {}
        key = {"KEY_ID": self.signer.key_id, "KEY": self.signer.pem, "HASH": self.hash_name}
        signing = {"BACKEND": f"s3rewrite.signing.{self.backend}", **key}
        if self.backend == "cookies":
            signing["DOMAIN"] = HOST
        return {"PUBLIC_URL": f"{cdn.url}media/", "SIGNING": signing}


SIGV4 = Way("sigv4")
CLOUDFRONT = [
    Way(*way) for way in product(("urls", "cookies"), ("rsa", "ecdsa"), ("SHA1", "SHA256"))
]
URLS, COOKIES = CLOUDFRONT[0], CLOUDFRONT[-1]


def may_see(request: HttpRequest, names: Sequence[str]) -> bool:
    return request.headers.get(HEADER) == "yes"


def files(request: HttpRequest) -> list[str]:
    """The local URLs of the files that are asked for."""
    storage = conf.storage_of(conf.mount("media"))
    return [storage.url(name) for name in request.GET.getlist("name")]


def rendered(template: str, request: HttpRequest) -> HttpResponse:
    engine = Engine(libraries={"s3rewrite": "s3rewrite.templatetags.s3rewrite"})
    context = Context({"urls": files(request), "request": request})
    return HttpResponse(engine.from_string(template).render(context))


def linked(request: HttpRequest) -> HttpResponse:
    """Linked by the middleware."""
    return rendered(LINKED, request)


def tagged(request: HttpRequest) -> HttpResponse:
    """Linked by the template tag."""
    return rendered(TAGGED, request)


urlpatterns = [
    path("linked/", linked),
    path("tagged/", tagged),
    path("marked/", s3rewrite_private(linked)),
    path("media/<path:name>", private),
]


class _Sources(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [urljoin(ORIGIN, value or "") for name, value in attrs if name == "src"]


def sources(response: Any) -> list[str]:
    """The URLs of a page's pictures, as a browser reads them."""
    parser = _Sources()
    parser.feed(response.content.decode())
    return parser.found


def member() -> Client:
    return Client(headers={HEADER: "yes"})


def cookies_of(client: Client) -> dict[str, str]:
    """What the client's browser sends to the CDN."""
    return {
        name: morsel.value for name, morsel in client.cookies.items() if morsel["domain"] == HOST
    }

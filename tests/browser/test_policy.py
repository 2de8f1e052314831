"""Django's admin with its static files on S3, under the policy that the check asks for."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import path
from django.views.static import serve
from playwright.sync_api import Browser

from demo.servers import SeaweedFS, Valkey, free_ports
from s3rewrite import checks, conf
from s3rewrite.sync.passes import whole_pass
from tests.browser.site import Visit, served
from tests.support.factories import job

DJANGO = "django.middleware.csp.ContentSecurityPolicyMiddleware"
PACKAGE = "csp.middleware.CSPMiddleware"
CONTEXTS = ["stylesheet", "script", "import", "font-face"]

# Each policy is completed as W006 asks, until it is silent.
POLICIES: dict[str, dict[str, list[str]]] = {
    "default": {"default-src": ["'self'"]},
    "by directive": {
        "default-src": ["'none'"],
        "connect-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
    },
    "elements": {"default-src": ["'self'"], "script-src": ["'self'", "NONCE"], "style-src": ["*"]},
}


def static(request: HttpRequest, name: str) -> HttpResponseBase:
    from django.conf import settings

    return serve(request, name, settings.STATIC_ROOT)


def strict(request: HttpRequest) -> HttpResponse:
    """A page whose script has a nonce, without which it would be blocked."""
    has_package = hasattr(request, "csp_nonce")
    nonce = str(request.csp_nonce if has_package else request._csp_nonce)  # type: ignore[attr-defined]
    script = f"<script nonce='{nonce}' src=/static/admin/js/theme.js></script>"
    return HttpResponse(f"<!DOCTYPE html><title>x</title>{script}")


urlpatterns = [
    path("admin/", admin.site.urls),
    path("strict/", strict),
    path("static/<path:name>", static),
    path("favicon.ico", lambda request: HttpResponse(content_type="image/x-icon")),
]


def policy_settings(directives: dict[str, Any]) -> dict[str, Any]:
    """The settings with which Django 6, or django-csp before it, sends a policy."""
    if find_spec("django.middleware.csp"):
        from django.utils.csp import CSP

        return {"SECURE_CSP": with_nonce(directives, CSP.NONCE)}
    constants = pytest.importorskip("csp.constants")
    return {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": with_nonce(directives, constants.NONCE)}}


def with_nonce(directives: dict[str, Any], nonce: Any) -> dict[str, Any]:
    return {
        name: [nonce if source == "NONCE" else source for source in sources]
        for name, sources in directives.items()
    }


def hint() -> str:
    """What W006 says is to be done; "" where it says nothing."""
    found = [message for check in checks.CHECKS for message in check(app_configs=None)]
    return next((str(message.hint) for message in found if message.id == "s3rewrite.W006"), "")


def complete(directives: dict[str, list[str]]) -> dict[str, list[str]]:
    """The policy as W006 asks for it, where it asks for something."""
    with override_settings(**policy_settings(directives)):
        asked = re.fullmatch(r'Add "(.*)" to (.*)\.', hint())
    assert asked
    names = asked[2].split(", ")
    default = [source for source in directives["default-src"] if source != "'none'"]
    return directives | {name: [*directives.get(name, default), asked[1]] for name in names}


@pytest.fixture(scope="module")
def site(
    session_valkey: Valkey, session_seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a site whose static files are all in the bucket."""
    for server in (session_valkey, session_seaweedfs):
        server.resume()
        server.start()
    root = tmp_path_factory.mktemp("static")
    session_seaweedfs.create_bucket("policy-static")
    cache = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": session_valkey.url}
    csp = DJANGO if find_spec("django.middleware.csp") else PACKAGE
    mount = {"BUCKET": "policy-static", "STORAGE": "staticfiles", "CONTEXTS": CONTEXTS}
    settings = {
        "ROOT_URLCONF": "tests.browser.test_policy",
        "MIDDLEWARE": [csp, conf.MIDDLEWARE, *_sessions()],
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "CACHES": {"default": cache},
        "STATIC_ROOT": root,
        "S3REWRITE": {"static": {**mount, "CLIENT": session_seaweedfs.client_options}},
    }
    with override_settings(**settings):
        call_command("collectstatic", interactive=False, verbosity=0)
        assert whole_pass(job(conf.mount("static"))).is_ok
        with served(free_ports(1)[0]) as url:
            yield url


def _sessions() -> list[str]:
    from django.conf import settings

    return list(settings.MIDDLEWARE)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    context = browser.new_context()
    yield Visit(context.new_page())
    context.close()


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_is_blocked_under_the_policy_that_the_check_asks_for(
    visit: Visit, site: str, session_seaweedfs: SeaweedFS, name: str
) -> None:
    directives = complete(POLICIES[name])
    public_url = session_seaweedfs.public_url("policy-static", "static/")
    with override_settings(**policy_settings(directives)):
        assert hint() == ""
        visit.open(f"{site}/admin/login/")
        visit.tab.wait_for_load_state("networkidle")
        assert visit.problems == []
        linked = [url for url in visit.statuses if url.startswith(public_url)]
        assert {url.rpartition(".")[2] for url in linked} >= {"css", "js"}
        sheets = visit.tab.evaluate("[...document.styleSheets].map((sheet) => sheet.href)")
        assert f"{public_url}admin/css/base.css" in sheets
        assert visit.tab.evaluate("getComputedStyle(document.body).margin") == "0px"


@pytest.mark.parametrize("name", POLICIES)
def test_what_the_check_asks_for_is_needed(visit: Visit, site: str, name: str) -> None:
    with override_settings(**policy_settings(POLICIES[name])):
        visit.open(f"{site}/admin/login/")
        visit.tab.wait_for_load_state("networkidle")
    assert "violates the following Content Security Policy directive" in " ".join(visit.problems)


@pytest.mark.parametrize("sources", [["NONCE", "'strict-dynamic'"], ["NONCE"]])
def test_a_script_with_a_nonce_needs_no_origin(
    visit: Visit, site: str, session_seaweedfs: SeaweedFS, sources: list[str]
) -> None:
    directives = complete({"default-src": ["'self'"], "script-src": sources})
    assert directives["script-src"] == sources
    with override_settings(**policy_settings(directives)):
        assert hint() == ""
        visit.open(f"{site}/strict/")
        visit.tab.wait_for_load_state("networkidle")
    assert visit.problems == []
    script = session_seaweedfs.public_url("policy-static", "static/admin/js/theme.js")
    assert visit.statuses[script] == [200]

from datetime import UTC, datetime, timedelta

import pytest
from django.http import HttpResponse
from django.utils.http import http_date, parse_http_date

from s3rewrite.linking.freshness import restrict_caching


def directives(response: HttpResponse) -> set[str]:
    return set(response["Cache-Control"].split(", "))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("max-age=60", {"private", "max-age=60"}),
        ("max-age=6000", {"private", "max-age=100"}),
        ('max-age="6000"', {"private", "max-age=100"}),
        ("max-age=soon", {"private", "max-age=0"}),
        ("max-age=-1", {"private", "max-age=0"}),
        ("max-age=99999999999999", {"private", "max-age=0"}),
        ("max-age", {"private", "max-age=0"}),
        ("", {"private", "max-age=0"}),
        ("no-store", {"private", "max-age=0", "no-store"}),
        ("Public, Max-Age=7, Must-Revalidate", {"private", "max-age=7", "must-revalidate"}),
        ('private="Set-Cookie, X", max-age=9', {"private", "max-age=9"}),
        ("s-maxage=900, max-age=900, immutable", {"private", "max-age=100"}),
        ("max-age=5, stale-while-revalidate=900, stale-if-error=9", {"private", "max-age=5"}),
        ('max-age=5, no-cache="a, b", x=1', {"private", "max-age=5", 'no-cache="a', 'b"', "x=1"}),
    ],
)
def test_a_response_is_kept_no_longer_and_by_nobody_else(before: str, after: set[str]) -> None:
    response = HttpResponse(headers={"Cache-Control": before} if before else {})
    restrict_caching(response, 100)
    assert directives(response) == after


@pytest.mark.parametrize(("seconds", "lifetime"), [(50, 50), (5000, 100), (-50, 0)])
def test_a_date_is_a_lifetime_too(seconds: int, lifetime: int) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    response = HttpResponse(headers={"Expires": http_date(moment.timestamp())})
    restrict_caching(response, 100)
    found = int(response["Cache-Control"].rpartition("=")[2])
    assert abs(found - lifetime) <= 2
    assert (
        abs(parse_http_date(response["Expires"]) - moment.timestamp())
        <= abs(seconds - lifetime) + 3
    )


def test_a_date_that_is_none_is_past() -> None:
    response = HttpResponse(headers={"Expires": "0"})
    restrict_caching(response, 100)
    assert "max-age=0" in directives(response)


def test_a_window_that_is_over_leaves_nothing() -> None:
    response = HttpResponse(headers={"Cache-Control": "max-age=60"})
    restrict_caching(response, -5)
    assert "max-age=0" in directives(response)


@pytest.mark.parametrize(
    "header",
    ["CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Surrogate-Control", "X-Accel-Expires"],
)
def test_no_other_header_says_otherwise(header: str) -> None:
    response = HttpResponse(headers={header: "max-age=9000"})
    restrict_caching(response, 100)
    assert not response.has_header(header)

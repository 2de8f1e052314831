from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from s3rewrite.linking.debugging import copy_response, observe_response
from s3rewrite.middleware import S3RewriteMiddleware
from tests.pages import CDN, all_published

__all__ = ["all_published"]

BODY = b"<img src=/media/a.jpg>"


def test_a_witness_sees_the_response_before_it_is_changed(all_published: Any) -> None:
    request = RequestFactory().get("/")
    seen: list[bytes] = []
    observe_response(request, lambda response: seen.append(response.content))  # type: ignore[attr-defined]
    response = S3RewriteMiddleware(lambda request: HttpResponse(BODY))(request)
    assert seen == [BODY]
    assert response.content == f"<img src={CDN}a.jpg>".encode()  # type: ignore[union-attr]


def test_one_witness_does_not_hide_another(
    all_published: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(response: Any) -> None:
        raise RuntimeError("a mistake of a witness")

    request = RequestFactory().get("/")
    seen: list[str] = []
    observe_response(request, explode)
    for name in ("first", "second"):
        observe_response(request, lambda response, name=name: seen.append(name))  # type: ignore[misc]
    response = S3RewriteMiddleware(lambda request: HttpResponse(BODY))(request)
    assert seen == ["first", "second"]
    assert CDN.encode() in response.content  # type: ignore[union-attr]
    assert [record.name for record in caplog.records] == ["s3rewrite"]


def test_a_copy_stays_as_it_is() -> None:
    response = HttpResponse(BODY, status=201, headers={"X-A": "1"})
    response.s3rewrite = ["json"]  # type: ignore[attr-defined]
    copy = copy_response(response, response.content)
    response.content = b"other"
    response["X-A"] = "2"
    assert (copy.content, copy.status_code, copy["X-A"]) == (BODY, 201, "1")
    assert copy.s3rewrite == ["json"]  # type: ignore[attr-defined]
    assert not hasattr(copy_response(HttpResponse(), b""), "s3rewrite")

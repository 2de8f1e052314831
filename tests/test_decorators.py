from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import RequestFactory
from django.utils.decorators import method_decorator
from django.views import View

from s3rewrite.decorators import s3rewrite_contexts, s3rewrite_exempt

REQUEST = RequestFactory().get("/")


@s3rewrite_exempt
def view(request: HttpRequest, number: int) -> HttpResponse:
    """A view."""
    return HttpResponse(str(number))


@s3rewrite_exempt
async def async_view(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(str(number))


@method_decorator(s3rewrite_exempt, name="dispatch")
class ClassView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("sync")


@method_decorator(s3rewrite_exempt, name="dispatch")
class AsyncClassView(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("async")


def is_exempt(response: Any, content: bytes) -> bool:
    assert response.content == content
    return response.s3rewrite is False


def test_a_view() -> None:
    assert not iscoroutinefunction(view)
    assert is_exempt(view(REQUEST, number=3), b"3")


async def test_an_async_view() -> None:
    assert iscoroutinefunction(async_view)
    assert is_exempt(await async_view(REQUEST, number=3), b"3")


def test_a_class() -> None:
    assert is_exempt(ClassView.as_view()(REQUEST), b"sync")


async def test_an_async_class() -> None:
    found = AsyncClassView.as_view()
    assert iscoroutinefunction(found)
    assert is_exempt(await found(REQUEST), b"async")


async def test_a_view_made_from_an_async_class() -> None:
    assert is_exempt(await s3rewrite_exempt(AsyncClassView.as_view())(REQUEST), b"async")


def test_names_and_docstrings_stay() -> None:
    assert (view.__name__, view.__doc__) == ("view", "A view.")


async def test_contexts() -> None:
    @s3rewrite_contexts("json", "my-card[image]")
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert iscoroutinefunction(view)
    response: Any = await view(REQUEST)
    assert response.s3rewrite == ("json", "my-card[image]")


def test_contexts_that_are_none() -> None:
    with pytest.raises(ValueError, match="there is no context 'jsn'"):
        s3rewrite_contexts("json", "jsn")


def listed(request: HttpRequest) -> Any:
    return [{"photo": "/media/a.jpg"}]


async def alisted(request: HttpRequest) -> Any:
    return None


@pytest.mark.parametrize("decorate", [s3rewrite_exempt, s3rewrite_contexts("json")])
async def test_a_view_that_returns_no_response(decorate: Any) -> None:
    with pytest.raises(TypeError, match=r"of listed got a list, which is not a response.*ninja"):
        decorate(listed)(REQUEST)
    with pytest.raises(TypeError, match="of alisted got a NoneType"):
        await decorate(alisted)(REQUEST)
    queryset = User.objects.none()
    with pytest.raises(TypeError, match="got a QuerySet"):
        decorate(lambda request: queryset)(REQUEST)
    with pytest.raises(TypeError, match=r"of ClassView got a ClassView.*dispatch"):
        decorate(ClassView)()


def test_the_operation_of_an_api_is_decorated_as_a_whole() -> None:
    """As django-ninja's decorate_view does: around what makes the response."""

    @s3rewrite_contexts("json")
    def operation(request: HttpRequest) -> HttpResponse:
        return JsonResponse(listed(request), safe=False)

    response: Any = operation(REQUEST)
    assert response.s3rewrite == ("json",)


TYPED = """
from django.http import HttpRequest, HttpResponse
from s3rewrite.decorators import s3rewrite_contexts, s3rewrite_exempt

@s3rewrite_exempt
def view(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse()

@s3rewrite_contexts("json")
async def aview(request: HttpRequest, *, name: str) -> HttpResponse:
    return HttpResponse()

reveal_type(view)
reveal_type(aview)
"""


def test_types_stay_as_they_are(tmp_path: Path) -> None:
    api = pytest.importorskip("mypy.api")
    path = tmp_path / "views.py"
    path.write_text(TYPED)
    cache = str(tmp_path / "cache")
    out, err, _ = api.run(["--strict", "--config-file=", f"--cache-dir={cache}", str(path)])
    assert "error" not in out, out + err
    assert "number: int) -> django.http.response.HttpResponse" in out
    assert "name: str) -> typing.Coroutine[Any, Any, django.http.response.HttpResponse]" in out

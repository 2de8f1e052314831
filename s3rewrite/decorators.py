"""Per-view control."""

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import isawaitable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http.response import HttpResponseBase

View = Callable[..., Any]


def s3rewrite_exempt(view: View) -> View:
    """A view, sync or async, whose responses the middleware leaves as they are."""

    @wraps(view)
    def exempt(*args: Any, **kwargs: Any) -> Any:
        response = view(*args, **kwargs)
        # Asked of the response: the `dispatch` of an async class-based view is a plain method.
        return _awaited(response) if isawaitable(response) else _exempted(response)

    return markcoroutinefunction(exempt) if iscoroutinefunction(view) else exempt


async def _awaited(response: Awaitable[HttpResponseBase]) -> HttpResponseBase:
    return _exempted(await response)


def _exempted(response: HttpResponseBase) -> HttpResponseBase:
    response.s3rewrite = False  # type: ignore[attr-defined]
    return response

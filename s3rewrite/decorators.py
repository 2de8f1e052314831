"""Per-view control."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, cast

from asgiref.sync import iscoroutinefunction
from django.http.response import HttpResponseBase

View = Callable[..., Any]


def s3rewrite_exempt(view: View) -> View:
    """A view, sync or async, whose responses the middleware leaves as they are."""
    if iscoroutinefunction(view):

        @wraps(view)
        async def exempt(*args: Any, **kwargs: Any) -> HttpResponseBase:
            return _exempted(await cast("Awaitable[HttpResponseBase]", view(*args, **kwargs)))

    else:

        @wraps(view)
        def exempt(*args: Any, **kwargs: Any) -> HttpResponseBase:
            return _exempted(view(*args, **kwargs))

    return exempt


def _exempted(response: HttpResponseBase) -> HttpResponseBase:
    response.s3rewrite = False  # type: ignore[attr-defined]
    return response

"""Control for single views: exempt one, or rewrite its responses in more contexts."""

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import isawaitable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http.response import HttpResponseBase

from s3rewrite.rewriters.table.lookup import is_context

View = Callable[..., Any]


def s3rewrite_exempt(view: View) -> View:
    """A view, sync or async, whose responses the middleware leaves as they are."""
    return _marked(view, False)


def s3rewrite_contexts(*contexts: str) -> Callable[[View], View]:
    """A view whose responses are rewritten in these CONTEXTS besides those of the mounts.

    `@s3rewrite_contexts("json")` is what an API needs. Raises ValueError for an unknown one.
    """
    for name in contexts:
        if not is_context(name):
            raise ValueError(f"s3rewrite_contexts: there is no context {name!r}.")
    return lambda view: _marked(view, contexts)


def _marked(view: View, mark: Any) -> View:
    @wraps(view)
    def marked(*args: Any, **kwargs: Any) -> Any:
        response = view(*args, **kwargs)
        # The response tells, not the view: `dispatch` of an async class-based view is no coroutine.
        return _awaited(response, mark) if isawaitable(response) else _mark(response, mark)

    return markcoroutinefunction(marked) if iscoroutinefunction(view) else marked


async def _awaited(response: Awaitable[HttpResponseBase], mark: Any) -> HttpResponseBase:
    return _mark(await response, mark)


def _mark(response: HttpResponseBase, mark: Any) -> HttpResponseBase:
    response.s3rewrite = mark  # type: ignore[attr-defined]
    return response

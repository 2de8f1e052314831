"""Control for single views: exempt one, or rewrite its responses in more contexts."""

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import isawaitable
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http.response import HttpResponseBase

from s3rewrite.rewriters.table.lookup import is_context

View = TypeVar("View", bound=Callable[..., Any])


def s3rewrite_exempt(view: View) -> View:
    """A view, sync or async, whose responses the middleware leaves as they are.

    Calling it raises TypeError where what it decorates returns no response.
    """
    return _marked(view, False)


def s3rewrite_contexts(*contexts: str) -> Callable[[View], View]:
    """A view whose responses are rewritten in these CONTEXTS besides those of the mounts.

    `@s3rewrite_contexts("json")` is what an API needs. Raises ValueError for an unknown one;
    calling the view raises TypeError where it returns no response.
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
        if isawaitable(response):
            return _awaited(view, response, mark)
        return _mark(view, response, mark)

    is_async = iscoroutinefunction(view)
    return cast("View", markcoroutinefunction(marked) if is_async else marked)


async def _awaited(view: Any, response: Awaitable[Any], mark: Any) -> HttpResponseBase:
    return _mark(view, await response, mark)


def _mark(view: Any, response: Any, mark: Any) -> HttpResponseBase:
    if not isinstance(response, HttpResponseBase):
        name = getattr(view, "__qualname__", repr(view))
        # Of django-ninja the whole operation is decorated, not the function below it.
        raise TypeError(
            f"The s3rewrite decorator of {name} got a {type(response).__name__}, which is not a "
            "response. Decorate what returns the HttpResponse: in django-ninja "
            '@decorate_view(s3rewrite_contexts("json")) of ninja.decorators, of a class its '
            '"dispatch" by method_decorator; or set response.s3rewrite.'
        )
    response.s3rewrite = mark  # type: ignore[attr-defined]
    return response

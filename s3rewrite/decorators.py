"""Control for single views: exempt one, rewrite in more contexts, or sign private files."""

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import isawaitable
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

from s3rewrite.linking.visits import MARK, visit_of
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


def s3rewrite_private(view: View) -> View:
    """A view whose responses are for the one person who asks: their private files are signed.

    If ALLOW names a rule, what that allows. Caches of Django's keep no such response; a browser
    does as long as its links work. Calling it raises TypeError where it returns no response.
    """

    def mark(response: HttpResponseBase, args: tuple[Any, ...]) -> None:
        setattr(response, MARK, True)
        patch_cache_control(response, private=True)
        for argument in args:  # among them a request, or what wraps one
            if visit := argument is not None and visit_of(argument):
                visit.keep_out_of_caches()

    return _decorated(view, mark)


def _marked(view: View, value: Any) -> View:
    def mark(response: HttpResponseBase, args: tuple[Any, ...]) -> None:
        response.s3rewrite = value  # type: ignore[attr-defined]

    return _decorated(view, mark)


Mark = Callable[[HttpResponseBase, tuple[Any, ...]], None]
"""What a decorator does to a response, and the positional arguments of its view."""


def _decorated(view: View, mark: Mark) -> View:
    @wraps(view)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        response = view(*args, **kwargs)
        # The response tells, not the view: `dispatch` of an async class-based view is no coroutine.
        if isawaitable(response):
            return awaited(response, args)
        mark(_checked(view, response), args)
        return response

    async def awaited(response: Awaitable[Any], args: tuple[Any, ...]) -> HttpResponseBase:
        checked = _checked(view, await response)
        mark(checked, args)
        return checked

    is_async = iscoroutinefunction(view)
    return cast("View", markcoroutinefunction(decorated) if is_async else decorated)


def _checked(view: Any, response: Any) -> HttpResponseBase:
    if not isinstance(response, HttpResponseBase):
        name = getattr(view, "__qualname__", repr(view))
        # Of django-ninja the whole operation is decorated, not the function below it.
        raise TypeError(
            f"The s3rewrite decorator of {name} got a {type(response).__name__}, which is not a "
            "response. Decorate what returns the HttpResponse: in django-ninja "
            '@decorate_view(s3rewrite_contexts("json")) of ninja.decorators, of a class its '
            '"dispatch" by method_decorator; or set response.s3rewrite.'
        )
    return response

"""A panel for django-debug-toolbar: each local URL of a page, whether it is linked, and why not."""

from typing import Any

from debug_toolbar.panels import Panel
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from s3rewrite.explain.explanation import Explanation, explain_response
from s3rewrite.linking.debugging import METRIC, copy_response, observe_response, server_timing_of
from s3rewrite.linking.errors import contain_errors

_UNSEEN = "S3RewriteMiddleware did not see this response: does it stand below the toolbar's?"
_STREAMING = "The response streams: s3rewrite_explain reads it whole."
_FAILED = "The response could not be explained; the log of s3rewrite says why."


class S3RewritePanel(Panel):  # type: ignore[misc]
    """For DEBUG_TOOLBAR_PANELS."""

    title = "S3 links"
    template = "s3rewrite/panel.html"
    is_async = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._response: HttpResponse | None = None
        self._notice = _UNSEEN

    @property
    def nav_subtitle(self) -> str:
        """How many URLs are linked."""
        return str(self.get_stats().get("summary", ""))

    def process_request(self, request: HttpRequest) -> Any:
        """Ask the middleware to show the response before it changes it."""
        observe_response(request, self._keep)
        return super().process_request(request)

    def generate_stats(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Explain the response as it was before the middleware changed it."""
        unchanged = self._response
        explanation = Explanation(notice=_FAILED if unchanged else self._notice)
        with contain_errors(request):
            if unchanged:
                explanation = explain_response(request, unchanged)
        self.record_stats({"summary": explanation.summary(), **explanation.as_dict()})

    def generate_server_timing(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Add how long it took: the toolbar replaces the header."""
        if timing := server_timing_of(response):
            self.record_server_timing(METRIC, timing.description, timing.seconds * 1000)

    def _keep(self, response: HttpResponseBase) -> None:
        if isinstance(response, HttpResponse):
            self._response = copy_response(response, response.content)
        else:
            self._notice = _STREAMING

"""Links to S3 in Jinja2's templates: `{% s3rewrite %}`, `s3_url(…)` and the filters of these names.

For `OPTIONS["extensions"]` of Django's Jinja2 backend, or any `jinja2.Environment(extensions=…)`.
With `enable_async` the event loop does not wait for Redis.
"""

from collections.abc import Awaitable
from typing import Any

from jinja2 import Environment, nodes, pass_context
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from markupsafe import Markup

from s3rewrite.linking import fragments


class S3RewriteExtension(Extension):
    """The block, the global and the filters."""

    tags = {"s3rewrite"}

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals["s3_url"] = s3_url
        environment.globals["s3rewrite_fallback"] = s3rewrite_fallback
        environment.filters["s3_url"] = s3_url
        environment.filters["s3rewrite"] = s3rewrite

    def parse(self, parser: Parser) -> nodes.Node:
        """`{% s3rewrite %}…{% ends3rewrite %}`: the filter of this name, for a block."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:ends3rewrite",), drop_needle=True)
        linked = nodes.Filter(None, "s3rewrite", [], [], None, None, lineno=line)
        return nodes.FilterBlock(body, linked, lineno=line)


@pass_context
def s3_url(context: Context, value: Any, mount: str | None = None) -> str | Awaitable[str]:
    """`{{ s3_url(photo.image) }}`: the URL of a FieldFile, a name or a URL; escaped."""
    url_of = fragments.aurl_of if context.environment.is_async else fragments.url_of
    return url_of(value, fragments.request_in(context), mount)


@pass_context
def s3rewrite_fallback(context: Context) -> str:
    """`{{ s3rewrite_fallback() }}`: the script that heals pages, for the beginning of the head."""
    return fragments.fallback_script(fragments.request_in(context))


@pass_context
def s3rewrite(context: Context, html: str) -> str | Awaitable[str]:
    """`{{ article.html|safe|s3rewrite }}`: HTML with its files linked, as safe as it was."""
    if context.environment.is_async:
        return _arewritten(html, context)
    return _as_safe(html, fragments.rewrite_html(str(html), fragments.request_in(context)))


async def _arewritten(html: str, context: Context) -> str:
    return _as_safe(html, await fragments.arewrite_html(str(html), fragments.request_in(context)))


def _as_safe(before: str, after: str) -> str:
    return Markup(after) if hasattr(before, "__html__") else after  # noqa: S704

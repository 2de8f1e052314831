"""`{% load s3rewrite %}`: links to S3 in templates, with or without the middleware."""

from typing import Any

from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

from s3rewrite.linking import fragments

register = template.Library()


@register.simple_tag(name="s3_url", takes_context=True)
def s3_url_tag(context: Context, value: Any, mount: str | None = None) -> str:
    """`{% s3_url photo.image %}`: the URL of a FieldFile, a name or a URL; escaped."""
    return fragments.url_of(value, fragments.request_in(context), mount)


_compile_s3_url = register.tags["s3_url"]


@register.tag(name="s3_url")
def s3_url_node(parser: Parser, token: Token) -> template.Node:
    """The same; in what `{% cache %}` keeps, no signature is made."""
    node: Any = _compile_s3_url(parser, token)
    if _is_cached(parser):
        node.func = lambda context, value, mount=None: fragments.url_of(
            value, fragments.request_in(context), mount, may_sign=False
        )
    return node  # type: ignore[no-any-return]


def _is_cached(parser: Parser) -> bool:
    """Whether a tag stands between `{% cache %}` and its end: others get it, and later."""
    return any(name == "cache" for name, _ in parser.command_stack)


@register.filter(name="s3_url")
def s3_url_filter(value: Any) -> str:
    """`{{ url|s3_url }}`: the same without the request, for URLs that begin with a path."""
    return fragments.url_of(value)


@register.simple_tag(takes_context=True)
def s3rewrite_fallback(context: Context) -> str:
    """`{% s3rewrite_fallback %}`: the script that heals pages, for the beginning of the head."""
    return fragments.fallback_script(fragments.request_in(context))


@register.tag(name="s3rewrite")
def s3rewrite_tag(parser: Parser, token: Token) -> "S3RewriteNode":
    """`{% s3rewrite %}…{% ends3rewrite %}`: what the middleware does, for a piece of a page."""
    if len(token.split_contents()) > 1:
        raise template.TemplateSyntaxError("{% s3rewrite %} takes no arguments.")
    nodelist = parser.parse(("ends3rewrite",))
    parser.delete_first_token()
    return S3RewriteNode(nodelist, may_sign=not _is_cached(parser))


class S3RewriteNode(template.Node):
    """The block tag."""

    def __init__(self, nodelist: NodeList, *, may_sign: bool = True) -> None:
        self.nodelist = nodelist
        self.may_sign = may_sign

    def render(self, context: Context) -> SafeString:
        """The block's HTML with its files linked. As safe as it was: splices are inert."""
        html = self.nodelist.render(context)
        request = fragments.request_in(context)
        return mark_safe(  # noqa: S308
            fragments.rewrite_html(html, request, may_sign=self.may_sign)
        )

"""The middleware's place among the others."""

from django.core.checks import Error

from s3rewrite import conf
from s3rewrite.checks.rules import Messages, Options, error, on_all, warning

UPDATE_CACHE = "django.middleware.cache.UpdateCacheMiddleware"
OUTER = (
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django_brotli.middleware.BrotliMiddleware",
    "compression_middleware.middleware.CompressionMiddleware",
)


@on_all
def middleware_order(mounts: dict[str, Options]) -> Messages:
    """E013: a middleware on the wrong side of the package's. W001: the package's is missing."""
    installed = conf.middleware()
    if not mounts:
        return
    if conf.MIDDLEWARE not in installed:
        message = "MIDDLEWARE does not have S3RewriteMiddleware: no page is rewritten."
        hint = f'Add "{conf.MIDDLEWARE}" to MIDDLEWARE, or link files with the template tags alone.'
        yield warning(1, message, hint)
        return
    position = installed.index(conf.MIDDLEWARE)
    for outer in OUTER:
        if outer in installed[position:]:
            reason = "it would compress the body, or set its ETag, too early"
            yield _misplaced(outer, "above", reason)
    if UPDATE_CACHE in installed[:position]:
        yield _misplaced(UPDATE_CACHE, "below", "it would cache links to S3 that later go stale")


def _misplaced(other: str, side: str, reason: str) -> Error:
    name = other.rpartition(".")[2]
    message = f"{name} is on the wrong side of S3RewriteMiddleware: {reason}."
    return error(13, message, f'Move "{other}" {side} "{conf.MIDDLEWARE}" in MIDDLEWARE.')

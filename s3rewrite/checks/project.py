"""What the project has beside the mounts: the setting itself, middleware, URL patterns, DEBUG."""

from difflib import get_close_matches

from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.checks import Error, Info

from s3rewrite import conf
from s3rewrite.checks.cookies import STATIC
from s3rewrite.checks.rules import Messages, Options, error, on_all, on_mount, warning, where
from s3rewrite.conf import url_prefix
from s3rewrite.core.mounts import Mount

UPDATE_CACHE = "django.middleware.cache.UpdateCacheMiddleware"
OUTER = (
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django_brotli.middleware.BrotliMiddleware",
    "compression_middleware.middleware.CompressionMiddleware",
)


@on_all
def no_setting(mounts: dict[str, Options]) -> Messages:
    """W012: no S3REWRITE at all, or one under another name."""
    if conf.is_written():
        return
    near = get_close_matches(conf.SETTING, conf.names(), n=1, cutoff=0.75)
    message = f"The settings have no {conf.SETTING}: nothing goes to S3."
    hint = f'Is "{near[0]}" meant to be it?' if near else "manage.py s3rewrite_init writes one."
    yield warning(12, message, f"{hint} {conf.SETTING} = {{}} says that this is meant so.")


@on_mount
def local_files(mount: Mount, options: Options) -> Messages:
    """W014: local files that nothing serves while DEBUG is on; a web server does later."""
    if not conf.is_debug() or mount.storage == STATIC or conf.find_storage(mount) is None:
        return
    prefix = url_prefix(mount)
    if prefix.startswith("/") and not prefix.startswith("//") and not conf.is_served(f"{prefix}x"):
        message = f"No URL pattern serves {prefix}: a file is 404 until it is on S3."
        code = f'static("{prefix}", document_root=settings.MEDIA_ROOT)'
        hint = f"In urls.py: urlpatterns += {code}, from django.conf.urls.static; a web server "
        yield warning(14, message, f"{hint}serves it in production.")


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


@on_mount
def static_files_in_debug(mount: Mount, options: Options) -> Messages:
    """W017: while DEBUG is on Django serves other static files than S3 has. I001 if local."""
    storage = conf.find_storage(mount)
    if not conf.is_debug() or not isinstance(storage, StaticFilesStorage):
        return
    option = where(mount.alias, "LINK_IN_DEBUG")
    why = "Django serves what the finders find, and S3 has copies of STATIC_ROOT"
    if mount.link_in_debug:
        message = f'DEBUG is on, and pages link the files of mount "{mount.alias}" to S3: {why}.'
        hint = f"After an edit run collectstatic and s3rewrite_sync, or leave out {option}."
        yield warning(17, message, hint)
    else:
        message = f'While DEBUG is on, the files of mount "{mount.alias}" stay local: {why}.'
        hint = f"Nothing is to be done. {option} = True links them all the same."
        yield Info(message, hint=hint, id="s3rewrite.I001")


def _misplaced(other: str, side: str, reason: str) -> Error:
    name = other.rpartition(".")[2]
    message = f"{name} is on the wrong side of S3RewriteMiddleware: {reason}."
    return error(13, message, f'Move "{other}" {side} "{conf.MIDDLEWARE}" in MIDDLEWARE.')

"""Django files saved locally, copied to S3 in the background, linked there once S3 holds them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.core.files.storage import Storage
    from django.http import HttpRequest

__version__ = "0.1.0"


def purge(storage: "Storage | str", names: "Iterable[str]", **options: bool) -> None:
    """Take files down: `purge("media", ["a.jpg"], local=True)`; see `s3rewrite.storage.purge`."""
    from s3rewrite.storage import purge as take_down  # noqa: PLC0415 - needs Django's settings

    take_down(storage, names, **options)


def url(file: Any, *, request: "HttpRequest | None" = None, absolute: bool = False) -> str:
    """The S3 URL of a file that S3 holds, its local URL otherwise; "" for no file.

    `file` is a FieldFile, a URL, or a name in the first mount. With `absolute` a local URL begins
    with the request's origin, or SITE_URL; raises ImproperlyConfigured where there is neither.
    """
    from s3rewrite.linking import fragments  # noqa: PLC0415 - apps are not ready before

    linked = fragments.url_of(file, request)
    return fragments.absolute(linked, request) if absolute else linked


async def aurl(file: Any, *, request: "HttpRequest | None" = None, absolute: bool = False) -> str:
    """As `url`; the event loop does not wait for Redis."""
    from s3rewrite.linking import fragments  # noqa: PLC0415

    linked = await fragments.aurl_of(file, request)
    return fragments.absolute(linked, request) if absolute else linked

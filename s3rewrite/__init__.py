"""Django files saved locally, copied to S3 in the background, linked there once S3 holds them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.core.files.storage import Storage

__version__ = "0.1.0"


def purge(storage: "Storage | str", names: "Iterable[str]", **options: bool) -> None:
    """Take files down: `purge("media", ["a.jpg"], local=True)`; see `s3rewrite.storage.purge`."""
    from s3rewrite.storage import purge as take_down  # noqa: PLC0415 - needs Django's settings

    take_down(storage, names, **options)

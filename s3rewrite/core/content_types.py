"""The Content-Type of an object, by its name. Pure, and the same on every machine.

The table is `media.types`, a copy of mime-db's data: `make types` renews it.
"""

from functools import cache
from importlib.resources import files
from posixpath import basename, splitext

DEFAULT = "application/octet-stream"

_CODINGS = {".svgz": "gzip"}
"""Extensions of files that browsers show only if they are told that they are compressed.

Other compressed files (`.tar.gz`) are sent as what they are, so that no browser unpacks them.
"""


def content_type(name: str) -> str:
    """The type of a file of that name.

    Without a charset: which one a text has is not known, and browsers then decide as they do
    for the local file.
    """
    return _types().get(_extension(name).removeprefix("."), DEFAULT)


def content_coding(name: str) -> str:
    """The Content-Encoding that the bytes of a file of that name have already; "" for none."""
    return _CODINGS.get(_extension(name), "")


def _extension(name: str) -> str:
    return splitext(basename(name))[1].lower()


@cache
def _types() -> dict[str, str]:
    """Extension -> type."""
    text = files(__package__).joinpath("media.types").read_text("ascii")
    rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {extension: type_ for type_, *extensions in rows for extension in extensions}

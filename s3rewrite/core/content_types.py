"""The Content-Type of an object, by its name. Pure, and the same on every machine."""

import mimetypes
from functools import lru_cache
from posixpath import basename, splitext

DEFAULT = "application/octet-stream"

# What Python's own table lacks, or has by another name than most servers send.
_OWN = {
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".jxl": "image/jxl",
    ".m4a": "audio/mp4",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mpd": "application/dash+xml",
    ".opus": "audio/ogg",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}

# Without the files of the machine, which may say anything.
_TYPES = mimetypes.MimeTypes(filenames=())
for _extension, _type in _OWN.items():
    _TYPES.add_type(_type, _extension)

# As FileResponse does: a compressed file is sent as what it is, so that no browser unpacks it.
_ENCODINGS = {
    "br": "application/x-brotli",
    "bzip2": "application/x-bzip",
    "compress": "application/x-compress",
    "gzip": "application/gzip",
    "xz": "application/x-xz",
}


def content_type(name: str) -> str:
    """The type of a file of that name.

    Without a charset: which one a text has is not known, and browsers then decide as they do
    for the local file.
    """
    stem, last = splitext(basename(name))
    return _of_extensions(splitext(stem)[1] + last)


@lru_cache(maxsize=1000)
def _of_extensions(extensions: str) -> str:
    """The type for one or two extensions, such as `.tar.gz`."""
    type_, encoding = _TYPES.guess_type(f"x{extensions}")
    return (_ENCODINGS.get(encoding) if encoding else type_) or DEFAULT

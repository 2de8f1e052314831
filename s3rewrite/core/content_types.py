"""The Content-Type of an object, by its name. Pure, and the same on every machine."""

import mimetypes
from functools import lru_cache
from posixpath import basename, splitext

DEFAULT = "application/octet-stream"

# What many machines' tables lack, or hold wrongly.
_OWN = {
    ".avif": "image/avif",
    ".css": "text/css",
    ".csv": "text/csv",
    ".heic": "image/heic",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".jxl": "image/jxl",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4a": "audio/mp4",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mpd": "application/dash+xml",
    ".opus": "audio/ogg",
    ".otf": "font/otf",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".vtt": "text/vtt",
    ".wasm": "application/wasm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}

# Python's own table only: the machine's may say anything.
_TYPES = mimetypes.MimeTypes(filenames=())
for _extension, _type in _OWN.items():
    _TYPES.add_type(_type, _extension)

# A compressed file is sent as what it is, so that no browser unpacks it (as FileResponse does).
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
    """The last two decide: `.tar.gz`."""
    found, encoding = _TYPES.guess_type(f"x{extensions}")
    if encoding:
        return _ENCODINGS.get(encoding, DEFAULT)
    return found or DEFAULT

"""Compression before an upload: which files, and how. Pure.

S3 sends the same bytes to every client, so one coding is chosen for a mount, and each compressed
object names it in its Content-Encoding (RFC 9110 8.4).
"""

import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from s3rewrite.core.content_types import content_coding, content_type
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import parameters_of
from s3rewrite.s3.objects import SMALL

MAX_SIZE = SMALL
"""Bytes. Larger files are not in memory when they are sent, and are not compressed."""

MIN_SIZE = 256
"""Bytes. Smaller files fit into one packet anyway."""

MAX_RATIO = 0.9
"""Of the compressed size to the plain one. Above it, browsers would decompress for nothing."""

# Media types with many redundant bytes. Playlists (application/vnd.apple.mpegurl, dash+xml) are
# left out: players need not know any coding but gzip, and some know none.
_TYPES = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/n-quads",
        "application/n-triples",
        "application/postscript",
        "application/trig",
        "application/wasm",
        "application/x-javascript",
        "application/x-sh",
        "application/x-tex",
        "application/xml",
        "font/otf",
        "font/ttf",
        "image/bmp",
        "image/vnd.microsoft.icon",
        "image/x-icon",
    }
)
_PREFIXES = ("text/",)
_SUFFIXES = ("+json", "+xml")
_EXCEPT = frozenset({"application/dash+xml"})


class ContentCoding(NamedTuple):
    """A content coding, and the library for it.

    https://www.iana.org/assignments/http-parameters/#content-coding
    """

    modules: tuple[str, ...]
    """The first one that is installed is used."""
    extra: str
    """The extra of this package that installs it; "" where Python has it."""
    compress: Callable[[Any, bytes], bytes]
    decompress: Callable[[Any, bytes, int], bytes | None]
    """Module, bytes, limit -> at most one byte more than the limit; None if the end is missing."""
    error: str
    """The module's exception for malformed bytes."""


def is_compressible(name: str) -> bool:
    """Whether a file of that name has a media type whose bytes are not compressed yet."""
    media_type = content_type(name)
    if media_type in _EXCEPT or content_coding(name):
        return False
    return (
        media_type in _TYPES or media_type.startswith(_PREFIXES) or media_type.endswith(_SUFFIXES)
    )


def may_be_compressed(mount: Mount, name: str) -> bool:
    """Whether a file of that name is compressed, if that makes it small enough.

    A file with a Content-Encoding in OBJECT_PARAMETERS is not.
    """
    if not (mount.compress and is_compressible(name)):
        return False
    return "ContentEncoding" not in parameters_of(mount.object_parameters, name)


def compressed(mount: Mount, name: str, content: object) -> bytes | None:
    """The bytes to send in place of `content`; None to send it as it is."""
    if not isinstance(content, bytes) or not MIN_SIZE <= len(content) <= MAX_SIZE:
        return None
    if not may_be_compressed(mount, name):
        return None
    smaller = compress(content, mount.compress)
    return smaller if len(smaller) <= MAX_RATIO * len(content) else None


def compress(content: bytes, coding: str) -> bytes:
    """The bytes in that coding: always the same, with the same version of the library.

    Raises ImportError where the coding's library is not installed.
    """
    return CODINGS[coding].compress(_module(coding), content)


def decompress(content: bytes, coding: str) -> bytes:
    """The bytes that were compressed.

    Raises ValueError for bytes that are malformed or incomplete in that coding, or that hold more
    than is ever compressed; ImportError where the coding's library is not installed.
    """
    module = _module(coding)
    try:
        plain = CODINGS[coding].decompress(module, content, MAX_SIZE)
    except getattr(module, CODINGS[coding].error) as error:
        raise ValueError(f"its bytes are not {coding}: {error}") from None
    if plain is None:
        raise ValueError(f"its bytes are not whole ({coding})")
    if len(plain) > MAX_SIZE:
        raise ValueError(f"it holds more than {MAX_SIZE:,} bytes ({coding})")
    return plain


def is_installed(coding: str) -> bool:
    """Whether a library for a coding is installed."""
    try:
        _module(coding)
    except ImportError:
        return False
    return True


@cache
def _module(coding: str) -> ModuleType:
    *others, last = CODINGS[coding].modules
    for name in others:
        with suppress(ImportError):
            return import_module(name)
    return import_module(last)


def _gzip(module: Any, content: bytes) -> bytes:
    """Without a file name and a time, so that the bytes are always the same. RFC 1952 2.3."""
    compressor = module.compressobj(9, module.DEFLATED, 16 + module.MAX_WBITS)
    return bytes(compressor.compress(content) + compressor.flush())


def _ungzip(module: Any, content: bytes, limit: int) -> bytes | None:
    return _decompress(module.decompressobj(16 + module.MAX_WBITS), content, limit)


def _brotli(module: Any, content: bytes) -> bytes:
    return bytes(module.compress(content, quality=11))


def _unbrotli(module: Any, content: bytes, limit: int) -> bytes | None:
    decompressor = module.Decompressor()
    plain = bytearray(decompressor.process(content, output_buffer_limit=limit + 1))
    # The buffer limit is no exact bound: the library may give less at a time.
    while len(plain) <= limit and not decompressor.is_finished():
        if not (more := decompressor.process(b"", output_buffer_limit=limit + 1 - len(plain))):
            return None
        plain += more
    return bytes(plain)


def _zstd(module: Any, content: bytes) -> bytes:
    """The window is no larger than the content: below the 8 MB of RFC 9659 3."""
    return bytes(module.compress(content, 19))


def _unzstd(module: Any, content: bytes, limit: int) -> bytes | None:
    return _decompress(module.ZstdDecompressor(), content, limit)


def _decompress(decompressor: Any, content: bytes, limit: int) -> bytes | None:
    plain = bytes(decompressor.decompress(content, limit + 1))
    is_whole = decompressor.eof and not decompressor.unused_data
    return plain if is_whole or len(plain) > limit else None


CODINGS = {
    "gzip": ContentCoding(("zlib",), "", _gzip, _ungzip, zlib.error.__name__),
    "br": ContentCoding(("brotli",), "br", _brotli, _unbrotli, "error"),
    "zstd": ContentCoding(
        ("compression.zstd", "backports.zstd"), "zstd", _zstd, _unzstd, "ZstdError"
    ),
}
"""Values of COMPRESS."""

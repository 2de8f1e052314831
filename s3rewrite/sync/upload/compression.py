"""Files that are sent compressed: which, and how. Pure.

S3 answers everybody with the same bytes, so one coding is chosen for a mount, and what is sent
says so in its Content-Encoding (RFC 9110 8.4).
"""

import zlib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from s3rewrite.core.content_types import content_type
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import parameters_of
from s3rewrite.s3.objects import SMALL

MAX_SIZE = SMALL
"""Bytes. Larger files are not in memory when they are sent, and stay as they are."""

LEAST = 256
"""Bytes. What is smaller goes in one packet, whatever it is."""

WORTH = 0.9
"""What of the size may be left at the most, or visitors would decompress for nothing."""

# What has many redundant bytes. Not playlists (application/vnd.apple.mpegurl, dash+xml): players
# need not know any coding but gzip, and some know none.
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
_NOT = frozenset({"application/dash+xml"})


class Coding(NamedTuple):
    """A content coding, and what does it.

    https://www.iana.org/assignments/http-parameters/#content-coding
    """

    modules: tuple[str, ...]
    """The first of these that is installed is used."""
    extra: str
    """What to install for it; "" where Python has it."""
    compress: Callable[[Any, bytes], bytes]
    decompress: Callable[[Any, bytes, int], bytes | None]
    """Module, bytes, limit -> up to one byte more than that; None for bytes that are not whole."""
    error: str
    """The module's exception for what is malformed."""


def is_compressible(name: str) -> bool:
    """Whether a file of that name is of a type whose bytes are not compressed yet."""
    found = content_type(name)
    if found in _NOT:
        return False
    return found in _TYPES or found.startswith(_PREFIXES) or found.endswith(_SUFFIXES)


def may_be_compressed(mount: Mount, name: str) -> bool:
    """Whether a file of that name is compressed, if its bytes make it worth that.

    What has a Content-Encoding of its own in OBJECT_PARAMETERS is left alone.
    """
    if not (mount.compress and is_compressible(name)):
        return False
    return "ContentEncoding" not in parameters_of(mount.object_parameters, name)


def compressed(mount: Mount, name: str, content: object) -> bytes | None:
    """The bytes to send in place of `content`; None to send that as it is."""
    if not isinstance(content, bytes) or not LEAST <= len(content) <= MAX_SIZE:
        return None
    if not may_be_compressed(mount, name):
        return None
    found = compress(content, mount.compress)
    return found if len(found) <= WORTH * len(content) else None


def compress(content: bytes, coding: str) -> bytes:
    """The bytes in that coding: the same each time, with the same libraries.

    Raises ImportError where the coding's library is not installed.
    """
    return CODINGS[coding].compress(_module(coding), content)


def decompress(content: bytes, coding: str) -> bytes:
    """The bytes that `compress` was given.

    Raises ValueError for what is no whole content in that coding, or for more bytes than are
    ever compressed; ImportError where the coding's library is not installed.
    """
    module, found = _module(coding), None
    try:
        found = CODINGS[coding].decompress(module, content, MAX_SIZE)
    except getattr(module, CODINGS[coding].error) as error:
        raise ValueError(f"its bytes are not {coding}: {error}") from None
    if found is None:
        raise ValueError(f"its bytes are not whole ({coding})")
    if len(found) > MAX_SIZE:
        raise ValueError(f"it holds more than {MAX_SIZE:,} bytes ({coding})")
    return found


def is_installed(coding: str) -> bool:
    """Whether the library of a coding is there."""
    try:
        _module(coding)
    except ImportError:
        return False
    return True


@cache
def _module(coding: str) -> ModuleType:
    *others, last = CODINGS[coding].modules
    for name in others:
        try:
            return import_module(name)
        except ImportError:
            continue
    return import_module(last)


def _gzip(module: Any, content: bytes) -> bytes:
    """Without a name, and of no time. RFC 1952 2.3."""
    packer = module.compressobj(9, module.DEFLATED, 16 + module.MAX_WBITS)
    return bytes(packer.compress(content) + packer.flush())


def _ungzip(module: Any, content: bytes, limit: int) -> bytes | None:
    unpacker = module.decompressobj(16 + module.MAX_WBITS)
    found = bytes(unpacker.decompress(content, limit + 1))
    is_whole = unpacker.eof and not unpacker.unused_data
    return found if is_whole or len(found) > limit else None


def _brotli(module: Any, content: bytes) -> bytes:
    return bytes(module.compress(content, quality=11))


def _unbrotli(module: Any, content: bytes, limit: int) -> bytes | None:
    unpacker = module.Decompressor()
    found = bytearray(unpacker.process(content, output_buffer_limit=limit + 1))
    while len(found) <= limit and not unpacker.is_finished():
        if not (more := unpacker.process(b"", output_buffer_limit=limit + 1 - len(found))):
            return None
        found += more
    return bytes(found)


def _zstd(module: Any, content: bytes) -> bytes:
    """A window is as large as the content at the most: below the 8 MB of RFC 9659 3."""
    return bytes(module.compress(content, 19))


def _unzstd(module: Any, content: bytes, limit: int) -> bytes | None:
    unpacker = module.ZstdDecompressor()
    found = bytes(unpacker.decompress(content, limit + 1))
    is_whole = unpacker.eof and not unpacker.unused_data
    return found if is_whole or len(found) > limit else None


CODINGS = {
    "gzip": Coding(("zlib",), "", _gzip, _ungzip, zlib.error.__name__),
    "br": Coding(("brotli",), "br", _brotli, _unbrotli, "error"),
    "zstd": Coding(("compression.zstd", "backports.zstd"), "zstd", _zstd, _unzstd, "ZstdError"),
}
"""Values of COMPRESS."""

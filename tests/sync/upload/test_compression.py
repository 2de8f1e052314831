"""Which files are sent compressed, and that they come back as they were."""

import gzip
import os
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3rewrite.core.mounts import Mount
from s3rewrite.sync.upload import compression
from s3rewrite.sync.upload.compression import (
    CODINGS,
    MAX_RATIO,
    MAX_SIZE,
    MIN_SIZE,
    compress,
    compressed,
    decompress,
    is_compressible,
    is_installed,
    may_be_compressed,
)

TEXT = b"body { color: rebeccapurple }\n" * 100

codings = pytest.mark.parametrize("coding", list(CODINGS))


def mount(coding: str = "gzip", **options: Any) -> Mount:
    return Mount(
        alias="m", bucket="b", prefix="m/", public_url="https://b/m/", compress=coding, **options
    )


COMPRESSIBLE = """
    a.css a.js a.mjs a.map a.json a.webmanifest a.html a.txt a.csv a.md a.vtt a.xml a.svg
    a.wasm a.ttf a.otf a.ico a.bmp dir.gz/A.CSS a.tar.css
""".split()
NOT_COMPRESSIBLE = """
    a.jpg a.png a.webp a.avif a.gif a.mp4 a.webm a.mp3 a.woff a.woff2 a.zip a.gz a.css.gz a.js.br
    a.svgz a.tar.xz a.pdf a.docx a.unknown a. noextension a.m3u8 a.mpd a.ts
""".split()


@pytest.mark.parametrize("name", COMPRESSIBLE)
def test_what_is_compressible(name: str) -> None:
    assert is_compressible(name)
    found = compressed(mount(), name, TEXT)
    assert found
    assert gzip.decompress(found) == TEXT


@pytest.mark.parametrize("name", NOT_COMPRESSIBLE)
def test_what_is_not(name: str) -> None:
    assert not is_compressible(name)
    assert compressed(mount(), name, TEXT) is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"x" * (MIN_SIZE - 1), id="small"),
        pytest.param(os.urandom(5000), id="not smaller"),
        pytest.param(b"x" * 500 + os.urandom(9500), id="hardly smaller"),
        pytest.param(b"x" * (MAX_SIZE + 1), id="large"),
        pytest.param(gzip.compress(os.urandom(5000).hex().encode()), id="compressed already"),
    ],
)
def test_what_is_sent_as_it_is(content: bytes) -> None:
    assert compressed(mount(), "a.css", content) is None


@pytest.mark.parametrize("content", [b"x" * MIN_SIZE, b"x" * MAX_SIZE])
def test_the_bounds(content: bytes) -> None:
    found = compressed(mount("zstd"), "a.css", content)
    assert found
    assert decompress(found, "zstd") == content


def test_what_is_not_in_memory() -> None:
    with open(__file__, "rb") as file:  # noqa: PTH123 - as a storage opens it
        assert compressed(mount(), "a.css", file) is None


def test_what_has_an_encoding_of_its_own_is_left_alone() -> None:
    def may(name: str, **parameters: Any) -> bool:
        return may_be_compressed(mount("br", object_parameters=parameters), name)

    assert may("a.css", CacheControl="no-cache")
    assert not may("a.css", ContentEncoding="gzip")
    packed = {"packed/": {"ContentEncoding": "gzip"}}
    assert may("a.css", **packed)
    assert not may("packed/a.css", **packed)


# Repetitive and random bytes: of the one it makes less, of the other more.
BYTES = st.binary(max_size=2000) | st.builds(
    lambda unit, times: unit * times, st.binary(max_size=20), st.integers(0, 2000)
)


@codings
@given(content=BYTES)
@example(content=b"")
def test_there_and_back(coding: str, content: bytes) -> None:
    found = compress(content, coding)
    assert compress(content, coding) == found
    assert decompress(found, coding) == content


@codings
@given(content=BYTES)
@example(content=b"a" * MIN_SIZE)
def test_never_larger(coding: str, content: bytes) -> None:
    found = compressed(mount(coding), "a.txt", content)
    assert found is None or len(found) <= MAX_RATIO * len(content)
    assert (found is None) is (
        len(content) < MIN_SIZE or len(compress(content, coding)) > MAX_RATIO * len(content)
    )


@codings
@given(damage=st.sampled_from(["cut", "more", "twice", "empty", "other"]), at=st.floats(0, 0.999))
def test_what_is_not_whole(coding: str, damage: str, at: float) -> None:
    content = compress(TEXT, coding)
    damaged = {
        "cut": content[: int(at * len(content))],
        "more": content + b"x",
        "twice": content * 2,
        "empty": b"",
        "other": TEXT,
    }[damage]
    with pytest.raises(ValueError, match=coding):
        decompress(damaged, coding)


@codings
def test_more_than_is_ever_compressed(coding: str) -> None:
    with pytest.raises(ValueError, match=r"more than 8,388,608 bytes"):
        decompress(compress(b"x" * (MAX_SIZE + 1), coding), coding)


def test_gzip_says_neither_name_nor_time() -> None:
    found = compress(TEXT, "gzip")
    assert found[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"


def test_the_window_of_zstd_is_one_that_browsers_have() -> None:
    """RFC 8878 3.1.1.1: a single segment has the window of its content."""
    content = os.urandom(MAX_SIZE // 2) * 2
    descriptor = compress(content, "zstd")[4]
    assert descriptor & 0b0010_0000


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_a_library_that_is_missing(coding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed(coding)
    compression._module.cache_clear()
    for name in CODINGS[coding].modules:
        monkeypatch.setitem(sys.modules, name, None)
    assert not is_installed(coding)
    assert is_installed("gzip")
    with pytest.raises(ImportError):
        compress(TEXT, coding)

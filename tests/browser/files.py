"""Small real files of each kind that a page can hold."""

import io
import math
import wave
from pathlib import Path, PurePath

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image

SCRIPT = b"(window.ran ??= []).push(document.currentScript.src || location.href)"
MODULE = b"(window.ran ??= []).push(import.meta.url)"
CLIP = Path(__file__).parent / "media" / "clip.webm"
COLOR = "rgb(1, 2, 3)"
"""The colour that each style sheet gives to the class of its own name."""

SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><defs>
<g id="shape"><rect width="9" height="9"/></g><clipPath id="clip"><rect width="9" height="9"/>
</clipPath><filter id="filter"><feGaussianBlur stdDeviation="1"/></filter></defs></svg>"""


def content(name: str) -> bytes:
    """The bytes of a file of that name."""
    path = PurePath(name)
    if path.suffix == ".css":
        return f".{path.stem} {{ color: {COLOR} }}".encode()
    return _CONTENTS.get(path.suffix, b"words")


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (9, 9), "teal").save(out, "png")
    return out.getvalue()


def _sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(128 + int(9 * math.sin(i / 3)) for i in range(800)))
    return out.getvalue()


def _font() -> bytes:
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((500, 0))
    pen.lineTo((250, 500))
    pen.closePath()
    glyphs = dict.fromkeys((".notdef", "a"), pen.glyph())
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(list(glyphs))
    font.setupCharacterMap({ord("a"): "a"})
    font.setupGlyf(glyphs)
    font.setupHorizontalMetrics(dict.fromkeys(glyphs, (600, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Test", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=800, sTypoDescender=-200)
    font.setupPost()
    font.font.flavor = "woff"
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


_CONTENTS = {
    ".png": _picture(),
    ".svg": SVG,
    ".wav": _sound(),
    ".webm": CLIP.read_bytes(),
    ".woff": _font(),
    ".js": SCRIPT,
    ".mjs": MODULE,
    ".json": b"{}",
    ".webmanifest": b'{"name": "x", "start_url": "/"}',
    ".vtt": b"WEBVTT\n\n00:00.000 --> 00:01.000\nwords\n",
    ".html": b"<!DOCTYPE html><title>x</title><p>words</p>",
}

"""The table of media types, against nginx's and Python's, which are what serves files locally."""

import mimetypes
from pathlib import Path

import pytest

from s3rewrite.core.content_types import DEFAULT, content_coding, content_type

NGINX = Path(__file__).with_name("data") / "nginx.types"

EXPECTED = {
    "a.JPG": "image/jpeg",
    "css/a.css": "text/css",
    "a.js": "text/javascript",
    "a.mjs": "text/javascript",
    "a.map": "application/json",
    "a.md": "text/markdown",
    "a.m3u8": "application/vnd.apple.mpegurl",
    "a.mpd": "application/dash+xml",
    "a.jxl": "image/jxl",
    "a.heic": "image/heic",
    "a.vtt": "text/vtt",
    "a.webmanifest": "application/manifest+json",
    "a.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "a.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "a.pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "a.odt": "application/vnd.oasis.opendocument.text",
    "a.ods": "application/vnd.oasis.opendocument.spreadsheet",
    "a.epub": "application/epub+zip",
    "a.rtf": "application/rtf",
    "a.ogg": "audio/ogg",
    "a.oga": "audio/ogg",
    "a.opus": "audio/ogg",
    "a.ogv": "video/ogg",
    "a.flac": "audio/flac",
    "a.m4a": "audio/mp4",
    "a.m4v": "video/x-m4v",
    "a.mkv": "video/x-matroska",
    "a.jfif": "image/jpeg",
    "a.apng": "image/apng",
    "a.geojson": "application/geo+json",
    "a.gltf": "model/gltf+json",
    "a.glb": "model/gltf-binary",
    "a.ics": "text/calendar",
    "a.rss": "application/rss+xml",
    "a.atom": "application/atom+xml",
    "a.xhtml": "application/xhtml+xml",
    "a.eot": "application/vnd.ms-fontobject",
    "a.7z": "application/x-7z-compressed",
    "a.rar": "application/vnd.rar",
    "a.apk": "application/vnd.android.package-archive",
    "a.svgz": "image/svg+xml",
    "a.tar.gz": "application/gzip",
    "a.tgz": "application/gzip",
    "a.css.br": "application/x-brotli",
    "a.csv.bz2": "application/x-bzip",
    "a.tar.xz": "application/x-xz",
    "a.unknown": DEFAULT,
    "docx": DEFAULT,
    ".docx": DEFAULT,
    "a.docx/b": DEFAULT,
    "a.": DEFAULT,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_type_of_a_name(name: str) -> None:
    assert content_type(name) == EXPECTED[name]


def _of_nginx() -> dict[str, str]:
    lines = NGINX.read_text().replace("{", ";").split(";")
    rows = [line.split() for line in lines if "/" in line]
    return {extension: type_ for type_, *names in rows for extension in names}


# Each means the same as nginx's, by the name that IANA has registered since.
RENAMED = {
    "bmp": "image/bmp",
    "js": "text/javascript",
    "m4a": "audio/mp4",
    "pdb": "application/vnd.palm",
    "prc": "model/prc",
    "rar": "application/vnd.rar",
}


def test_what_nginx_sends() -> None:
    expected = _of_nginx()
    assert len(expected) > 90
    assert {name: content_type(f"x.{name}") for name in expected} == expected | RENAMED


def test_whatever_python_knows_is_known() -> None:
    of_python = mimetypes.MimeTypes(filenames=())
    known = of_python.types_map[True] | of_python.types_map[False]
    download = {name for name, type_ in known.items() if type_ == DEFAULT}
    lost = {name for name in known.keys() - download if content_type(f"x{name}") == DEFAULT}
    assert lost <= {".exe", ".dll", ".deb", ".dmg", ".iso", ".msi", ".bin"}


def test_what_a_browser_shows_by_its_kind_has_that_kind() -> None:
    of_python = mimetypes.MimeTypes(filenames=())
    shown = ("image", "audio", "video", "text", "font")
    kinds = {
        name: type_.partition("/")[0]
        for name, type_ in of_python.types_map[True].items()
        if type_.startswith(shown)
    }
    ours = {name: content_type(f"x{name}").partition("/")[0] for name in kinds}
    other = {name for name in kinds if kinds[name] != ours[name]}
    # Python's own releases differ in these; nginx says another thing of .pl.
    assert other <= {".3g2", ".3gp", ".3gpp", ".3gpp2", ".etx", ".man", ".pl", ".rtf", ".xml"}


def test_what_is_shown_though_it_is_compressed() -> None:
    assert content_coding("a/b.SVGZ") == "gzip"
    assert content_coding("a.svg") == content_coding("a.tar.gz") == content_coding("svgz") == ""

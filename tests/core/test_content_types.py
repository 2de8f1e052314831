import pytest

from s3rewrite.core.content_types import content_type


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.JPG", "image/jpeg"),
        ("a.webp", "image/webp"),
        ("css/a.css", "text/css"),
        ("a.js", "text/javascript"),
        ("a.mjs", "text/javascript"),
        ("a.json", "application/json"),
        ("a.m3u8", "application/vnd.apple.mpegurl"),
        ("a.avif", "image/avif"),
        ("a.heic", "image/heic"),
        ("a.csv", "text/csv"),
        ("a.vtt", "text/vtt"),
        ("a.wasm", "application/wasm"),
        ("a.webm", "video/webm"),
        ("a.webmanifest", "application/manifest+json"),
        ("a.woff2", "font/woff2"),
        ("a.svg", "image/svg+xml"),
        ("a.tar.gz", "application/gzip"),
        ("a.svgz", "application/gzip"),
        ("a.css.br", "application/x-brotli"),
        ("a.unknown", "application/octet-stream"),
        ("no-extension", "application/octet-stream"),
        ("a.", "application/octet-stream"),
    ],
)
def test_the_type_of_a_name(name: str, expected: str) -> None:
    assert content_type(name) == expected

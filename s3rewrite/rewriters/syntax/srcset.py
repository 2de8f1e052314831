"""The URLs of a `srcset`. WHATWG HTML, 4.8.4.3.10 Parsing a srcset attribute."""

from collections.abc import Iterator

from s3rewrite.rewriters.syntax.tokens import SPACES, compiled

# Spaces and commas are skipped. A URL is a run of what is not space; where it ends with commas,
# the next one follows, else its descriptors up to a comma outside parentheses.
_IMAGE = compiled(rf"([^{SPACES},][^{SPACES}]*+) (?: (?<=,) | (?: [^,(]++ | \([^)]*+\)?+ )*+ )")


def spans(value: bytes) -> Iterator[tuple[int, int]]:
    """Where each URL of a decoded `srcset` value begins and ends."""
    for image in _IMAGE.finditer(value):
        yield image.start(1), image.start(1) + len(image[1].rstrip(b","))

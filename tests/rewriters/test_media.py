import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3rewrite.rewriters.media import MOST_OPEN, WITH_CREDENTIALS, MediaElements, in_doubt
from s3rewrite.rewriters.syntax.walker import Walker
from tests.rewriters.support import check


def crossorigin(body, opened=()):
    """That of each `<source>` in a body."""
    media = MediaElements(Walker(body), list(opened))
    places = [at for at in range(len(body)) if body.startswith(b"<source>", at)]
    return [media.crossorigin(place + len(b"<source>")) for place in places]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<source>", [None]),
        (b"<img crossorigin><source>", [None]),
        (b"<img crossorigin><picture><source><img></picture>", [None]),
        (b"<picture><source><img></picture><img crossorigin>", [None]),
        (b"<picture><source><source><img crossorigin></picture>", [b"", b""]),
        (b"<picture><img CrossOrigin=Use-Credentials><source></picture>", [WITH_CREDENTIALS]),
        (b"<picture><source><img crossorigin></picture><picture><source>", [b"", None]),
        (b"<video crossorigin><source></video><source>", [b"", None]),
        (b"<audio crossorigin=anonymous><source>", [b"anonymous"]),
        (b"<video><source><img crossorigin></video>", [None]),
        (b"<video crossorigin><!-- <picture> --><source>", [b""]),
        (b"<video crossorigin><script>'</video>'</script><source>", [b""]),
        (b"<video crossorigin></picture><source>", [b""]),
        (b"<video crossorigin><picture><source><img></video><source>", [None, None]),
        (b"<video crossorigin><p title='</video>'><source>", [b""]),
        (b"<video><svg><style><video></svg></style><source>", [WITH_CREDENTIALS]),
    ],
)
def test_crossorigin(body, expected):
    assert crossorigin(body) == expected


def test_what_was_open_before():
    assert crossorigin(b"<source>", MediaElements(Walker(b"<video crossorigin>"), []).opened) == [
        b""
    ]
    assert crossorigin(b"<picture><source><img>", in_doubt()) == [WITH_CREDENTIALS]


def test_very_many_that_are_open():
    body = b"<video>" * (MOST_OPEN + 2) + b"<source>"
    assert crossorigin(body) == [WITH_CREDENTIALS]
    began = time.process_time()
    for piece in (b"<video>", b"</video>", b"<picture></video>", b"<img crossorigin>"):
        MediaElements(Walker(piece * 100_000), [])
    assert time.process_time() - began < 20


pieces = st.sampled_from(
    b"<video>|<video crossorigin>|</video>|<picture>|</picture>|<img>|<img crossorigin>|<source>|"
    b"<!-- <video> -->|<audio crossorigin>|</audio>|text".split(b"|")
)


@given(st.lists(pieces), st.lists(pieces))
@settings(max_examples=200, deadline=None)
def test_a_body_in_two_pieces(first, second):
    """Of videos and audios, which say it themselves, a second piece knows as much as the whole."""
    start, end = (b"".join(p for p in part if b"pict" not in p) for part in (first, second))
    opened = MediaElements(Walker(start), []).opened
    assert crossorigin(start) + crossorigin(end, opened) == crossorigin(start + end)


def test_only_its_own_picture_counts():
    check(
        "<img crossorigin src=/media/a>"
        "<picture><source srcset=→/media/b><img src=→/media/c></picture>"
        "<picture><source srcset=/media/d><img crossorigin src=/media/e></picture>"
        "<video src=→/media/f><source src=→/media/g></video>"
    )
    check(
        "<picture><source srcset=/media/d><img crossorigin=use-credentials src=/media/e></picture>"
        "<picture><source srcset=→/media/d><img crossorigin src=→/media/e></picture>",
        cors=True,
    )

"""Where the versions of a name are looked for."""

from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.entries import is_name
from s3rewrite.core.paths import FINGERPRINT_DIGITS, versioned
from s3rewrite.s3.versions import _start

NAMES = st.text("ab.1/-é", min_size=1, max_size=12).filter(is_name)
FINGERPRINTS = st.text("0123456789abcdef", min_size=FINGERPRINT_DIGITS, max_size=24)


@given(NAMES, FINGERPRINTS)
def test_no_version_of_a_name_lies_elsewhere(name: str, fingerprint: str) -> None:
    assert versioned(name, fingerprint).startswith(_start(name))
    assert name.startswith(_start(name))


def test_what_only_begins_alike_is_not_listed() -> None:
    assert not "photos/10.jpg".startswith(_start("photos/1.jpg"))
    assert not "photos/1-large.jpg".startswith(_start("photos/1.jpg"))

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.entries import Signature
from s3rewrite.disk.stubs import Stub, is_corrupt_stub, parse_target, stub_at

STUB = Stub("uploads", "media/a b/é.jpg", Signature(5, 17), "0f" * 32, "abc-2")
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
NUMBERS = st.integers(0, 2**63)
TIMES = st.integers(-(2**63), 2**63)
STUBS = st.builds(
    Stub,
    st.from_regex(r"[a-z0-9.-]{3,63}", fullmatch=True),
    TEXT,
    st.builds(Signature, NUMBERS, TIMES, st.just(0)),
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{32}(-[1-9][0-9]?)?", fullmatch=True),
    st.none() | st.integers(0, 0o7777),
)


@given(STUBS)
def test_what_is_written_is_read(stub: Stub) -> None:
    assert parse_target(stub.to_target()) == stub
    assert stub.sha256.startswith(stub.fingerprint)


@pytest.mark.parametrize("etag", ["", "a,b", "a/b"])
def test_what_could_not_be_read_is_not_written(etag: str) -> None:
    with pytest.raises(ValueError, match="would be read as another stub"):
        STUB._replace(etag=etag).to_target()


def forged(number: int, fact: str) -> str:
    """A stub's target with another fact."""
    facts = STUB._replace(mode=0o644).to_target().split("/", 3)
    values = facts[2].split(",")
    values[number] = fact
    return "/".join([*facts[:2], ",".join(values), facts[3]])


@pytest.mark.parametrize(
    "target",
    [
        *(forged(0, size) for size in ("", "-1", "9" * 20, "9" * 5000, "1.5", "\u0664")),
        *(forged(1, time) for time in ("", "9" * 19, "-" + "9" * 19, "9" * 5000, "\u0664")),
        *(forged(2, digest) for digest in ("", "0", "g" * 64, "0" * 65)),
        *(forged(4, mode) for mode in ("", "8", "77777", "-1")),
        STUB.to_target() + "x" * 1024,
        STUB.to_target() + "\udcff",
    ],
)
def test_what_cannot_be_true_is_no_stub(target: str, tmp_path: Path) -> None:
    assert parse_target(target) is None
    link = tmp_path / "link"
    try:
        link.symlink_to(target)
    except (OSError, UnicodeEncodeError):
        return  # nor can it be written
    assert stub_at(str(link)) is None
    assert is_corrupt_stub(str(link))


@given(TEXT)
def test_other_links_are_none(target: str) -> None:
    assert parse_target(target) is None


def test_on_disk(tmp_path: Path) -> None:
    stub, file, link = tmp_path / "stub", tmp_path / "file", tmp_path / "link"
    stub.symlink_to(STUB.to_target())
    file.touch()
    link.symlink_to("file")
    found = [stub_at(str(path)) for path in (stub, file, link, tmp_path / "nowhere")]
    assert found == [STUB, None, None, None]
    assert os.path.lexists(stub)
    assert not stub.exists()
    with pytest.raises(FileNotFoundError):
        stub.write_bytes(b"x")

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.entries import (
    FINGERPRINT_LENGTH,
    Entry,
    Signature,
    decode_directory,
    decode_entry,
    join,
    matches_published,
    split,
)

ENTRY = Entry(Signature(1234, 1_700_000_000_123_456_789), "3f9c2b1d0a4e5f60718293a4")
ENCODED = "1234,1700000000123456789,3f9c2b1d0a4e5f60718293a4"
TOLD = ENTRY._replace(signature=Signature(1234, 1_700_000_000_123_456_789, 0xBEEF))
TOLD_ENCODED = "1234,1700000000123456789,0000beef,3f9c2b1d0a4e5f60718293a4"

FINGERPRINTS = st.text("0123456789abcdef", min_size=FINGERPRINT_LENGTH, max_size=FINGERPRINT_LENGTH)
CHANGES = st.integers(0, 2**32 - 1)
ENTRIES = st.builds(
    Entry,
    st.builds(Signature, st.integers(0, 10**16 - 1), st.integers(-(2**63), 2**63 - 1), CHANGES),
    FINGERPRINTS,
)


def test_an_entry_is_text_that_a_person_can_read() -> None:
    for entry, encoded in ((ENTRY, ENCODED), (TOLD, TOLD_ENCODED)):
        assert entry.encode() == encoded
        assert decode_entry(encoded.encode()) == entry


@given(ENTRIES)
def test_an_entry_written_and_read_back_is_the_entry(entry: Entry) -> None:
    if entry.freed:  # a stub's signature has no more
        entry = entry._replace(signature=entry.signature.plain)
    assert decode_entry(entry.encode().encode()) == entry


def test_an_entry_of_a_large_file_fits_a_listpack() -> None:
    # hash-max-listpack-value, by default
    entry = Entry(Signature(10**10 - 1, 2 * 10**18, 2**32 - 1), "f" * FINGERPRINT_LENGTH)
    assert len(entry.encode()) == 64
    assert len(entry._replace(signature=Signature(10**13, 10**19)).encode()) <= 64


def test_no_value_is_no_entry() -> None:
    assert decode_entry(None) is None


@pytest.mark.parametrize(
    "value", [b"", b"1", b"1,2", b"1,2,3f,4", b"a,2,3f", b"1,b,3f", b"1,2,\xff", b",,", b"1.5,2,3f"]
)
def test_a_value_that_is_not_ours_is_no_entry(value: bytes) -> None:
    assert decode_entry(value) is None


@given(st.binary())
def test_reading_never_raises(value: bytes) -> None:
    assert decode_entry(value) is None or isinstance(decode_entry(value), Entry)


@pytest.mark.parametrize(
    ("name", "parts"),
    [("a.jpg", ("", "a.jpg")), ("x/a.jpg", ("x", "a.jpg")), ("x/y/a.jpg", ("x/y", "a.jpg"))],
)
def test_directory_and_basename(name: str, parts: tuple[str, str]) -> None:
    assert split(name) == parts
    assert join(*parts) == name


@given(st.text())
def test_split_and_join_undo_each_other(name: str) -> None:
    directory, basename = split(name)
    assert "/" not in basename
    assert join(directory, basename) == name or name == f"/{basename}"


def numbers(local: dict[str, Signature]) -> list[int]:
    return [number for signature in local.values() for number in signature]


BASENAMES = st.sampled_from(["a", "b", "ä"])
SIGNATURES = st.builds(Signature, st.integers(0, 12), st.integers(-1, 12), st.integers(0, 2))


@given(
    st.dictionaries(BASENAMES, SIGNATURES),
    st.dictionaries(BASENAMES, st.builds(Entry, SIGNATURES, FINGERPRINTS)),
    st.booleans(),
)
def test_a_directory_is_as_published_where_each_file_is(
    local: dict[str, Signature], published: dict[str, Entry], is_same: bool
) -> None:
    if is_same:
        published = {name: Entry(signature, "f" * 24) for name, signature in local.items()}
    encoded = {name.encode(): entry.encode().encode() for name, entry in published.items()}
    signatures = {name: entry.signature for name, entry in decode_directory(encoded).items()}
    assert matches_published([*local], numbers(local), encoded) == (local == signatures)


@pytest.mark.parametrize("value", [b"1,2,3f,4", b"1,2,", b"1,2,3f", b"11,2," + b"f" * 24])
def test_a_value_that_is_not_ours_is_not_as_published(value: bytes) -> None:
    assert not matches_published(["a"], [1, 2, 0], {b"a": value})


@given(
    st.dictionaries(BASENAMES, st.tuples(SIGNATURES, st.booleans())),
    st.dictionaries(BASENAMES, st.builds(Entry, SIGNATURES, FINGERPRINTS, st.booleans())),
    st.booleans(),
)
def test_a_freed_file_is_as_published_where_its_entry_says_freed(
    local: dict[str, tuple[Signature, bool]], published: dict[str, Entry], is_same: bool
) -> None:
    if is_same:
        published = {name: Entry(found, "f" * 24, freed) for name, (found, freed) in local.items()}
    encoded = {name.encode(): entry.encode().encode() for name, entry in published.items()}
    expected = {
        name: (entry.signature, entry.freed) for name, entry in decode_directory(encoded).items()
    }
    seen = {name: (s.plain if freed else s, freed) for name, (s, freed) in local.items()}
    freed_names = {name for name, (_, is_freed) in local.items() if is_freed}
    signatures = {name: found for name, (found, _) in local.items()}
    is_match = matches_published([*local], numbers(signatures), encoded, freed_names)
    assert is_match == (seen == expected)


@given(st.lists(st.binary(max_size=60), min_size=2, max_size=2), st.data())
def test_no_two_values_together_pass_for_those_of_two_files(
    ends: list[bytes], data: st.DataObject
) -> None:
    """All values of a directory are compared at once: none may lend bytes to its neighbour."""
    values = [b"1,2,00000003," + b"f" * 24, b"4,5,00000006," + b"e" * 24]
    whole = b"\n".join(values)
    cut = data.draw(st.integers(0, len(whole)))
    first, second = data.draw(
        st.sampled_from([(whole[:cut], whole[cut:]), (ends[0], ends[1]), (values[0], ends[1])])
    )
    is_match = matches_published(["a", "b"], [1, 2, 3, 4, 5, 6], {b"a": first, b"b": second})
    assert is_match == ([first, second] == values)


def test_a_name_that_was_listed_twice_hides_no_other() -> None:
    value = b"1,2,00000003," + b"f" * 24
    assert not matches_published(["a", "a"], [1, 2, 3] * 2, {b"a": value, b"b": value})

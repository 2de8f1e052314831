from hashlib import md5
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.s3 import multipart_etags as parts
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.multipart_etags import MIB, candidates, count_of, etags, holds_in_parts
from s3rewrite.s3.objects import Object


def etag(content: bytes, size: int) -> str:
    """By the definition."""
    found = [content[at : at + size] for at in range(0, len(content), size)] or [b""]
    whole = md5(b"".join(md5(part).digest() for part in found))
    return f"{whole.hexdigest()}-{len(found)}"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("191a9b95dc0ec4b217b1dcb654c0df39-3", 3),
        ("191a9b95dc0ec4b217b1dcb654c0df39-10000", 10_000),
        ("191a9b95dc0ec4b217b1dcb654c0df39", 0),
        ("191a9b95dc0ec4b217b1dcb654c0df39-0", 0),
        ("191a9b95dc0ec4b217b1dcb654c0df39-x", 0),
        ("an etag of a gateway-3", 0),
        ("", 0),
    ],
)
def test_count_of(text: str, count: int) -> None:
    assert count_of(text) == count


@given(
    content=st.binary(max_size=300),
    sizes=st.lists(st.integers(1, 320), max_size=4),
    chunk=st.integers(1, 64),
)
def test_etags_are_those_of_the_definition(content: bytes, sizes: list[int], chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "CHUNK", chunk)
        file = BytesIO(content)
        file.seek(len(content) // 2)
        expected = {etag(content, size) for size in sizes}
        assert etags(content, sizes) == etags(file, sizes) == expected
        assert file.tell() == 0


@pytest.mark.parametrize("part", [5, 8, 15, 16, 50, 64])
@pytest.mark.parametrize("size", [70 * MIB + 1, 128 * MIB, 999_999_999])
def test_what_tools_send_is_among_the_candidates(part: int, size: int) -> None:
    count = -(-size // (part * MIB))
    found = candidates(size, count)
    assert part * MIB in found
    assert all(-(-size // candidate) == count for candidate in found)


def test_parts_that_grew_with_the_file_are_a_candidate() -> None:
    size = 100 * 1024 * MIB
    part = 11 * MIB  # what 10,000 parts need
    assert part in candidates(size, -(-size // part))


def test_a_single_part_and_nothing() -> None:
    assert candidates(8 * MIB, 1) == [8 * MIB]
    assert candidates(0, 1) == [0]
    assert etags(b"", [0]) == {etag(b"", 1)}


def test_reading_ends_when_it_is_not_to_go_on() -> None:
    file = BytesIO(b"x" * 100)
    assert etags(file, [10], lambda: False) == set()
    assert file.tell() == 0


class FakeBucket:
    """Tells the size of parts, or does not."""

    def __init__(self, told: Any) -> None:
        self.told = told

    def call(self, operation: str, **parameters: Any) -> Any:
        assert (operation, parameters) == ("head_object", {"Key": "k", "PartNumber": 1})
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


CONTENT = bytes(range(256)) * 100


@pytest.mark.parametrize(
    ("told", "common", "holds"),
    [
        pytest.param({"ContentLength": 7000, "PartsCount": 4}, (), True, id="S3 tells"),
        pytest.param({"ContentLength": 6999, "PartsCount": 4}, (7000,), False, id="S3 is right"),
        pytest.param({"ContentLength": 25_600}, (6500, 7000), True, id="it does not tell"),
        pytest.param({"ContentLength": 25_600}, (6500,), False, id="nobody knows"),
        pytest.param(S3Error("not allowed"), (7000,), True, id="it refuses the question"),
    ],
)
def test_holds_in_parts(
    told: Any, common: tuple[int, ...], holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "COMMON", common)
    bucket: Any = FakeBucket(told)
    found = Object(len(CONTENT), etag(CONTENT, 7000))
    assert holds_in_parts(bucket, "k", found, CONTENT) is holds
    assert not holds_in_parts(bucket, "k", found, b"y" + CONTENT[1:])


def test_an_object_in_one_piece_is_not_asked_for() -> None:
    bucket: Any = None
    assert not holds_in_parts(bucket, "k", Object(3, md5(b"abc").hexdigest()), b"abc")


def test_s3_being_away_is_said() -> None:
    bucket: Any = FakeBucket(S3Unavailable("away"))
    with pytest.raises(S3Unavailable):
        holds_in_parts(bucket, "k", Object(1, "0" * 32 + "-2"), b"x")


def test_a_large_file_in_one_piece_is_known_by_its_md5() -> None:
    """In one request another tool may send up to 5 GB."""
    found = Object(len(CONTENT), md5(CONTENT).hexdigest())
    bucket: Any = FakeBucket(None)
    file = BytesIO(CONTENT)
    assert holds_in_parts(bucket, "k", found, file)
    assert file.tell() == 0
    assert not holds_in_parts(bucket, "k", found, file, lambda: False)
    assert not holds_in_parts(bucket, "k", found, BytesIO(CONTENT[1:]))

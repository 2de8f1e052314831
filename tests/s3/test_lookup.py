from typing import Any

import pytest

from s3rewrite.s3.lookup import is_listing_cheaper, known_objects
from s3rewrite.s3.objects import Object


@pytest.mark.parametrize(
    ("unknown", "known", "is_cheaper"),
    [
        pytest.param(0, 0, False, id="nothing to look for"),
        pytest.param(1, 0, False, id="one file: ask for it"),
        pytest.param(2, 0, True, id="a new folder: list it"),
        pytest.param(30, 900, True, id="many files, one page"),
        pytest.param(3, 100_000, False, id="a few files in a huge folder: ask for them"),
        pytest.param(5_000, 100_000, True, id="many files in a huge folder"),
    ],
)
def test_which_takes_fewer_requests(unknown: int, known: int, is_cheaper: bool) -> None:
    assert is_listing_cheaper(unknown, known) is is_cheaper


class FakeBucket:
    def __init__(self, prefix: str = "media/") -> None:
        self.mount = type("Mount", (), {"prefix": prefix})
        self.asked: list[str] = []

    def head(self, key: str) -> Object:
        self.asked.append(f"head {key}")
        return Object(1, "e-2", "sha256")

    def list_folder(self, prefix: str) -> dict[str, Object]:
        self.asked.append(f"list {prefix}")
        return {f"{prefix}a": Object(1, "e"), f"{prefix}parts": Object(1, "e-2")}


@pytest.mark.parametrize(
    ("prefix", "directory", "folder"),
    [("media/", "", "media/"), ("media/", "a/b", "media/a/b/"), ("", "", ""), ("", "a", "a/")],
)
def test_a_folder_is_listed_once(prefix: str, directory: str, folder: str) -> None:
    bucket: Any = FakeBucket(prefix)
    known = known_objects(bucket, directory, unknown=9, known=0)
    assert known(f"{folder}a") == Object(1, "e")
    assert known(f"{folder}b") is None
    assert bucket.asked == [f"list {folder}"]


def test_an_object_in_parts_is_asked_for_its_sha256() -> None:
    bucket: Any = FakeBucket()
    known = known_objects(bucket, "", unknown=9, known=0)
    assert known("media/parts") == Object(1, "e-2", "sha256")


def test_a_single_file_is_asked_for() -> None:
    bucket: Any = FakeBucket()
    known_objects(bucket, "", unknown=1, known=0)("media/x")
    assert bucket.asked == ["head media/x"]

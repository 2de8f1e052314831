from pathlib import Path
from typing import Any

import pytest

from s3rewrite.disk import exchange as module
from s3rewrite.disk.exchange import ExchangeUnsupported, exchange


def test_two_names_change_places(tmp_path: Path) -> None:
    file, link = tmp_path / "a b", tmp_path / "é"
    file.write_bytes(b"bytes")
    link.symlink_to("nowhere")
    exchange(file, link)
    assert file.is_symlink()
    assert link.read_bytes() == b"bytes"
    exchange(file, link)
    assert file.read_bytes() == b"bytes"


def test_where_one_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "a", tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_where_it_is_not_supported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any) -> int:
        module.ctypes.set_errno(22)
        return -1

    for found, words in ((None, "this system"), (refuses, "the file system")):
        monkeypatch.setattr(module, "_renameat2", lambda found=found: found)
        with pytest.raises(ExchangeUnsupported, match=words):
            exchange(tmp_path / "a", tmp_path / "b")

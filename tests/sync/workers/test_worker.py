from pathlib import Path
from typing import Any

import pytest

from s3rewrite.sync.workers import worker as taken_up
from tests.factories import job, use_mount


def test_what_an_engine_raises_stops_the_uploads(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as RQ does in the main thread when the time for a task is up."""

    def failing(*_: object) -> None:
        raise TimeoutError("too long")

    uploader_of = job(use_mount(settings, tmp_path))
    monkeypatch.setattr(taken_up, "_wanted", failing)
    teller: Any = None
    with pytest.raises(TimeoutError):
        taken_up._upload(uploader_of, teller, [])
    assert uploader_of.stop.is_set()

"""What a pass did: writes, keys, bytes, results."""

from collections.abc import Iterator
from typing import Any

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.s3.bucket import Bucket
from s3rewrite.sync.reporting.report import Report, Result


class Puts:
    """Counts the objects that are written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: list[str] = []
        put = Bucket.put

        def counted(bucket: Bucket, upload: Any, **options: Any) -> bool:
            self.keys.append(upload.key)
            return put(bucket, upload, **options)

        monkeypatch.setattr(Bucket, "put", counted)


@pytest.fixture
def puts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Puts]:
    return Puts(monkeypatch)


def body(s3_client: Any, mount: Mount, name: str) -> bytes:
    found = s3_client.get_object(Bucket=mount.bucket, Key=f"media/{name}")
    return found["Body"].read()


def keys(s3_client: Any, mount: Mount) -> list[str]:
    found = s3_client.list_objects_v2(Bucket=mount.bucket)
    return [item["Key"] for item in found.get("Contents", ())]


def counts(report: Report) -> dict[Result, int]:
    assert not report.stopped
    return {result: count for result, count in report.counts.items() if count}

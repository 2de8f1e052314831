"""The verifying proxy: what CloudFront's rules refuse and what they let through."""

from collections.abc import Iterator
from typing import Any

import pytest

from demo.servers import SeaweedFS
from tests.support.cloudfront import CloudFront, Signer
from tests.support.visitors import ask

NOW = 1_800_000_000.0
SIGNER = Signer("K2RSA")


@pytest.fixture
def cdn(seaweedfs: SeaweedFS, private_bucket: str, s3_client: Any) -> Iterator[CloudFront]:
    s3_client.put_object(Bucket=private_bucket, Key="media/a b.txt", Body=b"for members")
    keys = {SIGNER.key_id: SIGNER.public}
    with CloudFront(seaweedfs, private_bucket, keys, lambda: NOW) as proxy:
        yield proxy


def test_signed(cdn: CloudFront) -> None:
    url = f"{cdn.url}media/a%20b.txt"
    assert ask(url).status == 403
    assert ask(url).code == "MissingKey"
    signed = SIGNER.canned_url(url, NOW + 60)
    answer = ask(signed)
    assert (answer.status, answer.body) == (200, b"for members")

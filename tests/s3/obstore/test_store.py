from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from s3rewrite.core.mounts import Mount
from s3rewrite.s3.boto3_writer import new_boto
from s3rewrite.s3.obstore.store import Endpoint, credential_provider, find_endpoint, new_store

KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}


def mount(bucket: str = "uploads", **client: Any) -> Mount:
    return Mount(alias="media", bucket=bucket, prefix="m/", public_url="", client=client)


def endpoint(mount: Mount) -> Endpoint | None:
    return find_endpoint(mount, new_boto(mount, lambda: True))


@pytest.mark.parametrize(
    ("bucket", "client", "found"),
    [
        ("bucket", {"region_name": "eu-central-1"}, "https://bucket.s3.eu-central-1.amazonaws.com"),
        ("bucket", {"region_name": "us-east-1"}, "https://bucket.s3.amazonaws.com"),
        ("a.b", {"region_name": "eu-central-1"}, "https://s3.eu-central-1.amazonaws.com/a.b"),
        ("bucket", {"endpoint_url": "http://s:1/", "region_name": "r"}, "http://s:1/bucket"),
        (
            "bucket",
            {"endpoint_url": "https://s.example/x", "region_name": "r"},
            "https://s.example/x/bucket",
        ),
        (
            "bucket",
            {
                "endpoint_url": "https://s.example",
                "region_name": "r",
                "config": Config(s3={"addressing_style": "virtual"}),
            },
            "https://bucket.s.example",
        ),
    ],
)
def test_the_endpoint_is_the_one_that_boto3_uses(
    bucket: str, client: dict[str, Any], found: str
) -> None:
    assert endpoint(mount(bucket, **KEYS, **client)) == Endpoint(found, client["region_name"])


def test_nothing_is_signed_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert endpoint(mount(region_name="us-east-1")) is None


def test_requests_of_other_threads_are_sent_meanwhile() -> None:
    given = mount(endpoint_url="http://127.0.0.1:9", region_name="r", **KEYS)
    boto = new_boto(given, lambda: True)
    ends: list[BaseException | None] = []

    def another(**_: Any) -> None:
        boto.client.meta.events.unregister("before-call.s3.HeadObject", another)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(boto.client.head_object, Bucket="uploads", Key="a")
            ends.append(asked.exception())

    boto.client.meta.events.register("before-call.s3.HeadObject", another)
    assert find_endpoint(given, boto) == Endpoint("http://127.0.0.1:9/uploads", "r")
    assert [type(end) for end in ends] == [EndpointConnectionError]


def test_a_directory_bucket_has_sessions_of_its_own() -> None:
    given = mount("uploads--use1-az4--x-s3", region_name="us-east-1", **KEYS)
    assert new_store(given, new_boto(given, lambda: True)) is None


def test_credentials_are_the_mounts_or_those_that_boto3_finds() -> None:
    given = mount(**KEYS, aws_session_token="t")
    found: Any = credential_provider(given, new_boto(given, lambda: True))()
    assert (found["access_key_id"], found["secret_access_key"], found["token"]) == ("a", "b", "t")
    age = found["expires_at"] - datetime.now(UTC)
    # obstore asks again for those that end in less than five minutes.
    assert timedelta(0) < age < timedelta(minutes=5)
    given = mount()
    found = credential_provider(given, new_boto(given, lambda: True))()
    assert found["access_key_id"] == "testing"


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_certificates_of_the_environment(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    given = mount(endpoint_url="https://s.example", region_name="r", **KEYS)
    assert new_store(given, new_boto(given, lambda: True))
    monkeypatch.setenv(variable, "/etc/ca.pem")
    assert new_store(given, new_boto(given, lambda: True)) is None
    plain = mount(endpoint_url="http://s.example", region_name="r", **KEYS)
    assert new_store(plain, new_boto(plain, lambda: True))

from io import BytesIO
from typing import Any

import obstore
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import MemoryStore

from s3rewrite.disk.open_file import digests_of
from s3rewrite.s3.objects import Upload
from s3rewrite.s3.obstore.support import (
    LARGEST,
    PutArguments,
    is_key,
    put_arguments,
    supports_client,
)

SHA256 = digests_of(b"one").sha256


def upload(key: str = "a", content: Any = b"one", **parameters: Any) -> Upload:
    return Upload(key, content, digests_of(b"one"), parameters)


def test_all_that_obstore_has_words_for() -> None:
    found = put_arguments(
        upload(
            CacheControl="no-cache",
            ContentDisposition="inline",
            ContentEncoding="br",
            ContentLanguage="en",
            ContentType="text/plain",
            Metadata={"own": "a b"},
            Tagging="a=b%26c&d=",
        )
    )
    assert found == PutArguments(
        {
            "Cache-Control": "no-cache",
            "Content-Disposition": "inline",
            "Content-Encoding": "br",
            "Content-Language": "en",
            "Content-Type": "text/plain",
            "own": "a b",
            "s3rewrite-sha256": SHA256,
        },
        {"a": "b&c", "d": ""},
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"ACL": "private"},
        {"ServerSideEncryption": "aws:kms"},
        {"StorageClass": "STANDARD_IA"},
        {"Expires": "tomorrow"},
        {"Unknown": ""},
        {"ContentType": 7},
        {"ContentType": ""},
        {"ContentType": " text/plain"},
        {"CacheControl": "a,  b"},
        {"CacheControl": "a\nb"},
        {"ContentDisposition": 'attachment; filename="ü"'},
        {"Metadata": {"Own": "x"}},
        {"Metadata": {"content-type": "x"}},
        {"Metadata": {"storage-class": "x"}},
        {"Metadata": {"own": "ü"}},
        {"Metadata": {"own": ""}},
        {"Tagging": {"a": "b"}},
        {"Tagging": "a"},
        {"Tagging": "a=1&a=2"},
        {"Tagging": "a=b c"},
        {"Tagging": "a=b+c"},
        {"Tagging": "a=b%20c"},
        {"Tagging": "a=b=c"},
        {"Tagging": "a=b;c"},
        {"Tagging": "a=ü"},
        {"Tagging": "a=%ff"},
        {"Tagging": "a=%zz"},
    ],
)
def test_what_it_has_no_words_for(parameters: dict[str, Any]) -> None:
    assert put_arguments(upload(**parameters)) is None


@pytest.mark.parametrize("content", [b"x" * (LARGEST + 1), BytesIO(b"one")])
def test_large_contents_are_boto3s(content: Any) -> None:
    assert put_arguments(upload(content=content)) is None
    assert put_arguments(upload(content=b"x" * LARGEST))


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("a/b.c", True),
        (" a + %2F?#ü/...", True),
        ("", False),
        ("/a", False),
        ("a/", False),
        ("a//b", False),
        (".", False),
        ("a/./b", False),
        ("a/..", False),
        ("a\nb", False),
        ("a\n", False),
        ("a\x7fb", False),
    ],
)
def test_keys(key: str, is_one: bool) -> None:
    assert is_key(key) is is_one
    assert bool(put_arguments(upload(key))) is is_one


@given(st.text(st.sampled_from("a./\x00 %"), max_size=6))
def test_every_key_that_is_one_is_sent_as_it_is(key: str) -> None:
    parts = key.split("/")
    assert is_key(key) is not (set(parts) & {"", ".", ".."} or "\x00" in key)


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("./\x00\x7f\x85 %"), max_size=8))
def test_obstore_takes_such_keys_as_they_are(key: str) -> None:
    store = MemoryStore()
    if is_key(key):
        obstore.put(store, key, b"")
        assert [found["path"] for batch in obstore.list(store) for found in batch] == [key]


@pytest.mark.parametrize(
    ("client", "is_one"),
    [
        ({}, True),
        ({"endpoint_url": "http://s", "region_name": "r", "aws_session_token": "t"}, True),
        ({"config": Config()}, True),
        ({"config": Config(connect_timeout=1, read_timeout=2, user_agent_extra="x")}, True),
        ({"config": Config(s3={"addressing_style": "virtual"})}, True),
        ({"config": Config(s3={"use_accelerate_endpoint": True})}, False),
        ({"config": Config(proxies={"https": "http://p"})}, False),
        ({"config": Config(retries={"max_attempts": 9})}, False),
        ({"config": Config(client_cert="cert.pem")}, False),
        ({"verify": "ca.pem"}, False),
        ({"use_ssl": True}, False),
        ({"api_version": "2006-03-01"}, False),
    ],
)
def test_clients(client: dict[str, Any], is_one: bool) -> None:
    assert supports_client(client) is is_one

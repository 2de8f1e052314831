"""Signatures of our own against botocore's."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, RefreshableCredentials
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.conf import build_mount
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import quote_name
from s3rewrite.signing import SigningError
from s3rewrite.signing.sigv4 import SigV4
from s3rewrite.signing.windows import Window

KEYS = {"aws_access_key_id": "AKID/EXAMPLE", "aws_secret_access_key": "se/cret+key"}
WINDOW = Window(1_800_000_000, 3600)


def mount(**client: Any) -> Mount:
    options = {"region_name": "eu-west-1", **client}
    return build_mount("media", {"BUCKET": "papers", "ACCESS": "private", "CLIENT": options})


def reference(url: str, window: Window, token: str | None, region: str = "eu-west-1") -> str:
    """The query that botocore makes at the begin of a window."""
    keys = Credentials(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"], token)
    request = AWSRequest("GET", url)
    moment = datetime.fromtimestamp(window.begins, UTC)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment.replace(tzinfo=None)):
        S3SigV4QueryAuth(keys, "s3", region, 2 * window.seconds).add_auth(request)
    return urlsplit(request.url).query


def parameters(query: str) -> set[str]:
    return set(query.split("&"))


@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\\"), min_size=1),
    st.sampled_from(
        [
            "https://papers.s3.eu-west-1.amazonaws.com/media/",
            "http://127.0.0.1:8333/papers/media/",
            "https://S3.example.com:443/papers/media/",
        ]
    ),
    st.sampled_from([None, "to/ken+=="]),
    st.integers(0, 2**31),
    st.sampled_from([60, 3600, 302_400]),
)
def test_a_signature_is_botocore_s(
    name: str, public: str, token: str | None, begins: int, seconds: int
) -> None:
    url, window = public + quote_name(name), Window(begins, seconds)
    client = {**KEYS, **({"aws_session_token": token} if token else {})}
    # As browsers write the host.
    asked = url.replace("S3.example.com:443", "s3.example.com")
    query = SigV4(mount(**client)).query(url, window)
    assert parameters(query) == parameters(reference(asked, window, token))


def test_a_region_that_nobody_names_is_us_east_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    signer = SigV4(mount(region_name=None, **KEYS))
    url = "https://papers.s3.amazonaws.com/media/a.jpg"
    expected = reference(url, WINDOW, None, "us-east-1")
    assert parameters(signer.query(url, WINDOW)) == parameters(expected)


def test_keys_of_their_own_take_the_place_of_the_client_s() -> None:
    other = mount(aws_access_key_id="loop", aws_secret_access_key="x", aws_session_token="t")
    own = SigV4(other, KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])
    url = "https://papers.example.com/a.jpg"
    assert parameters(own.query(url, WINDOW)) == parameters(reference(url, WINDOW, None))
    assert not own.is_temporary


def test_those_of_the_environment_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["aws_secret_access_key"])
    url = "https://papers.example.com/a.jpg"
    assert parameters(SigV4(mount()).query(url, WINDOW)) == parameters(reference(url, WINDOW, None))


def test_without_keys_nothing_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(SigningError, match="no credentials"):
        SigV4(mount()).query("https://papers.example.com/a.jpg", WINDOW)


def test_temporary_keys_take_their_signatures_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = SigV4(mount())
    ends = datetime.now(UTC) + timedelta(hours=1)
    keys = RefreshableCredentials("a", "b", "t", ends, dict, "test")
    signer.__dict__["_found"] = keys
    window = Window(int(ends.timestamp()) - 100, 3600)
    assert signer.is_temporary
    assert signer.expires(window) == int(ends.timestamp())
    assert signer.expires(Window(window.begins - 100_000, 3600)) == window.begins - 92_800


def test_new_keys_make_new_signatures() -> None:
    signer = SigV4(mount())
    url = "https://papers.example.com/a.jpg"
    signer.__dict__["_found"] = Credentials("a", "b")
    first = signer.query(url, WINDOW)
    signer.__dict__["_found"] = Credentials("a", "c")
    assert signer.query(url, WINDOW) != first


def test_no_secret_is_shown() -> None:
    signer = SigV4(mount(**KEYS))
    signer.query("https://papers.example.com/a.jpg", WINDOW)
    assert "se/cret" not in repr(signer) + repr(vars(signer))
    assert signer.cookies(WINDOW) == ()

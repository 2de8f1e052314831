"""Signatures for CloudFront, read back with the public key, and against botocore's."""

import json
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from s3rewrite.conf import build_mount
from s3rewrite.core.mounts import Mount
from s3rewrite.signing import Signer, SigningError, cookies, signer_of, urls
from s3rewrite.signing.windows import Window

RSA = rsa.generate_private_key(65537, 2048)
ECDSA = ec.generate_private_key(ec.SECP256R1())
PUBLIC = "https://cdn.example.com/papers/"
URL = f"{PUBLIC}a%20b.pdf"
WINDOW = Window(1_800_000_000, 3600)


def pem(key: Any) -> str:
    form = PrivateFormat.TraditionalOpenSSL if hasattr(key, "curve") else PrivateFormat.PKCS8
    return str(key.private_bytes(Encoding.PEM, form, NoEncryption()).decode())


def mount(**signing: Any) -> Mount:
    options = {"BUCKET": "papers", "ACCESS": "private", "PUBLIC_URL": PUBLIC}
    return build_mount("papers", {**options, "SIGNING": signing})


def url_signer(key: Any, **options: str) -> Signer:
    return urls(mount(), key_id="K1", key=pem(key), **options)


def decoded(text: str) -> bytes:
    return b64decode(text.translate(str.maketrans("-_~", "+=/")))


def verify(key: Any, signature: bytes, message: str, algorithm: Any) -> None:
    """Raises InvalidSignature."""
    if isinstance(key, rsa.RSAPrivateKey):
        key.public_key().verify(signature, message.encode(), padding.PKCS1v15(), algorithm)
    else:
        key.public_key().verify(signature, message.encode(), ec.ECDSA(algorithm))


def test_a_url_is_signed_as_botocore_does() -> None:
    def rsa_sha1(message: bytes) -> bytes:
        return RSA.sign(message, padding.PKCS1v15(), hashes.SHA1())

    date = datetime.fromtimestamp(WINDOW.expires, UTC)
    expected = CloudFrontSigner("K1", rsa_sha1).generate_presigned_url(URL, date)
    assert f"{URL}?{url_signer(RSA).query(URL, WINDOW)}" == expected


@pytest.mark.parametrize("key", [RSA, ECDSA], ids=["rsa", "ecdsa"])
@pytest.mark.parametrize("name", ["SHA1", "SHA256"])
def test_a_url_opens_itself_alone(key: Any, name: str) -> None:
    query = parse_qs(url_signer(key, hash=name).query(URL, WINDOW), strict_parsing=True)
    policy = {"Resource": URL, "Condition": {"DateLessThan": {"AWS:EpochTime": WINDOW.expires}}}
    message = json.dumps({"Statement": [policy]}, separators=(",", ":"))
    verify(key, decoded(query["Signature"][0]), message, getattr(hashes, name)())
    assert query["Expires"] == [str(WINDOW.expires)]
    assert query["Key-Pair-Id"] == ["K1"]
    assert query.get("Hash-Algorithm") == (None if name == "SHA1" else [name])


@pytest.mark.parametrize("key", [RSA, ECDSA], ids=["rsa", "ecdsa"])
def test_a_url_is_always_the_same(key: Any) -> None:
    assert url_signer(key).query(URL, WINDOW) == url_signer(key).query(URL, WINDOW)


@pytest.mark.parametrize("key", [RSA, ECDSA], ids=["rsa", "ecdsa"])
def test_a_cookie_opens_what_is_below_the_public_url(key: Any) -> None:
    signer = cookies(mount(), key_id="K1", key=pem(key), domain=".example.com")
    found = {cookie.name: cookie for cookie in signer.cookies(WINDOW)}
    assert found.keys() == {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}
    policy = decoded(found["CloudFront-Policy"].value).decode()
    verify(key, decoded(found["CloudFront-Signature"].value), policy, hashes.SHA1())
    statement = json.loads(policy)["Statement"][0]
    assert statement["Resource"] == f"{PUBLIC}*"
    place = found["CloudFront-Policy"][2:]
    assert place == ("example.com", "/papers/", "Lax", True)
    assert signer.cookies(WINDOW) == signer.cookies(WINDOW)
    assert signer.query(URL, WINDOW) == ""


def test_a_cookie_says_its_hash_where_that_is_another() -> None:
    signer = cookies(mount(), key_id="K1", key=pem(RSA), domain="example.com", hash="SHA256")
    names = [cookie.name for cookie in signer.cookies(WINDOW)]
    assert "CloudFront-Hash-Algorithm" in names


@pytest.mark.parametrize("domain", ["", "com", "other.com", "ample.com", "a.cdn.example.com"])
def test_a_domain_that_browsers_would_refuse(domain: str) -> None:
    with pytest.raises(SigningError, match="DOMAIN"):
        cookies(mount(), key_id="K1", key=pem(RSA), domain=domain)


def test_a_key_from_a_file_and_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.pem").write_text(pem(RSA))
    monkeypatch.setenv("SIGNING_KEY", pem(RSA).replace("\n", "\\n"))
    ways = [{"key_file": str(tmp_path / "key.pem")}, {"key_variable": "SIGNING_KEY"}]
    for way in ways:
        assert urls(mount(), key_id="K1", **way).query(URL, WINDOW) == url_signer(RSA).query(
            URL, WINDOW
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "there is no key"),
        ({"key": "-----BEGIN SECRET-----"}, "no private key"),
        ({"key_file": "/nowhere/key.pem"}, "KEY_FILE cannot be read"),
        ({"key": pem(RSA), "hash": "MD5"}, "HASH is 'MD5'"),
        ({"key": pem(ec.generate_private_key(ec.SECP384R1()))}, "another curve"),
        ({"key": pem(ed25519.Ed25519PrivateKey.generate())}, "neither RSA nor ECDSA"),
    ],
)
def test_a_key_that_cannot_sign(options: dict[str, str], message: str) -> None:
    with pytest.raises(SigningError, match=message) as caught:
        urls(mount(), key_id="K1", **options)
    assert "SECRET" not in str(caught.value)


def test_the_settings_name_a_signer() -> None:
    named = mount(BACKEND="s3rewrite.signing.urls", KEY_ID="K1", KEY=pem(RSA), DISTRIBUTION="arn:x")
    assert signer_of(named).query(URL, WINDOW) == url_signer(RSA).query(URL, WINDOW)
    assert signer_of(named) is signer_of(named)


def test_no_secret_is_shown() -> None:
    signer = url_signer(RSA)
    shown = repr(signer) + repr(vars(signer)) + repr(mount(KEY_ID="K1", KEY="top-secret"))
    assert "PRIVATE" not in shown
    assert "top-secret" not in shown

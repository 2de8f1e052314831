"""The verifying proxy: what CloudFront's rules refuse, and what they let through.

Signatures are botocore's, where it can make them, or made by hand.
"""

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from demo.servers import HOST, SeaweedFS
from tests.support.cloudfront import CloudFront, Signer
from tests.support.cloudfront.credentials import decode, is_signed
from tests.support.cloudfront.policies import PolicyError, Target, allows, parse_policy
from tests.support.private_buckets import make_private
from tests.support.visitors import Answer, ask

NOW = 1_800_000_000
END = NOW + 600
BUCKET = "cloudfront-proxy"
FILES = {
    "media/private/a b.txt": b"for members",
    "media/private/c.txt": b"for members too",
    "media/private2/d.txt": b"for others",
    "media/Private/e.txt": b"of another case",
    "secret.txt": b"for nobody",
}
FILE, OTHER = "media/private/a%20b.txt", "media/private/c.txt"
BODY = FILES["media/private/a b.txt"]

SIGNERS = {
    (kind, name): Signer(f"K2{kind}{name}", kind, name)
    for kind, name in product(("rsa", "ecdsa"), (None, "SHA1", "SHA256"))
}
RSA, ECDSA = SIGNERS["rsa", None], SIGNERS["ecdsa", None]
STRANGER = Signer("K2STRANGER")


class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def distribution(session_seaweedfs: SeaweedFS) -> Iterator[CloudFront]:
    session_seaweedfs.resume()
    session_seaweedfs.start()
    client = session_seaweedfs.client()
    client.create_bucket(Bucket=BUCKET)
    for key, body in FILES.items():
        client.put_object(
            Bucket=BUCKET, Key=key, Body=body, CacheControl="private, max-age=60",
            ContentType="text/plain",
        )  # fmt: skip
    make_private(session_seaweedfs, BUCKET)
    client.close()
    keys = {signer.key_id: signer.public for signer in SIGNERS.values()}
    domains = ["cdn.example.com"]
    with CloudFront(session_seaweedfs, BUCKET, keys, Clock(), domains=domains) as proxy:
        yield proxy


@pytest.fixture
def cdn(seaweedfs: SeaweedFS, distribution: CloudFront) -> CloudFront:
    """With nothing counted, at NOW, and with its usual options."""
    distribution.visits.clear()
    distribution.asked.clear()
    distribution.now = Clock()
    distribution.scheme, distribution.origin_path, distribution.queries = "http", "", False
    return distribution


def visit(cdn: CloudFront, signed: str | dict[str, str], path: str = FILE, **more: Any) -> Answer:
    """Ask with a signed URL, or for a path with cookies."""
    if isinstance(signed, str):
        return ask(signed, **more)
    return ask(cdn.url + path, cookies=signed, **more)


def signed_by(signer: Signer, carrier: str, url: str, end: float = END) -> str | dict[str, str]:
    """A URL that is let in, or the cookies that let it in."""
    policy = signer.policy(url, end)
    return {
        "canned URL": lambda: signer.canned_url(url, end),
        "custom URL": lambda: signer.custom_url(url, policy),
        "canned cookies": lambda: signer.canned_cookies(url, end),
        "custom cookies": lambda: signer.custom_cookies(policy),
    }[carrier]()


CARRIERS = ["canned URL", "custom URL", "canned cookies", "custom cookies"]
carriers = pytest.mark.parametrize("carrier", CARRIERS)


# Who is let in


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [FILE, "absent", "", "?", "?Hash-Algorithm=SHA1", "?size=1"])
def test_nobody_without_a_signature(cdn: CloudFront, method: str, path: str) -> None:
    answer = ask(cdn.url + path, method)
    assert answer.status == 403
    assert answer.code == ("MissingKey" if method == "GET" else "")
    assert answer.headers["X-Cache"] == "Error from cloudfront"
    assert not cdn.asked


@carriers
@pytest.mark.parametrize("names", SIGNERS)
def test_both_kinds_of_keys(cdn: CloudFront, names: tuple[str, str | None], carrier: str) -> None:
    signed = signed_by(SIGNERS[names], carrier, cdn.url + FILE)
    answer = visit(cdn, signed)
    assert (answer.status, answer.body, answer.code) == (200, BODY, "")
    # The bucket saw nothing of the signature.
    assert cdn.asked == [f"/{BUCKET}/{FILE}"]
    assert [visit.status for visit in cdn.served] == [200]


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_signature_by_hand(cdn: CloudFront, kind: str) -> None:
    """As the guide says it in words, without botocore."""
    signer = SIGNERS[kind, None]
    url = cdn.url + FILE
    condition = f'{{"DateLessThan":{{"AWS:EpochTime":{END}}}}}'
    text = f'{{"Statement":[{{"Resource":"{url}","Condition":{condition}}}]}}'.encode()
    if isinstance(signer.private, rsa.RSAPrivateKey):
        signature = signer.private.sign(text, padding.PKCS1v15(), hashes.SHA1())
    else:
        signature = signer.private.sign(text, ec.ECDSA(hashes.SHA1()))
    value = base64.b64encode(signature).decode()
    for char, replaced in zip("+=/", "-_~", strict=True):
        value = value.replace(char, replaced)
    signed = f"{url}?Expires={END}&Signature={value}&Key-Pair-Id={signer.key_id}"
    assert ask(signed).body == BODY
    parts = signed.partition("?")[2].split("&")
    assert ask(f"{url}?{'&'.join(reversed(parts))}").body == BODY  # in any order


def test_own_parameters_are_signed(cdn: CloudFront) -> None:
    url = f"{cdn.url}{FILE}?color=red&size=1"
    signed = RSA.canned_url(url, END)
    assert ask(signed).status == 200
    query = signed.partition("?")[2]
    own, signature = query[:16], query[17:]
    assert own == "color=red&size=1"
    assert ask(f"{cdn.url}{FILE}?{signature}&{own}").status == 200
    for changed in ("color=red", "size=1&color=red", "color=red&size=1&more=1", "", own.upper()):
        assert ask(f"{cdn.url}{FILE}?{changed}&{signature}").code == "AccessDenied", changed
    assert not any("?" in path for path in cdn.asked)
    cdn.queries = True
    assert ask(signed).status == 200
    assert cdn.asked[-1] == f"/{BUCKET}/{FILE}?color=red&size=1"


# When


@carriers
@pytest.mark.parametrize(
    ("now", "status"),
    [(END - 0.001, 200), (END, 403), (END + 0.001, 403), (END + 10**8, 403), (0.0, 200)],
)
def test_until(cdn: CloudFront, carrier: str, now: float, status: int) -> None:
    signed = signed_by(ECDSA, carrier, cdn.url + FILE)
    cdn.now = lambda: now
    answer = visit(cdn, signed)
    assert (answer.status, answer.code) == (status, "AccessDenied" if status == 403 else "")


@pytest.mark.parametrize("in_cookies", [False, True])
@pytest.mark.parametrize(
    ("now", "status"), [(NOW - 1, 403), (NOW, 403), (NOW + 0.5, 200), (END, 403)]
)
def test_from(cdn: CloudFront, in_cookies: bool, now: float, status: int) -> None:
    policy = RSA.policy(cdn.url + FILE, END, start=NOW)
    signed = RSA.custom_cookies(policy) if in_cookies else RSA.custom_url(cdn.url + FILE, policy)
    cdn.now = lambda: now
    assert visit(cdn, signed).status == status


@pytest.mark.parametrize("headers", [{"Range": "bytes=0-1"}, {"If-None-Match": "*"}])
def test_each_request_is_looked_at(cdn: CloudFront, headers: dict[str, str]) -> None:
    signed = RSA.canned_url(cdn.url + FILE, END)
    assert ask(signed, headers=headers).status in (206, 304)
    cdn.now = lambda: END
    assert ask(signed, headers=headers).status == 403


# From where


@pytest.mark.parametrize(
    ("addresses", "status"),
    [
        ("127.0.0.1/32", 200),
        ("127.0.0.0/8", 200),
        ("127.0.0.9/24", 200),
        ("0.0.0.0/0", 200),
        ("127.0.0.2/32", 403),
        ("192.0.2.0/24", 403),
    ],
)
def test_addresses(cdn: CloudFront, addresses: str, status: int) -> None:
    policy = RSA.policy(cdn.url + FILE, END, addresses=addresses)
    assert ask(RSA.custom_url(cdn.url + FILE, policy)).status == status
    assert visit(cdn, RSA.custom_cookies(policy)).status == status


def test_an_address_is_that_of_the_connection(cdn: CloudFront) -> None:
    policy = RSA.policy(cdn.url + FILE, END, addresses="127.0.0.2/32")
    signed = RSA.custom_url(cdn.url + FILE, policy)
    assert ask(signed, headers={"X-Forwarded-For": "127.0.0.2"}).status == 403
    assert ask(signed, source="127.0.0.2").status == 200


# Whose signature


def test_an_unknown_key(cdn: CloudFront) -> None:
    url = cdn.url + FILE
    assert ask(STRANGER.canned_url(url, END)).code == "InvalidKey"
    assert visit(cdn, STRANGER.canned_cookies(url, END)).code == "InvalidKey"
    assert ask(RSA.canned_url(url, END).replace(RSA.key_id, RSA.key_id.lower())).status == 403


@pytest.mark.parametrize("named", SIGNERS)
def test_a_signature_of_another_key(cdn: CloudFront, named: tuple[str, str | None]) -> None:
    """A stranger's signature does not become another's by its id, whatever the kinds are."""
    key_id = SIGNERS[named].key_id
    for signer in (STRANGER, *SIGNERS.values()):
        if signer.key_id != key_id:
            signed = signer.canned_url(cdn.url + FILE, END).replace(signer.key_id, key_id)
            assert ask(signed).code == "AccessDenied", signer.key_id


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_the_hash_is_the_one_that_is_named(cdn: CloudFront, kind: str) -> None:
    """SHA-1 where none is named; only SHA1 and SHA256 are names."""
    sha256 = SIGNERS[kind, "SHA256"].canned_url(cdn.url + FILE, END)
    assert ask(sha256).status == 200
    assert ask(sha256.removesuffix("&Hash-Algorithm=SHA256")).code == "AccessDenied"
    for name in ("SHA1", "sha256", "SHA-256", "none", ""):
        assert ask(sha256.replace("=SHA256", f"={name}")).code == "AccessDenied"
    plain = SIGNERS[kind, None].canned_url(cdn.url + FILE, END)
    assert ask(f"{plain}&Hash-Algorithm=SHA1").status == 200
    for name in ("SHA256", "SHA512", "sha1", ""):
        assert ask(f"{plain}&Hash-Algorithm={name}").code == "AccessDenied"


def test_an_altered_policy(cdn: CloudFront) -> None:
    url = cdn.url + FILE
    policy = RSA.policy(cdn.url + OTHER, END)
    good = RSA.custom_url(url, policy)
    both = RSA.custom_url(url, RSA.policy(url, END))
    assert ask(both).status == 200
    assert ask(f"{both}&Expires={END}").code == "MalformedPolicy"
    for forged in (RSA.policy(url, END), RSA.policy("http*", END), RSA.policy(url, END + 1)):
        value = STRANGER.custom_url(url, forged).partition("Policy=")[2].partition("&")[0]
        own = good.partition("Policy=")[2].partition("&")[0]
        assert ask(good.replace(own, value)).code == "AccessDenied", forged
    expires = RSA.canned_url(url, NOW - 1).replace(f"={NOW - 1}", f"={END}")
    assert ask(expires).code == "AccessDenied"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p: p | {"Signature": ""}, "MalformedSignature"),
        (lambda p: p | {"Signature": None}, "MalformedSignature"),
        (lambda p: p | {"Signature": p["Signature"][:-1]}, "MalformedSignature"),
        (lambda p: p | {"Signature": "!" + p["Signature"][1:]}, "MalformedSignature"),
        (lambda p: p | {"Signature": p["Signature"] + "="}, "MalformedSignature"),
        (lambda p: p | {"Signature": p["Signature"][4:]}, "AccessDenied"),
        (lambda p: p | {"Expires": None}, "MalformedPolicy"),
        (lambda p: p | {"Expires": ""}, "MalformedPolicy"),
        (lambda p: p | {"Expires": f"0{END}"}, "MalformedPolicy"),
        (lambda p: p | {"Expires": f"+{END}"}, "MalformedPolicy"),
        (lambda p: p | {"Expires": f"{END}.0"}, "MalformedPolicy"),
        (lambda p: p | {"Expires": f"{END}}}}}"}, "MalformedPolicy"),
        (lambda p: p | {"Policy": "e30_"}, "MalformedPolicy"),
        (lambda p: p | {"Key-Pair-Id": None}, "MissingKey"),
        (lambda p: p | {"Key-Pair-Id": ""}, "MissingKey"),
    ],
)
def test_broken_parameters(
    cdn: CloudFront, change: Callable[[dict[str, str]], dict[str, str | None]], code: str
) -> None:
    """In URLs and in cookies alike."""
    url, _, query = RSA.canned_url(cdn.url + FILE, END).partition("?")
    given = {name: value for name, _, value in (p.partition("=") for p in query.split("&"))}
    changed = {name: value for name, value in change(given).items() if value is not None}
    query = "&".join(f"{name}={value}" for name, value in changed.items())
    assert (ask(f"{url}?{query}").status, ask(f"{url}?{query}").code) == (403, code)
    cookies = {f"CloudFront-{name}": value for name, value in changed.items()}
    assert visit(cdn, cookies).code == code
    assert not cdn.asked


@pytest.mark.parametrize("name", ["Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm"])
def test_a_parameter_twice(cdn: CloudFront, name: str) -> None:
    signer = SIGNERS["rsa", "SHA1"]
    signed = signer.canned_url(cdn.url + FILE, END)
    url, _, query = signed.partition("?")
    for other in (f"{name}=1", f"{name}=", name):
        assert ask(f"{url}?{query}&{other}").status == 403
        assert ask(f"{url}?{other}&{query}").status == 403
    cookies = signer.canned_cookies(cdn.url + FILE, END)
    header = "; ".join(f"{key}={value}" for key, value in cookies.items())
    assert ask(url, headers={"Cookie": header}).status == 200
    assert ask(url, headers={"Cookie": f"{header}; CloudFront-{name}=1"}).status == 403


# URLs and cookies


def test_a_signed_url_is_looked_at_alone(cdn: CloudFront) -> None:
    """Where any of its parameters stands, good cookies do not help, and bad ones do no harm."""
    url = cdn.url + FILE
    good = RSA.canned_cookies(url, END)
    bad = STRANGER.canned_cookies(url, END)
    assert ask(RSA.canned_url(url, END), cookies=bad).status == 200
    assert ask(STRANGER.canned_url(url, END), cookies=good).code == "InvalidKey"
    assert ask(RSA.canned_url(url, NOW - 1), cookies=good).code == "AccessDenied"
    for name in ("Expires", "Policy", "Signature", "Key-Pair-Id"):
        assert ask(f"{url}?{name}=1", cookies=good).status == 403
        assert ask(f"{url}?{name}", cookies=good).status == 403
    assert ask(f"{url}?Hash-Algorithm=SHA1", cookies=good).status == 200


def test_other_cookies(cdn: CloudFront) -> None:
    """They are no concern, and the bucket does not get them; names have an upper and lower case."""
    good = RSA.canned_cookies(cdn.url + FILE, END)
    assert visit(cdn, {"sessionid": "x", **good, "CloudFront-Other": "y"}).status == 200
    assert visit(cdn, {name.lower(): value for name, value in good.items()}).code == "MissingKey"
    without = {name.removeprefix("CloudFront-"): value for name, value in good.items()}
    assert visit(cdn, without).code == "MissingKey"


# For which URL


@carriers
@pytest.mark.parametrize(
    "path",
    [
        OTHER,
        "secret.txt",
        f"/{FILE}",
        FILE.replace("/", "//", 1),
        FILE.replace("/private/", "/./private/"),
        FILE.replace("/private/", "/x/../private/"),
        FILE.replace("/private/", "/x/%2e%2e/private/"),
        FILE.replace("/", "%2f", 1),
        FILE.replace("%20", "+"),
        FILE.replace("a", "%61", 1),
        FILE.upper(),
        FILE.replace("private", "Private"),
        f"{FILE}/",
        f"{FILE};x",
        f"{FILE}%00",
        f"{FILE}?x",
        f"{FILE}?versionId=1",
    ],
)
def test_another_spelling_is_another_url(cdn: CloudFront, carrier: str, path: str) -> None:
    """What is signed is compared as it was sent, also where S3 would find the same key."""
    signed = signed_by(RSA, carrier, cdn.url + FILE)
    if isinstance(signed, dict):
        answer = visit(cdn, signed, path)
    else:
        mark = "&" if "?" in path else "?"
        answer = ask(f"{cdn.url}{path}{mark}{signed.partition('?')[2]}")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert not cdn.asked


def test_another_site(cdn: CloudFront) -> None:
    """Scheme and domain are signed too; a domain that is not the distribution's is refused."""
    here, there = cdn.url + FILE, f"http://cdn.example.com/{FILE}"
    for url, host in ((there, {}), (here, {"Host": "cdn.example.com"})):
        query = RSA.canned_url(url, END).partition("?")[2]
        assert ask(f"{here}?{query}", headers=host).code == "AccessDenied"
    query = RSA.canned_url(there, END).partition("?")[2]
    assert ask(f"{here}?{query}", headers={"Host": "cdn.example.com"}).status == 200
    assert ask(f"{here}?{query}", headers={"Host": "evil.example.com"}).status == 403
    cdn.scheme = "https"
    assert ask(f"{here}?{query}", headers={"Host": "cdn.example.com"}).code == "AccessDenied"
    query = RSA.canned_url(there.replace("http:", "https:"), END).partition("?")[2]
    assert ask(f"{here}?{query}", headers={"Host": "cdn.example.com"}).status == 200


@pytest.mark.parametrize("in_cookies", [False, True])
@pytest.mark.parametrize(
    ("resource", "path", "allowed"),
    [
        ("media/private/*", OTHER, True),
        ("media/private/*", FILE, True),
        ("media/private/*", f"{OTHER}?x=1", True),
        ("media/private/*", "media/private2/d.txt", False),
        (
            "media/private*",
            "media/private2/d.txt",
            True,
        ),  # what a prefix without a slash gives away
        ("media/private/*", "media/Private/e.txt", False),
        ("media/private/*", "media//private/c.txt", False),
        ("media/private/*", "media%2fprivate/c.txt", False),
        ("media/private/*", "secret.txt", False),
        ("media/private/?.txt", OTHER, True),
        ("media/private/c.txt*", f"{OTHER}?x=1", True),
        ("media/private/c.txt", f"{OTHER}?x=1", False),
        ("media/private/c.txt?x=*", f"{OTHER}?x=1", True),
        ("media/private/c.txt?x=*", f"{OTHER}?y=1", False),
    ],
)
def test_wildcards(
    cdn: CloudFront, in_cookies: bool, resource: str, path: str, allowed: bool
) -> None:
    policy = RSA.policy(cdn.url + resource, END)
    signed = RSA.custom_cookies(policy) if in_cookies else RSA.custom_url(cdn.url + path, policy)
    assert visit(cdn, signed, path).status == (200 if allowed else 403)


@pytest.mark.parametrize(
    "climb",
    [
        "media/private/../../secret.txt",
        "media/private/%2e%2e/%2e%2e/secret.txt",
        "media/private/..%2f..%2fsecret.txt",
        "media/private/%2E%2E%2F%2E%2E%2Fsecret.txt",
        "media/private/%252e%252e/%252e%252e/secret.txt",
        "media/private/..%5c..%5csecret.txt",
        "media/private/.%00./secret.txt",
        "media/private/../private2/d.txt",
    ],
)
def test_nobody_climbs_out_of_a_wildcard(cdn: CloudFront, climb: str) -> None:
    """The policy is about such a path, as it was sent; S3 has no parent folders."""
    cookies = RSA.custom_cookies(RSA.policy(f"{cdn.url}media/private/*", END))
    answer = visit(cdn, cookies, climb)
    assert answer.status in (400, 403, 404)
    assert not any(body in answer.body for body in FILES.values())


def test_a_wildcard_in_what_cloudfront_makes_is_none(cdn: CloudFront) -> None:
    """A policy that CloudFront makes names the URL that was asked for."""
    signed = RSA.canned_url(f"{cdn.url}media/private/*", END)
    assert ask(signed.replace("*", "c.txt")).code == "AccessDenied"
    cookies = RSA.canned_cookies(f"{cdn.url}media/private/*", END)
    assert visit(cdn, cookies).code == "AccessDenied"


def target(url: str) -> Target:
    scheme, host, path, query, _ = urlsplit(url)
    return Target(scheme, host, path, query if "?" in url else None)


@pytest.mark.parametrize(
    ("resource", "url", "in_url", "in_cookie"),
    [
        ("*", "http://a.com/x?y", True, False),
        ("*://a.com/x", "https://a.com/x", True, False),
        ("*a.com", "https://a.com/", True, False),
        ("*a.com", "https://a.com/x", False, False),
        ("*a.com*", "https://w.a.com/x?y", True, False),
        ("a.com/x", "http://a.com/x", False, False),
        ("ftp://a.com/x", "ftp://a.com/x", False, False),
        ("http*://a.com/x", "https://a.com/x", False, False),
        ("http://*", "http://a.com/x?y", True, True),
        ("http://*", "https://a.com/x", False, False),
        ("http://a.com*", "http://a.com/x?y", True, True),
        ("http://a.com*", "http://a.com.evil.org/x", True, True),
        ("http://a.com*/x", "http://a.com/x", True, True),
        ("http://a.com*/x", "http://a.com/y", False, False),
        ("http://a.com/*", "http://a.com/", True, True),
        ("http://a.com/*", "http://a.com/x/y?z", True, True),
        ("http://a.com/*", "http://a.com.evil.org/x", False, False),
        ("http://*.a.com/x", "http://w.a.com/x", True, True),
        ("http://*.a.com/x", "http://evil.org/.a.com/x", False, False),
        ("http://a.com", "http://a.com/", True, True),
        ("http://a.com", "http://a.com/x", False, False),
        ("http://a.com/h*d", "http://a.com/hello-world", True, True),
        ("http://a.com/h*d", "http://a.com/hello?world", False, False),
        ("http://a.com/h*d", "http://a.com/h/d", True, True),
        ("http://a.com/h*?*", "http://a.com/hello?world", True, True),
        ("http://a.com/h*\\?*", "http://a.com/hello?world", True, True),
        ("http://a.com/*z.zip*", "http://a.com/z.zip", True, True),
        ("http://a.com/*z.zip*", "http://a.com/y/xz.zip?l=1", True, True),
        ("http://a.com/x?y=1", "http://a.com/x?y=1", True, True),
        ("http://a.com/x?y=1", "http://a.com/x?y=12", False, False),
        ("http://a.com/x?y=1", "http://a.com/x", False, False),
        ("http://a.com/x.y", "http://a.com/xzy", False, False),
        ("http://A.com/x", "http://a.com/x", False, False),
        ("", "http://a.com/x", False, False),
    ],
)
def test_which_urls_a_resource_is_about(
    resource: str, url: str, in_url: bool, in_cookie: bool
) -> None:
    assert allows(resource, target(url), in_cookie=False) is in_url
    assert allows(resource, target(url), in_cookie=True) is in_cookie


# What is a policy

GOOD: dict[str, Any] = {"Resource": "*", "Condition": {"DateLessThan": {"AWS:EpochTime": END}}}


def with_condition(**conditions: Any) -> dict[str, Any]:
    return {"Statement": [GOOD | {"Condition": GOOD["Condition"] | conditions}]}


def test_a_policy_without_a_resource_is_about_everything(cdn: CloudFront) -> None:
    policy = json.dumps({"Statement": [{"Condition": GOOD["Condition"]}]})
    assert ask(RSA.custom_url(f"{cdn.url}secret.txt", policy)).status == 200


@pytest.mark.parametrize(
    "policy",
    [
        {"Statement": [GOOD]},
        {"Statement": [{"Condition": GOOD["Condition"]}]},
        with_condition(DateGreaterThan={"AWS:EpochTime": 0}),
        with_condition(IpAddress={"AWS:SourceIp": "192.0.2.0/24"}),
    ],
)
def test_policies(policy: dict[str, Any]) -> None:
    assert parse_policy(json.dumps(policy, indent=1).encode()).end == END


@pytest.mark.parametrize(
    "policy",
    [
        [],
        {},
        {"Statement": []},
        {"Statement": GOOD},
        {"Statement": [GOOD, GOOD]},
        {"Statement": [GOOD], "Version": "2012-10-17"},
        {"Statement": [GOOD | {"Effect": "Allow"}]},
        {"Statement": [{"Resource": "*"}]},
        {"Statement": [GOOD | {"Condition": {}}]},
        {"Statement": [GOOD | {"Resource": ["*"]}]},
        {"Statement": [GOOD | {"Resource": None}]},
        {"Statement": [GOOD | {"Resource": ""}]},
        with_condition(DateLessThan={"AWS:EpochTime": str(END)}),
        with_condition(DateLessThan={"AWS:EpochTime": float(END)}),
        with_condition(DateLessThan={"AWS:EpochTime": True}),
        with_condition(DateLessThan={"EpochTime": END}),
        with_condition(DateLessThan=END),
        with_condition(DateGreaterThan={}),
        with_condition(dateGreaterThan={"AWS:EpochTime": 0}),
        with_condition(IpAddress={"AWS:SourceIp": "192.0.2.1"}),
        with_condition(IpAddress={"AWS:SourceIp": "::/0"}),
        with_condition(IpAddress={"AWS:SourceIp": ["192.0.2.0/24"]}),
    ],
)
def test_no_policies(cdn: CloudFront, policy: Any) -> None:
    text = json.dumps(policy)
    with pytest.raises(PolicyError):
        parse_policy(text.encode())
    assert ask(RSA.custom_url(cdn.url + FILE, text)).code == "MalformedPolicy"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"{",
        b"[" * 10_000,
        json.dumps(with_condition()).replace('"Resource"', '"Resource":"x","Resource"').encode(),
    ],
)
def test_what_is_no_json(text: bytes) -> None:
    with pytest.raises(PolicyError):
        parse_policy(text)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_signature_by_a_bit(kind: str) -> None:
    signer = SIGNERS[kind, None]
    text, signature = b"text", signer.sign(b"text")
    assert is_signed(text, signature, signer.public, "SHA1")
    for place in range(0, len(signature), 7):
        broken = bytearray(signature)
        broken[place] ^= 1
        assert not is_signed(text, bytes(broken), signer.public, "SHA1")
    assert not is_signed(b"texT", signature, signer.public, "SHA1")
    assert not is_signed(text, signature + b"\0", signer.public, "SHA1")
    assert not is_signed(text, b"", signer.public, "SHA1")


@pytest.mark.parametrize("value", ["", "+A==", "-A==", "a", "-A", "a b_", "%2B", "AAAA!", "AA AA"])
def test_what_is_not_in_the_alphabet(value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(value)


def test_the_alphabet() -> None:
    assert decode("-~-~-w__") == base64.b64decode("+/+/+w==")


@pytest.mark.parametrize(
    "key",
    [
        lambda: rsa.generate_private_key(65537, 1024),
        lambda: ec.generate_private_key(ec.SECP384R1()),
    ],
)
def test_keys_that_cloudfront_does_not_take(seaweedfs: SeaweedFS, key: Any) -> None:
    with pytest.raises(ValueError, match="RSA 2048 and ECDSA P-256"):
        CloudFront(seaweedfs, BUCKET, {"K": key().public_key()})


# What is passed on


def test_what_the_bucket_says_is_passed_on(cdn: CloudFront) -> None:
    signed = RSA.canned_url(cdn.url + FILE, END)
    answer = ask(signed)
    headers = answer.headers
    assert headers["Cache-Control"] == "private, max-age=60"
    assert headers["Content-Type"] == "text/plain"
    assert headers["X-Cache"] == "Miss from cloudfront"
    etag, changed = headers["ETag"], headers["Last-Modified"]
    assert etag
    assert ask(signed, headers={"If-None-Match": etag}).status == 304
    assert ask(signed, headers={"If-Modified-Since": changed}).status == 304
    assert ask(signed, headers={"If-None-Match": '"other"'}).body == BODY
    part = ask(signed, headers={"Range": "bytes=4-6"})
    assert (part.status, part.body) == (206, BODY[4:7])
    assert part.headers["Content-Range"] == f"bytes 4-6/{len(BODY)}"
    assert ask(signed, headers={"Range": "bytes=1000-"}).status == 416
    head = ask(signed, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(BODY))
    assert head.headers["ETag"] == etag


def test_what_the_bucket_lacks(cdn: CloudFront) -> None:
    answer = ask(RSA.canned_url(f"{cdn.url}absent", END))
    assert (answer.status, answer.code) == (404, "NoSuchKey")
    assert cdn.visits[-1].code == ""


def test_the_visitors_credentials_stay_with_him(cdn: CloudFront) -> None:
    headers = {"Authorization": "Basic eDp5"}
    assert ask(cdn.url + FILE, headers=headers).status == 403
    assert ask(RSA.canned_url(cdn.url + FILE, END), headers=headers).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nobody_writes(cdn: CloudFront, method: str) -> None:
    answer = ask(RSA.canned_url(cdn.url + FILE, END), method)
    assert (answer.status, cdn.asked) == (403, [])


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (FILE, {}, 200),
        (FILE + '"', {}, 400),
        (FILE + "\\", {}, 400),
        (FILE + "#x", {}, 400),
        (f"{FILE}?{'x' * 8192}", {}, 400),
        (FILE, {"Host": ""}, 403),
        (FILE, {"Host": "evil.example.com"}, 403),
        (FILE, {"host": "127.0.0.1"}, 400),  # a second one
    ],
)
def test_what_no_browser_sends(
    cdn: CloudFront, path: str, headers: dict[str, str], status: int
) -> None:
    """Refused whatever the signature is about."""
    cookies = RSA.custom_cookies(RSA.policy("http://*", END))
    assert ask(cdn.url + path, headers=headers, cookies=cookies).status == status
    assert len(cdn.asked) == (status == 200)


def test_an_origin_path(cdn: CloudFront) -> None:
    cdn.origin_path = "/media/private"
    assert ask(RSA.canned_url(f"{cdn.url}c.txt", END)).body == FILES["media/private/c.txt"]
    assert cdn.asked == [f"/{BUCKET}/{OTHER}"]


def test_the_bucket_itself_refuses(seaweedfs: SeaweedFS, cdn: CloudFront) -> None:
    assert ask(f"{seaweedfs.public_url(BUCKET)}{FILE}").status == 403


def test_many_at_once(cdn: CloudFront) -> None:
    """As a gallery asks, also with visitors who go away before the end."""
    urls = [SIGNERS[names].canned_url(cdn.url + FILE, END) for names in SIGNERS] * 10
    with ThreadPoolExecutor(16) as pool:
        for url in urls[:16]:
            with create_connection((HOST, cdn.port)) as connection:
                connection.sendall(f"GET {url} HTTP/1.1\r\nHost: ".encode())
        answers = list(pool.map(ask, urls))
    assert {(answer.status, answer.body) for answer in answers} == {(200, BODY)}
    assert len(cdn.served) == len(urls)


def test_requests_are_counted(cdn: CloudFront) -> None:
    signed = RSA.canned_url(cdn.url + FILE, END)
    ask(cdn.url + FILE)
    ask(signed, "HEAD")
    assert [(v.method, v.status, v.code) for v in cdn.visits] == [
        ("GET", 403, "MissingKey"),
        ("HEAD", 200, ""),
    ]
    assert (len(cdn.refused), len(cdn.served)) == (1, 1)
    assert cdn.visits[1].target == signed.removeprefix(cdn.url.removesuffix("/"))

"""What private files cost a page: its fifty pictures public, opened by cookies, by signed URLs.

python -m benchmarks.private [--requests N]

The page and the way of measuring are those of `benchmarks.request`: a gunicorn for each way, asked
in turn. Behind it, what one new signature takes, as each URL is signed once a window and process.
"""

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.request import OURS, WARM_UP, Seconds, Site, measure, prepared, quantile
from demo.servers import Valkey
from s3rewrite.conf import build_mount
from s3rewrite.signing.cloudfront import KeyPair, UrlSigner
from s3rewrite.signing.sigv4 import SigV4
from s3rewrite.signing.windows import Window

SIGNATURES = {
    OURS: b"",
    "private, cookies": b"",
    "private, CloudFront URLs": b"&amp;Signature=",
    "private, S3 URLs": b"&amp;X-Amz-Signature=",
}
"""Way -> what is in each of its links."""

PUBLIC_URL = "https://cdn.example.com/media/"


def table(seconds: Seconds) -> Iterator[str]:
    """The lines of the table; ratios are to the public page."""
    names = f"{'p50 ms':>9}{'ratio':>8}{'mean ms':>9}{'ratio':>8}{'p99 ms':>9}"
    yield f"\n{'A page of 50 pictures':26}{names}"
    public = seconds[OURS]
    for way, found in seconds.items():
        p50, mean = statistics.median(found), statistics.mean(found)
        yield (
            f"{way:26}{p50 * 1000:9.3f}{p50 / statistics.median(public):8.3f}{mean * 1000:9.3f}"
            f"{mean / statistics.mean(public):8.3f}{quantile(found, 0.99) * 1000:9.2f}"
        )


def check(site: Site) -> None:
    """Raise AssertionError for links without the signatures of their way."""
    if sign := SIGNATURES[site.way]:
        found = site.ask()[1].count(sign)
        assert found == 50, f"{site.way}: {found} signatures"


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """A key, as settings have it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signers() -> dict[str, Callable[[str], object]]:
    """Ways to make one signature, for the same window."""
    client = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    mount = build_mount("media", {"BUCKET": "b", "PUBLIC_URL": PUBLIC_URL, "CLIENT": client})
    window = Window(int(time.time()), 3600)
    keys = (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1()))
    by_rsa, by_ecdsa = (UrlSigner(KeyPair("K1", pem(key), "SHA1")) for key in keys)
    s3 = SigV4(mount)
    botocore = S3SigV4QueryAuth(Credentials("a", "b"), "s3", "us-east-1", 7200)
    return {
        "S3": lambda url: s3.query(url, window),
        "S3, by botocore": lambda url: botocore.add_auth(AWSRequest("GET", url)),
        "CloudFront, RSA": lambda url: by_rsa.query(url, window),
        "CloudFront, ECDSA": lambda url: by_ecdsa.query(url, window),
    }


def signature_table(count: int) -> Iterator[str]:
    """The lines of the table: each signer's median, as they sign in turn."""
    took: Seconds = {}
    ways = signers()
    for number in range(count):
        for name, sign in ways.items():
            began = time.perf_counter()
            sign(f"{PUBLIC_URL}{number}.jpg")
            took.setdefault(name, []).append(time.perf_counter() - began)
    yield f"\n{'One new signature':26}{'p50 us':>9}"
    for name, found in took.items():
        yield f"{name:26}{statistics.median(found) * 1_000_000:9.1f}"


def main() -> int:
    """Measure and print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=3000, help="to each site")
    options = parser.parse_args()
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f}")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="s3rewrite-")))
        valkey = stack.enter_context(Valkey(directory / "valkey"))
        environment = prepared(directory, valkey)
        environment["BENCHMARK_KEY"] = pem(rsa.generate_private_key(65537, 2048)).decode()
        sites = [Site(way, directory / "sites", environment) for way in SIGNATURES]
        for site in sites:
            stack.enter_context(site)
            check(site)
        links = dict.fromkeys(SIGNATURES, 50)
        measure(sites, WARM_UP, links)
        print("\n".join(table(measure(sites, options.requests, links))))
    print("\n".join(signature_table(500)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""CloudFront's request forms, by moto; Cloudflare's, by a server that answers as it is told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from moto import mock_aws

from s3rewrite.cdn import CDNError, Cloudflare, CloudFront, cdn_of
from s3rewrite.core.mounts import Mount

URL = "https://cdn.example.com/m/"


def distribution() -> str:
    origin = {"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {
        "OriginAccessIdentity": ""
    }}  # fmt: skip
    values = {"QueryString": False, "Cookies": {"Forward": "none"}}
    behaviour = {
        "TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", "ForwardedValues": values,
    }  # fmt: skip
    made = boto3.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "x", "Comment": "", "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},  # type: ignore[typeddict-item]
            "DefaultCacheBehavior": behaviour,  # type: ignore[typeddict-item]
        }
    )  # fmt: skip
    return made["Distribution"]["Id"]


@mock_aws
def test_cloudfront() -> None:
    identifier = distribution()
    cdn = cdn_of(
        Mount(
            alias="media", bucket="b", prefix="media/", public_url=URL,
            cdn={"BACKEND": "s3rewrite.cdn.CloudFront", "DISTRIBUTION_ID": identifier},
        )
    )  # fmt: skip
    assert cdn
    clearing = cdn.clear(["/m/a%20b.jpg", "/m/p/*"])
    assert cdn.is_clear(clearing)
    sent = boto3.client("cloudfront").get_invalidation(DistributionId=identifier, Id=clearing)
    assert sent["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] == ["/m/a%20b.jpg", "/m/p/*"]


@mock_aws
def test_cloudfront_that_refuses() -> None:
    with pytest.raises(CDNError, match=r"distribution E9.*NoSuchDistribution"):
        CloudFront(URL, "E9").clear(["/m/a"])


class Service(HTTPServer):
    """Answers with what it is told, and keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.answer: tuple[int, bytes] = (200, b'{"success": true}')
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.asked.append((self.path, self.headers["Authorization"], json.loads(body)))
                self.send_response(service.answer[0])
                self.end_headers()
                self.wfile.write(service.answer[1])

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.01,))
        thread.start()
        yield service
        service.shutdown()
        thread.join()


@pytest.fixture
def cloudflare(service: Service) -> Cloudflare:
    return Cloudflare(URL, "z1", "secret", f"http://127.0.0.1:{service.server_port}/v4")


def test_cloudflare(service: Service, cloudflare: Cloudflare) -> None:
    paths = [f"/m/{number}.jpg" for number in range(150)]
    assert cloudflare.is_clear(cloudflare.clear([*paths, "/m/p/*"]))
    assert {asked[:2] for asked in service.asked} == {("/v4/zones/z1/purge_cache", "Bearer secret")}
    bodies = [asked[2] for asked in service.asked]
    assert bodies[0] == {"prefixes": ["cdn.example.com/m/p/"]}
    assert [len(body["files"]) for body in bodies[1:]] == [100, 50]
    assert bodies[1]["files"][0] == "https://cdn.example.com/m/0.jpg"


@pytest.mark.parametrize(
    "answer",
    [
        (403, b'{"success": false}'),
        (429, b"slow down"),
        (200, b'{"success": false}'),
        (200, b"<html>a captive portal</html>"),
        (200, b"[]"),
    ],
)
def test_cloudflare_that_refuses(
    service: Service, cloudflare: Cloudflare, answer: tuple[int, bytes]
) -> None:
    service.answer = answer
    with pytest.raises(CDNError, match="Cloudflare zone z1") as raised:
        cloudflare.clear(["/m/a.jpg"])
    assert "secret" not in str(raised.value)


def test_cloudflare_that_is_away() -> None:
    with pytest.raises(CDNError, match="refused"):
        Cloudflare(URL, "z1", "secret", "http://127.0.0.1:1").clear(["/m/a.jpg"])


def test_without_a_cdn() -> None:
    assert cdn_of(Mount(alias="media", bucket="b", prefix="media/", public_url=URL)) is None

"""Presets: the options that people give for a service, or for static files. Data, and pure."""

from typing import Any


def _service(endpoint: str = "", region: str = "", **options: Any) -> dict[str, Any]:
    client = {"endpoint_url": endpoint, "region_name": region}
    return {"CLIENT": {key: value for key, value in client.items() if value}, **options}


PRESETS: dict[str, dict[str, Any]] = {
    # A CDN shows the old bytes of a key that is overwritten, until they are no longer fresh.
    "cloudfront": {"KEYS": "fingerprint"},
    # https://developers.cloudflare.com/r2/api/s3/api/
    "r2": _service(region="auto"),
    # https://www.backblaze.com/docs/cloud-storage-call-the-s3-compatible-api
    "b2": _service("https://s3.{region}.backblazeb2.com"),
    # Objects are private unless each says otherwise.
    # https://docs.digitalocean.com/products/spaces/reference/s3-compatibility/
    "digitalocean": _service(
        "https://{region}.digitaloceanspaces.com", OBJECT_PARAMETERS={"ACL": "public-read"}
    ),
    # https://docs.hetzner.com/storage/object-storage/overview
    "hetzner": _service("https://{region}.your-objectstorage.com"),
    "minio": _service(region="us-east-1"),
    "seaweedfs": _service(region="us-east-1"),
    # The site's own files: all that pages load may come from S3.
    "static": {
        "STORAGE": "staticfiles",
        "CORS": True,
        "CONTEXTS": "stylesheet script modulepreload font-preload font-face import".split(),
    },
}
"""Name -> options, which a mount's own options replace. `{region}` is CLIENT's `region_name`."""

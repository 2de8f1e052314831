"""What a mount knows of itself."""

import pytest

from s3rewrite.core.mounts import Mount

SITE = "https://www.example.com"


@pytest.mark.parametrize(
    ("url", "site", "expected"),
    [
        ("https://cdn.test/a.jpg", "", "https://cdn.test/a.jpg"),
        ("http://cdn.test/a.jpg", SITE, "http://cdn.test/a.jpg"),
        ("//cdn.test/a.jpg", "", "https://cdn.test/a.jpg"),
        ("//cdn.test/a.jpg", SITE, "https://cdn.test/a.jpg"),
        ("/s3/a.jpg", SITE, f"{SITE}/s3/a.jpg"),
        ("/s3/a.jpg", "", ""),
    ],
)
def test_a_public_url_as_a_visitor_asks_for_it(url: str, site: str, expected: str) -> None:
    mount = Mount(alias="media", bucket="uploads", public_url="/s3/", prefix="", site_url=site)
    assert mount.visitor_url(url) == expected

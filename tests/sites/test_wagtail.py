"""A Wagtail site: renditions on its pages and in its admin come from the bucket."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from demo.servers import HOST, SeaweedFS, Valkey, free_ports
from tests.browser.site import Visit
from tests.browser.test_contexts import CORS

SEED = """
import io
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from PIL import Image
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
User.objects.create_superuser("editor", "e@example.com", "secret")
out = io.BytesIO()
Image.new("RGB", (600, 400), "teal").save(out, "png")
get_image_model().objects.create(title="a title", file=ContentFile(out.getvalue(), "a.png"))
get_document_model().objects.create(title="x", file=ContentFile(b"%PDF-1.4", "a.pdf"))
"""


class Wagtail:
    """The site's directory, and commands in it."""

    def __init__(self, downloads: Path, site: dict[str, object]) -> None:
        paths = os.pathsep.join((str(Path.cwd()), str(downloads / "python")))
        settings = {"DJANGO_SETTINGS_MODULE": "tests.sites.wagtail_site", "PYTHONPATH": paths}
        self.environment = {**os.environ, **settings, "SITE_JSON": json.dumps(site)}

    def run(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "django", *arguments]
        subprocess.run(command, check=True, env=self.environment, capture_output=True)

    def serve(self, port: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "django", "runserver", "--noreload", f"{HOST}:{port}"]
        return subprocess.Popen(command, env=self.environment)


@pytest.fixture(scope="module")
def bucket(session_seaweedfs: SeaweedFS) -> str:
    name = "wagtail-files"
    session_seaweedfs.create_bucket(name)
    client = session_seaweedfs.client()
    rules: Any = {"CORSRules": [CORS]}
    client.put_bucket_cors(Bucket=name, CORSConfiguration=rules)
    client.close()
    return name


@pytest.fixture(scope="module")
def wagtail(
    downloads: Path,
    session_valkey: Valkey,
    session_seaweedfs: SeaweedFS,
    bucket: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Wagtail:
    directory = tmp_path_factory.mktemp("wagtail")
    (directory / "media").mkdir()
    site = {
        "directory": str(directory),
        "redis": session_valkey.url,
        "bucket": bucket,
        "client": session_seaweedfs.client_options,
    }
    wagtail = Wagtail(downloads, site)
    wagtail.run("migrate", "--verbosity=0")
    wagtail.run("shell", "-c", SEED)
    wagtail.run("collectstatic", "--no-input", "--verbosity=0")
    return wagtail


@pytest.fixture(scope="module")
def site(wagtail: Wagtail) -> Iterator[str]:
    port = free_ports(1)[0]
    process = wagtail.serve(port)
    url = f"http://{HOST}:{port}"
    try:
        _wait_for(url, process)
        # The first visit makes the renditions, and the pass behind it publishes them.
        wagtail.run("s3rewrite_sync", "--verbosity=0")
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while process.poll() is None:
        try:
            with urlopen(url):
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    pytest.fail("the site did not start")


def test_renditions_and_documents_on_a_page(
    visit: Visit, site: str, session_seaweedfs: SeaweedFS, bucket: str
) -> None:
    media = session_seaweedfs.public_url(bucket, "media/")
    visit.open(site)
    visit.tab.wait_for_load_state("networkidle")
    sources = visit.tab.evaluate("[...document.images].map((image) => image.currentSrc)")
    assert len(sources) == 3
    assert all(source.startswith(f"{media}images/") for source in sources)
    assert visit.tab.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    assert visit.tab.evaluate("document.querySelector('#document').pathname").startswith(
        "/documents/"
    )
    assert visit.tab.evaluate("document.querySelector('#file').href").startswith(media)
    assert visit.problems == []
    assert "/media/" not in visit.html.replace(media, "")


def test_the_admin(
    visit: Visit, wagtail: Wagtail, site: str, session_seaweedfs: SeaweedFS, bucket: str
) -> None:
    public_url = session_seaweedfs.public_url(bucket, "")
    visit.open(f"{site}/cms/login/")
    visit.tab.fill("[name=username]", "editor")
    visit.tab.fill("[name=password]", "secret")
    visit.tab.click("[type=submit]")
    visit.tab.wait_for_load_state("networkidle")
    visit.open(f"{site}/cms/images/")
    wagtail.run("s3rewrite_sync", "--verbosity=0")
    visit.open(f"{site}/cms/images/")
    visit.tab.wait_for_load_state("networkidle")
    thumbnails = visit.tab.evaluate(
        "[...document.querySelectorAll('main img')].map((i) => [i.src, i.naturalWidth > 0])"
    )
    assert thumbnails
    assert all(url.startswith(public_url) and is_there for url, is_there in thumbnails)
    sheets = visit.tab.evaluate("[...document.styleSheets].map((s) => s.href).filter(Boolean)")
    assert sheets
    assert all(sheet.startswith(public_url) for sheet in sheets)
    assert visit.problems == []

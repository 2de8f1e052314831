"""A site in development: an edited style sheet is seen at once, though S3 has an older copy."""

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from django.test import override_settings

from demo.servers import HOST, Process, SeaweedFS, free_ports
from s3rewrite import conf
from s3rewrite.sync.passes import whole_pass
from tests.support.factories import job, write
from tests.support.publishing import closed_clients, published

__all__ = ["closed_clients"]

OLD, NEW = b"a { color: red }", b"a { color: blue }"
TIMEOUT = 30.0  # seconds: a busy machine's Redis may not answer the first page in time
ROOT = Path(__file__).resolve().parents[2]


class Runserver(Process):
    """`manage.py runserver`."""

    def __init__(self, directory: Path, told: dict[str, Any]) -> None:
        (directory / "site.json").write_text(json.dumps(told))
        self.url = f"http://{HOST}:{free_ports(1)[0]}"
        place = self.url.removeprefix("http://")
        options = ["--noreload", *([] if told["debug"] else ["--insecure"])]
        command = [sys.executable, "-m", "django", "runserver", place, *options]
        settings = {"DJANGO_SETTINGS_MODULE": "tests.integration.runserver_site"}
        paths = {"PYTHONPATH": str(ROOT), "RUNSERVER_SITE": str(directory / "site.json")}
        super().__init__("runserver", command, directory, {**os.environ, **settings, **paths})

    def is_ready(self) -> bool:
        """Whether a page comes."""
        try:
            self.style_sheet()
        except OSError:
            return False
        return True

    def style_sheet(self) -> bytes:
        """The bytes of the style sheet that the page names."""
        with urlopen(self.url) as response:
            found = re.search(r'href="([^"]*)"', response.read().decode())
        assert found
        url = found[1] if found[1].startswith("http") else self.url + found[1]
        with urlopen(url) as response:
            return bytes(response.read())


@pytest.mark.parametrize(
    ("debug", "options", "seen"),
    [(True, {}, NEW), (True, {"LINK_IN_DEBUG": True}, OLD), (False, {}, OLD)],
)
def test_an_edited_style_sheet(
    settings: Any,
    caches: None,
    redis_url: str,
    seaweedfs: SeaweedFS,
    bucket: str,
    tmp_path: Path,
    debug: bool,
    options: dict[str, Any],
    seen: bytes,
) -> None:
    mount = {
        "BUCKET": bucket,
        "STORAGE": "staticfiles",
        "CLIENT": seaweedfs.client_options,
        "CONTEXTS": ["stylesheet"],
        **options,
    }
    static_root = tmp_path / "static"
    write(static_root, "a.css", OLD)
    write(tmp_path / "sources", "a.css", NEW)
    with override_settings(STATIC_ROOT=static_root, S3REWRITE={"static": mount}):
        assert whole_pass(job(conf.mount("static"))).is_ok
        assert "a.css" in published(conf.mount("static"))
    told = {
        "debug": debug,
        "static_root": str(static_root),
        "sources": str(tmp_path / "sources"),
        "redis_url": redis_url,
        "mount": mount,
    }
    with Runserver(tmp_path, told) as site:
        deadline = time.monotonic() + TIMEOUT
        while (found := site.style_sheet()) != seen and time.monotonic() < deadline:
            time.sleep(0.1)
        assert found == seen, site.log.read_text()

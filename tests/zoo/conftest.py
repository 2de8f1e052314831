"""Installs a package in a directory of its own, and starts a site with it."""

import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from importlib.metadata import distributions
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from demo.servers import HOST, SeaweedFS, Valkey, free_ports
from tests.browser.test_contexts import CORS
from tests.zoo.residents import Resident

DJANGO = "Django>=5.2,<6"


class Site:
    """The site of a resident: its files, commands, and what visitors get."""

    def __init__(self, resident: Resident, packages: Path, given: dict[str, Any]) -> None:
        self.directory, self.packages = Path(given["directory"]), packages
        self.public_url = given.pop("public_url")
        self.url = f"http://{HOST}:{free_ports(1)[0]}"
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.zoo.settings",
            "PYTHONPATH": os.pathsep.join((str(packages), str(Path.cwd()))),
            "SITE_JSON": json.dumps({**given, "module": resident.module}),
        }

    @property
    def version(self) -> str:
        found = distributions(path=[str(self.packages)])
        versions = {one.name.lower().replace("_", "-"): one.version for one in found}
        return versions[self.packages.name]

    def run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "django", *arguments]
        done = subprocess.run(
            command, check=False, env=self.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    def sync(self, *options: str) -> str:
        return self.run("s3rewrite_sync", "--verbosity=0", *options)

    def get(self, path: str) -> str:
        return self._ask(Request(self.url + path))

    def post(self, path: str, **values: Any) -> str:
        body = encode_multipart(BOUNDARY, values)
        headers = {"Content-Type": MULTIPART_CONTENT}
        return self._ask(Request(self.url + path, data=body, headers=headers))

    def links(self, text: str) -> list[str]:
        """The URLs on S3 in a text, each once."""
        found = re.findall(rf"{re.escape(self.public_url)}[^\"'\s)<>&?#,\\]+", text)
        return list(dict.fromkeys(found))

    def local(self, text: str) -> list[str]:
        """The local URLs of files that a text still has."""
        origin = rf"(?:{re.escape(self.url)}|(?<![\w./-]))"
        return re.findall(rf"{origin}/(?:media|static)/[^\"'\s)<>?#,\\]+", text)

    def name(self, link: str) -> Path:
        """The local file of a link."""
        mount, _, name = link.removeprefix(self.public_url).partition("/")
        return self.directory / mount / name

    def _ask(self, request: Request) -> str:
        try:
            with urlopen(request, timeout=60) as answer:
                return str(answer.read().decode())
        except HTTPError as error:
            log = (self.directory / "log").read_text()[-3000:]
            raise AssertionError(f"{request.full_url}: {error}\n{log}") from None


def picture(color: str = "teal", name: str = "a.png") -> BytesIO:
    """A picture as a browser sends it."""
    out = BytesIO()
    Image.new("RGB", (300, 200), color).save(out, "png")
    out.seek(0)
    out.name = name
    return out


def read(url: str) -> bytes:
    with urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


@pytest.fixture
def resident(request: pytest.FixtureRequest) -> Resident:
    """Given by the test."""
    return request.param


@pytest.fixture
def packages(resident: Resident) -> Path:
    """The directory with the package and all that it needs."""
    if not (zoo := os.environ.get("ZOO_DIR")):
        pytest.skip("make zoo runs these tests")
    found = Path(zoo) / resident.package
    if not (found / ".installed").exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(found)]
        subprocess.run([*command, DJANGO, resident.package, *resident.more], check=True)
        (found / ".installed").touch()
    return found


@pytest.fixture
def site(
    resident: Resident,
    packages: Path,
    session_valkey: Valkey,
    session_seaweedfs: SeaweedFS,
    tmp_path: Path,
) -> Iterator[Site]:
    bucket = f"zoo-{uuid.uuid4().hex[:12]}"
    session_seaweedfs.create_bucket(bucket)
    client = session_seaweedfs.client()
    rules: Any = {"CORSRules": [CORS]}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration=rules)
    client.close()
    for name in ("media", "static", "assets"):
        (tmp_path / name).mkdir()
    (tmp_path / "assets/a.css").write_text("p { color: teal }\n" * 100)
    (tmp_path / "assets/a.js").write_text("const colour = 'teal';\n" * 100)
    given = {
        "directory": str(tmp_path),
        "redis": session_valkey.url,
        "bucket": bucket,
        "client": session_seaweedfs.client_options,
        "public_url": session_seaweedfs.public_url(bucket),
    }
    found = Site(resident, packages, given)
    found.run("migrate", "--run-syncdb", "--verbosity=0")
    found.run("collectstatic", "--no-input", "--verbosity=0")
    port = found.url.rpartition(":")[2]
    command = [sys.executable, "-m", "django", "runserver", "--noreload", f"{HOST}:{port}"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=found.env, stdout=log, stderr=log)
    try:
        _wait_for(found, process)
        yield found
    finally:
        process.terminate()
        process.wait()


def _wait_for(site: Site, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while process.poll() is None:
        try:
            urlopen(site.url, timeout=60).close()
        except HTTPError:
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return
    pytest.fail((site.directory / "log").read_text())

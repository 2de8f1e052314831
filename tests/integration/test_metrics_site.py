"""The figures of a site under gunicorn, with the settings that the documentation gives."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from demo.servers import Process, free_ports
from tests.support.commands import eventually
from tests.support.factories import use_mount
from tests.support.publishing import publish

TOP = Path(__file__).resolve().parents[2]
CONFIG = TOP / "docs/deploy/gunicorn.conf.py"

LINKS = 's3rewrite_links_total{mount="media"}'
LOCAL = 's3rewrite_local_total{mount="media",reason="unpublished"}'


class Site(Process):
    """The site, in two workers."""

    def __init__(self, directory: Path, media: Path, redis_url: str) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}/"
        command = [sys.executable, "-m", "gunicorn", "-c", CONFIG, "--bind", f"127.0.0.1:{port}"]
        figures = directory / "figures"
        figures.mkdir(parents=True)
        env = {
            **os.environ,
            "PYTHONPATH": str(TOP),
            "PROMETHEUS_MULTIPROC_DIR": str(figures),
            "SITE_REDIS_URL": redis_url,
            "SITE_MEDIA": str(media),
        }
        env.pop("DJANGO_SETTINGS_MODULE", None)
        site = "tests.integration.metrics_site:application"
        super().__init__("site", [*command, site], directory, env)

    def is_ready(self) -> bool:
        try:
            self.metrics()
        except URLError:
            return False
        return True

    def visit(self) -> int:
        """Fetch the page; which process answered."""
        with urlopen(self.url, timeout=10) as answer:
            assert b"https://cdn.example.com/media/a.txt" in answer.read()
            return int(answer.headers["X-Worker"])

    def metrics(self) -> list[str]:
        with urlopen(f"{self.url}metrics", timeout=10) as answer:
            return str(answer.read().decode()).splitlines()


@pytest.fixture
def site(settings: Any, caches: None, root: Path, redis_url: str, tmp_path: Path) -> Iterator[Site]:
    mount = use_mount(settings, root, PUBLIC_URL="https://cdn.example.com/media/")
    publish(mount, root, "a.txt")
    with Site(tmp_path / "site", root, redis_url) as site:
        yield site


def test_the_workers_are_summed_and_a_dead_one_still_counts(site: Site) -> None:
    workers: list[int] = []
    eventually(lambda: workers.append(site.visit()) or len(set(workers)) == 2)
    visits = f"{len(workers):.1f}"
    assert f"{LINKS} {visits}" in site.metrics()
    assert f"{LOCAL} {visits}" in site.metrics()
    assert 's3rewrite_breaker_open{mount="media"} 0.0' in site.metrics()
    os.kill(workers[0], signal.SIGTERM)
    eventually(lambda: workers.append(site.visit()) or len(set(workers)) == 3)
    assert f"{LINKS} {len(workers):.1f}" in site.metrics()

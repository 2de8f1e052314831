import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from prometheus_client import CollectorRegistry

from s3rewrite.core.counters import link_counter, set_link_counter
from s3rewrite.core.mounts import Mount
from s3rewrite.linking import resolver as links
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.metrics.apps import MetricsConfig
from s3rewrite.metrics.web import WEB, WebLinkCounter
from s3rewrite.registry import view_of
from tests.support.factories import use_mount, write
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]


@pytest.fixture
def counted() -> Iterator[CollectorRegistry]:
    """What this process counts."""
    registry = CollectorRegistry()
    set_link_counter(WebLinkCounter(registry))
    yield registry
    set_link_counter(None)


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path) -> Mount:
    return use_mount(settings, tmp_path / "media")


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"s3rewrite_{name}", {"mount": "media", **labels})


def test_what_becomes_of_the_urls_of_a_response(
    counted: CollectorRegistry, mount: Mount, tmp_path: Path
) -> None:
    for name in ("a.jpg", "b.jpg", "changed.jpg"):
        publish(mount, tmp_path / "media", name)
    write(tmp_path / "media", "changed.jpg", b"other bytes")
    urls = [b"/media/" + name for name in (b"a.jpg", b"b.jpg", b"changed.jpg", b"new.jpg", b"a//b")]
    found = get_resolver().resolve(urls)
    assert [link is not None for link in found] == [True, True, False, False, False]
    assert value(counted, "links_total") == 2
    assert value(counted, "local_total", reason="changed") == 1
    assert value(counted, "local_total", reason="unpublished") == 1
    assert value(counted, "local_total", reason="redis") is None
    assert value(counted, "local_total", mount="", reason="ambiguous") == 1
    assert value(counted, "view_misses_total") == 4
    get_resolver().resolve(urls)
    assert value(counted, "view_misses_total") == 4
    assert value(counted, "polls_total", result="ok") == 1
    assert value(counted, "breaker_open") == 0


def test_redis_is_away(counted: CollectorRegistry, settings: Any, tmp_path: Path) -> None:
    mount = use_mount(settings, tmp_path / "media")
    assert get_resolver().resolve([b"/media/a.jpg"]) == [None]
    assert value(counted, "local_total", reason="redis") == 1
    assert value(counted, "polls_total", result="failed") == 1
    assert value(counted, "breaker_open") == 1
    assert not view_of(mount).is_trusted()


def test_nobody_counts_where_nobody_asked(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(*args: object) -> None:
        raise AssertionError("counted for nobody")

    monkeypatch.setattr(links, "count_names", counted)
    assert link_counter() is None
    assert get_resolver().resolve([b"/media/a.jpg"]) == [None]


def test_the_app_counts_with_the_default_registry() -> None:
    config = MetricsConfig.create("s3rewrite.metrics")
    assert not apps.is_installed("s3rewrite.metrics")
    try:
        config.ready()
        assert link_counter() is WEB
    finally:
        set_link_counter(None)


def test_the_app_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3rewrite.metrics.web", None)
    with pytest.raises(ImproperlyConfigured, match=r"pip install 's3rewrite\[metrics\]'"):
        MetricsConfig.create("s3rewrite.metrics").ready()


MULTIPROCESS = """
import os
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from s3rewrite.metrics.web import WEB

for _ in range(2):
    if (child := os.fork()) == 0:
        WEB.count_linked("media", 3)
        WEB.count_local("media", "changed", 1)
        WEB.count_poll("media", missing=4, is_ok=False)
        os._exit(0)
    os.waitpid(child, 0)
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""


def test_processes_are_summed(tmp_path: Path) -> None:
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", MULTIPROCESS], env=env, check=True, capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    assert 's3rewrite_links_total{mount="media"} 6.0' in lines
    assert 's3rewrite_local_total{mount="media",reason="changed"} 2.0' in lines
    assert 's3rewrite_view_misses_total{mount="media"} 8.0' in lines
    assert 's3rewrite_polls_total{mount="media",result="failed"} 2.0' in lines

"""Bounds of ARCHITECTURE.md that no other test is about."""

import re
from collections.abc import Iterator
from functools import _lru_cache_wrapper
from importlib import import_module
from inspect import signature
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest

import s3rewrite
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry, hint_stream
from s3rewrite.registry.task_channel import EXPIRY_SECONDS, TaskChannel
from s3rewrite.sync import apply
from s3rewrite.sync.passes import whole_pass
from tests.support.factories import job, write

BY_SETTINGS = {"s3rewrite.sync.upload.compression._module"}
"""What is asked of them are settings."""

BASE = Path(__file__).resolve().parents[2]


def caches() -> Iterator[tuple[str, Any]]:
    for module in walk_packages(s3rewrite.__path__, "s3rewrite."):
        if not re.search(r"migrations|panels|\.jinja2", module.name):
            for name, value in vars(import_module(module.name)).items():
                if isinstance(value, _lru_cache_wrapper):
                    yield f"{module.name}.{name}", value


def test_every_cache_forgets() -> None:
    found = dict(caches())
    assert len(found) > 10
    endless = {name for name, cache in found.items() if cache.cache_info().maxsize is None}
    assert {name for name in endless if signature(found[name]).parameters} == BY_SETTINGS


def test_hints_are_capped(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hint_stream, "MAX_HINTS", 5)
    registry.hints.add(str(number) for number in range(1000))
    hints = registry.hints.read("0-0", 0)[1]
    assert hints == [str(number) for number in range(1000)][-len(hints) :]
    assert 5 <= len(hints) < 250  # Redis trims whole nodes


def test_what_is_handed_out_goes_by_itself(registry: Registry) -> None:
    desk = TaskChannel(registry, "1 host abc")
    desk.offer("batch")
    desk.send([{"batch": "batch"}])
    for key in (registry.keys.offered("1 x"), registry.keys.messages("1 x")):
        assert 0 < registry.client.ttl(key) <= EXPIRY_SECONDS


def test_more_files_that_refer_than_are_put_off(
    mount: Mount, root: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "MAX_REFERRING", 1)
    for number in range(4):
        write(root, f"{number}.css", b"a { color: red }")
    assert whole_pass(job(mount)).is_ok
    assert len(dict(registry.names())) == 4


def test_the_table_names_tests_that_there_are() -> None:
    table = (BASE / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"`(?:tests/)?((?:\w+/)*test_\w+\.py)`", table))
    assert len(named) > 15
    assert [name for name in named if not (BASE / "tests" / name).exists()] == []

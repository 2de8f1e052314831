"""What the registry in Redis tells, asked for when Prometheus asks.

The loop serves it with `--metrics`; for a site without a loop:
`prometheus_client.REGISTRY.register(StatusCollector())`.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.monitoring.status import Status, status_of


class _Figure(NamedTuple):
    name: str
    text: str
    value: Callable[[Status], float | None]
    """None where there is nothing to tell."""


FIGURES = (
    _Figure("published_names", "Names that are published.", lambda one: one.published),
    _Figure("published_bytes", "Bytes of the files that are published.", lambda one: one.bytes),
    _Figure("pending_names", "Names that wait for their upload.", lambda one: one.pending),
    _Figure(
        "pending_seconds",
        "How long something is pending or failed, without a pass that left nothing; else 0.",
        lambda one: time.time() - one.pending_since if one.pending_since else 0,
    ),
    _Figure(
        "failed_names", "Names whose last upload failed.", lambda one: len(one.of_kind("failed"))
    ),
    _Figure(
        "kept_local_names",
        "Names that cannot be offloaded.",
        lambda one: len(one.of_kind("kept local")),
    ),
    _Figure("loop_alive", "1 where a loop runs over the mount.", lambda one: bool(one.loop)),
    _Figure(
        "last_pass_timestamp_seconds",
        "When the last pass over all files ended, in seconds since 1970.",
        lambda one: one.last["ended"] if one.last else None,
    ),
    _Figure(
        "last_pass_seconds",
        "How long the last pass over all files took.",
        lambda one: one.last["seconds"] if one.last else None,
    ),
    _Figure(
        "last_pass_stopped",
        "1 where something stopped the last pass over all files.",
        lambda one: bool(one.last["stopped"]) if one.last else None,
    ),
)


class StatusCollector(Collector):
    """Gauges of each mount; of one whose Redis does not answer `s3rewrite_redis_up` alone."""

    def __init__(self, mounts: Sequence[Mount] | None = None) -> None:
        """`mounts`: all of S3REWRITE without."""
        self._mounts = mounts

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The names, without asking Redis: a registry wants to know them at its start."""
        return _families().values()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The values."""
        families = _families()
        mounts = conf.mounts().values() if self._mounts is None else self._mounts
        for status in map(status_of, mounts):
            families["redis_up"].add_metric([status.mount], float(not status.error))
            if not status.error:
                _add(families, status)
        return families.values()


def _families() -> dict[str, GaugeMetricFamily]:
    up = ("redis_up", "1 where Redis answered for the mount.")
    texts = [up, *((figure.name, figure.text) for figure in FIGURES)]
    return {
        name: GaugeMetricFamily(f"s3rewrite_{name}", text, labels=["mount"]) for name, text in texts
    }


def _add(families: dict[str, GaugeMetricFamily], status: Status) -> None:
    for figure in FIGURES:
        if (value := figure.value(status)) is not None:
            families[figure.name].add_metric([status.mount], float(value))

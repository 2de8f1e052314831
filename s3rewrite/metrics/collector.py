"""The figures of the registry in Redis, read when Prometheus asks.

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
    """None where there is no value."""


FIGURES = (
    _Figure("published_names", "Names that are published.", lambda status: status.published),
    _Figure(
        "published_bytes", "Bytes of the files that are published.", lambda status: status.bytes
    ),
    _Figure("pending_names", "Names that wait for their upload.", lambda status: status.pending),
    _Figure(
        "pending_seconds",
        "How long something is pending or failed, without a pass that left nothing; else 0.",
        lambda status: time.time() - status.pending_since if status.pending_since else 0,
    ),
    _Figure(
        "failed_names",
        "Names whose last upload failed.",
        lambda status: len(status.of_kind("failed")),
    ),
    _Figure(
        "kept_local_names",
        "Names that cannot be offloaded.",
        lambda status: len(status.of_kind("kept local")),
    ),
    _Figure(
        "exposed_names",
        "Names that the settings exclude, and that are still public.",
        lambda status: len(status.of_kind("public")),
    ),
    _Figure("loop_alive", "1 where a loop runs over the mount.", lambda status: bool(status.loop)),
    _Figure(
        "suspended",
        "1 where pages link locally: an outage, or somebody's decision.",
        lambda status: bool(status.suspensions),
    ),
    _Figure(
        "last_pass_timestamp_seconds",
        "When the last pass over all files ended, in seconds since 1970.",
        lambda status: status.last["ended"] if status.last else None,
    ),
    _Figure(
        "last_pass_seconds",
        "How long the last pass over all files took.",
        lambda status: status.last["seconds"] if status.last else None,
    ),
    _Figure(
        "last_pass_stopped",
        "1 where something stopped the last pass over all files.",
        lambda status: bool(status.last["stopped"]) if status.last else None,
    ),
)


class StatusCollector(Collector):
    """Gauges of each mount; of one whose Redis does not answer `s3rewrite_redis_up` alone."""

    def __init__(self, mounts: Sequence[Mount] | None = None) -> None:
        """`mounts`: all of S3REWRITE without."""
        self._mounts = mounts

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The names, without asking Redis: a registry asks for them when this is registered."""
        return _families().values()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The values."""
        families = _families()
        mounts = conf.mounts().values() if self._mounts is None else self._mounts
        for status in map(status_of, mounts):
            families["redis_up"].add_metric([status.mount], float(not status.error))
            for figure in () if status.error else FIGURES:
                if (value := figure.value(status)) is not None:
                    families[figure.name].add_metric([status.mount], float(value))
        return families.values()


def _families() -> dict[str, GaugeMetricFamily]:
    up = ("redis_up", "1 where Redis answered for the mount.")
    texts = [up, *((figure.name, figure.text) for figure in FIGURES)]
    return {
        name: GaugeMetricFamily(f"s3rewrite_{name}", text, labels=["mount"]) for name, text in texts
    }

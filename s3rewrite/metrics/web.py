"""The figures of a web process, in prometheus_client's default registry.

That is the one which django-prometheus, and its own views, show; with PROMETHEUS_MULTIPROC_DIR
they are summed over all processes.
https://prometheus.github.io/client_python/multiprocess/
"""

from functools import lru_cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from s3rewrite.core.counters import Reason


class WebLinkCounter:
    """Counts with Prometheus' counters. A label's counter is looked up once a process."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._linked = Counter(
            "s3rewrite_links", "URLs that were linked to S3.", ["mount"], registry=registry
        )
        self._local = Counter(
            "s3rewrite_local",
            "URLs that were left local.",
            ["mount", "reason"],
            registry=registry,
        )
        self._missed = Counter(
            "s3rewrite_view_misses",
            "Names that the view had to ask Redis for.",
            ["mount"],
            registry=registry,
        )
        self._polls = Counter(
            "s3rewrite_polls",
            "Times that Redis was asked what changed.",
            ["mount", "result"],
            registry=registry,
        )
        self._open = Gauge(
            "s3rewrite_breaker_open",
            "Processes that leave Redis alone, as it did not answer.",
            ["mount"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._of = lru_cache(maxsize=None)(_child)

    def count_linked(self, mount: str, count: int) -> None:
        """Count the links of a response."""
        self._of(self._linked, mount).inc(count)

    def count_local(self, mount: str, reason: Reason, count: int) -> None:
        """Count what stays local in a response."""
        self._of(self._local, mount, reason).inc(count)

    def count_poll(self, mount: str, *, missing: int, is_ok: bool) -> None:
        """Count a round trip to Redis."""
        self._of(self._polls, mount, "ok" if is_ok else "failed").inc()
        self._of(self._missed, mount).inc(missing)
        self._open.labels(mount).set(not is_ok)


def _child(counter: Counter, *labels: str) -> Counter:
    return counter.labels(*labels)


WEB = WebLinkCounter()

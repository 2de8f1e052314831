"""The figures of a web process, in prometheus_client's default registry.

django-prometheus shows that registry; with PROMETHEUS_MULTIPROC_DIR the figures are summed over
all processes.
https://prometheus.github.io/client_python/multiprocess/
"""

from functools import lru_cache, partial

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from s3rewrite.core.counters import Reason


class WebLinkCounter:
    """Counts with Prometheus' counters. A label's counter is looked up once a process."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        counter = partial(Counter, registry=registry)
        self._linked = counter("s3rewrite_links", "URLs that were linked to S3.", ["mount"])
        self._local = counter("s3rewrite_local", "URLs that were left local.", ["mount", "reason"])
        self._missed = counter(
            "s3rewrite_view_misses", "Names that the view had to ask Redis for.", ["mount"]
        )
        self._polls = counter(
            "s3rewrite_polls", "Times that Redis was asked what changed.", ["mount", "result"]
        )
        self._open = Gauge(
            "s3rewrite_breaker_open",
            "Processes that leave Redis alone, as it did not answer.",
            ["mount"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._child = lru_cache(maxsize=None)(Counter.labels)

    def count_linked(self, mount: str, count: int) -> None:
        """Count the links of a response."""
        self._child(self._linked, mount).inc(count)

    def count_local(self, mount: str, reason: Reason, count: int) -> None:
        """Count what stays local in a response."""
        self._child(self._local, mount, reason).inc(count)

    def count_poll(self, mount: str, *, missing: int, is_ok: bool) -> None:
        """Count a round trip to Redis."""
        self._child(self._polls, mount, "ok" if is_ok else "failed").inc()
        self._child(self._missed, mount).inc(missing)
        self._open.labels(mount).set(not is_ok)


WEB = WebLinkCounter()

"""The figures of a loop: what its passes did, in a registry of its own."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from s3rewrite.core.mounts import Mount
from s3rewrite.metrics.collector import StatusCollector
from s3rewrite.sync.reporting.report import Report, Result

BUCKETS = (0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""Seconds: from a pass over a few names to the first pass over a large tree."""

REPEATED = frozenset({Result.KEPT, Result.PENDING})
"""Results that the next pass has again. The journal has a figure for what is pending."""

KINDS = 100
"""Kinds of failures that have a label of their own."""

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class LoopMetrics:
    """Counts what passes report; `exposition` is the page that Prometheus reads."""

    def __init__(self, mounts: list[Mount]) -> None:
        self._registry = registry = CollectorRegistry()
        self._seconds = Histogram(
            "s3rewrite_pass_seconds",
            "How long passes took, over all files or over those that hints named.",
            ["mount", "over"],
            buckets=BUCKETS,
            registry=registry,
        )
        counter = partial(Counter, registry=registry)
        self._passes = counter(
            "s3rewrite_passes",
            "Passes that came to their end, or were stopped by what is wrong.",
            ["mount", "over", "outcome"],
        )
        self._names = counter("s3rewrite_names", "What passes did to names.", ["mount", "result"])
        self._bytes = counter("s3rewrite_uploaded_bytes", "Bytes that were sent to S3.", ["mount"])
        self._failures = counter(
            "s3rewrite_failures",
            "Names that could not be uploaded or deleted, each time that it was tried.",
            ["mount", "kind"],
        )
        self._kinds: set[str] = set()
        ProcessCollector(registry=registry)
        registry.register(StatusCollector(mounts))
        for mount in mounts:
            self._begin(mount.alias)

    def count(self, report: Report) -> None:
        """A pass has ended."""
        mount, over = report.mount, "all" if report.is_whole else "hints"
        outcome = "stopped" if report.stopped else "ended"
        self._passes.labels(mount, over, outcome).inc()
        self._seconds.labels(mount, over).observe(report.seconds)
        self._bytes.labels(mount).inc(report.bytes_uploaded)
        for result in set(report.counts) - REPEATED:
            self._names.labels(mount, str(result)).inc(report.counts[result])
        for kind, count in report.failure_kinds.items():
            self._failures.labels(mount, self._known(kind)).inc(count)

    def exposition(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)

    def _known(self, kind: str) -> str:
        """The kind, or "other" where a service names too many."""
        if len(self._kinds) < KINDS:
            self._kinds.add(kind)
        return kind if kind in self._kinds else "other"

    def _begin(self, mount: str) -> None:
        """Start counters at zero: a rate cannot see one that appears with its first count."""
        self._bytes.labels(mount)
        for result in set(Result) - REPEATED:
            self._names.labels(mount, str(result))
        for outcome in ("ended", "stopped"):
            for over in ("all", "hints"):
                self._passes.labels(mount, over, outcome)

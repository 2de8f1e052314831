"""The figures of a loop: what its passes did, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from s3rewrite.core.mounts import Mount
from s3rewrite.metrics.collector import StatusCollector
from s3rewrite.sync.reporting.report import Report, Result

BUCKETS = (0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""Seconds: from a look at a few names to a first pass over a large tree."""

REPEATED = frozenset({Result.KEPT, Result.PENDING})
"""Results that the next pass has again: what is pending is a figure of the journal."""

KINDS = 100
"""Kinds of failures that are told apart."""

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class LoopMetrics:
    """Counts what passes tell; `exposition` is the page that Prometheus reads."""

    def __init__(self, mounts: list[Mount]) -> None:
        self._registry = registry = CollectorRegistry()
        self._seconds = Histogram(
            "s3rewrite_pass_seconds",
            "How long passes took, over all files or over those that hints named.",
            ["mount", "over"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._passes = Counter(
            "s3rewrite_passes",
            "Passes that came to their end, or were stopped by what is wrong.",
            ["mount", "over", "outcome"],
            registry=registry,
        )
        self._names = Counter(
            "s3rewrite_names",
            "What passes did to names.",
            ["mount", "result"],
            registry=registry,
        )
        self._bytes = Counter(
            "s3rewrite_uploaded_bytes", "Bytes that were sent to S3.", ["mount"], registry=registry
        )
        self._failures = Counter(
            "s3rewrite_failures",
            "Names that could not be uploaded or deleted, each time that it was tried.",
            ["mount", "kind"],
            registry=registry,
        )
        self._kinds: set[str] = set()
        ProcessCollector(registry=registry)
        registry.register(StatusCollector(mounts))
        for mount in mounts:
            self._begin(mount.alias)

    def count(self, report: Report) -> None:
        """A pass has ended."""
        mount, over = report.mount, _over(is_whole=report.is_whole)
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
        """From zero, as the rate of what appears with its first count is not seen."""
        self._bytes.labels(mount)
        for result in set(Result) - REPEATED:
            self._names.labels(mount, str(result))
        for outcome in ("ended", "stopped"):
            for is_whole in (True, False):
                self._passes.labels(mount, _over(is_whole=is_whole), outcome)


def _over(*, is_whole: bool) -> str:
    return "all" if is_whole else "hints"

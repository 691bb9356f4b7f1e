"""What the node counts and measures, in the Prometheus text format."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from grenier_infra.eventnode.writer import CommitReport

_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_REPORTS_KEPT = 1_000
_SECONDS_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """Counters of one node, in a registry of their own."""

    def __init__(self, path: Path) -> None:
        """``path`` is the database file whose size is shown."""
        self.registry = CollectorRegistry()
        self._reports: list[CommitReport] = []
        self.requests = Counter("eventnode_writes", "Write requests judged", registry=self.registry)
        self.events_written = Counter("eventnode_events_appended", "Events appended", registry=self.registry)
        self.events_read = Counter("eventnode_events_read", "Events sent to finite reads", registry=self.registry)
        self.batch = Histogram(
            "eventnode_commit_requests", "Write requests per commit", buckets=_BATCH_BUCKETS, registry=self.registry
        )
        self.commit = Histogram(
            "eventnode_commit_seconds",
            "Time to judge, insert and flush",
            buckets=_SECONDS_BUCKETS,
            registry=self.registry,
        )
        self.failures = Counter("eventnode_commit_failures", "Commits that failed", registry=self.registry)
        self.subscriptions = Gauge("eventnode_subscriptions", "Subscriptions open", registry=self.registry)
        self._gauge("eventnode_file_bytes", "Size of the database file").set_function(lambda: _size(path))
        wal = path.with_name(path.name + "-wal")
        self._gauge("eventnode_wal_bytes", "Size of the write-ahead log").set_function(lambda: _size(wal))

    def committed(self, report: CommitReport) -> None:
        """Take note of one commit."""
        self._reports.append(report)
        if len(self._reports) >= _REPORTS_KEPT:
            self._count()

    def _count(self) -> None:
        """Counting one by one, with a lock each, would cost as much as the rest of a small commit."""
        reports, self._reports = self._reports, []
        self.requests.inc(sum(report.requests for report in reports))
        self.events_written.inc(sum(report.events for report in reports))
        for report in reports:
            self.batch.observe(report.requests)
            self.commit.observe(report.seconds)

    def commit_failed(self) -> None:
        """Take note of a commit that failed."""
        self.failures.inc()

    def text(self) -> bytes:
        """Give everything in the text format."""
        self._count()
        return generate_latest(self.registry)

    def _gauge(self, name: str, help_text: str) -> Gauge:
        return Gauge(name, help_text, registry=self.registry)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0

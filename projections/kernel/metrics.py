"""Counts what the projectors do, in Prometheus's form."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_PHASES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The counters of one process; `exposition` shows them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, what: str) -> Counter:
            return Counter(f"chemist_projection_{name}", what, ("view",), registry=self.registry)

        self.events = counter("events", "Events dealt with, those that pass by included.")
        self.batches = counter("batches", "Batches written.")
        self.documents = counter("documents", "Documents written.")
        self.guard_failures = counter("guard_failures", "Documents that somebody else had written meanwhile.")
        self.skipped = counter("skipped_events", "Events skipped because their document key is parked.")
        self.poisoned = counter("poisoned", "Document keys parked since the process started.")
        self.interruptions = counter(
            "interruptions", "Times a view had to stop and start again from its checkpoint."
        )
        self.parked = Gauge(
            "chemist_projection_parked", "Document keys parked now.", ("view",), registry=self.registry
        )
        self.seconds = Histogram(
            "chemist_projection_seconds", "Seconds a batch spends in each phase.", ("view", "phase"),
            buckets=_PHASES, registry=self.registry,
        )  # fmt: skip
        self.lag = Gauge(
            "chemist_projection_lag", "Events read but not yet written.", ("view",), registry=self.registry
        )

    def of(self, view: str) -> "ViewMetrics":
        """The counters of one view."""
        return ViewMetrics(self, view)

    def exposition(self) -> bytes:
        """All counters, in Prometheus's text form."""
        return generate_latest(self.registry)


class ViewMetrics:
    """One view's counters, looked up once: they are touched in every batch."""

    def __init__(self, metrics: Metrics, view: str) -> None:
        self.events = metrics.events.labels(view)
        self.batches = metrics.batches.labels(view)
        self.documents = metrics.documents.labels(view)
        self.guard_failures = metrics.guard_failures.labels(view)
        self.skipped = metrics.skipped.labels(view)
        self.poisoned = metrics.poisoned.labels(view)
        self.interruptions = metrics.interruptions.labels(view)
        self.parked = metrics.parked.labels(view)
        self.lag = metrics.lag.labels(view)
        self.load = metrics.seconds.labels(view, "load")
        self.fold = metrics.seconds.labels(view, "fold")
        self.write = metrics.seconds.labels(view, "write")

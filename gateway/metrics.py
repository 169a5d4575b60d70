"""What an operator watches: counters and timings in the Prometheus text format."""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from gateway.cache import EdgeCache
from gateway.exchange import exchange_of
from gateway.raw_route import Address, Documented

Standings = Callable[[], Awaitable[Mapping[str, Mapping[str, tuple[int, int | None]]]]]
"""View → ledger label → (how far the view is, how far the ledger is; None while that cannot be told)."""

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


async def no_standings() -> Mapping[str, Mapping[str, tuple[int, int | None]]]:
    """For an edge that follows no view."""
    return {}


class Timings(Collector):
    """A histogram that costs a third of the library's to add to; nobody else adds to it, so it needs no lock."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int], tuple[list[int], list[float]]] = {}

    def observe(self, labels: tuple[str, str, int], seconds: float) -> None:
        """Count one answer by its route, method and status."""
        found = self._found.get(labels)
        if found is None:
            found = self._found[labels] = ([0] * (len(_SECONDS) + 1), [0.0])
        counts, total = found
        counts[bisect_left(_SECONDS, seconds)] += 1
        total[0] += seconds

    def collect(self) -> Iterator[Metric]:
        """What Prometheus reads."""
        family = HistogramMetricFamily(
            "chemist_request_seconds", "Time to answer a request.", labels=("route", "method", "status")
        )
        bounds = [*map(str, _SECONDS), "+Inf"]
        for (route, method, status), (counts, total) in self._found.items():
            buckets = [(bound, float(count)) for bound, count in zip(bounds, accumulate(counts), strict=True)]
            family.add_metric([route, method, str(status)], buckets, total[0])
        yield family


class Metrics:
    """Of one gateway process."""

    def __init__(self, cache: EdgeCache, standings: Standings = no_standings) -> None:
        self._cache = cache
        self._standings = standings
        self.running = 0
        """Requests being worked on, those answered from the edge cache left out."""
        self.registry = CollectorRegistry()
        self._timings = Timings()
        self.registry.register(self._timings)
        self._commands = Counter(
            "chemist_commands_total",
            "Commands by what became of them: accepted, repeated, or the code of the refusal.",
            ("command", "outcome"),
            registry=self.registry,
        )
        self._cached = {
            name: Gauge(f"chemist_edge_cache_{name}", text, registry=self.registry)
            for name, text in (
                ("hits", "Answers from the edge cache since the start."),
                ("misses", "Look-ups of the edge cache that found nothing since the start."),
                ("entries", "Answers kept."),
                ("bytes", "Bytes kept."),
            )
        }
        self._running = Gauge("chemist_requests_running", "Requests being worked on.", registry=self.registry)
        self._position = Gauge(
            "chemist_view_position", "How far a view is.", ("view", "ledger"), registry=self.registry
        )
        self._lag = Gauge(
            "chemist_view_lag_events", "How far a view is behind.", ("view", "ledger"), registry=self.registry
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._timings.observe((route, method, status), seconds)

    def decided(self, command: str, outcome: str, number: int = 1) -> None:
        """Count commands of one outcome."""
        self._commands.labels(command, outcome).inc(number)

    async def text(self) -> bytes:
        """The page that Prometheus reads."""
        self._running.set(self.running)
        self._cached["hits"].set(self._cache.hits)
        self._cached["misses"].set(self._cache.misses)
        self._cached["entries"].set(len(self._cache))
        self._cached["bytes"].set(self._cache.size)
        for view, ledgers in (await self._standings()).items():
            for ledger, (position, head) in ledgers.items():
                self._position.labels(view, ledger).set(position)
                if head is not None:
                    self._lag.labels(view, ledger).set(max(0, head - position))
        return generate_latest(self.registry)

    async def page(self, request: Request) -> Response:
        """The same as an answer."""
        exchange_of(request).route = "/metrics"
        return Response(await self.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    def address(self) -> Address:
        """Where it is found."""
        return Address("/metrics", Documented(self.page, "metrics", ""), "operations", documented=False)

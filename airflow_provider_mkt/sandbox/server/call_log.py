"""Record calls: counters per endpoint, and the most recent calls."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

RECENT = 500
KEPT_SECONDS = 900
"""For how many seconds at least calls are counted by second, for the chart of the page."""
NO_RESPONSE = 0
"""Status of a call whose connection was reset."""


@dataclass(slots=True)
class RouteCounter:
    """Counters of one endpoint."""

    total: int = 0
    by_status: Counter[int] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    peak_in_flight: int = 0
    first: float | None = None
    last: float | None = None

    @property
    def refused_for_rate(self) -> int:
        return self.refused["rate"] + self.refused["secondly"]

    @property
    def refused_for_concurrency(self) -> int:
        return self.refused["concurrency"]

    def begin(self, now: float) -> None:
        self.total += 1
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        self.first = now if self.first is None else self.first
        self.last = now

    def end(self, status: int, refused_by: str | None) -> None:
        self.in_flight -= 1
        self.by_status[status] += 1
        if refused_by is not None:
            self.refused[refused_by] += 1

    def as_json(self) -> JsonObject:
        return {
            "total": self.total,
            "byStatus": {str(status): count for status, count in sorted(self.by_status.items())},
            "refused": dict(self.refused),
            "inFlight": self.in_flight,
            "peakInFlight": self.peak_in_flight,
            "first": self.first,
            "last": self.last,
        }


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One finished call, without its query, headers and body, which may hold secrets."""

    at: float
    method: str
    path: str
    route: str
    status: int
    seconds: float
    refused_by: str | None = None
    fault: int | None = None

    def as_json(self) -> JsonObject:
        return {
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "route": self.route,
            "status": self.status,
            "seconds": round(self.seconds, 4),
            "refusedBy": self.refused_by,
            "fault": self.fault,
        }


class CallLog:
    """Counters per method and route template, totals, and the most recent calls."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        self.all = RouteCounter()
        self._counters: dict[tuple[str, str], RouteCounter] = {}
        self.recent: deque[RecordedCall] = deque(maxlen=RECENT)
        self.by_second: Counter[int] = Counter()
        self.refused_by_second: Counter[int] = Counter()

    def of(self, method: str, route: str) -> RouteCounter:
        """Return the counters of an endpoint, all 0 until it is called. They go on counting until a reset."""
        return self._counters.setdefault((method, route), RouteCounter())

    @property
    def routes(self) -> dict[tuple[str, str], RouteCounter]:
        """The counters of the endpoints that were called, by method and route."""
        return {endpoint: counter for endpoint, counter in self._counters.items() if counter.total}

    @property
    def total(self) -> int:
        return self.all.total

    def begin(self, method: str, route: str) -> tuple[RouteCounter, RouteCounter]:
        """Count a call that starts. Pass the result to `end`, even after a reset of the log."""
        counter = self.of(method, route)
        now = self._clock.time()
        counter.begin(now)
        self.all.begin(now)
        return counter, self.all

    def end(self, counters: tuple[RouteCounter, RouteCounter], call: RecordedCall) -> None:
        """Record a finished call."""
        for counter in counters:
            counter.end(call.status, call.refused_by)
        self.recent.append(call)
        second = int(call.at)
        self.by_second[second] += 1
        if call.refused_by is not None:
            self.refused_by_second[second] += 1
        if len(self.by_second) > 2 * KEPT_SECONDS:
            for counts in (self.by_second, self.refused_by_second):
                for old in [one for one in counts if one < second - KEPT_SECONDS]:
                    del counts[old]

    def snapshot(self) -> JsonObject:
        return {
            "all": self.all.as_json(),
            "routes": [
                {"method": method, "route": route, **counter.as_json()}
                for (method, route), counter in sorted(self.routes.items())
            ],
            "recent": [call.as_json() for call in self.recent],
        }

"""Rate window, per-second window, daily quota and concurrency limit."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

RATE, SECONDLY, DAILY, CONCURRENCY = "rate", "secondly", "daily", "concurrency"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The gate that rejected a request, and its limit."""

    gate: str
    limit: int
    seconds: float = 0.0


@dataclass(slots=True)
class Window:
    """At most `limit` requests in any `seconds`, per key; `limit=None` is off."""

    limit: int | None
    seconds: float
    per_key: dict[str, int] = field(default_factory=dict)
    _recorded: dict[str, deque[float]] = field(default_factory=dict)

    def limit_for(self, key: str) -> int | None:
        """Return the limit of a key: its own or the general one, whichever is lower. None when it is off."""
        return None if self.limit is None else min(self.per_key.get(key, self.limit), self.limit)

    def used(self, key: str, now: float) -> int:
        """Return how many requests of a key are inside the window."""
        times = self._recorded.get(key)
        if not times:
            return 0
        while times and times[0] <= now - self.seconds:
            times.popleft()
        # The clock has been reset: what was recorded before is in the future.
        while times and times[-1] > now:
            times.pop()
        return len(times)

    def full(self, key: str, now: float) -> bool:
        limit = self.limit_for(key)
        return limit is not None and self.used(key, now) >= limit

    def record(self, key: str, now: float) -> None:
        if self.limit is not None:
            self._recorded.setdefault(key, deque()).append(now)

    def give_back(self, key: str) -> None:
        if self._recorded.get(key):
            self._recorded[key].pop()

    def clear(self) -> None:
        self._recorded.clear()


@dataclass(slots=True)
class DailyQuota:
    """Requests per calendar day in a time zone, for the whole account."""

    limit: int | None
    timezone: str = "UTC"
    used: int = 0
    _day: str = ""

    def roll(self, now: float) -> None:
        """Reset the count when the day has changed."""
        day = datetime.fromtimestamp(now, ZoneInfo(self.timezone)).date().isoformat()
        if day != self._day:
            self.used, self._day = (self.used if not self._day else 0), day

    def full(self, now: float) -> bool:
        self.roll(now)
        return self.limit is not None and self.used >= self.limit

    def resets_at(self, now: float) -> datetime:
        """Return the next midnight in the quota's time zone, in UTC."""
        local = datetime.fromtimestamp(now, ZoneInfo(self.timezone))
        tomorrow = local.date() + timedelta(days=1)
        midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=local.tzinfo)
        return midnight.astimezone(UTC)


@dataclass(slots=True)
class Concurrency:
    """Requests in flight at the same time; `limit=None` is off."""

    limit: int | None
    in_flight: int = 0
    peak: int = 0


class Limits:
    """The gates of one platform. A rejected request counts in none of them."""

    def __init__(
        self,
        clock: Clock,
        *,
        rate: Window,
        daily: DailyQuota,
        secondly: Window | None = None,
        concurrency: Concurrency | None = None,
    ) -> None:
        self._clock = clock
        self.rate = rate
        self.daily = daily
        self.secondly = secondly or Window(None, 1.0)
        self.concurrency = concurrency or Concurrency(None)
        self.refused: Counter[str] = Counter()

    def enter(self, key: str, gates: Iterable[str]) -> Refusal | None:
        """Count a request in each gate, or return why it is rejected. Call `leave` if this returns None."""
        now, gate_names = self._clock.time(), set(gates)
        refusal = self._refusal(key, gate_names, now)
        if refusal is not None:
            self.refused[refusal.gate] += 1
            return refusal
        if RATE in gate_names:
            self.rate.record(key, now)
        if SECONDLY in gate_names:
            self.secondly.record("", now)
        if DAILY in gate_names:
            self.daily.used += 1
        self.concurrency.in_flight += 1
        self.concurrency.peak = max(self.concurrency.peak, self.concurrency.in_flight)
        return None

    def give_back(self, key: str, gates: Iterable[str]) -> None:
        """Remove a request from the rate and the quota, because its outcome does not count."""
        gate_names = set(gates)
        if RATE in gate_names:
            self.rate.give_back(key)
        if SECONDLY in gate_names:
            self.secondly.give_back("")
        if DAILY in gate_names and self.daily.used > 0:
            self.daily.used -= 1

    def leave(self) -> None:
        """Count a request as finished."""
        self.concurrency.in_flight -= 1

    def _refusal(self, key: str, gate_names: set[str], now: float) -> Refusal | None:
        maximum = self.concurrency.limit
        if CONCURRENCY in gate_names and maximum is not None and self.concurrency.in_flight >= maximum:
            return Refusal(CONCURRENCY, maximum)
        if DAILY in gate_names and self.daily.full(now):
            return Refusal(DAILY, self.daily.limit or 0)
        if RATE in gate_names and self.rate.full(key, now):
            return Refusal(RATE, self.rate.limit_for(key) or 0, self.rate.seconds)
        if SECONDLY in gate_names and self.secondly.full("", now):
            return Refusal(SECONDLY, self.secondly.limit or 0, self.secondly.seconds)
        return None

    def reset(self) -> None:
        """Reset all counts; the limits do not change."""
        self.rate.clear()
        self.secondly.clear()
        self.daily.used = 0
        self.concurrency.peak = self.concurrency.in_flight
        self.refused.clear()

    def restore(self, documented: Limits) -> None:
        """Set the limits of another object, and reset all counts."""
        self.rate.limit, self.rate.seconds = documented.rate.limit, documented.rate.seconds
        self.secondly.limit, self.secondly.seconds = documented.secondly.limit, documented.secondly.seconds
        self.daily.limit, self.concurrency.limit = documented.daily.limit, documented.concurrency.limit
        self.reset()

    def snapshot(self) -> JsonObject:
        """Return limits and counts as JSON."""
        now = self._clock.time()
        self.daily.roll(now)
        return {
            "rate": {"limit": self.rate.limit, "seconds": self.rate.seconds},
            "secondly": {"limit": self.secondly.limit, "seconds": self.secondly.seconds},
            "daily": {
                "limit": self.daily.limit,
                "used": self.daily.used,
                "timezone": self.daily.timezone,
                "resetsAt": self.daily.resets_at(now).isoformat(),
            },
            "concurrency": {
                "limit": self.concurrency.limit,
                "inFlight": self.concurrency.in_flight,
                "peak": self.concurrency.peak,
            },
            "refused": dict(self.refused),
        }

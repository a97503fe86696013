"""What a place where calls are counted must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.errors import ServerUnavailable
from airflow_provider_mkt.client.transport.platform import Rate

if TYPE_CHECKING:
    from pyrate_limiter import Rate as PyRate
    from pyrate_limiter.abstracts import AbstractBucket

SLACK = 0.01
"""Share of the window added to it, for what cannot be measured of when a call reaches the platform."""


class CounterUnavailable(ServerUnavailable):
    """The place where calls are counted cannot be reached."""


@dataclass(frozen=True)
class Slots:
    """How many calls may be under way at once.

    :param limit: that many.
    :param seconds: how long this one counts as under way when nobody says that it has ended.
    """

    limit: int
    seconds: float


class Counter(Protocol):
    """Counts the calls of one account for everything that shares it, atomically."""

    def take(
        self, quota: Quota, rate: Rate, permit_id: str, slots: Slots | None, *, ahead: int = 0
    ) -> tuple[float, float]:
        """Try to count a call.

        Returns 0 and when it was counted (epoch seconds), or the seconds until it is worth asking again.

        :param ahead: how many others of this process wait for a place and come first.
        :raises CounterUnavailable: when the counter cannot be reached.
        """

    def release(
        self, quota: Quota, permit_id: str, taken_at: float, arrived: float | None, *, slot: bool
    ) -> None:
        """A call was answered.

        :param arrived: count it from then (epoch seconds) instead of from *taken_at*.
        :param slot: whether it held one of the calls that may be under way at once.
        :raises CounterUnavailable: when the counter cannot be reached.
        """

    def pause(self, quota: Quota, seconds: float) -> None:
        """Count no call for a while, whoever makes it. The longest pause holds.

        :raises CounterUnavailable: when the counter cannot be reached.
        """

    def remember(self, quota: Quota, rate: Rate) -> None:
        """Keep the limit that the platform stated.

        :raises CounterUnavailable: when the counter cannot be reached.
        """

    def remembered(self, quota: Quota) -> Rate | None:
        """The limit that the platform last stated to anybody.

        :raises CounterUnavailable: when the counter cannot be reached.
        """

    def now(self) -> float:
        """The counter's time, in epoch seconds."""

    def after_fork(self) -> None:
        """Forget connections that a parent process opened, without closing them."""


def window_of(rate: Rate) -> int:
    """The window in which calls are counted, in milliseconds: a little wider than the platform's."""
    return int(rate.seconds * (1 + SLACK) * 1000)


def windowed(rate: Rate) -> PyRate:
    """The rate as pyrate-limiter has it."""
    from pyrate_limiter import Rate as PyRate

    return PyRate(rate.calls, window_of(rate))


def put(bucket: AbstractBucket, rate: Rate, permit_id: str, now: float, ahead: int) -> float:
    """Try to put a call into a bucket: 0, or the seconds until it is worth asking again."""
    from pyrate_limiter import RateItem

    bucket.rates = [windowed(rate)]
    at = int(now * 1000)
    if bucket.put(RateItem(permit_id, at)):
        return 0.0
    # When there is room for those ahead and for this one.
    wait = bucket.waiting(RateItem(permit_id, at, weight=min(ahead + 1, rate.calls)))
    return max(int(wait) if isinstance(wait, int) else 0, 1) / 1000 + 0.002

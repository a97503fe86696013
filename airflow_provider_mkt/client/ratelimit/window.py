"""The arithmetic of the rate limit: a sliding log, for whichever store keeps it.

A call counts from when its permit was granted until the window's length has passed. A store keeps the times,
reads an :class:`AccountState` inside one transaction and adds the permit when :func:`wait_for_permit` is 0.
All times are whole milliseconds on the store's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_mkt.client.transport.platform import Rate

SLACK = 0.01
"""Share of the window added to it, because nobody can measure exactly when a call reaches the platform."""

ROUNDING = 2
"""Milliseconds added to a wait: times are cut to whole milliseconds when they are written and when read."""

HISTORY = 600
"""Seconds for which permits are kept, so that people can see how the limit was used."""

SLOT_WAIT = 50
"""Milliseconds until the next try when too many calls are in flight."""


@dataclass(frozen=True)
class Window:
    """At most *limit* permits within *length* milliseconds.

    Permits are named by rank: 0 is the newest.
    """

    limit: int
    length: int

    @classmethod
    @cache
    def of(cls, rate: Rate) -> Window:
        """The window of a rate limit, a little longer than the platform's own."""
        return cls(rate.calls, int(rate.seconds * (1 + SLACK) * 1000))

    @cached_property
    def kept(self) -> int:
        """Milliseconds for which a store keeps a permit: the window, and what :class:`.Usage` shows."""
        return max(self.length, HISTORY * 1000)

    @cached_property
    def gate(self) -> int:
        """Rank of the permit that must have left the window before another one is granted."""
        return self.limit - 1

    def blocker(self, ahead: int) -> int:
        """Rank of the permit after whose leaving there is room for *ahead* others and one more."""
        return max(self.limit - 1 - ahead, 0)

    def wait(self, blocker: int, now: int) -> int:
        """Milliseconds until a permit that was granted at *blocker* leaves the window."""
        return max(blocker + self.length - now, 1) + ROUNDING


@dataclass(frozen=True)
class AccountState:
    """What a store knows of an account's quota at one moment.

    :param now: the store's clock.
    :param paused_until: no permit is granted before.
    :param in_flight: calls of the account that are in flight.
    :param gate: when the permit of rank :attr:`Window.gate` was granted; None when there is no such permit.
    :param blocker: the same for rank :meth:`Window.blocker`.
    """

    now: int
    paused_until: int
    in_flight: int
    gate: int | None
    blocker: int | None


def wait_for_permit(state: AccountState, window: Window, max_in_flight: int | None) -> int:
    """Milliseconds until the next try is worthwhile; 0 when a permit may be granted now."""
    if state.paused_until > state.now:
        return state.paused_until - state.now
    if max_in_flight is not None and state.in_flight >= max_in_flight:
        return SLOT_WAIT
    if state.gate is None or state.gate <= state.now - window.length:
        return 0
    # The blocker is newer than the gate, so it exists when the gate does.
    return window.wait(state.gate if state.blocker is None else state.blocker, state.now)

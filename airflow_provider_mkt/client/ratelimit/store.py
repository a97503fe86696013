"""What a store of the budget must do. It stores; :mod:`.window` decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from airflow_provider_mkt.client.errors import ServerUnavailable

if TYPE_CHECKING:
    from airflow_provider_mkt.client.call import Quota
    from airflow_provider_mkt.client.transport.platform import Rate

SLOT_MAX = 30.0
"""Seconds after which an unanswered call no longer counts as in flight: its task was killed."""

CLEAN_EVERY = 64
"""Permits after which a store deletes those that no longer count. The first permit of a process does it too,
because a short task never gets to the second round."""


class SharedStateUnavailable(ServerUnavailable):
    """The server that holds budgets and locks for several machines cannot be reached."""


@dataclass(frozen=True)
class Slots:
    """The limit of calls in flight.

    :param limit: how many of the account's calls may be in flight at once.
    :param seconds: how long this call counts as in flight when it is never released; at most ``SLOT_MAX``.
    """

    limit: int
    seconds: float


class PermitStore(Protocol):
    """Keeps the permits of one account for everything that shares it, and grants them atomically."""

    def take(
        self, quota: Quota, rate: Rate, permit_id: str, slots: Slots | None, *, ahead: int = 0
    ) -> tuple[float, float]:
        """Try to take a permit.

        :param ahead: how many others of this process wait for a permit and come first.
        :returns: 0 and when the permit was granted (epoch seconds); or the seconds until the next try is
            worthwhile, and 0.
        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def release(self, quota: Quota, permit_id: str, arrived_at: float | None, *, slot: bool) -> None:
        """Record that a call was answered.

        :param arrived_at: count the call from then (epoch seconds); None leaves it as it is.
        :param slot: whether the call held a slot.
        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def pause(self, quota: Quota, seconds: float) -> None:
        """Grant no permit for *seconds*, to anybody. Of several pauses the longest one holds.

        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def remember(self, quota: Quota, rate: Rate) -> None:
        """Keep the limit that the platform stated.

        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def remembered(self, quota: Quota) -> Rate | None:
        """The limit that the platform stated last, to any process.

        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def now(self) -> float:
        """The store's clock, in epoch seconds."""

    def after_fork(self) -> None:
        """Drop the connections that a parent process opened, without closing them for the parent."""

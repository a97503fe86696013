"""What a store of the budget must do. It stores; :mod:`.window` decides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

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
    """The server that holds budgets, locks and state for several machines cannot be reached."""


@dataclass(frozen=True)
class Latency:
    """The least time that the platform takes to answer a kind of call, over its latest answers.

    Concurrent calls may all have been delayed on their way, so a few answers prove little. They are taken in
    blocks, so that the least time follows a platform that has become slower.

    :param answers: how many answers the present block has.
    :param least: the least time of the present block, in seconds.
    :param before: the least time of the block before it; None when there was none.
    """

    answers: int
    least: float
    before: float | None = None

    @property
    def floor(self) -> float | None:
        """The least time, in seconds; None when too few answers are known."""
        return None if self.before is None else min(self.least, self.before)

    def merged(self, later: Latency) -> Latency:
        """This one with the answers of a later block added."""
        answers, least = self.answers + later.answers, min(self.least, later.least)
        return Latency(0, math.inf, least) if answers >= _BLOCK else Latency(answers, least, self.before)


_BLOCK = 100


@dataclass(frozen=True)
class Usage:
    """How a quota was used in the last :data:`.HISTORY` seconds, for people.

    A user is what the permit ids begin with: see :func:`permit_id_of`.

    :param now: the store's clock, in epoch seconds.
    :param calls: permits by the start of their interval (epoch seconds) and by user.
    :param in_flight: calls in flight by user, of all quotas of the account. Empty on a platform without a
        limit of them.
    :param rate: the limit that the platform stated last.
    :param paused: seconds for which no permit is granted from now on.
    """

    now: float
    calls: Mapping[tuple[int, str], int] = field(default_factory=dict)
    in_flight: Mapping[str, int] = field(default_factory=dict)
    rate: Rate | None = None
    paused: float = 0.0


def permit_id_of(user: str) -> str:
    """A new permit id.

    :param user: names who takes the permit, without a dot; empty when nobody needs to know.
    """
    return f"{user}.{uuid4().hex}" if user else uuid4().hex


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

    def remember_latency(self, quota: Quota, kind: str, latency: Latency) -> None:
        """Keep what is known of the latency of a kind of call.

        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def remembered_latency(self, quota: Quota, kind: str) -> Latency | None:
        """What any process knew last of the latency of a kind of call.

        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def usage(self, quota: Quota, interval: int) -> Usage:
        """Read how the quota was used lately. Changes nothing.

        :param interval: seconds that are counted together.
        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def now(self) -> float:
        """The store's clock, in epoch seconds."""

    def after_fork(self) -> None:
        """Drop the connections that a parent process opened, without closing them for the parent."""

"""Keeping out of the way of what a killed try still has under way on the server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.procedure import TaskState


class Lease:
    """Remembers until when upserts of this task may still be at work on the server.

    :param quiet_after: how long the server may work on one call, in seconds; 0 where it does not matter.
    """

    _AHEAD = 30.0
    _KEY = "leads at work until"

    def __init__(
        self,
        task_state: TaskState,
        quiet_after: float,
        wait: Callable[[float], None],
        tell: Callable[..., None],
    ) -> None:
        self._memory, self._quiet_after, self._wait, self._tell = task_state, quiet_after, wait, tell
        self._renewed_at = float("-inf")

    def holds(self) -> bool:
        """Whether a call sent now is sure to be over when the lease is."""
        return not self._quiet_after or time.monotonic() - self._renewed_at < self._AHEAD

    def wait_for_the_last_one(self) -> None:
        """Wait until a killed try's calls must be over, then take the lease."""
        until = self._memory.get(self._KEY) if self._quiet_after else None
        if isinstance(until, (int, float)) and (left := until - time.time()) > 0:
            self._tell("An earlier try ended in the middle; waiting %.0f s until its calls are over", left)
            self._wait(left)
        self.renew()

    def renew(self) -> None:
        if self._quiet_after and time.monotonic() - self._renewed_at > self._AHEAD / 3:
            begun = time.monotonic()
            self._memory.set(self._KEY, time.time() + self._AHEAD + self._quiet_after)
            self._renewed_at = begun

    def give_back(self) -> None:
        if self._quiet_after:
            self._memory.set(self._KEY, None)

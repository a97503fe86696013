"""Cancelling a long task while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import TaskCancelled
from airflow_provider_mkt.operators._base import MarketingOperator

if TYPE_CHECKING:
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.transport.classification import Failure
    from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency


_UNWIND_SECONDS = 1.0
"""Seconds after which a killed task counts as stuck in a call. Airflow ends its process 4 seconds later."""


class Cancellable:
    """Mixin of operators that run for long: their waits end when the task is killed.

    Stands before the operator's base class, because it overrides ``on_kill``.
    """

    # Made when the action starts: Airflow copies operators, and an event cannot be copied.
    _cancelled: threading.Event | None = None
    _unwound: threading.Event | None = None

    def reset_cancellation(self) -> None:
        """Start an action that can be cancelled."""
        self._cancelled = threading.Event()

    def on_kill(self) -> None:
        """End all waits and start nothing more. Requests under way are allowed to finish."""
        self.cancel()
        unwound = self._unwound
        if unwound is None or unwound.is_set():
            self.on_cancel()
        else:
            # Airflow calls this in a signal handler, which stops the task where it is, with its locks held.
            # So the handler returns at once, and on_cancel runs while the task unwinds.
            threading.Thread(target=self._cancel_unless, args=(unwound,), daemon=True).start()

    def on_cancel(self) -> None:
        """Clean up on the platform after a cancellation. Does not raise."""

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Run the block, and :meth:`on_cancel` after it when the task was cancelled."""
        self._unwound = unwound = threading.Event()
        try:
            yield
        finally:
            unwound.set()
            if self.cancelled:
                self.on_cancel()

    @property
    def cancelled(self) -> bool:
        """Whether the task was cancelled."""
        return self._cancelled is not None and self._cancelled.is_set()

    def cancel(self) -> None:
        """End every wait, now and later."""
        if self._cancelled is not None:
            self._cancelled.set()

    def sleep(self, seconds: float) -> None:
        """Wait.

        :param seconds: how long; 0 only checks whether the task was cancelled.
        :raises TaskCancelled: as soon as the task is cancelled.
        """
        if self._cancelled is not None and self._cancelled.wait(seconds):
            raise TaskCancelled

    def raise_if_cancelled(self) -> None:
        """Raise :class:`TaskCancelled` when the task was cancelled."""
        self.sleep(0)

    def _cancel_unless(self, unwound: threading.Event) -> None:
        if not unwound.wait(_UNWIND_SECONDS):
            self.on_cancel()


class CancellableOperator(Cancellable, MarketingOperator):
    """Base of the operators that run for long.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    """


def slowing_down(concurrency: AdaptiveConcurrency) -> Callable[[Call[Any], Failure, float], None]:
    """Return a ``RunContext.on_failure`` that reduces the concurrency when the platform asks for that."""
    from airflow_provider_mkt.client.transport.classification import RetryAction

    def on_failure(call: Call[Any], failure: Failure, wait: float) -> None:
        if failure.action in (RetryAction.BACK_OFF, RetryAction.REDUCE_CONCURRENCY):
            concurrency.refused()

    return on_failure

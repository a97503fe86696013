"""Ending long work early when its task is cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import TaskCancelled
from airflow_provider_mkt.operators._base import MarketingOperator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.transport.classification import Failure
    from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency


_UNWIND_SECONDS = 1.0
"""Seconds after which a cancelled task that has not ended is stuck in a call. Airflow kills its process four
seconds later."""


class CancellableOperator(MarketingOperator):
    """Base of the operators that work for long: their waits end when the task is cancelled.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    """

    # Made when work begins: Airflow copies operators, and an event cannot be copied.
    _cancelled: threading.Event | None = None
    _unwinding: threading.Event | None = None

    def reset_cancellation(self) -> None:
        """Begin a run that is not cancelled."""
        self._cancelled = threading.Event()

    def on_kill(self) -> None:
        """Cancel the run: its waits raise, and no further call begins.

        Requests in flight keep their connections, because they are about to be answered.
        """
        self.cancel()
        unwound = self._unwinding
        if unwound is None or unwound.is_set():
            self.on_cancel()
        else:
            # Airflow calls this from a signal handler. Until it returns, the task is stopped where it was,
            # with its locks held. So it returns at once, and the task calls on_cancel as it unwinds.
            threading.Thread(target=self._cancel_unless, args=(unwound,), daemon=True).start()

    def on_cancel(self) -> None:
        """Do what a cancelled task still does on the platform. Never raises."""

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Call :meth:`on_cancel` at the end of the block when the task was cancelled."""
        self._unwinding = unwound = threading.Event()
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
        """Make every wait raise, now and later."""
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
        """Raise when the task was cancelled.

        :raises TaskCancelled: in that case.
        """
        self.sleep(0)

    def _cancel_unless(self, unwound: threading.Event) -> None:
        if not unwound.wait(_UNWIND_SECONDS):
            self.on_cancel()

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> None:
        # Airflow itself would call a callable here, with arguments that ours do not take, and show what it
        # returns among the rendered templates.
        values = [name for name in template_fields if not callable(getattr(parent, name, None))]
        super()._do_render_template_fields(parent, values, *args, **kwargs)


def slowing_down(concurrency: AdaptiveConcurrency) -> Callable[[Call[Any], Failure, float], None]:
    """Return a ``RunContext.on_failure`` that reduces the concurrency when the platform asks for that."""
    from airflow_provider_mkt.client.transport.classification import RetryAction

    def on_failure(call: Call[Any], failure: Failure, wait: float) -> None:
        if failure.action in (RetryAction.BACK_OFF, RetryAction.REDUCE_CONCURRENCY):
            concurrency.refused()

    return on_failure

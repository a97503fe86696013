"""Ending long work early, when its task is told to end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.client.errors import ServerUnavailable
from airflow_provider_mkt.operators._base import MarketingOperator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.transport.classification import Failure
    from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency


_UNWIND_SECONDS = 1.0
"""Seconds after which a task that was told to end is taken to be stuck in a call. Airflow ends its process
four seconds later."""


class CancellableOperator(MarketingOperator):
    """Base of the operators that work for long: they wait in a way that ends when the task does.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    """

    cancellation_error: ClassVar[type[Exception]] = ServerUnavailable
    """What is raised when the task is told to end."""

    # Made when work begins: Airflow copies operators, and an event cannot be copied.
    _cancelled: threading.Event | None = None
    _unwinding: threading.Event | None = None

    def reset_cancellation(self) -> None:
        """Work begins."""
        self._cancelled = threading.Event()

    def on_kill(self) -> None:
        """Let what only waits give up when the task is killed, and begin nothing more.

        Requests under way are left their connections: they are about to be answered.
        """
        self.cancel()
        unwound = self._unwinding
        if unwound is None or unwound.is_set():
            self.on_cancel()
        else:
            # Airflow calls this from a signal, and until it returns the task stands still where it was,
            # with what it had locked. So it returns at once, and the task speaks as it unwinds.
            threading.Thread(target=self._cancel_unless, args=(unwound,), daemon=True).start()

    def on_cancel(self) -> None:
        """What a task that is told to end still does on the platform. Never raises."""

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Work with :meth:`on_cancel` at its end when it is told to end."""
        self._unwinding = unwound = threading.Event()
        try:
            yield
        finally:
            unwound.set()
            if self.cancelled:
                self.on_cancel()

    @property
    def cancelled(self) -> bool:
        """Whether the task was told to end."""
        return self._cancelled is not None and self._cancelled.is_set()

    def cancel(self) -> None:
        """Make every wait give up, now and later."""
        if self._cancelled is not None:
            self._cancelled.set()

    def sleep(self, seconds: float) -> None:
        """Wait, or give up when the task is ending."""
        if self._cancelled is not None and self._cancelled.wait(seconds):
            msg = "the task is ending"
            raise self.cancellation_error(msg)

    def raise_if_cancelled(self) -> None:
        """Give up when the task is ending."""
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
    """What a hook tells of refusals, made known to the concurrency."""
    from airflow_provider_mkt.client.transport.classification import RetryAction

    def notice(call: Call[Any], failure: Failure, wait: float) -> None:
        if failure.action in (RetryAction.BACK_OFF, RetryAction.REDUCE_CONCURRENCY):
            concurrency.refused()

    return notice

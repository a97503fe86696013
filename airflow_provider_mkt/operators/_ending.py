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


_UNWINDS_IN = 1.0
"""Seconds after which a task that was told to end is taken to be stuck in a call. Airflow ends its process
four seconds later."""


class LongOperator(MarketingOperator):
    """Base of the operators that work for long: they wait in a way that ends when the task does.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    """

    ended_by: ClassVar[type[Exception]] = ServerUnavailable
    """What is raised when the task is told to end."""

    # Made when work begins: Airflow copies operators, and an event cannot be copied.
    _ending: threading.Event | None = None
    _unwound: threading.Event | None = None

    def begin(self) -> None:
        """Work begins."""
        self._ending = threading.Event()

    def on_kill(self) -> None:
        """Let what only waits give up when the task is killed, and begin nothing more.

        Requests under way are left their connections: they are about to be answered.
        """
        self.stop()
        unwound = self._unwound
        if unwound is None or unwound.is_set():
            self.last_words()
        else:
            # Airflow calls this from a signal, and until it returns the task stands still where it was,
            # with what it had locked. So it returns at once, and the task speaks as it unwinds.
            threading.Thread(target=self._speak_unless, args=(unwound,), daemon=True).start()

    def last_words(self) -> None:
        """What a task that is told to end still does on the platform. Never raises."""

    @contextmanager
    def speaking_last(self) -> Iterator[None]:
        """Work with :meth:`last_words` at its end when it is told to end."""
        self._unwound = unwound = threading.Event()
        try:
            yield
        finally:
            unwound.set()
            if self.ending:
                self.last_words()

    @property
    def ending(self) -> bool:
        """Whether the task was told to end."""
        return self._ending is not None and self._ending.is_set()

    def stop(self) -> None:
        """Make every wait give up, now and later."""
        if self._ending is not None:
            self._ending.set()

    def sleep(self, seconds: float) -> None:
        """Wait, or give up when the task is ending."""
        if self._ending is not None and self._ending.wait(seconds):
            msg = "the task is ending"
            raise self.ended_by(msg)

    def go_on(self) -> None:
        """Give up when the task is ending."""
        self.sleep(0)

    def _speak_unless(self, unwound: threading.Event) -> None:
        if not unwound.wait(_UNWINDS_IN):
            self.last_words()

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

"""Cancellation of a task that is killed, and of its jobs on the platform.

Airflow calls ``on_kill`` in a signal handler, which stops the task where it is. So the handler must not wait
for a lock that the task may hold, also not for one inside a class of :mod:`threading`.
"""

from __future__ import annotations

import _thread
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import PlatformError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_mkt.actions.jobs import Job
    from airflow_provider_mkt.actions.polling import Log
    from airflow_provider_mkt.hooks.base import MarketingHook

_CLEANUP_SECONDS = 3.0
"""Seconds for which a killed task waits for what cleans up. Airflow ends its process 5 after the signal."""


class Cancellation:
    """Whether a task was cancelled. A signal handler may set it at any moment.

    :class:`threading.Event` has a lock, which the task holds for an instant whenever it waits.
    """

    def __init__(self) -> None:
        self._cancelled = False
        self._wake: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        """Whether the task was cancelled."""
        return self._cancelled

    def set(self) -> None:
        """Cancel the task, and end all waits."""
        self._cancelled = True
        self._wake.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait until the task is cancelled. Returns whether it was.

        :param seconds: how long at most.
        """
        if self._cancelled or seconds <= 0:
            return self._cancelled
        try:
            self._wake.get(timeout=seconds)
        except Empty:
            return self._cancelled
        # Another thread may wait, too.
        self._wake.put(None)
        return True


def start_thread(work: Callable[[], object]) -> None:
    """Run something in a thread. Also for signal handlers: :class:`threading.Thread` takes a lock."""
    _thread.start_new_thread(work, ())


def run_in_thread(work: Callable[[], object]) -> None:
    """Run something in a thread, and wait for it a few seconds.

    It may need a lock that the task holds which a signal has stopped, and goes on when the handler returns.
    """
    ended = _thread.allocate_lock()
    ended.acquire()

    def run() -> None:
        try:
            work()
        finally:
            ended.release()

    start_thread(run)
    ended.acquire(timeout=_CLEANUP_SECONDS)


def cancel(hook: MarketingHook, jobs: Sequence[Job], log: Log) -> None:
    """Cancel the jobs that can be canceled. Never raises."""
    for job in jobs:
        try:
            spec = hook.job_spec(job)
            if spec.cancel is not None:
                hook.run(spec.cancel(job))
                log.info("%s was canceled", job)
        except PlatformError as error:
            log.warning("%s was not canceled: %s", job, error)

"""The calls transport: leads are written by calls, within the account's limits and its daily quota."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Protocol, Self, TypeVar

from airflow_provider_mkt.actions.ports import LeadWriter
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import NotRepeated, PlatformError, QuotaExhausted
from airflow_provider_mkt.client.quota import DayQuota
from airflow_provider_mkt.client.transport.exchange import Reply
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.state.sync_progress import SyncProgress
from airflow_provider_mkt.state.task_state import TaskState
from airflow_provider_mkt.sync.pipeline import THREAD_NAME_PREFIX, AdaptiveConcurrency, Pipeline, Stop
from airflow_provider_mkt.sync.results import Progress, ResultFiles, SyncReport
from airflow_provider_mkt.sync.rows import LeadRows

T = TypeVar("T")

POLL_CALLS_MIN = 20
"""Calls between two polls of the daily quota at least, so that polling costs little of it."""

POLL_INTERVAL = 300.0
"""Seconds after which the daily quota is polled anyway, since other software uses it too."""

CLOSE = 500
"""Calls that may be made while a poll is answered. With fewer left, the work waits for the answer."""

_LEASE_KEY = "leads in progress until"
_BEGUN_KEY = "leads were sent"


class Account(Protocol):
    """The part of a hook that is used here."""

    def reply(self, call: Call[T]) -> Reply[T]: ...

    def follow(self, procedure: Procedure[T]) -> T: ...

    def rate(self) -> Rate: ...

    def day_quota(self) -> Procedure[DayQuota | None]: ...


class Cancellation(Protocol):
    """The part of a task that knows whether it is cancelled."""

    def sleep(self, seconds: float) -> None: ...

    def raise_if_cancelled(self) -> None: ...

    def cancel(self) -> None: ...


class Log(Protocol):
    """The part of a logger that is used here."""

    def info(self, message: str, /, *args: object) -> None: ...

    def warning(self, message: str, /, *args: object) -> None: ...


class Lease:
    """Keeps the time until which upserts of this task may still be processed by the server.

    A killed try cannot end its calls, and two upserts of a new key at once create two leads.

    :param quiet_after: how long the server may work on one call, in seconds; 0 where it does not matter.
    """

    _AHEAD = 30.0

    def __init__(
        self, task_state: TaskState, quiet_after: float, sleep: Callable[[float], None], log: Log
    ) -> None:
        self._task_state, self._quiet_after, self._sleep, self._log = task_state, quiet_after, sleep, log
        self._renewed_at = float("-inf")

    def holds(self) -> bool:
        """Whether a call that is sent now is certain to end before the lease does."""
        return not self._quiet_after or time.monotonic() - self._renewed_at < self._AHEAD

    def acquire(self) -> None:
        """Wait until a killed try's calls must have ended, then take the lease."""
        until = self._task_state.get(_LEASE_KEY) if self._quiet_after else None
        if isinstance(until, (int, float)) and (left := until - time.time()) > 0:
            self._log.info("An earlier try ended early; waiting %.0f s until its calls have ended", left)
            self._sleep(left)
        self.renew()

    def renew(self) -> None:
        if self._quiet_after and time.monotonic() - self._renewed_at > self._AHEAD / 3:
            renewed_at = time.monotonic()
            self._task_state.set(_LEASE_KEY, time.time() + self._AHEAD + self._quiet_after)
            self._renewed_at = renewed_at

    def release(self) -> None:
        if self._quiet_after:
            self._task_state.set(_LEASE_KEY, None)


class DailyQuotaGuard:
    """Polls now and then how many of the day's calls are left, in a thread of its own.

    The first poll starts with the guard, and the work waits for it, so that reserved calls are not used.

    :param reserve: calls that are left to other software.
    :param calls_made: returns how many calls the task has made.
    """

    def __init__(
        self,
        account: Account,
        reserve: int,
        calls_made: Callable[[], int],
        *,
        platform: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account, self._reserve, self._calls_made, self._clock = account, reserve, calls_made, clock
        self._platform = platform
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mkt-daily-quota")
        self._close = True
        self._next_at_calls, self._next_at = 0, 0.0
        self._unavailable = False
        self._poll: Future[DayQuota | None] | None = None
        self._start_poll()

    def check(self) -> None:
        """Start a poll when it is due, and read its answer.

        :raises QuotaExhausted: when no more calls are left than are reserved.
        """
        if self._poll is None and (
            self._calls_made() >= self._next_at_calls or self._clock() >= self._next_at
        ):
            self._start_poll()
        if self._poll is not None and (self._close or self._poll.done()):
            poll, self._poll = self._poll, None
            self._read(poll)

    def _start_poll(self) -> None:
        if not self._unavailable:
            self._poll = self._thread.submit(lambda: self._account.follow(self._account.day_quota()))

    def _read(self, poll: Future[DayQuota | None]) -> None:
        try:
            quota = poll.result()
        except QuotaExhausted:
            raise
        except PlatformError as error:
            # A token may lack the permission to read the quota; the platform's refusal then ends the day.
            self._unavailable = error.permanent
            self._schedule(POLL_CALLS_MIN)
            return
        if quota is None:
            self._unavailable = True
            return
        left = quota.left - self._reserve
        if left <= 0:
            raise QuotaExhausted(
                f"{quota.left:,} of the day's {quota.limit:,} calls are left, {self._reserve:,} are reserved",
                platform=self._platform,
                resets_at=quota.resets_at,
            )
        self._close = left < 2 * CLOSE
        # Others use the account too, so half of what is left may be used by the next poll.
        self._schedule(left // 2)

    def _schedule(self, calls: int) -> None:
        self._next_at_calls = self._calls_made() + max(POLL_CALLS_MIN, calls)
        self._next_at = self._clock() + POLL_INTERVAL

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        # The answer of a running poll is no longer needed, and it may wait for a permit.
        self._thread.shutdown(wait=False, cancel_futures=True)


class CallTransport:
    """Writes leads by calls, as many at once as the account's limits allow.

    :param account: runs calls.
    :param platform: its name, for errors.
    :param cancellation: ends waits when the task is cancelled.
    :param task_state: of the task.
    :param max_concurrency: calls in flight at most.
    :param daily_reserve: calls of the day that are left to other software.
    """

    def __init__(
        self,
        account: Account,
        platform: str,
        cancellation: Cancellation,
        task_state: TaskState,
        writer: LeadWriter,
        *,
        max_concurrency: int,
        daily_reserve: int,
        log: Log,
    ) -> None:
        self._account, self._platform, self._cancellation = account, platform, cancellation
        self._task_state, self._writer, self._log = task_state, writer, log
        self._daily_reserve = daily_reserve
        # All at once from the start: in a sliding window, the pace of the first one repeats in all others.
        self.concurrency = AdaptiveConcurrency(max_concurrency, start=max_concurrency, rate=account.rate)
        self.report = SyncReport()
        self._lease = Lease(task_state, writer.quiet_after, cancellation.sleep, log)
        self._holds_lease = False

    def prepare(self, stack: ExitStack) -> frozenset[str] | None:
        """Start to watch the daily quota, and return the fields that can be written, if the platform lists
        them.

        :param stack: ends the watch.
        """
        self._quota = stack.enter_context(
            DailyQuotaGuard(
                self._account, self._daily_reserve, lambda: self.report.calls, platform=self._platform
            )
        )
        return self._account.follow(self._writer.known_fields())

    def write(
        self,
        source: LeadRows,
        result_files: ResultFiles,
        progress: SyncProgress,
        known_fields: frozenset[str] | None,
        *,
        too_many_rejected: Callable[[SyncReport], bool] | None,
    ) -> None:
        """Write every row of a source.

        :param too_many_rejected: whether to stop early; None never stops.
        :raises NotRepeated: when an earlier try may have sent leads that must not be sent twice.
        """
        if not self._writer.repeatable:
            self._check_not_begun(progress)
        if progress.last >= 0:
            self._log.info("Resuming: rows that an earlier try of this task has done are not sent again")
        self._lease.acquire()
        self._holds_lease = True
        progress_log = Progress(self.report, source.expected, self._log.info)

        def tick() -> None:
            self._cancellation.raise_if_cancelled()
            self._quota.check()
            if too_many_rejected is not None and too_many_rejected(self.report):
                raise Stop
            self._lease.renew()
            progress_log.log()

        def send(call: Call[Any]) -> Reply[Any]:
            self._cancellation.raise_if_cancelled()
            return self._account.reply(call)

        try:
            Pipeline(
                self._writer,
                send,
                self.concurrency,
                result_files,
                self.report,
                known_fields=known_fields,
                progress=progress,
                on_tick=tick,
                abandon=self._cancellation.cancel,
            ).run(source.rows)
        except Stop:
            self._log.warning("Stopped: more leads are rejected than allowed")
        finally:
            if not progress.begun:
                # Nothing was sent, so the next try may send everything.
                self._task_state.set(_BEGUN_KEY, None)

    def finish(self, *, forget: bool) -> None:
        """Release the lease, unless the server may still be working on a lead.

        :param forget: let a cleared task send everything again.
        """
        if forget:
            self._task_state.set(_BEGUN_KEY, None)
        if not self.report.reasons["OUTCOME_UNKNOWN"]:
            self._lease.release()

    def sleep(self, seconds: float) -> None:
        """Wait for the next request of a call; a thread that sends waits for the lease too."""
        self._cancellation.sleep(seconds)
        # Other threads write no leads, and one of them renews the lease.
        sends = threading.current_thread().name.startswith(THREAD_NAME_PREFIX)
        while sends and self._holds_lease and not self._lease.holds():
            # The source may have blocked the thread that renews it.
            self._cancellation.sleep(0.1)

    def _check_not_begun(self, progress: SyncProgress) -> None:
        if self._task_state.get(_BEGUN_KEY) and progress.last < 0:
            raise NotRepeated(
                "an earlier try of this task may have sent some of the leads, perhaps on another machine, "
                "and sending them again would repeat what that did; nothing was sent now"
            )
        self._task_state.set(_BEGUN_KEY, True)

"""The calls transport: leads are written by calls, within the account's limits and its daily quota."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol, Self, TypeVar

from airflow_provider_mkt.actions.leads import KnownFields
from airflow_provider_mkt.actions.ports import LeadWriter
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import PlatformError, QuotaExhausted, TaskCancelled
from airflow_provider_mkt.client.quota import DayQuota
from airflow_provider_mkt.client.transport.exchange import Reply
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.client.wording import plural_of
from airflow_provider_mkt.state.claims import KeyClaims
from airflow_provider_mkt.state.sync_progress import SyncProgress
from airflow_provider_mkt.sync.pipeline import THREAD_NAME_PREFIX, AdaptiveConcurrency, Pipeline, Stop
from airflow_provider_mkt.sync.results import Progress, ResultFiles, SyncReport
from airflow_provider_mkt.sync.rows import LeadRows

T = TypeVar("T")

_CHECK_INTERVAL = 0.2
"""Seconds after which a thread that waits checks whether it is still needed."""

_KEPT_WITHIN = 10.0
"""Seconds for which a sync waits at its end for what it has begun to read, so that the next one knows it."""

POLL_CALLS_MIN = 20
"""Calls between two polls of the daily quota at least, so that polling costs little of it. As many are made
before the first poll is answered."""

POLL_INTERVAL = 300.0
"""Seconds after which the daily quota is polled anyway, since other software uses it too."""

CLOSE = 500
"""Calls that may be made while a poll is answered. With fewer left, the work waits for the answer."""


FIELDS_KEPT = 600.0
"""Seconds for which the fields that were read for one task are used by others. A field that is unknown, or
must not be written, is looked up again before a record is rejected for it."""


class Account(Protocol):
    """The part of a hook that is used here."""

    def reply(self, call: Call[T]) -> Reply[T]: ...

    def follow(self, procedure: Procedure[T], *, keep: bool = False) -> T: ...

    def recall(self, procedure: Procedure[T], max_age: float) -> T | None: ...

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


class Reads:
    """Reads what the work does not wait for, in threads of their own. What still waits ends with the sync.

    :param bind: returns the account whose calls wait by the function that it is given.
    :param sleep: waits so many seconds; raises when the task was cancelled.
    """

    def __init__(
        self, bind: Callable[[Callable[[float], None]], Account], sleep: Callable[[float], None]
    ) -> None:
        self.account = bind(self._wait)
        self._sleep = sleep
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="mkt-sync-reads")
        self._ended = False
        self._kept: list[Future[Any]] = []

    def begin(self, procedure: Procedure[T], *, kept: bool = False) -> Future[T]:
        """Begin to follow a procedure that reads something, and keep its answers.

        :param kept: whether the next sync uses them too, so that this one does not end before it has them.
        """
        reading = self._threads.submit(self.account.follow, procedure, keep=True)
        if kept:
            self._kept.append(reading)
        return reading

    def _wait(self, seconds: float) -> None:
        """Wait between two requests of a call that reads.

        :raises TaskCancelled: when the sync has ended.
        """
        until = time.monotonic() + seconds
        while not self._ended:
            left = until - time.monotonic()
            self._sleep(max(0.0, min(left, _CHECK_INTERVAL)))
            if left <= _CHECK_INTERVAL:
                return
        raise TaskCancelled

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        # Python ends no process before its threads, so no read must go on to wait: for a permit, or for a
        # platform that is unavailable.
        self._ended = True
        if error is None:
            wait(self._kept, _KEPT_WITHIN)
        self._threads.shutdown(wait=False, cancel_futures=True)


class DailyQuotaGuard:
    """Polls now and then how many of the day's calls are left, beside the work.

    Until the first poll is answered few calls are made, so that reserved calls are not used. It is not needed
    where another task polled within :data:`POLL_INTERVAL`, and many calls were left.

    :param reads: runs the polls.
    :param reserve: calls that are left to other software.
    :param calls_made: returns how many calls the task has made.
    """

    def __init__(
        self,
        reads: Reads,
        reserve: int,
        calls_made: Callable[[], int],
        *,
        platform: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reads, self._reserve, self._calls_made, self._clock = reads, reserve, calls_made, clock
        self._platform = platform
        self._close = False
        self._next_at_calls, self._next_at = 0, 0.0
        self._unavailable = False
        self._poll: Future[DayQuota | None] | None = None
        self._first: Future[DayQuota | None] | None = None
        """The first poll, until a call has waited for its answer."""
        self._free_calls, self._lock = 0, threading.Lock()
        """How many calls may be made before the first poll is answered."""

    def admit(self, raise_if_cancelled: Callable[[], None]) -> None:
        """Wait, before a call, until it is known whether the day has calls left. Safe for any thread.

        :param raise_if_cancelled: raises when the task was cancelled.
        :raises QuotaExhausted: when no more calls are left than are reserved.
        """
        if (first := self._first) is None:
            return
        with self._lock:
            self._free_calls -= 1
            if self._free_calls >= 0 and not first.done():
                return
        while wait([first], _CHECK_INTERVAL).not_done:
            raise_if_cancelled()
        try:
            self._left_of(first.result())
        except QuotaExhausted:
            raise
        except (PlatformError, CancelledError):
            # Then it is not known, and the platform's refusal ends the day.
            pass
        self._first = None

    def check(self) -> None:
        """Start a poll when it is due, and read its answer.

        :raises QuotaExhausted: when no more calls are left than are reserved.
        """
        if self._poll is None and (
            self._calls_made() >= self._next_at_calls or self._clock() >= self._next_at
        ):
            self._poll = self._start_poll()
        if self._poll is not None and (self._close or self._poll.done()):
            poll, self._poll = self._poll, None
            self._read(poll)

    def _start_poll(self, *, kept: bool = False) -> Future[DayQuota | None] | None:
        if self._unavailable:
            return None
        return self._reads.begin(self._reads.account.day_quota(), kept=kept)

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
        left = self._left_of(quota)
        if left is None:
            self._unavailable = True
            return
        self._close = left < 2 * CLOSE
        # Others use the account too, so half of what is left may be used by the next poll.
        self._schedule(left // 2)

    def _left_of(self, quota: DayQuota | None) -> int | None:
        """Return how many calls are left to the task; None when the platform does not say.

        :raises QuotaExhausted: when none are.
        """
        if quota is None:
            return None
        left = quota.left - self._reserve
        if left <= 0:
            raise QuotaExhausted(
                f"{quota.left:,} of the day's {quota.limit:,} calls are left, {self._reserve:,} are reserved",
                platform=self._platform,
                resets_at=quota.resets_at,
            )
        return left

    def _schedule(self, calls: int) -> None:
        self._next_at_calls = self._calls_made() + max(POLL_CALLS_MIN, calls)
        self._next_at = self._clock() + POLL_INTERVAL

    def start(self) -> None:
        """Start the first poll, if it is needed."""
        account = self._reads.account
        known = account.recall(account.day_quota(), POLL_INTERVAL)
        if known is not None and known.left - self._reserve >= 2 * CLOSE:
            self._schedule(POLL_CALLS_MIN)
        else:
            # None where few were left, some minutes ago.
            self._free_calls = POLL_CALLS_MIN if known is None else 0
            self._first = self._poll = self._start_poll(kept=True)


class _AtWork:
    """Counts the calls that neither wait for a permit nor for their next try."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self.on_more: Callable[[], None] = lambda: None
        """Called when there is one more."""

    def count(self) -> int:
        return self._count

    @contextmanager
    def plus(self, change: int) -> Iterator[None]:
        """Count a call in, or out, while the context is open."""
        self._add(change)
        try:
            yield
        finally:
            self._add(-change)

    def _add(self, change: int) -> None:
        with self._lock:
            self._count += change
        if change > 0:
            self.on_more()


class CallTransport:
    """Writes leads by calls, as many at once as the account's limits allow.

    :param account: runs calls.
    :param reads: reads beside the work.
    :param platform: its name, for errors.
    :param cancellation: ends waits when the task is cancelled.
    :param claims: the keys that this task alone writes; None where no other task's writes matter.
    :param max_concurrency: calls in flight at most.
    :param daily_reserve: calls of the day that are left to other software.
    """

    def __init__(
        self,
        account: Account,
        reads: Reads,
        platform: str,
        cancellation: Cancellation,
        writer: LeadWriter,
        claims: KeyClaims | None,
        *,
        max_concurrency: int,
        daily_reserve: int,
        log: Log,
    ) -> None:
        self._account, self._cancellation = account, cancellation
        self._writer, self._claims, self._log = writer, claims, log
        # All at once from the start: in a sliding window, the pace of the first one repeats in all others.
        self._at_work = _AtWork()
        self.concurrency = AdaptiveConcurrency(
            max_concurrency, start=max_concurrency, rate=account.rate, working=self._at_work.count
        )
        self.report = SyncReport()
        self._progress: SyncProgress | None = None
        self._reads = reads
        self._quota = DailyQuotaGuard(reads, daily_reserve, lambda: self.report.calls, platform=platform)

    def prepare(self) -> KnownFields:
        """Start to watch the daily quota, and return which fields can be written.

        While they are read, only those that every account has are known.
        """
        self._quota.start()

        def read() -> KnownFields:
            return self._account.follow(self._writer.known_fields(), keep=True)

        known = self._account.recall(self._writer.known_fields(), FIELDS_KEPT)
        if known is not None:
            known.read_again = read
            return known
        if not self._writer.standard_fields:
            return read()
        reading = self._reads.begin(self._writer.known_fields(), kept=True)
        return KnownFields(self._writer.standard_fields, read_again=reading.result, partial=True)

    def write(
        self,
        source: LeadRows,
        result_files: ResultFiles,
        progress: SyncProgress | None,
        known_fields: KnownFields,
        *,
        too_many_rejected: Callable[[SyncReport], bool] | None,
    ) -> None:
        """Write every row of a source.

        :param progress: what earlier tries have done; None where that is known by other means.
        :param too_many_rejected: whether to stop early; None never stops.
        :raises InvalidInput: when leads that must not be sent twice are not those of an earlier try.
        """
        if progress is not None:
            self._continue(progress)
        progress_log = Progress(self.report, source.expected, self._log.info)

        def tick() -> None:
            self._cancellation.raise_if_cancelled()
            self._quota.check()
            if too_many_rejected is not None and too_many_rejected(self.report):
                raise Stop
            if self._claims is not None:
                self._claims.renew()
            if progress is not None:
                progress.save_if_due()
            progress_log.log()

        def send(call: Call[Any]) -> Reply[Any]:
            self._cancellation.raise_if_cancelled()
            self._quota.admit(self._cancellation.raise_if_cancelled)
            with self._at_work.plus(1):
                return self._account.reply(call)

        pipeline = Pipeline(
            self._writer,
            send,
            self.concurrency,
            result_files,
            self.report,
            known_fields=known_fields,
            progress=progress,
            claims=self._claims,
            links=source.links,
            on_tick=tick,
            abandon=self._cancellation.cancel,
        )
        self._at_work.on_more = pipeline.wake
        with ExitStack() as at_the_end:
            if progress is not None:
                at_the_end.callback(lambda: progress.save(at_rest=pipeline.quiet))
            try:
                pipeline.run(source.rows)
            except Stop:
                self._log.warning("Stopped: more %s are rejected than allowed", plural_of(self.report.noun))

    def _continue(self, progress: SyncProgress) -> None:
        """Continue where earlier tries stopped."""
        if progress.resumed:
            self._log.info("Resuming: rows that an earlier try of this task has done are not sent again")
        if self._writer.quiet_after:
            self._wait_for_unseen_calls(progress)
        self._progress = progress
        # Before anything is sent, so that no retry takes this try for one that sent nothing.
        progress.save(at_rest=False)

    def sleep(self, seconds: float) -> None:
        """Wait for the next request of a call; a thread that sends waits for the claims too."""
        # Other threads write no leads, and one of them renews the claims.
        if not threading.current_thread().name.startswith(THREAD_NAME_PREFIX):
            self._cancellation.sleep(seconds)
            return
        with self._at_work.plus(-1):
            self._cancellation.sleep(seconds)
            while not self._holds():
                # The source may have blocked the thread that renews them.
                self._cancellation.sleep(0.1)

    def _holds(self) -> bool:
        """Whether a call that is sent now is certain to end while other tasks know of it."""
        if self._claims is None:
            return True
        if self._progress is None or self._claims.shared:
            return self._claims.holds()
        return self._claims.holds(self._progress.age)

    def _wait_for_unseen_calls(self, progress: SyncProgress) -> None:
        """Wait until the calls of a killed try have ended, where it has claimed its keys on another machine.

        A killed try cannot end its calls, and two upserts of a new key at once create two leads.
        """
        left = progress.busy_until - time.time()
        if left > 0:
            self._log.info("An earlier try ended early; waiting %.0f s until its calls have ended", left)
            self._cancellation.sleep(left)

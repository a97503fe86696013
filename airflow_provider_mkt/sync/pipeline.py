"""Streams leads to a platform: reads, checks, batches, sends in parallel and records the results.

Memory holds the batches in flight and no more. Threads only send calls; reading, counting and writing happen
on the caller's thread.
"""

from __future__ import annotations

import gc
import json
import math
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from airflow_provider_mkt.actions.idempotency import platform_answer
from airflow_provider_mkt.actions.leads import KnownFields, RecordResult, RecordStatus, rejected, rejection
from airflow_provider_mkt.actions.ports import LeadWriter
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.encoding import EncodedRecord
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    OutcomeUnknown,
    PlatformError,
    TaskCancelled,
)
from airflow_provider_mkt.client.transport.exchange import Reply
from airflow_provider_mkt.client.transport.platform import Failure, Rate, RetryAction
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.state.claims import KeyClaims
from airflow_provider_mkt.state.compact_progress import Done
from airflow_provider_mkt.state.sync_progress import RowMark, RowsChanged, SyncProgress
from airflow_provider_mkt.sync.results import ResultFiles, SyncReport
from airflow_provider_mkt.sync.rows import LinkWriter, Row

T = TypeVar("T")
Send = Callable[[Call[Any]], Reply[Any]]

THREAD_NAME_PREFIX = "sync-leads"
"""The prefix of the names of the threads that send."""

_TICK = 1.0
"""Seconds between two calls of ``on_tick`` while answers are awaited."""

_HELD_MAX = 10_000
"""Records that are held back at most because their key is in flight, here or in another task."""

# Kept, since json.dumps makes a new encoder for each record.
_encoded = json.JSONEncoder(ensure_ascii=False, default=str).encode

_SUPERSEDED = Done(RecordStatus.SKIPPED.value, "DUPLICATE_KEY")
"""The result of a record when the later one with its key, in the same batch, is written."""

_WRITTEN = (RecordStatus.CREATED, RecordStatus.UPDATED)

ENDED_EARLY = "was written, but not associated: the task ended before"
"""Why a record is not associated that waited for it when the task ended."""

_AMBIGUOUS = "an earlier try sent it and did not learn the outcome; check it on the platform"

_CHANGED = (
    "{} is not what it was for an earlier try of this task, so which leads are created already is unknown; "
    "nothing more was sent"
)

_SPARE_CALLS = 4
"""Calls in flight that are allowed beyond what the account's rate needs."""

_USEFUL_SHARE = 2.0
"""Calls in flight that are of use, as a multiple of what the account's rate needs."""

_LATENCY_WEIGHT = 0.1
"""Weight of a new answer in the average latency."""

_ALL_REFUSED = 100
"""Records refused one by one, while none was accepted, after which the cause is not the records."""

_ALL_REFUSED_ALIKE = 8
"""The same, where the platform says the same of each and does not name a value."""


def digest_of(content: str | bytes) -> int:
    """A digest of a record's content, never 0."""
    return (
        zlib.crc32(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")) or 1
    )


class _Item(Struct, gc=False, eq=False):
    """A record that is processed. Thousands are in flight, and the garbage collector sees none of them.

    :param size: bytes it takes in a body.
    :param digest: of its content, for the sync progress.
    :param position: its place in the source.
    :param superseded: earlier records with its key that were to go with the same batch.
    :param again: whether it is sent a second time, because another task had created it.
    """

    row: Row
    record: dict[str, Any]
    key: str | None
    size: int
    digest: int
    position: int
    superseded: tuple[_Item, ...] = ()
    again: bool = False

    @property
    def mark(self) -> RowMark:
        return RowMark(self.row.number, self.position, self.digest)

    @property
    def marks(self) -> list[RowMark]:
        """Of the record and of those that it superseded."""
        return [self.mark, *(one.mark for one in self.superseded)]


@lru_cache(maxsize=1_000)
def _done(status: RecordStatus, code: str) -> Done:
    return Done(status.value, code)


@dataclass
class _Batch:
    items: list[_Item] = field(default_factory=list)
    size: int = 0
    keys: dict[str, int] = field(default_factory=dict)

    def add(self, item: _Item) -> None:
        if item.key is not None:
            self.keys[item.key] = len(self.items)
        self.items.append(item)
        self.size += item.size


class AdaptiveConcurrency:
    """Grows by one with every clean answer, which doubles it each round; shrinks when calls are refused.

    Other software uses the same account, so the possible concurrency changes while a task runs. Calls that
    only wait for a permit are of no use, and threads that wait slow down those that work: so at most twice
    as many wait as the account's rate needs at the current latency. Calls that have their permit do not
    count: they use what is free in the window.

    :param ceiling: calls in flight at most.
    :param start: the first limit.
    :param rate: returns the account's limit; None where it does not matter.
    :param working: returns how many calls do not wait now.
    """

    def __init__(
        self,
        ceiling: int,
        *,
        start: int = 4,
        rate: Callable[[], Rate] | None = None,
        working: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ceiling = max(1, ceiling)
        self._limit = float(min(start, self.ceiling))
        self._rate, self._working = rate, working
        self._clock = clock
        self._took = 0.0
        self._backed_off_at = float("-inf")
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        return max(1, min(int(self._limit), self._useful() + self._working()))

    def clean(self, took: float = 0.0) -> None:
        """Take a call that was answered without a refusal.

        :param took: seconds from the request to its answer.
        """
        with self._lock:
            self._limit = min(float(self.ceiling), self._limit + 1)
            self._took += (took - self._took) * (_LATENCY_WEIGHT if self._took else 1.0)

    def refused(self) -> None:
        """Take a call that was refused for rate or for concurrency. Refusals within a second count once."""
        with self._lock:
            now = self._clock()
            if now - self._backed_off_at >= 1.0:
                self._backed_off_at = now
                self._limit = max(1.0, self._limit * 0.6)

    def on_failure(self, call: Call[object], failure: Failure, wait: float) -> None:
        """Take a refusal as a hook reports it. Only those for rate or for concurrency count."""
        if failure.action in (RetryAction.BACK_OFF, RetryAction.REDUCE_CONCURRENCY):
            self.refused()

    def _useful(self) -> int:
        if self._rate is None or not self._took:
            return self.ceiling
        rate = self._rate()
        return math.ceil(_USEFUL_SHARE * rate.calls / rate.seconds * self._took) + _SPARE_CALLS


_freezing = threading.Lock()
_runs_frozen = 0
"""How many runs of this process need the older objects frozen."""


@lru_cache(maxsize=1)
def _frozen_elsewhere() -> bool:
    """Whether objects were frozen before the first run of this process.

    Counting them takes milliseconds, which a small run would feel.
    """
    return gc.get_freeze_count() > 0


@contextmanager
def older_objects_frozen() -> Iterator[None]:
    """Keep the garbage collector from going through all that exists now, again and again.

    In a task that is most of Airflow, some hundred thousand objects.
    """
    global _runs_frozen
    with _freezing:
        if not _runs_frozen and not _frozen_elsewhere():
            gc.freeze()
        _runs_frozen += 1
    try:
        yield
    finally:
        with _freezing:
            _runs_frozen -= 1
            # Somebody else who has frozen them knows when it ends.
            if not _runs_frozen and not _frozen_elsewhere():
                gc.unfreeze()


class Stop(Exception):
    """Raised by the caller's callbacks to end a sync early, e.g. when too many records are rejected.

    Calls in flight are completed first.
    """


class Pipeline:
    """One run of leads through a writer.

    Two records with one key are never in flight at once, and are sent in the order they were read, so the
    platform keeps the later one. Within one batch only the later one is sent.

    :param writer: makes the calls that write leads.
    :param send: runs a call; must be safe to use from several threads.
    :param concurrency: how many calls may be in flight.
    :param result_files: take every record's result.
    :param report: counts the results.
    :param known_fields: a record with a field that cannot be written is rejected.
    :param progress: rows that are done; those of earlier tries are not sent again.
    :param claims: the keys that this task alone writes. A record whose key another task writes is held back.
    :param links: associates written records with others. A record is done when that is done too.
    :param on_tick: called about once a second from the caller's thread.
    :param abandon: called when the run ends early; calls that only wait must give up.
    """

    def __init__(
        self,
        writer: LeadWriter,
        send: Send,
        concurrency: AdaptiveConcurrency,
        result_files: ResultFiles,
        report: SyncReport,
        *,
        known_fields: KnownFields | None = None,
        progress: SyncProgress | None = None,
        claims: KeyClaims | None = None,
        links: LinkWriter | None = None,
        on_tick: Callable[[], None] = lambda: None,
        abandon: Callable[[], None] = lambda: None,
    ) -> None:
        self._writer = writer
        self._send = send
        self._concurrency = concurrency
        self._result_files = result_files
        self._report = report
        self._known_fields = known_fields or KnownFields()
        self._progress = progress
        self._claims = claims
        self._links = links
        self._unlinked: list[tuple[_Item, RecordResult]] = []
        self._links_waiting = 0
        self._again: set[str] = set()
        self._position = 0
        self._to_compare: list[tuple[Row, int, _Item | RecordResult]] = []
        self._on_tick = on_tick
        self._abandon = abandon
        self._ticked_at = 0.0
        self._batch = _Batch()
        self._ready: deque[list[_Item]] = deque()
        self._in_flight: dict[Future[Reply[Any]], list[_Item]] = {}
        self._answered: SimpleQueue[Future[Reply[Any]] | None] = SimpleQueue()
        """Calls that were answered; None where there may be room for another one all the same."""
        self._waits_for_room = False
        self._done: deque[Future[Reply[Any]]] = deque()
        """Answered calls whose results are not recorded yet."""
        self._keys_in_flight: set[str] = set()
        self._held: dict[str, deque[_Item]] = {}
        self._held_count = 0
        self._written_elsewhere: set[str] = set()
        self._busy_keys: deque[tuple[float, list[_Item]]] = deque()
        self._quiet_at = 0.0
        self._accepted = False
        self._split_any = False
        self._refused = self._refused_alike = 0
        self._refusal = ""

    def run(self, rows: Iterator[Row]) -> None:
        """Process every row.

        :raises PlatformError: on errors that concern every record: credentials, permissions, the daily quota,
            a platform that is unavailable. Calls in flight are completed first.
        :raises InvalidRequest: when the platform refuses the request itself and not its records.
        :raises Stop: from ``on_tick``.
        """
        with (
            older_objects_frozen(),
            ThreadPoolExecutor(self._concurrency.ceiling, thread_name_prefix=THREAD_NAME_PREFIX) as pool,
        ):
            try:
                for row in rows:
                    if time.monotonic() - self._ticked_at >= _TICK:
                        self._tick()
                    self._take(row)
                    while self._ready or self._held_count >= _HELD_MAX:
                        self._launch(pool)
                self._compare()
                self._close_batch()
                while self._ready or self._in_flight or self._held_count or self._batch.items:
                    self._launch(pool)
                    if not self._ready:
                        self._collect()
                        if not self._in_flight:
                            self._close_batch()
                self._write_links()
            except BaseException:
                self._abandon()
                self._collect_all()
                raise

    @property
    def quiet(self) -> bool:
        """Whether the server works on no call any more, once :meth:`run` has ended."""
        return time.monotonic() >= self._quiet_at

    def wake(self) -> None:
        """Look whether there is room for another call. For any thread, when a call does not wait any more."""
        if self._waits_for_room:
            self._waits_for_room = False
            self._answered.put(None)

    def _take(self, row: Row) -> None:
        position, progress = self._position, self._progress
        self._position = position + 1
        checked = self._checked(row, position)
        if progress is not None:
            progress.take(position)
        if progress is None or position >= progress.earlier_rows:
            return self._process(row, checked)
        self._to_compare.append((row, position, checked))
        if self._position % progress.block_rows == 0 or self._position == progress.earlier_rows:
            self._compare()
        return None

    def _checked(self, row: Row, position: int) -> _Item | RecordResult:
        """Return the record of a row, or why it cannot be sent."""
        if row.record is None:
            status = RecordStatus.SKIPPED if row.skipped else RecordStatus.REJECTED
            return RecordResult(status, code=row.code, reason=row.problem)
        if (problem := self._known_fields.problem_of(row.record)) is not None:
            self._report.field_problems[problem.reason] += 1
            return problem
        record = self._writer.prepare(row.record)
        if (encoded := EncodedRecord.of(record)) is not None:
            record = encoded
        if (result := self._writer.check(record)) is not None:
            return result
        if encoded is not None:
            content = encoded.content
        else:
            # Whether it can be sent is seen when its call is made.
            content = _encoded(record).encode("utf-8", "surrogatepass")
        size = len(content) + 120
        if size > self._writer.bytes_max:
            return rejected("TOO_LARGE", f"takes {counted(size, 'byte')}; one call holds less")
        if row.links:
            content += repr(row.links).encode("utf-8", "surrogatepass")
        digest = digest_of(content) if self._progress is not None else 0
        return _Item(row, record, self._writer.key(record), size, digest, position)

    def _compare(self) -> None:
        """Compare a block of rows with that of an earlier try, and process them."""
        rows, self._to_compare = self._to_compare, []
        if not rows or self._progress is None:
            return
        marks = [
            checked.mark if isinstance(checked, _Item) else RowMark(row.number, position, 0)
            for row, position, checked in rows
        ]
        try:
            self._progress.compare(marks)
        except RowsChanged as changed:
            raise InvalidInput("source", _CHANGED.format(f"one of {changed}")) from None
        for row, _, checked in rows:
            self._process(row, checked)

    def _process(self, row: Row, checked: _Item | RecordResult) -> None:
        if isinstance(checked, RecordResult):
            return self._write_off(row, checked)
        if self._progress is not None and self._progress.resumed:
            if (result := self._of_earlier_try(self._progress, checked)) is not None:
                return self._report.resume(result)
            if self._progress.ambiguous(checked.mark):
                return self._write_off(row, rejected("OUTCOME_UNKNOWN", _AMBIGUOUS))
        return self._place(checked)

    def _of_earlier_try(self, progress: SyncProgress, item: _Item) -> RecordResult | None:
        """Return the result that an earlier try reached for a record, unless it must be sent now."""
        if not self._writer.repeatable and progress.changed(item.mark):
            raise InvalidInput("source", _CHANGED.format(f"row {item.row.number}"))
        done = progress.known(item.mark)
        if done is not None and (not self._writer.repeatable or item.key not in self._again):
            return RecordResult(RecordStatus(done.status), code=done.code)
        if done is not None:
            progress.reopen(item.mark, done)
        elif item.key is not None:
            # A later record with this key must win, so it is written again too.
            self._again.add(item.key)
        return None

    def _place(self, item: _Item) -> None:
        """Put a record into the batch, or hold it back while its key is in flight."""
        key, batch = item.key, self._batch
        if key is not None and (key in self._keys_in_flight or key in self._held):
            self._held.setdefault(key, deque()).append(item)
            self._held_count += 1
            if self._held_count >= _HELD_MAX:
                self._close_batch()
            return
        place = None if key is None else batch.keys.get(key)
        if place is not None and not self._writer.one_lead_per_key:
            self._close_batch()
            return self._place(item)
        if place is not None:
            earlier = batch.items[place]
            batch.items[place] = item
            batch.size += item.size - earlier.size
            reason = f"row {item.row.number} has the same key and came later"
            # Recorded as done when the later one is.
            item.superseded = (*earlier.superseded, earlier)
            self._write_off(
                earlier.row, RecordResult(RecordStatus.SKIPPED, code="DUPLICATE_KEY", reason=reason)
            )
            return
        if batch.items and batch.size + item.size > self._writer.bytes_max:
            self._close_batch()
        self._batch.add(item)
        if len(self._batch.items) >= self._writer.batch_max:
            self._close_batch()

    def _close_batch(self) -> None:
        if self._batch.items:
            self._keys_in_flight.update(self._batch.keys)
            self._ready.append(self._batch.items)
            self._batch = _Batch()

    def _launch(self, pool: ThreadPoolExecutor) -> None:
        """Send what is ready, as far as concurrency allows; wait for an answer where it does not."""
        while self._ready and (room := self._max_in_flight - len(self._in_flight)) > 0:
            batches = [self._ready.popleft() for _ in range(min(room, len(self._ready)))]
            calls: list[tuple[Call[Any], list[_Item]]] = []
            for items in self._claimed(batches):
                try:
                    calls.append((self._writer.call([item.record for item in items]), items))
                except InvalidInput:
                    self._reject_unsendable(items)
            if calls and self._progress is not None and not self._writer.repeatable:
                self._progress.start([mark for _, items in calls for item in items for mark in item.marks])
            for call, items in calls:
                future = pool.submit(self._send, call)
                self._in_flight[future] = items
                future.add_done_callback(self._answered.put)
        if self._ready or self._held_count >= _HELD_MAX:
            self._collect()

    def _claimed(self, batches: list[list[_Item]]) -> list[list[_Item]]:
        """Claim the keys of batches, and hold back the records whose key another task writes."""
        keys = [item.key for items in batches for item in items if item.key is not None]
        elsewhere = self._claims.claim(keys) if self._claims is not None and keys else set()
        if not elsewhere:
            return batches
        self._written_elsewhere |= elsewhere
        mine = []
        for items in batches:
            for item in items:
                if item.key is not None and item.key in elsewhere:
                    # Before those that wait for this one.
                    self._held.setdefault(item.key, deque()).appendleft(item)
                    self._held_count += 1
            if left := [item for item in items if item.key is None or item.key not in elsewhere]:
                mine.append(left)
        return mine

    @property
    def _max_in_flight(self) -> int:
        # While every batch was refused, the records may not be the cause; one batch shows that as well as
        # ten.
        return self._concurrency.limit if self._accepted or not self._split_any else 1

    def _collect(self) -> None:
        """Wait for an answer and record the results of its batch."""
        while self._in_flight:
            # Only the account's rate keeps a call back that none of the others keeps back.
            self._waits_for_room = bool(self._ready) and len(self._in_flight) < self._concurrency.ceiling
            if self._waits_for_room and len(self._in_flight) < self._max_in_flight:
                return
            self._wait_for_answers(_TICK)
            self._tick()
            if self._done:
                while self._done:
                    future = self._done.popleft()
                    self._complete(future, self._in_flight.pop(future))
                return
        if self._held_count:
            # No call is in flight, but the server may still work on keys whose outcome is unknown.
            time.sleep(_TICK)
            self._tick()

    def _wait_for_answers(self, timeout: float | None) -> None:
        """Wait until there is an answer to complete, or the time is over.

        Not with :func:`concurrent.futures.wait`, which takes time for every call that is in flight.
        """
        with suppress(Empty):
            answered = None if self._done else self._answered.get(timeout=timeout)
            while True:
                if answered is not None:
                    self._done.append(answered)
                answered = self._answered.get_nowait()

    def _collect_all(self) -> None:
        """Record the results of calls in flight when the run ends early: they were sent."""
        self._on_tick = lambda: None
        while self._in_flight:
            self._wait_for_answers(None)
            while self._done:
                future = self._done.popleft()
                items = self._in_flight.pop(future)
                try:
                    self._complete(future, items)
                except (PlatformError, TaskCancelled):
                    # The error that ended the run is the one to raise; these records were not written.
                    self._release(items)
        for items in self._ready:
            # Parts of batches that were refused.
            self._forget(items)
            self._release_claims(items)
        self._ready.clear()
        # Their associations are not written, so a retry sends them again.
        unlinked, self._unlinked = self._unlinked, []
        self._record(
            [item for item, _ in unlinked],
            [replace(rejected("NOT_ASSOCIATED", ENDED_EARLY), id=result.id) for _, result in unlinked],
        )

    def _complete(self, future: Future[Reply[Any]], items: list[_Item]) -> None:
        self._report.calls += 1
        records = [item.record for item in items]
        try:
            reply = future.result()
        except InvalidRequest as refused:
            if refused.about_request or self._writer.about_request(refused):
                self._forget(items)
                self._let_rest(items)
                raise
            self._split(items, refused)
            return
        except OutcomeUnknown as unknown:
            answer = platform_answer(unknown)
            reason = f"the platform answered {answer}; its outcome is unknown" if answer else unknown.message
            result = rejected("OUTCOME_UNKNOWN", reason)
            for item in items:
                self._write_off(item.row, result)
            self._busy_keys.append((time.monotonic() + self._writer.quiet_after, items))
            self._let_rest(items)
            self._release_idle_keys()
            return
        except (PlatformError, TaskCancelled) as ended:
            # Rejected, so not done: a later try may send them. An earlier request may still be processed.
            if not getattr(ended, "ambiguous", False):
                self._forget(items)
            self._let_rest(items)
            raise
        self._accepted = True
        if reply.tries == 1:
            self._concurrency.clean(reply.took)
        results = self._writer.record_results(records, reply)
        again = [item for item, one in zip(items, results, strict=True) if one.again and not item.again]
        if again:
            done = [pair for pair in zip(items, results, strict=True) if pair[0] not in again]
            items, results = [item for item, _ in done], [result for _, result in done]
            for item in again:
                item.again = True
            self._forget(again)
            self._ready.appendleft(again)
        self._finish(items, results)

    def _split(self, items: list[_Item], refused: InvalidRequest) -> None:
        """Find the records because of which a batch was refused, and send the others again."""
        if len(items) == 1:
            self._finish(items, [rejection(refused)])
            self._check_all_refused(refused)
            return
        self._split_any = True
        # None of them was written, and each is started again when it is sent.
        self._forget(items)
        results = self._writer.rejected_records([item.record for item in items], refused, self._ask)
        if results is not None:
            flagged = list(zip(items, results, strict=True))
            self._finish(
                [item for item, result in flagged if result is not None],
                [result for result in results if result is not None],
            )
            if rest := [item for item, result in flagged if result is None]:
                self._ready.appendleft(rest)
            return
        self._halve(items)

    def _ask(self, call: Call[T]) -> T:
        """Run a call on the caller's thread."""
        self._report.calls += 1
        reply: Reply[T] = self._send(call)
        return reply.value

    def _check_all_refused(self, refused: InvalidRequest) -> None:
        """Raise when the first records were all refused, so that the cause is probably not in them."""
        self._refused += 1
        if self._accepted:
            return
        # Another value would have another message.
        same = not refused.problems and refused.message == self._refusal
        self._refused_alike = self._refused_alike + 1 if same else 1
        self._refusal = refused.message
        if self._refused_alike < _ALL_REFUSED_ALIKE and self._refused < _ALL_REFUSED:
            return
        raise InvalidRequest(
            f"each of the first {self._refused} records was refused, and none accepted: {refused.message}",
            platform=refused.platform,
            call=refused.call,
            code=refused.code,
            status=refused.status,
            request_id=refused.request_id,
        ) from refused

    def _reject_unsendable(self, items: list[_Item]) -> None:
        """Reject the records of a batch that cannot be put into a call."""
        fit: list[_Item] = []
        for item in items:
            try:
                self._writer.call([item.record])
            except InvalidInput as unfit:
                self._finish([item], [rejected("NOT_SENDABLE", unfit.message)])
            else:
                fit.append(item)
        if len(fit) == len(items):
            self._halve(items)
        elif fit:
            self._ready.appendleft(fit)

    def _halve(self, items: list[_Item]) -> None:
        half = len(items) // 2
        self._ready.extendleft((items[half:], items[:half]))

    def _finish(self, items: list[_Item], results: list[RecordResult]) -> None:
        """Record results, of records with links when those are written."""
        if self._links is None:
            self._record(items, results)
        else:
            for item, result in zip(items, results, strict=True):
                if item.row.links and result.result in _WRITTEN:
                    self._unlinked.append((item, result))
                    self._links_waiting += len(item.row.links)
                else:
                    self._record([item], [result])
            if self._links_waiting >= self._links.batch_max:
                self._write_links()
        self._release(items)

    def _write_links(self) -> None:
        """Associate the records that wait for it, and record their results."""
        if self._links is None or not self._unlinked:
            return
        linked = [(result.id, item.row.links) for item, result in self._unlinked]
        problems = self._links.write(linked, self._ask)
        unlinked, self._unlinked, self._links_waiting = self._unlinked, [], 0
        self._record(
            [item for item, _ in unlinked],
            [
                result if problem is None else replace(problem, id=result.id)
                for (_, result), problem in zip(unlinked, problems, strict=True)
            ],
        )

    def _record(self, items: list[_Item], results: list[RecordResult]) -> None:
        entries: list[tuple[RowMark, Done | None]] = []
        final: list[RecordResult] = []
        for item, result in zip(items, results, strict=True):
            row = item.row
            if row.warning is not None and result.result in _WRITTEN:
                code, reason = row.warning
                result = replace(result, code=code, reason=reason)
            self._result_files.write(row, result)
            final.append(result)
            # A retry sends a rejected record again.
            done = None if result.result is RecordStatus.REJECTED else _done(result.result, result.code)
            entries.append((RowMark(row.number, item.position, item.digest), done))
            if item.superseded:
                also = _SUPERSEDED if done is not None else None
                entries += [(one.mark, also) for one in item.superseded]
        self._report.add_all(final)
        if self._progress is not None:
            self._progress.finish(entries)

    def _forget(self, items: list[_Item]) -> None:
        if self._progress is not None and not self._writer.repeatable:
            self._progress.finish([(mark, None) for item in items for mark in item.marks])

    def _release(self, items: list[_Item]) -> None:
        """Release keys, and place the records that were held back for them."""
        keys = [item.key for item in items if item.key is not None]
        if self._claims is not None:
            self._claims.release(keys)
        if self._held:
            self._place_held(keys)
        else:
            self._keys_in_flight.difference_update(keys)

    def _release_claims(self, items: list[_Item]) -> None:
        if self._claims is not None:
            self._claims.release(item.key for item in items if item.key is not None)

    def _place_held(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._keys_in_flight.discard(key)
            if (held := self._held.pop(key, None)) is not None:
                self._held_count -= len(held)
                for waiting in held:
                    self._place(waiting)

    def _let_rest(self, items: list[_Item]) -> None:
        self._quiet_at = time.monotonic() + self._writer.quiet_after
        if self._claims is not None:
            self._claims.rest(item.key for item in items if item.key is not None)

    def _claim_again(self) -> None:
        """Place the records whose key another task does not write any more."""
        if self._claims is not None and self._written_elsewhere:
            free = self._written_elsewhere - self._claims.held(self._written_elsewhere)
            self._written_elsewhere -= free
            self._place_held(free)

    def _release_idle_keys(self) -> None:
        """Release the keys that the server cannot still be working on."""
        while self._busy_keys and self._busy_keys[0][0] <= time.monotonic():
            self._release(self._busy_keys.popleft()[1])

    def _write_off(self, row: Row, result: RecordResult) -> None:
        self._result_files.write(row, result)
        self._report.add(result)

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._ticked_at >= _TICK:
            self._ticked_at = now
            self._release_idle_keys()
            self._claim_again()
            self._on_tick()

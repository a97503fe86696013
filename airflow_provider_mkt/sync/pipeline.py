"""Streams leads to a platform: reads, checks, batches, sends in parallel and records the results.

Memory holds the batches in flight and no more. Threads only send calls; reading, counting and writing happen
on the caller's thread.
"""

from __future__ import annotations

import json
import math
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus, rejected
from airflow_provider_mkt.actions.ports import LeadWriter
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    OutcomeUnknown,
    PlatformError,
    TaskCancelled,
)
from airflow_provider_mkt.client.transport.exchange import Reply
from airflow_provider_mkt.client.transport.platform import Failure, Rate, RetryAction
from airflow_provider_mkt.state.sync_progress import NOT_DONE, SyncProgress
from airflow_provider_mkt.sync.results import ResultFiles, SyncReport
from airflow_provider_mkt.sync.rows import Row

Send = Callable[[Call[Any]], Reply[Any]]

THREAD_NAME_PREFIX = "sync-leads"
"""The prefix of the names of the threads that send."""

_TICK = 1.0
"""Seconds between two calls of ``on_tick`` while answers are awaited."""

_HELD_MAX = 10_000
"""Records that are held back at most because their key is in flight."""

# Kept, since json.dumps makes a new encoder for each record.
_encoded = json.JSONEncoder(ensure_ascii=False, default=str).encode

_AMBIGUOUS = "an earlier try sent it and did not learn the outcome; check it on the platform"

_SPARE = 4
_USEFUL = 2.0
_WEIGHT = 0.1

_ALL_REFUSED = 100
"""Records refused one by one, while none was accepted, after which the cause is not the records."""


def digest_of(record: str) -> int:
    """A digest of a record's content, never 0."""
    return zlib.crc32(record.encode("utf-8", "surrogatepass")) or 1


@dataclass
class _Item:
    """A record that is processed.

    :param size: bytes it takes in a body.
    :param digest: of its content, for the sync progress.
    """

    row: Row
    record: dict[str, Any]
    key: str | None
    size: int
    digest: int = 0


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
    only wait for a permit are of no use, and threads that wait slow down those that work: so the limit is at
    most twice what the account's rate needs at the current latency.

    :param ceiling: calls in flight at most.
    :param start: the first limit.
    :param rate: returns the account's limit; None where it does not matter.
    """

    def __init__(
        self,
        ceiling: int,
        *,
        start: int = 4,
        rate: Callable[[], Rate] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ceiling = max(1, ceiling)
        self._limit = float(min(start, self.ceiling))
        self._rate = rate
        self._clock = clock
        self._took = 0.0
        self._backed_off_at = float("-inf")
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        return max(1, min(int(self._limit), self._useful()))

    def clean(self, took: float = 0.0) -> None:
        """Take a call that was answered without a refusal.

        :param took: seconds from the request to its answer.
        """
        with self._lock:
            self._limit = min(float(self.ceiling), self._limit + 1)
            self._took += (took - self._took) * (_WEIGHT if self._took else 1.0)

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
        return math.ceil(_USEFUL * rate.calls / rate.seconds * self._took) + _SPARE


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
    :param known_fields: fields that exist; a record with another one is rejected. None when the platform does
        not list them.
    :param progress: rows that are done; those of earlier tries are not sent again.
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
        known_fields: frozenset[str] | None = None,
        progress: SyncProgress | None = None,
        on_tick: Callable[[], None] = lambda: None,
        abandon: Callable[[], None] = lambda: None,
    ) -> None:
        self._writer = writer
        self._send = send
        self._concurrency = concurrency
        self._result_files = result_files
        self._report = report
        self._known_fields = known_fields
        self._progress = progress
        self._again: set[str] = set()
        self._on_tick = on_tick
        self._abandon = abandon
        self._ticked_at = 0.0
        self._batch = _Batch()
        self._ready: deque[list[_Item]] = deque()
        self._in_flight: dict[Future[Reply[Any]], list[_Item]] = {}
        self._keys_in_flight: set[str] = set()
        self._held: dict[str, deque[_Item]] = {}
        self._held_count = 0
        self._busy_keys: deque[tuple[float, list[_Item]]] = deque()
        self._accepted = False
        self._split_any = False
        self._refused = 0

    def run(self, rows: Iterator[Row]) -> None:
        """Process every row.

        :raises PlatformError: on errors that concern every record: credentials, permissions, the daily quota,
            a platform that is unavailable. Calls in flight are completed first.
        :raises InvalidRequest: when the platform refuses the request itself and not its records.
        :raises Stop: from ``on_tick``.
        """
        with ThreadPoolExecutor(self._concurrency.ceiling, thread_name_prefix=THREAD_NAME_PREFIX) as pool:
            try:
                for row in rows:
                    self._tick()
                    self._take(row)
                    while self._ready or self._held_count >= _HELD_MAX:
                        self._launch(pool)
                self._close_batch()
                while self._ready or self._in_flight or self._held_count or self._batch.items:
                    self._launch(pool)
                    if not self._ready:
                        self._collect()
                        if not self._in_flight:
                            self._close_batch()
            except BaseException:
                self._abandon()
                self._collect_all()
                raise

    def _take(self, row: Row) -> None:
        if row.record is None:
            return self._write_off(row, rejected(row.code, row.problem))
        if self._known_fields is not None:
            unknown = next((name for name in row.record if name not in self._known_fields), None)
            if unknown is not None:
                return self._write_off(row, rejected("UNKNOWN_FIELD", f"field {unknown!r} does not exist"))
        record = self._writer.prepare(row.record)
        if (result := self._writer.check(record)) is not None:
            return self._write_off(row, result)
        encoded = _encoded(record)
        size = len(encoded.encode("utf-8", "replace")) + 120
        if size > self._writer.bytes_max:
            return self._write_off(row, rejected("TOO_LARGE", f"takes {size:,} bytes; one call holds less"))
        item = _Item(row, record, self._writer.key(record), size)
        if self._progress is not None:
            item.digest = digest_of(encoded)
            if row.number <= self._progress.last:
                if (result := self._of_earlier_try(self._progress, item)) is not None:
                    return self._report.resume(result)
                if self._progress.ambiguous(row.number, item.digest):
                    return self._write_off(row, rejected("OUTCOME_UNKNOWN", _AMBIGUOUS))
        return self._place(item)

    def _of_earlier_try(self, progress: SyncProgress, item: _Item) -> RecordResult | None:
        """Return the result that an earlier try reached for a record, unless it must be sent now."""
        number = item.row.number
        if not self._writer.repeatable and progress.changed(number, item.digest):
            raise InvalidInput(
                "source",
                f"row {number} is not what it was for an earlier try of this task, so which leads are "
                "created already is unknown; nothing more was sent",
            )
        done = progress.known(number, item.digest)
        if done is not None and (item.key is None or item.key not in self._again):
            return RecordResult(RecordStatus(done.status), code=done.code)
        if item.key is not None:
            # A later record with this key must win, so it is written again too.
            self._again.add(item.key)
        return None

    def _place(self, item: _Item) -> None:
        """Put a record into the batch, or hold it back while its key is in flight."""
        key = item.key
        if key is not None and (key in self._keys_in_flight or key in self._held):
            self._held.setdefault(key, deque()).append(item)
            self._held_count += 1
            if self._held_count >= _HELD_MAX:
                self._close_batch()
            return
        if key is not None and (place := self._batch.keys.get(key)) is not None:
            earlier = self._batch.items[place]
            self._batch.items[place] = item
            self._batch.size += item.size - earlier.size
            reason = f"row {item.row.number} has the same key and came later"
            # Not recorded as done: that depends on the result of the later one.
            self._write_off(
                earlier.row, RecordResult(RecordStatus.SKIPPED, code="DUPLICATE_KEY", reason=reason)
            )
            return
        if self._batch.items and (
            len(self._batch.items) >= self._writer.batch_max
            or self._batch.size + item.size > self._writer.bytes_max
        ):
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
        while self._ready and len(self._in_flight) < self._max_in_flight:
            items = self._ready.popleft()
            try:
                call = self._writer.call([item.record for item in items])
            except InvalidInput:
                self._reject_unsendable(items)
            else:
                if self._progress is not None and not self._writer.repeatable:
                    self._progress.start([(item.row.number, item.digest) for item in items])
                self._in_flight[pool.submit(self._send, call)] = items
        if self._ready or self._held_count >= _HELD_MAX:
            self._collect()

    @property
    def _max_in_flight(self) -> int:
        # While every batch was refused, the records may not be the cause; one batch shows that as well as
        # ten.
        return self._concurrency.limit if self._accepted or not self._split_any else 1

    def _collect(self) -> None:
        """Wait for an answer and record the results of its batch."""
        while self._in_flight:
            done, _ = wait(self._in_flight, timeout=_TICK, return_when=FIRST_COMPLETED)
            self._tick()
            for future in done:
                self._complete(future, self._in_flight.pop(future))
            if done:
                return
        if self._held_count:
            # No call is in flight, but the server may still work on keys whose outcome is unknown.
            time.sleep(_TICK)
            self._tick()

    def _collect_all(self) -> None:
        """Record the results of calls in flight when the run ends early: they were sent."""
        self._on_tick = lambda: None
        while self._in_flight:
            done, _ = wait(self._in_flight, return_when=FIRST_COMPLETED)
            for future in done:
                items = self._in_flight.pop(future)
                try:
                    self._complete(future, items)
                except (PlatformError, TaskCancelled):
                    # The error that ended the run is the one to raise; these records were not written.
                    self._release(items)
        self._ready.clear()

    def _complete(self, future: Future[Reply[Any]], items: list[_Item]) -> None:
        self._report.calls += 1
        records = [item.record for item in items]
        try:
            reply = future.result()
        except InvalidRequest as refused:
            self._split(items, refused)
            return
        except OutcomeUnknown as unknown:
            result = rejected("OUTCOME_UNKNOWN", unknown.message)
            for item in items:
                self._write_off(item.row, result)
            self._busy_keys.append((time.monotonic() + self._writer.quiet_after, items))
            self._release_idle_keys()
            return
        except (PlatformError, TaskCancelled):
            # Rejected, so not done: a later try may send them.
            self._forget(items)
            raise
        self._accepted = True
        if reply.tries == 1:
            self._concurrency.clean(reply.took)
        self._finish(items, self._writer.record_results(records, reply))

    def _split(self, items: list[_Item], refused: InvalidRequest) -> None:
        """Find the records because of which a batch was refused, and send the others again."""
        if len(items) == 1:
            self._finish(items, [rejected(refused.code or "REFUSED", refused.message)])
            self._refused += 1
            if self._refused >= _ALL_REFUSED and not self._accepted:
                raise InvalidRequest(
                    f"each of the first {self._refused} records was refused, and none accepted: "
                    f"{refused.message}",
                    platform=refused.platform,
                    call=refused.call,
                    code=refused.code,
                    status=refused.status,
                    request_id=refused.request_id,
                ) from refused
            return
        self._split_any = True
        rejected_records = self._writer.rejected_records([item.record for item in items], refused)
        if rejected_records is not None:
            flagged = list(zip(items, rejected_records, strict=True))
            bad = [item for item, is_rejected in flagged if is_rejected]
            rest = [item for item, is_rejected in flagged if not is_rejected]
            self._finish(bad, [rejected(refused.code or "REFUSED", refused.message)] * len(bad))
            if rest:
                self._ready.appendleft(rest)
            return
        self._halve(items)

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
        entries = [
            (item.row.number, item.digest, result.result.value, result.code)
            if result.result is not RecordStatus.REJECTED
            # A retry sends a rejected record again.
            else (item.row.number, *NOT_DONE)
            for item, result in zip(items, results, strict=True)
        ]
        for item, result in zip(items, results, strict=True):
            self._write_off(item.row, result)
        if self._progress is not None:
            self._progress.finish(entries)
        self._release(items)

    def _forget(self, items: list[_Item]) -> None:
        if self._progress is not None and not self._writer.repeatable:
            self._progress.finish([(item.row.number, *NOT_DONE) for item in items])

    def _release(self, items: list[_Item]) -> None:
        """Release keys, and place the records that were held back for them."""
        for item in items:
            if item.key is None:
                continue
            self._keys_in_flight.discard(item.key)
            if (held := self._held.pop(item.key, None)) is not None:
                self._held_count -= len(held)
                for waiting in held:
                    self._place(waiting)

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
            self._on_tick()

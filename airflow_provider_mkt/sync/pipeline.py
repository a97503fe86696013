"""Streams leads to a platform: read, check, batch, send at once what may be sent at once, write off.

Memory holds the batches under way and no more. Sending happens on threads that know of nothing
but calls; reading, counting and writing happen on the caller's thread.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mkt.actions.ports import LeadWriter, RecordResult, RecordStatus, rejected
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    OutcomeUnknown,
    PlatformError,
    TaskCancelled,
)
from airflow_provider_mkt.client.transport.exchange import Reply
from airflow_provider_mkt.sync.checkpoint import Checkpoint, digest_of
from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency
from airflow_provider_mkt.sync.report import Report
from airflow_provider_mkt.sync.result_files import ResultFiles
from airflow_provider_mkt.sync.rows import Row

Send = Callable[[Call[Any]], Reply[Any]]

SENDING = "sync-leads"
"""How the names of the threads begin that send."""

_TICK = 1.0
"""Seconds after which a wait for answers looks up, so that progress is told and a lease renewed."""

_HELD_MAX = 10_000

# Kept, since json.dumps makes a new encoder for each record.
_encoded = json.JSONEncoder(ensure_ascii=False, default=str).encode

_IN_DOUBT = "an earlier try sent it and was not told what became of it; look on the platform"

_HOPELESS = 100
"""Records refused one by one, with nothing ever accepted, after which it is not about the records."""


@dataclass
class _Item:
    """A record on its way.

    :param size: bytes it takes in a body.
    :param digest: of what it says, for the checkpoint.
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


class Stop(Exception):
    """Raised by the caller's callbacks to end a sync early, e.g. when too many records are rejected.

    What is under way is taken to its end first.
    """


class Pipeline:
    """One run of leads through a writer.

    Two records with one key are never under way at once, and go in the order they were read, so the
    later one is what the platform ends up with. In one batch only the later one is sent.

    :param writer: the platform's way of writing leads.
    :param send: runs a call; must be safe to use from several threads.
    :param concurrency: how many calls may be under way.
    :param ledger: takes every record's result.
    :param report: counts them.
    :param known_fields: fields that exist, where the platform tells; others reject their record.
    :param checkpoint: what earlier tries came to; rows they are known to have done are not sent again.
    :param on_tick: called about once a second from the caller's thread.
    :param abandon: called when the run ends early; makes calls that only wait give up.
    """

    def __init__(
        self,
        writer: LeadWriter,
        send: Send,
        concurrency: AdaptiveConcurrency,
        ledger: ResultFiles,
        report: Report,
        *,
        known_fields: frozenset[str] | None = None,
        checkpoint: Checkpoint | None = None,
        on_tick: Callable[[], None] = lambda: None,
        abandon: Callable[[], None] = lambda: None,
    ) -> None:
        self._writer = writer
        self._send = send
        self._concurrency = concurrency
        self._ledger = ledger
        self._report = report
        self._known_fields = known_fields
        self._checkpoint = checkpoint
        self._again: set[str] = set()
        self._on_tick = on_tick
        self._abandon = abandon
        self._ticked_at = 0.0
        self._batch = _Batch()
        self._ready: deque[list[_Item]] = deque()
        self._flying: dict[Future[Reply[Any]], list[_Item]] = {}
        self._keys_flying: set[str] = set()
        self._held: dict[str, deque[_Item]] = {}
        self._held_count = 0
        self._quiet: deque[tuple[float, list[_Item]]] = deque()
        self._accepted = False
        self._split_any = False
        self._refused = 0

    def run(self, rows: Iterator[Row]) -> None:
        """Take every row to its end.

        :raises PlatformError: what no further record could survive: credentials, permissions, the day's
            quota, a platform that stays away. Records under way are taken to their end first.
        :raises InvalidRequest: when it is the request and not its records that the platform refuses.
        :raises Stop: from ``on_tick``.
        """
        with ThreadPoolExecutor(self._concurrency.ceiling, thread_name_prefix=SENDING) as pool:
            try:
                for row in rows:
                    self._tick()
                    self._take(row)
                    while self._ready or self._held_count >= _HELD_MAX:
                        self._launch(pool)
                self._close_batch()
                while self._ready or self._flying or self._held_count or self._batch.items:
                    self._launch(pool)
                    if not self._ready:
                        self._land()
                        if not self._flying:
                            self._close_batch()
            except BaseException:
                self._abandon()
                self._land_all()
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
        if self._checkpoint is not None:
            item.digest = digest_of(encoded)
            if (result := self._of_earlier_try(self._checkpoint, item)) is not None:
                return self._report.resume(result)
            if self._checkpoint.ambiguous(row.number, item.digest):
                return self._write_off(row, rejected("OUTCOME_UNKNOWN", _IN_DOUBT))
        return self._place(item)

    def _of_earlier_try(self, checkpoint: Checkpoint, item: _Item) -> RecordResult | None:
        """What an earlier try came to for a record, unless it is to be sent now."""
        number = item.row.number
        if number > checkpoint.last:
            return None
        if not self._writer.repeatable and checkpoint.changed(number, item.digest):
            raise InvalidInput(
                "source",
                f"row {number} is not what it was for an earlier try of this task, so which leads are "
                "created already cannot be told; nothing more was sent",
            )
        result = checkpoint.known(number, item.digest)
        if result is not None and (item.key is None or item.key not in self._again):
            return result
        if item.key is not None:
            # A later record of this key must be what stays, so it is written again too.
            self._again.add(item.key)
        return None

    def _place(self, item: _Item) -> None:
        """Put a record into the batch, or hold it while its key is under way."""
        key = item.key
        if key is not None and (key in self._keys_flying or key in self._held):
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
            # The checkpoint is not told: whether this was right depends on what becomes of the later one.
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
            self._keys_flying.update(self._batch.keys)
            self._ready.append(self._batch.items)
            self._batch = _Batch()

    def _launch(self, pool: ThreadPoolExecutor) -> None:
        """Send what is ready, as far as concurrency allows; wait for an answer where it does not."""
        while self._ready and len(self._flying) < self._at_once:
            items = self._ready.popleft()
            try:
                call = self._writer.call([item.record for item in items])
            except InvalidInput:
                self._set_apart(items)
            else:
                if self._checkpoint is not None and not self._writer.repeatable:
                    self._checkpoint.sending((item.row.number, item.digest) for item in items)
                self._flying[pool.submit(self._send, call)] = items
        if self._ready or self._held_count >= _HELD_MAX:
            self._land()

    @property
    def _at_once(self) -> int:
        # Where nothing but refusals came back it may be about no record; one batch shows that as well as ten.
        return self._concurrency.limit if self._accepted or not self._split_any else 1

    def _land(self) -> None:
        """Wait for an answer and settle the records it is about."""
        while self._flying:
            done, _ = wait(self._flying, timeout=_TICK, return_when=FIRST_COMPLETED)
            self._tick()
            for future in done:
                self._settle(future, self._flying.pop(future))
            if done:
                return
        if self._held_count:
            # Nothing is under way here, but keys of unknown outcome may still be on the server.
            time.sleep(_TICK)
            self._tick()

    def _land_all(self) -> None:
        """Settle what is under way when the run ends early: it was sent, so it has a result."""
        self._on_tick = lambda: None
        while self._flying:
            done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
            for future in done:
                items = self._flying.pop(future)
                try:
                    self._settle(future, items)
                except (PlatformError, TaskCancelled):
                    # The error that ended the run is the one to tell; these were not written.
                    self._release(items)
        self._ready.clear()

    def _settle(self, future: Future[Reply[Any]], items: list[_Item]) -> None:
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
            self._quiet.append((time.monotonic() + self._writer.quiet_after, items))
            self._wake()
            return
        except (PlatformError, TaskCancelled):
            # Refused for good, so surely not done: a later try may send them.
            self._forget(items)
            raise
        self._accepted = True
        if reply.tries == 1:
            self._concurrency.clean(reply.took)
        self._finish(items, self._writer.record_results(records, reply))

    def _split(self, items: list[_Item], refused: InvalidRequest) -> None:
        """A batch refused because of some of its records: find them, and send the others again."""
        if len(items) == 1:
            self._finish(items, [rejected(refused.code or "REFUSED", refused.message)])
            self._refused += 1
            if self._refused >= _HOPELESS and not self._accepted:
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
            guilty = [item for item, guilt in zip(items, rejected_records, strict=True) if guilt]
            rest = [item for item, guilt in zip(items, rejected_records, strict=True) if not guilt]
            self._finish(guilty, [rejected(refused.code or "REFUSED", refused.message)] * len(guilty))
            if rest:
                self._ready.appendleft(rest)
            return
        self._halve(items)

    def _set_apart(self, items: list[_Item]) -> None:
        """Of a batch that makes no call, reject the records that make none by themselves."""
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

    def _finish(self, items: list[_Item], record_results: list[RecordResult]) -> None:
        for item, result in zip(items, record_results, strict=True):
            self._write_off(item.row, result)
        self._remember(items, record_results)
        self._release(items)

    def _remember(self, items: list[_Item], record_results: list[RecordResult]) -> None:
        if self._checkpoint is None:
            return
        # The ledger's lines first: a line without its entry is dropped by a retry, not told twice.
        self._ledger.flush()
        pairs = zip(items, record_results, strict=True)
        self._checkpoint.settled((item.row.number, item.digest, result) for item, result in pairs)

    def _forget(self, items: list[_Item]) -> None:
        if self._checkpoint is not None and not self._writer.repeatable:
            unsent = rejected("NOT_SENT", "")
            self._checkpoint.settled((item.row.number, item.digest, unsent) for item in items)

    def _release(self, items: list[_Item]) -> None:
        """Let go of keys, and place the records that were held for them."""
        for item in items:
            if item.key is None:
                continue
            self._keys_flying.discard(item.key)
            if (held := self._held.pop(item.key, None)) is not None:
                self._held_count -= len(held)
                for waiting in held:
                    self._place(waiting)

    def _wake(self) -> None:
        """Let go of the keys that the server cannot be at work on any more."""
        while self._quiet and self._quiet[0][0] <= time.monotonic():
            self._release(self._quiet.popleft()[1])

    def _write_off(self, row: Row, result: RecordResult) -> None:
        self._ledger.write(row, result)
        self._report.add(result)

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._ticked_at >= _TICK:
            self._ticked_at = now
            self._wake()
            self._on_tick()

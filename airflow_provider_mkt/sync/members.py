"""Applies one action to all members of a table, chunk by chunk, several chunks in parallel.

Procedures run in a thread pool and only make calls. Reading members, counting results and writing the task
state happen in the caller's thread: Airflow's task state store may belong to that thread.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, Procedure, TaskState
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import PlatformError
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.sync.member_progress import MemberProgress
from airflow_provider_mkt.sync.member_table import MemberTable
from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency
from airflow_provider_mkt.sync.results import format_seconds

_TICK = 1.0
_LOOKUP_INTERVAL = 5.0

T = TypeVar("T")


class RunProcedure(Protocol):
    """Runs a procedure to its result."""

    def __call__(self, procedure: Procedure[T], /) -> T: ...


class MemberReport:
    """Counts results by status and measures the rate."""

    def __init__(self, action: MemberAction, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[MemberStatus] = Counter()
        self._action = action
        self._clock = clock
        self._started = clock()
        self._from_earlier_try = 0

    def add(self, results: Sequence[MemberResult], *, from_earlier_try: bool = False) -> None:
        """Count results.

        :param from_earlier_try: whether they come from an earlier try, and do not count for the rate.
        """
        self.counts.update(one.status for one in results)
        self._from_earlier_try += len(results) if from_earlier_try else 0

    @property
    def total(self) -> int:
        """Members with a result."""
        return self.counts.total()

    @property
    def seconds(self) -> float:
        """Seconds since the report was created."""
        return self._clock() - self._started

    def line(self, expected: int | None = None) -> str:
        """Return one line for the log: counts, rate and, where *expected* is given, the time left."""
        rate = (self.total - self._from_earlier_try) / self.seconds if self.seconds > 0 else 0.0
        counts = (
            f"{self.counts[MemberStatus.DONE]:,} {self._action.done_key}, "
            f"{self.counts[MemberStatus.ALREADY]:,} {self._action.already_key.replace('_', ' ')}, "
            f"{self.counts[MemberStatus.REJECTED]:,} rejected, {self.counts[MemberStatus.UNKNOWN]:,} unknown"
        )
        left = ""
        if expected and rate and expected > self.total:
            left = f", about {format_seconds((expected - self.total) / rate)} left"
        return f"{counted(self.total, 'lead')} ({counts}), {counted(round(rate), 'lead')}/s{left}"


class MemberActionRunner:
    """One try of an action.

    :param run_procedure: runs a procedure; must be safe to call from several threads.
    :param task_state: what earlier tries of the task saved.
    :param concurrency: how many chunks may be in flight.
    :param on_tick: called about once a second in the caller's thread.
    :param cancel: called when the run ends with an error; makes procedures that only wait give up.
    :param should_stop: checked before each chunk; True ends the run without the remaining members.
    :raises InvalidInput: when an earlier try had other members and repeating the action has an effect.
    """

    def __init__(
        self,
        action: MemberAction,
        members: MemberTable,
        task_state: TaskState,
        run_procedure: RunProcedure,
        concurrency: AdaptiveConcurrency,
        report: MemberReport,
        *,
        on_tick: Callable[[], None] = lambda: None,
        cancel: Callable[[], None] = lambda: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._action, self._members, self._run_procedure = action, members, run_procedure
        self._concurrency, self._report = concurrency, report
        self._on_tick, self._cancel, self._should_stop = on_tick, cancel, should_stop
        self._progress = MemberProgress(task_state, action, members.digest(action.chunk_max))
        self._events: queue.Queue[_ChunkEnded | _StateWrite] = queue.Queue()
        self._in_flight = 0
        self._unknown_chunks: list[int] = []

    def run(self, first: int = 0, stop: int | None = None) -> None:
        """Apply the action to every member.

        :param first: the chunk to begin with.
        :param stop: the chunk to end before; None for the last one.
        :raises PlatformError: an error that concerns all members: credentials, permissions, the daily quota,
            or a platform that is down. Chunks in flight are completed first.
        """
        self._progress.start()
        with ThreadPoolExecutor(self._concurrency.ceiling, thread_name_prefix="members") as pool:
            try:
                chunks = enumerate(self._members.chunks(self._action.chunk_max))
                for chunk, members in itertools.islice(chunks, first, stop):
                    earlier = self._progress.earlier_results(chunk, members)
                    remaining = members if earlier is None else self._rejected_to_retry(chunk, earlier)
                    if earlier is not None and not remaining:
                        self._record(earlier, from_earlier_try=True)
                        continue
                    while self._in_flight >= self._concurrency.limit:
                        self._wait_for_chunk()
                    if self._should_stop():
                        break
                    self._submit(pool, chunk, remaining, earlier or [])
                while self._in_flight:
                    self._wait_for_chunk()
            except BaseException as error:
                self._cancel()
                self._wait_for_all_chunks()
                if isinstance(error, PlatformError) and error.permanent and not self._action.once_only:
                    # No retry follows. Whoever runs the task again has changed something and wants all of it.
                    self._progress.clear()
                raise

    def verify(self, sleep: Callable[[float], None]) -> None:
        """Reject the successful members that the platform does not show as such, or that get nothing from it.

        Does nothing for an action without verification. Polls for up to :data:`CONSISTENCY_WINDOW` seconds.
        """
        find_verified = self._action.find_verified
        if find_verified is None:
            return
        deadline = time.monotonic() + CONSISTENCY_WINDOW
        while True:
            for members in self._members.unverified(self._action.chunk_max):
                self._on_tick()
                shown = self._run_procedure(find_verified(members))
                self._members.mark_verified(shown)
                without_effect = [one for one in shown.values() if one.status is MemberStatus.REJECTED]
                self._members.record(without_effect)
            if next(self._members.unverified(1), None) is None or time.monotonic() >= deadline:
                break
            sleep(min(_LOOKUP_INTERVAL, CONSISTENCY_WINDOW / 10))
        reason = f"{self._action.done_key}, but the platform does not show the result"
        for members in self._members.unverified(self._action.chunk_max):
            self._members.record(
                [MemberResult(one, MemberStatus.REJECTED, "NOT_IN_STREAM", reason) for one in members]
            )

    def mark_reported(self) -> None:
        """Save that the results are reported. The next try repeats the rejected members, and one after the
        task was cleared the unknown ones, too.

        Call it last. After an error before it, the task retries by itself and must not repeat anything.
        """
        if self._action.once_only:
            self._progress.mark_reported(self._unknown_chunks)
        else:
            self._progress.clear()

    def _rejected_to_retry(self, chunk: int, earlier: Sequence[MemberResult]) -> list[str]:
        rejected = [one.member for one in earlier if one.status is MemberStatus.REJECTED]
        return rejected if rejected and self._progress.retries_rejected(chunk) else []

    def _submit(
        self, pool: ThreadPoolExecutor, chunk: int, members: list[str], earlier: list[MemberResult]
    ) -> None:
        values = self._progress.chunk_state(chunk)
        state = _ChunkState(chunk, values, self._events, self._progress.clear_count)
        future = pool.submit(lambda: self._run_procedure(self._action.apply(members, state)))
        self._in_flight += 1
        future.add_done_callback(lambda done: self._events.put(_ChunkEnded(chunk, earlier, done)))

    def _wait_for_chunk(self) -> None:
        """Wait until a chunk ends; meanwhile write the state that other chunks save."""
        while True:
            self._on_tick()
            try:
                event = self._events.get(timeout=_TICK)
            except queue.Empty:
                continue
            if isinstance(event, _StateWrite):
                event.perform(self._progress)
                continue
            self._in_flight -= 1
            self._finish(event)
            return

    def _wait_for_all_chunks(self) -> None:
        """Record the chunks in flight after an error: their requests were sent, so they have results."""
        self._on_tick = lambda: None
        while self._in_flight:
            try:
                self._wait_for_chunk()
            except Exception:  # noqa: S112 - the error that ended the run is the one to raise
                continue

    def _finish(self, ended: _ChunkEnded) -> None:
        new = {one.member: one for one in ended.future.result()}
        self._concurrency.clean()
        results = [new.get(one.member, one) for one in ended.earlier] or list(new.values())
        self._progress.finish(ended.chunk, results)
        if any(one.status is MemberStatus.UNKNOWN for one in results):
            self._unknown_chunks.append(ended.chunk)
        self._record(results)

    def _record(self, results: Sequence[MemberResult], *, from_earlier_try: bool = False) -> None:
        self._members.record(results)
        self._report.add(results, from_earlier_try=from_earlier_try)
        self._on_tick()


@dataclass(frozen=True)
class _ChunkEnded:
    """Event: a chunk has ended.

    :param earlier: its results in an earlier try, empty when there are none.
    """

    chunk: int
    earlier: list[MemberResult]
    future: Future[list[MemberResult]]


class _StateWrite:
    """Event: a procedure waits in its thread until its state is saved."""

    def __init__(self, chunk: int, state: Mapping[str, Json]) -> None:
        self._chunk, self._state = chunk, state
        self._performed = threading.Event()
        self._error: Exception | None = None

    def perform(self, progress: MemberProgress) -> None:
        """Save the state, in the caller's thread."""
        try:
            progress.save_chunk_state(self._chunk, self._state)
        except Exception as error:
            self._error = error
        self._performed.set()

    def wait(self) -> None:
        """Wait until the state is saved, and raise the error if that failed."""
        self._performed.wait()
        if self._error is not None:
            raise self._error


class _ChunkState:
    """The task state of one chunk: read in its own thread, written in the caller's."""

    def __init__(
        self,
        chunk: int,
        values: dict[str, Json],
        events: queue.Queue[_ChunkEnded | _StateWrite],
        clear_count: int,
    ) -> None:
        self._chunk, self._values, self._events = chunk, values, events
        self.clear_count = clear_count

    def get(self, key: str) -> Json:
        return self._values.get(key)

    def set(self, key: str, value: Json) -> None:
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        write = _StateWrite(self._chunk, dict(self._values))
        self._events.put(write)
        write.wait()

"""Does one thing with everybody in a members, chunk by chunk, as many at once as the account allows.

Flows run on threads that know of nothing but calls. Reading, counting and remembering happen on the caller's
thread: a task's memory may be reached over a channel that belongs to it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, Procedure, TaskState
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import PlatformError
from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency
from airflow_provider_mkt.sync.member_progress import Marks
from airflow_provider_mkt.sync.member_table import MemberTable
from airflow_provider_mkt.sync.report import spoken

_TICK = 1.0
_LOOK_EVERY = 5.0

Follow = Callable[[Procedure[Any]], Any]


class PeopleReport:
    """Counts outcomes, and tells how fast it goes."""

    def __init__(self, member_action: MemberAction, clock: Callable[[], float] = time.monotonic) -> None:
        self.status: Counter[MemberStatus] = Counter()
        self._verb = member_action
        self._clock = clock
        self._started = clock()
        self._earlier = 0

    def add(self, outcomes: Sequence[MemberResult], *, earlier: bool = False) -> None:
        """:param earlier: whether they are of an earlier try, and so say nothing of the pace of this one."""
        self.status.update(one.status for one in outcomes)
        self._earlier += len(outcomes) if earlier else 0

    @property
    def total(self) -> int:
        return self.status.total()

    @property
    def seconds(self) -> float:
        return self._clock() - self._started

    def line(self, expected: int | None = None) -> str:
        """One line for the log: counts, rate and the time left."""
        rate = (self.total - self._earlier) / self.seconds if self.seconds > 0 else 0.0
        counts = (
            f"{self.status[MemberStatus.DONE]:,} {self._verb.done}, "
            f"{self.status[MemberStatus.ALREADY]:,} {self._verb.already.replace('_', ' ')}, "
            f"{self.status[MemberStatus.REJECTED]:,} rejected, {self.status[MemberStatus.UNKNOWN]:,} unknown"
        )
        left = ""
        if expected and rate and expected > self.total:
            left = f", about {spoken((expected - self.total) / rate)} left"
        return f"{self.total:,} people ({counts}), {rate:,.0f} people/s{left}"


class MemberActionRunner:
    """One run of a verb.

    :param follow: runs a flow; must be safe to use from several threads.
    :param concurrency: how many chunks may be under way.
    :param memory: what the task's earlier tries did.
    :param on_tick: called about once a second from the caller's thread.
    :param abandon: called when the run ends early; makes flows that only wait give up.
    :param enough: whether to begin with nobody else.
    :raises InvalidInput: when an earlier try began with other people.
    """

    def __init__(
        self,
        member_action: MemberAction,
        members: MemberTable,
        task_state: TaskState,
        follow: Follow,
        concurrency: AdaptiveConcurrency,
        report: PeopleReport,
        *,
        on_tick: Callable[[], None] = lambda: None,
        abandon: Callable[[], None] = lambda: None,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        self._enough = enough
        self._verb, self._spool, self._follow = member_action, members, follow
        self._concurrency, self._report = concurrency, report
        self._on_tick, self._abandon = on_tick, abandon
        self._marks = Marks(task_state, member_action, members.digest(member_action.chunk_max))
        self._events: queue.Queue[_Landed | _Write] = queue.Queue()
        self._flying = 0
        self._doubtful: list[int] = []

    def run(self) -> None:
        """Take everybody to their end.

        :raises PlatformError: what nobody else could survive: credentials, permissions, the day's quota, a
            platform that stays away. Chunks under way are taken to their end first.
        """
        self._marks.begin()
        with ThreadPoolExecutor(self._concurrency.ceiling, thread_name_prefix="people") as pool:
            try:
                for number, people in enumerate(self._spool.chunks(self._verb.chunk_max)):
                    earlier = self._marks.earlier(number, people)
                    wanted = people if earlier is None else self._again(number, earlier)
                    if earlier is not None and not wanted:
                        self._settle(earlier, earlier=True)
                        continue
                    while self._flying >= self._concurrency.limit:
                        self._land()
                    if self._enough():
                        break
                    self._launch(pool, number, wanted, earlier or [])
                while self._flying:
                    self._land()
            except BaseException as error:
                self._abandon()
                self._land_all()
                if isinstance(error, PlatformError) and error.permanent and not self._verb.once:
                    # No retry follows: who runs the task again has changed something, and wants all of it.
                    self._marks.forget()
                raise

    def verify(self, sleep: Callable[[float], None]) -> None:
        """Look whether those with whom it was done are where they should be; the others are rejected."""
        look = self._verb.verify
        if look is None:
            return
        until = time.monotonic() + CONSISTENCY_WINDOW
        while True:
            for people in self._spool.unseen(self._verb.chunk_max):
                self._on_tick()
                self._spool.see(self._follow(look(people)))
            if next(self._spool.unseen(1), None) is None or time.monotonic() >= until:
                break
            sleep(min(_LOOK_EVERY, CONSISTENCY_WINDOW / 10))
        for people in self._spool.unseen(self._verb.chunk_max):
            reason = f"{self._verb.done}, and not seen where it should have led"
            self._spool.settle(
                [MemberResult(one, MemberStatus.REJECTED, "NOT_IN_STREAM", reason) for one in people]
            )

    def close(self) -> None:
        """Say that everything was told to a person: who is in doubt, and what else there was.

        Called last, since a failure before it makes the task try again by itself.
        """
        if self._verb.once:
            self._marks.tell(self._doubtful)
        else:
            self._marks.forget()

    def _again(self, number: int, earlier: Sequence[MemberResult]) -> list[str]:
        refused = [one.person for one in earlier if one.status is MemberStatus.REJECTED]
        return refused if refused and self._marks.reopened(number) else []

    def _launch(
        self, pool: ThreadPoolExecutor, number: int, people: list[str], earlier: list[MemberResult]
    ) -> None:
        task_state = _ChunkMemory(number, self._marks.remembered(number), self._events)
        future = pool.submit(lambda: self._follow(self._verb.apply(people, task_state)))
        self._flying += 1
        future.add_done_callback(lambda done: self._events.put(_Landed(number, earlier, done)))

    def _land(self) -> None:
        """Wait until a chunk lands, and write meanwhile what the others want to remember."""
        while True:
            self._on_tick()
            try:
                event = self._events.get(timeout=_TICK)
            except queue.Empty:
                continue
            if isinstance(event, _Write):
                event.serve(self._marks)
                continue
            self._flying -= 1
            self._finish(event)
            return

    def _land_all(self) -> None:
        """Settle what is under way when the run ends early: it was sent, so it has an outcome."""
        self._on_tick = lambda: None
        while self._flying:
            try:
                self._land()
            except Exception:  # noqa: S112 - the error that ended the run is the one to tell
                continue

    def _finish(self, landed: _Landed) -> None:
        fresh = {one.person: one for one in landed.future.result()}
        self._concurrency.clean()
        outcomes = [fresh.get(one.person, one) for one in landed.earlier] or list(fresh.values())
        self._marks.finish(landed.number, outcomes)
        if any(one.status is MemberStatus.UNKNOWN for one in outcomes):
            self._doubtful.append(landed.number)
        self._settle(outcomes)

    def _settle(self, outcomes: Sequence[MemberResult], *, earlier: bool = False) -> None:
        self._spool.settle(outcomes)
        self._report.add(outcomes, earlier=earlier)
        self._on_tick()


class _Landed:
    """A chunk at its end, with what became of it before."""

    def __init__(self, number: int, earlier: list[MemberResult], future: Future[list[MemberResult]]) -> None:
        self.number, self.earlier, self.future = number, earlier, future


class _Write:
    """Something a flow on a thread must have remembered before it goes on."""

    def __init__(self, number: int, task_state: Mapping[str, Json]) -> None:
        self._number, self._memory = number, task_state
        self._served = threading.Event()
        self._failure: Exception | None = None

    def serve(self, marks: Marks) -> None:
        try:
            marks.remember(self._number, self._memory)
        except Exception as failure:
            self._failure = failure
        self._served.set()

    def wait(self) -> None:
        self._served.wait()
        if self._failure is not None:
            raise self._failure


class _ChunkMemory:
    """The memory of one chunk: read on its thread, written by the caller's."""

    def __init__(self, number: int, kept: dict[str, Json], events: queue.Queue[_Landed | _Write]) -> None:
        self._number, self._kept, self._events = number, kept, events

    def get(self, key: str) -> Json:
        return self._kept.get(key)

    def set(self, key: str, value: Json) -> None:
        if value is None:
            self._kept.pop(key, None)
        else:
            self._kept[key] = value
        write = _Write(self._number, dict(self._kept))
        self._events.put(write)
        write.wait()

"""What is remembered of the files of a bulk import, so that none is imported twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.actions.jobs import Job, JobDict
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.state.task_state import Completion, ScopedTaskState, TaskState

_PLAN = "import"
_UNDER_WAY = "imports under way"


class PartState(TypedDict, total=False):
    """What is remembered of a part.

    ``requested_at`` is when it was sent or its answer was lost, in epoch seconds. ``job`` is the platform's
    id, once it is known. ``ended`` is set once the job has ended.
    """

    requested_at: float
    job: str
    ended: bool


class _Plan(TypedDict):
    digest: str
    parts: int
    started_at: float
    progress_at: float
    refused: NotRequired[int]
    """How often the task was cleared before another source was refused."""


class ImportProgress:
    """The state of one import: of its source, and of each part that was sent or is about to be.

    :param task_state: of the task.
    :param shared: state of all tasks that work in the account, on this machine or on all that share a server:
        another run may import the same file. A key is set by one task at a time, and deleted by several.
    """

    def __init__(self, task_state: TaskState, shared: TaskState) -> None:
        self._task_state = task_state
        self._clear_count = task_state.clear_count
        self._completion = Completion(task_state, self._clear_count, _PLAN)
        self._shared = shared
        self._plan = _Plan(digest="", parts=0, started_at=0.0, progress_at=0.0)

    @property
    def started_at(self) -> float:
        """When the import first started, in epoch seconds."""
        return self._plan["started_at"]

    @property
    def progress_at(self) -> float:
        """When a part last made progress, in epoch seconds."""
        return self._plan["progress_at"]

    @progress_at.setter
    def progress_at(self, moment: float) -> None:
        self._plan["progress_at"] = moment
        self._save_plan()

    def start(self, digest: str, now: float) -> None:
        """Start an import, or continue that of an earlier try.

        :param digest: of the rows and of the settings of the import.
        :raises InvalidInput: when an earlier try of the task has sent some of another source.
        """
        saved = self._task_state.get(_PLAN)
        if isinstance(saved, Mapping):
            self._plan = cast("_Plan", dict(saved))
            refused = self._plan.get("refused", self._clear_count)
            cleared = self._completion.before_clear or refused != self._clear_count
            if self._plan["digest"] == digest and not cleared:
                # The clock may have been set back since.
                self._plan["started_at"] = min(self._plan["started_at"], now)
                self._plan["progress_at"] = min(self._plan["progress_at"], now)
                return
            parts = [] if cleared else [self.part(number) for number in self._numbers()]
            if any(parts):
                # Not forgotten: the worker may be killed before Airflow knows of the error.
                self._plan["refused"] = self._clear_count
                self._save_plan()
                jobs = ", ".join(part["job"] for part in parts if part and part.get("job"))
                raise InvalidInput(
                    "source",
                    "is not what an earlier try of this task began to import, or the task's settings have "
                    f"changed since (imports {jobs or 'without an answer'}). When these have ended, clear "
                    "the task to import it as it is now",
                )
            self.forget()
        self._plan = _Plan(digest=digest, parts=0, started_at=now, progress_at=now)
        self._save_plan()

    def part(self, number: int) -> PartState | None:
        """Return the state of a part; None when it was not sent."""
        return _part(self._task_state.get(f"{_PLAN} {number}"))

    def part_state(self, number: int) -> TaskState:
        """Return a state of one part alone, for what starts its import."""
        return ScopedTaskState(self._task_state, f"{_PLAN} {number}")

    def part_marks(self, digest: str) -> TaskState:
        """Return the parts as a task state that :func:`.send_marked` can use; a key is the part's number.

        :param digest: of the part that is marked.
        """
        return _PartMarks(self, digest, self._clear_count)

    def part_of_any_run(self, digest: str) -> PartState | None:
        """Return the state of a part that some run, perhaps another one, is importing."""
        return _part(self._shared.get(_shared_key(digest)))

    def set_part(self, number: int, digest: str, part: PartState | None) -> None:
        """Set the state of a part, or delete it."""
        if number > self._plan["parts"]:
            self._plan["parts"] = number
            self._save_plan()
        self._task_state.set(f"{_PLAN} {number}", cast("Json", part))
        self._shared.set(_shared_key(digest), cast("Json", part))

    def end_part(self, number: int, digest: str, job: str) -> bool:
        """Record that the job of a part has ended. Returns whether that was not known before."""
        part = self.part(number) or PartState()
        self._task_state.set(f"{_PLAN} {number}", cast("Json", {**part, "ended": True}))
        shared = self.part_of_any_run(digest)
        if shared is not None and shared.get("job") == job:
            self._shared.set(_shared_key(digest), None)
        return not part.get("ended")

    def complete(self) -> None:
        """Record that the import is done. A retry finds it done; a cleared task imports everything again."""
        self._completion.mark()

    def forget(self) -> None:
        """Delete the state, to import everything anew."""
        for number in self._numbers():
            self._task_state.set(f"{_PLAN} {number}", None)
            self._task_state.set(f"{_PLAN} {number} start import", None)
        # A kill in between leaves what says that all of it is to be deleted.
        self._completion.forget()
        self._task_state.set(_PLAN, None)

    def _numbers(self) -> range:
        return range(1, self._plan["parts"] + 1)

    def _save_plan(self) -> None:
        self._task_state.set(_PLAN, cast("Json", self._plan))


class _Upload(TypedDict):
    """An import that is under way in the account: the name of the imports of its run, and its job once it is
    known."""

    name: str
    sent_at: float
    job: JobDict | None


class ImportTurns:
    """The imports that are under way in an account, of all tasks. One run imports at a time.

    Two imports of one new key at once make two leads. What is remembered does not depend on the task that
    has started an import: its job is looked up.

    :param shared: state of all tasks that work in the account.
    :param name: of the imports of this run.
    :param lost_after: seconds for which a file with an unanswered upload may be imported.
    :param lock: lets one task at a time change the state.
    :param has_ended: whether a job has ended, or does not exist.
    """

    def __init__(
        self,
        shared: TaskState,
        name: str,
        lost_after: float,
        *,
        lock: Callable[[], AbstractContextManager[None]],
        has_ended: Callable[[Job], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._shared, self._name = shared, name
        self._lost_after, self._lock, self._has_ended, self._clock = lost_after, lock, has_ended, clock
        self._sent_at, self._in_turn = 0.0, False

    @contextmanager
    def turn(self) -> Iterator[str | None]:
        """Wait for nobody: yield what is under way for another run; None when it is this run's turn.

        Until the block ends, no other run starts an import. An upload in it is to be noted by :meth:`started`
        or, when it did not take place, by :meth:`refused`.
        """
        with self._lock():
            under_way = [one for one in self._under_way() if self._may_run(one)]
            others = [one for one in under_way if one["name"] != self._name]
            if others:
                self._save(under_way)
                yield self._describe(others[0])
                return
            self._sent_at = self._clock()
            self._save([*under_way, _Upload(name=self._name, sent_at=self._sent_at, job=None)])
            self._in_turn = True
            try:
                yield None
            finally:
                self._in_turn = False

    def started(self, job: Job) -> None:
        """Note the job of the upload of this turn. To be called in the turn."""
        under_way = self._under_way()
        for one in under_way:
            if one["name"] == self._name and one["sent_at"] == self._sent_at:
                one["job"] = job.to_json()
        self._save(under_way)

    def refused(self) -> None:
        """Note that the upload of this turn did not take place. To be called in the turn."""
        mine = (self._name, self._sent_at)
        self._save([one for one in self._under_way() if (one["name"], one["sent_at"]) != mine])

    def ended(self, job: Job) -> None:
        """Note that a job has ended."""
        with nullcontext() if self._in_turn else self._lock():
            self._save([one for one in self._under_way() if one["job"] != job.to_json()])

    def _may_run(self, one: _Upload) -> bool:
        if one["job"] is not None:
            return one["name"] == self._name or not self._has_ended(Job.from_json(one["job"]))
        # A later time than now: the clock was set back.
        return 0 <= self._clock() - one["sent_at"] < self._lost_after

    @staticmethod
    def _describe(one: _Upload) -> str:
        job = one["job"]
        what = "an upload that was not answered" if job is None else str(Job.from_json(job))
        return f"another run imports leads ({what}), and may create the same ones"

    def _under_way(self) -> list[_Upload]:
        saved = self._shared.get(_UNDER_WAY)
        return [cast("_Upload", one) for one in saved] if isinstance(saved, list) else []

    def _save(self, under_way: list[_Upload]) -> None:
        self._shared.set(_UNDER_WAY, cast("Json", under_way) if under_way else None)


@dataclass
class _PartMarks:
    progress: ImportProgress
    digest: str
    clear_count: int

    def get(self, key: str) -> Json:
        return cast("Json", self.progress.part(int(key)))

    def set(self, key: str, value: Json) -> None:
        self.progress.set_part(int(key), self.digest, _part(value))


def _part(value: Json) -> PartState | None:
    return cast("PartState", value) if isinstance(value, Mapping) else None


def _shared_key(digest: str) -> str:
    return f"import {digest[:32]}"

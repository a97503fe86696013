"""What is remembered of the files of a bulk import, so that none is imported twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, cast

from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.state.task_state import ScopedTaskState, TaskState

_PLAN = "import"


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


class ImportProgress:
    """The state of one import: of its source, and of each part that was sent or is about to be.

    :param task_state: of the task.
    :param shared: state that all tasks of this machine, or that share a state directory, know: another run
        may import the same file. A key is set by one task at a time, and may be deleted by several.
    """

    def __init__(self, task_state: TaskState, shared: TaskState) -> None:
        self._task_state = task_state
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
            if self._plan["digest"] == digest:
                return
            sent = [part for number in self._numbers() if (part := self.part(number)) is not None]
            self.forget()
            if sent:
                jobs = ", ".join(part["job"] for part in sent if part.get("job"))
                raise InvalidInput(
                    "source",
                    "is not what an earlier try of this task began to import, or the task's settings have "
                    f"changed since (imports {jobs or 'without an answer'}). When these have ended, clear "
                    "the task to import it as it is now",
                )
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
        return _PartMarks(self, digest)

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

    def forget(self) -> None:
        """Delete the state, so that a cleared task imports everything again."""
        for number in self._numbers():
            self._task_state.set(f"{_PLAN} {number}", None)
            self._task_state.set(f"{_PLAN} {number} start import", None)
        self._task_state.set(_PLAN, None)

    def _numbers(self) -> range:
        return range(1, self._plan["parts"] + 1)

    def _save_plan(self) -> None:
        self._task_state.set(_PLAN, cast("Json", self._plan))


@dataclass(frozen=True)
class _PartMarks:
    progress: ImportProgress
    digest: str

    def get(self, key: str) -> Json:
        return cast("Json", self.progress.part(int(key)))

    def set(self, key: str, value: Json) -> None:
        self.progress.set_part(int(key), self.digest, _part(value))


def _part(value: Json) -> PartState | None:
    return cast("PartState", value) if isinstance(value, Mapping) else None


def _shared_key(digest: str) -> str:
    return f"import {digest[:32]}"

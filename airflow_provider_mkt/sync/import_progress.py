"""What is remembered of the files of a bulk import, so that none is imported twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_provider_mkt.actions.procedure import TaskState
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.files import private_directory

_PLAN = "import"


@dataclass(frozen=True)
class Scoped:
    """A part of a memory, under keys of its own."""

    task_state: TaskState
    scope: str

    def get(self, key: str) -> Json:
        return self.task_state.get(f"{self.scope} {key}")

    def set(self, key: str, value: Json) -> None:
        self.task_state.set(f"{self.scope} {key}", value)


class SharedMark:
    """What all tasks on this machine, or that share a state directory, know of one file.

    It is set by one task at a time, and may be cleared by several.

    :param path: where it is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self) -> Mapping[str, Any] | None:
        try:
            mark = json.loads(self._path.read_text())
        except FileNotFoundError:
            return None
        return mark if isinstance(mark, Mapping) else None

    def set(self, mark: Mapping[str, Json]) -> None:
        private_directory(self._path.parent)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(mark))
        draft.replace(self._path)

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


class Marks:
    """Marks of one import: of its source, and of each part that was sent or is about to be.

    A mark of a part holds ``asked``, when it was sent (epoch seconds), ``job``, the platform's id, once it
    was told, and ``ended`` once the job was seen to have ended.

    :param memory: what the task's earlier tries did.
    :param shared: what all tasks know of a part, by its digest: another run may have the same file at work.
    """

    def __init__(self, task_state: TaskState, shared: Callable[[str], SharedMark]) -> None:
        self._memory = task_state
        self._shared = shared
        self._plan: dict[str, Any] = {}

    @property
    def began(self) -> float:
        """When the import first began, in epoch seconds."""
        return float(self._plan["began"])

    @property
    def moved_at(self) -> float:
        """When something last came of it, in epoch seconds."""
        return float(self._plan["moved_at"])

    def moved(self, moment: float) -> None:
        """Something came of it."""
        self._keep_plan(moved_at=moment)

    def begin(self, digest: str, now: float) -> None:
        """Take an import up.

        :param digest: of the rows and of how they are imported.
        :raises InvalidInput: when an earlier try of the task has sent some of another source.
        """
        kept = self._memory.get(_PLAN)
        if isinstance(kept, Mapping):
            self._plan = dict(kept)
            if kept.get("digest") == digest:
                return
            sent = [mark for number in self._numbers() if (mark := self.of(number)) is not None]
            self.forget()
            if sent:
                jobs = ", ".join(str(mark["job"]) for mark in sent if mark.get("job"))
                raise InvalidInput(
                    "source",
                    "is not what an earlier try of this task began to import, or the task's settings have "
                    f"changed since (imports {jobs or 'without an answer'}). When these have ended, clear "
                    "the task to import it as it is now",
                )
        self._keep_plan(digest=digest, parts=0, began=now, moved_at=now)

    def of(self, number: int) -> Mapping[str, Any] | None:
        """The mark of a part."""
        mark = self._memory.get(f"{_PLAN} {number}")
        return mark if isinstance(mark, Mapping) else None

    def scoped(self, number: int) -> TaskState:
        """A memory of one part alone."""
        return Scoped(self._memory, f"{_PLAN} {number}")

    def elsewhere(self, digest: str) -> Mapping[str, Any] | None:
        """The mark of a part that some run, perhaps another one, has at work."""
        return self._shared(digest).get()

    def set(self, number: int, digest: str, mark: Mapping[str, Json] | None) -> None:
        if number > self._plan["parts"]:
            self._keep_plan(parts=number)
        self._memory.set(f"{_PLAN} {number}", mark)
        if mark is None:
            self._shared(digest).clear()
        else:
            self._shared(digest).set(mark)

    def ended(self, number: int, digest: str, job: str) -> bool:
        """The job of a part was seen to have ended. Tells whether that is news."""
        mark = self.of(number) or {}
        self._memory.set(f"{_PLAN} {number}", {**mark, "ended": True})
        shared = self._shared(digest)
        if (known := shared.get()) is not None and known.get("job") == job:
            shared.clear()
        return not mark.get("ended")

    def forget(self) -> None:
        """Let the task start afresh when somebody clears it."""
        for number in self._numbers():
            self._memory.set(f"{_PLAN} {number}", None)
            self._memory.set(f"{_PLAN} {number} start import", None)
        self._memory.set(_PLAN, None)

    def _numbers(self) -> range:
        return range(1, int(self._plan["parts"]) + 1)

    def _keep_plan(self, **details: Json) -> None:
        self._plan |= details
        self._memory.set(_PLAN, self._plan)

"""What is remembered of the files of a bulk import, so that none is imported twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mkt.api.call import Json
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.flow import Memory

_PLAN = "import"


@dataclass(frozen=True)
class Scoped:
    """A part of a memory, under keys of its own."""

    memory: Memory
    scope: str

    def get(self, key: str) -> Json:
        return self.memory.get(f"{self.scope} {key}")

    def set(self, key: str, value: Json) -> None:
        self.memory.set(f"{self.scope} {key}", value)


class Marks:
    """Marks of one import: of its source, and of each part that was sent or is about to be.

    A mark of a part holds ``asked``, when it was sent (epoch seconds), and ``job``, the platform's id, once
    it was told.

    :param memory: what the task's earlier tries did.
    :param shared: a memory that all tasks have, by the digest of a part: another run may have the same file
        at work.
    """

    def __init__(self, memory: Memory, shared: Callable[[str], Memory]) -> None:
        self._memory = memory
        self._shared = shared
        self._parts = 0

    def begin(self, digest: str, now: float) -> float:
        """Take an import up. Returns when it first began.

        :param digest: of the rows and of how they are imported.
        :raises InvalidInput: when an earlier try of the task has sent some of another source.
        """
        plan = self._memory.get(_PLAN)
        if isinstance(plan, Mapping):
            if plan.get("digest") == digest:
                self._parts = int(plan.get("parts") or 0)  # type: ignore[arg-type]
                return float(plan.get("began") or now)  # type: ignore[arg-type]
            self._parts = int(plan.get("parts") or 0)  # type: ignore[arg-type]
            sent = [self.of(number) for number in range(1, self._parts + 1)]
            jobs = ", ".join(str(mark["job"]) for mark in sent if mark and mark.get("job"))
            self.forget()
            self._parts = 0
            if any(sent):
                raise InvalidInput(
                    "source",
                    "is not what an earlier try of this task began to import, or the task's settings have "
                    f"changed since (imports {jobs or 'without an answer'}). When these have ended, clear "
                    "the task to import it as it is now",
                )
        self._memory.set(_PLAN, {"digest": digest, "parts": 0, "began": now})
        return now

    def of(self, number: int) -> Mapping[str, Any] | None:
        """The mark of a part."""
        mark = self._memory.get(f"{_PLAN} {number}")
        return mark if isinstance(mark, Mapping) else None

    def scoped(self, number: int) -> Memory:
        """A memory of one part alone."""
        return Scoped(self._memory, f"{_PLAN} {number}")

    def elsewhere(self, digest: str) -> Mapping[str, Any] | None:
        """The mark of a part that some run, perhaps another one, has at work."""
        mark = self._shared(digest).get(_PLAN)
        return mark if isinstance(mark, Mapping) else None

    def set(self, number: int, digest: str, mark: Mapping[str, Json] | None) -> None:
        if number > self._parts:
            self._parts = number
            plan = self._memory.get(_PLAN)
            self._memory.set(_PLAN, {**(plan if isinstance(plan, Mapping) else {}), "parts": number})
        self._memory.set(f"{_PLAN} {number}", mark)
        self._shared(digest).set(_PLAN, mark)

    def ended(self, digest: str) -> None:
        """A part is not at work any more, for no run."""
        self._shared(digest).set(_PLAN, None)

    def forget(self) -> None:
        """Let the task start afresh when somebody clears it."""
        for number in range(1, self._parts + 1):
            self._memory.set(f"{_PLAN} {number}", None)
            self._memory.set(f"{_PLAN} {number} start import", None)
        self._memory.set(_PLAN, None)

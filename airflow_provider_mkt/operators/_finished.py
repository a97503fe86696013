"""What a task returned that finished, in case its success does not reach Airflow and it is tried again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from airflow_provider_mkt.hooks.state import clear_count

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.procedure import TaskState
    from airflow_provider_mkt.client.call import Json

OutcomeT = TypeVar("OutcomeT", bound=Mapping[str, object])


class FinishedTry(Generic[OutcomeT]):
    """The outcome of a try that finished.

    A worker may be killed, or Airflow's API may be away, after a try has finished and before Airflow knows
    it. Airflow then tries again, and the retry returns what the finished try did. When the task is cleared,
    it works again.

    :param task_state: of the task, in its account.
    :param about: what the task did: a try with other arguments is another one.
    """

    def __init__(self, context: Context, task_state: TaskState, about: Sequence[object]) -> None:
        self._task_state, self._clear_count = task_state, clear_count(context)
        self._key = "finished"
        self._digest = digest_of(about)

    @property
    def outcome(self) -> OutcomeT | None:
        """The outcome of the try before, if it finished and the task was not cleared since."""
        found = self._saved()
        if not found or found["digest"] != self._digest or found["clear_count"] != self._clear_count:
            return None
        return cast("OutcomeT", found["outcome"])

    @property
    def generation(self) -> int:
        """A number that grows when the task is cleared after it finished."""
        found = self._saved()
        if not found:
            return 0
        generation = int(cast("int", found["generation"]))
        return generation + 1 if found["clear_count"] != self._clear_count else generation

    def save(self, outcome: OutcomeT) -> None:
        """Save that this try finished."""
        finished: dict[str, Json] = {
            "digest": self._digest,
            "clear_count": self._clear_count,
            "generation": self.generation,
            "outcome": cast("Json", dict(outcome)),
        }
        self._task_state.set(self._key, finished)

    def _saved(self) -> Mapping[str, Json]:
        found = self._task_state.get(self._key)
        return found if isinstance(found, Mapping) else {}


def digest_of(about: Sequence[object]) -> str:
    """Return a digest of plain values."""
    return hashlib.sha256(json.dumps(about, default=str, sort_keys=True).encode()).hexdigest()[:16]

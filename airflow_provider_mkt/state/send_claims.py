"""Which task instance sends for a purpose, known in a whole account: a second one does not send again.

A claim is kept as long as other state, counted from its last change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import SendRefused
from airflow_provider_mkt.state.task_state import TaskState

_KEY = "claim"


@dataclass(frozen=True)
class Claimant:
    """A task instance, the same in all its tries and after it was cleared."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int

    def to_json(self) -> dict[str, Json]:
        """Return it as plain JSON."""
        return {
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "task_id": self.task_id,
            "map_index": self.map_index,
        }


class SendClaim:
    """The right of one task instance to send for a purpose.

    It is read and changed with the lock of the purpose held.

    :param state: of the purpose alone, shared by all tasks of the account.
    :param send_key: names the purpose.
    :param claimant: who wants it.
    :param target: what is sent, for the message to others.
    """

    def __init__(
        self,
        state: TaskState,
        send_key: str,
        claimant: Claimant,
        target: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state, self._send_key, self._claimant, self._target = state, send_key, claimant, target
        self._clock = clock
        self._new = False

    def check(self) -> None:
        """Check that no other task instance has it.

        :raises SendRefused: when another one has.
        """
        if (other := self._other()) is not None:
            raise SendRefused(
                f"{_described(other)} by run {other.get('run_id')!r} of task {other.get('task_id')!r} in DAG "
                f"{other.get('dag_id')!r}, for the same purpose (send_key {self._send_key!r}); nothing was "
                "sent. Give another send_key to send it again, or None",
                code="send_key.taken",
            )

    def take(self) -> None:
        """Take it, unless this task instance has it.

        :raises SendRefused: when another one has it.
        """
        self.check()
        if self._mine() is None:
            self._new = True
            self._save(sent=False)

    def give_back(self) -> None:
        """Let others take it, when it was taken for the request that did not run."""
        if self._new:
            self._new = False
            self._state.set(_KEY, None)

    def confirm(self) -> None:
        """Record that this task instance has sent, where it has the claim."""
        mine = self._mine()
        if mine is not None and not mine.get("sent"):
            self._save(sent=True)

    def _save(self, *, sent: bool) -> None:
        at = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        self._state.set(_KEY, {**self._claimant.to_json(), "target": self._target, "at": at, "sent": sent})

    def _mine(self) -> Mapping[str, Json] | None:
        found = self._state.get(_KEY)
        return found if isinstance(found, Mapping) and self._is_mine(found) else None

    def _other(self) -> Mapping[str, Json] | None:
        found = self._state.get(_KEY)
        return found if isinstance(found, Mapping) and not self._is_mine(found) else None

    def _is_mine(self, found: Mapping[str, Json]) -> bool:
        return all(found.get(name) == value for name, value in self._claimant.to_json().items())


def _described(claim: Mapping[str, Json]) -> str:
    if claim.get("sent"):
        return f"{claim.get('target')} was sent or scheduled at {claim.get('at')}"
    return f"{claim.get('target')} was requested at {claim.get('at')}, with an outcome that was not recorded,"

"""Which chunks of people are done, kept from one try of a task to the next in few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from airflow_provider_mkt.actions.idempotency import as_reported
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.procedure import TaskState
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import InvalidInput


class Marks:
    """The chunks of one task.

    One mark says up to where all are done. A chunk has a record of its own only while it is under way, and
    when there is more to tell of it than that everything was done. A record names people by their places.
    Those who were rejected get another chance once a person was told of them: nothing was done with them.

    :raises InvalidInput: when an earlier try began with other people, and beginning anew could do something
        twice.
    """

    def __init__(self, task_state: TaskState, member_action: MemberAction, digest: str) -> None:
        self._memory = task_state
        self._key = f"{member_action.key}: people"
        self._digest = digest
        self._done = 0
        self._told = False
        self._finished: dict[int, bool] = {}
        self._kept: set[int] = set()
        mark = task_state.get(self._key)
        if not isinstance(mark, Mapping):
            return
        if mark.get("digest") == digest:
            self._done = int(cast("int", mark["done"]))
            self._told = bool(mark.get("told"))
        elif member_action.once:
            raise InvalidInput(
                "leads",
                "are not the people with whom an earlier try of this task began, and some of them could have "
                "it done twice; nothing was sent. Give the same people, or start a new DAG run",
            )

    def begin(self) -> None:
        self._set_mark()

    def earlier(self, number: int, people: Sequence[str]) -> list[MemberResult] | None:
        """What became of a chunk in an earlier try; None when it is not done."""
        record = self._record(number)
        finished = record.get("outcomes")
        if finished is None and number >= self._done:
            return None
        if number >= self._done:
            self._finished[number] = bool(finished)
        outcomes = [MemberResult(person) for person in people]
        for status, code, reason, places in cast("list[Any]", finished or ()):
            for place in places:
                outcomes[place] = MemberResult(people[place], MemberStatus(status), code, reason)
        return outcomes

    def reopened(self, number: int) -> bool:
        """Whether those of a chunk who were rejected are to be tried again."""
        return self._told or "m" in self._record(number)

    def remembered(self, number: int) -> dict[str, Json]:
        """What the requests of a chunk remember."""
        return dict(cast("Mapping[str, Json]", self._record(number).get("m") or {}))

    def remember(self, number: int, task_state: Mapping[str, Json]) -> None:
        self._set_record(number, {**self._record(number), "m": task_state})

    def finish(self, number: int, outcomes: Sequence[MemberResult]) -> None:
        """Keep what became of a chunk, unless it is in doubt: then its memory is what counts."""
        if any(one.status is MemberStatus.UNKNOWN for one in outcomes):
            return
        packed: dict[tuple[str, str, str], list[int]] = {}
        for place, one in enumerate(outcomes):
            if one != MemberResult(one.person):
                packed.setdefault((one.status.value, one.code, one.reason), []).append(place)
        if packed or number != self._done:
            self._set_record(number, {"outcomes": [[*what, places] for what, places in packed.items()]})
        self._finished[number] = bool(packed)
        self._advance()

    def tell(self, doubtful: Iterable[int]) -> None:
        """A person was told of everything: who is in doubt, whom to try again, is theirs to decide now."""
        for number in doubtful:
            self.remember(number, {key: as_reported(value) for key, value in self.remembered(number).items()})
        self._told = True
        self._set_mark()

    def forget(self) -> None:
        """Begin anew next time."""
        self._memory.set(self._key, None)
        for number in sorted(self._kept):
            self._memory.set(self._place(number), None)

    def _set_record(self, number: int, record: Json) -> None:
        self._kept.add(number)
        self._memory.set(self._place(number), record)

    def _advance(self) -> None:
        passed = []
        while self._done in self._finished:
            if not self._finished.pop(self._done):
                passed.append(self._done)
            self._done += 1
        self._set_mark()
        # Not before the mark says so: a kill in between would lose that they are done.
        for number in self._kept.intersection(passed):
            self._memory.set(self._place(number), None)
            self._kept.discard(number)

    def _set_mark(self) -> None:
        self._memory.set(self._key, {"digest": self._digest, "done": self._done, "told": self._told})

    def _record(self, number: int) -> Mapping[str, Json]:
        record = self._memory.get(self._place(number))
        if not isinstance(record, Mapping):
            return {}
        self._kept.add(number)
        return record

    def _place(self, number: int) -> str:
        return f"{self._key} {self._digest[:8]} #{number}"

"""Which chunks of members are finished, kept in the task state from one try to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict, cast

from airflow_provider_mkt.actions.idempotency import as_reported
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.procedure import TaskState
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.errors import InvalidInput


class _ChunkRecord(TypedDict, total=False):
    """What the task state keeps of a chunk.

    :param state: what the chunk's own requests remember, while it is in flight or unknown.
    :param failures: ``[status, code, reason, positions]`` of the members that are not plainly done, each with
        the positions of its members in the chunk; missing until the chunk is finished.
    """

    state: dict[str, Json]
    failures: list[list[Any]]


class MemberProgress:
    """The progress of one task, in little space: a million members need a few entries.

    One entry holds the number of leading chunks that are all finished. A chunk has an entry of its own only
    while it is in flight, or when not all of its members are plainly done. Rejected members are tried again
    once the task has reported them: the action had no effect on them.

    :param digest: identifies the members and the chunk size.
    :raises InvalidInput: when an earlier try had other members, and starting again could repeat the action
        for some of them.
    """

    def __init__(self, task_state: TaskState, action: MemberAction, digest: str) -> None:
        self._task_state = task_state
        self._key = f"{action.key}: members"
        self._digest = digest
        self._finished_up_to = 0
        self._reported = False
        self._has_failures: dict[int, bool] = {}
        """For finished chunks from ``_finished_up_to`` on: whether a member is not plainly done."""
        self._stored: set[int] = set()
        entry = task_state.get(self._key)
        if not isinstance(entry, Mapping):
            return
        if entry.get("digest") == digest:
            self._finished_up_to = int(cast("int", entry["finished"]))
            self._reported = bool(entry.get("reported"))
        elif action.once_only:
            raise InvalidInput(
                "leads",
                "differ from those of an earlier try of this task, and some of them could be "
                f"{action.done_key} twice; nothing was sent. Give the same leads, or start a new DAG run",
            )

    @property
    def clear_count(self) -> int:
        """Changes when the task is cleared."""
        return self._task_state.clear_count

    def start(self) -> None:
        """Save which members the task has, so that a later try notices other ones."""
        self._save()

    def earlier_results(self, chunk: int, members: Sequence[str]) -> list[MemberResult] | None:
        """Return the results that an earlier try had for a chunk; None when it is not finished."""
        failures = self._record(chunk).get("failures")
        if chunk >= self._finished_up_to:
            if failures is None:
                return None
            self._has_failures[chunk] = bool(failures)
        results = [MemberResult(member) for member in members]
        for status, code, reason, positions in failures or ():
            for position in positions:
                results[position] = MemberResult(members[position], MemberStatus(status), code, reason)
        return results

    def retries_rejected(self, chunk: int) -> bool:
        """Whether the rejected members of a finished chunk are tried again."""
        return self._reported or "state" in self._record(chunk)

    def chunk_state(self, chunk: int) -> dict[str, Json]:
        """Return what the requests of a chunk remember."""
        return dict(self._record(chunk).get("state") or {})

    def save_chunk_state(self, chunk: int, state: Mapping[str, Json]) -> None:
        """Save what the requests of a chunk remember."""
        self._save_record(chunk, {**self._record(chunk), "state": dict(state)})

    def finish(self, chunk: int, results: Sequence[MemberResult]) -> None:
        """Save the results of a chunk. With an unknown result, the chunk's own state is kept instead."""
        if any(one.status is MemberStatus.UNKNOWN for one in results):
            return
        failures: dict[tuple[str, str, str], list[int]] = {}
        for position, one in enumerate(results):
            if one != MemberResult(one.member):
                failures.setdefault((one.status.value, one.code, one.reason), []).append(position)
        if failures or chunk != self._finished_up_to:
            packed = [[*what, positions] for what, positions in failures.items()]
            self._save_record(chunk, {"failures": packed})
        self._has_failures[chunk] = bool(failures)
        self._advance()

    def mark_reported(self, unknown: Iterable[int]) -> None:
        """Save that the task has reported its results; what to repeat is now the user's decision.

        :param unknown: chunks with unknown results, which a try after a clear requests again.
        """
        for chunk in unknown:
            marks = self.chunk_state(chunk)
            state = {key: as_reported(value, self.clear_count) for key, value in marks.items()}
            self.save_chunk_state(chunk, state)
        self._reported = True
        self._save()

    def clear(self) -> None:
        """Delete the progress; the next try starts again."""
        self._task_state.set(self._key, None)
        for chunk in sorted(self._stored):
            self._task_state.set(self._chunk_key(chunk), None)

    def _advance(self) -> None:
        no_longer_needed = []
        while self._finished_up_to in self._has_failures:
            if not self._has_failures.pop(self._finished_up_to):
                no_longer_needed.append(self._finished_up_to)
            self._finished_up_to += 1
        self._save()
        # Not before the count is saved: a kill in between would lose that they are finished.
        for chunk in self._stored.intersection(no_longer_needed):
            self._task_state.set(self._chunk_key(chunk), None)
            self._stored.discard(chunk)

    def _save(self) -> None:
        self._task_state.set(
            self._key,
            {"digest": self._digest, "finished": self._finished_up_to, "reported": self._reported},
        )

    def _record(self, chunk: int) -> _ChunkRecord:
        record = self._task_state.get(self._chunk_key(chunk))
        if not isinstance(record, Mapping):
            return {}
        self._stored.add(chunk)
        return cast("_ChunkRecord", record)

    def _save_record(self, chunk: int, record: _ChunkRecord) -> None:
        self._stored.add(chunk)
        self._task_state.set(self._chunk_key(chunk), cast("Json", record))

    def _chunk_key(self, chunk: int) -> str:
        return f"{self._key} {self._digest[:8]} #{chunk}"

"""The rows of a plan that are written, by how they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from airflow_provider_mkt.actions.jobs import chunked

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import StoredLead
    from airflow_provider_mkt.operators._change_task import ChangeTask
    from airflow_provider_mkt.sync.changes import PlannedRow
    from airflow_provider_mkt.sync.rows import Row


@dataclass(frozen=True)
class PlanSize:
    """What a plan takes.

    :param by_id: rows that are updated by the platform's id.
    :param by_key: rows that are written by their key.
    :param compared: rows with fields of which the platform may keep its value, and that are read first.
    :param skipped: rows that createOnly has created before.
    """

    by_id: int
    by_key: int
    compared: int
    skipped: int


POSSIBLE_ROWS = 20_000
"""Rows whose records are looked for under several keys at a time. For each such step the source and the state
are read once."""


def ids_by_possible_keys(task: ChangeTask, rows: Sequence[PlannedRow]) -> dict[int, str]:
    """Find the records of rows that may have another key since a run whose outcome is unknown.

    A record that has the row's own key is there, and is not looked for. A key that another row has is left to
    that row, and so is one with several records.

    :param rows: rows with possible keys, at most :data:`POSSIBLE_ROWS`.
    :returns: the platform's ids by the rows' numbers; an empty one for a row whose own key has a record.
    """
    of_others = task.run.keys_of_rows({key for one in rows for key in one.possible_keys})
    possible = {one.n: [key for key in one.possible_keys if key not in of_others] for one in rows}
    keys = dict.fromkeys(key for one in rows if possible[one.n] for key in (one.match_key, *possible[one.n]))
    stored: dict[str, Sequence[StoredLead]] = {}
    for some in chunked(list(keys), task.batch_max):
        task.raise_if_cancelled()
        stored |= task.target.read(task.key, some, ())
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for one in rows:
        if stored.get(one.match_key.lower()):
            ids[one.n] = ""
            continue
        for key in possible[one.n]:
            found = stored.get(key.lower(), ())
            if len(found) == 1 and found[0].id and found[0].id not in taken:
                ids[one.n] = found[0].id
                taken.add(found[0].id)
                break
    return ids


class ChangedRows:
    """The rows of a plan that are written.

    :param task: the run.
    """

    def __init__(self, task: ChangeTask) -> None:
        self._task, self._target = task, task.target
        self.pending: dict[int, PlannedRow] = {}
        """Rows whose result is awaited, by number."""
        self.deleted: set[int] = set()
        """Numbers of rows whose record was deleted or merged; they are written by their key."""
        self.ids: dict[int, str] = {}
        """The platform's ids of records that were looked up, by the rows' numbers in the plan."""
        self._kept: dict[int, list[str]] = {}

    def measured(self) -> PlanSize:
        """Count the rows of a plan by how they are written."""
        ways: Counter[str] = Counter()
        kept, compared = self._task.options.kept, 0
        self._find_ids()
        for planned in self._task.run.to_send():
            way = self.way(planned)
            ways[way] += 1
            if way != "skip" and planned.row is not None and planned.row.record is not None:
                compared += kept.concerns(planned.row.record)
        return PlanSize(ways["id"], ways["key"], compared, ways["skip"])

    def way(self, planned: PlannedRow) -> str:
        """Return how a row is written: by the platform's ``id``, by its ``key``, or not at all (``skip``)."""
        from airflow_provider_mkt.sync.changes import Operation

        if self._task.action == "createOnly":
            return "skip" if planned.acknowledged and planned.operation is not Operation.BACK else "key"
        if self._target.key_changes and self._task.key != self._target.id_field:
            known = planned.platform_id is not None
            moved = planned.old_match_key is not None or bool(planned.possible_keys)
            if moved and (known or planned.n in self.ids):
                return "id"
            if known and planned.operation in (Operation.AMBIGUOUS, Operation.BACK):
                return "id"
        return "key"

    def id_of(self, planned: PlannedRow) -> str:
        """Return the platform's id of a row's record; empty when it is unknown."""
        return planned.platform_id or self.ids.get(planned.n, "")

    def _find_ids(self) -> None:
        """Look up the leads whose key changed and whose id is unknown, as that of an imported one is."""
        if self._task.action == "createOnly" or not self._task.run.keys_changed():
            return
        moved = (
            one for one in self._task.run.to_send() if one.old_match_key is not None and not one.platform_id
        )
        while some := list(islice(moved, self._task.batch_max)):
            keys = [one.old_match_key or "" for one in some]
            stored = self._target.read(self._task.key, keys, ())
            for one, key in zip(some, keys, strict=True):
                found = stored.get(key.lower(), ())
                if len(found) == 1 and found[0].id:
                    self.ids[one.n] = found[0].id
        unsure = (
            one
            for one in self._task.run.to_send()
            if one.possible_keys and not one.platform_id and one.n not in self.ids
        )
        while some := list(islice(unsure, POSSIBLE_ROWS)):
            found_ids = ids_by_possible_keys(self._task, some)
            self.ids |= {one.n: found_ids[one.n] for one in some if found_ids.get(one.n)}

    def rows(self, way: str, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """Yield the rows that are written in a way, and keep those whose result is awaited."""
        for planned in islice(self.planned(way), start, stop):
            self.pending[planned.row.number] = planned  # type: ignore[union-attr]
            yield self.record_of(planned, way)

    def by_id(self, match_keys: Collection[str]) -> set[str]:
        """Return which of some match keys rows have that are updated by the platform's id."""
        return (
            {one.match_key for one in self.planned("id") if one.match_key in match_keys}
            if match_keys
            else set()
        )

    def planned(self, way: str) -> Iterator[PlannedRow]:
        """Yield the rows that are written in a way."""
        for planned in self._task.run.to_send():
            if planned.row is None:
                continue
            mine = self.way(planned) == way
            if mine or (way == "key" and planned.row.number in self.deleted):
                yield planned

    def record_of(self, planned: PlannedRow, way: str) -> Row:
        """Return a row as it is sent."""
        row = cast("Row", planned.row)
        record = dict(row.record or {})
        for name in self._kept.get(row.number, ()):
            record.pop(name, None)
        if way == "id":
            record = {self._target.id_field: self.id_of(planned), **record}
        return replace(row, record=record)

    def leave_out_kept_fields(self, size: PlanSize) -> None:
        """Find the values that are not sent because of what the platform has."""
        from airflow_provider_mkt.sync.kept_fields import fields_left_out

        task = self._task
        if not size.compared:
            return
        reasons = Counter[str]()
        for way, name in (("id", self._target.id_field), ("key", task.key)):
            rows = (
                (cast("Row", one.row), self.id_of(one) if way == "id" else one.match_key)
                for one in self.planned(way)
            )
            for number, names, why in fields_left_out(
                rows, task.options.kept, name, task.batch_max, self._target.read
            ):
                self._kept[number] = names
                reasons += why
        task.tally.kept += reasons.total()
        for parameter, count in sorted(reasons.items()):
            task.writing.operator.log.info("%s values are left out by %s", f"{count:,}", parameter)

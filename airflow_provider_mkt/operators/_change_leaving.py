"""Does what is wanted with the records of rows that are gone from the source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import IO, TYPE_CHECKING

from airflow_provider_mkt.actions.jobs import chunked
from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus
from airflow_provider_mkt.client.errors import OutcomeUnknown
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.operators._change_rows import ids_by_possible_keys
from airflow_provider_mkt.operators._change_task import PlannedRows, ResultsOnly
from airflow_provider_mkt.sync.rows import Row

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import StoredLead, StoredLeads
    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._change_rows import ChangedRows
    from airflow_provider_mkt.operators._change_task import ChangeTask
    from airflow_provider_mkt.sync.changes import PlannedRow

CLOCKS_DIFFER = timedelta(minutes=5)
"""How much the clocks of a worker and of the platform may differ."""


class GoneRows:
    """The rows of a state that are gone from the source.

    :param task: the run.
    """

    def __init__(self, task: ChangeTask) -> None:
        self._task = task
        self._reused: list[PlannedRow] = []
        self._keys: set[str] = set()
        self._others: set[str] = set()

    def find_reused_keys(self, rows: ChangedRows) -> None:
        """Find the rows of which another row of the source has a key now. Before the plan is written.

        :param rows: the rows that are written.
        """
        from airflow_provider_mkt.sync.changes import KEY_REUSED

        self._reused = [one for one in self._task.run.to_remove() if one.code == KEY_REUSED]
        if self._reused:
            keys = {key for one in self._reused for key in (one.match_key, *one.possible_keys)}
            self._keys = self._task.run.keys_in_source(keys)
            # A row that is updated by the platform's id has a record of its own, which needs this key.
            self._others = self._keys - rows.by_id(keys)

    def leave_reused_keys(self, open_rejects: Callable[[], IO[str]]) -> None:
        """Do what is wanted with the records of rows whose key another row has, before any row is sent.

        A record that has this key and that the other row is written to is that row's from now on.
        """
        run, size = self._task.run, self._task.batch_max
        for one in self._reused:
            run.take_to_remove(one)
        for some in chunked(self._reused, size):
            self._task.raise_if_cancelled()
            self._leave(iter(self._own_records(some)), open_rejects)

    def _own_records(self, some: Sequence[PlannedRow]) -> list[tuple[PlannedRow, str]]:
        """Return those of rows with records that no other row is written to, with the records' ids."""
        from airflow_provider_mkt.sync.changes import Status

        task, erases = self._task, self._task.options.leaving.how == "gdpr_delete"
        id_field, others = task.target.id_field, {key.lower() for key in self._others}
        known = [one for one in some if one.platform_id]
        by_id = (
            task.target.read(id_field, [one.platform_id or "" for one in known], [task.key]) if known else {}
        )
        now: dict[int, str] = {}
        for one in known:
            if found := by_id.get((one.platform_id or "").lower()):
                now[one.n] = str(found[0].values.get(task.key) or "")
        keys = [key for one in some if not one.platform_id for key in (one.match_key, *one.possible_keys)]
        keys += [key for key in now.values() if key.lower() in others]
        stored: dict[str, Sequence[StoredLead]] = {}
        for part in chunked(list(dict.fromkeys(keys)), task.batch_max):
            stored |= task.target.read(task.key, part, ())
        records: list[tuple[PlannedRow, str]] = []
        for one in some:
            record_id = ""
            if one.n in now:
                key = now[one.n].lower()
                # Of several leads with one address, this is not the other row's.
                if key not in others or len([lead for lead in stored.get(key, ()) if lead.id]) > 1:
                    record_id = one.platform_id or ""
            elif not one.platform_id:
                record_id = self._found(one, stored, others)
            if not record_id:
                task.run.record(one, Status.REMOVED, reason="REPLACED")
            elif erases and one.match_key in self._keys:
                # The address of an erased person is never written again, and the other row has it.
                self._not_removed(one, one.code)
            else:
                records.append((one, record_id))
        return records

    def _found(self, one: PlannedRow, stored: StoredLeads, others: Collection[str]) -> str:
        """Return the id of the record that a row has under one of its keys; empty without one."""
        for key in (one.match_key, *one.possible_keys):
            found = () if key.lower() in others else stored.get(key.lower(), ())
            if len(found) == 1 and found[0].id:
                return found[0].id
        return ""

    def leave(self, open_rejects: Callable[[], IO[str]]) -> None:
        """Do what is wanted with the leads of rows that are gone from the source."""
        self._leave(self._with_ids(self._task.run.to_remove()), open_rejects)

    def _leave(self, gone: Iterator[tuple[PlannedRow, str]], open_rejects: Callable[[], IO[str]]) -> None:
        leaving, gone = self._task.options.leaving, self._written(gone)
        if leaving.how in ("clear", "set"):
            self._change(gone, open_rejects)
            return
        action = self._task.target.removal(leaving)
        self._task.writing.hook.follow(action.precheck())
        while some := list(islice(gone, min(self._task.batch_max, action.chunk_max))):
            self._task.raise_if_cancelled()
            self._remove(action, some)

    def _with_ids(self, gone: Iterator[PlannedRow]) -> Iterator[tuple[PlannedRow, str]]:
        """Yield rows with the ids of their leads. A row without a lead, or with several, has none."""
        while some := list(islice(gone, self._task.batch_max)):
            keys = [one.match_key for one in some if not one.platform_id]
            stored = self._task.target.read(self._task.key, keys, ()) if keys else {}
            unsure = [one for one in some if one.possible_keys and not one.platform_id]
            others = ids_by_possible_keys(self._task, unsure) if unsure else {}
            for one in some:
                found = stored.get(one.match_key.lower(), ())
                lead_id = one.platform_id or (found[0].id if len(found) == 1 else others.get(one.n))
                if lead_id:
                    yield one, lead_id
                elif found:
                    self._not_removed(one, "SEVERAL_FOUND" if found[0].id else "KEY_NOT_SEARCHABLE")
                else:
                    self._removed(one, "NOT_FOUND")

    def _written(self, gone: Iterator[tuple[PlannedRow, str]]) -> Iterator[tuple[PlannedRow, str]]:
        """Yield rows, without those whose record this sync may never have written.

        Of a row that was never acknowledged, only a record that is newer than the run which may have written
        it is taken for written.
        """
        from airflow_provider_mkt.sync.changes import Status

        target = self._task.target
        while some := list(islice(gone, self._task.batch_max)):
            unsure = [(one, record_id) for one, record_id in some if one.unsure_since is not None]
            ids = list(dict.fromkeys(record_id for _, record_id in unsure))
            stored = target.read(target.id_field, ids, target.created_fields) if ids else {}
            older = {
                one.n
                for one, record_id in unsure
                for lead in stored.get(record_id.lower(), ())
                if not _is_newer(lead, target.created_fields, one.unsure_since)
            }
            for one, record_id in some:
                if one.n in older:
                    self._task.run.record(one, Status.REMOVED, reason="EXISTED_BEFORE")
                else:
                    yield one, record_id
            if older:
                self._task.writing.operator.log.warning(
                    "Left alone: %s that existed before a run whose outcome is unknown, and that no run is "
                    "known to have written",
                    counted(len(older), "record"),
                )

    def _remove(self, action: MemberAction, some: Sequence[tuple[PlannedRow, str]]) -> None:
        from airflow_provider_mkt.actions.members import MemberStatus
        from airflow_provider_mkt.actions.procedure import InMemoryTaskState

        ids = list(dict.fromkeys(lead_id for _, lead_id in some))
        try:
            answers = self._task.writing.hook.follow(action.apply(ids, InMemoryTaskState()))
        except OutcomeUnknown:
            # Not noted: the next run does it again.
            self._task.tally.not_removed += len(some)
            self._task.tally.reasons["OUTCOME_UNKNOWN"] += len(some)
            return
        by_id = dict(zip(ids, answers, strict=True))
        for planned, lead_id in some:
            answer = by_id[lead_id]
            if (
                answer.status in (MemberStatus.DONE, MemberStatus.ALREADY)
                or answer.code in self._task.target.no_such_record
            ):
                self._removed(planned, answer.code)
            else:
                self._not_removed(planned, answer.code)

    def _change(self, gone: Iterable[tuple[PlannedRow, str]], open_rejects: Callable[[], IO[str]]) -> None:
        """Clear or set fields of the leads of rows that are gone."""
        leaving, waiting = self._task.options.leaving, {}
        values: Mapping[str, object] = leaving.values
        if leaving.how == "clear":
            names = self._task.fields | set(self._task.run.fields)
            # Whose value a kept field has is not known.
            kept = self._task.options.kept.names
            values = dict.fromkeys(sorted(names - self._task.target.never_cleared - {*kept}))
        if not values:
            return

        def rows() -> Iterator[Row]:
            for planned, lead_id in gone:
                waiting[planned.n] = planned
                yield Row(planned.n, {self._task.target.id_field: lead_id, **values}, raw={"id": lead_id})

        def on_result(row: Row, result: RecordResult) -> None:
            planned = waiting.pop(row.number)
            if result.result is not RecordStatus.REJECTED or result.code in self._task.target.no_such_record:
                self._removed(planned, result.code)
            elif result.code == "OUTCOME_UNKNOWN":
                self._task.tally.not_removed += 1
                self._task.tally.reasons[result.code] += 1
            else:
                self._not_removed(planned, result.code)

        files = ResultsOnly(open_rejects, on_result=on_result)
        self._task.writing.step_by_calls(PlannedRows(rows), files, self._task.target.by_id())

    def _removed(self, planned: PlannedRow, code: str) -> None:
        from airflow_provider_mkt.sync.changes import Status

        status = Status.ERASED if self._task.options.leaving.how == "gdpr_delete" else Status.REMOVED
        self._task.run.record(planned, status, reason=code or None)
        self._task.tally.removed += 1

    def _not_removed(self, planned: PlannedRow, code: str) -> None:
        from airflow_provider_mkt.sync.changes import Status

        self._task.run.record(planned, Status.FAILED, reason=code or None)
        self._task.tally.not_removed += 1
        self._task.tally.reasons[code or "UNKNOWN"] += 1


def _is_newer(lead: StoredLead, names: Sequence[str], than: datetime | None) -> bool:
    """Whether a record was created after a moment, as far as the clocks agree."""
    for name in names:
        try:
            created = datetime.fromisoformat(str(lead.values.get(name)))
        except ValueError:
            continue
        if created.tzinfo is None:
            created = created.replace(tzinfo=UTC)
        return than is None or created >= than - CLOCKS_DIFFER
    return False

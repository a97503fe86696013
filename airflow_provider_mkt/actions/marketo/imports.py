"""Import files of leads or program members."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace

from airflow_provider_mkt.actions.imports import Findings, RowNote, Upload
from airflow_provider_mkt.actions.jobs import Job, JobState, spec_of
from airflow_provider_mkt.actions.marketo.jobs import SPECS
from airflow_provider_mkt.actions.marketo.leads import DatabaseLeadWriter
from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.bulk import FILE_MAX, TRANSFER_TIMEOUT
from airflow_provider_mkt.client.marketo.imports import bulk_leads, bulk_members
from airflow_provider_mkt.client.marketo.programs import program_members
from airflow_provider_mkt.client.marketo.rows import BulkImport

LOST_AFTER = 3600.0
"""Seconds after which a file with an unanswered upload either is imported, or never arrived.

Imports cannot be listed, so the upload cannot be looked up. The queue holds ten files of at most 10 MB, and
two are imported at a time in their order: a file waits for four pairs at most. The time for one is not
documented; this allows twelve minutes for each pair.
"""

_LISTED_AFTER = TRANSFER_TIMEOUT + CONSISTENCY_WINDOW
"""Seconds after which a file that is imported into a list has arrived, if it ever does."""

_QUEUE_MAX_ELAPSED = 50.0
"""Seconds for which a rejected upload is retried. A full queue lasts longer; the caller waits for it."""


class BulkLeadImporter:
    """Import files, with an upsert for each row.

    :param lookup_field: the key; with ``id`` leads are only updated. Program members have ``email``.
    :param list_id: a static list that the leads are added to.
    :param partition_name: lead partition for new leads.
    :param program_id: a program that the leads become members of.
    :param program_status: their status in that program.
    :param lost_after: seconds for which a file with an unanswered upload may still be imported.
    :raises InvalidInput: on a combination that the platform has no import for.
    """

    platform = "marketo"
    bytes_max = FILE_MAX
    rows_max = 1_000_000
    empty_clears = True

    def __init__(
        self,
        *,
        lookup_field: str = "email",
        list_id: int | str | None = None,
        partition_name: str | None = None,
        program_id: int | str | None = None,
        program_status: str | None = None,
        lost_after: float = LOST_AFTER,
    ) -> None:
        if bool(program_id) != bool(program_status):
            missing = "program_status" if program_id else "program_id"
            raise InvalidInput(missing, "is missing: members need a program and a status in it")
        if program_id:
            for name, value in (("list_id", list_id), ("partition_name", partition_name)):
                if value:
                    raise InvalidInput(name, "the import of program members has none; leave it out")
            if lookup_field != "email":
                raise InvalidInput("lookup_field", "program members are imported by email")
        self.key_column = lookup_field
        self.list_id = numeric_id("bulk_leads.create_import", "list_id", list_id) if list_id else None
        self.partition_name = partition_name
        self.program_id = program_id
        self.program_status = program_status
        self.spec = spec_of(SPECS, Job("marketo", "member_import" if program_id else "lead_import", "0"))
        # Two run at a time, and two follow them. A list takes one at a time and rejects others, so that a
        # file that has arrived cannot be imported twice at the same time.
        self.max_in_flight = 1 if list_id else 4
        self.quiet_after = _LISTED_AFTER if list_id else lost_after

    def settings(self) -> Sequence[object]:
        return [self.list_id, self.partition_name, self.program_id, self.program_status]

    def known_fields(self) -> Procedure[frozenset[str] | None]:
        action = "updateOnly" if self.key_column == "id" else "createOrUpdate"
        of_leads = yield from DatabaseLeadWriter(action=action, lookup_field=self.key_column).known_fields()
        if not self.program_id or of_leads is None:
            return of_leads
        schema: JsonDict = yield program_members.describe()
        return of_leads | {str(field["name"]) for field in schema.get("fields") or ()}

    def key(self, value: str) -> str:
        # Marketo ignores case in keys.
        return value.strip().lower()

    def start(self, upload: Upload, task_state: TaskState) -> Procedure[Job]:
        call: Call[BulkImport]
        if self.program_id:
            call = bulk_members.create_import(
                self.program_id, upload.content, status_name=self.program_status or ""
            )
        else:
            call = bulk_leads.create_import(
                upload.content,
                lookup_field=self.key_column,
                list_id=self.list_id,
                partition_name=self.partition_name,
            )
        answer: BulkImport = yield replace(call, max_elapsed=_QUEUE_MAX_ELAPSED)
        return Job("marketo", self.spec.kind, str(answer["batchId"]))

    def findings(self, state: JobState, columns: Sequence[str]) -> Procedure[Findings]:
        calls = bulk_members if self.program_id else bulk_leads
        failed = yield from self._notes(calls.failures, state, columns, "numOfRowsFailed", "ROW_FAILED")
        warned = yield from self._notes(calls.warnings, state, columns, "numOfRowsWithWarning", "ROW_WARNED")
        unlisted = int(state.details.get("numOfRowsFailed") or 0) - len(failed)
        return Findings(failed, warned, max(0, unlisted))

    def _notes(
        self,
        call: Callable[[str], Call[bytes]],
        state: JobState,
        columns: Sequence[str],
        counter: str,
        code: str,
    ) -> Procedure[list[RowNote]]:
        # The status of a member import may lack the counters; then the file is read.
        if state.details.get(counter) == 0:
            return []
        try:
            content: bytes = yield call(state.job.id)
        except NotFound:
            # The rows are counted nevertheless.
            return []
        return read_notes(content, columns, code)


def read_notes(content: bytes, columns: Sequence[str], code: str) -> list[RowNote]:
    """Read the rows of a failures or warnings file: the columns of the upload, and the reason.

    :param content: the file; empty where there are no rows.
    :param columns: of the upload. When the file's header does not name them all, its cells are in file order.
    """
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig", "replace"), newline=""))
    header = next(lines, [])[:-1]
    order = [header.index(name) for name in columns] if set(columns) <= set(header) else range(len(header))
    return [
        RowNote(code, row[-1], [row[place] for place in order] if len(row) == len(header) + 1 else row[:-1])
        for row in lines
        if row
    ]

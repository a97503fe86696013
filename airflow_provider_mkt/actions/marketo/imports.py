"""Import files of leads, program members or custom objects."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace

from airflow_provider_mkt.actions.imports import Findings, RowNote, Upload
from airflow_provider_mkt.actions.jobs import Job, JobState, spec_of
from airflow_provider_mkt.actions.leads import KnownFields
from airflow_provider_mkt.actions.marketo.jobs import SPECS, object_job_id, object_job_of
from airflow_provider_mkt.actions.marketo.leads import DatabaseLeadWriter
from airflow_provider_mkt.actions.marketo.objects import ObjectWriter
from airflow_provider_mkt.actions.procedure import CONSISTENCY_WINDOW, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.bulk import FILE_MAX, TRANSFER_TIMEOUT
from airflow_provider_mkt.client.marketo.imports import bulk_leads, bulk_members, bulk_objects
from airflow_provider_mkt.client.marketo.programs import program_members
from airflow_provider_mkt.client.marketo.rows import BulkImport, ObjectImport

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

    :param lookup_field: the key; with ``id`` leads are only updated. Program members have ``email``. None for
        the instance's own duplicate rule: every row needs ``email``, and no row replaces another one.
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
        lookup_field: str | None = "email",
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
            if lookup_field not in ("email", None):
                raise InvalidInput("lookup_field", "program members are imported by email")
        self.lookup_field = lookup_field
        self.key_columns: tuple[str, ...] = (lookup_field or "email",)
        self.one_lead_per_key = lookup_field is not None
        self.list_id = numeric_id("bulk_leads.create_import", "list_id", list_id) if list_id else None
        self.partition_name = partition_name
        self.program_id = program_id
        self.program_status = program_status
        self.spec = spec_of(SPECS, Job("marketo", "member_import" if program_id else "lead_import", "0"))
        # Two run at a time, and two follow them. A list takes one at a time and rejects others, so that a
        # file that has arrived cannot be imported twice at the same time.
        # With the instance's own rule, rows of two files may be one new lead.
        self.max_in_flight = 1 if list_id or lookup_field is None else 4
        self.quiet_after = _LISTED_AFTER if list_id else lost_after
        # By id, leads are only updated.
        self.takes_turns = lookup_field != "id"

    def settings(self) -> Sequence[object]:
        own_rule = [] if self.one_lead_per_key else ["own duplicate rule"]
        return [self.list_id, self.partition_name, self.program_id, self.program_status, *own_rule]

    def known_fields(self) -> Procedure[KnownFields]:
        (key,) = self.key_columns
        action = "updateOnly" if key == "id" else "createOrUpdate"
        of_leads = yield from DatabaseLeadWriter(action=action, lookup_field=key).known_fields()
        if not self.program_id or of_leads.names is None:
            return of_leads
        schema: JsonDict = yield program_members.describe()
        of_members = {str(field["name"]) for field in schema.get("fields") or ()}
        return KnownFields(of_leads.names | of_members, of_leads.read_only - of_members)

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
                lookup_field=self.lookup_field,
                list_id=self.list_id,
                partition_name=self.partition_name,
            )
        answer: BulkImport = yield replace(call, max_elapsed=_QUEUE_MAX_ELAPSED)
        return Job("marketo", self.spec.kind, str(answer["batchId"]))

    def findings(self, state: JobState, columns: Sequence[str]) -> Procedure[Findings]:
        calls = bulk_members if self.program_id else bulk_leads
        return (yield from _findings(calls.failures, calls.warnings, state, columns))


def _findings(
    failures: Callable[[str], Call[bytes]],
    warnings: Callable[[str], Call[bytes]],
    state: JobState,
    columns: Sequence[str],
) -> Procedure[Findings]:
    failed = yield from _notes(failures, state, columns, "numOfRowsFailed", "ROW_FAILED")
    warned = yield from _notes(warnings, state, columns, "numOfRowsWithWarning", "ROW_WARNED")
    unlisted = int(state.details.get("numOfRowsFailed") or 0) - len(failed)
    return Findings(failed, warned, max(0, unlisted))


def _notes(
    call: Callable[[str], Call[bytes]], state: JobState, columns: Sequence[str], counter: str, code: str
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


class ObjectImporter:
    """Import files of custom objects, with an upsert for each row by the type's dedupe fields.

    :param api_name: of the type.
    :param action: ``createOrUpdate``.
    :param lookup_field: the dedupe field; None for the type's own, which can be several.
    :param lost_after: seconds for which a file with an unanswered upload may still be imported.
    :raises InvalidInput: on a type, an action or a key that Marketo has no import for.
    """

    platform = "marketo"
    bytes_max = FILE_MAX
    rows_max = 1_000_000
    empty_clears = True
    one_lead_per_key = True
    takes_turns = True
    # Two run at a time, and two follow them.
    max_in_flight = 4

    def __init__(
        self,
        api_name: str,
        *,
        action: str = "createOrUpdate",
        lookup_field: str | None = None,
        lost_after: float = LOST_AFTER,
    ) -> None:
        if action != "createOrUpdate":
            raise InvalidInput("action", f"an import supports createOrUpdate only, not {action!r}")
        self._writer = ObjectWriter(api_name, action=action, lookup_field=lookup_field)
        if not self._writer.is_custom:
            raise InvalidInput("mode", f"Marketo imports custom objects in bulk, not {api_name}; use calls")
        self.api_name = api_name
        self.key_columns: tuple[str, ...] = (lookup_field,) if lookup_field else ()
        """The dedupe fields, once the schema was read."""
        self.quiet_after = lost_after
        self.spec = spec_of(SPECS, Job("marketo", "object_import", "0"))

    def settings(self) -> Sequence[object]:
        return [self.api_name]

    def known_fields(self) -> Procedure[KnownFields]:
        known = yield from self._writer.known_fields()
        self.key_columns = self._writer.key_fields
        return known

    def key(self, value: str) -> str:
        # Marketo ignores case in keys.
        return value.strip().lower()

    def start(self, upload: Upload, task_state: TaskState) -> Procedure[Job]:
        call = bulk_objects.create_import(self.api_name, upload.content)
        answer: ObjectImport = yield replace(call, max_elapsed=_QUEUE_MAX_ELAPSED)
        return Job("marketo", self.spec.kind, object_job_id(self.api_name, answer["batchId"]))

    def findings(self, state: JobState, columns: Sequence[str]) -> Procedure[Findings]:
        def of(call: Callable[..., Call[bytes]]) -> Callable[[str], Call[bytes]]:
            return lambda job_id: call(*object_job_of(job_id))

        return (yield from _findings(of(bulk_objects.failures), of(bulk_objects.warnings), state, columns))


def read_notes(content: bytes, columns: Sequence[str], code: str) -> list[RowNote]:
    """Read the rows of a failures or warnings file.

    Its last column is the reason. Marketo leaves out columns at the end that are empty in all rows of the
    file, from the header too, and each row may end at its own last value: what is left out is empty.

    :param content: the file; empty where there are no rows.
    :param columns: of the upload. When the file's header names none of them, its cells are in their order.
    """
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig", "replace"), newline=""))
    header = [name.strip() for name in next(lines, [])[:-1]]
    if not set(columns) & set(header):
        header = list(columns)
    notes = []
    for row in filter(None, lines):
        cells = dict(zip(header, row[:-1], strict=False))
        notes.append(RowNote(code, row[-1], [cells.get(name, "") for name in columns]))
    return notes

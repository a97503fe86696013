"""Read the file of an import, import its rows, and write result files."""

import csv
import io
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.imports.store import COMPLETE, FAILED, ImportJob
from airflow_provider_mkt.sandbox.marketo.leads.origin import Origin
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.leads.upsert import (
    UPDATE_ONLY,
    Planned,
    Upsert,
    apply,
    key_of,
    plan,
)
from airflow_provider_mkt.sandbox.marketo.leads.values import Value, is_email, read_value
from airflow_provider_mkt.sandbox.marketo.lists import membership as membership
from airflow_provider_mkt.sandbox.marketo.programs import enrolment, member_data
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.csv_lines import csv_writer
from airflow_provider_mkt.sandbox.server.turns import in_turns

DELIMITERS = {"csv": ",", "tsv": "\t", "ssv": ";"}
ROWS_AT_ONCE = 100
"""Rows that are searched together before they are written."""
ORIGIN = Origin("Web service API", "importLead")


async def read_rows(content: bytes, delimiter: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MarketoError(1003, "File is not UTF-8") from None
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = [row async for row in in_turns(reader) if row]
    except csv.Error as error:
        raise MarketoError(1003, f"File cannot be read: {error}") from None
    if len(rows) < 2:
        raise MarketoError(1003, "Empty file")
    return rows[0], rows[1:]


def result_file(job: ImportJob, rows: list[tuple[list[str], str]], title: str, columns: str) -> str:
    """Return a file of rows with failures or warnings, with the delimiter of the job.

    :param columns: which columns are left out, as the setting `result_files` has it.
    """
    if not rows:
        return ""
    widths = [len(row) if columns == "full" else _filled(row) for row, _ in rows]
    width = len(job.header) if columns == "full" else max(widths)
    out = io.StringIO(newline="")
    write = csv_writer(out, job.delimiter)
    write([*job.header[:width], title])
    for (row, reason), own in zip(rows, widths, strict=True):
        write([*row[: own if columns == "ragged" else width], reason])
    return out.getvalue()


def _filled(row: list[str]) -> int:
    """Return the number of columns up to the last value."""
    return max((place for place, cell in enumerate(row, 1) if cell.strip()), default=0)


class ImportRun:
    """Imports the rows of a job, some at a time: search first, then write.

    An unknown column fails the whole job. A header without the key fails every row.
    """

    def __init__(self, state: MarketoState, job: ImportJob) -> None:
        self._state, self._job = state, job
        self._next = 0
        self._planned: list[tuple[list[str], Planned | MarketoError, dict[str, Value]]] = []
        partition = state.leads.partition(job.partition) if job.partition else None
        self._order = Upsert(
            lookup_field=job.lookup_field, partition=partition, company_fields=True, strict_email=False
        )
        if job.lookup_field == "id":
            self._order.action = UPDATE_ONLY
        member_fields = state.member_schema.fields if job.program_id else {}
        self._unknown = [
            name for name in job.header if name not in state.leads.schema.fields and name not in member_fields
        ]

    def search(self, at: datetime) -> int:
        """Find the leads of the next rows, and return the number of rows."""
        rows = [] if self._unknown else self._job.rows[self._next : self._next + ROWS_AT_ONCE]
        self._next += len(rows)
        self._planned = [(row, *self._plan(row)) for row in rows]
        return len(rows)

    def _plan(self, row: list[str]) -> tuple[Planned | MarketoError, dict[str, Value]]:
        state, job = self._state, self._job
        if len(row) != len(job.header):
            return MarketoError(1003, "Wrong number of columns"), {}
        record: dict[str, object] = dict(zip(job.header, row, strict=True))
        of_member = {
            name: record.pop(name)
            for name in job.header
            if job.program_id and name not in state.leads.schema.fields
        }
        try:
            data = member_data.read(state, of_member)
            return plan(state, self._order, record), data
        except MarketoError as error:
            return error, {}

    def write(self, at: datetime) -> None:
        """Write the rows that were searched last."""
        state, job = self._state, self._job
        created: dict[tuple[str, ...], Lead] = {}
        for row, planned, data in self._planned:
            try:
                if isinstance(planned, MarketoError):
                    raise planned
                key = key_of(state, self._order, planned.values)
                # Within a file, a row finds what an earlier row has created.
                planned.lead = planned.lead or created.get(key)
                lead, status = apply(state, self._order, planned, at, ORIGIN)
                if status == "created":
                    created[key] = lead
                _ref(state, job, lead, data, at)
            except MarketoError as error:
                job.failures.append((row, _reason(state, job, row, error)))
            else:
                job.processed += 1
                if "email" in job.header and not is_email(row[job.header.index("email")]):
                    job.warnings.append((row, "Invalid email address"))

    def finish(self) -> None:
        """Set the final status of the job."""
        job = self._job
        if self._unknown:
            job.status, job.message = FAILED, f"Import failed, field '{self._unknown[0]}' not found"
        else:
            job.status, job.message = COMPLETE, _message(job)


def _ref(state: MarketoState, job: ImportJob, lead: Lead, data: dict[str, Value], at: datetime) -> None:
    if job.list_id is not None:
        membership.add(state, state.static_list(job.list_id), lead, at, ORIGIN.source)
    if job.program_id is None:
        return
    program = state.program(job.program_id)
    status = program.channel.status(job.member_status or "")
    if status:
        enrolment.advance(state, program, lead.id, status, at)
    if lead.id in program.members:
        member_data.write(state, program, program.members[lead.id], data, at, ORIGIN.source)


def _reason(state: MarketoState, job: ImportJob, row: list[str], error: MarketoError) -> str:
    if error.code != "1001":
        return error.message
    for name, value in zip(job.header, row, strict=False):
        known = state.leads.schema.fields.get(name) or state.member_schema.get(name)
        try:
            read_value(known.data_type, known.length, value, strict_email=False)
        except MarketoError:
            return f"Invalid data type in field {known.display_name}"
    return error.message


def _message(job: ImportJob) -> str:
    counts = f"{job.processed} records imported ({job.processed} members)"
    text = f"Import completed with errors, {counts}" if job.failures else f"Import succeeded, {counts}"
    if job.failures:
        text += f", {len(job.failures)} failed"
    if job.warnings:
        text += f", {len(job.warnings)} warning."
    return text

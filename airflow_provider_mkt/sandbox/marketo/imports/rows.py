"""Read the file of an import, import its rows, and write result files."""

import csv
import io
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.imports.store import COMPLETE, FAILED, ImportJob
from airflow_provider_mkt.sandbox.marketo.leads.origin import Origin
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.leads.upsert import UPDATE_ONLY, Upsert, apply, plan
from airflow_provider_mkt.sandbox.marketo.leads.values import Value, is_email, read_value
from airflow_provider_mkt.sandbox.marketo.lists import membership as membership
from airflow_provider_mkt.sandbox.marketo.programs import enrolment, member_data
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

DELIMITERS = {"csv": ",", "tsv": "\t", "ssv": ";"}
ORIGIN = Origin("Web service API", "importLead")


def read_rows(content: bytes, delimiter: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MarketoError(1003, "File is not UTF-8") from None
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error as error:
        raise MarketoError(1003, f"File cannot be read: {error}") from None
    if len(rows) < 2:
        raise MarketoError(1003, "Empty file")
    return [name.strip() for name in rows[0]], rows[1:]


def result_file(job: ImportJob, rows: list[tuple[list[str], str]], title: str) -> str:
    """Return a file of rows with failures or warnings, with the delimiter of the job."""
    # The file without rows is not documented; it is empty here.
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=job.delimiter, lineterminator="\n")
    writer.writerow([*job.header, title])
    writer.writerows([[*row, reason] for row, reason in rows])
    return out.getvalue()


def run_import(state: MarketoState, job: ImportJob, at: datetime) -> None:
    """Import all rows; an unknown column fails the whole job."""
    known = state.member_schema.fields if job.program_id else {}
    unknown = [name for name in job.header if name not in state.leads.schema.fields and name not in known]
    if unknown or job.lookup_field not in job.header:
        job.status = FAILED
        job.message = (
            f"Import failed, field '{unknown[0]}' not found"
            if unknown
            else f"Import failed, lookup field '{job.lookup_field}' is missing from the header"
        )
        return
    partition = state.leads.partition(job.partition) if job.partition else None
    order = Upsert(
        lookup_field=job.lookup_field, partition=partition, company_fields=True, strict_email=False
    )
    if job.lookup_field == "id":
        order.action = UPDATE_ONLY
    for row in job.rows:
        try:
            _import_row(state, job, order, row, at)
        except MarketoError as error:
            job.failures.append((row, _reason(state, job, row, error)))
        else:
            job.processed += 1
            if "email" in job.header and not is_email(row[job.header.index("email")]):
                job.warnings.append((row, "Invalid email address"))
    job.status, job.message = COMPLETE, _message(job)


def _import_row(state: MarketoState, job: ImportJob, order: Upsert, row: list[str], at: datetime) -> None:
    if len(row) != len(job.header):
        raise MarketoError(1003, "Wrong number of columns")
    record: dict[str, object] = dict(zip(job.header, row, strict=True))
    of_member = [one for one in record if one not in state.leads.schema.fields] if job.program_id else []
    data = member_data.read(state, {name: record.pop(name) for name in of_member})
    lead, _ = apply(state, order, plan(state, order, record), at, ORIGIN)
    _ref(state, job, lead, data, at)


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

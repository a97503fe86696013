"""Bulk imports of leads and of program members."""

from airflow_provider_mkt.sandbox.marketo.errors import Problem, missing, object_not_found
from airflow_provider_mkt.sandbox.marketo.imports.rows import DELIMITERS, read_rows, result_file, work_off
from airflow_provider_mkt.sandbox.marketo.imports.store import ImportJob
from airflow_provider_mkt.sandbox.marketo.permissions import WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.requests import path_id, required, whole
from airflow_provider_mkt.sandbox.marketo.responses import BULK, Call, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.server.requests import Query
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(BULK)

SCOPES = (WRITE_LEAD,)
LEADS, MEMBERS = "/leads/batch/{batchId}", "/program/members/import/{batchId}"


@routes.handle("POST", "/leads.json", scopes=SCOPES)
async def import_leads(call: Call) -> Reply:
    params, content = await _upload(call)
    dialect = (params.get("format") or "csv").lower()
    lookup = params.get("lookupField") or "email"
    call.state.leads.schema.key(lookup)
    partition = params.get("partitionName")
    if partition and call.state.leads.partition(partition) is None:
        raise object_not_found("Lead partition", partition)
    list_id = whole(params.get("listId"), "listId") if params.get("listId") else None
    if list_id is not None:
        call.state.static_list(list_id)
    call.state.imports.check_room(list_id)
    job = _job(call, dialect, content)
    job.lookup_field, job.partition, job.list_id = lookup, partition, list_id
    return await _enqueue(call, job)


@routes.handle("POST", "/program/{programId}/members/import.json", scopes=SCOPES)
async def import_members(call: Call) -> Reply:
    program = call.state.program(path_id(call, "programId"))
    params, content = await _upload(call)
    dialect, status = required(params, "format").lower(), required(params, "programMemberStatus")
    if program.channel.status(status) is None:
        raise Problem(1003, f"Program status '{status}' not found")
    call.state.imports.check_room(None)
    job = _job(call, dialect, content)
    job.program_id, job.member_status = program.id, status
    return await _enqueue(call, job)


async def _upload(call: Call) -> tuple[Query, bytes]:
    if call.content_type != "multipart/form-data":
        raise Problem(612, "Invalid Content Type")
    form = await call.form()
    upload = form.files.get("file")
    if upload is None:
        raise missing("file")
    return Query(call.query.pairs + form.fields.pairs), upload.content


def _job(call: Call, dialect: str, content: bytes) -> ImportJob:
    if dialect not in DELIMITERS:
        raise Problem(1003, f"Invalid value '{dialect}' for format. Valid values are {', '.join(DELIMITERS)}")
    header, rows = read_rows(content, DELIMITERS[dialect])
    return ImportJob(call.state.imports.next_id(), call.clock.now(), header, rows, DELIMITERS[dialect])


async def _enqueue(call: Call, job: ImportJob) -> Reply:
    state = call.state
    state.imports.enqueue(job, lambda one, at: work_off(state, one, at))
    await call.work()
    row: Row = {"batchId": job.id, "importId": str(job.id), "status": "Queued"}
    # The contract of leads alone counts from the start.
    return result(call, [row if job.program_id else row | {"numOfLeadsProcessed": 0}])


def _find(call: Call) -> ImportJob:
    job = call.state.imports.get(path_id(call, "batchId"), call.clock.now())
    if bool(job.program_id) != ("/program/" in call.route.template):
        raise object_not_found("Batch", job.id)
    return job


@routes.handle("GET", LEADS + ".json", scopes=SCOPES)
@routes.handle("GET", MEMBERS + "/status.json", scopes=SCOPES)
async def status(call: Call) -> Reply:
    job = _find(call)
    row: Row = {"batchId": job.id, "importId": str(job.id), "status": job.status}
    counters = {
        "numOfLeadsProcessed": job.processed,
        "numOfRowsFailed": len(job.failures),
        "numOfRowsWithWarning": len(job.warnings),
    }
    # The contract of leads always has the counter of processed rows, even while there are none.
    return result(call, [row | counters | {"message": job.message}])


@routes.handle("GET", LEADS + "/failures.json", scopes=SCOPES)
@routes.handle("GET", MEMBERS + "/failures.json", scopes=SCOPES)
async def failures(call: Call) -> Reply:
    job = _find(call)
    return _file(job, result_file(job, job.failures, "Import Failure Reason"))


@routes.handle("GET", LEADS + "/warnings.json", scopes=SCOPES)
@routes.handle("GET", MEMBERS + "/warnings.json", scopes=SCOPES)
async def warnings(call: Call) -> Reply:
    job = _find(call)
    return _file(job, result_file(job, job.warnings, "Import Warning Reason"))


def _file(job: ImportJob, content: str) -> Reply:
    if not job.ended:
        return Reply(404, f"Import {job.id} has not finished")
    return Reply(200, content, {"content-type": "text/csv;charset=UTF-8"})

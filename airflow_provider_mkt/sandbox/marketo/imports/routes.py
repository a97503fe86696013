"""Bulk imports of leads and of program members."""

from starlette.datastructures import QueryParams, UploadFile
from starlette.responses import PlainTextResponse, Response

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing, object_not_found
from airflow_provider_mkt.sandbox.marketo.imports.rows import DELIMITERS, read_rows, result_file, run_import
from airflow_provider_mkt.sandbox.marketo.imports.store import ImportJob
from airflow_provider_mkt.sandbox.marketo.permissions import WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.requests import path_id, required, to_int
from airflow_provider_mkt.sandbox.marketo.responses import BULK, MarketoRequest, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.server.requests import merge_params

routes = MarketoRoutes(BULK)

SCOPES = (WRITE_LEAD,)
LEADS, MEMBERS = "/leads/batch/{batchId}", "/program/members/import/{batchId}"


@routes.handle("POST", "/leads.json", scopes=SCOPES)
async def import_leads(request: MarketoRequest) -> Response:
    params, content = await _upload(request)
    dialect = (params.get("format") or "csv").lower()
    lookup = params.get("lookupField") or "email"
    request.state.leads.schema.key(lookup)
    partition = params.get("partitionName")
    if partition and request.state.leads.partition(partition) is None:
        raise object_not_found("Lead partition", partition)
    list_id = to_int(params.get("listId"), "listId") if params.get("listId") else None
    if list_id is not None:
        request.state.static_list(list_id)
    request.state.imports.check_room(list_id)
    job = _job(request, dialect, content)
    job.lookup_field, job.partition, job.list_id = lookup, partition, list_id
    return await _enqueue(request, job)


@routes.handle("POST", "/program/{programId}/members/import.json", scopes=SCOPES)
async def import_members(request: MarketoRequest) -> Response:
    program = request.state.program(path_id(request, "programId"))
    params, content = await _upload(request)
    dialect, status = required(params, "format").lower(), required(params, "programMemberStatus")
    if program.channel.status(status) is None:
        raise MarketoError(1003, f"Program status '{status}' not found")
    request.state.imports.check_room(None)
    job = _job(request, dialect, content)
    job.program_id, job.member_status = program.id, status
    return await _enqueue(request, job)


async def _upload(request: MarketoRequest) -> tuple[QueryParams, bytes]:
    if request.content_type != "multipart/form-data":
        raise MarketoError(612, "Invalid Content Type")
    form = await request.form_data()
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise missing("file")
    return merge_params(request.query_params, form), await upload.read()


def _job(request: MarketoRequest, dialect: str, content: bytes) -> ImportJob:
    if dialect not in DELIMITERS:
        raise MarketoError(
            1003, f"Invalid value '{dialect}' for format. Valid values are {', '.join(DELIMITERS)}"
        )
    header, rows = read_rows(content, DELIMITERS[dialect])
    return ImportJob(request.state.imports.next_id(), request.clock.now(), header, rows, DELIMITERS[dialect])


async def _enqueue(request: MarketoRequest, job: ImportJob) -> Response:
    state = request.state
    state.imports.enqueue(job, lambda one, at: run_import(state, one, at))
    await request.simulate_latency()
    row: Row = {"batchId": job.id, "importId": str(job.id), "status": "Queued"}
    # Only the schema of leads has this counter in the first response.
    return result(request, [row if job.program_id else row | {"numOfLeadsProcessed": 0}])


def _find(request: MarketoRequest) -> ImportJob:
    job = request.state.imports.get(path_id(request, "batchId"), request.clock.now())
    if bool(job.program_id) != ("/program/" in request.endpoint.template):
        raise object_not_found("Batch", job.id)
    return job


@routes.handle("GET", LEADS + ".json", scopes=SCOPES)
@routes.handle("GET", MEMBERS + "/status.json", scopes=SCOPES)
async def status(request: MarketoRequest) -> Response:
    job = _find(request)
    row: Row = {"batchId": job.id, "importId": str(job.id), "status": job.status}
    counters = {
        "numOfLeadsProcessed": job.processed,
        "numOfRowsFailed": len(job.failures),
        "numOfRowsWithWarning": len(job.warnings),
    }
    # The schema of leads always has the counter of processed rows.
    return result(request, [row | counters | {"message": job.message}])


@routes.handle("GET", LEADS + "/failures.json", scopes=SCOPES)
@routes.handle("GET", MEMBERS + "/failures.json", scopes=SCOPES)
async def failures(request: MarketoRequest) -> Response:
    job = _find(request)
    return _file(job, result_file(job, job.failures, "Import Failure Reason"))


@routes.handle("GET", LEADS + "/warnings.json", scopes=SCOPES)
@routes.handle("GET", MEMBERS + "/warnings.json", scopes=SCOPES)
async def warnings(request: MarketoRequest) -> Response:
    job = _find(request)
    return _file(job, result_file(job, job.warnings, "Import Warning Reason"))


def _file(job: ImportJob, content: str) -> Response:
    if not job.ended:
        return PlainTextResponse(f"Import {job.id} has not finished", 404)
    return Response(content.encode("utf-8", "replace"), media_type="text/csv;charset=UTF-8")

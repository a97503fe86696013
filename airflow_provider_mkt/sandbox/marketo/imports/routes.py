"""Bulk imports of leads, program members and custom objects."""

from starlette.datastructures import QueryParams, UploadFile
from starlette.responses import PlainTextResponse, Response

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing, object_not_found
from airflow_provider_mkt.sandbox.marketo.imports.object_rows import ObjectImportRun
from airflow_provider_mkt.sandbox.marketo.imports.rows import DELIMITERS, ImportRun, read_rows, result_file
from airflow_provider_mkt.sandbox.marketo.imports.store import ImportJob
from airflow_provider_mkt.sandbox.marketo.permissions import WRITE_CUSTOM_OBJECT, WRITE_LEAD
from airflow_provider_mkt.sandbox.marketo.requests import path_id, required, to_int
from airflow_provider_mkt.sandbox.marketo.responses import BULK, MarketoRequest, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.server.requests import merge_params

routes = MarketoRoutes(BULK)

SCOPES = (WRITE_LEAD,)
LEADS, MEMBERS = "/leads/batch/{batchId}", "/program/members/import/{batchId}"
OBJECTS = "/customobjects/{apiName}/import"
OBJECT_JOB = OBJECTS + "/{batchId}"


@routes.handle("POST", "/leads.json", scopes=SCOPES)
async def import_leads(request: MarketoRequest) -> Response:
    params, content = await _upload(request)
    dialect = (params.get("format") or "csv").lower()
    lookup = params.get("lookupField") or None
    if lookup is not None:
        request.state.leads.schema.key(lookup)
    partition = params.get("partitionName")
    if partition and request.state.leads.partition(partition) is None:
        raise object_not_found("Lead partition", partition)
    list_id = to_int(params.get("listId"), "listId") if params.get("listId") else None
    if list_id is not None:
        request.state.static_list(list_id)
    request.state.imports.check_room(list_id)
    job = await _job(request, dialect, content)
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
    job = await _job(request, dialect, content)
    job.program_id, job.member_status = program.id, status
    return await _enqueue(request, job)


@routes.handle("POST", OBJECTS + ".json", scopes=(WRITE_CUSTOM_OBJECT,))
async def import_objects(request: MarketoRequest) -> Response:
    name = request.path_params["apiName"]
    request.state.custom_objects.live(name)
    params, content = await _upload(request)
    request.state.imports.check_room(None)
    job = await _job(request, required(params, "format").lower(), content)
    job.object_name = name
    state = request.state
    state.imports.check_room(None)
    state.imports.enqueue(job, lambda one: ObjectImportRun(state, one))
    await request.simulate_latency()
    return result(request, [_object_row(job)])


def _object_row(job: ImportJob) -> Row:
    return {
        "batchId": job.id,
        "status": job.status,
        "objectApiName": job.object_name,
        "operation": "import",
    }


@routes.handle("GET", OBJECT_JOB + "/status.json", scopes=(WRITE_CUSTOM_OBJECT,))
async def object_status(request: MarketoRequest) -> Response:
    job = _find(request)
    counters: Row = {
        "numOfObjectsProcessed": job.processed,
        "numOfRowsFailed": len(job.failures),
        "numOfRowsWithWarning": len(job.warnings),
        "importTime": "2 second(s)",
        "message": job.message,
    }
    return result(request, [_object_row(job) | (counters if job.ended else {})])


async def _upload(request: MarketoRequest) -> tuple[QueryParams, bytes]:
    if request.content_type != "multipart/form-data":
        raise MarketoError(612, "Invalid Content Type")
    form = await request.form_data()
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise missing("file")
    return merge_params(request.query_params, form), await upload.read()


async def _job(request: MarketoRequest, dialect: str, content: bytes) -> ImportJob:
    if dialect not in DELIMITERS:
        raise MarketoError(
            1003, f"Invalid value '{dialect}' for format. Valid values are {', '.join(DELIMITERS)}"
        )
    header, rows = await read_rows(content, DELIMITERS[dialect])
    return ImportJob(request.state.imports.next_id(), request.clock.now(), header, rows, DELIMITERS[dialect])


async def _enqueue(request: MarketoRequest, job: ImportJob) -> Response:
    state = request.state
    # Again: others may have been accepted while the file was read.
    state.imports.check_room(job.list_id)
    state.imports.enqueue(job, lambda one: ImportRun(state, one))
    await request.simulate_latency()
    row: Row = {"batchId": job.id, "importId": str(job.id), "status": "Queued"}
    # Only the schema of leads has this counter in the first response.
    return result(request, [row if job.program_id else row | {"numOfLeadsProcessed": 0}])


def _find(request: MarketoRequest) -> ImportJob:
    job = request.state.imports.get(path_id(request, "batchId"), request.clock.now())
    template = request.endpoint.template
    of_members, of_object = "/program/" in template, request.path_params.get("apiName")
    if bool(job.program_id) != of_members or job.object_name != of_object:
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
@routes.handle("GET", OBJECT_JOB + "/failures.json", scopes=(WRITE_CUSTOM_OBJECT,))
async def failures(request: MarketoRequest) -> Response:
    job = _find(request)
    return _file(request, job, job.failures, "Import Failure Reason")


@routes.handle("GET", LEADS + "/warnings.json", scopes=SCOPES)
@routes.handle("GET", MEMBERS + "/warnings.json", scopes=SCOPES)
@routes.handle("GET", OBJECT_JOB + "/warnings.json", scopes=(WRITE_CUSTOM_OBJECT,))
async def warnings(request: MarketoRequest) -> Response:
    job = _find(request)
    return _file(request, job, job.warnings, "Import Warning Reason")


def _file(request: MarketoRequest, job: ImportJob, rows: list[tuple[list[str], str]], title: str) -> Response:
    settings = request.state.accounts.settings
    if not job.ended:
        return PlainTextResponse(f"Import {job.id} has not finished", 404)
    if not rows and not settings.empty_result_files:
        return PlainTextResponse(f"Import {job.id} has no such rows", 404)
    content = result_file(job, rows, title, settings.result_files)
    return Response(content.encode("utf-8", "replace"), media_type="text/csv;charset=UTF-8")

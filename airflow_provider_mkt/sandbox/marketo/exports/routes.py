"""Bulk extracts of leads, activities, program members and custom objects."""

import re
from collections.abc import Callable, Mapping

from starlette.responses import PlainTextResponse, Response

from airflow_provider_mkt.sandbox.marketo.account.credential_store import ApiUser
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, MarketoHTTPError
from airflow_provider_mkt.sandbox.marketo.exports import objects, requests
from airflow_provider_mkt.sandbox.marketo.exports.store import (
    ACTIVITIES,
    CANCELLED,
    COMPLETED,
    CREATED,
    FAILED,
    FILE_RETENTION,
    LEADS,
    MEMBERS,
    OBJECTS,
    PROCESSING,
    QUEUED,
    ExportJob,
    Writer,
)
from airflow_provider_mkt.sandbox.marketo.paging import page
from airflow_provider_mkt.sandbox.marketo.permissions import (
    CUSTOM_OBJECTS_READABLE,
    LEADS_READABLE,
    READ_ACTIVITY,
)
from airflow_provider_mkt.sandbox.marketo.requests import json_object
from airflow_provider_mkt.sandbox.marketo.responses import BULK, MarketoRequest, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.routing import Handler

routes = MarketoRoutes(BULK)

PATHS = {
    LEADS: "/leads/export",
    ACTIVITIES: "/activities/export",
    MEMBERS: "/program/members/export",
    OBJECTS: "/customobjects/{apiName}/export",
}
SCOPES = {
    LEADS: LEADS_READABLE,
    ACTIVITIES: (READ_ACTIVITY,),
    MEMBERS: LEADS_READABLE,
    OBJECTS: CUSTOM_OBJECTS_READABLE,
}
READERS: Mapping[str, Callable[[MarketoRequest, Row], Writer]] = {
    LEADS: requests.leads,
    ACTIVITIES: requests.activities,
    MEMBERS: requests.members,
    OBJECTS: objects.read,
}
# Both spellings of one status are documented.
STATUSES = {
    status.lower(): status for status in (CREATED, QUEUED, PROCESSING, COMPLETED, FAILED, CANCELLED)
} | {"canceled": CANCELLED}
CONTENT_TYPES = {"CSV": "text/csv", "TSV": "text/tab-separated-values", "SSV": "text/csv"}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

_Handler = Handler[MarketoState, ApiUser]


def _for_all_kinds(method: str, tail: str) -> Callable[[_Handler], _Handler]:
    def register(handler: _Handler) -> _Handler:
        for kind, path in PATHS.items():
            routes.handle(method, path + tail, scopes=SCOPES[kind], kind=kind)(handler)
        return handler

    return register


@_for_all_kinds("POST", "/create.json")
async def create(request: MarketoRequest) -> Response:
    kind, state, now = _kind(request), request.state, request.clock.now()
    body = await json_object(request)
    state.exports.check_quota(state.accounts.settings.export_quota_bytes, now)
    write = READERS[_group(request)](request, body)
    job = state.exports.create(kind, request.token.email, requests.format_of(body), now, write)
    await request.simulate_latency()
    return result(request, [_row(request, job)])


@_for_all_kinds("POST", "/{exportId}/enqueue.json")
async def enqueue(request: MarketoRequest) -> Response:
    job, state, now = _job(request), request.state, request.clock.now()
    if job.status == CREATED:
        state.exports.check_quota(state.accounts.settings.export_quota_bytes, now)
    state.exports.enqueue(job, now)
    await request.simulate_latency()
    return result(request, [_row(request, job)])


@_for_all_kinds("POST", "/{exportId}/cancel.json")
async def cancel(request: MarketoRequest) -> Response:
    job = _job(request)
    request.state.exports.cancel(job, request.clock.now())
    await request.simulate_latency()
    return result(request, [_row(request, job)])


@_for_all_kinds("GET", "/{exportId}/status.json")
async def status(request: MarketoRequest) -> Response:
    return result(request, [_row(request, _job(request))])


@_for_all_kinds("GET", ".json")
async def jobs(request: MarketoRequest) -> Response:
    statuses = [status.lower() for status in request.list_param("status")]
    for status in statuses:
        if status not in STATUSES:
            raise MarketoError(1003, f"Invalid value '{status}' for status")
    wanted = {STATUSES[status] for status in statuses}
    listed = request.state.exports.listed(_kind(request), request.token.email, request.clock.now())
    chosen = [job for job in listed if not wanted or job.status in wanted]
    rows, more = page(request, chosen, lambda job: job.number, says_more=False)
    return result(request, [_row(request, job) for job in rows], **more)


@_for_all_kinds("GET", "/{exportId}/file.json")
async def file(request: MarketoRequest) -> Response:
    try:
        job = _job(request)
    except MarketoError as error:
        raise MarketoHTTPError(404, error.message) from None
    content = job.extract.content
    if job.status != COMPLETED or not content:
        raise MarketoHTTPError(404, f"Export job '{job.id}' has no file: it is {job.status}")
    if job.finished_at is None or request.clock.now() > job.finished_at + FILE_RETENTION:
        raise MarketoHTTPError(404, f"The file of export job '{job.id}' has expired")
    return _cut(content, request.headers.get("range", ""), f"{CONTENT_TYPES[job.format]};charset=UTF-8")


def _cut(content: bytes, wanted: str, kind: str) -> Response:
    """Return the bytes of a `Range` header; an invalid one is ignored."""
    headers = {"content-type": kind, "accept-ranges": "bytes"}
    total, parsed = len(content), _RANGE.fullmatch(wanted.strip())
    first, last = (parsed[1], parsed[2]) if parsed else ("", "")
    if (not first and not last) or (first and last and int(last) < int(first)):
        return Response(content, headers=headers)
    start = int(first) if first else max(total - int(last), 0)
    end = min(int(last), total - 1) if first and last else total - 1
    if start > end:
        return PlainTextResponse(
            "Requested Range Not Satisfiable", 416, {"content-range": f"bytes */{total}"}
        )
    return Response(
        content[start : end + 1], 206, headers | {"content-range": f"bytes {start}-{end}/{total}"}
    )


def _group(request: MarketoRequest) -> str:
    return str(request.endpoint.options["kind"])


def _kind(request: MarketoRequest) -> str:
    """Return the kind of the jobs that a request is about; each custom object has its own."""
    api_name = request.path_params.get("apiName")
    if api_name is None:
        return _group(request)
    request.state.custom_objects.live(api_name)
    return f"{_group(request)} {api_name}"


def _job(request: MarketoRequest) -> ExportJob:
    return request.state.exports.get(
        request.path_params["exportId"], _kind(request), request.token.email, request.clock.now()
    )


def _row(request: MarketoRequest, job: ExportJob) -> Row:
    canceled = request.state.accounts.settings.canceled_status
    row: Row = {
        "exportId": job.id,
        "format": job.format,
        "status": canceled if job.status == CANCELLED else job.status,
        "createdAt": lead_time(job.created_at),
    }
    moments = {"queuedAt": job.queued_at, "startedAt": job.started_at, "finishedAt": job.finished_at}
    row |= {name: lead_time(moment) for name, moment in moments.items() if moment}
    if job.status == COMPLETED:
        row |= {
            "numberOfRecords": job.extract.records,
            "fileSize": len(job.extract.content),
            "fileChecksum": job.extract.checksum,
        }
    return row | ({"errorMsg": job.error} if job.status == FAILED else {})

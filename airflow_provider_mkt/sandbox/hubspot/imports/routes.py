"""Start, list, get and cancel imports, and list their errors. An app sees its own imports only."""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found, unsupported_media
from airflow_provider_mkt.sandbox.hubspot.imports.models import CANCELED, ENDED, Import, RowError
from airflow_provider_mkt.sandbox.hubspot.imports.requests import (
    over_the_limit,
    read_file,
    read_order,
)
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, int_param
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.hubspot.versions import dated
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.requests import merge_params
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

SCOPES = ("crm.import",)
# Not documented for these lists; the values of most other lists are assumed.
USUAL_PAGE, LARGEST_PAGE = 10, 100

routes = HubSpotRoutes("/crm/v3/imports", *dated("/crm/imports/{v}"))


@routes.handle("GET", "", scopes=SCOPES)
async def list_imports(request: HubSpotRequest) -> Response:
    limit = _limit(request)
    await request.simulate_latency()
    found, paging = page(
        request.state.imports.of_app(request.token.app), request.query_params.get("after"), limit
    )
    return JSONResponse({"results": [_view(one) for one in found], **paging})


@routes.handle("POST", "", scopes=SCOPES)
async def start_import(request: HubSpotRequest) -> Response:
    """Start an import. A repeated request starts another one, even with the same name."""
    if request.content_type != "multipart/form-data":
        raise unsupported_media(request.content_type)
    form = await request.form_data()
    order = read_order(merge_params(form).get("importRequest"))
    files = [(one.filename, await one.read()) for _, one in form.multi_items() if isinstance(one, UploadFile)]
    file = await read_file(request, order, files)
    lines, settings, imports = file.lines, request.state.settings, request.state.imports
    if len(lines) > settings.import_rows_per_file:
        raise over_the_limit(f"The file has more than {settings.import_rows_per_file} rows")
    if imports.rows_today() + len(lines) > settings.import_rows_per_day:
        raise over_the_limit("You have reached your daily limit of imported rows.")
    await request.simulate_latency()
    now = request.clock.time()
    one = Import(
        imports.next_id(),
        request.token.app,
        order,
        file.kind,
        file.columns,
        lines,
        imports.next_file(),
        created=now,
        updated=now,
        operation=(order.get("importOperations") or {}).get(file.kind.id, "UPSERT"),
        date_format=order.get("dateFormat") or "MONTH_DAY_YEAR",
        zone=order.get("timeZone") or seed.TIME_ZONE,
        broken=file.broken,
    )
    if order.get("createContactListFromImport"):
        lists, name = request.state.lists, one.name
        # Names of lists are unique, but names of imports are not.
        name_exists = lists.named(file.kind.id, name) is not None
        one.list_id = lists.create(f"{name} ({one.id})" if name_exists else name).id
    imports.add(one)
    return JSONResponse(_view(one))


@routes.handle("GET", "/{importId}", scopes=SCOPES)
async def get_import(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse(_view(_find(request)))


@routes.handle("POST", "/{importId}/cancel", scopes=SCOPES)
async def cancel_import(request: HubSpotRequest) -> Response:
    """Cancel an import; repeating it is allowed. One that has ended cannot be cancelled (not documented)."""
    began = request.clock.time()
    await request.simulate_latency()
    one = _find(request)
    if one.state != CANCELED:
        if one.state in ENDED:
            msg = f"The import is {one.state} and cannot be canceled"
            raise invalid(msg)
        request.state.imports.cancel(one)
    ended = iso(request.clock.time())
    return JSONResponse({"status": "COMPLETE", "startedAt": iso(began), "completedAt": ended})


@routes.handle("GET", "/{importId}/errors", scopes=SCOPES)
async def list_errors(request: HubSpotRequest) -> Response:
    """List errors, which appear some time after the rows and the state."""
    limit = _limit(request)
    with_message = bool_param(request.query_params.get("includeErrorMessage"), "includeErrorMessage")
    with_row = bool_param(request.query_params.get("includeRowData"), "includeRowData")
    await request.simulate_latency()
    one = _find(request)
    until = request.clock.time() - request.state.settings.import_error_lag
    visible = [error for error in one.errors if error.at <= until]
    found, paging = page(visible, request.query_params.get("after"), limit)
    return JSONResponse(
        {"results": [_error(one, error, with_message, with_row) for error in found], **paging}
    )


def _limit(request: HubSpotRequest) -> int:
    return int_param(request.query_params.get("limit"), "limit", USUAL_PAGE, 1, LARGEST_PAGE)


def _find(request: HubSpotRequest) -> Import:
    given = request.path_params["importId"]
    if not given.isascii() or not given.isdigit():
        msg = f"importId must be a number, not {given!r}"
        raise invalid(msg)
    request.state.imports.run_due_work()
    one = request.state.imports.get(given, request.token.app)
    if one is None:
        raise not_found(f"No import with id {given}")
    return one


def _view(one: Import) -> JsonObject:
    return {
        "id": one.id,
        "state": one.state,
        "importName": one.name,
        "importSource": "API",
        "importRequestJson": one.order,
        "createdAt": iso(one.created),
        "updatedAt": iso(one.updated),
        "mappedObjectTypeIds": [one.kind.id],
        "optOutImport": False,
        "metadata": {"counters": dict(one.counters), "fileIds": [one.file_id], "objectLists": _lists(one)},
    }


def _lists(one: Import) -> list[dict[str, str]]:
    return [{"listId": one.list_id, "objectType": "CONTACT"}] if one.list_id is not None else []


def _error(one: Import, error: RowError, with_message: bool, with_row: bool) -> JsonObject:
    source: JsonObject = {
        "lineNumber": error.line,
        "fileId": int(one.file_id),
        "containsEncryptedProperties": False,
        "rowData": error.cells if with_row else [],
        "additionalRowData": [],
    }
    view: JsonObject = {
        "id": error.id,
        "createdAt": int(error.at * 1000),
        "errorType": error.kind,
        "objectTypeId": one.kind.id,
        "sourceData": source,
    }
    if not one.kind.schema:
        # Which of the legacy names a custom object has is not documented.
        view["objectType"] = one.kind.noun
    if with_message:
        view["errorMessage"] = error.message
    if error.column is not None:
        view |= {"knownColumnNumber": error.column, "invalidValue": error.value}
    return view

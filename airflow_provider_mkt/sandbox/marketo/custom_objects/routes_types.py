"""Custom object types: list, describe, change, approve, discard and delete."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.custom_objects.types import DATA_TYPES, CustomObjectType
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, object_not_found
from airflow_provider_mkt.sandbox.marketo.object_calls import described
from airflow_provider_mkt.sandbox.marketo.permissions import OBJECT_TYPES_READABLE, WRITE_OBJECT_TYPE
from airflow_provider_mkt.sandbox.marketo.requests import json_object, records
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.marketo.times import lead_time

routes = MarketoRoutes(LEAD)

SCHEMA = "/customobjects/schema"
TYPE = SCHEMA + "/{apiName}"
STATES = ("draft", "approved", "approvedWithDraft")
WRITERS = (WRITE_OBJECT_TYPE,)


@routes.handle("GET", SCHEMA + ".json", scopes=OBJECT_TYPES_READABLE)
async def list_types(request: MarketoRequest) -> Response:
    _check_subscription(request)
    names, state = request.list_param("names"), _state(request)
    found = [
        one
        for one in request.state.custom_objects.types.values()
        if (not names or one.api_name in names) and state in (None, one.state)
    ]
    return result(request, [_row(request, one, None) for one in found])


@routes.handle("GET", TYPE + "/describe.json", scopes=OBJECT_TYPES_READABLE)
async def describe_type(request: MarketoRequest) -> Response:
    _check_subscription(request)
    return result(request, [_row(request, _type(request), _state(request))])


@routes.handle("POST", SCHEMA + ".json", scopes=WRITERS)
async def sync_type(request: MarketoRequest) -> Response:
    body = await _body(request)
    request.state.custom_objects.sync(body, request.clock.now())
    return result(request, [])


@routes.handle("POST", TYPE + "/addField.json", scopes=WRITERS)
async def add_fields(request: MarketoRequest) -> Response:
    rows = records(await _body(request))
    request.state.custom_objects.add_fields(_name(request), rows, request.clock.now())
    return result(request, [])


@routes.handle("POST", TYPE + "/{fieldApiName}/updateField.json", scopes=WRITERS)
async def update_field(request: MarketoRequest) -> Response:
    body = await _body(request)
    field_name = request.path_params["fieldApiName"]
    request.state.custom_objects.update_field(_name(request), field_name, body, request.clock.now())
    return result(request, [])


@routes.handle("POST", TYPE + "/deleteField.json", scopes=WRITERS)
async def delete_fields(request: MarketoRequest) -> Response:
    rows = records(await _body(request))
    request.state.custom_objects.delete_fields(_name(request), rows, request.clock.now())
    return result(request, [])


@routes.handle("POST", TYPE + "/approve.json", scopes=WRITERS)
async def approve(request: MarketoRequest) -> Response:
    _check_subscription(request)
    request.state.custom_objects.approve(_name(request), request.clock.now())
    return result(request, [])


@routes.handle("POST", TYPE + "/discardDraft.json", scopes=WRITERS)
async def discard_draft(request: MarketoRequest) -> Response:
    _check_subscription(request)
    request.state.custom_objects.discard(_name(request), request.clock.now())
    return result(request, [])


@routes.handle("POST", TYPE + "/delete.json", scopes=WRITERS)
async def delete_type(request: MarketoRequest) -> Response:
    _check_subscription(request)
    request.state.custom_objects.delete(_name(request))
    return result(request, [])


@routes.handle("GET", SCHEMA + "/fieldDataTypes.json", scopes=OBJECT_TYPES_READABLE)
async def list_data_types(request: MarketoRequest) -> Response:
    _check_subscription(request)
    return result(request, [*DATA_TYPES])  # type: ignore[list-item]


@routes.handle("GET", SCHEMA + "/linkableObjects.json", scopes=OBJECT_TYPES_READABLE)
async def list_linkable_objects(request: MarketoRequest) -> Response:
    _check_subscription(request)
    rows: list[Row] = [
        {
            "name": name,
            "displayName": name,
            "fields": [
                {"name": field, "displayName": field, "dataType": data_type}
                for field, data_type in fields.items()
            ],
        }
        for name, fields in request.state.custom_objects.linkable().items()
    ]
    return result(request, rows)


@routes.handle("GET", TYPE + "/dependentAssets.json", scopes=OBJECT_TYPES_READABLE)
async def list_dependent_assets(request: MarketoRequest) -> Response:
    _check_subscription(request)
    places = {name: place for place, name in enumerate(request.state.custom_objects.types, 1)}
    rows: list[Row] = [
        {
            "assetType": "Custom Object",
            "assetId": places[other.api_name],
            "assetName": other.latest.display_name,
            "usedFields": [field],
        }
        for other, field in request.state.custom_objects.users(_type(request))
    ]
    return result(request, rows)


def _check_subscription(request: MarketoRequest) -> None:
    if not request.state.accounts.settings.custom_object_types:
        raise MarketoError(616, "Invalid subscription type")


async def _body(request: MarketoRequest) -> Row:
    _check_subscription(request)
    return await json_object(request)


def _name(request: MarketoRequest) -> str:
    return str(request.path_params["apiName"])


def _type(request: MarketoRequest) -> CustomObjectType:
    return request.state.custom_objects.get(_name(request))


def _state(request: MarketoRequest) -> str | None:
    state = request.query_params.get("state")
    if state is not None and state not in STATES:
        raise MarketoError(1003, f"Invalid value '{state}' for state. Valid values are {', '.join(STATES)}")
    return state


def _row(request: MarketoRequest, one: CustomObjectType, state: str | None) -> Row:
    version = one.draft if state == "draft" else one.live if state else one.live or one.draft
    if version is None:
        raise object_not_found("Custom object version", f"{one.api_name} {state}")
    return described(request.state.custom_objects.model(one, version)) | {
        "state": one.state,
        "version": "draft" if version is one.draft else "approved",
        "createdAt": lead_time(one.created_at),
        "updatedAt": lead_time(one.updated_at),
    }

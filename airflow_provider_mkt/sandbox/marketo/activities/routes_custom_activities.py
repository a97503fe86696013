"""Custom activities and their types."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.activities.custom_type_store import CustomType
from airflow_provider_mkt.sandbox.marketo.errors import (
    MarketoError,
    field_not_found,
    missing,
    object_not_found,
    wrong_type,
)
from airflow_provider_mkt.sandbox.marketo.leads.access import lead_of
from airflow_provider_mkt.sandbox.marketo.leads.values import STRING_LIMIT, Value, read_value
from airflow_provider_mkt.sandbox.marketo.permissions import (
    METADATA_READABLE,
    WRITE_ACTIVITY,
    WRITE_ACTIVITY_METADATA,
)
from airflow_provider_mkt.sandbox.marketo.requests import json_object, records, to_bool, to_int
from airflow_provider_mkt.sandbox.marketo.responses import LEAD, MarketoRequest, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.marketo.times import parse_moment
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

routes = MarketoRoutes(LEAD)

LARGEST_ATTRIBUTES = 65_536
TYPE = "/activities/external/type/{apiName}"
WRITE = (WRITE_ACTIVITY_METADATA,)


@routes.handle("GET", "/activities/external/types.json", scopes=METADATA_READABLE)
async def list_types(request: MarketoRequest) -> Response:
    return result(request, [_view(one) for one in request.state.custom_types.types.values()])


@routes.handle("GET", TYPE + "/describe.json", scopes=METADATA_READABLE)
async def describe_type(request: MarketoRequest) -> Response:
    """Return a version of a type. The response for a type without it is not documented; it is 1013 here."""
    one = request.state.custom_types.get(request.path_params["apiName"])
    draft = to_bool(request.query_params.get("draft"), default=False)
    version = one.draft if draft else one.live
    if version is None:
        raise object_not_found(f"{'Draft' if draft else 'Approved'} custom activity type", one.api_name)
    return result(request, [one.row(version)])


@routes.handle("POST", "/activities/external/type.json", scopes=WRITE)
async def create_type(request: MarketoRequest) -> Response:
    return _answer(
        request, request.state.custom_types.create(await json_object(request), request.clock.now())
    )


@routes.handle("POST", TYPE + ".json", scopes=WRITE)
async def update_type(request: MarketoRequest) -> Response:
    body = await json_object(request)
    return _answer(
        request, request.state.custom_types.update(request.path_params["apiName"], body, request.clock.now())
    )


@routes.handle("POST", TYPE + "/attributes/{verb}.json", scopes=WRITE)
async def attributes(request: MarketoRequest) -> Response:
    types = request.state.custom_types
    actions = {
        "create": types.add_attributes,
        "update": types.update_attributes,
        "delete": types.delete_attributes,
    }
    action = actions.get(request.path_params["verb"])
    if action is None:
        raise MarketoError(610, f"Requested resource not found: {request.path}")
    rows = (await json_object(request)).get("attributes")
    if not rows:
        raise missing("attributes")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong_type("attributes", "array of objects")
    return _answer(request, action(request.path_params["apiName"], rows, request.clock.now()))


@routes.handle("POST", TYPE + "/approve.json", scopes=WRITE)
async def approve(request: MarketoRequest) -> Response:
    return _answer(
        request, request.state.custom_types.approve(request.path_params["apiName"], request.clock.now())
    )


@routes.handle("POST", TYPE + "/discardDraft.json", scopes=WRITE)
async def discard(request: MarketoRequest) -> Response:
    return _answer(
        request, request.state.custom_types.discard(request.path_params["apiName"], request.clock.now())
    )


@routes.handle("POST", TYPE + "/delete.json", scopes=WRITE)
async def delete_type(request: MarketoRequest) -> Response:
    one = request.state.custom_types.delete(request.path_params["apiName"])
    return result(request, [_view(one) | {"status": "deleted"}])


def _answer(request: MarketoRequest, one: CustomType) -> Response:
    return result(request, [one.row(one.latest)])


def _view(one: CustomType) -> Row:
    return one.row(one.live or one.latest)


@routes.handle("POST", "/activities/external.json", scopes=(WRITE_ACTIVITY,))
async def add(request: MarketoRequest) -> Response:
    """Add activities. There is no key: a repeated request adds them again."""
    answers: list[Row] = []
    for row in records(await json_object(request)):
        try:
            answers.append(_log(request, row))
        except MarketoError as error:
            # Only here, the reasons of a skipped record are called errors.
            answers.append({"status": "skipped", "errors": [error.reason]})
    return result(request, answers)


def _log(request: MarketoRequest, row: JsonObject) -> Row:
    for key in ("leadId", "activityDate", "activityTypeId", "primaryAttributeValue"):
        if row.get(key) in (None, ""):
            raise missing(key)
    if not isinstance(row.get("attributes"), list):
        raise missing("attributes")
    lead = lead_of(request, to_int(row["leadId"], "leadId"))
    type_id = to_int(row["activityTypeId"], "activityTypeId")
    version = request.state.custom_types.live(type_id)
    if version is None or version.primary is None:
        raise MarketoError(1003, f"Activity type '{type_id}' is not an approved custom activity type")
    date, now = parse_moment(row["activityDate"]), request.clock.now()
    if date is None:
        raise wrong_type(row["activityDate"], "datetime")
    if date > now:
        # Not documented. Readers would miss all activities until that time, so it is rejected.
        raise MarketoError(1003, "activityDate must not be in the future")
    known = {key: one for one in version.attributes for key in (one.name, one.api_name)}
    values: dict[str, Value] = {}
    for given in row["attributes"]:
        name = str(given.get("apiName") or given.get("name") or "") if isinstance(given, dict) else ""
        if name not in known:
            raise field_not_found(name)
        values[known[name].name] = read_value(known[name].data_type, None, given.get("value"))
    if sum(len(str(value).encode()) for value in values.values()) > LARGEST_ATTRIBUTES:
        raise MarketoError(1049, f"Attributes are longer than {LARGEST_ATTRIBUTES} bytes together")
    primary = read_value(version.primary.data_type, STRING_LIMIT, row["primaryAttributeValue"])
    logged = request.state.log.add(
        type_id, lead.id, date, dict(values), primary=(None, str(primary)), committed_at=now
    )
    return {"id": logged.id, "marketoGUID": logged.guid, "status": "added"}

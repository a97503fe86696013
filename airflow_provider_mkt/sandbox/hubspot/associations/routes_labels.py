"""Labels of associations, and how many of them a record may have."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.associations import BETWEEN
from airflow_provider_mkt.sandbox.hubspot.associations.requests import pair_of, scopes_of, write_scopes_of
from airflow_provider_mkt.sandbox.hubspot.associations.store import (
    CATEGORIES,
    LABELS_PER_PAIR,
    USER,
    AssociationType,
)
from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.requests import read_inputs, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import CONCURRENCY, DAILY
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_GATES = (CONCURRENCY, DAILY)
_MAX_INPUTS = 100

# The specification has the second path, the documentation the others.
routes = HubSpotRoutes(
    *(f"{one}/{{fromObjectType}}/{{toObjectType}}" for one in (*BETWEEN, "/crm/associations/v4"))
)
limits = HubSpotRoutes(*(f"{one}/definitions/configurations" for one in (*BETWEEN, "/crm/associations/v4")))


@routes.handle("GET", "/labels", scopes_of=scopes_of, gates=_GATES)
async def list_labels(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    every = request.state.associations.types(*pair_of(request))
    return JSONResponse({"results": [one.view() for one in every]})


@routes.handle("POST", "/labels", scopes_of=write_scopes_of, gates=_GATES)
async def create_label(request: HubSpotRequest) -> Response:
    body = await read_object(request, "PublicAssociationDefinitionCreateRequest", ["name", "label"])
    name, label, inverse = body["name"], body["label"], body.get("inverseLabel")
    if not all(isinstance(one, str) and one for one in (name, label)) or not isinstance(inverse, str | None):
        raise invalid("name and label must be strings, and inverseLabel too if it is given")
    kind, other = pair_of(request)
    await request.simulate_latency()
    store = request.state.associations
    known = [one for one in store.types(kind, other) if one.category == USER]
    if any(name == one.name or label == one.label for one in known):
        # The answer to a label that exists is not documented.
        msg = f"There is a label with the name {name} or the label {label} already"
        raise invalid(msg)
    if len(known) >= LABELS_PER_PAIR:
        msg = f"Two object types can have {LABELS_PER_PAIR} labels"
        raise invalid(msg)
    made = store.add_label(kind, other, name, label, inverse)
    return JSONResponse({"results": [one.view() for one in made]})


@routes.handle("PUT", "/labels", scopes_of=write_scopes_of, gates=_GATES)
async def update_label(request: HubSpotRequest) -> Response:
    schema = "PublicAssociationDefinitionUpdateRequest"
    body = await read_object(request, schema, ["associationTypeId", "label"])
    label, inverse = body["label"], body.get("inverseLabel")
    if not isinstance(label, str) or not label or not isinstance(inverse, str | None):
        raise invalid("label must be a string, and inverseLabel too if it is given")
    kind, other = pair_of(request)
    await request.simulate_latency()
    one, store = _own_label(request, body["associationTypeId"]), request.state.associations
    if any(label == each.label for each in store.types(kind, other) if each != one):
        msg = f"There is a label {label} already"
        raise invalid(msg)
    store.change_label(kind, other, one, label, inverse)
    return Response(status_code=204)


@routes.handle("DELETE", "/labels/{associationTypeId}", scopes_of=write_scopes_of, gates=_GATES)
async def delete_label(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    one = _own_label(request, request.path_params["associationTypeId"])
    request.state.associations.remove_label(*pair_of(request), one)
    return Response(status_code=204)


def _own_label(request: HubSpotRequest, type_id: object) -> AssociationType:
    """Return a label of the account by its id.

    :raises HubSpotError: 400, there is none; what HubSpot answers is not documented.
    """
    kind, other = pair_of(request)
    known = request.state.associations.types(kind, other)
    found = next((one for one in known if one.category == USER and str(one.id) == str(type_id)), None)
    if found is None:
        msg = f"{USER} {type_id} is no label from {kind.name} to {other.name}"
        raise invalid(msg)
    return found


@limits.handle("GET", "/all", gates=_GATES)
async def list_limits(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse({"results": _limits(request)})


@limits.handle("GET", "/{fromObjectType}/{toObjectType}", scopes_of=scopes_of, gates=_GATES)
async def get_limits(request: HubSpotRequest) -> Response:
    kind, other = pair_of(request)
    await request.simulate_latency()
    return JSONResponse({"results": _limits(request, (kind.id, other.id))})


@limits.handle(
    "POST", "/{fromObjectType}/{toObjectType}/batch/create", scopes_of=write_scopes_of, gates=_GATES
)
async def create_limits(request: HubSpotRequest) -> Response:
    began, (kind, other) = request.clock.time(), pair_of(request)
    schema = "PublicAssociationDefinitionConfigurationCreateRequest"
    inputs = await read_inputs(request, schema, _MAX_INPUTS, ["typeId", "maxToObjectIds"])
    wanted = []
    for item in inputs:
        numbers = item["typeId"], item["maxToObjectIds"]
        if any(isinstance(one, bool) or not isinstance(one, int) or one < 1 for one in numbers):
            raise invalid("typeId and maxToObjectIds must be whole numbers from 1")
        # The samples of 2026-09 leave the category out.
        category = item.get("category") or CATEGORIES[0]
        if (
            not isinstance(category, str)
            or request.state.associations.find(kind, other, category, numbers[0]) is None
        ):
            msg = f"{category} {numbers[0]} is no type of association from {kind.name} to {other.name}"
            raise invalid(msg)
        wanted.append((category, *numbers))
    await request.simulate_latency()
    for category, number, most in wanted:
        request.state.associations.limits[kind.id, other.id, category, number] = most
    return batch_response(request, _limits(request, (kind.id, other.id)), [], began=began, success=201)


def _limits(request: HubSpotRequest, pair: tuple[str, str] | None = None) -> list[JsonObject]:
    return [
        {
            "fromObjectTypeId": one,
            "toObjectTypeId": two,
            "category": category,
            "typeId": number,
            "label": None,
            "userEnforcedMaxToObjectIds": most,
        }
        for (one, two, category, number), most in request.state.associations.limits.items()
        if pair in (None, (one, two))
    ]

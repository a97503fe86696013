"""Schemas of custom objects."""

from __future__ import annotations

import re

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.hubspot.properties.requests import FORMS, TYPES
from airflow_provider_mkt.sandbox.hubspot.properties.views import property_view
from airflow_provider_mkt.sandbox.hubspot.requests import array, bool_param, check_object, names, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.hubspot.versions import dated
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

READ, WRITE = ("crm.schemas.custom.read",), ("crm.schemas.custom.write",)
MAX_TYPES = 10
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,49}")
_SCHEMA, _PROPERTY = "ObjectSchemaEgg", "ObjectTypePropertyCreate"

# The guide has the first path, HubSpot's clients the second.
routes = HubSpotRoutes(
    "/crm/v3/schemas", "/crm-object-schemas/v3/schemas", *dated("/crm-object-schemas/{v}/schemas")
)


@routes.handle("GET", "", scopes=READ)
async def list_schemas(request: HubSpotRequest) -> Response:
    archived = bool_param(request.query_params.get("archived"), "archived")
    await request.simulate_latency()
    objects = request.state.objects
    every = objects.archived.values() if archived else [one for one in objects if one.schema]
    return JSONResponse({"results": [_view(one, archived=archived) for one in every]})


@routes.handle("POST", "", scopes=WRITE)
async def create_schema(request: HubSpotRequest) -> Response:
    """Create a custom object type. What HubSpot answers to a name that exists is not documented."""
    body = await read_object(request, _SCHEMA, ["name", "labels", "requiredProperties", "properties"])
    name, labels = body["name"], check_object(body["labels"], "ObjectTypeDefinitionLabels")
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        msg = f"name must be letters, digits and underscores, a letter first: {name!r}"
        raise invalid(msg)
    if not all(isinstance(labels.get(one), str | None) for one in ("singular", "plural")):
        raise invalid("labels must be strings")
    if not all(isinstance(body.get(one), str | None) for one in ("description", "primaryDisplayProperty")):
        raise invalid("description and primaryDisplayProperty must be strings")
    properties = [_property(one) for one in array(body, "properties", _SCHEMA)]
    known = {str(one["name"]) for one in properties}
    wanted = [
        *names(body, "requiredProperties", _SCHEMA),
        *names(body, "searchableProperties", _SCHEMA),
        *names(body, "secondaryDisplayProperties", _SCHEMA),
        *([body["primaryDisplayProperty"]] if body.get("primaryDisplayProperty") is not None else []),
    ]
    for one in wanted:
        if one not in known:
            msg = f"Property {one!r} is not among the properties of the schema"
            raise invalid(msg)
    objects = request.state.objects
    for other in names(body, "associatedObjects", _SCHEMA):
        if objects.find(other) is None:
            msg = f"Unable to infer object type from: {other!r}"
            raise invalid(msg)
    await request.simulate_latency()
    if objects.find(name) is not None:
        raise HubSpotError(409, "OBJECT_ALREADY_EXISTS", f"An object type named '{name}' already exists.")
    if sum(1 for one in objects if one.schema) >= MAX_TYPES:
        msg = f"The account can have {MAX_TYPES} custom object types"
        raise invalid(msg)
    now = iso(request.clock.time())
    made = objects.add_custom({**body, "createdAt": now, "updatedAt": now}, properties)
    return JSONResponse(_view(made), 201)


@routes.handle("GET", "/{schemaType}", scopes=READ)
async def get_schema(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse(_view(_find(request)))


@routes.handle("DELETE", "/{schemaType}", scopes=WRITE)
async def delete_schema(request: HubSpotRequest) -> Response:
    """Delete a custom object type. One that has records cannot be deleted."""
    await request.simulate_latency()
    kind = _find(request)
    if next(iter(kind.store.live()), None) is not None:
        msg = f"{kind.name} has records; delete them first"
        raise invalid(msg)
    request.state.objects.remove(kind)
    return Response(status_code=204)


def _find(request: HubSpotRequest) -> ObjectType:
    found = request.state.objects.find(request.path_params["schemaType"])
    if found is None or not found.schema:
        msg = f"There is no custom object type {request.path_params['schemaType']}"
        raise not_found(msg)
    return found


def _property(given: object) -> JsonObject:
    body = check_object(given, _PROPERTY, ["name", "label", "type", "fieldType"])
    if not all(isinstance(body[one], str) for one in ("name", "label")):
        raise invalid("name and label of a property must be strings")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", body["name"]):
        msg = f"name must be lower-case letters, digits and underscores, a letter first: {body['name']!r}"
        raise invalid(msg)
    if body["type"] not in TYPES or body["fieldType"] not in FORMS:
        msg = f"type or fieldType of {body['name']} is unknown"
        raise invalid(msg)
    if not isinstance(body.get("groupName"), str | None):
        raise invalid("groupName must be a string")
    options = [
        check_object(one, "OptionInput", ["label", "value"]) for one in array(body, "options", _PROPERTY)
    ]
    return {**body, "options": options}


def _view(kind: ObjectType, *, archived: bool = False) -> JsonObject:
    schema = kind.schema
    return {
        "id": kind.id.removeprefix("2-"),
        "objectTypeId": kind.id,
        "fullyQualifiedName": kind.name,
        "name": schema["name"],
        "labels": schema["labels"],
        "description": schema.get("description"),
        "requiredProperties": schema["requiredProperties"],
        "searchableProperties": schema.get("searchableProperties") or [],
        "secondaryDisplayProperties": schema.get("secondaryDisplayProperties") or [],
        "primaryDisplayProperty": schema.get("primaryDisplayProperty"),
        "allowsSensitiveProperties": schema.get("allowsSensitiveProperties") is True,
        "archived": archived,
        "createdAt": schema["createdAt"],
        "updatedAt": schema["updatedAt"],
        "associations": [],
        "properties": [property_view(one, kind.properties.default_group) for one in kind.properties.live()],
    }

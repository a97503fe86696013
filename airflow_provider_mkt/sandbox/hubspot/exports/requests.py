"""Read the request of an export."""

from __future__ import annotations

import re

from airflow_provider_mkt.sandbox.hubspot.errors import bad_properties, bad_shape, invalid
from airflow_provider_mkt.sandbox.hubspot.exports.models import Order
from airflow_provider_mkt.sandbox.hubspot.languages import is_language
from airflow_provider_mkt.sandbox.hubspot.objects.requests import named_kind
from airflow_provider_mkt.sandbox.hubspot.objects.search_filters import Groups
from airflow_provider_mkt.sandbox.hubspot.objects.search_requests import read_groups
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, names, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

VIEW, LIST = "VIEW", "LIST"
FORMATS = ("CSV", "XLS", "XLSX")
GROUPS, IN_GROUP = 3, 3
_OPTIONS = ("NAMES", "VALUES")
# There are 45; sources do not name all of them.
_LANGUAGE = re.compile(r"[A-Z]{2,3}([_-][A-Z]{2,4})?", re.IGNORECASE)
_REQUIRED = ("exportType", "exportName", "format", "language", "objectType", "objectProperties")
_FLAGS = (
    "includeLabeledAssociations",
    "includePrimaryDisplayPropertyForAssociatedObjects",
    "overrideAssociatedObjectsPerDefinitionPerRowLimit",
)
_KNOWN = (*_REQUIRED, "associatedObjectType", "exportInternalValuesOptions", *_FLAGS)
_SEARCH = ("filterGroups", "filters", "query", "sorts")


async def read_order(request: HubSpotRequest) -> Order:
    """Return the export that a body requests."""
    body = await read_object(request, "PublicExportRequest", ["exportType"])
    export_type = body["exportType"]
    if export_type not in (VIEW, LIST):
        msg = f"Invalid input JSON on line 1, column 1: {export_type!r} is no exportType"
        raise invalid(msg)
    schema = "PublicExportListRequest" if export_type == LIST else "PublicExportViewRequest"
    own = "listId" if export_type == LIST else "publicCrmSearchRequest"
    check_object(body, schema, _REQUIRED, (*_KNOWN, own))
    kind = _kind(request, body["objectType"])
    order_format = _one_of(body, "format", FORMATS)
    _text(body, "exportName", schema)
    language = _text(body, "language", schema)
    if not (_LANGUAGE.fullmatch(language) and is_language(language.lower().replace("_", "-"))):
        msg = f"language is unknown: {body['language']!r}"
        raise invalid(msg)
    others = body.get("associatedObjectType")
    # An array in the schema, and one text in an example of the guide.
    others = names(body, "associatedObjectType", schema) if isinstance(others, list) else [others]
    options = names(body, "exportInternalValuesOptions", schema)
    for option in options:
        if option not in _OPTIONS:
            msg = f"exportInternalValuesOptions must be of {', '.join(_OPTIONS)}, not {option!r}"
            raise invalid(msg)
    flags = [_flag(body, name, schema) for name in _FLAGS]
    groups, query = _search(body, schema, kind)
    return Order(
        body["exportName"],
        kind,
        _properties(body, schema, kind),
        order_format,
        _list_id(request, body, schema, kind) if export_type == LIST else None,
        groups,
        query,
        "NAMES" in options,
        "VALUES" in options,
        tuple(_kind(request, one) for one in others if one is not None),
        *flags,
    )


def _kind(request: HubSpotRequest, given: object) -> ObjectType:
    """Return an object type by the name of a standard one, or by a number."""
    if not isinstance(given, str):
        msg = f"An object type must be a string, not {given!r}"
        raise invalid(msg)
    kind = named_kind(request, given)
    if kind.schema and given != kind.id:
        msg = f"A custom object is exported by its objectTypeId, not by its name: {given!r}"
        raise invalid(msg)
    return kind


def _one_of(body: JsonObject, name: str, values: tuple[str, ...]) -> str:
    value = body[name]
    # In upper case in the schema, and in lower case in an example of the guide.
    if not isinstance(value, str) or value.upper() not in values:
        msg = f"{name} must be one of {', '.join(values)}, not {value!r}"
        raise invalid(msg)
    return value.upper()


def _text(body: JsonObject, name: str, schema: str) -> str:
    value = body[name]
    if not isinstance(value, str):
        msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {name} is no string"
        raise invalid(msg)
    if not value.strip():
        raise bad_shape(schema, [name])
    return value


def _flag(body: JsonObject, name: str, schema: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool | None):
        msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {name} is no boolean"
        raise invalid(msg)
    return value is True


def _properties(body: JsonObject, schema: str, kind: ObjectType) -> tuple[str, ...]:
    wanted = names(body, "objectProperties", schema)
    if not wanted:
        # Not documented. A file without columns is a mistake of the client, so it is rejected.
        raise bad_shape(schema, ["objectProperties"])
    unknown = [name for name in wanted if name not in kind.store.definitions]
    if unknown:
        raise bad_properties(
            [(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist') for name in unknown]
        )
    return tuple(dict.fromkeys(wanted))


def _list_id(request: HubSpotRequest, body: JsonObject, schema: str, kind: ObjectType) -> str:
    given = body.get("listId")
    if given is None:
        raise bad_shape(schema, ["listId"])
    if isinstance(given, bool) or not str(given).isascii() or not str(given).isdigit():
        msg = f"listId must be a number, not {given!r}"
        raise invalid(msg)
    found = request.state.lists.get(str(given))
    if found is None or found.object_type != kind.id:
        msg = f"There is no list of {kind.name} with id {given}"
        raise invalid(msg)
    return found.id


def _search(body: JsonObject, schema: str, kind: ObjectType) -> tuple[Groups, str]:
    """Return filters and query of a view."""
    given = body.get("publicCrmSearchRequest")
    if given is None:
        return [], ""
    search = check_object(given, "PublicCrmSearchRequest", (), _SEARCH)
    groups = read_groups(search, kind.store.definitions, groups=GROUPS, in_group=IN_GROUP)
    query = search.get("query")
    if not isinstance(query, str | None):
        msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, query is no string"
        raise invalid(msg)
    return groups, query or ""

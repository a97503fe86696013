"""Scopes, and checks of requests on properties."""

from __future__ import annotations

import re

from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.lists.filters import filters_by
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Property
from airflow_provider_mkt.sandbox.hubspot.objects.requests import kind_of
from airflow_provider_mkt.sandbox.hubspot.objects.types import TICKETS, has_no_records
from airflow_provider_mkt.sandbox.hubspot.properties.store import PropertyStore
from airflow_provider_mkt.sandbox.hubspot.properties.views import FIELD_TYPES
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object, is_dated
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

MAX_UNIQUE = 10
_PAIRS = {
    "bool": ("booleancheckbox", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("booleancheckbox", "calculation_equation", "checkbox", "radio", "select"),
    "number": ("calculation_equation", "number"),
    "phone_number": ("phonenumber",),
    "string": ("calculation_equation", "file", "html", "phonenumber", "text", "textarea"),
}
"""The fields in which each type of value is shown. That of `phone_number` is not documented."""
REQUIRED = ("name", "label", "type", "fieldType", "groupName")
_OPTIONAL = (
    *("calculationFormula", "currencyPropertyName", "dataSensitivity", "description", "displayOrder"),
    *("externalOptions", "formField", "hasUniqueValue", "hidden", "numberDisplayHint", "options"),
    *("referencedObjectType", "showCurrencySymbol"),
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
TYPES = (*FIELD_TYPES, "phone_number")
FORMS = (
    *("booleancheckbox", "calculation_equation", "checkbox", "date", "file", "html", "number"),
    *("phonenumber", "radio", "select", "text", "textarea"),
)


def read_scopes(request: HubSpotRequest) -> tuple[str, ...]:
    """Return the scopes of which reading needs one: that of the definition, or that of the records."""
    if has_no_records(request.path_params["objectType"]):
        return ()
    kind = kind_of(request)
    return kind.read if kind.name == TICKETS else (f"{kind.schema_scope}.read", *kind.read)


def write_scopes(request: HubSpotRequest) -> tuple[str, ...]:
    """Return the scope of the definition, which writing needs."""
    kind = kind_of(request)
    return kind.write if kind.name == TICKETS else (f"{kind.schema_scope}.write",)


def properties_of(request: HubSpotRequest) -> PropertyStore:
    """Return the properties of the object type in the path."""
    return kind_of(request).properties


def check_new(properties: PropertyStore, body: JsonObject) -> JsonObject:
    """Check the definition of a new property: see :func:`check`. So many can have unique values."""
    checked = check(properties, body)
    if properties.get(str(body["name"])) is not None:
        raise property_exists(str(body["name"]))
    held = [one for one in properties.live() if one.unique and one.custom]
    if checked.get("hasUniqueValue") is True and len(held) >= MAX_UNIQUE:
        msg = f"An object type can have {MAX_UNIQUE} properties with unique values"
        raise invalid(msg)
    return checked


def check_options(request: HubSpotRequest, body: JsonObject) -> None:
    """Check that options have a `displayOrder`, which dated paths require."""
    if is_dated(request):
        for one in array(body, "options", "PropertyCreate"):
            check_object(one, "OptionInput", ["displayOrder", "label", "value"])


def find(properties: PropertyStore, name: str, *, archived: bool = False) -> Property:
    known = properties.get(name, archived=archived)
    if known is None:
        msg = f'Property "{name}" does not exist'
        raise not_found(msg)
    return known


def own(properties: PropertyStore, name: str) -> Property:
    """Return a property that a client can change."""
    known = find(properties, name)
    if not known.custom:
        msg = f'"{name}" is defined by HubSpot and cannot be changed'
        raise invalid(msg)
    return known


def exists_already(kind: str, name: str, **more: str) -> HubSpotError:
    return HubSpotError(409, "OBJECT_ALREADY_EXISTS", f"A {kind} named '{name}' already exists.", **more)


def property_exists(name: str) -> HubSpotError:
    return exists_already("property", name, subCategory="Properties.PROPERTY_WITH_NAME_EXISTS")


def archivable(request: HubSpotRequest, properties: PropertyStore, name: str) -> Property:
    """Return a property that can be archived: one of a client, which no list filters by."""
    known = own(properties, name)
    lists = request.state.lists.all() if kind_of(request).is_contacts else ()
    users = [one.id for one in lists if one.filters and filters_by(one.filters, name)]
    if users:
        msg = f'Property "{name}" is used by lists and cannot be deleted: {", ".join(users)}'
        raise invalid(msg, subCategory="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE")
    return known


def check(properties: PropertyStore, body: JsonObject) -> JsonObject:
    """Check a definition, and return it without keys that only responses have."""
    if not isinstance(body["name"], str) or _NAME.fullmatch(body["name"]) is None:
        msg = f"name must be lower-case letters, digits and underscores, a letter first: {body['name']!r}"
        raise invalid(msg)
    for name in ("label", "groupName", "description"):
        if not isinstance(body.get(name), str | None):
            msg = f"{name} must be a string, not {body[name]!r}"
            raise invalid(msg)
    for name, values in (("type", TYPES), ("fieldType", FORMS)):
        if body[name] not in values:
            msg = f"{name} must be one of {', '.join(values)}, not {body[name]!r}"
            raise invalid(msg)
    if body["fieldType"] not in _PAIRS[body["type"]]:
        msg = f"A property of the type {body['type']} cannot have the fieldType {body['fieldType']}"
        raise invalid(msg)
    if body["groupName"] not in properties.groups:
        msg = f"Property group {body['groupName']!r} does not exist"
        raise invalid(msg)
    options = [
        check_object(one, "OptionInput", ["label", "value"])
        for one in array(body, "options", "PropertyCreate")
    ]
    if body["type"] == "enumeration" and len({str(one["value"]) for one in options}) < max(1, len(options)):
        raise invalid("A property of the type enumeration needs options, each with a value of its own")
    return {name: value for name, value in body.items() if name in (*REQUIRED, *_OPTIONAL)}

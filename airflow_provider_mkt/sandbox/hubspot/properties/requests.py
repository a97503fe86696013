"""Scopes, and checks of requests on properties."""

from __future__ import annotations

import re

from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import Property
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.properties.object_types import CONTACTS, object_type
from airflow_provider_mkt.sandbox.hubspot.properties.store import PropertyStore
from airflow_provider_mkt.sandbox.hubspot.properties.views import FIELD_TYPES
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

# Reading needs the scope of contacts, writing a separate one.
READ = ("crm.schemas.contacts.read", "crm.objects.contacts.read")
WRITE = ("crm.schemas.contacts.write",)
REQUIRED = ("name", "label", "type", "fieldType", "groupName")
_OPTIONAL = (
    *("calculationFormula", "currencyPropertyName", "dataSensitivity", "description", "displayOrder"),
    *("externalOptions", "formField", "hasUniqueValue", "hidden", "numberDisplayHint", "options"),
    *("referencedObjectType", "showCurrencySymbol"),
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_TYPES = (*FIELD_TYPES, "phone_number")
_FORMS = (
    *("booleancheckbox", "calculation_equation", "checkbox", "date", "file", "html", "number"),
    *("phonenumber", "radio", "select", "text", "textarea"),
)


def properties_of(request: HubSpotRequest) -> PropertyStore:
    """Return the properties of the object type in the path, which must be contacts."""
    if not of_contacts(request):
        raise invalid("The sandbox keeps properties of contacts alone")
    return request.state.properties


def of_contacts(request: HubSpotRequest) -> bool:
    """Return whether the object type of the path is contacts; an unknown type is an error."""
    given = request.path_params["objectType"]
    known = object_type(given)
    if known is None:
        msg = f"Unable to infer object type from: {given}"
        raise invalid(msg)
    return known == CONTACTS


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


def exists_already(kind: str, name: str) -> HubSpotError:
    return HubSpotError(409, "OBJECT_ALREADY_EXISTS", f"A {kind} named '{name}' already exists.")


def check(properties: PropertyStore, body: JsonObject) -> JsonObject:
    """Check a definition, and return it without keys that only responses have."""
    if not isinstance(body["name"], str) or _NAME.fullmatch(body["name"]) is None:
        msg = f"name must be lower-case letters, digits and underscores, a letter first: {body['name']!r}"
        raise invalid(msg)
    for name in ("label", "groupName", "description"):
        if not isinstance(body.get(name), str | None):
            msg = f"{name} must be a string, not {body[name]!r}"
            raise invalid(msg)
    for name, values in (("type", _TYPES), ("fieldType", _FORMS)):
        if body[name] not in values:
            msg = f"{name} must be one of {', '.join(values)}, not {body[name]!r}"
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

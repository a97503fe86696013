"""Read query parameters and JSON bodies, as strictly as HubSpot does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airflow_provider_mkt.sandbox.hubspot.errors import bad_shape, invalid, unsupported_media
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.hubspot.versions import DATED, SEPTEMBER
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_TEXTS = frozenset(
    {
        "cloneName",
        "externalAccountId",
        "externalEventId",
        "highValue",
        "id",
        "idProperty",
        "language",
        "legalBasisExplanation",
        "objectId",
        "objectTypeId",
        "objectWriteTraceId",
        "operator",
        "propertyName",
        "query",
        "recordId",
        "sort",
        "subscriberIdString",
        "value",
    }
)
"""Keys whose values are strings wherever they occur in a body."""
_SCALARS = frozenset(
    {
        *(
            "actionId",
            "after",
            "allowsSensitiveProperties",
            "archived",
            "canEnrollFromSalesforce",
            "category",
        ),
        *("closedAt", "consentToProcess", "dataSensitivity", "description", "direction", "displayOrder"),
        *("enabled", "feedbackSurveyId", "fieldType", "flowId", "flowMigrationStatuses"),
        *("flowMigrationStatusForClassicWorkflows", "folderIdV2", "formField", "fromName", "groupName"),
        *("hasUniqueValue", "hidden", "ipAddress", "isDeleted", "isEnabled", "label", "listFolderId", "name"),
        *("officeLocationId", "pageName", "pageUri", "parentFolderId", "shouldReEnroll"),
        *("skipValidation", "type"),
    }
)
"""Keys whose values are strings, numbers or booleans wherever they occur in a body, at any depth."""
_FREE = frozenset({"contactProperties", "content", "customProperties", "properties"})
"""Keys of objects whose keys are of the account."""


def is_dated(request: HubSpotRequest) -> bool:
    """Return whether a request came by a dated path, whose schemas differ in places."""
    return any(f"/{version}" in request.endpoint.template for version in DATED)


def is_september(request: HubSpotRequest) -> bool:
    """Return whether a request came by a path of 2026-09, which checks writes of records by more rules."""
    return f"/{SEPTEMBER}" in request.endpoint.template


async def read_object(request: HubSpotRequest, schema: str, required: Iterable[str] = ()) -> JsonObject:
    """Return the body, a JSON object that has all required keys."""
    if request.content_type != "application/json":
        raise unsupported_media(request.content_type)
    body = await request.json()
    check_scalars(body, schema)
    return check_object(body, schema, required)


def check_scalars(value: object, schema: str) -> None:
    """Refuse an array or an object where a body has one value."""
    if isinstance(value, list):
        for one in value:
            check_scalars(one, schema)
    elif isinstance(value, dict):
        for name, one in value.items():
            if not isinstance(one, dict | list):
                continue
            if name in _SCALARS:
                where = f"Invalid input JSON on line 1, column 1: Cannot build {schema}"
                msg = f"{where}, {name} is no single value"
                raise invalid(msg)
            if name not in _FREE or isinstance(one, list):
                check_scalars(one, schema)


def check_object(
    body: object, schema: str, required: Iterable[str] = (), known: Iterable[str] | None = None
) -> JsonObject:
    """Return a JSON object that has all required keys and, if `known` is given, no others than those."""
    if not isinstance(body, dict):
        msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema} from {type(body).__name__}"
        raise invalid(msg)
    for name in _TEXTS & body.keys():
        if isinstance(body[name], dict | list | bool):
            msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {name} is no string"
            raise invalid(msg)
    missing = [name for name in required if body.get(name) is None]
    if missing:
        raise bad_shape(schema, missing)
    if known is not None:
        strange = sorted(set(body) - set(known))
        if strange:
            msg = f"Invalid input JSON on line 1, column 1: {schema} has no attribute {', '.join(strange)}"
            raise invalid(msg)
    return body


async def read_inputs(
    request: HubSpotRequest, schema: str, maximum: int, required: Sequence[str]
) -> list[JsonObject]:
    """Return the inputs of a batch request, each with all required keys."""
    return batch_inputs(
        await read_object(request, f"BatchInput{schema}", ["inputs"]), schema, maximum, required
    )


def batch_inputs(body: JsonObject, schema: str, maximum: int, required: Sequence[str]) -> list[JsonObject]:
    """Return the inputs of a batch body that has been read."""
    inputs = array(body, "inputs", f"BatchInput{schema}")
    # Not documented. An empty batch is a mistake of the client, so it is rejected.
    if not inputs:
        msg = "The inputs of a batch must not be empty"
        raise invalid(msg)
    if len(inputs) > maximum:
        msg = f"The maximum number of inputs of this batch request is {maximum}, but {len(inputs)} were given"
        raise invalid(msg)
    return [check_object(item, schema, required) for item in inputs]


def array(body: JsonObject, name: str, schema: str) -> list[object]:
    """Return an array of a body; empty if it is missing."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {name} is no array"
        raise invalid(msg)
    return value


def names(body: JsonObject, name: str, schema: str) -> list[str]:
    """Return an array of strings of a body."""
    values = array(body, name, schema)
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < len(values):
        msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {name} holds no strings"
        raise invalid(msg)
    return texts


def map_of(body: JsonObject, name: str, schema: str) -> dict[str, str]:
    """Return a map of property values of a body; empty if it is missing."""
    value = body.get(name)
    return {} if value is None else property_map(value, schema, name)


def property_map(value: object, schema: str, named: str = "properties") -> dict[str, str]:
    """Return a map of property values as strings. Null clears a property, as an empty string does."""
    if not isinstance(value, dict):
        msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {named} is no object"
        raise invalid(msg)
    values: dict[str, str] = {}
    for name, item in value.items():
        if isinstance(item, dict | list):
            msg = (
                f"Invalid input JSON on line 1, column 1: Cannot build {schema}, property {name} is no string"
            )
            raise invalid(msg)
        if item is None:
            values[name] = ""
        elif isinstance(item, bool):
            values[name] = str(item).lower()
        else:
            values[name] = str(item)
    return values


def int_param(text: str | None, name: str, default: int, minimum: int, maximum: int) -> int:
    """Return a query parameter that is an integer in a range."""
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18 or not minimum <= int(text) <= maximum:
        msg = f"{name} must be a whole number from {minimum} to {maximum}, not {text!r}"
        raise invalid(msg)
    return int(text)


def bool_param(text: str | None, name: str) -> bool:
    """Return a query parameter that is true or false.

    HubSpot accepts 0 and 1 as well, and both mean false: its PHP client sent them before 5.1.1.
    """
    if text in (None, "0", "1"):
        return False
    if text.lower() not in ("true", "false"):
        msg = f"{name} must be true or false, not {text!r}"
        raise invalid(msg)
    return text.lower() == "true"

"""Read the request and the file of an import."""

from __future__ import annotations

import csv
import functools
import io
from dataclasses import dataclass
from zoneinfo import available_timezones

from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid
from airflow_provider_mkt.sandbox.hubspot.imports.dates import ORDERS
from airflow_provider_mkt.sandbox.hubspot.imports.models import Column, Line
from airflow_provider_mkt.sandbox.hubspot.imports.rows import BY_ID, BY_KEY, CREATE, UPDATE, UPSERT
from airflow_provider_mkt.sandbox.hubspot.objects.requests import named_kind
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.requests import parse_json
from airflow_provider_mkt.sandbox.server.turns import in_turns

MAX_BYTES = 512 * 1024 * 1024
KINDS = ("STANDARD", BY_ID, BY_KEY, "FLEXIBLE_ASSOCIATION_LABEL", "ASSOCIATION_KEYS", "EVENT_TIMESTAMP")
_KNOWN = (
    *("name", "importOperations", "dateFormat", "timeZone", "marketableContactImport"),
    *("createContactListFromImport", "files"),
)
_time_zones = functools.cache(available_timezones)
"""Reads some hundred files."""


def read_order(text: str | None) -> JsonObject:
    """Return the `importRequest` of the form."""
    if not text:
        msg = "The form has no importRequest"
        raise invalid(msg)
    order = check_object(parse_json(text), "ImportRequest", ["name", "files"], _KNOWN)
    _check_value(order.get("dateFormat"), "dateFormat", tuple(ORDERS))
    for one in check_object(order.get("importOperations") or {}, "importOperations").values():
        _check_value(one, "importOperations", (CREATE, UPDATE, UPSERT))
    if not isinstance(order.get("marketableContactImport"), bool | None):
        msg = f"marketableContactImport must be a boolean, not {order['marketableContactImport']!r}"
        raise invalid(msg)
    if order.get("timeZone") is not None and order["timeZone"] not in _time_zones():
        msg = f"timeZone is unknown: {order['timeZone']!r}"
        raise invalid(msg)
    return order


@dataclass(frozen=True, slots=True)
class ImportFile:
    """The one file of an import.

    :param kind: the object type of its records.
    :param broken: error type and message when its content cannot be read.
    """

    kind: ObjectType
    columns: list[Column]
    lines: list[Line]
    broken: tuple[str, str] | None = None


async def read_file(
    request: HubSpotRequest, order: JsonObject, uploads: list[tuple[str | None, bytes]]
) -> ImportFile:
    """Return the one file of an import."""
    files = array(order, "files", "ImportRequest")
    if len(files) != 1:
        msg = "The sandbox imports one file at a time"
        raise invalid(msg)
    described = check_object(files[0], "ImportFile", ["fileName", "fileImportPage"])
    content = next((content for name, content in uploads if name == described["fileName"]), None)
    if content is None or len(uploads) != 1:
        msg = f"No file of the form is called {described['fileName']!r}"
        raise invalid(msg)
    if len(content) > MAX_BYTES:
        raise over_the_limit("The file is larger than 512 MB")
    page = check_object(described["fileImportPage"], "ImportPage", ["hasHeader", "columnMappings"])
    mappings = [
        check_object(one, "ColumnMapping", ["columnObjectTypeId", "columnName"])
        for one in array(page, "columnMappings", "ImportPage")
    ]
    kind = _kind_of(request, order, mappings)
    columns = [_column(one, kind) for one in mappings]
    if described.get("fileFormat", "CSV") != "CSV":
        # The sandbox reads no spreadsheets; such an import fails like one with a broken file.
        return ImportFile(kind, columns, [], ("INVALID_FILE_TYPE", "The sandbox reads CSV alone"))
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        lines = [Line(reader.line_num, cells) async for cells in in_turns(reader) if cells]
    except (UnicodeDecodeError, csv.Error):
        return ImportFile(kind, columns, [], ("COULD_NOT_PARSE_ROW", "The file is no CSV in UTF-8"))
    if not lines:
        return ImportFile(kind, columns, [], ("FILE_NOT_FOUND", "The file is empty"))
    _check_columns(columns, lines[0].cells, header=page["hasHeader"] is True)
    # Line numbers start at 1; whether the header counts is not documented. Here they are those of the file.
    return ImportFile(kind, columns, lines[1:] if page["hasHeader"] is True else lines)


def over_the_limit(message: str) -> HubSpotError:
    """Return 429 as for the rate limit, although waiting does not help."""
    return HubSpotError(429, "RATE_LIMITS", message)


def _kind_of(request: HubSpotRequest, order: JsonObject, mappings: list[JsonObject]) -> ObjectType:
    """Return the object type of the records, which all columns have, by its number alone."""
    numbers = dict.fromkeys(str(one["columnObjectTypeId"]) for one in mappings)
    if not numbers:
        msg = "All columns of the file must be mapped"
        raise invalid(msg)
    if len(numbers) > 1:
        msg = f"The sandbox imports one object type at a time, not {', '.join(numbers)}"
        raise invalid(msg)
    (number,) = numbers
    kind = named_kind(request, number)
    if kind.id != number:
        msg = f"columnObjectTypeId must be the number of an object type, not {number!r}"
        raise invalid(msg)
    # What HubSpot does with either of these is not documented. Here no setting is without effect.
    if other := [one for one in order.get("importOperations") or {} if one != number]:
        msg = f"importOperations has object types that no column has: {', '.join(other)}"
        raise invalid(msg)
    lists = order.get("createContactListFromImport")
    if not kind.is_contacts and (lists or order.get("marketableContactImport") is not None):
        msg = "marketableContactImport and createContactListFromImport are for imports of contacts alone"
        raise invalid(msg)
    return kind


def _column(mapping: JsonObject, object_type: ObjectType) -> Column:
    # Older examples and clients have the type under another name, or null.
    kind = mapping.get("columnType") or mapping.get("idColumnType") or "STANDARD"
    name = mapping.get("propertyName")
    _check_value(kind, "columnType", KINDS)
    if name is not None:
        known = object_type.store.definitions.get(name)
        if known is None:
            msg = f'Property "{name}" does not exist'
            raise invalid(msg)
        if kind == BY_KEY and not known.unique:
            msg = f'Values of property "{name}" are not unique'
            raise invalid(msg)
        if (known.read_only and kind != BY_ID) or (kind == BY_ID and name != "hs_object_id"):
            msg = f'Property "{name}" cannot be set by an import'
            raise invalid(msg)
    return Column(str(mapping["columnName"]), name, kind)


def _check_columns(columns: list[Column], first: list[str], *, header: bool) -> None:
    if header:
        unmapped = [name for name in first if name.strip() not in {column.name for column in columns}]
        if unmapped:
            msg = f"All columns of the file must be mapped; missing are {unmapped}"
            raise invalid(msg)
    if len(columns) != len(first):
        msg = f"The file has {len(first)} columns, but {len(columns)} are mapped"
        raise invalid(msg)
    if header and [column.name for column in columns] != [name.strip() for name in first]:
        msg = "The columns are mapped in another order than the file has them"
        raise invalid(msg)
    mapped = [column.property_name for column in columns if column.property_name is not None]
    if len(set(mapped)) != len(mapped):
        msg = "Two columns are mapped to one property"
        raise invalid(msg)


def _check_value(value: object, name: str, values: tuple[str, ...]) -> None:
    if value is not None and value not in values:
        msg = f"{name} must be one of {', '.join(values)}, not {value!r}"
        raise invalid(msg)

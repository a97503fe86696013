"""Read the request and the file of an import."""

from __future__ import annotations

import csv
import io
from zoneinfo import available_timezones

from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import Definitions
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid
from airflow_provider_mkt.sandbox.hubspot.imports.dates import ORDERS
from airflow_provider_mkt.sandbox.hubspot.imports.models import Column, Line
from airflow_provider_mkt.sandbox.hubspot.imports.rows import BY_ID, BY_KEY, CREATE, UPDATE, UPSERT
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.requests import parse_json

CONTACTS = "0-1"
MAX_BYTES = 512 * 1024 * 1024
KINDS = ("STANDARD", BY_ID, BY_KEY, "FLEXIBLE_ASSOCIATION_LABEL", "ASSOCIATION_KEYS", "EVENT_TIMESTAMP")
_KNOWN = (
    *("name", "importOperations", "dateFormat", "timeZone", "marketableContactImport"),
    *("createContactListFromImport", "files"),
)


def read_order(text: str | None) -> JsonObject:
    """Return the `importRequest` of the form."""
    if not text:
        msg = "The form has no importRequest"
        raise invalid(msg)
    order = check_object(parse_json(text), "ImportRequest", ["name", "files"], _KNOWN)
    _check_value(order.get("dateFormat"), "dateFormat", tuple(ORDERS))
    for one in check_object(order.get("importOperations") or {}, "importOperations").values():
        _check_value(one, "importOperations", (CREATE, UPDATE, UPSERT))
    if order.get("timeZone") is not None and order["timeZone"] not in available_timezones():
        msg = f"timeZone is unknown: {order['timeZone']!r}"
        raise invalid(msg)
    return order


def read_file(
    order: JsonObject, uploads: list[tuple[str | None, bytes]], definitions: Definitions
) -> tuple[list[Column], list[Line], tuple[str, str] | None]:
    """Return columns and rows of the one file, and why its content cannot be read if so."""
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
    columns = [_column(one, definitions) for one in array(page, "columnMappings", "ImportPage")]
    if described.get("fileFormat", "CSV") != "CSV":
        # The sandbox reads no spreadsheets; such an import fails like one with a broken file.
        return columns, [], ("INVALID_FILE_TYPE", "The sandbox reads CSV alone")
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        lines = [Line(reader.line_num, cells) for cells in reader if cells]
    except (UnicodeDecodeError, csv.Error):
        return columns, [], ("COULD_NOT_PARSE_ROW", "The file is no CSV in UTF-8")
    if not lines:
        return columns, [], ("FILE_NOT_FOUND", "The file is empty")
    _check_columns(columns, lines[0].cells, header=page["hasHeader"] is True)
    # Line numbers start at 1; whether the header counts is not documented. Here they are those of the file.
    return columns, lines[1:] if page["hasHeader"] is True else lines, None


def over_the_limit(message: str) -> HubSpotError:
    """Return 429 as for the rate limit, although waiting does not help."""
    return HubSpotError(429, "RATE_LIMITS", message)


def _column(given: object, definitions: Definitions) -> Column:
    mapping = check_object(given, "ColumnMapping", ["columnObjectTypeId", "columnName"])
    if mapping["columnObjectTypeId"] != CONTACTS:
        msg = f"The sandbox imports contacts ({CONTACTS}) alone, not {mapping['columnObjectTypeId']!r}"
        raise invalid(msg)
    # Older examples and clients have the type under another name, or null.
    kind = mapping.get("columnType") or mapping.get("idColumnType") or "STANDARD"
    name = mapping.get("propertyName")
    _check_value(kind, "columnType", KINDS)
    if name is not None:
        known = definitions.get(name)
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

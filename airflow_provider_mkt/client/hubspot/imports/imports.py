"""Imports of files of records, which HubSpot processes in the background."""

from __future__ import annotations

import builtins
import csv
import functools
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired, TypeAlias, TypedDict, cast
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    FileBody,
    Json,
    Replay,
    Route,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.parameters import PageSize
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import (
    NumericId,
    Text,
    endpoint,
    items,
    known_value,
    one_of,
    required_str,
)
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.wording import part_of

FILE_MAX = 512 * 1024 * 1024
"""Maximum size of a file, in bytes."""
ROWS_MAX = 1_048_576
"""Maximum number of rows of a file."""
PAGE_MAX = 100
"""HubSpot documents no limit; its other lists accept this many."""
COLUMNS_MAX = 10_000
CONTACTS = "0-1"
"""The object type of contacts."""

OPERATIONS = ("CREATE", "UPDATE", "UPSERT")
DATE_FORMATS = ("MONTH_DAY_YEAR", "DAY_MONTH_YEAR", "YEAR_MONTH_DAY")
FORMATS = ("CSV", "SPREADSHEET")
KEY_TYPES = ("HUBSPOT_OBJECT_ID", "HUBSPOT_ALTERNATE_ID")
COLUMN_TYPES = (
    *("STANDARD", *KEY_TYPES),
    *("FLEXIBLE_ASSOCIATION_LABEL", "ASSOCIATION_KEYS", "EVENT_TIMESTAMP"),
)
_SCOPES = ("crm.import",)
_TYPE_ID = re.compile(r"\d+-\d+")
_COLUMN = frozenset(("name", "property_name", "column_type", "object_type_id"))
_MEDIA = {
    "CSV": "text/csv",
    "SPREADSHEET": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_time_zones = functools.cache(available_timezones)
"""Reads some hundred files."""


Column: TypeAlias = Mapping[str, str | None]
"""A column of the file: its ``name``, and a ``property_name``, without which the column is skipped.

``column_type`` is ``STANDARD`` by default; for the key column it is ``HUBSPOT_ALTERNATE_ID`` (a unique
property, e.g. ``email``) or ``HUBSPOT_OBJECT_ID`` (the record id). ``object_type_id`` is the number of the
object type, such as ``0-2`` for companies; contacts by default.
"""


class Metadata(BaseModel):
    """Counters of an import. HubSpot omits zero counters and may add new ones."""

    model_config = ConfigDict(extra="allow")

    counters: dict[str, int] = Field(default_factory=dict)
    fileIds: builtins.list[str] = Field(default_factory=builtins.list)
    objectLists: builtins.list[JsonDict] = Field(default_factory=builtins.list)


class Import(BaseModel):
    """An import.

    :param state: STARTED, PROCESSING, DONE, FAILED, CANCELED, REVERTED, or DEFERRED while three others run. A
        DONE import can have failed rows, counted under ``ERRORS``.
    """

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    id: str
    state: str
    importName: str | None = None
    importSource: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None
    optOutImport: bool | None = None
    mappedObjectTypeIds: builtins.list[str] = Field(default_factory=builtins.list)
    metadata: Metadata = Field(default_factory=Metadata)


class Action(TypedDict):
    status: str
    startedAt: str
    completedAt: str


class Row(TypedDict):
    lineNumber: int
    rowData: NotRequired[builtins.list[str]]


class RowError(TypedDict):
    """Why a row was not imported.

    ``sourceData.lineNumber`` 0 means the whole file; ``knownColumnNumber`` counts from 0; ``createdAt`` is in
    milliseconds."""

    id: str
    createdAt: int
    errorType: str
    errorMessage: NotRequired[str]
    invalidValue: NotRequired[str]
    knownColumnNumber: NotRequired[int]
    sourceData: Row


@endpoint
def list(*, limit: PageSize | None = None, after: Cursor | None = None) -> Call[builtins.list[Import]]:
    """List the imports that this app has started.

    :param limit: rows per page, 1-100; HubSpot's default when not given.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range.

    Source: ``GET /crm/{version}/imports``.
    """
    return Call(
        "imports.list",
        Route("GET", "imports"),
        _imports,
        Replay.SAFE,
        query=query_pairs(after=after, limit=limit),
        follow=after_cursor,
        scopes=_SCOPES,
    )


@endpoint
def start(
    name: Text,
    content: bytes,
    columns: Annotated[Sequence[Column], items(COLUMNS_MAX)],
    *,
    file_name: Text = "contacts.csv",
    file_format: Annotated[str, one_of(*FORMATS)] = "CSV",
    has_header: bool = True,
    operation: Annotated[str, one_of(*OPERATIONS)] = "UPSERT",
    date_format: Annotated[str, one_of(*DATE_FORMATS)] = "MONTH_DAY_YEAR",
    time_zone: Text | None = None,
    marketable_contacts: bool | None = None,
    create_list: bool = False,
) -> Call[Import]:
    """Start an import of a file.

    Every accepted call starts a new import, so it is never retried automatically.

    After an ambiguous failure, look for the name in :func:`list`. Give every import a unique name for that.

    :param name: name of the import.
    :param content: the file, at most 512 MB and 1,048,576 rows.
    :param columns: all columns of the file, in the file's order. Each is a mapping of ``name``,
        ``property_name`` (without it the column is skipped), ``column_type`` (``STANDARD`` by default;
        ``HUBSPOT_ALTERNATE_ID`` or ``HUBSPOT_OBJECT_ID`` for the key) and ``object_type_id`` (a number such
        as ``0-2`` for companies or ``2-123`` for a custom object; contacts by default).
    :param file_name: name of the file.
    :param file_format: ``CSV`` or ``SPREADSHEET``.
    :param has_header: whether the first row contains the column names.
    :param operation: ``CREATE``, ``UPDATE`` or ``UPSERT``; ``UPDATE`` and ``UPSERT`` need a key column.
    :param date_format: format of dates in the file: ``MONTH_DAY_YEAR``, ``DAY_MONTH_YEAR`` or
        ``YEAR_MONTH_DAY``.
    :param time_zone: time zone of times in the file, e.g. ``Europe/Rome``; the account's time zone when not
        given.
    :param marketable_contacts: make the contacts marketing contacts, which HubSpot bills; for contacts only.
    :param create_list: create a static list of the imported contacts; for contacts only.
    :returns: the import; poll its state.
    :raises InvalidInput: when *columns* differ from the file's columns, the key is missing, the file is too
        large, or an option is unknown.
    :raises QuotaExhausted: when more than 80,000,000 rows are imported in a day.

    Source: ``POST /crm/{version}/imports``.
    """
    mappings = _column_mappings(columns)
    object_types = {str(row["columnObjectTypeId"]) for row in mappings}
    for field, given in (
        ("marketable_contacts", marketable_contacts is not None),
        ("create_list", create_list),
    ):
        if given and CONTACTS not in object_types:
            raise InvalidInput(field, "is for contacts, which the file has none of; leave it out")
    if operation != "CREATE":
        _check_key(columns, operation)
    _check_file(content, mappings, csv_header=has_header and file_format == "CSV")
    if time_zone is not None and time_zone not in _time_zones():
        raise InvalidInput("time_zone", "must be a time zone such as Europe/Rome")
    request: dict[str, Json] = {
        "name": name,
        "importOperations": dict.fromkeys(object_types, operation),
        "dateFormat": date_format,
        "createContactListFromImport": create_list,
        "files": [
            {
                "fileName": file_name,
                "fileFormat": file_format,
                "fileImportPage": {"hasHeader": has_header, "columnMappings": mappings},
            }
        ],
    }
    if time_zone is not None:
        request["timeZone"] = time_zone
    if marketable_contacts is not None:
        request["marketableContactImport"] = marketable_contacts
    return Call(
        "imports.start",
        Route("POST", "imports"),
        Import.model_validate,
        Replay.NEVER,
        timeout=300.0,
        body=FileBody(
            "files",
            file_name,
            content,
            _MEDIA[file_format],
            pairs=(("importRequest", json.dumps(request, ensure_ascii=False)),),
        ),
        scopes=_SCOPES,
    )


@endpoint
def get(import_id: NumericId) -> Call[Import]:
    """Read the state and the counters of an import.

    :param import_id: id of the import.
    :raises InvalidInput: when the id is not a number.
    :raises NotFound: when this app has not started such an import.

    Source: ``GET /crm/{version}/imports/{importId}``.
    """
    return Call("imports.get", _route("GET", import_id), Import.model_validate, Replay.SAFE, scopes=_SCOPES)


@endpoint
def cancel(import_id: NumericId) -> Call[Action]:
    """Cancel an import. Rows that were already imported are kept.

    :param import_id: id of the import.
    :raises InvalidInput: when the id is not a number.
    :raises InvalidRequest: when the import has ended.
    :raises NotFound: when this app has not started such an import.

    Source: ``POST /crm/{version}/imports/{importId}/cancel``.
    """
    route = _route("POST", import_id, "/cancel")
    return Call(
        "imports.cancel", route, lambda envelope: cast("Action", envelope), Replay.SAFE, scopes=_SCOPES
    )


@endpoint
def errors(
    import_id: NumericId,
    *,
    include_error_message: bool = True,
    include_row_data: bool = False,
    limit: PageSize | None = None,
    after: Cursor | None = None,
) -> Call[builtins.list[RowError]]:
    """List the failed rows of an import.

    They appear a little later than the final state: the list is complete when it has as many rows as the
    import's counter ``ERRORS``.

    :param import_id: id of the import.
    :param include_error_message: also return an error message.
    :param include_row_data: also return the row's values, which are personal data.
    :param limit: rows per page, 1-100; HubSpot's default when not given.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when the id is not a number, or *limit* is out of range.
    :raises NotFound: when this app has not started such an import.

    Source: ``GET /crm/{version}/imports/{importId}/errors``.
    """
    return Call(
        "imports.errors",
        _route("GET", import_id, "/errors"),
        lambda envelope: cast("builtins.list[RowError]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(
            after=after,
            includeErrorMessage=include_error_message,
            includeRowData=include_row_data,
            limit=limit,
        ),
        follow=after_cursor,
        scopes=_SCOPES,
    )


def _route(method: str, import_id: NumericId, tail: str = "") -> Route:
    return Route(method, "imports", "/{importId}" + tail, path_params(importId=import_id))


def _imports(envelope: Envelope) -> builtins.list[Import]:
    return [Import.model_validate(row) for row in envelope["results"]]


def _column_mappings(columns: Sequence[Column]) -> builtins.list[dict[str, Json]]:
    mappings: builtins.list[dict[str, Json]] = []
    for index, column in enumerate(columns):
        field = f"columns[{index}]"
        if not isinstance(column, Mapping) or not column.keys() <= _COLUMN:
            raise InvalidInput(field, f"must be a mapping of {', '.join(sorted(_COLUMN))}")
        given = {"object_type_id": CONTACTS, "column_type": "STANDARD", **column}
        property_name = given.get("property_name")
        if property_name is not None:
            required_str(f"{field}.property_name", property_name)
        object_type_id = required_str(f"{field}.object_type_id", given["object_type_id"] or "")
        if not _TYPE_ID.fullmatch(object_type_id):
            raise InvalidInput(f"{field}.object_type_id", "must be a number such as 0-2, not a name")
        mappings.append(
            {
                "columnObjectTypeId": object_type_id,
                "columnName": required_str(f"{field}.name", given.get("name") or ""),
                "propertyName": property_name,
                "columnType": known_value(f"{field}.column_type", given["column_type"] or "", COLUMN_TYPES),
            }
        )
    return mappings


def _check_key(columns: Sequence[Column], operation: str) -> None:
    if not any(column.get("column_type") in KEY_TYPES for column in columns):
        raise InvalidInput(
            "columns",
            f"have no key column, which {operation} needs: a column of type {' or '.join(KEY_TYPES)}",
        )


def _check_file(content: bytes, mappings: builtins.list[dict[str, Json]], *, csv_header: bool) -> None:
    if not isinstance(content, bytes):
        raise InvalidInput("content", f"must be bytes, not {describe_type(content)}")
    if not content.strip():
        raise InvalidInput("content", "is empty: nothing to import")
    if len(content) > FILE_MAX:
        raise InvalidInput("content", f"has {len(content):,} bytes; at most {FILE_MAX:,}")
    if not csv_header:
        return
    try:
        lines = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline=""))
        header = next(lines)
        # Line breaks inside quotes are not rows. Parse the file to count rows only when there may be too
        # many.
        rows = sum(1 for _ in lines) if content.count(b"\n") > ROWS_MAX else 0
    except (UnicodeDecodeError, csv.Error, StopIteration):
        raise InvalidInput("content", "cannot be read as CSV in UTF-8") from None
    if rows > ROWS_MAX:
        raise InvalidInput("content", f"has {rows:,} rows; at most {ROWS_MAX:,}")
    if len(set(header)) != len(header):
        raise InvalidInput("content", "has two columns with the same name")
    named = [row["columnName"] for row in mappings]
    for index, name in enumerate(named):
        if name not in header:
            raise InvalidInput(f"columns[{index}].name", "is not a column of the file")
    if missing := len(header) - len(set(named)):
        raise InvalidInput(
            "columns", f"leave out {part_of(missing, len(header), 'column')}; every column must be listed"
        )
    if named != header:
        raise InvalidInput("columns", "are not in the order of the file, or are listed twice")

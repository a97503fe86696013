"""Imports: files of contacts that HubSpot reads in the background."""

from __future__ import annotations

import builtins
import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypeAlias, TypedDict, cast
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    FileBody,
    Replay,
    Route,
    batch,
    flag,
    numeric_id,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.parameters import one_of, page_size, text
from airflow_provider_mkt.client.paging import after_cursor
from airflow_provider_mkt.client.redaction import describe_type

FILE_MAX = 512 * 1024 * 1024
"""Bytes of one file."""
ROWS_MAX = 1_048_576
"""Rows of one file."""
PAGE_MAX = 100
"""The platform states no limit; this is what its other lists take."""
CONTACTS = "0-1"

OPERATIONS = ("CREATE", "UPDATE", "UPSERT")
DATE_FORMATS = ("MONTH_DAY_YEAR", "DAY_MONTH_YEAR", "YEAR_MONTH_DAY")
FORMATS = ("CSV", "SPREADSHEET")
KEY_TYPES = ("HUBSPOT_OBJECT_ID", "HUBSPOT_ALTERNATE_ID")
COLUMN_TYPES = (
    *("STANDARD", *KEY_TYPES),
    *("FLEXIBLE_ASSOCIATION_LABEL", "ASSOCIATION_KEYS", "EVENT_TIMESTAMP"),
)
_SCOPES = ("crm.import",)
_COLUMN = frozenset(("name", "property_name", "column_type", "object_type_id"))
_MEDIA = {
    "CSV": "text/csv",
    "SPREADSHEET": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


Column: TypeAlias = Mapping[str, str | None]
"""What one column of the file holds: its ``name``, and a ``property_name``, without which it is skipped.

``column_type`` is ``STANDARD`` when not given; the key's is ``HUBSPOT_ALTERNATE_ID`` (a unique property,
e.g. ``email``) or ``HUBSPOT_OBJECT_ID`` (the record id). ``object_type_id`` is that of contacts when not
given.
"""


class Metadata(BaseModel):
    """Counts of an import: the platform leaves out those that are zero, and may add new ones."""

    model_config = ConfigDict(extra="allow")

    counters: dict[str, int] = Field(default_factory=dict)
    fileIds: builtins.list[str] = Field(default_factory=builtins.list)
    objectLists: builtins.list[dict[str, Any]] = Field(default_factory=builtins.list)


class Import(BaseModel):
    """An import.

    :param state: STARTED, PROCESSING, DONE, FAILED, CANCELED, REVERTED, or DEFERRED while three others
        run. DONE tells nothing of the rows: those that failed are counted under ``ERRORS``.
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
    """Why a row was not imported. ``sourceData.lineNumber`` 0 stands for the whole file;
    ``knownColumnNumber`` counts from 0; ``createdAt`` is in milliseconds."""

    id: str
    createdAt: int
    errorType: str
    errorMessage: NotRequired[str]
    invalidValue: NotRequired[str]
    knownColumnNumber: NotRequired[int]
    sourceData: Row


def list(*, limit: int | None = None) -> Call[builtins.list[Import]]:
    """Page through the imports that this app has started.

    :param limit: rows per page, 1-100; the platform's default when not given.
    :returns: one page; iterate the call for all.
    :raises InvalidInput: on a limit out of bounds.

    Source: ``GET /crm/{version}/imports``.
    """
    name = "imports.list"
    return Call(
        name,
        Route("GET", "imports"),
        _imports,
        Replay.SAFE,
        query=_page(name, limit),
        follow=after_cursor,
        scopes=_SCOPES,
    )


def start(
    name: str,
    content: bytes,
    columns: Sequence[Column],
    *,
    file_name: str = "contacts.csv",
    file_format: str = "CSV",
    has_header: bool = True,
    operation: str = "UPSERT",
    date_format: str = "MONTH_DAY_YEAR",
    time_zone: str | None = None,
    marketable_contacts: bool | None = None,
    create_list: bool = False,
) -> Call[Import]:
    """Start to import a file. Every call that is accepted is a new import, so it is never repeated.

    After a lost answer, look for the name among :func:`list_all`: a name of its own for every import
    makes that possible.

    :param name: what the import is called.
    :param content: the file: up to 512 MB and 1,048,576 rows.
    :param columns: what each column of the file holds, in the file's order; every column must be named.
        A mapping each of ``name``, ``property_name`` (without it the column is skipped), ``column_type``
        (``STANDARD`` when not given; ``HUBSPOT_ALTERNATE_ID`` or ``HUBSPOT_OBJECT_ID`` for the key) and
        ``object_type_id`` (contacts when not given).
    :param file_name: the file's name.
    :param file_format: ``CSV`` or ``SPREADSHEET``.
    :param has_header: whether the first row has the names of the columns.
    :param operation: ``CREATE``, ``UPDATE`` or ``UPSERT``; the latter two need a key among the columns.
    :param date_format: the order in which dates are written: ``MONTH_DAY_YEAR``, ``DAY_MONTH_YEAR`` or
        ``YEAR_MONTH_DAY``.
    :param time_zone: in which times are meant, e.g. ``Europe/Rome``; the account's when not given.
    :param marketable_contacts: make them marketing contacts, which the account pays for.
    :param create_list: put them on a new static list.
    :returns: the import; follow its state.
    :raises InvalidInput: on a column that is not in the file or a file with a column that is not named,
        a missing key, a file too large, or a word that the platform does not know.
    :raises QuotaExhausted: over 80,000,000 rows in a day.

    Source: ``POST /crm/{version}/imports``.
    """
    call = "imports.start"
    for field, switch in (
        ("has_header", has_header),
        ("marketable_contacts", marketable_contacts),
        ("create_list", create_list),
    ):
        if not isinstance(switch, bool | None) or (switch is None and field != "marketable_contacts"):
            raise InvalidInput(field, f"must be true or false, not {describe_type(switch)}", call=call)
    one_of(call, "file_format", file_format, FORMATS)
    mappings = _mappings(call, columns)
    if one_of(call, "operation", operation, OPERATIONS) != "CREATE":
        _needs_key(call, columns, operation)
    _check_file(call, content, mappings, csv_header=has_header and file_format == "CSV")
    if time_zone is not None and (not isinstance(time_zone, str) or time_zone not in available_timezones()):
        raise InvalidInput("time_zone", "is no time zone, as Europe/Rome is one", call=call)
    request: dict[str, Any] = {
        "name": text(call, "name", name),
        "importOperations": dict.fromkeys({row["columnObjectTypeId"] for row in mappings}, operation),
        "dateFormat": one_of(call, "date_format", date_format, DATE_FORMATS),
        "createContactListFromImport": create_list,
        "files": [
            {
                "fileName": text(call, "file_name", file_name),
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
        call,
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


def get(import_id: int | str) -> Call[Import]:
    """Read the state and the counts of an import.

    :param import_id: its ``id``.
    :raises InvalidInput: when it is no number.
    :raises NotFound: when this app has started no such import.

    Source: ``GET /crm/{version}/imports/{importId}``.
    """
    name = "imports.get"
    return Call(name, _one("GET", name, import_id), Import.model_validate, Replay.SAFE, scopes=_SCOPES)


def cancel(import_id: int | str) -> Call[Action]:
    """Cancel an import. Rows that were written stay.

    :param import_id: its ``id``.
    :raises InvalidInput: when it is no number.
    :raises InvalidRequest: when it has ended.
    :raises NotFound: when this app has started no such import.

    Source: ``POST /crm/{version}/imports/{importId}/cancel``.
    """
    name = "imports.cancel"
    route = _one("POST", name, import_id, "/cancel")
    return Call(name, route, lambda envelope: cast("Action", envelope), Replay.SAFE, scopes=_SCOPES)


def errors(
    import_id: int | str,
    *,
    include_error_message: bool = True,
    include_row_data: bool = False,
    limit: int | None = None,
) -> Call[builtins.list[RowError]]:
    """Page through the rows of an import that failed.

    They come a little later than the state: all are there when they are as many as the import's
    counter ``ERRORS`` says.

    :param import_id: its ``id``.
    :param include_error_message: tell why in words too.
    :param include_row_data: tell the row's values too, which are a person's data.
    :param limit: rows per page, 1-100; the platform's default when not given.
    :returns: one page; iterate the call for all.
    :raises InvalidInput: when the id is no number, or the limit is out of bounds.
    :raises NotFound: when this app has started no such import.

    Source: ``GET /crm/{version}/imports/{importId}/errors``.
    """
    name = "imports.errors"
    wanted = query_pairs(
        includeErrorMessage=flag(name, "include_error_message", include_error_message),
        includeRowData=flag(name, "include_row_data", include_row_data),
    )
    return Call(
        name,
        _one("GET", name, import_id, "/errors"),
        lambda envelope: cast("builtins.list[RowError]", envelope["results"]),
        Replay.SAFE,
        query=(*wanted, *_page(name, limit)),
        follow=after_cursor,
        scopes=_SCOPES,
    )


def _one(method: str, call: str, import_id: int | str, tail: str = "") -> Route:
    number = numeric_id(call, "import_id", import_id)
    return Route(method, "imports", "/{importId}" + tail, path_params(call, importId=number))


def _page(call: str, limit: int | None) -> tuple[tuple[str, str], ...]:
    return query_pairs(limit=None if limit is None else page_size(call, limit, at_most=PAGE_MAX))


def _imports(envelope: Envelope) -> builtins.list[Import]:
    return [Import.model_validate(one) for one in envelope["results"]]


def _mappings(call: str, columns: Sequence[Column]) -> builtins.list[dict[str, Any]]:
    mappings: builtins.list[dict[str, Any]] = []
    for index, column in enumerate(batch(call, "columns", columns, at_most=10_000)):
        where = f"columns[{index}]"
        if not isinstance(column, Mapping) or not column.keys() <= _COLUMN:
            raise InvalidInput(where, f"must be a mapping of {', '.join(sorted(_COLUMN))}", call=call)
        given = {"object_type_id": CONTACTS, "column_type": "STANDARD", **column}
        property_name = given.get("property_name")
        if property_name is not None:
            text(call, f"{where}.property_name", property_name)
        mappings.append(
            {
                "columnObjectTypeId": text(call, f"{where}.object_type_id", given["object_type_id"] or ""),
                "columnName": text(call, f"{where}.name", given.get("name") or ""),
                "propertyName": property_name,
                "columnType": one_of(call, f"{where}.column_type", given["column_type"] or "", COLUMN_TYPES),
            }
        )
    return mappings


def _needs_key(call: str, columns: Sequence[Column], operation: str) -> None:
    if not any(column.get("column_type") in KEY_TYPES for column in columns):
        raise InvalidInput(
            "columns",
            f"have no key, which {operation} needs: a column of the type {' or '.join(KEY_TYPES)}",
            call=call,
        )


def _check_file(
    call: str, content: bytes, mappings: builtins.list[dict[str, Any]], *, csv_header: bool
) -> None:
    if not isinstance(content, bytes):
        raise InvalidInput("content", f"must be bytes, not {describe_type(content)}", call=call)
    if not content.strip():
        raise InvalidInput("content", "is empty: nothing to import", call=call)
    if len(content) > FILE_MAX:
        raise InvalidInput("content", f"has {len(content):,} bytes; at most {FILE_MAX:,}", call=call)
    if not csv_header:
        return
    try:
        lines = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline=""))
        header = next(lines)
        # Line ends inside quotes are no rows, so it is worth counting only where it could be too many.
        rows = sum(1 for _ in lines) if content.count(b"\n") > ROWS_MAX else 0
    except (UnicodeDecodeError, csv.Error, StopIteration):
        raise InvalidInput("content", "cannot be read as CSV in UTF-8", call=call) from None
    if rows > ROWS_MAX:
        raise InvalidInput("content", f"has {rows:,} rows; at most {ROWS_MAX:,}", call=call)
    if len(set(header)) != len(header):
        raise InvalidInput("content", "has two columns of one name", call=call)
    named = [row["columnName"] for row in mappings]
    for index, name in enumerate(named):
        if name not in header:
            raise InvalidInput(f"columns[{index}].name", "is no column of the file", call=call)
    if missing := len(header) - len(set(named)):
        raise InvalidInput(
            "columns", f"leave out {missing} of {len(header)} columns; all must be named", call=call
        )
    if named != header:
        raise InvalidInput("columns", "are in another order than the file's, or occur twice", call=call)

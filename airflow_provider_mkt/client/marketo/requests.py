"""Requests to Marketo's APIs, and the types and checks of parameters that several areas share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypeAlias, TypeVar

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    FormBody,
    Json,
    JsonBody,
    Pairs,
    Replay,
    Route,
    query_pairs,
)
from airflow_provider_mkt.client.encoding import EncodedRecord, embedded
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.paging import next_offset
from airflow_provider_mkt.client.parameters import (
    Check,
    NumericId,
    UtcTime,
    at_least,
    between,
    item_list,
    items,
    mapping,
    one_of,
    required_str,
    text,
)
from airflow_provider_mkt.client.redaction import describe_type

T = TypeVar("T")

ASSET_TIMEOUT = 300.0
BATCH_MAX = 300
"""Records of the lead database API per call, in requests and in responses."""
BODY_MAX = 1_000_000
"""Bytes of a JSON body."""
ASSET_PAGE_MAX = 200
NAME_MAX = 255
"""Characters of names and most other texts."""

READ_LEAD = ("Read-Only Lead",)
WRITE_LEAD = ("Read-Write Lead",)
READ_ASSETS = ("Read-Only Assets",)
WRITE_ASSETS = ("Read-Write Assets",)
APPROVE_ASSETS = ("Approve Assets",)


def read(
    name: str,
    tail: str,
    reader: Callable[[Envelope], T],
    *,
    params: Pairs = (),
    query: Pairs = (),
    timeout: float = 30.0,
    scopes: tuple[str, ...] = READ_LEAD,
    follow: Callable[[Call[T], Envelope], Pairs | None] | None = None,
) -> Call[T]:
    """Build a read of the lead database API."""
    route = Route("GET", "lead", tail, params)
    return Call(name, route, reader, Replay.SAFE, timeout, query=query, follow=follow, scopes=scopes)


def write(
    name: str,
    tail: str,
    reader: Callable[[Envelope], T],
    replay: Replay,
    *,
    body: Json | JsonBody = None,
    params: Pairs = (),
    query: Pairs = (),
    timeout: float = 30.0,
    scopes: tuple[str, ...] = WRITE_LEAD,
) -> Call[T]:
    """Build a write to the lead database API, with a JSON body."""
    return Call(
        name,
        Route("POST", "lead", tail, params),
        reader,
        replay,
        timeout,
        query=query,
        body=body if body is None or isinstance(body, JsonBody) else JsonBody(body),
        scopes=scopes,
    )


def asset(
    name: str, tail: str, reader: Callable[[Envelope], T], *, params: Pairs = (), query: Pairs = ()
) -> Call[T]:
    """Build a read of the asset API."""
    route = Route("GET", "asset", tail, params)
    return Call(name, route, reader, Replay.SAFE, ASSET_TIMEOUT, query=query, scopes=READ_ASSETS)


def asset_pages(
    name: str,
    tail: str,
    reader: Callable[[Envelope], list[T]],
    *,
    page_size: int,
    offset: int,
    params: Pairs = (),
    query: Pairs = (),
) -> Call[list[T]]:
    """Build a read of the asset API that pages by offset."""
    first = (("offset", str(offset)),) if offset else ()
    return Call(
        name,
        Route("GET", "asset", tail, params),
        reader,
        Replay.SAFE,
        ASSET_TIMEOUT,
        query=(*query, ("maxReturn", str(page_size)), *first),
        follow=next_offset,
        scopes=READ_ASSETS,
    )


def change(
    name: str,
    tail: str,
    reader: Callable[[Envelope], T],
    replay: Replay,
    *,
    params: Pairs = (),
    form: Pairs | None = None,
    scopes: tuple[str, ...] = WRITE_ASSETS,
) -> Call[T]:
    """Build a write to the asset API, with a form body: it does not accept JSON."""
    body = None if form is None else FormBody(form)
    return Call(
        name, Route("POST", "asset", tail, params), reader, replay, ASSET_TIMEOUT, body=body, scopes=scopes
    )


# -- parameters ------------------------------------------------------------------------------------------

ShortText: TypeAlias = Annotated[str, text(NAME_MAX)]


def _asset_name(field: str, value: object) -> str:
    name = required_str(field, value, max_length=NAME_MAX)
    if "," in name:
        # It could be created once, and be found by nobody after that.
        raise InvalidInput(field, "contains a comma: Marketo finds no asset by such a name")
    return name


AssetName: TypeAlias = Annotated[str, Check(_asset_name)]
"""The name of an asset, by which it can be found."""
"""Text of 1-255 characters."""
FolderType: TypeAlias = Annotated[str, one_of("Folder", "Program")]
BatchSize: TypeAlias = Annotated[int, between(1, BATCH_MAX)]
"""Rows per page of the lead database API."""
PageSize: TypeAlias = Annotated[int, between(1, ASSET_PAGE_MAX)]
Offset: TypeAlias = Annotated[int, at_least(0)]
"""Rows per page of the asset API."""
Ids: TypeAlias = Annotated[Sequence[NumericId], items(BATCH_MAX)]
"""1-300 ids."""


def records(
    field: str,
    rows: Sequence[Mapping[str, object]],
    *,
    required: Sequence[str] = (),
    at_most: int = BATCH_MAX,
) -> list[dict[str, Json]]:
    """Check a batch of records.

    :param required: fields that every record must have.
    :param at_most: maximum number of records.
    :raises InvalidInput: when there are none or too many, or a record is not a mapping or lacks a field.
    """
    checked: list[dict[str, Json]] = []
    for index, row in enumerate(item_list(field, rows, at_most=at_most)):
        record = row if isinstance(row, EncodedRecord) else mapping(f"{field}[{index}]", row)
        for key in required:
            if record.get(key) in (None, ""):
                raise InvalidInput(f"{field}[{index}].{key}", "is missing or empty")
        checked.append(embedded(record))
    return checked


def within_body_limit(field: str, value: dict[str, Json]) -> JsonBody:
    """Return a JSON body of at most 1 MB.

    :param field: the parameter that the error names.
    :raises InvalidInput: when it is larger, or not valid JSON.
    """
    body = JsonBody(value)
    size = len(body.content)
    if size > BODY_MAX:
        raise InvalidInput(field, f"have {size:,} bytes in total; at most {BODY_MAX:,} per call")
    return body


def filter_values_text(values: Sequence[str | int | bool]) -> str:
    """Return the parameter ``filter_values`` as one comma-separated text: 1-300 texts, numbers or booleans.

    :raises InvalidInput: when there are none or too many, or a value is empty or contains a comma, which
        cannot be escaped.
    """
    texts: list[str] = []
    for index, value in enumerate(item_list("filter_values", values, at_most=BATCH_MAX)):
        field = f"filter_values[{index}]"
        if not isinstance(value, (str, int)):
            raise InvalidInput(field, f"must be text or a number, not {describe_type(value)}")
        item = str(value).lower() if isinstance(value, bool) else str(value)
        if not item.strip() or "," in item:
            raise InvalidInput(field, "is empty or contains a comma")
        texts.append(item)
    return ",".join(texts)


def folder_json(folder_id: NumericId, folder_type: FolderType) -> str:
    """Return a folder in the asset API's format."""
    return json.dumps({"id": folder_id, "type": folder_type})


def folder_filter(folder_id: NumericId | None, folder_type: FolderType) -> str | None:
    """Return the folder to filter by in the asset API's format, or None for all folders."""
    return None if folder_id is None else folder_json(folder_id, folder_type)


def time_text(time: UtcTime | None) -> str | None:
    """Format a time in UTC without fractions, which Marketo's filters reject; None stays None."""
    return None if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")


def updated_range(after: datetime | None, before: datetime | None) -> Pairs:
    """Return a range of update times as query parameters; both ends are included.

    :raises InvalidInput: when the end is before the start.
    """
    if after and before and before < after:
        raise InvalidInput("updated_before", "is before updated_after")
    return query_pairs(earliestUpdatedAt=time_text(after), latestUpdatedAt=time_text(before))


def at_least_one(field: str, pairs: Pairs) -> Pairs:
    """Check that there is something to change.

    :param field: the parameter that the error names.
    :raises InvalidInput: when *pairs* is empty.
    """
    if not pairs:
        raise InvalidInput(field, "nothing was given to change")
    return pairs

"""The kinds of request that Marketo knows, and the checks that its endpoints share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    FormBody,
    Json,
    JsonBody,
    Pairs,
    Replay,
    Route,
    batch,
    numeric_id,
    path_params,
    query_pairs,
    utc,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.paging import offset
from airflow_provider_mkt.client.redaction import describe_type

T = TypeVar("T")

ASSET_TIMEOUT = 300.0
BATCH_MAX = 300
"""Records of the lead database per call, in and out."""
BODY_MAX = 1_000_000
ASSET_PAGE_MAX = 200
NAME_MAX = 255

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
    """A read of the lead database."""
    route = Route("GET", "lead", tail, params)
    return Call(name, route, reader, Replay.SAFE, timeout, query=query, follow=follow, scopes=scopes)


def write(
    name: str,
    tail: str,
    reader: Callable[[Envelope], T],
    replay: Replay,
    *,
    body: Json = None,
    params: Pairs = (),
    query: Pairs = (),
    timeout: float = 30.0,
    scopes: tuple[str, ...] = WRITE_LEAD,
) -> Call[T]:
    """A write to the lead database, in JSON."""
    return Call(
        name,
        Route("POST", "lead", tail, params),
        reader,
        replay,
        timeout,
        query=query,
        body=None if body is None else JsonBody(body),
        scopes=scopes,
    )


def asset(
    name: str, tail: str, reader: Callable[[Envelope], T], *, params: Pairs = (), query: Pairs = ()
) -> Call[T]:
    """A read of the asset API."""
    route = Route("GET", "asset", tail, params)
    return Call(name, route, reader, Replay.SAFE, ASSET_TIMEOUT, query=query, scopes=READ_ASSETS)


def asset_pages(
    name: str,
    tail: str,
    reader: Callable[[Envelope], list[T]],
    *,
    page_size: int,
    params: Pairs = (),
    query: Pairs = (),
) -> Call[list[T]]:
    """A read of the asset API that pages by offset."""
    size = between(name, "page_size", page_size, 1, ASSET_PAGE_MAX)
    return Call(
        name,
        Route("GET", "asset", tail, params),
        reader,
        Replay.SAFE,
        ASSET_TIMEOUT,
        query=(*query, ("maxReturn", str(size))),
        follow=offset,
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
    """A write to the asset API, as a form: JSON is refused there."""
    body = None if form is None else FormBody(form)
    return Call(
        name, Route("POST", "asset", tail, params), reader, replay, ASSET_TIMEOUT, body=body, scopes=scopes
    )


# -- checks ------------------------------------------------------------------------------------------


def place(call: str, field: str, value: int | str, name: str = "id") -> Pairs:
    """The path value *name* out of an id.

    :raises InvalidInput: when it is no id.
    """
    return path_params(call, **{name: numeric_id(call, field, value)})


def ids(call: str, field: str, values: Sequence[int | str], *, at_most: int = BATCH_MAX) -> list[int]:
    """Check a batch of ids.

    :raises InvalidInput: on none, too many, or one that is no id.
    """
    given = batch(call, field, values, at_most=at_most)
    return [numeric_id(call, f"{field}[{index}]", one) for index, one in enumerate(given)]


def records(
    call: str,
    field: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    needs: Sequence[str] = (),
    at_most: int = BATCH_MAX,
) -> list[dict[str, Any]]:
    """Check a batch of records.

    :param needs: what every record must have.
    :raises InvalidInput: on none, too many, or one that is no mapping or lacks what it needs.
    """
    checked: list[dict[str, Any]] = []
    for index, row in enumerate(batch(call, field, rows, at_most=at_most)):
        where = f"{field}[{index}]"
        if not isinstance(row, Mapping):
            raise InvalidInput(where, f"must be a mapping, not {describe_type(row)}", call=call)
        for key in needs:
            if row.get(key) in (None, ""):
                raise InvalidInput(f"{where}.{key}", "is missing or empty", call=call)
        checked.append(dict(row))
    return checked


def fitting(call: str, field: str, body: dict[str, Any]) -> dict[str, Any]:
    """Check that a body is within what one call may hold.

    :raises InvalidInput: when it is over, or holds what JSON does not know.
    """
    JsonBody(body)
    size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
    if size > BODY_MAX:
        raise InvalidInput(field, f"are {size:,} bytes together; at most {BODY_MAX:,} per call", call=call)
    return body


def between(call: str, field: str, value: int, low: int, high: int) -> int:
    """Check a number.

    :raises InvalidInput: when it is none, or outside *low* to *high*.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        told = value if isinstance(value, int) and not isinstance(value, bool) else describe_type(value)
        raise InvalidInput(field, f"must be a whole number from {low} to {high}, not {told}", call=call)
    return value


def one_of(call: str, field: str, value: str, known: Sequence[str]) -> str:
    """Check a word.

    :raises InvalidInput: when it is not one of *known*.
    """
    if value not in known:
        raise InvalidInput(field, f"must be one of {', '.join(known)}", call=call)
    return value


def maybe_one_of(call: str, field: str, value: str | None, known: Sequence[str]) -> str | None:
    """Check a word that may be missing.

    :raises InvalidInput: when it is not one of *known*.
    """
    return None if value is None else one_of(call, field, value, known)


def comma_values(call: str, values: Sequence[str | int | bool]) -> str:
    """The values of a filter, as one text: 1-300 texts, numbers or booleans.

    :raises InvalidInput: on none, too many, one that is empty or has a comma, which nothing escapes.
    """
    written: list[str] = []
    for index, value in enumerate(batch(call, "filter_values", values, at_most=BATCH_MAX)):
        where = f"filter_values[{index}]"
        if not isinstance(value, (str, int)):
            raise InvalidInput(where, f"must be text or a number, not {describe_type(value)}", call=call)
        one = str(value).lower() if isinstance(value, bool) else str(value)
        if not one.strip() or "," in one:
            raise InvalidInput(where, "is empty or has a comma in it", call=call)
        written.append(one)
    return ",".join(written)


def text(call: str, field: str, value: str, *, at_most: int = NAME_MAX) -> str:
    """Check a text that must be there.

    :raises InvalidInput: when it is none, empty or too long.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(field, f"is missing or empty: {describe_type(value)}", call=call)
    if len(value) > at_most:
        raise InvalidInput(field, f"has {len(value)} characters; at most {at_most}", call=call)
    return value


def maybe_text(call: str, field: str, value: str | None) -> str | None:
    """Check a text that may be missing, but not empty.

    :raises InvalidInput: when it is something else.
    """
    return None if value is None else text(call, field, value)


def optional_text(call: str, field: str, value: str | None, *, at_most: int) -> str | None:
    """Check a text that may be missing or empty.

    :raises InvalidInput: when it is no text, or too long.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidInput(field, f"must be text, not {describe_type(value)}", call=call)
    if len(value) > at_most:
        raise InvalidInput(field, f"has {len(value)} characters; at most {at_most}", call=call)
    return value


def folder(call: str, folder_id: int | str, folder_type: str, *, field: str = "folder_id") -> str:
    """A folder as the asset API takes it.

    :param field: what the caller calls the id.
    :raises InvalidInput: when the id is no id, or the type neither ``Folder`` nor ``Program``.
    """
    one_of(call, "folder_type", folder_type, ("Folder", "Program"))
    return json.dumps({"id": numeric_id(call, field, folder_id), "type": folder_type})


def in_folder(call: str, folder_id: int | str | None, folder_type: str) -> str | None:
    """The folder of a browsing call, or None for all.

    :raises InvalidInput: as :func:`folder` does.
    """
    one_of(call, "folder_type", folder_type, ("Folder", "Program"))
    return None if folder_id is None else folder(call, folder_id, folder_type)


def time_of(call: str, field: str, value: datetime | None) -> str | None:
    """A time without fractions, which the platform's filters refuse; None stays None.

    :raises InvalidInput: on a time without a zone.
    """
    return None if value is None else utc(call, field, value).strftime("%Y-%m-%dT%H:%M:%SZ")


def updated(call: str, after: datetime | None, before: datetime | None) -> Pairs:
    """The range of update times that many reads take, both ends included.

    :raises InvalidInput: on a time without a zone, or an end before the start.
    """
    pairs = query_pairs(
        earliestUpdatedAt=time_of(call, "updated_after", after),
        latestUpdatedAt=time_of(call, "updated_before", before),
    )
    if after and before and before < after:
        raise InvalidInput("updated_before", "is before updated_after", call=call)
    return pairs


def something(call: str, field: str, pairs: Pairs) -> Pairs:
    """Check that there is anything to change.

    :raises InvalidInput: when there is not.
    """
    if not pairs:
        raise InvalidInput(field, "nothing was given to change", call=call)
    return pairs

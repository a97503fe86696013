"""Requests of the asset API of the Email Designer (version 2). It takes JSON, and its ids are texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Pairs, Replay, Route
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.requests import ASSET_TIMEOUT, READ_ASSETS, WRITE_ASSETS

T = TypeVar("T")

PAGE_MAX = 50
BATCH_GET_MAX = 20
BATCH_DELETE_MAX = 20
BATCH_USED_BY_MAX = 50

# Required by the schema. It also requires the token as a query parameter, which ended on 2026-08-31.
_HEADERS: Pairs = (("x-app-type", "marketo"),)


def read(
    name: str,
    tail: str,
    reader: Callable[[Envelope], T],
    *,
    params: Pairs = (),
    query: Pairs = (),
    follow: Callable[[Call[T], Envelope], Pairs | None] | None = None,
) -> Call[T]:
    """Build a read."""
    return Call(
        name,
        Route("GET", "asset v2", tail, params),
        reader,
        Replay.SAFE,
        ASSET_TIMEOUT,
        query=query,
        headers=_HEADERS,
        follow=follow,
        scopes=READ_ASSETS,
    )


def post(
    name: str,
    tail: str,
    reader: Callable[[Envelope], T],
    replay: Replay,
    body: Json = None,
    *,
    params: Pairs = (),
    scopes: tuple[str, ...] = WRITE_ASSETS,
    follow: Callable[[Call[T], Envelope], JsonBody | None] | None = None,
) -> Call[T]:
    """Build a request with a JSON body. Some reads are sent this way too."""
    return Call(
        name,
        Route("POST", "asset v2", tail, params),
        reader,
        replay,
        ASSET_TIMEOUT,
        body=None if body is None else JsonBody(body),
        headers=_HEADERS,
        follow=follow,
        scopes=scopes,
    )


def items(envelope: Envelope) -> list[JsonDict]:
    """Read the items of a list: an array in the guide, an object with ``items`` in the schema."""
    result = envelope.get("result") or []
    found = result.get("items") or [] if isinstance(result, dict) else result
    return cast("list[JsonDict]", found)


def next_page(call: Call[T], envelope: Envelope) -> Pairs | None:
    """Ask for the next page until one is empty: the total counts items that are never returned."""
    if not items(envelope):
        return None
    page = int(dict(call.query).get("pageIndex", 0)) + 1
    return (*(pair for pair in call.query if pair[0] != "pageIndex"), ("pageIndex", str(page)))


def next_page_of_body(call: Call[T], envelope: Envelope) -> JsonBody | None:
    """Ask for the next page in the body, until one is empty."""
    body = call.body.value if isinstance(call.body, JsonBody) else None
    if not items(envelope) or not isinstance(body, dict):
        return None
    return JsonBody({**body, "pageIndex": int(str(body.get("pageIndex") or 0)) + 1})

"""Cursors of list endpoints."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote, unquote

from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

Item = TypeVar("Item")


def cursor(offset: int) -> str:
    """Return an opaque cursor, which is percent-encoded base64 as in HubSpot's example."""
    return quote(base64.b64encode(f"{offset}\n".encode()).decode(), safe="")


def offset_of(after: str | None) -> int:
    """Return the offset of a cursor, which may be percent-encoded or not."""
    if after is None:
        return 0
    try:
        offset = int(base64.b64decode(unquote(after), validate=True))
    except (binascii.Error, ValueError):
        offset = -1
    if offset < 0:
        msg = f"after is not a cursor of this list: {after!r}"
        raise invalid(msg)
    return offset


def page(items: Sequence[Item], after: str | None, limit: int) -> tuple[Sequence[Item], JsonObject]:
    """Return one page, and the `paging` part of the response (empty on the last page)."""
    start = offset_of(after)
    end = start + limit
    if end >= len(items):
        return items[start:end], {}
    return items[start:end], {"paging": {"next": {"after": cursor(end), "link": f"?after={cursor(end)}"}}}


def page_both_ways(
    items: Sequence[Item], after: str | None, before: str | None, limit: int
) -> tuple[Sequence[Item], JsonObject]:
    """Return one page of a list that can be paged in both directions: `before` ends where `after` begins."""
    if after is not None and before is not None:
        msg = "after and before cannot be given together"
        raise invalid(msg)
    if before is not None:
        end = min(offset_of(before), len(items))
        start = max(0, end - limit)
    else:
        start = offset_of(after)
        end = min(start + limit, len(items))
    paging: JsonObject = {}
    if end < len(items):
        paging["next"] = {"after": cursor(end), "link": f"?after={cursor(end)}"}
    if start > 0:
        paging["prev"] = {"before": cursor(start), "link": f"?before={cursor(start)}"}
    return items[start:end], {"paging": paging} if paging else {}

"""Paging styles: functions of a call and its response that return the query or body of the next page."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, cast
from urllib.parse import unquote

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Pairs

T = TypeVar("T")


def _with(query: Pairs, name: str, value: str) -> Pairs:
    return (*((key, old) for key, old in query if key != name), (name, value))


def after_cursor(call: Call[T], envelope: Envelope) -> Pairs | None:
    """HubSpot: send ``paging.next.after`` as ``after`` until it is absent.

    The cursor is percent-decoded, since HubSpot's examples show it encoded. That changes nothing for other
    cursors.
    """
    paging = envelope.get("paging") or {}
    after = (paging.get("next") or {}).get("after")
    return _with(call.query, "after", unquote(str(after))) if after else None


def body_offset(call: Call[T], envelope: Envelope) -> JsonBody | None:
    """HubSpot list search: send the response's ``offset`` in the body while ``hasMore``."""
    body = call.body.value if isinstance(call.body, JsonBody) else None
    if not envelope.get("hasMore") or not isinstance(body, dict):
        return None
    return JsonBody({**body, "offset": int(envelope["offset"])})


def position_token(call: Call[T], envelope: Envelope) -> Pairs | None:
    """Marketo lead database: send ``nextPageToken`` until it is absent, or the page is empty or the last.

    Some lists have no ``moreResult``, so the token decides.
    """
    token = envelope.get("nextPageToken")
    if not token or envelope.get("moreResult") is False or not envelope.get("result"):
        return None
    return _with(call.query, "nextPageToken", str(token))


def date_token(call: Call[T], envelope: Envelope) -> Pairs | None:
    """Marketo activities: send ``nextPageToken`` while ``moreResult``. Any page can be empty."""
    token = envelope.get("nextPageToken")
    return _with(call.query, "nextPageToken", str(token)) if token and envelope.get("moreResult") else None


def offset(call: Call[T], envelope: Envelope) -> Pairs | None:
    """Marketo assets: increase ``offset`` by the number of rows until a page is not full."""
    rows = len(envelope.get("result") or ())
    query = dict(call.query)
    page = int(query.get("maxReturn", 20))
    if rows < page:
        return None
    return _with(call.query, "offset", str(int(query.get("offset", 0)) + rows))


def with_next(call: Call[list[T]]) -> Call[tuple[list[T], Call[list[T]] | None]]:
    """Return the call with another result: its page, and the call for the next page."""
    read = call.read
    paged = replace(call, read=lambda envelope: (read(envelope), call.next_page(envelope)))  # type: ignore[arg-type,return-value]
    return cast("Call[tuple[list[T], Call[list[T]] | None]]", paged)

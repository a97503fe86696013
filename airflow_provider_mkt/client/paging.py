"""How the next page is asked for. Each style is a function of the call and the page just read."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, cast
from urllib.parse import unquote

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Pairs

T = TypeVar("T")


def _with(query: Pairs, name: str, value: str) -> Pairs:
    return (*((key, old) for key, old in query if key != name), (name, value))


def after_cursor(call: Call[T], envelope: Envelope) -> Pairs | None:
    """HubSpot: ``paging.next.after`` goes into ``after`` until it is absent.

    The cursor is decoded once, since the platform's own examples show it percent-encoded;
    for every cursor that is not, this changes nothing.
    """
    paging = envelope.get("paging") or {}
    after = (paging.get("next") or {}).get("after")
    return _with(call.query, "after", unquote(str(after))) if after else None


def body_offset(call: Call[T], envelope: Envelope) -> JsonBody | None:
    """HubSpot list search: the answer's ``offset`` goes into the body while ``hasMore``."""
    asked = call.body.value if isinstance(call.body, JsonBody) else None
    if not envelope.get("hasMore") or not isinstance(asked, dict):
        return None
    return JsonBody({**asked, "offset": int(envelope["offset"])})


def position_token(call: Call[T], envelope: Envelope) -> Pairs | None:
    """Marketo lead database: ``nextPageToken`` until it is absent, the page is empty or the last.

    Some lists have no ``moreResult``, so the token is what decides.
    """
    token = envelope.get("nextPageToken")
    if not token or envelope.get("moreResult") is False or not envelope.get("result"):
        return None
    return _with(call.query, "nextPageToken", str(token))


def date_token(call: Call[T], envelope: Envelope) -> Pairs | None:
    """Marketo activities: a page may be empty with more to come, so only ``moreResult`` decides."""
    token = envelope.get("nextPageToken")
    return _with(call.query, "nextPageToken", str(token)) if token and envelope.get("moreResult") else None


def offset(call: Call[T], envelope: Envelope) -> Pairs | None:
    """Marketo assets: ``offset`` grows by the rows returned until a page is short."""
    rows = len(envelope.get("result") or ())
    query = dict(call.query)
    page = int(query.get("maxReturn", 20))
    if rows < page:
        return None
    return _with(call.query, "offset", str(int(query.get("offset", 0)) + rows))


def with_next(call: Call[list[T]]) -> Call[tuple[list[T], Call[list[T]] | None]]:
    """The call, read as its page and the call for the page after it: for flows that may stop in between."""
    read = call.read
    paged = replace(call, read=lambda envelope: (read(envelope), call.next_page(envelope)))  # type: ignore[arg-type,return-value]
    return cast("Call[tuple[list[T], Call[list[T]] | None]]", paged)

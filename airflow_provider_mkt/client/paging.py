"""Paging styles: functions of a call and its response that return the query or body of the next page."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, TypeAlias, TypeVar, cast
from urllib.parse import unquote

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Pairs, parameter
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.parameters import Check
from airflow_provider_mkt.client.redaction import describe_type

T = TypeVar("T")


def to_cursor(field: str, value: object) -> str:
    """Check a cursor, which a platform returned as text or as a number.

    :raises InvalidInput: when it is neither, or empty.
    """
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
        raise InvalidInput(field, f"must be a cursor that the platform returned, not {describe_type(value)}")
    return str(value)


Cursor: TypeAlias = Annotated[int | str, Check(to_cursor)]
"""Where a page begins, as the platform returned it. Endpoints get text."""

_NUMBERS = {"offset", "pageIndex"}
_CURSORS = {"after", "before", "nextPageToken"} | _NUMBERS


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


def body_cursor(call: Call[T], envelope: Envelope) -> JsonBody | None:
    """HubSpot calls with a body: send ``paging.next.after`` as ``after`` in the body until it is absent."""
    body = call.body.value if isinstance(call.body, JsonBody) else None
    after = ((envelope.get("paging") or {}).get("next") or {}).get("after")
    return JsonBody({**body, "after": str(after)}) if after and isinstance(body, dict) else None


def before_cursor(call: Call[T], envelope: Envelope) -> Pairs | None:
    """HubSpot, backwards: send ``paging.prev.before`` as ``before`` until it is absent or stays the same."""
    paging = envelope.get("paging") or {}
    before = (paging.get("prev") or {}).get("before")
    if not before or not envelope.get("results"):
        return None
    following = _with(call.query, "before", unquote(str(before)))
    return None if following == call.query else following


def body_offset(call: Call[T], envelope: Envelope) -> JsonBody | None:
    """HubSpot list search: send the response's ``offset`` in the body while ``hasMore``."""
    body = call.body.value if isinstance(call.body, JsonBody) else None
    if not envelope.get("hasMore") or not isinstance(body, dict):
        return None
    return JsonBody({**body, "offset": int(envelope["offset"])})


def query_offset(call: Call[T], envelope: Envelope) -> Pairs | None:
    """HubSpot v1: send the response's ``offset`` in the query while ``hasMore`` and it changes."""
    offset = envelope.get("offset")
    if not envelope.get("hasMore") or not offset:
        return None
    following = _with(call.query, "offset", str(offset))
    return None if following == call.query else following


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


def next_offset(call: Call[T], envelope: Envelope) -> Pairs | None:
    """Marketo assets: increase ``offset`` by the number of rows until a page is not full."""
    rows = len(envelope.get("result") or ())
    query = dict(call.query)
    page = int(query.get("maxReturn", 20))
    if rows < page:
        return None
    return _with(call.query, "offset", str(int(query.get("offset", 0)) + rows))


def cursor_arguments(call: Call[T], following: Call[T]) -> dict[str, str | int]:
    """Return the cursor of a later page as arguments of the endpoint.

    :param following: the call for that page of *call*.
    :returns: empty when the page does not begin at a cursor.
    """
    before, after = _parameters(call), _parameters(following)
    changed = {name: after[name] for name in _CURSORS & after.keys() if after[name] != before.get(name)}
    # An offset of HubSpot v1 is any text.
    return {
        parameter(name): int(value) if name in _NUMBERS and str(value).isdecimal() else value
        for name, value in changed.items()
    }


def _parameters(call: Call[T]) -> dict[str, str | int]:
    body = call.body.value if isinstance(call.body, JsonBody) else None
    fields = body.items() if isinstance(body, dict) else ()
    return {
        **dict(call.query),
        **{name: value for name, value in fields if isinstance(value, str | int)},
    }


def with_next(call: Call[list[T]]) -> Call[tuple[list[T], Call[list[T]] | None]]:
    """Return the call with another result: its page, and the call for the next page."""
    read = call.read
    paged = replace(call, read=lambda envelope: (read(envelope), call.next_page(envelope)))  # type: ignore[arg-type,return-value]
    return cast("Call[tuple[list[T], Call[list[T]] | None]]", paged)

"""Paging by opaque tokens, and by offset for assets."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import TypeVar

from airflow_provider_mkt.sandbox.marketo.activities.store import Position
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, missing
from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.requests import BATCH, to_int
from airflow_provider_mkt.sandbox.marketo.responses import MarketoRequest, Row
from airflow_provider_mkt.sandbox.marketo.times import parse_day, parse_moment

ItemT = TypeVar("ItemT")
AssetT = TypeVar("AssetT", bound=Asset)

MAX_RETURN = 200
DEFAULT_RETURN = 20
_NOT_PART_OF_QUERY = ("nextPageToken", "batchSize", "access_token", "_method")


def batch_size(request: MarketoRequest) -> int:
    text = request.query_params.get("batchSize")
    size = to_int(text, "batchSize") if text else BATCH
    if not 1 <= size <= BATCH:
        raise MarketoError(1003, f"batchSize must be between 1 and {BATCH}")
    return size


def page(
    request: MarketoRequest, items: list[ItemT], key: Callable[[ItemT], int], *, says_more: bool = True
) -> tuple[list[ItemT], Row]:
    """Return one page of items ordered by an ascending key, which does not shift when items are added."""
    after = _read_position(request)
    return ordered_page(
        request, sorted((item for item in items if key(item) > after), key=key), key, says_more=says_more
    )


def page_of_leads(
    request: MarketoRequest,
    ids: Iterable[int],
    lead_of: Callable[[Iterable[int]], Iterable[Lead]],
    *,
    says_more: bool = True,
) -> tuple[list[Lead], Row]:
    """Return one page of leads by their ids. Leads of other pages are not read.

    :param lead_of: returns those leads of some ids that the user can see.
    """
    after = _read_position(request)
    ahead = lead_of(sorted(one for one in ids if one > after))
    return ordered_page(request, ahead, lambda lead: lead.id, says_more=says_more)


def ordered_page(
    request: MarketoRequest, ahead: Iterable[ItemT], key: Callable[[ItemT], int], *, says_more: bool
) -> tuple[list[ItemT], Row]:
    """Return the first page of items that are in the order of their key."""
    size = batch_size(request)
    rows = list(islice(ahead, size + 1))
    is_more = len(rows) > size
    more: Row = {"moreResult": is_more} if says_more else {}
    if is_more:
        rows.pop()
        more["nextPageToken"] = _write(request, f"{_fingerprint(request)},{key(rows[-1])}")
    return rows, more


def offset_page(request: MarketoRequest, items: list[ItemT]) -> list[ItemT]:
    """Return one page by offset."""
    size, offset = _number(request, "maxReturn", DEFAULT_RETURN), _number(request, "offset", 0)
    if not 1 <= size <= MAX_RETURN:
        raise MarketoError(701, f"maxReturn must be between 1 and {MAX_RETURN}")
    if offset < 0:
        raise MarketoError(701, "offset must not be negative")
    return items[offset : offset + size]


def asset_page(request: MarketoRequest, items: list[AssetT]) -> list[AssetT]:
    """Return one page of assets, filtered by the time range of their update."""
    earliest, latest = moment(request, "earliestUpdatedAt"), moment(request, "latestUpdatedAt")
    chosen = [
        item
        for item in items
        if (earliest is None or item.updated_at >= earliest) and (latest is None or item.updated_at <= latest)
    ]
    return offset_page(request, sorted(chosen, key=lambda item: item.id))


def moment(request: MarketoRequest, name: str) -> datetime | None:
    """Return a date-time parameter, if it is given."""
    text = request.query_params.get(name)
    if not text:
        return None
    found = parse_moment(text)
    if found is None and parse_day(text):
        found = parse_moment(f"{text}T00:00:00Z")
    if found is None:
        raise MarketoError(704 if "/asset/" in request.path else 1003, f"Invalid date '{text}' for '{name}'")
    return found


def write_position(request: MarketoRequest, position: Position) -> str:
    return _write(request, f"{position.date.isoformat()},{position.id}")


def read_position(request: MarketoRequest) -> Position:
    """Return the position of a date token of the activity endpoints, which clients may keep."""
    text = request.query_params.get("nextPageToken")
    if not text:
        raise missing("nextPageToken")
    date, _, number = _read(request, text).partition(",")
    found = parse_moment(date)
    try:
        exact = datetime.fromisoformat(date) if found else None
        return Position(exact, int(number)) if exact else _refuse(text)
    except ValueError:
        return _refuse(text)


def _refuse(text: str) -> Position:
    raise MarketoError(1003, f"Invalid value '{text}' for nextPageToken")


def _read_position(request: MarketoRequest) -> int:
    text = request.query_params.get("nextPageToken")
    if not text:
        return -1
    print_, _, last = _read(request, text).partition(",")
    # A token is valid for its own query: another filter would skip or repeat rows.
    if print_ != _fingerprint(request) or not last.lstrip("-").isdigit():
        raise MarketoError(1003, f"Invalid value '{text}' for nextPageToken")
    return int(last)


def _fingerprint(request: MarketoRequest) -> str:
    pairs = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in _NOT_PART_OF_QUERY)
    return hashlib.sha256(repr((request.path, pairs)).encode()).hexdigest()[:12]


def _write(request: MarketoRequest, text: str) -> str:
    return base64.b32encode(f"{request.clock.time():.3f} {text}".encode()).decode()


def _read(request: MarketoRequest, token: str) -> str:
    """Return what a token says.

    :raises MarketoError: this instance has not written it, or it is too old. No code for that is documented.
    """
    try:
        issued, _, text = base64.b32decode(token).decode().partition(" ")
        age = request.clock.time() - float(issued)
    except (binascii.Error, ValueError):
        raise MarketoError(1003, f"Invalid value '{token}' for nextPageToken") from None
    longest = request.state.accounts.settings.paging_token_seconds
    if longest is not None and age > longest:
        raise MarketoError(1003, f"Invalid value '{token}' for nextPageToken: it has expired")
    return text


def _number(request: MarketoRequest, name: str, default: int) -> int:
    text = request.query_params.get(name)
    return to_int(text, name) if text else default

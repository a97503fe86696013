"""Search: filters, at most 10,000 results, and an index that is behind writes."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Iterator
from operator import itemgetter

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.contacts import PREFIXES as CONTACTS
from airflow_provider_mkt.sandbox.hubspot.errors import bad_properties, invalid
from airflow_provider_mkt.sandbox.hubspot.objects import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Comparable, Definitions, Property
from airflow_provider_mkt.sandbox.hubspot.objects.requests import kind_of, read_scopes
from airflow_provider_mkt.sandbox.hubspot.objects.search_filters import (
    Filter,
    Groups,
    is_match,
    queried_properties,
)
from airflow_provider_mkt.sandbox.hubspot.objects.search_requests import read_groups
from airflow_provider_mkt.sandbox.hubspot.objects.store import (
    CHANGE_TIMES,
    OF_THE_PLATFORM,
    Record,
    RecordStore,
)
from airflow_provider_mkt.sandbox.hubspot.objects.views import record_view
from airflow_provider_mkt.sandbox.hubspot.requests import array, names, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import CONCURRENCY, DAILY, SECONDLY
from airflow_provider_mkt.sandbox.server.responses import JSONResponse
from airflow_provider_mkt.sandbox.server.turns import in_turns

CEILING = 10_000
MAX_PER_PAGE = 200
MAX_CHARACTERS = 3_000
_SCHEMA = "PublicObjectSearchRequest"
_SORTED_AT_ONCE = 2_000
_MOST_CANDIDATES = 5_000
"""A search that may find more goes through all records, which lets other requests run."""
_MILLISECOND = 0.001
_FIRST = (False, False, "")
"""Sort key of records without a value."""

routes = HubSpotRoutes(*CONTACTS, *PREFIXES, scopes_of=read_scopes)


@routes.handle("POST", "/search", gates=(CONCURRENCY, DAILY, SECONDLY), rate_headers=False)
async def search_records(request: HubSpotRequest) -> Response:
    if len(request.content.decode("utf-8", "replace")) > MAX_CHARACTERS:
        msg = f"The body of a search must not be longer than {MAX_CHARACTERS} characters"
        raise invalid(msg)
    body = await read_object(request, _SCHEMA)
    kind = kind_of(request)
    definitions = kind.store.definitions
    groups = read_groups(body, definitions)
    limit = _number(body.get("limit"), "limit", 10)
    start = _number(body.get("after"), "after", 0)
    if not 0 < limit <= MAX_PER_PAGE:
        msg = f"limit must be from 1 to {MAX_PER_PAGE}, not {limit}"
        raise invalid(msg)
    if start + limit > CEILING:
        msg = f"A search cannot page beyond {CEILING} results: after {start}, limit {limit}"
        raise invalid(msg)
    sort, descending = _sort(array(body, "sorts", _SCHEMA), definitions)
    requested = names(body, "properties", _SCHEMA)
    await request.simulate_latency()
    order = _Order(sort, descending=descending, keep=start + limit)
    queried = queried_properties(kind)
    async for record in _indexed(request, kind.store, groups):
        if is_match(record, groups, body.get("query"), queried):
            order.add(record)
    answer: JsonObject = {
        "total": order.total,
        "results": [record_view(one, kind, requested) for one in order.first()[start:]],
    }
    if start + limit < order.total:
        after = str(start + limit)
        answer["paging"] = {"next": {"after": after, "link": f"?after={after}"}}
    return JSONResponse(answer)


async def _indexed(request: HubSpotRequest, store: RecordStore, groups: Groups) -> AsyncIterator[Record]:
    """Return records as the search index has them, which may match: as they were `search_lag` seconds ago.

    Other requests run in between: a search of all records may take long.
    """
    moment = request.clock.time() - request.state.settings.search_lag
    ids = await _candidates(store, groups, moment)
    if ids is None:
        found: Iterable[Record | None] = store.live(after=_lowest_id(groups) - 1)
    else:
        found = (store.get(one) for one in ids)
    async for record in in_turns(found):
        then = record.as_of(moment) if record is not None and record.is_live else None
        if then is not None:
            yield then


def _lowest_id(groups: Groups) -> int:
    """Return the id below which no record matches."""
    lowest = [
        max((one.at_least for one in group if one.name == "hs_object_id" and one.at_least), default=0.0)
        for group in groups
    ]
    return math.floor(min(lowest, default=0.0))


async def _candidates(store: RecordStore, groups: Groups, moment: float) -> list[str] | None:
    """Return the ids of records that may match, in ascending order, or None for all.

    Indexes have current values, so records that were changed after the moment are added.
    """
    found: set[str] = set()
    for group in groups:
        chosen = [ids for one in group if (ids := await _ids_for(store, one)) is not None]
        if not chosen:
            return None
        found |= min(chosen, key=len)
    if not groups or not _add(found, store.changed_after(moment)):
        return None
    return sorted((one for one in found if store.get(one) is not None), key=int)


async def _ids_for(store: RecordStore, item: Filter) -> set[str] | None:
    """Return the ids of records that may match a filter, or None if they are too many or not indexed."""
    if item.name == "hs_object_id":
        return set(_whole_numbers(item.wanted)) if item.wanted else None
    if item.name in CHANGE_TIMES and item.at_least is not None:
        found: set[str] = set()
        return found if _add(found, store.changed_after(item.at_least - _MILLISECOND)) else None
    known = store.definitions.get(item.name)
    if not item.wanted or item.name in OF_THE_PLATFORM or known is None:
        return None
    index, key = store.index_of(item.name), known.comparable
    if not index.complete:
        async for record in in_turns(store.every()):
            value = record.properties.get(item.name)
            if value is not None:
                index.add(record.id, key(value))
        index.complete = True
    keys = [key(value) for value in item.wanted]
    return index.lookup(keys) if index.count(keys) <= _MOST_CANDIDATES else None


def _add(found: set[str], ids: Iterable[str]) -> bool:
    """Add ids; return False when they become too many."""
    for one in ids:
        found.add(one)
        if len(found) > _MOST_CANDIDATES:
            return False
    return True


def _whole_numbers(values: Iterable[str]) -> Iterator[str]:
    """Return ids that may be written as other numbers, because they are compared as numbers."""
    for value in values:
        try:
            yield str(int(float(value)))
        except (OverflowError, ValueError):
            continue


class _Order:
    """The first records of a search in its order, without holding all of them.

    :param sort: the property to sort by; None for the order in which they are added, which is that of ids.
    :param keep: how many records are needed.
    """

    def __init__(self, sort: Property | None, *, descending: bool, keep: int) -> None:
        self.total = 0
        self._sort = sort
        self._descending = descending
        self._keep = keep
        self._held: list[tuple[tuple[bool, bool, Comparable], Record]] = []

    def add(self, record: Record) -> None:
        self.total += 1
        if self._sort is None:
            if len(self._held) < self._keep:
                self._held.append((_FIRST, record))
            return
        self._held.append((_order(record, self._sort), record))
        if len(self._held) >= self._keep + _SORTED_AT_ONCE:
            self._shorten()

    def first(self) -> list[Record]:
        if self._sort is not None:
            self._shorten()
        return [record for _, record in self._held]

    def _shorten(self) -> None:
        # Stable in both directions: records with the same value stay in the order of their ids.
        self._held.sort(key=itemgetter(0), reverse=self._descending)
        del self._held[self._keep :]


def _order(record: Record, sort: Property) -> tuple[bool, bool, Comparable]:
    mine = record.comparable(sort)
    if mine is None:
        return _FIRST
    return True, isinstance(mine, str), mine


def _sort(sorts: list[object], definitions: Definitions) -> tuple[Property | None, bool]:
    """Return the sort of a search: a name, `-name`, or an object with name and direction."""
    if len(sorts) > 1:
        msg = "A search takes one sort"
        raise invalid(msg)
    if not sorts:
        return None, False
    if isinstance(sorts[0], dict):
        name = str(sorts[0].get("propertyName"))
        descending = sorts[0].get("direction") == "DESCENDING"
    else:
        name, descending = str(sorts[0]).removeprefix("-"), str(sorts[0]).startswith("-")
    if name not in definitions:
        raise bad_properties([(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')])
    return definitions[name], descending


def _number(given: object, name: str, default: int) -> int:
    text = str(given if given is not None and given != "" else default)
    if not text.isascii() or not text.isdigit():
        msg = f"{name} must be a whole number, not {given!r}"
        raise invalid(msg)
    return int(text)

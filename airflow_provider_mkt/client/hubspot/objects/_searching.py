"""Searches for records: filters, sorts, limits and paging."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar, cast

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Quota, Replay, Route
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, PlatformError
from airflow_provider_mkt.client.hubspot.objects._records import RECORD_ID, Record, read_records
from airflow_provider_mkt.client.paging import Cursor
from airflow_provider_mkt.client.parameters import known_value, required_str
from airflow_provider_mkt.client.redaction import describe_type

PAGE_MAX = 200
CEILING = 10_000
"""Maximum number of results of one search."""
GROUPS_MAX, GROUP_MAX, FILTERS_MAX = 5, 6, 18
BODY_MAX = 3_000
"""Maximum length of a search body, in characters."""

_LONGEST_ID = str(2**63 - 1)
_LISTED = ("IN", "NOT_IN")
_BARE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
OPERATORS = (
    *("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"),
    *_LISTED,
    *_BARE,
)
_KEYS = frozenset(("property_name", "operator", "value", "high_value", "values"))

T = TypeVar("T")


Filter: TypeAlias = Mapping[str, object]
"""One filter: ``property_name`` and ``operator``, with ``values`` for IN and NOT_IN (lower case for text),
``value`` and ``high_value`` for BETWEEN, neither for HAS_PROPERTY and NOT_HAS_PROPERTY, and ``value`` for the
other operators."""


def search_call(
    name: str,
    route: Route,
    scopes: tuple[str, ...],
    filter_groups: Sequence[Sequence[Filter]],
    *,
    batch_read: str,
    query: str | None,
    properties: Sequence[str],
    sort: str | None,
    limit: int,
    after: Cursor | None,
) -> Call[list[Record]]:
    """Return the call of a search, which returns at most 10,000 results.

    :param batch_read: the call that reads properties of records, for errors.
    :raises InvalidInput: when a filter is invalid, or the search is too large.
    """
    body = _body(checked_groups(filter_groups), query, properties, limit)
    if sort is not None:
        body["sorts"] = [_sorted_by(sort)]
    if after is not None:
        body["after"] = after
    return Call(
        name,
        route,
        read_records,
        Replay.SAFE,
        body=JsonBody(_within_limit(body, batch_read)),
        follow=_next_page,
        quota=Quota.SEARCH,
        scopes=scopes,
    )


def search_all_call(
    name: str,
    route: Route,
    scopes: tuple[str, ...],
    filter_groups: Sequence[Sequence[Filter]],
    *,
    batch_read: str,
    query: str | None,
    properties: Sequence[str],
) -> Call[list[Record]]:
    """Return the call of a search without a result limit, in the order of the record ids.

    :param batch_read: the call that reads properties of records, for errors.
    :raises InvalidInput: when a filter is invalid, or the search is too large.
    """
    groups = checked_groups(filter_groups, reserved=1)
    body = _body(groups, query, properties, PAGE_MAX)
    body["sorts"] = [_sorted_by(RECORD_ID)]
    # The body must also be small enough on the last page, with the longest id.
    _within_limit(_after_id(body, groups, _LONGEST_ID), batch_read)

    def next_ids(call: Call[T], envelope: Envelope) -> JsonBody | None:
        ids = [int(row["id"]) for row in read_records(envelope)]
        more = (envelope.get("paging") or {}).get("next")
        if not ids or (not more and len(ids) < PAGE_MAX):
            return None
        request_body = cast("Envelope", call.body.value if isinstance(call.body, JsonBody) else body)
        floor = 0 if request_body == body else int(request_body["filterGroups"][0]["filters"][-1]["value"])
        if any(after <= before for before, after in zip((floor, *ids), ids, strict=False)):
            raise PlatformError(
                "the rows are not in the order of their ids, so the next page could skip some",
                platform="hubspot",
                call=call.name,
            )
        return JsonBody(_after_id(body, groups, str(ids[-1])))

    return Call(
        name,
        route,
        read_records,
        Replay.SAFE,
        body=JsonBody(body),
        follow=next_ids,
        quota=Quota.SEARCH,
        scopes=scopes,
    )


def _next_page(call: Call[T], envelope: Envelope) -> JsonBody | None:
    after = ((envelope.get("paging") or {}).get("next") or {}).get("after")
    request_body = call.body.value if isinstance(call.body, JsonBody) else None
    if not after or not isinstance(request_body, dict):
        return None
    left = CEILING - int(after)
    if left <= 0:
        raise InvalidRequest(
            f"more than {CEILING:,} records match, the most that one search returns; "
            f"{call.name}_all returns all of them",
            platform="hubspot",
            call=call.name,
        )
    # HubSpot rejects a page that would exceed the result limit.
    return JsonBody({**request_body, "after": str(after), "limit": min(int(request_body["limit"]), left)})


def _after_id(body: Mapping[str, Json], groups: list[list[dict[str, Json]]], last: str) -> dict[str, Json]:
    after_last = {"propertyName": RECORD_ID, "operator": "GT", "value": last}
    return {**body, "filterGroups": [{"filters": [*group, after_last]} for group in groups or [[]]]}


def _body(
    groups: list[list[dict[str, Json]]], query: str | None, properties: Sequence[str], limit: int
) -> dict[str, Json]:
    # HubSpot's schema requires every one of these fields.
    body: dict[str, Json] = {
        "filterGroups": [{"filters": group} for group in groups],
        "properties": list(properties),
        "sorts": [],
        "limit": limit,
        "after": "0",
    }
    if query is not None:
        body["query"] = query
    return body


def _within_limit(body: dict[str, Json], batch_read: str) -> dict[str, Json]:
    size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
    if size > BODY_MAX:
        parts = {"filter_groups": "filterGroups", "properties": "properties", "query": "query"}
        field = max(parts, key=lambda name: len(json.dumps(body.get(parts[name]) or "", ensure_ascii=False)))
        instead = (
            f"; search for the ids, and read the properties by {batch_read}" if field == "properties" else ""
        )
        raise InvalidInput(field, f"make a search of {size:,} characters; at most {BODY_MAX:,}{instead}")
    return body


def _sorted_by(sort: str) -> dict[str, str]:
    direction = "DESCENDING" if sort.startswith("-") else "ASCENDING"
    return {"propertyName": required_str("sort", sort.removeprefix("-")), "direction": direction}


def checked_groups(
    filter_groups: Sequence[Sequence[Filter]],
    *,
    groups_max: int = GROUPS_MAX,
    group_max: int = GROUP_MAX,
    reserved: int = 0,
) -> list[list[dict[str, Json]]]:
    """Return groups of filters as HubSpot takes them.

    :param groups_max: the most groups.
    :param group_max: the most filters of a group.
    :param reserved: filters that are added to each group later.
    :raises InvalidInput: naming the filter that is invalid, or when there are too many.
    """
    groups = _list_up_to("filter_groups", filter_groups, groups_max, "groups")
    checked: list[list[dict[str, Json]]] = []
    for index, group in enumerate(groups):
        field = f"filter_groups[{index}]"
        filters = _list_up_to(field, group, group_max - reserved, "filters")
        if not filters:
            # An empty group would match every contact.
            raise InvalidInput(field, "is empty")
        checked.append([_filter(f"{field}[{position}]", filter_) for position, filter_ in enumerate(filters)])
    total = sum(len(group) + reserved for group in checked)
    if total > FILTERS_MAX:
        raise InvalidInput("filter_groups", f"has {total} filters; at most {FILTERS_MAX} in total")
    return checked


def _list_up_to(field: str, value: Sequence[T], at_most: int, item: str) -> Sequence[T]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        raise InvalidInput(field, f"must be a list, not {describe_type(value)}")
    if len(value) > at_most:
        raise InvalidInput(field, f"has {len(value)} {item}; at most {at_most}")
    return value


def _filter(field: str, filter_: Filter) -> dict[str, Json]:
    if not isinstance(filter_, Mapping):
        raise InvalidInput(field, f"must be a mapping, not {describe_type(filter_)}")
    for key in filter_:
        if key not in _KEYS:
            raise InvalidInput(field, f"has a key other than {', '.join(sorted(_KEYS))}")
    name = required_str(f"{field}.property_name", filter_.get("property_name", ""))
    operator = known_value(f"{field}.operator", filter_.get("operator", ""), OPERATORS)
    checked: dict[str, Json] = {"propertyName": name, "operator": operator}
    if operator in _LISTED:
        values = filter_.get("values", ())
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise InvalidInput(f"{field}.values", f"must be a list of texts, not {describe_type(values)}")
        checked["values"] = [
            required_str(f"{field}.values[{index}]", value) for index, value in enumerate(values)
        ]
    elif operator not in _BARE:
        checked["value"] = required_str(f"{field}.value", filter_.get("value", ""))
        if operator == "BETWEEN":
            checked["highValue"] = required_str(f"{field}.high_value", filter_.get("high_value", ""))
    return checked

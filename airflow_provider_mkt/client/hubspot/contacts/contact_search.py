"""Search for contacts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Quota, Replay, Route, comma_list
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, PlatformError
from airflow_provider_mkt.client.hubspot.contacts.contacts import Contact, rows
from airflow_provider_mkt.client.hubspot.parameters import one_of, page_size, text
from airflow_provider_mkt.client.redaction import describe_type

PAGE_MAX = 200
CEILING = 10_000
"""Maximum number of results of one search."""
GROUPS_MAX, GROUP_MAX, FILTERS_MAX = 5, 6, 18
BODY_MAX = 3_000
"""Maximum length of a search body, in characters."""

_RECORD_ID = "hs_object_id"
_LONGEST_ID = str(2**63 - 1)
_LISTED = ("IN", "NOT_IN")
_BARE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
OPERATORS = (
    *("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"),
    *_LISTED,
    *_BARE,
)
_READ = ("crm.objects.contacts.read",)
_KEYS = frozenset(("property_name", "operator", "value", "high_value", "values"))

T = TypeVar("T")


Filter: TypeAlias = Mapping[str, Any]
"""One filter: ``property_name`` and ``operator``, with ``values`` for IN and NOT_IN (lower case for text),
``value`` and ``high_value`` for BETWEEN, neither for HAS_PROPERTY and NOT_HAS_PROPERTY, and ``value`` for the
other operators."""


def search(
    filter_groups: Sequence[Sequence[Filter]] = (),
    *,
    query: str | None = None,
    properties: Sequence[str] = (),
    sort: str | None = None,
    limit: int = PAGE_MAX,
) -> Call[list[Contact]]:
    """Search contacts, up to 10,000 results; :func:`search_all` has no such limit.

    The search index lags behind recent changes, so a contact that is not found may exist.

    :param filter_groups: up to 5 groups of up to 6 filters, 18 in total; a contact matches when it passes
        every filter of one group. A filter is a mapping of ``property_name``, ``operator`` and ``value``; IN
        and NOT_IN take ``values`` instead (lower case for text), BETWEEN also takes ``high_value``.
    :param query: text to find in the contact's name, email, phone or company.
    :param properties: properties to return.
    :param sort: property to sort by; a leading ``-`` sorts in descending order.
    :param limit: rows per page, 1-200.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when a filter is invalid, the search is too large, or *limit* is out of range.
    :raises InvalidRequest: while iterating, when there are more results than the limit.

    Source: ``POST /crm/{version}/objects/contacts/search``.
    """
    name = "contact_search.search"
    size = page_size(name, limit, at_most=PAGE_MAX)
    body = _body(name, _groups(name, filter_groups), query, properties, size)
    if sort is not None:
        body["sorts"] = [_sorted_by(name, sort)]
    return Call(
        name,
        Route("POST", "contacts", "/search"),
        rows,
        Replay.SAFE,
        body=JsonBody(_small_enough(name, body)),
        follow=_below_the_ceiling,
        quota=Quota.SEARCH,
        scopes=_READ,
    )


def search_all(
    filter_groups: Sequence[Sequence[Filter]] = (),
    *,
    query: str | None = None,
    properties: Sequence[str] = (),
) -> Call[list[Contact]]:
    """Search contacts without a result limit, in the order of their record ids.

    Each page filters on record ids after the last one, so no contact is skipped or returned twice when
    contacts are created, changed or archived meanwhile. That uses one filter of each group.

    :param filter_groups: up to 5 groups of up to 5 filters, 18 in total including one more per group.
    :param query: text to find in the contact's name, email, phone or company.
    :param properties: properties to return.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when a filter is invalid, or the search is too large.
    :raises PlatformError: while iterating, when rows are not sorted by id, since some could be skipped.

    Source: ``POST /crm/{version}/objects/contacts/search``.
    """
    name = "contact_search.search_all"
    groups = _groups(name, filter_groups, room=1)
    body = _body(name, groups, query, properties, PAGE_MAX)
    body["sorts"] = [_sorted_by(name, _RECORD_ID)]
    # The body must also be small enough on the last page, with the longest id.
    _small_enough(name, _beyond(body, groups, _LONGEST_ID))

    def next_ids(call: Call[T], envelope: Envelope) -> JsonBody | None:
        ids = [int(row["id"]) for row in rows(envelope)]
        more = (envelope.get("paging") or {}).get("next")
        if not ids or (not more and len(ids) < PAGE_MAX):
            return None
        asked: Any = call.body.value if isinstance(call.body, JsonBody) else body
        floor = 0 if asked == body else int(asked["filterGroups"][0]["filters"][-1]["value"])
        if any(after <= before for before, after in zip((floor, *ids), ids, strict=False)):
            raise PlatformError(
                "the rows are not in the order of their ids, so the next page could skip some",
                platform="hubspot",
                call=name,
            )
        return JsonBody(_beyond(body, groups, str(ids[-1])))

    return Call(
        name,
        Route("POST", "contacts", "/search"),
        rows,
        Replay.SAFE,
        body=JsonBody(body),
        follow=next_ids,
        quota=Quota.SEARCH,
        scopes=_READ,
    )


def _below_the_ceiling(call: Call[T], envelope: Envelope) -> JsonBody | None:
    after = ((envelope.get("paging") or {}).get("next") or {}).get("after")
    asked = call.body.value if isinstance(call.body, JsonBody) else None
    if not after or not isinstance(asked, dict):
        return None
    left = CEILING - int(after)
    if left <= 0:
        raise InvalidRequest(
            f"more than {CEILING:,} contacts match, the most that one search returns; "
            "contact_search.search_all returns all of them",
            platform="hubspot",
            call=call.name,
        )
    # HubSpot rejects a page that would exceed the result limit.
    return JsonBody({**asked, "after": str(after), "limit": min(int(asked["limit"]), left)})


def _beyond(body: Mapping[str, Any], groups: list[list[dict[str, Any]]], last: str) -> dict[str, Any]:
    only = {"propertyName": _RECORD_ID, "operator": "GT", "value": last}
    return {**body, "filterGroups": [{"filters": [*group, only]} for group in groups or [[]]]}


def _body(
    call: str, groups: list[list[dict[str, Any]]], query: str | None, properties: Sequence[str], limit: int
) -> dict[str, Any]:
    comma_list(call, "properties", properties)
    # HubSpot's schema requires every one of these fields.
    body: dict[str, Any] = {
        "filterGroups": [{"filters": group} for group in groups],
        "properties": list(properties),
        "sorts": [],
        "limit": limit,
        "after": "0",
    }
    if query is not None:
        body["query"] = text(call, "query", query)
    return body


def _small_enough(call: str, body: dict[str, Any]) -> dict[str, Any]:
    size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
    if size > BODY_MAX:
        raise InvalidInput(
            "filter_groups", f"make a search of {size} characters; at most {BODY_MAX} are taken", call=call
        )
    return body


def _sorted_by(call: str, sort: str) -> dict[str, str]:
    name = text(call, "sort", sort)
    direction = "DESCENDING" if name.startswith("-") else "ASCENDING"
    return {"propertyName": text(call, "sort", name.removeprefix("-")), "direction": direction}


def _groups(call: str, given: Sequence[Sequence[Filter]], *, room: int = 0) -> list[list[dict[str, Any]]]:
    groups = _several(call, "filter_groups", given, GROUPS_MAX, "groups")
    checked: list[list[dict[str, Any]]] = []
    for index, group in enumerate(groups):
        where = f"filter_groups[{index}]"
        filters = _several(call, where, group, GROUP_MAX - room, "filters")
        if not filters:
            # An empty group would match every contact.
            raise InvalidInput(where, "is empty", call=call)
        checked.append([_filter(call, f"{where}[{place}]", one) for place, one in enumerate(filters)])
    total = sum(len(group) + room for group in checked)
    if total > FILTERS_MAX:
        raise InvalidInput("filter_groups", f"has {total} filters; at most {FILTERS_MAX} in all", call=call)
    return checked


def _several(call: str, field: str, value: Sequence[T], at_most: int, what: str) -> Sequence[T]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        raise InvalidInput(field, f"must be a list, not {describe_type(value)}", call=call)
    if len(value) > at_most:
        raise InvalidInput(field, f"has {len(value)} {what}; at most {at_most}", call=call)
    return value


def _filter(call: str, where: str, given: Filter) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidInput(where, f"must be a mapping, not {describe_type(given)}", call=call)
    for key in given:
        if key not in _KEYS:
            raise InvalidInput(where, f"has a key other than {', '.join(sorted(_KEYS))}", call=call)
    name = text(call, f"{where}.property_name", given.get("property_name", ""))
    operator = one_of(call, f"{where}.operator", given.get("operator", ""), OPERATORS)
    wanted: dict[str, Any] = {"propertyName": name, "operator": operator}
    if operator in _LISTED:
        values = given.get("values", ())
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise InvalidInput(
                f"{where}.values", f"must be a list of texts, not {describe_type(values)}", call=call
            )
        wanted["values"] = [
            text(call, f"{where}.values[{index}]", value) for index, value in enumerate(values)
        ]
    elif operator not in _BARE:
        wanted["value"] = text(call, f"{where}.value", given.get("value", ""))
        if operator == "BETWEEN":
            wanted["highValue"] = text(call, f"{where}.high_value", given.get("high_value", ""))
    return wanted

"""Contact search: filters, at most 10,000 results, and an index that is behind writes."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.contacts import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import Definitions, Property
from airflow_provider_mkt.sandbox.hubspot.contacts.requests import READ
from airflow_provider_mkt.sandbox.hubspot.contacts.search_filters import (
    Comparable,
    check_filter,
    comparable,
    matches,
)
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.contacts.views import contact_view
from airflow_provider_mkt.sandbox.hubspot.errors import bad_properties, invalid
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object, names, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import CONCURRENCY, DAILY, SECONDLY
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

CEILING = 10_000
MAX_PER_PAGE = 200
MAX_CHARACTERS = 3_000
MAX_GROUPS, MAX_IN_GROUP, MAX_FILTERS = 5, 6, 18
_SCHEMA = "PublicObjectSearchRequest"
_QUERIED = ("firstname", "lastname", "email", "phone", "company", "hs_additional_emails", "mobilephone")

routes = HubSpotRoutes(*PREFIXES)


@routes.handle(
    "POST",
    "/search",
    scopes=READ,
    gates=(CONCURRENCY, DAILY, SECONDLY),
    rate_headers=False,
)
async def search_contacts(request: HubSpotRequest) -> Response:
    if len(request.content.decode("utf-8", "replace")) > MAX_CHARACTERS:
        msg = f"The body of a search must not be longer than {MAX_CHARACTERS} characters"
        raise invalid(msg)
    body = await read_object(request, _SCHEMA)
    definitions = request.state.contacts.definitions
    groups = _groups(body, definitions)
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
    found = [one for one in _indexed(request) if _wanted(one, groups, body.get("query"), definitions)]
    found.sort(key=lambda one: _order(one, sort), reverse=descending)
    answer: JsonObject = {
        "total": len(found),
        "results": [contact_view(one, requested) for one in found[start : start + limit]],
    }
    if start + limit < len(found):
        after = str(start + limit)
        answer["paging"] = {"next": {"after": after, "link": f"?after={after}"}}
    return JSONResponse(answer)


def _indexed(request: HubSpotRequest) -> list[Contact]:
    """Return contacts as the search index has them: as they were `search_lag` seconds ago."""
    moment = request.clock.time() - request.state.settings.search_lag
    then = (contact.as_of(moment) for contact in request.state.contacts.live())
    return [contact for contact in then if contact is not None]


def _wanted(
    contact: Contact, groups: list[list[JsonObject]], query: object, definitions: Definitions
) -> bool:
    if query:
        values = [(contact.value(name) or "").lower() for name in _QUERIED]
        if not all(any(word in value for value in values) for word in str(query).lower().split()):
            return False
    return not groups or any(all(matches(contact, item, definitions) for item in group) for group in groups)


def _groups(body: JsonObject, definitions: Definitions) -> list[list[JsonObject]]:
    given = array(body, "filterGroups", _SCHEMA)
    if not given and body.get("filters"):
        given = [{"filters": body["filters"]}]
    groups = [
        [
            check_object(item, "Filter", ["propertyName", "operator"])
            for item in array(check_object(group, "FilterGroup", ["filters"]), "filters", "FilterGroup")
        ]
        for group in given
    ]
    if (
        len(groups) > MAX_GROUPS
        or any(len(group) > MAX_IN_GROUP for group in groups)
        or sum(map(len, groups)) > MAX_FILTERS
    ):
        msg = f"A search takes {MAX_GROUPS} filter groups of {MAX_IN_GROUP} filters, {MAX_FILTERS} in all"
        raise invalid(msg)
    for group in groups:
        for item in group:
            check_filter(item, definitions)
    return groups


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


def _order(contact: Contact, sort: Property | None) -> tuple[bool, bool, Comparable]:
    value = contact.value(sort.name) if sort is not None else contact.id
    if value is None:
        return False, False, ""
    mine = comparable(sort, value) if sort is not None else float(value)
    return True, isinstance(mine, str), mine


def _number(given: object, name: str, default: int) -> int:
    text = str(given if given is not None and given != "" else default)
    if not text.isascii() or not text.isdigit():
        msg = f"{name} must be a whole number, not {given!r}"
        raise invalid(msg)
    return int(text)

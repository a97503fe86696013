"""Read the filters of a search in a body."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Definitions
from airflow_provider_mkt.sandbox.hubspot.objects.search_filters import Groups, read_filter
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

MAX_GROUPS, MAX_IN_GROUP, MAX_FILTERS = 5, 6, 18


def read_groups(
    body: JsonObject, definitions: Definitions, *, groups: int = MAX_GROUPS, in_group: int = MAX_IN_GROUP
) -> Groups:
    """Return the filters of a body.

    :param groups: the most groups.
    :param in_group: the most filters of a group.
    :raises HubSpotError: 400, there are too many, or one of them is invalid.
    """
    schema = "PublicObjectSearchRequest"
    given = array(body, "filterGroups", schema)
    if not given and body.get("filters"):
        given = [{"filters": body["filters"]}]
    found = [
        [
            check_object(item, "Filter", ["propertyName", "operator"])
            for item in array(check_object(group, "FilterGroup", ["filters"]), "filters", "FilterGroup")
        ]
        for group in given
    ]
    if (
        len(found) > groups
        or any(len(group) > in_group for group in found)
        or sum(map(len, found)) > MAX_FILTERS
    ):
        most = min(groups * in_group, MAX_FILTERS)
        msg = f"A search takes {groups} filter groups of {in_group} filters, {most} in all"
        raise invalid(msg)
    return [[read_filter(item, definitions) for item in group] for group in found]

"""Search for contacts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from airflow_provider_mkt.client.call import Call, Route
from airflow_provider_mkt.client.hubspot.objects._records import Record as Contact
from airflow_provider_mkt.client.hubspot.objects._searching import (
    PAGE_MAX,
    search_all_call,
    search_call,
)
from airflow_provider_mkt.client.hubspot.objects._searching import (
    Filter as Filter,
)
from airflow_provider_mkt.client.paging import Cursor
from airflow_provider_mkt.client.parameters import Names, Text, between, endpoint

_READ = ("crm.objects.contacts.read",)
_ROUTE = Route("POST", "contacts", "/search")


@endpoint
def search(
    filter_groups: Sequence[Sequence[Filter]] = (),
    *,
    query: Text | None = None,
    properties: Names = (),
    sort: Text | None = None,
    limit: Annotated[int, between(1, PAGE_MAX)] = PAGE_MAX,
    after: Cursor | None = None,
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
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when a filter is invalid, the search is too large, or *limit* is out of range.
    :raises InvalidRequest: while iterating, when there are more results than the limit.

    Source: ``POST /crm/{version}/objects/contacts/search``.
    """
    return search_call(
        "contact_search.search",
        _ROUTE,
        _READ,
        filter_groups,
        batch_read="contacts.batch_read",
        query=query,
        properties=properties,
        sort=sort,
        limit=limit,
        after=after,
    )


@endpoint
def search_all(
    filter_groups: Sequence[Sequence[Filter]] = (), *, query: Text | None = None, properties: Names = ()
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
    return search_all_call(
        "contact_search.search_all",
        _ROUTE,
        _READ,
        filter_groups,
        batch_read="contacts.batch_read",
        query=query,
        properties=properties,
    )

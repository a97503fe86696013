"""Which reads of HubSpot's waits become one call."""

from __future__ import annotations

from airflow_provider_mkt.actions.batch_reads import (
    BatchRead,
    all_rows,
    id_in_path,
    ids_in_inputs,
    ids_in_query,
    only_row,
    rows_in_pages,
    rows_of,
)
from airflow_provider_mkt.client.hubspot.campaigns import campaigns
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.imports import imports
from airflow_provider_mkt.client.hubspot.lists import list_memberships, lists
from airflow_provider_mkt.client.hubspot.lists._types import SEARCH_PAGE_MAX

_LONGEST = 10_000
"""Ids that one walk through a list may look for."""

EMAILS = BatchRead(
    "emails.get",
    # A list with statistics may leave emails out.
    lambda call: None if call.query else id_in_path(call),
    # What is waited for changed not long ago.
    lambda call, ids: rows_in_pages(emails.list(sort=("-updatedAt",)), ids, "results"),
    only_row(dict),
    _LONGEST,
)

IMPORTS = BatchRead(
    "imports.get",
    id_in_path,
    lambda call, ids: rows_in_pages(imports.list(limit=imports.PAGE_MAX), ids, "results"),
    only_row(dict),
    _LONGEST,
)

CAMPAIGNS = BatchRead(
    "campaigns.batch_read",
    lambda call: None if call.query else ids_in_inputs("id")(call),
    lambda call, ids: rows_of(campaigns.batch_read(ids), "results"),
    all_rows(lambda rows: {"status": "COMPLETE", "results": rows}),
    campaigns.BATCH_MAX,
)

LISTS = BatchRead(
    "lists.batch_read",
    lambda call: ids_in_query("listIds")(call) if {name for name, _ in call.query} == {"listIds"} else None,
    lambda call, ids: rows_of(lists.batch_read(ids), "lists", "listId"),
    all_rows(lambda rows: {"lists": rows}),
    SEARCH_PAGE_MAX,
    lambda call: (),
)

LIST = BatchRead(
    "lists.get",
    lambda call: None if call.query else id_in_path(call),
    lambda call, ids: rows_of(lists.batch_read(ids), "lists", "listId"),
    only_row(lambda row: {"list": row}),
    SEARCH_PAGE_MAX,
)

MEMBERSHIPS = BatchRead(
    "list_memberships.batch_read",
    ids_in_inputs("recordId"),
    lambda call, ids: rows_of(list_memberships.batch_read(ids), "results", "recordId"),
    all_rows(lambda rows: {"status": "COMPLETE", "results": rows}),
    list_memberships.BATCH_MAX,
)

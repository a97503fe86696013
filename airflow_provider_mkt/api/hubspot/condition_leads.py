"""Waiting for contacts: that the search shows them, and that they are in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from airflow_provider_mkt.api.call import Envelope, numeric_id
from airflow_provider_mkt.api.conditions import Seen, State, in_parts, not_seen, note_seen, whole_number
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.hubspot import contact_search, list_memberships
from airflow_provider_mkt.api.hubspot.contacts import Contact

_IDS_MAX = 100
"""Ids of 19 digits that leave room for other filters in the body of one search."""


def leads_visible(
    state: State, *, lead_ids: Sequence[str], having: Mapping[str, str] | None = None
) -> Flow[Seen]:
    """Whether the search shows every contact, with the wanted values. One call for 100 of those missing."""
    filters = [
        {"property_name": name, "operator": "EQ", "value": value} for name, value in (having or {}).items()
    ]
    wanted = [str(numeric_id("", f"lead_ids[{index}]", one)) for index, one in enumerate(lead_ids)]
    for part in in_parts(not_seen(state, wanted), _IDS_MAX):
        only = {"property_name": "hs_object_id", "operator": "IN", "values": list(part)}
        rows: list[Contact] = yield contact_search.search([[only, *filters]], properties=["hs_object_id"])
        note_seen(state, [str(row["id"]) for row in rows])
    missing = len(not_seen(state, wanted))
    return Seen(not missing, {"leads": len(wanted), "missing": missing})


def leads_matching(state: State, *, field: str, value: str, count: int) -> Flow[Seen]:
    """Whether the search shows so many contacts with a value. One call."""
    whole_number("count", count)
    only = {"property_name": field, "operator": "EQ", "value": value}
    # The number of all that match comes with a page of any size.
    page = contact_search.search([[only]], properties=["hs_object_id"], limit=1)
    found: int = yield replace(page, read=_total)  # type: ignore[arg-type]
    return Seen(found >= count, {"leads": found})


def in_list(state: State, *, list_id: str, lead_ids: Sequence[str]) -> Flow[Seen]:
    """Whether every contact is in a list. One call for 100 of those missing."""
    numeric_id("", "list_id", list_id)
    wanted = [str(numeric_id("", f"lead_ids[{index}]", one)) for index, one in enumerate(lead_ids)]
    for part in in_parts(not_seen(state, wanted), list_memberships.BATCH_MAX):
        batch: list_memberships.MembershipBatch = yield list_memberships.of_records(part)
        note_seen(
            state,
            [
                str(row["recordId"])
                for row in batch["results"]
                if any(str(one["listId"]) == list_id for one in row["recordListMemberships"])
            ],
        )
    missing = len(not_seen(state, wanted))
    return Seen(not missing, {"leads": len(wanted), "missing": missing})


def _total(envelope: Envelope) -> int:
    return int(envelope["total"])

"""Constants and types that the list calls share."""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Envelope
from airflow_provider_mkt.client.json_types import JsonDict

FAMILY = "lists"
CONTACTS = "0-1"
"""The object type of contacts."""
READ = ("crm.lists.read or crm.segments.read",)
WRITE = ("crm.lists.write or crm.segments.write", *READ)

LEGACY_IDS_MAX = 10_000
SEARCH_PAGE_MAX = 500
MEMBERS_PAGE_MAX = 250


class ContactList(TypedDict):
    """A list of records of one type.

    ``processingStatus`` is COMPLETE once the members of a list with filters are evaluated.
    """

    listId: str
    name: str
    objectTypeId: str
    processingType: str
    processingStatus: str
    listVersion: int
    size: NotRequired[int]
    filterBranch: NotRequired[JsonDict]
    createdAt: NotRequired[str]
    updatedAt: NotRequired[str]
    deletedAt: NotRequired[str]
    filtersUpdatedAt: NotRequired[str]


def read_list(envelope: Envelope) -> ContactList:
    """Read one list."""
    return cast("ContactList", envelope["list"])


def read_updated_list(envelope: Envelope) -> ContactList:
    """Read the list that a call updated."""
    # The schema does not require ``updatedList``, and some responses of this API use ``list``.
    return cast("ContactList", envelope.get("updatedList") or envelope["list"])

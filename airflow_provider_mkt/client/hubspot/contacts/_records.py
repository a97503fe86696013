"""Types and readers that the contact calls share."""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Envelope
from airflow_provider_mkt.client.json_types import JsonDict


class Contact(TypedDict):
    id: str
    properties: dict[str, str | None]
    createdAt: str
    updatedAt: str
    archived: bool
    archivedAt: NotRequired[str]
    propertiesWithHistory: NotRequired[dict[str, list[JsonDict]]]
    associations: NotRequired[JsonDict]


def read_contact(envelope: Envelope) -> Contact:
    """Read one contact."""
    return cast("Contact", envelope)


def read_contacts(envelope: Envelope) -> list[Contact]:
    """Read a page of contacts."""
    return cast("list[Contact]", envelope["results"])

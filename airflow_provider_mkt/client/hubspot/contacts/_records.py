"""Types and readers that the contact calls share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Envelope
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.parameters import item_list
from airflow_provider_mkt.client.redaction import describe_type


class Contact(TypedDict):
    id: str
    properties: dict[str, str | None]
    createdAt: str
    updatedAt: str
    archived: bool
    archivedAt: NotRequired[str]
    propertiesWithHistory: NotRequired[dict[str, list[JsonDict]]]
    associations: NotRequired[JsonDict]


def contact_list(
    field: str, contacts: Sequence[Mapping[str, str]], *, at_most: int
) -> Sequence[Mapping[str, str]]:
    """Check a batch of contacts: 1 to *at_most* mappings of properties.

    :raises InvalidInput: when the batch is empty or too large, or naming the contact that is not a mapping.
    """
    for index, contact in enumerate(item_list(field, contacts, at_most=at_most)):
        if not isinstance(contact, Mapping):
            problem = f"must be a mapping of properties, not {describe_type(contact)}"
            raise InvalidInput(f"{field}[{index}]", problem)
    return contacts


def read_contact(envelope: Envelope) -> Contact:
    """Read one contact."""
    return cast("Contact", envelope)


def read_contacts(envelope: Envelope) -> list[Contact]:
    """Read a page of contacts."""
    return cast("list[Contact]", envelope["results"])

"""Contacts: records with unique email addresses, some of which are blocked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import CONTACT_PROPERTIES
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Problem
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record, RecordStore
from airflow_provider_mkt.sandbox.server.clock import Clock

FIRST_ID = 90_001_000_001
STAGE = "lifecyclestage"
EMAILS = ("email", "hs_additional_emails")
# The message of this error is not documented; its code is the one of imports.
BLOCKED: Problem = (
    "email",
    "GDPR_BLACKLISTED_EMAIL",
    "The email address was deleted under privacy laws and cannot be added again",
)

Contact: TypeAlias = Record
BeforeWrite: TypeAlias = Callable[[Contact, dict[str, str]], dict[str, str]]


def email_keys(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Return the index keys of a property that holds addresses."""
    if name == "email" and value.strip():
        yield "email", value.strip().lower()
    elif name == "hs_additional_emails":
        for part in value.split(";"):
            if part.strip():
                yield "email", part.strip().lower()


def identities(contact: Contact) -> int:
    """Number of its addresses and of the contacts merged into it, which limits merging."""
    emails = [key for name in EMAILS for key in email_keys(name, contact.properties.get(name, ""))]
    return len(emails) + contact.merges


class ContactStore(RecordStore):
    """All contacts."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, CONTACT_PROPERTIES, FIRST_ID)
        self._keyed.update(EMAILS)
        self.blocked: set[str] = set()
        """Addresses that are blocked."""
        self.before_write: BeforeWrite = lambda contact, values: values
        """Called with what is to be written to a contact; returns what is written."""

    def _write(self, record: Contact, values: dict[str, str], now: float) -> None:
        if STAGE in values and self._moves_back(record, values[STAGE]):
            values = {name: value for name, value in values.items() if name != STAGE}
        super()._write(record, self.before_write(record, values), now)

    def _moves_back(self, record: Contact, value: str) -> bool:
        """Whether a value is an earlier lifecycle stage than the present one, which HubSpot keeps then.

        It moves forward only, unless it is cleared first. What HubSpot answers is not documented; here the
        write is accepted, and the answer has the stage that was kept.
        """
        before = record.properties.get(STAGE, "")
        if not before or not value:
            return False
        stages = self.definitions[STAGE].options
        return value in stages and stages.index(value) < stages.index(before)

    def set_quietly(self, contact: Contact, name: str, value: str) -> None:
        """Set a property that the platform counts: the contact is not modified by it, and has no history."""
        self._touch(contact)
        self._reindex(contact, name, value)
        contact.properties[name] = value

    def keys_of(self, name: str, value: str) -> Iterator[tuple[str, str]]:
        return email_keys(name, value) if name in EMAILS else super().keys_of(name, value)

    def problems(self, values: dict[str, str]) -> Iterable[Problem]:
        """Return all errors in a set of values; an address that is blocked is one."""
        yield from super().problems(values)
        if values.get("email", "").strip().lower() in self.blocked:
            yield BLOCKED

    def merge(self, primary: Contact, other: Contact) -> None:
        """Merge a contact into another, whose values win; addresses of the first become additional ones."""
        emails = [
            key
            for one in (primary, other)
            for name in EMAILS
            for _, key in email_keys(name, one.properties.get(name, ""))
        ]
        kept = primary.properties.get("email") or other.properties.get("email", "")
        values = {name: value for name, value in other.properties.items() if name not in primary.properties}
        values["hs_additional_emails"] = ";".join(dict.fromkeys(one for one in emails if one != kept))
        self.take_over(primary, other, values)

"""Reads of the subscription statuses of people, for exports: in batches where the account has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from airflow_provider_mkt.actions.jobs import chunked
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.reading import Reading, ReadRow, Span, only_page
from airflow_provider_mkt.client.errors import InvalidInput, NotFound, PermissionDenied
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.lists import list_memberships, lists
from airflow_provider_mkt.client.hubspot.lists._types import ContactList
from airflow_provider_mkt.client.hubspot.subscriptions import subscription_batches, subscription_statuses
from airflow_provider_mkt.client.hubspot.subscriptions.subscription_batches import (
    Failure,
    People,
    PersonStatuses,
    PersonWideStatuses,
)
from airflow_provider_mkt.client.hubspot.subscriptions.subscription_statuses import Status, WideStatus

COLUMNS: Mapping[str, str] = {
    "email": "",
    "contactId": "",
    "subscriptionId": "",
    "subscriptionName": "",
    "status": "",
    "source": "",
    "timestamp": "datetime",
    "channel": "",
    "businessUnitId": "",
    "legalBasis": "",
    "legalBasisExplanation": "",
    "unsubscribedFromAll": "boolean",
    "error": "",
}
NO_EMAIL, NO_CONTACT, NOT_REPORTED = "NO_EMAIL", "NO_CONTACT", "NOT_REPORTED"
_CONTACTS = "0-1"


class Person(NamedTuple):
    """Whose statuses are read. *email* is empty for a contact without one."""

    email: str
    contact_id: str | None = None


class StatusReader:
    """Reads the statuses of people: two calls for 100 people, or two for each without the batches.

    The batches need an Enterprise product and a scope of their own. Whether the account has them shows with
    the first batch.

    :param span: only statuses that were set in this range; None for all. HubSpot cannot filter by it.
    """

    def __init__(self, span: Span | None) -> None:
        self._span = span
        self._batches = True

    def readings_of_emails(self, emails: Sequence[str]) -> Procedure[list[Reading]]:
        """Return what reads the statuses of addresses. One call, which shows whether there are batches."""
        addresses = list({one.strip().lower(): one.strip() for one in emails}.values())
        try:
            yield subscription_batches.read(addresses[:1])
        except PermissionDenied:
            self._batches = False
        if self._batches:
            return [self._of_batch(chunk) for chunk in chunked(addresses, subscription_batches.BATCH_MAX)]
        return [self._of_one(address) for address in addresses]

    def readings_of_contacts(self, contact_ids: Sequence[object]) -> list[Reading]:
        """Return what reads the statuses of contacts by id. An unknown one has a row that says so."""
        ids = list(dict.fromkeys(map(str, contact_ids)))

        def reading(chunk: Sequence[str]) -> Reading:
            def rows(page: Sequence[BatchResult]) -> Procedure[Sequence[ReadRow]]:
                return self._rows_of_contacts(chunk, page[0])

            return Reading(only_page(contacts.batch_read(chunk, properties=["email"])), rows)

        return [reading(chunk) for chunk in chunked(ids, contacts.BATCH_MAX)]

    def reading_of_list(self, list_id: str) -> Reading:
        """Return what reads the statuses of the members of a list, in the order of their ids."""
        return Reading(list_memberships.members(list_id), self._rows_of_members)

    def _of_batch(self, addresses: Sequence[str]) -> Reading:
        people = [Person(one) for one in addresses]

        def rows(page: Sequence[People[PersonStatuses]]) -> Procedure[Sequence[ReadRow]]:
            return self._rows_of_batch(people, page[0])

        return Reading(only_page(subscription_batches.read(addresses)), rows)

    def _of_one(self, address: str) -> Reading:
        def rows(page: Sequence[Status]) -> Procedure[Sequence[ReadRow]]:
            wide: list[WideStatus] = yield subscription_statuses.get_unsubscribed_from_all(address)
            return self._rows(Person(address), page, wide)

        return Reading(subscription_statuses.get(address), rows)

    def _rows_of_members(self, page: Sequence[list_memberships.Member]) -> Procedure[Sequence[ReadRow]]:
        found: list[ReadRow] = []
        for chunk in chunked([str(one["recordId"]) for one in page], contacts.BATCH_MAX):
            batch: BatchResult = yield contacts.batch_read(chunk, properties=["email"])
            found += yield from self._rows_of_contacts(chunk, batch)
        return found

    def _rows_of_contacts(self, ids: Sequence[str], batch: BatchResult) -> Procedure[Sequence[ReadRow]]:
        emails = {row.id: row.properties.get("email") or "" for row in batch.results}
        found = [_failed(Person("", one), NO_CONTACT) for one in ids if one not in emails]
        found += [_failed(Person("", one), NO_EMAIL) for one in ids if emails.get(one) == ""]
        people = [Person(emails[one], one) for one in ids if emails.get(one)]
        for chunk in chunked(people, subscription_batches.BATCH_MAX):
            found += yield from self._rows_of_people(chunk)
        return found

    def _rows_of_people(self, people: Sequence[Person]) -> Procedure[Sequence[ReadRow]]:
        if self._batches:
            try:
                found: People[PersonStatuses] = yield subscription_batches.read([one.email for one in people])
            except PermissionDenied:
                self._batches = False
            else:
                return (yield from self._rows_of_batch(people, found))
        rows: list[ReadRow] = []
        for person in people:
            statuses: list[Status] = yield subscription_statuses.get(person.email)
            wide: list[WideStatus] = yield subscription_statuses.get_unsubscribed_from_all(person.email)
            rows += self._rows(person, statuses, wide)
        return rows

    def _rows_of_batch(
        self, people: Sequence[Person], found: People[PersonStatuses]
    ) -> Procedure[Sequence[ReadRow]]:
        wide: People[PersonWideStatuses] = yield subscription_batches.read_unsubscribed_from_all(
            [one.email for one in people]
        )
        statuses = {one["subscriberIdString"].lower(): one["statuses"] for one in found["results"]}
        of_all = {one["subscriberIdString"].lower(): one["wideStatuses"] for one in wide["results"]}
        rows: list[ReadRow] = []
        for person in people:
            key = person.email.lower()
            if key in statuses and key in of_all:
                rows += self._rows(person, statuses[key], of_all[key])
            else:
                rows.append(_failed(person, _reason(key, [*found["errors"], *wide["errors"]])))
        return rows

    def _rows(self, person: Person, statuses: Sequence[Status], wide: Sequence[WideStatus]) -> list[ReadRow]:
        out = any(one["status"] == "UNSUBSCRIBED" for one in wide)
        rows = []
        for one in statuses:
            at = datetime.fromisoformat(one["timestamp"]) if one.get("timestamp") else None
            if self._span is not None and (at is None or not self._span.start <= at < self._span.end):
                continue
            values = {name: one.get(name) for name in COLUMNS if name in one}
            known = {"email": person.email, "contactId": person.contact_id, "unsubscribedFromAll": out}
            mark = f"{person.contact_id or person.email} {one['subscriptionId']} {one['status']}"
            rows.append(ReadRow({**values, **known}, at, f"{mark} {one.get('timestamp')}"))
        return rows


def _failed(person: Person, error: str) -> ReadRow:
    values = {"email": person.email or None, "contactId": person.contact_id, "error": error}
    return ReadRow(values, mark=f"{person.contact_id or person.email} {error}")


def _reason(key: str, failures: Sequence[Failure]) -> str:
    """Return the category of the failure that names a person."""
    for failure in failures:
        for values in (failure.get("context") or {}).values():
            if key in {str(value).lower() for value in values}:
                return failure["category"]
    return NOT_REPORTED


def check_list(list_id: str) -> Procedure[None]:
    """Check that a list exists, and that its members are contacts.

    :raises InvalidInput: when it does not, or they are not.
    """
    try:
        found: ContactList = yield lists.get(list_id)
    except NotFound:
        raise InvalidInput("list_id", f"is {list_id}, which is no list of the account") from None
    if found["objectTypeId"] != _CONTACTS:
        raise InvalidInput("list_id", f"is {list_id}, a list of objects that are not contacts")

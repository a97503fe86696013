"""Scopes, and checks of requests that write contacts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import Problem, problems_of
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact, ContactStore
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, bad_properties, conflict, invalid
from airflow_provider_mkt.sandbox.hubspot.requests import property_map
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

READ = ("crm.objects.contacts.read",)
WRITE = ("crm.objects.contacts.write",)
# The message of this error is not documented; its code is the one of imports.
BLOCKED: Problem = (
    "email",
    "GDPR_BLACKLISTED_EMAIL",
    "The email address was deleted under privacy laws and cannot be added again",
)


def valid_properties(items: Iterable[object], schema: str, contacts: ContactStore) -> list[dict[str, str]]:
    """Return the property maps of a request; one invalid value rejects the whole request.

    So does an address that is blocked because its contact was deleted for GDPR.
    """
    values = [property_map(item, schema) for item in items]
    problems: dict[Problem, None] = {}
    for one in values:
        problems.update(dict.fromkeys(problems_of(one, contacts.definitions)))
        if one.get("email", "").strip().lower() in contacts.blocked:
            problems[BLOCKED] = None
    if problems:
        raise bad_properties(list(problems))
    return values


def exists_already(holder: Contact) -> HubSpotError:
    return conflict(f"Contact already exists. Existing ID: {holder.id}")


def check_id_property(name: str | None, contacts: ContactStore, *, email_allowed: bool = True) -> None:
    """Check that an idProperty has unique values."""
    if name in (None, "hs_object_id"):
        return
    known = contacts.definitions.get(str(name))
    if known is None or not known.unique or (name == "email" and not email_allowed):
        msg = f"Unable to perform update/upsert by non-unique 0-1 property: {name}"
        raise invalid(msg)


def reject_duplicates(keys: Iterable[str]) -> None:
    """Check that no record occurs twice in a request."""
    twice = sorted(key for key, count in Counter(keys).items() if count > 1)
    if twice:
        msg = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
        raise invalid(msg)


def reject_shared_values(values: Iterable[dict[str, str]], contacts: ContactStore) -> None:
    """Check that no two records of a request have the same unique value."""
    reject_duplicates(
        key
        for one in values
        for name, value in one.items()
        if value
        for _, key in contacts.keys_of(name, value)
    )


def unknown_ids(ids: list[str]) -> JsonObject:
    """Return the batch error that names all ids that were not found."""
    message = (
        "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid."
    )
    return HubSpotError(404, "OBJECT_NOT_FOUND", message).as_batch_error(ids=ids)

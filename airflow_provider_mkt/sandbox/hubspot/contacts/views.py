"""Contacts as JSON."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import SHOWN_BY_DEFAULT
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_ALWAYS = ("createdate", "hs_object_id", "lastmodifieddate")


def contact_view(contact: Contact, names: Iterable[str] = (), with_history: Iterable[str] = ()) -> JsonObject:
    """Return a contact with the requested or the default properties; null if there is no value."""
    requested, history = list(names), list(with_history)
    wanted = [*requested, *_ALWAYS] if requested else list(SHOWN_BY_DEFAULT)
    properties = {name: contact.value(name) for name in sorted({*wanted, *history})}
    view = _view(contact, properties)
    if history:
        view["propertiesWithHistory"] = {
            name: [
                {"value": value, "timestamp": iso(at), "sourceType": "INTEGRATION"}
                for at, value in reversed(contact.history.get(name, []))
            ]
            for name in history
        }
    return view


def contact_write_view(
    contact: Contact, names: Iterable[str], trace: object = None, **more: object
) -> JsonObject:
    """Return a contact after a write: the written properties, and those that the platform sets."""
    properties = {name: contact.value(name) for name in sorted({*names, *_ALWAYS})}
    view = _view(contact, {name: value for name, value in properties.items() if value is not None})
    if trace is not None:
        view["objectWriteTraceId"] = trace
    return view | more


def _view(contact: Contact, properties: dict[str, str | None]) -> JsonObject:
    view: JsonObject = {
        "id": contact.id,
        "properties": properties,
        "createdAt": iso(contact.created),
        "updatedAt": iso(contact.updated),
        "archived": contact.archived_at is not None,
    }
    if contact.archived_at is not None:
        view["archivedAt"] = iso(contact.archived_at)
    return view

"""Contacts in the state and on the pages."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.emails.pages import mails_tables
from airflow_provider_mkt.sandbox.hubspot.people import view
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Link, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"contacts": state.contacts.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_contacts(state)]


def _contacts(state: HubSpotState) -> Table:
    rows: list[list[str]] = [
        [
            Link(one.id, "contact", one.id),
            one.properties.get("email", ""),
            f"{one.properties.get('firstname', '')} {one.properties.get('lastname', '')}".strip(),
            one.properties.get("lifecyclestage", ""),
            iso(one.updated),
        ]
        for one in state.contacts.newest(NEWEST)
    ]
    note = f"{len(state.contacts):,} in all"
    return Table("Contacts", ["id", "email", "name", "stage", "updated"], rows, note)


def _page(state: HubSpotState, contact_id: str) -> list[Table]:
    contact = state.contacts.get(contact_id)
    if contact is None:
        return []
    lists = [[Link(one.id, "list", one.id), one.name, one.kind] for one in state.lists.of_record(contact.id)]
    return [
        Table(
            f"Contact {contact.id}",
            ["property", "value"],
            [[*pair] for pair in sorted(contact.properties.items())],
        ),
        Table("Whether it is mailed", ["what", "state"], _mail_state(state, contact)),
        Table("Lists", ["id", "name", "kind"], lists),
        *mails_tables(state, lambda row: row.person == contact.id),
    ]


def _mail_state(state: HubSpotState, contact: Contact) -> list[list[str]]:
    shown = view(state, contact)
    types: dict[str, str] = shown.pop("subscriptions")
    rows = [[name.replace("_", " "), _text(value)] for name, value in shown.items()]
    names = {str(one.id): one.name for one in state.subscriptions.definitions.values()}
    return rows + [[f"{names[type_id]} ({type_id})", status] for type_id, status in types.items()]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)


DETAILS = {"contact": _page}

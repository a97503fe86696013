"""The contact properties of opt-outs, which are the same thing as the subscriptions of the address."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact, ContactStore
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Property
from airflow_provider_mkt.sandbox.hubspot.subscriptions.store import (
    NOT_SPECIFIED,
    UNSUBSCRIBED,
    SubscriptionStore,
)

OPT_OUT = "hs_email_optout"
"""Opted out of all; with `_{subscriptionId}`, out of one type."""


class OptOutProperties:
    """Keeps the properties of contacts and the subscriptions of their addresses alike.

    A write of "true" opts out. Whether a write of "false" opts in again is not documented; here it does not.
    """

    def __init__(self, contacts: ContactStore, subscriptions: SubscriptionStore) -> None:
        self._contacts = contacts
        self._subscriptions = subscriptions
        contacts.before_write = self._before_write
        subscriptions.after_change = self._after_change
        subscriptions.after_define = self._after_define

    def _after_define(self, type_id: int) -> None:
        self._contacts.define(Property(f"{OPT_OUT}_{type_id}", "bool", ("true", "false")))

    def _after_change(self, address: str) -> None:
        contact = self._contacts.find("email", address)
        if contact is not None and contact.properties.get("email") == address:
            changed = self._changed(contact, address)
            if changed:
                self._contacts.update(contact, changed)

    def _before_write(self, contact: Contact, values: dict[str, str]) -> dict[str, str]:
        """Return the values to write: those given, and the opt-outs of the address."""
        named = [name for name in values if name.startswith(OPT_OUT)]
        if not named and "email" not in values:
            return values
        address = values.get("email", contact.properties.get("email", "")).strip().lower()
        if not address:
            return values
        # What was written before the contact had an address counts for its first one.
        before = {} if contact.properties.get("email") else contact.properties
        for name, value in {**before, **values}.items():
            if name.startswith(OPT_OUT) and value == "true":
                self._opt_out(address, name.removeprefix(OPT_OUT).removeprefix("_"))
        kept = {name: value for name, value in values.items() if name not in named}
        return {**kept, **self._changed(contact, address)}

    def _opt_out(self, address: str, type_id: str) -> None:
        if not type_id:
            self._subscriptions.opt_out_of_all(address)
        elif self._subscriptions.definition(type_id) is not None:
            self._subscriptions.set(address, int(type_id), UNSUBSCRIBED, None, None)

    def _changed(self, contact: Contact, address: str) -> dict[str, str]:
        """Return the properties of a contact that differ from the subscriptions of an address."""
        wanted = {OPT_OUT: "true" if self._subscriptions.opted_out_of_all(address) is not None else ""}
        for type_id in self._subscriptions.definitions:
            state = self._subscriptions.consent(address, type_id).state
            wanted[f"{OPT_OUT}_{type_id}"] = (
                "" if state == NOT_SPECIFIED else str(state == UNSUBSCRIBED).lower()
            )
        return {name: value for name, value in wanted.items() if contact.properties.get(name, "") != value}

"""Changes of contacts that no API call makes."""

from __future__ import annotations

from pydantic import Field

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.emails.audience import BOUNCE_REASON, SINCE_ENGAGEMENT
from airflow_provider_mkt.sandbox.hubspot.emails.mailing import HARD_BOUNCE
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.subscriptions.store import STATES
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.outbox import PersonChange

_FLAGS = {
    "bad_address": "hs_email_bad_address",
    "quarantined": "hs_email_quarantined",
    "ineligible": "hs_email_is_ineligible",
    "marketable": "hs_marketable_status",
}
"""The contact property of each flag."""


class HubSpotPersonChange(PersonChange):
    """A change of one contact. Fields that are left out do not change."""

    spam: bool | None = None
    """Reported an email as spam."""
    bad_address: bool | None = None
    quarantined: bool | None = None
    ineligible: bool | None = None
    """Bounced in other accounts."""
    marketable: bool | None = None
    """Is a marketing contact."""
    subscriptions: dict[int, str] = Field(default_factory=dict)
    """SUBSCRIBED, UNSUBSCRIBED or NOT_SPECIFIED, by the id of the subscription type."""
    sends_since_last_engagement: int | None = None


def apply_change(state: HubSpotState, change: HubSpotPersonChange) -> JsonObject:
    """Change a contact, and return its state.

    :raises LookupError: when there is no such contact or subscription type.
    """
    contact = _find(state, change)
    for type_id, wanted in change.subscriptions.items():
        if type_id not in state.subscriptions.definitions:
            msg = f"there is no subscription type {type_id}"
            raise LookupError(msg)
        if wanted not in STATES:
            msg = f"the state of a subscription is one of {', '.join(STATES)}"
            raise ValueError(msg)
    address = contact.properties.get("email", "")
    if not address and (change.subscriptions or change.unsubscribed is not None or change.spam is not None):
        msg = f"contact {contact.id} has no address"
        raise ValueError(msg)
    if change.unsubscribed:
        state.subscriptions.opt_out_of_all(address)
    elif change.unsubscribed is not None:
        state.subscriptions.forget_opt_out_of_all(address)
    if change.spam is not None:
        state.subscriptions.report_spam(address, reported=change.spam)
    for type_id, wanted in change.subscriptions.items():
        state.subscriptions.set(address, type_id, wanted, None, None)
    values = {
        name: str(getattr(change, flag)).lower()
        for flag, name in _FLAGS.items()
        if getattr(change, flag) is not None
    }
    if change.bounced is not None:
        values[BOUNCE_REASON] = HARD_BOUNCE if change.bounced else ""
    if values:
        state.contacts.update(contact, values)
    if change.sends_since_last_engagement is not None:
        state.contacts.set_quietly(contact, SINCE_ENGAGEMENT, str(change.sends_since_last_engagement))
    return view(state, contact)


def _find(state: HubSpotState, change: HubSpotPersonChange) -> Contact:
    contact = (
        state.contacts.get(str(change.id))
        if change.email is None
        else state.contacts.find("email", change.email.strip().lower())
    )
    if contact is None:
        msg = f"there is no contact {change.id if change.email is None else 'with this address'}"
        raise LookupError(msg)
    return contact


def view(state: HubSpotState, contact: Contact) -> JsonObject:
    """Return what decides whether a contact is mailed."""
    address = contact.properties.get("email", "")
    flags = {flag: contact.properties.get(name) == "true" for flag, name in _FLAGS.items()}
    return {
        "id": contact.id,
        "email": address or None,
        "unsubscribed": state.subscriptions.opted_out_of_all(address) is not None,
        "bounced": BOUNCE_REASON in contact.properties,
        "spam": state.subscriptions.reported_spam(address),
        **flags,
        "subscriptions": {
            str(type_id): state.subscriptions.consent(address, type_id).state
            for type_id in state.subscriptions.definitions
        },
        "sends_since_last_engagement": int(contact.properties.get(SINCE_ENGAGEMENT, 0)),
    }

"""Whom an email is for, and who of them gets no mail."""

from __future__ import annotations

from collections import defaultdict, deque

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact, ContactStore
from airflow_provider_mkt.sandbox.hubspot.emails.mailing import NO_ADDRESS, Mailing, Recipient
from airflow_provider_mkt.sandbox.hubspot.emails.models import subscription_of
from airflow_provider_mkt.sandbox.hubspot.lists.store import ListStore
from airflow_provider_mkt.sandbox.hubspot.sends.store import is_role_address
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.subscriptions.store import SubscriptionStore
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_WEEK = 7 * 86_400.0
BOUNCE_REASON, SINCE_ENGAGEMENT = "hs_email_hard_bounce_reason_enum", "hs_email_sends_since_last_engagement"


class Audience:
    """Selects the recipients of emails, and keeps what their mails change about them."""

    def __init__(
        self,
        clock: Clock,
        settings: HubSpotSettings,
        contacts: ContactStore,
        lists: ListStore,
        subscriptions: SubscriptionStore,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._contacts = contacts
        self._lists = lists
        self._subscriptions = subscriptions
        self._mails: defaultdict[str, deque[float]] = defaultdict(deque)
        """When each contact got mail in the last week."""

    def of(self, fields: JsonObject) -> list[Recipient]:
        """Return the contacts of an email with these fields, by id: those included without those excluded.

        A list that does not exist, or is being processed, has nobody. What HubSpot does with an email that
        names nobody is not documented; here nobody gets it.
        """
        to = fields.get("to") or {}
        chosen = self._named(to, "include") - self._named(to, "exclude")
        contacts = (self._contacts.get(one) for one in sorted(chosen, key=int))
        return [
            Recipient(one.id, one.properties.get("email"), self.refusal(one, fields))
            for one in contacts
            if one is not None
        ]

    def _named(self, to: JsonObject, side: str) -> set[str]:
        found = {self._contacts.survivor(str(item)) for item in (to.get("contactIds") or {}).get(side) or []}
        for list_id in (to.get("contactIlsLists") or {}).get(side) or []:
            found |= self._lists.finished_members(str(list_id))
        for legacy in (to.get("contactLists") or {}).get(side) or []:
            found |= self._lists.finished_members(self._lists.legacy_ids.get(str(legacy), ""))
        return {one for one in found if self._contacts.known(one)}

    def refusal(self, contact: Contact, fields: JsonObject) -> str | None:
        """Return why a contact does not get an email with these fields, or None.

        The first reason counts. In which order HubSpot looks is not documented; here, what properties of the
        contact say comes first.
        """
        address = contact.properties.get("email")
        if not address:
            return NO_ADDRESS
        return (
            self._subscriptions.refusal(address, subscription_of(fields))
            or self._undeliverable(contact)
            or self._not_wanted(contact, address, fields)
            or self._suppressed(contact, fields)
        )

    def blocked(self, contact: Contact, address: str) -> str | None:
        """Return why no mail at all goes to a contact, or None."""
        spam = self._subscriptions.reported_spam(address)
        return self._undeliverable(contact) or ("PREVIOUS_SPAM" if spam else None)

    @staticmethod
    def _undeliverable(contact: Contact) -> str | None:
        values = contact.properties
        # What HubSpot calls an address that bounced in other accounts is not documented.
        if values.get(BOUNCE_REASON) or values.get("hs_email_is_ineligible") == "true":
            return "PREVIOUSLY_BOUNCED"
        if values.get("hs_email_bad_address") == "true":
            return "INVALID_TO_ADDRESS"
        return "QUARANTINED_ADDRESS" if values.get("hs_email_quarantined") == "true" else None

    def _not_wanted(self, contact: Contact, address: str, fields: JsonObject) -> str | None:
        settings = self._settings
        if settings.marketing_contacts and contact.properties.get("hs_marketable_status") != "true":
            return "NON_MARKETABLE_CONTACT"
        if is_role_address(address):
            return "INVALID_TO_ADDRESS"
        # HubSpot's reference has the word without a description.
        if settings.opt_in_only and not self._subscriptions.opted_in(address, subscription_of(fields)):
            return "GDPR_DOI_ENABLED"
        return "PREVIOUS_SPAM" if self._subscriptions.reported_spam(address) else None

    def _suppressed(self, contact: Contact, fields: JsonObject) -> str | None:
        values, settings = contact.properties, self._settings
        to = fields.get("to") or {}
        if to.get("suppressGraymail") and int(values.get(SINCE_ENGAGEMENT, 0)) >= settings.graymail_after:
            return "GRAYMAIL_SUPPRESSED"
        cap = settings.mails_per_week
        if to.get("limitSendFrequency") and cap is not None and self._mails_of_week(contact.id) >= cap:
            return "RECIPIENT_FATIGUE_SUPPRESSED"
        return None

    def _mails_of_week(self, contact_id: str) -> int:
        mails, since = self._mails[contact_id], self._clock.time() - _WEEK
        while mails and mails[0] < since:
            mails.popleft()
        return len(mails)

    def apply(self, mailing: Mailing, before: float, now: float) -> None:
        """Change the contacts by the outcome of their mails in a span of time.

        A bounce, an opt-out and a spam report are kept with the contact, and the mails are counted that it
        got since it opened or clicked one. Those counts do not change when the contact was modified.
        """
        first, last = mailing.handled(before), mailing.handled(now)
        for index in mailing.within(mailing.delivered, first, last):
            one = mailing.mailed[index]
            self._mails[one.contact].append(mailing.at(index))
            self._count(one.contact, 1)
        for place, _ in mailing.openers(now)[len(mailing.openers(before)) :]:
            self._count(mailing.reader(place).contact, 0)
        for index in mailing.within(mailing.bounced, first, last):
            self.bounce(mailing.mailed[index].contact, mailing.at(index))
        for index in mailing.within(mailing.unsubscribed, first, last):
            self._subscriptions.opt_out_of_all(mailing.mailed[index].address or "")
        for index in mailing.within(mailing.spam, first, last):
            self._subscriptions.report_spam(mailing.mailed[index].address or "")

    def bounce(self, contact_id: str, at: float | None = None) -> None:
        """Note that the address of a contact bounced for good."""
        contact = self._contacts.get(contact_id)
        if contact is not None:
            self._contacts.update(contact, {BOUNCE_REASON: "UNKNOWN_USER"}, at=at)

    def _count(self, contact_id: str, more: int) -> None:
        contact = self._contacts.get(contact_id)
        if contact is not None:
            so_far = int(contact.properties.get(SINCE_ENGAGEMENT, 0)) if more else 0
            self._contacts.set_quietly(contact, SINCE_ENGAGEMENT, str(so_far + more))

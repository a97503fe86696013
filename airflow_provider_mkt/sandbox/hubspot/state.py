"""Everything that the HubSpot account holds."""

from __future__ import annotations

import random

from airflow_provider_mkt.sandbox.hubspot.account.credential_store import CredentialStore, Token
from airflow_provider_mkt.sandbox.hubspot.automation.nurture_store import NurtureStore
from airflow_provider_mkt.sandbox.hubspot.automation.store import AutomationStore
from airflow_provider_mkt.sandbox.hubspot.campaigns.store import CampaignStore
from airflow_provider_mkt.sandbox.hubspot.contacts.deal_store import DealStore
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact, ContactStore
from airflow_provider_mkt.sandbox.hubspot.emails.store import EmailStore
from airflow_provider_mkt.sandbox.hubspot.events.store import EventStore
from airflow_provider_mkt.sandbox.hubspot.imports.store import ImportStore
from airflow_provider_mkt.sandbox.hubspot.lists.folder_store import FolderStore
from airflow_provider_mkt.sandbox.hubspot.lists.store import ListStore
from airflow_provider_mkt.sandbox.hubspot.properties.store import PropertyStore
from airflow_provider_mkt.sandbox.hubspot.sends.smtp_token_store import SmtpTokenStore
from airflow_provider_mkt.sandbox.hubspot.sends.store import SendStore
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.subscriptions.store import SubscriptionStore
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import Limits
from airflow_provider_mkt.sandbox.server.requests import Request
from airflow_provider_mkt.sandbox.server.routing import Routes
from airflow_provider_mkt.sandbox.server.state import State


class HubSpotState(State):
    """The state of one account, with one attribute per store."""

    def __init__(self, clock: Clock, seed: int, *, limits: Limits, settings: HubSpotSettings) -> None:
        super().__init__(clock, seed)
        self.limits = limits
        self.settings = settings
        self.random = random.Random(seed)  # noqa: S311
        self.credentials = CredentialStore(clock)
        self.contacts = ContactStore(clock)
        self.properties = PropertyStore(clock, self.contacts)
        self.lists = ListStore(clock, settings, self.contacts)
        self.list_folders = FolderStore(self.lists)
        self.subscriptions = SubscriptionStore(clock)
        self.single_sends = SendStore(clock, settings, self.random)
        self.smtp_tokens = SmtpTokenStore(clock, self.random)
        self.campaigns = CampaignStore(clock, self.random)
        self.deals = DealStore()
        self.emails = EmailStore(clock, settings, self._recipients)
        self.events = EventStore(clock)
        self.imports = ImportStore(clock, settings, self.contacts, self.lists)
        self.automation = AutomationStore(clock)
        self.nurture = NurtureStore(clock)

    def _recipients(self, to: JsonObject) -> tuple[str, ...]:
        """Return the recipients of an email: the contacts and lists it names, or all contacts."""
        reachable = {contact.id for contact in self.contacts.live() if self._may_be_mailed(contact)}
        named = self._named(to, "include")
        chosen = (named & reachable if named else reachable) - self._named(to, "exclude")
        return tuple(sorted(chosen, key=int))

    def _may_be_mailed(self, contact: Contact) -> bool:
        address = contact.properties.get("email")
        return bool(address) and self.subscriptions.opted_out_of_all(str(address)) is None

    def _named(self, to: JsonObject, side: str) -> set[str]:
        found = {str(item) for item in (to.get("contactIds") or {}).get(side) or []}
        for kind in ("contactIlsLists", "contactLists"):
            for list_id in (to.get(kind) or {}).get(side) or []:
                found |= self.lists.ids_in(str(list_id))
        return found

    def run_due_work(self) -> None:
        self.imports.run_due_work()


HubSpotRequest = Request[HubSpotState, Token]
HubSpotRoutes = Routes[HubSpotState, Token]

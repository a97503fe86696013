"""Everything the HubSpot account holds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.sandbox.hubspot.auth import Credentials, Token
from airflow_provider_mkt.sandbox.hubspot.automation.seeding import automation
from airflow_provider_mkt.sandbox.hubspot.campaigns.store import CampaignStore
from airflow_provider_mkt.sandbox.hubspot.contacts.store import ContactStore
from airflow_provider_mkt.sandbox.hubspot.deals import DealStore
from airflow_provider_mkt.sandbox.hubspot.emails.store import EmailStore
from airflow_provider_mkt.sandbox.hubspot.events.store import EventStore
from airflow_provider_mkt.sandbox.hubspot.imports.store import ImportStore
from airflow_provider_mkt.sandbox.hubspot.legacy_store import LegacyStore
from airflow_provider_mkt.sandbox.hubspot.lists.folder_store import FolderStore
from airflow_provider_mkt.sandbox.hubspot.lists.store import ListStore
from airflow_provider_mkt.sandbox.hubspot.properties.store import PropertyStore
from airflow_provider_mkt.sandbox.hubspot.sections import tables
from airflow_provider_mkt.sandbox.hubspot.seed import fill
from airflow_provider_mkt.sandbox.hubspot.sends.store import SendStore
from airflow_provider_mkt.sandbox.hubspot.sends.token_store import SmtpTokenStore
from airflow_provider_mkt.sandbox.hubspot.subscriptions.store import SubscriptionStore
from airflow_provider_mkt.sandbox.request import Request
from airflow_provider_mkt.sandbox.routing import Routes
from airflow_provider_mkt.sandbox.world import Section, World

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.clock import Clock
    from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
    from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
    from airflow_provider_mkt.sandbox.limits import Limits


class HubSpotWorld(World):
    """State of one account, seeded."""

    def __init__(self, clock: Clock, seed: int, *, limits: Limits, settings: HubSpotSettings) -> None:
        super().__init__(clock, seed)
        self.limits = limits
        self.settings = settings
        self.random = random.Random(seed)  # noqa: S311
        self.credentials = Credentials(clock)
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
        self.automation = automation(clock)
        self.legacy = LegacyStore(clock)
        fill(self)

    def _recipients(self, to: dict[str, Any]) -> tuple[str, ...]:
        """The contacts that an email reaches: those it names, or all when it names none."""
        reachable = {contact.id for contact in self.contacts.live() if self._may_be_mailed(contact)}
        named = self._named(to, "include")
        chosen = (named & reachable if named else reachable) - self._named(to, "exclude")
        return tuple(sorted(chosen, key=int))

    def _may_be_mailed(self, contact: Contact) -> bool:
        address = contact.properties.get("email")
        return bool(address) and self.subscriptions.left_all(str(address)) is None

    def _named(self, to: dict[str, Any], side: str) -> set[str]:
        found = {str(item) for item in (to.get("contactIds") or {}).get(side) or []}
        for kind in ("contactIlsLists", "contactLists"):
            for list_id in (to.get(kind) or {}).get(side) or []:
                found |= self.lists.ids_in(str(list_id))
        return found

    def snapshot(self) -> dict[str, Any]:
        # First, since a look at them writes the contacts that are due.
        imports = self.imports.snapshot()
        return {
            "contacts": self.contacts.snapshot(),
            "properties": self.properties.snapshot(),
            "lists": self.lists.snapshot(),
            "listFolders": self.list_folders.snapshot(),
            "singleSends": self.single_sends.snapshot(),
            "smtpTokens": self.smtp_tokens.snapshot(),
            "subscriptions": self.subscriptions.snapshot(),
            "campaigns": self.campaigns.snapshot(),
            "deals": self.deals.snapshot(),
            "emails": self.emails.snapshot(),
            "events": self.events.snapshot(),
            "imports": imports,
            "automation": self.automation.snapshot(),
            "legacy": self.legacy.snapshot(),
        }

    def sections(self) -> list[Section]:
        return tables(self)


HubSpotRequest = Request[HubSpotWorld, Token]
HubSpotRoutes = Routes[HubSpotWorld, Token]

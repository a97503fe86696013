"""Everything that the HubSpot account holds."""

from __future__ import annotations

import random

from airflow_provider_mkt.sandbox.hubspot.account.credential_store import CredentialStore, Token
from airflow_provider_mkt.sandbox.hubspot.associations.store import AssociationStore
from airflow_provider_mkt.sandbox.hubspot.automation.nurture_store import NurtureStore
from airflow_provider_mkt.sandbox.hubspot.automation.store import AutomationStore
from airflow_provider_mkt.sandbox.hubspot.campaigns.store import CampaignStore
from airflow_provider_mkt.sandbox.hubspot.contacts.store import ContactStore
from airflow_provider_mkt.sandbox.hubspot.emails.audience import Audience
from airflow_provider_mkt.sandbox.hubspot.emails.store import EmailStore
from airflow_provider_mkt.sandbox.hubspot.events.store import EventStore
from airflow_provider_mkt.sandbox.hubspot.exports.store import ExportStore
from airflow_provider_mkt.sandbox.hubspot.forms.store import FormStore
from airflow_provider_mkt.sandbox.hubspot.imports.store import ImportStore
from airflow_provider_mkt.sandbox.hubspot.lists.folder_store import FolderStore
from airflow_provider_mkt.sandbox.hubspot.lists.store import ListStore
from airflow_provider_mkt.sandbox.hubspot.objects.deals import WonDeals
from airflow_provider_mkt.sandbox.hubspot.objects.types import CONTACTS, ObjectTypes
from airflow_provider_mkt.sandbox.hubspot.pipelines.store import PipelineStore
from airflow_provider_mkt.sandbox.hubspot.sends.smtp_token_store import SmtpTokenStore
from airflow_provider_mkt.sandbox.hubspot.sends.store import SendStore
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.subscriptions.contact_properties import OptOutProperties
from airflow_provider_mkt.sandbox.hubspot.subscriptions.store import SubscriptionStore
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.limits import Limits
from airflow_provider_mkt.sandbox.server.requests import Request
from airflow_provider_mkt.sandbox.server.routing import Routes
from airflow_provider_mkt.sandbox.server.state import State
from airflow_provider_mkt.sandbox.server.turns import Steps


class HubSpotState(State):
    """The state of one account, with one attribute per store."""

    def __init__(self, clock: Clock, seed: int, *, limits: Limits, settings: HubSpotSettings) -> None:
        super().__init__(clock, seed)
        self.limits = limits
        self.settings = settings
        self.random = random.Random(seed)  # noqa: S311
        self.credentials = CredentialStore(clock)
        self.contacts = ContactStore(clock)
        self.pipelines = PipelineStore(clock)
        self.objects = ObjectTypes(clock, self.contacts, self.pipelines)
        self.properties = self.objects[CONTACTS].properties
        self.associations = AssociationStore()
        self.lists = ListStore(clock, settings, self.contacts)
        self.list_folders = FolderStore(self.lists)
        self.subscriptions = SubscriptionStore(clock)
        OptOutProperties(self.contacts, self.subscriptions)
        self.single_sends = SendStore(clock, settings, self.random)
        self.smtp_tokens = SmtpTokenStore(clock, self.random)
        self.campaigns = CampaignStore(clock, self.random)
        self.deals = WonDeals(self.objects, self.associations)
        audience = Audience(clock, settings, self.contacts, self.lists, self.subscriptions)
        self.emails = EmailStore(clock, settings, audience)
        self.events = EventStore(clock)
        self.forms = FormStore(clock, random.Random(f"forms {seed}"))  # noqa: S311
        self.imports = ImportStore(clock, settings, self.objects, self.lists)
        self.exports = ExportStore(clock, settings, self.lists, self.associations)
        self.automation = AutomationStore(clock)
        self.nurture = NurtureStore(clock)

    def due_work(self) -> Steps:
        yield from self.imports.due_work()
        yield from self.lists.due_work()
        yield from self.exports.due_work()
        self.emails.run_due_work()

    def long_work(self) -> Steps | None:
        return self.exports.long_work()


HubSpotRequest = Request[HubSpotState, Token]
HubSpotRoutes = Routes[HubSpotState, Token]

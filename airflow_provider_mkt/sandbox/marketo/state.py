"""Everything that the Marketo instance holds."""

from collections import Counter, defaultdict
from datetime import date, datetime
from typing import TypeVar

from airflow_provider_mkt.sandbox.marketo.account.credential_store import CredentialStore
from airflow_provider_mkt.sandbox.marketo.account.usage_store import UsageStore
from airflow_provider_mkt.sandbox.marketo.activities.custom_type_store import CustomTypeStore
from airflow_provider_mkt.sandbox.marketo.activities.store import ActivityStore
from airflow_provider_mkt.sandbox.marketo.companies.store import CompanyStore
from airflow_provider_mkt.sandbox.marketo.custom_objects.types import CustomObjectStore
from airflow_provider_mkt.sandbox.marketo.emails.designer_models import DesignerEmail
from airflow_provider_mkt.sandbox.marketo.emails.models import Email, Mail, Run, Sample
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, object_not_found
from airflow_provider_mkt.sandbox.marketo.exports.store import ExportStore
from airflow_provider_mkt.sandbox.marketo.folders.models import Asset, Folder, FolderRef
from airflow_provider_mkt.sandbox.marketo.imports.store import ImportStore
from airflow_provider_mkt.sandbox.marketo.leads.standard_fields import lead_schema, member_schema
from airflow_provider_mkt.sandbox.marketo.leads.store import LeadStore
from airflow_provider_mkt.sandbox.marketo.lists.models import Form, OwnSmartList, StaticList
from airflow_provider_mkt.sandbox.marketo.named_accounts.models import NAMED_ACCOUNT, AccountList
from airflow_provider_mkt.sandbox.marketo.object_store import ObjectStore
from airflow_provider_mkt.sandbox.marketo.opportunities.models import OPPORTUNITY, ROLE
from airflow_provider_mkt.sandbox.marketo.programs.models import Channel, Program, TagType
from airflow_provider_mkt.sandbox.marketo.programs.token_store import TokenStore
from airflow_provider_mkt.sandbox.marketo.sales_persons.models import FIRST_SALES_PERSON_ID, SALES_PERSON
from airflow_provider_mkt.sandbox.marketo.schedule import Schedule
from airflow_provider_mkt.sandbox.marketo.smart_campaigns.models import SmartCampaign
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.state import State
from airflow_provider_mkt.sandbox.server.turns import Steps

FIRST_NEW_ASSET_ID = 5001

AssetT = TypeVar("AssetT", bound=Asset)


class MarketoState(State):
    """The state of one instance, with one attribute per store or kind of record."""

    def __init__(self, clock: Clock, seed: int, accounts: CredentialStore) -> None:
        super().__init__(clock, seed)
        self.accounts = accounts
        fields_of_leads = lead_schema()
        self.companies = CompanyStore(fields_of_leads)
        self.leads = LeadStore(fields_of_leads, self.companies)
        self.sales_persons = ObjectStore(SALES_PERSON, FIRST_SALES_PERSON_ID)
        self.opportunities = ObjectStore(OPPORTUNITY)
        self.opportunity_roles = ObjectStore(ROLE)
        self.custom_objects = CustomObjectStore()
        self.named_accounts = ObjectStore(NAMED_ACCOUNT)
        self.account_lists: dict[str, AccountList] = {}
        self.member_schema = member_schema()
        self.channels: dict[int, Channel] = {}
        self.folders: dict[int, Folder] = {}
        self.programs: dict[int, Program] = {}
        self.campaigns: dict[int, SmartCampaign] = {}
        self.emails: dict[int, Email] = {}
        self.designer_emails: dict[str, DesignerEmail] = {}
        self.lists: dict[int, StaticList] = {}
        self.smart_lists: dict[int, OwnSmartList] = {}
        self.forms: dict[int, Form] = {}
        self.tag_types: tuple[TagType, ...] = ()
        self.tokens = TokenStore()
        self.log = ActivityStore(accounts.settings)
        self.custom_types = CustomTypeStore()
        self.schedule = Schedule()
        self.imports = ImportStore(self.schedule, accounts.settings)
        self.exports = ExportStore(self.schedule, accounts.settings)
        self.runs: list[Run] = []
        self.outbox: list[Mail] = []
        """What was sent."""
        self.dropped: list[Mail] = []
        """What was not sent, with the reason."""
        self.mailed_at: defaultdict[int, list[datetime]] = defaultdict(list)
        """When leads were sent emails that count for communication limits."""
        self.next_bounces: dict[int, str] = {}
        """How the next email to a lead bounces."""
        self.shares: defaultdict[tuple[int, str], float] = defaultdict(float)
        """What is left over of a share, by email and kind."""
        self.samples: list[Sample] = []
        self.usage = UsageStore()
        self.schedule_clones: Counter[date] = Counter()
        self.templates: frozenset[int] = frozenset()
        self._ids: Counter[str] = Counter()

    def now(self) -> datetime:
        return self.clock.now()

    def due_work(self) -> Steps:
        return self.schedule.due_work(self.clock.now())

    def long_work(self) -> Steps | None:
        return self.schedule.long_work()

    def next_id(self, kind: str) -> int:
        self._ids[kind] += 1
        return FIRST_NEW_ASSET_ID + self._ids[kind] - 1

    def program(self, program_id: int) -> Program:
        """Return a program for the lead database, whose error is 1013; that of the asset API is 702."""
        return _existing(self.programs, program_id, "Program")

    def smart_list_owners(self) -> list[Program | SmartCampaign | OwnSmartList]:
        """Return everything that has a smart list: smart lists of their own first."""
        return [*self.smart_lists.values(), *self.programs.values(), *self.campaigns.values()]

    def static_list(self, list_id: int) -> StaticList:
        return _existing(self.lists, list_id, "List")

    def campaign(self, campaign_id: int) -> SmartCampaign:
        return _existing(self.campaigns, campaign_id, "Campaign")

    def folder_name(self, folder: FolderRef) -> str:
        """Return the name of a folder or program.

        :raises MarketoError: 710, it does not exist.
        """
        found: Asset | None = (self.folders if folder.type == "Folder" else self.programs).get(folder.id)
        if found is None:
            raise MarketoError(710, f"{folder.type} {folder.id} not found")
        return found.name

    def path_of(self, folder: FolderRef) -> list[FolderRef]:
        """Return a folder and its parents, from the inside out."""
        folders = [folder]
        while container := (self.folders if folder.type == "Folder" else self.programs).get(folder.id):
            folder = container.folder
            if folder in folders:
                break
            folders.append(folder)
        return folders

    def program_of(self, folder: FolderRef) -> Program | None:
        return self.programs.get(folder.id) if folder.type == "Program" else None

    def check_name_free(
        self, assets: dict[int, AssetT], name: str, folder: FolderRef, exclude: int | None = None
    ) -> None:
        """Check that a name is free: in its program for assets of a program, else in the instance."""
        for other in assets.values():
            if other.id == exclude or other.name.lower() != name.lower():
                continue
            local = folder.type == "Program" or other.folder.type == "Program"
            if not local or (other.folder == folder and not isinstance(other, Program)):
                raise MarketoError(709, f"An asset named '{name}' already exists")


def _existing(assets: dict[int, AssetT], asset_id: int, kind: str) -> AssetT:
    try:
        return assets[asset_id]
    except KeyError:
        raise object_not_found(kind, asset_id) from None

"""The Marketo Engage hook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.actions.marketo import emails, programs
from airflow_provider_mkt.actions.marketo.jobs import SPECS
from airflow_provider_mkt.actions.marketo.send_reports import EMAIL_SEND, MarketoSendReports
from airflow_provider_mkt.actions.send_guards import OPEN, SendGate
from airflow_provider_mkt.client.errors import InvalidInput, PermissionDenied
from airflow_provider_mkt.client.marketo.account import usage
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.hooks._settings import account_error
from airflow_provider_mkt.hooks.base import MarketingHook

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Connection

    from airflow_provider_mkt.actions.campaigns import CampaignBatch
    from airflow_provider_mkt.actions.emails import Publication
    from airflow_provider_mkt.actions.feeds import MakeFeed
    from airflow_provider_mkt.actions.jobs import JobSpec
    from airflow_provider_mkt.actions.leads import ChangeLog, LeadMerge
    from airflow_provider_mkt.actions.marketo.audience import MarketoAudience
    from airflow_provider_mkt.actions.marketo.emails import MarketoEmails
    from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter, ObjectImporter
    from airflow_provider_mkt.actions.marketo.lead_reads import MarketoLeadReads
    from airflow_provider_mkt.actions.marketo.leads import DatabaseLeadWriter
    from airflow_provider_mkt.actions.marketo.objects import ObjectWriter
    from airflow_provider_mkt.actions.marketo.programs import MarketoCampaigns
    from airflow_provider_mkt.actions.marketo.sending import MarketoSending
    from airflow_provider_mkt.actions.ports import NewProperties
    from airflow_provider_mkt.actions.procedure import Procedure, TaskState
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.marketo.platform import Marketo
    from airflow_provider_mkt.client.quota import DayQuota

_PAGES_MAX = 1_000
"""Addresses that are kept about: links need few, and an answer may list thousands of assets."""


class MarketoHook(MarketingHook):
    """Runs calls against a Marketo Engage instance.

    :param marketo_conn_id: a connection of type ``marketo``: Host holds the munchkin id or the endpoint
        from the admin page, Login the client id and Password the client secret of a custom service.
    """

    conn_name_attr = "marketo_conn_id"
    default_conn_name = "marketo_default"
    conn_type = "marketo"
    hook_name = "Marketo Engage"
    job_specs = (*SPECS, EMAIL_SEND)

    def __init__(self, marketo_conn_id: str = default_conn_name) -> None:
        super().__init__(marketo_conn_id)

    @classmethod
    def platform_of(cls, connection: Connection, extra: Mapping[str, Any]) -> Marketo:
        from pydantic import ValidationError

        from airflow_provider_mkt.client.marketo.platform import Marketo, MarketoAccount, instance_url

        for field, value, what in (
            ("host", connection.host, "the munchkin id or the REST endpoint"),
            ("login", connection.login, "the client id of the custom service"),
            ("password", connection.password, "the client secret of the custom service"),
        ):
            if not value:
                raise InvalidInput(field, f"is missing: {what}")
        settings = {
            name: extra[name]
            for name in ("calls_per_20_seconds", "max_concurrency", "daily_quota", "daily_reserve")
            if extra.get(name) not in (None, "")
        }
        settings |= {
            "base_url": instance_url(
                connection.host or "", port=connection.port, scheme=connection.schema or None
            ),
            "client_id": connection.login,
            "client_secret": connection.password,
        }
        try:
            return Marketo(MarketoAccount.model_validate(settings))
        except ValidationError as error:
            raise account_error(error) from None

    def note_pages(self, call: Call[Any], answer: object) -> None:
        if call.route.family == "asset" and len(self.pages) < _PAGES_MAX:
            from airflow_provider_mkt.actions.targets import marketo_pages

            self.pages.update(marketo_pages(answer))

    def account_name(self) -> str:
        return str(self.platform.account.instance_name)  # type: ignore[attr-defined]

    @property
    def condition_specs(self) -> Sequence[JobSpec]:
        from airflow_provider_mkt.actions.marketo import conditions

        return conditions.specs(self.platform.account.daily_quota)  # type: ignore[attr-defined]

    @property
    def feeds(self) -> Mapping[str, MakeFeed]:
        from airflow_provider_mkt.actions.marketo import feeds

        return feeds.FEEDS

    @property
    def change_log(self) -> ChangeLog:
        from airflow_provider_mkt.actions.marketo import leads as lead_actions

        return lead_actions.LOG

    def day_quota(self) -> Procedure[DayQuota | None]:
        from airflow_provider_mkt.actions.marketo import account

        quota = self.platform.account.daily_quota  # type: ignore[attr-defined]
        return self._noting_day(account.today(quota))

    def lead_writer(
        self,
        *,
        action: str,
        lookup_field: str | None,
        partition_name: str | None = None,
        marketable_contacts: bool | None = None,
    ) -> DatabaseLeadWriter:
        from airflow_provider_mkt.actions.marketo.leads import DatabaseLeadWriter

        if marketable_contacts is not None:
            raise InvalidInput("marketable_contacts", "Marketo has no such option; leave it out")

        return DatabaseLeadWriter(action=action, lookup_field=lookup_field, partition_name=partition_name)

    def object_writer(
        self,
        object_type: str,
        *,
        action: str,
        lookup_field: str | None,
        new_properties: NewProperties | None = None,
    ) -> ObjectWriter:
        from airflow_provider_mkt.actions.marketo.objects import ObjectWriter

        if new_properties is not None:
            raise InvalidInput(
                "create_missing_properties",
                "Marketo has no such option: fields of companies and opportunities are created by an "
                "administrator, those of custom objects with the calls of custom_object_types",
            )
        return ObjectWriter(object_type, action=action, lookup_field=lookup_field)

    def object_importer(
        self,
        object_type: str,
        *,
        action: str,
        lookup_field: str | None,
        new_properties: NewProperties | None = None,
    ) -> ObjectImporter:
        from airflow_provider_mkt.actions.marketo.imports import ObjectImporter

        return ObjectImporter(object_type, action=action, lookup_field=lookup_field)

    def lead_importer(self, *, action: str, lookup_field: str | None, **settings: Any) -> BulkLeadImporter:
        from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter

        if action != ("updateOnly" if lookup_field == "id" else "createOrUpdate"):
            raise InvalidInput(
                "action", "Marketo's imports accept createOrUpdate, and updateOnly with lookup_field id"
            )
        for name in ("date_format", "time_zone", "marketable_contacts", "create_list"):
            if settings.get(name) not in (None, "") and (name != "create_list" or settings[name]):
                raise InvalidInput(name, "Marketo's imports have no such option; leave it out")
        return BulkLeadImporter(
            lookup_field=lookup_field,
            list_id=settings.get("list_id"),
            partition_name=settings.get("partition_name"),
            program_id=settings.get("program_id"),
            program_status=settings.get("program_status"),
            lost_after=float(settings.get("lost_after") or 0.0),
        )

    def create_campaigns(
        self, task_state: TaskState, campaigns: Sequence[Mapping[str, Any]]
    ) -> Procedure[CampaignBatch]:
        return programs.create_all(campaigns, task_state)

    @property
    def campaigns(self) -> MarketoCampaigns:
        from airflow_provider_mkt.actions.marketo.programs import MarketoCampaigns

        return MarketoCampaigns()

    @property
    def emails(self) -> MarketoEmails:
        from airflow_provider_mkt.actions.marketo.emails import MarketoEmails

        return MarketoEmails()

    @property
    def send_reports(self) -> MarketoSendReports:
        return MarketoSendReports()

    @property
    def sending(self) -> MarketoSending:
        from airflow_provider_mkt.actions.marketo.sending import MarketoSending

        return MarketoSending(self.account_name())

    def publish_email(
        self,
        task_state: TaskState,
        *,
        email_id: str | None,
        program_id: str | None,
        publish_at: datetime | None,
        send_now: bool,
        gate: SendGate = OPEN,
    ) -> Procedure[Publication]:
        if bool(email_id) == bool(program_id):
            raise InvalidInput(
                "email_id",
                "give either email_id (approves the email's draft) or program_id (approves an email "
                "program, which sends it)",
            )
        if send_now:
            raise InvalidInput(
                "send_now", "Marketo sends an email program at its start date; give publish_at"
            )
        if program_id:
            return emails.approve_program(program_id, task_state, publish_at=publish_at, gate=gate)
        if publish_at is not None:
            raise InvalidInput("publish_at", "approving an email has no time; give program_id to send at one")
        return emails.approve_email(email_id or "", task_state, gate=gate)

    @property
    def people(self) -> MarketoAudience:
        from airflow_provider_mkt.actions.marketo.audience import MarketoAudience

        return MarketoAudience()

    @property
    def lead_reads(self) -> MarketoLeadReads:
        from airflow_provider_mkt.actions.marketo.lead_reads import MarketoLeadReads

        return MarketoLeadReads()

    def create_lead_fields(self, types: Mapping[str, str], group: str | None) -> Procedure[list[str]]:
        from airflow_provider_mkt.actions.marketo import leads as lead_actions

        if group is not None:
            raise InvalidInput("property_group", "is an option of HubSpot; leave it out")
        return lead_actions.create_missing_fields(types)

    def merge_leads(
        self, task_state: TaskState, winner_id: str, loser_ids: Sequence[str], *, merge_in_crm: bool
    ) -> Procedure[LeadMerge]:
        from airflow_provider_mkt.actions.marketo import leads as lead_actions

        return lead_actions.merge(winner_id, loser_ids, task_state, merge_in_crm=merge_in_crm)

    def _describe_account(self) -> Procedure[str]:
        from airflow_provider_mkt.actions.marketo import account as account_actions

        yield leads.describe2()
        account = self.platform.account  # type: ignore[attr-defined]
        who = f"Marketo instance {account.base_url.removeprefix('https://')}"
        try:
            row: dict[str, Any] | None = yield usage.today()
        except PermissionDenied:
            row = None
        used = int(row["total"]) if row else 0
        left = max(0, account.daily_quota - used)
        calls = f"{who}; {counted(used, 'call')} used today, {left:,} left of {account.daily_quota:,}"
        missing = yield from account_actions.missing_permissions()
        # The permissions to change assets and to run campaigns show in no read.
        return f"{calls}. {missing}" if missing else calls

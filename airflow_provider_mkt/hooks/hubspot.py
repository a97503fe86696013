"""The HubSpot hook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.actions.hubspot import campaigns as campaign_actions
from airflow_provider_mkt.actions.hubspot import emails
from airflow_provider_mkt.actions.hubspot.jobs import SPECS
from airflow_provider_mkt.client.errors import InvalidInput, PermissionDenied, PlatformError
from airflow_provider_mkt.client.hubspot.account import account_info
from airflow_provider_mkt.hooks.base import MarketingHook, account_error

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_mkt.actions.campaigns import CampaignBatch
    from airflow_provider_mkt.actions.emails import Publication
    from airflow_provider_mkt.actions.hubspot.audience import HubSpotAudience
    from airflow_provider_mkt.actions.hubspot.campaigns import HubSpotCampaigns
    from airflow_provider_mkt.actions.hubspot.contacts import ContactWriter
    from airflow_provider_mkt.actions.hubspot.emails import HubSpotEmails
    from airflow_provider_mkt.actions.hubspot.imports import ContactImporter
    from airflow_provider_mkt.actions.jobs import JobSpec
    from airflow_provider_mkt.actions.leads import ChangeLog, LeadMerge
    from airflow_provider_mkt.actions.procedure import Procedure, TaskState
    from airflow_provider_mkt.client.hubspot.platform import HubSpot
    from airflow_provider_mkt.client.quota import DayQuota


_SETTINGS = ("api_version", "calls_per_10_seconds", "max_concurrency", "daily_reserve", "legacy_calls")


class HubSpotHook(MarketingHook):
    """Runs calls against a HubSpot account.

    :param hubspot_conn_id: a connection of type ``hubspot``: Password holds the access token (service
        key, private app or static project app); or Login the OAuth client id, Password its secret and
        the extra field ``refresh_token`` the refresh token.
    """

    conn_name_attr = "hubspot_conn_id"
    default_conn_name = "hubspot_default"
    conn_type = "hubspot"
    hook_name = "HubSpot"
    job_specs = SPECS

    def __init__(self, hubspot_conn_id: str = default_conn_name) -> None:
        super().__init__(hubspot_conn_id)

    @classmethod
    def platform_of(cls, connection: Connection, extra: Mapping[str, Any]) -> HubSpot:
        from pydantic import ValidationError

        from airflow_provider_mkt.client.hubspot.platform import DEFAULT_HOST, HubSpot, HubSpotAccount
        from airflow_provider_mkt.client.transport.platform import base_url

        settings = {name: extra[name] for name in _SETTINGS if extra.get(name) not in (None, "")}
        settings["base_url"] = base_url(
            connection.host or DEFAULT_HOST, port=connection.port, scheme=connection.schema or None
        )
        if extra.get("refresh_token"):
            settings |= {
                "client_id": connection.login,
                "client_secret": connection.password,
                "refresh_token": extra["refresh_token"],
            }
        elif connection.password:
            settings["access_token"] = connection.password
        try:
            return HubSpot(HubSpotAccount.model_validate(settings))
        except ValidationError as error:
            raise account_error(error) from None

    @property
    def condition_specs(self) -> Sequence[JobSpec]:
        from airflow_provider_mkt.actions.hubspot import conditions

        return conditions.SPECS

    @property
    def change_log(self) -> ChangeLog:
        from airflow_provider_mkt.actions.hubspot import contacts

        return contacts.LOG

    def day_quota(self) -> Procedure[DayQuota | None]:
        from airflow_provider_mkt.actions.hubspot import account

        return account.today()

    def lead_writer(
        self, *, action: str, lookup_field: str, partition_name: str | None = None
    ) -> ContactWriter:
        from airflow_provider_mkt.actions.hubspot.contacts import ContactWriter

        if partition_name:
            raise InvalidInput("partition_name", "HubSpot has no lead partitions")
        return ContactWriter(action=action, lookup_field=lookup_field)

    def lead_importer(self, *, action: str, lookup_field: str, **settings: Any) -> ContactImporter:
        from airflow_provider_mkt.actions.hubspot.imports import ContactImporter

        for name in ("list_id", "partition_name", "program_id", "program_status"):
            if settings.get(name):
                raise InvalidInput(name, "HubSpot's imports have no such option; leave it out")
        return ContactImporter(
            action=action,
            lookup_field=lookup_field,
            date_format=settings.get("date_format"),
            time_zone=settings.get("time_zone"),
            marketable_contacts=settings.get("marketable_contacts"),
            create_list=bool(settings.get("create_list")),
        )

    def create_campaigns(
        self, task_state: TaskState, campaigns: Sequence[Mapping[str, Any]]
    ) -> Procedure[CampaignBatch]:
        return campaign_actions.create_all([_as_properties(campaign) for campaign in campaigns], task_state)

    @property
    def campaigns(self) -> HubSpotCampaigns:
        from airflow_provider_mkt.actions.hubspot.campaigns import HubSpotCampaigns

        return HubSpotCampaigns()

    @property
    def emails(self) -> HubSpotEmails:
        from airflow_provider_mkt.actions.hubspot.emails import HubSpotEmails

        return HubSpotEmails()

    def publish_email(
        self,
        task_state: TaskState,
        *,
        email_id: str | None,
        program_id: str | None,
        publish_at: datetime | None,
        send_now: bool,
    ) -> Procedure[Publication]:
        if program_id:
            raise InvalidInput("program_id", "HubSpot has no email programs; give email_id")
        if not email_id:
            raise InvalidInput("email_id", "is missing: the email to publish")
        return emails.publish(email_id, task_state, publish_at=publish_at, send_now=send_now)

    @property
    def people(self) -> HubSpotAudience:
        from airflow_provider_mkt.actions.hubspot.audience import HubSpotAudience

        return HubSpotAudience()

    def merge_leads(
        self, task_state: TaskState, winner_id: str, loser_ids: Sequence[str], *, merge_in_crm: bool
    ) -> Procedure[LeadMerge]:
        from airflow_provider_mkt.actions.hubspot import contacts as contact_actions

        if merge_in_crm:
            raise InvalidInput("merge_in_crm", "only Marketo merges in Salesforce too; leave it out")
        return contact_actions.merge(winner_id, loser_ids, task_state)

    def _describe_account(self) -> Procedure[str]:
        details: account_info.AccountDetails = yield account_info.details()
        who = (
            f"HubSpot account {details['portalId']} ({details['accountType'].lower()}, "
            f"{details['timeZone']}, data in {details['dataHostingLocation']})"
        )
        try:
            quota = yield from self.day_quota()
        except PermissionDenied as error:
            return f"{who}; daily calls left unknown: {error.message}"
        except PlatformError:
            return f"{who}; daily calls left unknown"
        if quota is None:
            return f"{who}; no daily limit reported"
        return f"{who}; {quota.left:,} of {quota.limit:,} calls left today"


def _as_properties(campaign: Mapping[str, Any]) -> Mapping[str, Any]:
    """A campaign's properties. ``name`` becomes ``hs_name``, so that one list works for both platforms."""
    if not isinstance(campaign, Mapping) or "name" not in campaign:
        return campaign
    if "hs_name" in campaign:
        raise InvalidInput("campaigns", "give a campaign name or hs_name, not both")
    return {"hs_name": campaign["name"], **{key: value for key, value in campaign.items() if key != "name"}}

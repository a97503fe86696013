"""The HubSpot hook."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_mkt.actions.hubspot import campaigns as campaign_actions
from airflow_provider_mkt.actions.hubspot import emails
from airflow_provider_mkt.actions.hubspot.jobs import SPECS
from airflow_provider_mkt.actions.send_guards import OPEN, SendGate
from airflow_provider_mkt.client.errors import InvalidInput, PermissionDenied, PlatformError
from airflow_provider_mkt.client.hubspot.account import account_info
from airflow_provider_mkt.client.wording import part_of
from airflow_provider_mkt.hooks._settings import account_error
from airflow_provider_mkt.hooks.base import MarketingHook

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from airflow_provider_mkt.actions.campaigns import CampaignBatch
    from airflow_provider_mkt.actions.emails import Publication
    from airflow_provider_mkt.actions.feeds import MakeFeed
    from airflow_provider_mkt.actions.hubspot.audience import HubSpotAudience
    from airflow_provider_mkt.actions.hubspot.campaigns import HubSpotCampaigns
    from airflow_provider_mkt.actions.hubspot.contacts import ContactWriter
    from airflow_provider_mkt.actions.hubspot.emails import HubSpotEmails
    from airflow_provider_mkt.actions.hubspot.imports import ContactImporter, ObjectImporter
    from airflow_provider_mkt.actions.hubspot.lead_reads import HubSpotLeadReads
    from airflow_provider_mkt.actions.hubspot.objects import NewProperties, ObjectWriter
    from airflow_provider_mkt.actions.hubspot.send_reports import HubSpotSendReports
    from airflow_provider_mkt.actions.hubspot.sending import HubSpotSending
    from airflow_provider_mkt.actions.jobs import Job, JobSpec
    from airflow_provider_mkt.actions.leads import ChangeLog, LeadMerge
    from airflow_provider_mkt.actions.procedure import Procedure, TaskState
    from airflow_provider_mkt.client.hubspot.platform import HubSpot
    from airflow_provider_mkt.client.quota import DayQuota


_CLIENT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""The form of the client id of an OAuth app."""

_SETTINGS = ("api_version", "calls_per_10_seconds", "max_concurrency", "daily_reserve", "legacy_calls")


class HubSpotHook(MarketingHook):
    """Runs calls against a HubSpot account.

    :param hubspot_conn_id: a connection of type ``hubspot``: Password holds a service key, the token of a
        private app (no more of them can be created) or the static token of a project app; or Login the OAuth
        client id, Password its secret and the extra field ``refresh_token`` the refresh token.
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

        _raise_if_oauth_is_incomplete(connection, extra)
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

    def connection_warnings(self) -> Sequence[str]:
        """The end of support of the connection's API version, when it is near."""
        from airflow_provider_mkt.client.hubspot.versions import support_warning

        account = cast("HubSpot", self.platform).account
        warning = support_warning(account.api_version, datetime.now(UTC).date())
        return () if warning is None else (warning,)

    def account_name(self) -> str:
        # Where the account could not be read, its id is made of the credentials.
        portal_id = self.account_id().split()[1]
        return portal_id if portal_id.isdecimal() else ""

    @property
    def condition_specs(self) -> Sequence[JobSpec]:
        from airflow_provider_mkt.actions.hubspot import conditions

        return conditions.SPECS

    @property
    def feeds(self) -> Mapping[str, MakeFeed]:
        from airflow_provider_mkt.actions.hubspot import feeds

        return feeds.FEEDS

    @property
    def change_log(self) -> ChangeLog:
        from airflow_provider_mkt.actions.hubspot import contacts

        return contacts.LOG

    def day_quota(self) -> Procedure[DayQuota | None]:
        from airflow_provider_mkt.actions.hubspot import account

        return self._noting_day(account.today())

    def lead_writer(
        self,
        *,
        action: str,
        lookup_field: str | None,
        partition_name: str | None = None,
        marketable_contacts: bool | None = None,
    ) -> ContactWriter:
        from airflow_provider_mkt.actions.hubspot.contacts import ContactWriter

        if partition_name:
            raise InvalidInput("partition_name", "HubSpot has no lead partitions")
        return ContactWriter(
            action=action,
            lookup_field=_given_key(lookup_field),
            marketable_contacts=marketable_contacts,
        )

    def object_writer(
        self,
        object_type: str,
        *,
        action: str,
        lookup_field: str | None,
        new_properties: NewProperties | None = None,
    ) -> ObjectWriter:
        from airflow_provider_mkt.actions.hubspot.objects import ObjectWriter

        return ObjectWriter(
            object_type,
            action=action,
            lookup_field=_object_key(lookup_field),
            new_properties=new_properties,
        )

    def object_importer(
        self,
        object_type: str,
        *,
        action: str,
        lookup_field: str | None,
        new_properties: NewProperties | None = None,
    ) -> ObjectImporter:
        from airflow_provider_mkt.actions.hubspot.imports import ObjectImporter

        return ObjectImporter(
            object_type,
            action=action,
            lookup_field=_object_key(lookup_field),
            new_properties=new_properties,
        )

    def imports_named(self, kind: str, names: Collection[str]) -> Procedure[list[Job]]:
        from airflow_provider_mkt.actions.hubspot.imports import find_named

        return find_named(kind, names)

    def lead_importer(self, *, action: str, lookup_field: str | None, **settings: Any) -> ContactImporter:
        from airflow_provider_mkt.actions.hubspot.imports import ContactImporter

        for name in ("list_id", "partition_name", "program_id", "program_status"):
            if settings.get(name):
                raise InvalidInput(name, "HubSpot's imports have no such option; leave it out")
        return ContactImporter(
            action=action,
            lookup_field=_given_key(lookup_field),
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

    @property
    def send_reports(self) -> HubSpotSendReports:
        from airflow_provider_mkt.actions.hubspot.send_reports import HubSpotSendReports

        return HubSpotSendReports()

    @property
    def sending(self) -> HubSpotSending:
        from airflow_provider_mkt.actions.hubspot.sending import HubSpotSending

        return HubSpotSending()

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
        if program_id:
            raise InvalidInput("program_id", "HubSpot has no email programs; give email_id")
        if not email_id:
            raise InvalidInput("email_id", "is missing: the email to publish")
        return emails.publish(email_id, task_state, publish_at=publish_at, send_now=send_now, gate=gate)

    @property
    def people(self) -> HubSpotAudience:
        from airflow_provider_mkt.actions.hubspot.audience import HubSpotAudience

        return HubSpotAudience()

    @property
    def lead_reads(self) -> HubSpotLeadReads:
        from airflow_provider_mkt.actions.hubspot.lead_reads import HubSpotLeadReads

        return HubSpotLeadReads()

    def create_lead_fields(self, types: Mapping[str, str], group: str | None) -> Procedure[list[str]]:
        from airflow_provider_mkt.actions.hubspot.objects import NewProperties, create_missing

        if group is None:
            raise InvalidInput("property_group", "is missing: the group of the properties that are created")
        return create_missing("contacts", NewProperties(types, group, "create_missing_fields"))

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
        sentences = [f"{who}; {(yield from self._describe_quota())}", (yield from self._describe_scopes())]
        return ". ".join(one for one in (*sentences, *self.connection_warnings()) if one)

    def _describe_quota(self) -> Procedure[str]:
        try:
            quota = yield from self.day_quota()
        except PermissionDenied as error:
            return f"daily calls left unknown: {error.message}"
        except PlatformError:
            return "daily calls left unknown"
        if quota is None:
            return "no daily limit reported"
        return f"{part_of(quota.left, quota.limit, 'call')} left today"

    def _describe_scopes(self) -> Procedure[str]:
        from airflow_provider_mkt.actions.hubspot import account

        try:
            granted = yield from account.granted_scopes(cast("HubSpot", self.platform).account)
        except PlatformError as error:
            return f"Scopes unknown: {error.message}"
        if granted is None:
            return "Scopes unknown: HubSpot does not tell those of this kind of token"
        return account.missing_scopes(granted)


def _raise_if_oauth_is_incomplete(connection: Connection, extra: Mapping[str, Any]) -> None:
    """Check that a connection of an OAuth app has all of its three values.

    Without the refresh token the client secret would be sent as an access token, and HubSpot would only say
    that it does not know it. Login counts as a client id when it has the form of one.

    :raises InvalidInput: naming what is missing.
    """
    if not extra.get("refresh_token") and not _CLIENT_ID.fullmatch((connection.login or "").strip()):
        return
    missing = {
        field: label
        for field, label, value in (
            ("login", "Login (the client id)", connection.login),
            ("password", "Password (the client secret)", connection.password),
            ("refresh_token", "the extra field refresh_token", extra.get("refresh_token")),
        )
        if not value
    }
    if missing:
        hint = "; with a service key, leave Login empty" if "refresh_token" in missing else ""
        raise InvalidInput(
            next(iter(missing)),
            f"the OAuth connection is incomplete: {' and '.join(missing.values())} must have a value{hint}",
        )


def _as_properties(campaign: Mapping[str, Any]) -> Mapping[str, Any]:
    """A campaign's properties. ``name`` becomes ``hs_name``, so that one list works for both platforms."""
    if not isinstance(campaign, Mapping) or "name" not in campaign:
        return campaign
    if "hs_name" in campaign:
        raise InvalidInput("campaigns", "give a campaign name or hs_name, not both")
    return {"hs_name": campaign["name"], **{key: value for key, value in campaign.items() if key != "name"}}


def _object_key(lookup_field: str | None) -> str:
    if lookup_field is None:
        raise InvalidInput("lookup_field", "is missing: the property that identifies a record")
    return lookup_field


def _given_key(lookup_field: str | None) -> str:
    if lookup_field is None:
        raise InvalidInput("lookup_field", "is missing: HubSpot has no duplicate rules of its own")
    return lookup_field

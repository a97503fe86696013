"""The account behind a connection: how many of the day's calls are left, and what its token may do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.errors import InvalidRequest
from airflow_provider_mkt.client.hubspot.account import account_info, oauth
from airflow_provider_mkt.client.quota import DayQuota

if TYPE_CHECKING:
    from airflow_provider_mkt.client.hubspot.platform import HubSpotAccount

_NEXT_READ = timedelta(hours=1)

_EMAIL_WRITE = "marketing.email.write or content"
_EMAIL_READ = "marketing.email.read or marketing.email.write or content"
_PUBLISH = "marketing-email or transactional-email"
_CONSENT = "communication_preferences.write or communication_preferences.read_write"
_CONSENT_READ = "communication_preferences.read or communication_preferences.read_write"
_LISTS_READ = "crm.lists.read or crm.segments.read"
_LISTS_WRITE = "crm.lists.write or crm.segments.write"
_READ_CONTACTS, _WRITE_CONTACTS = "crm.objects.contacts.read", "crm.objects.contacts.write"
_READ_EVENTS, _WRITE_EVENTS = "crm.objects.marketing_events.read", "crm.objects.marketing_events.write"
_CAMPAIGNS = ("marketing.campaigns.write", "marketing.campaigns.read")

NEEDED_SCOPES: Mapping[str, tuple[str, ...]] = {
    "AddToListOperator": (_LISTS_WRITE, _LISTS_READ),
    "ArchiveCampaignBatchOperator": _CAMPAIGNS,
    "AssociateAssetsOperator": _CAMPAIGNS,
    "CancelMarketingEventOperator": (_WRITE_EVENTS, _READ_EVENTS),
    "CheckEmailOperator": (_EMAIL_READ, _LISTS_READ),
    "CheckEmailOperator (count)": (_LISTS_WRITE, _READ_CONTACTS),
    "CloneEmailOperator": (_EMAIL_WRITE, _EMAIL_READ),
    "CompleteMarketingEventOperator": (_WRITE_EVENTS, _READ_EVENTS),
    "CreateABTestVariationOperator": (_EMAIL_WRITE, _EMAIL_READ),
    "CreateCampaignBatchOperator": _CAMPAIGNS,
    "CreateEmailOperator": (_EMAIL_WRITE, _EMAIL_READ),
    "DeleteLeadsOperator": (_WRITE_CONTACTS, _READ_CONTACTS),
    "EmailActivitySensor": (_EMAIL_READ,),
    "EmailReportOperator": (_EMAIL_READ,),
    "EmailReportOperator (reasons)": ("content",),
    "EmailStatisticsOperator": (_EMAIL_READ,),
    "EnrollSequenceOperator": ("automation.sequences.enrollments.write", "automation.sequences.read"),
    "EnrollWorkflowOperator": ("automation", _READ_CONTACTS),
    "EventAttendanceSensor": (_READ_EVENTS,),
    "ExportCampaignReportsOperator": ("marketing.campaigns.read",),
    "ExportCampaignReportsOperator (revenue)": (
        "marketing.campaigns.revenue.read or marketing.campaigns.revenue.lite.read "
        "or marketing.campaigns.revenue.full.read",
    ),
    "ExportDeletedLeadsOperator": (_READ_CONTACTS,),
    "ExportEmailEventsOperator": ("content",),
    "ExportEmailEventsOperator (campaign)": ("marketing.campaigns.read",),
    "ExportEmailEventsOperator (emails)": (_EMAIL_READ,),
    "ExportEventParticipationsOperator": (_READ_EVENTS,),
    "ExportFormSubmissionsOperator": ("forms or forms-uploaded-files",),
    "ExportFormSubmissionsOperator (all forms)": ("forms",),
    "ExportListMembersOperator": (_LISTS_READ, _READ_CONTACTS),
    "ExportObjectsOperator (job)": ("crm.export",),
    "ExportSubscriptionsOperator": (_CONSENT_READ,),
    "ExportSubscriptionsOperator (batches)": ("communication_preferences.statuses.batch.read",),
    "ExportSubscriptionsOperator (contacts)": (_READ_CONTACTS,),
    "ExportSubscriptionsOperator (list)": (_LISTS_READ, _READ_CONTACTS),
    "GdprDeleteLeadsOperator": (_WRITE_CONTACTS, _READ_CONTACTS),
    "ImportLeadsOperator": ("crm.import",),
    "LeadChangesSensor": (_READ_CONTACTS,),
    "LeadsMatchingSensor": (_READ_CONTACTS,),
    "LeadsVisibleSensor": (_READ_CONTACTS,),
    "ListMembershipSensor": (_LISTS_READ,),
    "ListProcessedSensor": (_LISTS_READ,),
    "MarketingEventSensor": (_READ_EVENTS,),
    "MergeLeadsOperator": (_WRITE_CONTACTS, _READ_CONTACTS),
    "PublishEmailOperator": (_PUBLISH, _EMAIL_READ),
    "RecordAttendanceOperator": (_WRITE_EVENTS, _READ_EVENTS),
    "RemoveFromListOperator": (_LISTS_WRITE, _LISTS_READ),
    "SendEmailToPeopleOperator (marketing)": ("transactional-email or marketing-email",),
    "SendEmailToPeopleOperator (transactional)": ("transactional-email",),
    "SendSingleEmailOperator": ("transactional-email or marketing-email",),
    "SendTransactionalEmailOperator": ("transactional-email",),
    "SequenceEnrollmentSensor": ("automation.sequences.read",),
    "SubscribeOperator": (_CONSENT, _CONSENT_READ),
    "SyncLeadsOperator": (_WRITE_CONTACTS, _READ_CONTACTS),
    "SyncLeadsOperator (bulk)": ("crm.import",),
    "SyncListOperator": (_LISTS_WRITE, _LISTS_READ, _READ_CONTACTS),
    "SyncListOperator (consent)": ("communication_preferences.statuses.batch.read",),
    "SyncListOperator (create)": (_WRITE_CONTACTS,),
    "SyncObjectsOperator (bulk)": ("crm.import",),
    "UnpublishEmailOperator": (_PUBLISH, _EMAIL_READ),
    "UnsubscribeOperator": (_CONSENT, _CONSENT_READ),
    "UpdateCampaignBatchOperator": _CAMPAIGNS,
    "UpdateEmailOperator": (_EMAIL_WRITE, _EMAIL_READ),
    "UpsertMarketingEventsOperator": (_WRITE_EVENTS,),
}
"""The scopes that operators and sensors need: all that are listed, or of alternatives one."""


def today() -> Procedure[DayQuota | None]:
    """Read how many calls of the day are left; None where the account does not report it. One call."""
    rows: list[account_info.ApiUsage] = yield account_info.daily_usage()
    usage = next((row for row in rows if row["fetchStatus"] in ("SUCCESS", "CACHED")), None)
    if usage is None:
        return None
    left = max(0, usage["usageLimit"] - usage["currentUsage"])
    return DayQuota(left, usage["usageLimit"], _moment(usage.get("resetsAt")))


def granted_scopes(account: HubSpotAccount) -> Procedure[frozenset[str] | None]:
    """Read the scopes of a connection's token; None where HubSpot does not tell them. One call.

    :raises PlatformError: when the call fails otherwise.
    """
    if account.access_token is None:
        token = account.refresh_token.get_secret_value() if account.refresh_token else ""
        info: oauth.TokenInfo = yield oauth.introspect(token, token_type_hint="refresh_token")  # noqa: S106
        return frozenset(info.scopes)
    try:
        known: oauth.AccessTokenInfo = yield oauth.access_token_info(account.access_token.get_secret_value())
    except InvalidRequest:
        # Documented for tokens of private apps alone.
        return None
    return frozenset(known.scopes)


def missing_scopes(granted: frozenset[str]) -> str:
    """Return which scopes are missing for what, in one sentence; empty when none is."""
    missing: dict[tuple[str, ...], list[str]] = {}
    for name, needed in NEEDED_SCOPES.items():
        lacking = tuple(one for one in needed if not granted.intersection(one.split(" or ")))
        if lacking:
            missing.setdefault(lacking, []).append(name)
    parts = [f"for {', '.join(names)}: {', '.join(scopes)}" for scopes, names in missing.items()]
    return f"Missing {'; '.join(parts)}" if parts else ""


def _moment(text: str | None) -> datetime:
    # The day ends at midnight in the account's own time zone; where the end is not reported, try in an hour.
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.now(UTC) + _NEXT_READ
    return moment.astimezone(UTC) if moment.tzinfo else datetime.now(UTC) + _NEXT_READ

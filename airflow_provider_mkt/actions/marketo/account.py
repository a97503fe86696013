"""The instance behind a connection: how many of the day's calls are left, and what its user may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, PermissionDenied
from airflow_provider_mkt.client.marketo.account import usage
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.imports import bulk_leads
from airflow_provider_mkt.client.marketo.platform import next_quota_reset
from airflow_provider_mkt.client.marketo.programs import channels
from airflow_provider_mkt.client.marketo.rows import Usage
from airflow_provider_mkt.client.quota import DayQuota


def today(daily_quota: int) -> Procedure[DayQuota]:
    """Read how many calls of the day are left. One call.

    :param daily_quota: the calls of a day, which no endpoint returns.
    """
    row: Usage | None = yield usage.today()
    left = max(0, daily_quota - int(row["total"] if row else 0))
    return DayQuota(left, daily_quota, next_quota_reset(datetime.now(UTC)))


_NO_BATCH = 2_147_483_647
"""The id of an import that does not exist. Its status needs the permission to write leads."""

PROBES: Mapping[str, Callable[[], Call[object]]] = {
    "Read-Write Lead": lambda: bulk_leads.import_status(_NO_BATCH),
    "Read-Only Activity": activities.types,
    "Read-Only Assets": lambda: channels.list(page_size=1),
}
"""Reads that are refused without a permission."""

NEEDED_FOR: Mapping[str, tuple[str, ...]] = {
    "Read-Write Lead": (
        "AddToListOperator",
        "DeleteLeadsOperator",
        "EnrollNurtureOperator",
        "GdprDeleteLeadsOperator",
        "ImportLeadsOperator",
        "ListMembershipSensor",
        "MergeLeadsOperator",
        "PushLeadsOperator",
        "RemoveFromListOperator",
        "SetProgramStatusOperator",
        "SubmitFormOperator",
        "SyncLeadsOperator",
        "SyncListOperator",
    ),
    "Read-Only Activity": (
        "EmailActivitySensor",
        "ExportActivitiesOperator",
        "LeadActivitySensor",
        "LeadChangesSensor",
        "RequestCampaignOperator",
    ),
    "Read-Only Assets": (
        "ActivateCampaignOperator",
        "CheckEmailOperator",
        "CloneEmailOperator",
        "CloneProgramOperator",
        "CreateCampaignBatchOperator",
        "CreateEmailOperator",
        "PublishEmailOperator",
        "RequestCampaignOperator",
        "ScheduleCampaignOperator",
        "SetProgramTokensOperator",
        "SmartCampaignSensor",
    ),
}
"""Operators and sensors that need a permission which can be tested by a read."""


def missing_permissions() -> Procedure[str]:
    """Test which permissions the connection's user lacks, by reads. One call for each permission.

    :returns: one sentence on what is missing for what; empty when nothing is.
    """
    parts = []
    for permission, probe in PROBES.items():
        try:
            yield probe()
        except PermissionDenied:
            parts.append(f"for {', '.join(NEEDED_FOR[permission])}: {permission}")
        except InvalidRequest:
            # What is read does not exist, which is said to those who may read it.
            continue
    return f"Missing {'; '.join(parts)}" if parts else ""

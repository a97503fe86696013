"""Operators that run leads through Marketo trigger campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import as_mapping, optional_str, required_str
from airflow_provider_mkt.operators._send_guards import AUTO, HALF_AN_HOUR, GuardedSend
from airflow_provider_mkt.operators.outcomes import CampaignRequestOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.actions.sending import SendTarget
    from airflow_provider_mkt.operators._member_source import Leads


class RequestCampaignOperator(GuardedSend, MemberOperator[CampaignRequestOutcome]):
    """Run leads through a Marketo trigger campaign, each once.

    A request takes up to 100 leads, and Marketo's response does not report single leads. After a lost
    response, the task looks for the leads in the activity log; when a lead is not found there, the task fails
    and the request is not repeated. A request that is rejected because of one lead is sent again without it.
    Whether a lead can go through the campaign more than once is a setting of the campaign.

    :param conn_id: a connection of type ``marketo``.
    :param leads: lead ids, or email addresses, which are looked up, but not both: a list, JSON text of a
        list, or a callable without arguments that returns an iterable. Either ``leads`` or ``leads_path``
        is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one id per line.
    :param leads_column: the column of that file with the ids. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param campaign_id: an active trigger campaign with the trigger "Campaign is Requested" (Web Service API).
    :param tokens: up to 100 My Tokens for this run, ``{{my.name}}`` to value.
    :param program_id: leads that are members of this program are left out.
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file below
        ``[mkt] results_path``, or on the worker. No file is written when there are none. A later task can
        read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :param max_recipients: refuse more people than this, before the first request. The connection may have a
        lower limit.
    :param min_recipients: refuse fewer people than this, before the first request.
    :param approval: the output of :class:`.ApproveEmailOperator`, or of Airflow's own ``ApprovalOperator``.
        Without an approval the send is refused. Who approved it, and when, is copied into the outcome.
    :param expect_account: HubSpot's portal id or Marketo's munchkin id; any other account is refused.
    :param not_after: refuse requests after this time: an aware datetime or ISO 8601 text with offset.
    :param max_lateness: refuse the send when the DAG run was due longer ago than this; no limit when not
        given.
    :param allow_backfill: also send in backfill runs, in which the task is skipped otherwise.
    :param quiet_hours: hours without requests, such as ``("21:00", "08:00")``. The task is deferred until
        they end.
    :param timezone: the time zone of ``quiet_hours``, such as ``Europe/Berlin``.
    :param send_key: names what the send is for. Another task instance with the same key sends nothing,
        whatever the id of its email: it fails, and says which run sent what, and when. ``auto``: made of the
        DAG, the task, the map index and the DAG run's data interval. None: no key.
    :param canary: how many people get it first: a number, or a share such as ``"5%"``, rounded up to whole
        requests (100 leads on Marketo, 50 people on HubSpot). The others follow when few of them bounced.
    :param canary_wait: how long to wait before the bounces are counted, with the task deferred.
    :param canary_max_bounced: how many of the first may bounce: a number or a share. Above it the task fails,
        and the others get nothing; clearing the task goes on all the same.
    :param dry_run: only look and check: nothing is changed or sent, and :class:`.DryRunOutcome` is returned.
    :returns: a :class:`CampaignRequestOutcome`: ``total``, ``duplicates``, ``requested``, ``already_member``,
        ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the campaign does not exist or accepts no requests, more leads are
        rejected than allowed, or a result is unknown.

    Source: ``POST /rest/v1/campaigns/{campaignId}/trigger.json``.
    """

    targets = (
        *MemberOperator.targets,
        Target("smart_campaign", "campaign_id", "output"),
    )

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "campaign_id",
        "tokens",
        "program_id",
        "max_recipients",
        "min_recipients",
        "approval",
        "expect_account",
        "not_after",
        "send_key",
        "canary",
        "canary_max_bounced",
        "is_dry_run",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        campaign_id: str | int,
        tokens: Mapping[str, str] | str | None = None,
        program_id: str | int | None = None,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        max_recipients: int | str | None = None,
        min_recipients: int | str | None = None,
        approval: Mapping[str, object] | str | None = None,
        expect_account: str | int | None = None,
        not_after: datetime | str | None = None,
        max_lateness: timedelta | None = None,
        allow_backfill: bool = False,
        quiet_hours: Sequence[str] | None = None,
        timezone: str | None = None,
        send_key: str | None = AUTO,
        canary: int | float | str | None = None,
        canary_wait: timedelta = HALF_AN_HOUR,
        canary_max_bounced: int | float | str = 0.02,
        dry_run: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            leads=leads,
            leads_path=leads_path,
            leads_column=leads_column,
            max_rejected=max_rejected,
            rejects_path=rejects_path,
            max_concurrency=max_concurrency,
            fail_fast=fail_fast,
            **kwargs,
        )
        self.campaign_id = campaign_id
        self.tokens = tokens
        self.program_id = program_id
        self.max_recipients = max_recipients
        self.min_recipients = min_recipients
        self.approval = approval
        self.expect_account = expect_account
        self.not_after = not_after
        self.max_lateness = max_lateness
        self.allow_backfill = allow_backfill
        self.quiet_hours = quiet_hours
        self.timezone = timezone
        self.send_key = send_key
        self.canary = canary
        self.canary_wait = canary_wait
        self.canary_max_bounced = canary_max_bounced
        self.is_dry_run = dry_run
        self.check_guards()

    def send_subject(self) -> SendTarget:
        from airflow_provider_mkt.actions.sending import SendTarget

        return SendTarget("marketo", "smart_campaign", required_str("campaign_id", self.campaign_id))

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.marketo import smart_campaigns

        self.hook_on("marketo")
        return smart_campaigns.member_action(
            required_str("campaign_id", self.campaign_id),
            tokens=as_mapping("tokens", self.tokens) if self.tokens else None,
            program_id=optional_str("program_id", self.program_id),
        )

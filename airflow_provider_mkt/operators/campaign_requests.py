"""Operators that run leads through Marketo trigger campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import as_mapping, optional_str, required_str
from airflow_provider_mkt.operators.outcomes import CampaignRequestOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._member_source import Leads


class RequestCampaignOperator(MemberOperator[CampaignRequestOutcome]):
    """Run leads through a Marketo trigger campaign, each once.

    A request takes up to 100 leads, and Marketo's response does not report single leads. After a lost
    response, the task looks for the leads in the activity log; when a lead is not found there, the task fails
    and the request is not repeated. A request that is rejected because of one lead is sent again without it.
    Whether a lead can go through the campaign more than once is a setting of the campaign.

    :param conn_id: a connection of type ``marketo``.
    :param leads: lead ids: a list, JSON text of a list, or a callable without arguments that returns an
        iterable. Either ``leads`` or ``leads_path`` is required.
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
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file on the
        worker. No file is written when there are none. A later task can read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`CampaignRequestOutcome`: ``total``, ``duplicates``, ``requested``, ``already_member``,
        ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the campaign does not exist or accepts no requests, more leads are
        rejected than allowed, or a result is unknown.

    Source: ``POST /rest/v1/campaigns/{campaignId}/trigger.json``.
    """

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "campaign_id",
        "tokens",
        "program_id",
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

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.marketo import smart_campaigns

        self.hook_on("marketo")
        return smart_campaigns.member_action(
            required_str("campaign_id", self.campaign_id),
            tokens=as_mapping("tokens", self.tokens) if self.tokens else None,
            program_id=optional_str("program_id", self.program_id),
        )

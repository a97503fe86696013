"""Operators that enroll leads in nurture programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import as_mapping, optional_str, to_bool
from airflow_provider_mkt.operators.outcomes import NurtureEnrollmentOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._member_source import Leads


class EnrollNurtureOperator(MemberOperator[NurtureEnrollmentOutcome]):
    """Enroll leads in a nurture program, each once.

    HubSpot: the legacy nurturing campaign ``campaign_id``; the connection must allow legacy calls. Marketo,
    first stream: ``program_id`` and ``status_name``. Marketo, a chosen stream: ``campaign_id``, an active
    trigger campaign that adds leads to that stream; with ``program_id`` too, members of that program are left
    out.

    After a lost response, the task checks on the platform whether the lead is enrolled before it sends the
    request again. When that cannot be found out, the task fails and the request is not repeated.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param leads: lead GUIDs (HubSpot) or lead ids (Marketo): a list, JSON text of a list, or a callable
        without arguments that returns an iterable. Either ``leads`` or ``leads_path`` is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one id per line.
    :param leads_column: the column of that file with the ids. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param campaign_id: the HubSpot nurturing campaign (a GUID), or the Marketo trigger campaign.
    :param program_id: the Marketo engagement program.
    :param status_name: a status of the Marketo program's channel.
    :param tokens: My Tokens for the Marketo trigger campaign, ``{{my.name}}`` to value.
    :param verify: Marketo: afterwards, for up to 120 seconds, check which leads are in a stream of
        ``program_id``, and reject the others (code ``NOT_IN_STREAM``): the campaign's own rules may have left
        them out.
    :param stream_name: the stream that ``verify`` requires. Default: any.
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file on the
        worker. No file is written when there are none. A later task can read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`NurtureEnrollmentOutcome`: ``total``, ``duplicates``, ``enrolled``,
        ``already_enrolled``, ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when more leads are rejected than allowed, or a result is unknown.

    Source: HubSpot ``POST /nurture/v1/campaign/{campaign_guid}/add``; Marketo
    ``POST /rest/v1/programs/{programId}/members/status.json`` and
    ``POST /rest/v1/campaigns/{campaignId}/trigger.json``.
    """

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "campaign_id",
        "program_id",
        "status_name",
        "tokens",
        "verify",
        "stream_name",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        campaign_id: str | int | None = None,
        program_id: str | int | None = None,
        status_name: str | None = None,
        tokens: Mapping[str, str] | str | None = None,
        verify: bool | str = False,
        stream_name: str | None = None,
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
        self.program_id = program_id
        self.status_name = status_name
        self.tokens = tokens
        self.verify = verify
        self.stream_name = stream_name

    def member_action(self) -> MemberAction:
        return self.hook.people.enroll(
            campaign_id=optional_str("campaign_id", self.campaign_id),
            program_id=optional_str("program_id", self.program_id),
            status_name=optional_str("status_name", self.status_name),
            tokens=as_mapping("tokens", self.tokens) if self.tokens else None,
            verify=to_bool("verify", self.verify),
            stream_name=optional_str("stream_name", self.stream_name),
        )

"""Operators that enroll leads in nurture programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import as_mapping, optional_str, to_bool
from airflow_provider_mkt.operators._send_guards import GuardedSend
from airflow_provider_mkt.operators.outcomes import NurtureEnrollmentOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.actions.ports import EnrollOptions
    from airflow_provider_mkt.actions.sending import SendTarget
    from airflow_provider_mkt.operators._member_source import Leads


_ON_NO_EFFECT = ("fail", "warn")


class EnrollNurtureOperator(GuardedSend, MemberOperator[NurtureEnrollmentOutcome]):
    """Enroll leads in a nurture program, each once.

    HubSpot: the legacy nurturing campaign ``campaign_id``; the connection must allow legacy calls. Marketo,
    first stream: ``program_id`` and ``status_name``. Marketo, a chosen stream: ``campaign_id``, an active
    trigger campaign that adds leads to that stream; with ``program_id`` too, members of that program are left
    out.

    After a lost response, the task checks on the platform whether the lead is enrolled before it sends the
    request again. When that cannot be found out, the task fails and the request is not repeated.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param leads: lead GUIDs (HubSpot), or lead ids or email addresses, but not both (Marketo): a list,
        JSON text of a list, or a callable without arguments that returns an iterable. Either ``leads`` or
        ``leads_path`` is required.
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
        them out. Leads who get nothing from the program are treated as ``on_no_effect`` says.
    :param stream_name: the stream that ``verify`` requires. Default: any.
    :param on_no_effect: what ``verify`` does where an enrollment has no effect. ``fail``: when the program is
        off, the task fails before anybody is enrolled; leads who are paused in the program or have had all
        its content are rejected (codes ``PAUSED`` and ``EXHAUSTED``). ``warn``: the log says how many.
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
        DAG, the task, the map index and the DAG run's data interval. No key when not given: an enrollment is
        once per person by itself.
    :param dry_run: only look and check: nothing is changed or sent, and :class:`.DryRunOutcome` is returned.
    :returns: a :class:`NurtureEnrollmentOutcome`: ``total``, ``duplicates``, ``enrolled``,
        ``already_enrolled``, ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when more leads are rejected than allowed, or a result is unknown.

    Source: HubSpot ``POST /nurture/v1/campaign/{campaign_guid}/add``; Marketo
    ``POST /rest/v1/programs/{programId}/members/status.json`` and
    ``POST /rest/v1/campaigns/{campaignId}/trigger.json``.
    """

    targets = (
        *MemberOperator.targets,
        Target("leads", "", "output", "hubspot"),
        Target("smart_campaign", "campaign_id", "output", "marketo"),
        Target("program_members", "program_id", "output", "marketo"),
    )

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "campaign_id",
        "program_id",
        "status_name",
        "tokens",
        "verify",
        "stream_name",
        "max_recipients",
        "min_recipients",
        "approval",
        "expect_account",
        "not_after",
        "send_key",
        "is_dry_run",
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
        on_no_effect: str = "fail",
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
        send_key: str | None = None,
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
        self.program_id = program_id
        self.status_name = status_name
        self.tokens = tokens
        self.verify = verify
        self.stream_name = stream_name
        self.on_no_effect = on_no_effect
        if on_no_effect not in _ON_NO_EFFECT:
            raise InvalidInput("on_no_effect", f"must be one of {', '.join(_ON_NO_EFFECT)}")
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
        self.is_dry_run = dry_run
        self.check_guards()

    def send_subject(self) -> SendTarget | None:
        campaign_id = optional_str("campaign_id", self.campaign_id)
        if campaign_id is None or self.hook.conn_type != "marketo":
            return None
        from airflow_provider_mkt.actions.sending import SendTarget

        return SendTarget("marketo", "smart_campaign", campaign_id)

    def member_action(self) -> MemberAction:
        options: EnrollOptions = {
            "campaign_id": optional_str("campaign_id", self.campaign_id),
            "program_id": optional_str("program_id", self.program_id),
            "status_name": optional_str("status_name", self.status_name),
            "tokens": as_mapping("tokens", self.tokens) if self.tokens else None,
            "verify": to_bool("verify", self.verify),
            "stream_name": optional_str("stream_name", self.stream_name),
        }
        if options["verify"]:
            options["on_no_effect"] = self.on_no_effect
        return self.hook.people.enroll(**options)

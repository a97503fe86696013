"""Operators for HubSpot workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import optional_str
from airflow_provider_mkt.operators._send_guards import GuardedSend
from airflow_provider_mkt.operators.outcomes import WorkflowEnrollmentOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._member_source import Leads
    from airflow_provider_mkt.operators._parse_checks import Arguments


class EnrollWorkflowOperator(GuardedSend, MemberOperator[WorkflowEnrollmentOutcome]):
    """Enroll contacts in a HubSpot workflow, each once.

    Contacts that are in the workflow now are left alone.

    It works with every ``api_version``. HubSpot ends its support of this endpoint in September 2027 and has
    no replacement. What stays supported: let membership of a static list start the workflow, and use
    :class:`.AddToListOperator`.

    HubSpot's response does not tell whether a contact was enrolled. So the task checks who is in the workflow
    before it sends requests, and after a lost response. When that cannot be found out, the task fails and the
    request is not repeated.

    :param conn_id: a connection of type ``hubspot``.
    :param leads: contact record ids, or email addresses, but not both: a list, JSON text of a list, or a
        callable without arguments that returns an iterable. Either ``leads`` or ``leads_path`` is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one id per line.
    :param leads_column: the column of that file with the ids. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param flow_id: the workflow's id as the app shows it. The task checks that this workflow is on. Either
        ``flow_id`` or ``workflow_id`` is required.
    :param workflow_id: the workflow's id in the legacy workflows API.
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
    :returns: a :class:`WorkflowEnrollmentOutcome`: ``total``, ``duplicates``, ``enrolled``,
        ``already_enrolled``, ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the workflow does not exist or is off, more contacts are rejected than
        allowed, or a result is unknown.

    Source: ``POST /automation/v2/workflows/{workflowId}/enrollments/contacts/{email}``.
    """

    targets = (
        *MemberOperator.targets,
        Target("workflow", "flow_id", "output"),
    )

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "flow_id",
        "workflow_id",
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
        flow_id: str | int | None = None,
        workflow_id: str | int | None = None,
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
        self.flow_id = flow_id
        self.workflow_id = workflow_id
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

    def check_arguments(self, arguments: Arguments) -> None:
        super().check_arguments(arguments)
        arguments.one_of("workflow_id", "flow_id", problem="give either workflow_id or flow_id")

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.hubspot import automation

        self.hook_on("hubspot")
        return automation.workflow_action(
            workflow_id=optional_str("workflow_id", self.workflow_id),
            flow_id=optional_str("flow_id", self.flow_id),
        )

"""Operators for HubSpot workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import optional_str
from airflow_provider_mkt.operators.outcomes import WorkflowEnrollmentOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._member_source import Leads


class EnrollWorkflowOperator(MemberOperator[WorkflowEnrollmentOutcome]):
    """Enroll contacts in a HubSpot workflow, each once.

    Contacts that are in the workflow now are left alone.

    HubSpot ends its support of this endpoint in September 2027 and has no replacement, so it is not available
    on a connection whose ``api_version`` is ``2026-03``. What stays supported: let membership of a static
    list start the workflow, and use :class:`.AddToListOperator`.

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
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file on the
        worker. No file is written when there are none. A later task can read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`WorkflowEnrollmentOutcome`: ``total``, ``duplicates``, ``enrolled``,
        ``already_enrolled``, ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the workflow does not exist or is off, more contacts are rejected than
        allowed, or a result is unknown.

    Source: ``POST /automation/v2/workflows/{workflowId}/enrollments/contacts/{email}``.
    """

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "flow_id",
        "workflow_id",
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

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.hubspot import automation

        self.hook_on("hubspot")
        return automation.workflow_action(
            workflow_id=optional_str("workflow_id", self.workflow_id),
            flow_id=optional_str("flow_id", self.flow_id),
        )

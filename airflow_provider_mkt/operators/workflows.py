"""Operators for HubSpot workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._base import optional_str
from airflow_provider_mkt.operators._member_action import PeopleOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.members import MemberAction


class EnrollWorkflowOperator(PeopleOperator):
    """Enrol contacts in a HubSpot workflow, each once. Those who are in it now are left alone.

    The call that does this goes without support in September 2027 and has no successor, so it is not among
    those of a connection whose ``api_version`` is ``2026-03``. What lasts: let the workflow start at
    membership of a static list, and use :class:`.AddToListOperator`.

    The platform's answer says nothing of the effect, so who is in the workflow is looked up before, and
    after a lost answer. Somebody of whom that cannot tell fails the task and is not enrolled again by
    itself. Where people come from and what else is shared: see :class:`.PeopleOperator`.

    :param leads: contact record ids, or mail addresses, but not both.
    :param flow_id: the workflow's id as the app shows it. It is looked up whether the workflow is on.
    :param workflow_id: instead of it, the workflow's old id.
    :returns: ``total``, ``duplicates``, ``enrolled``, ``already_enrolled``, ``rejected``, ``unknown``,
        ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when there is no such workflow, it is off, more contacts were refused than
        allowed, or an outcome is unknown.

    Source: ``POST /automation/v2/workflows/{workflowId}/enrollments/contacts/{email}``.
    """

    template_fields: Sequence[str] = (*PeopleOperator.people_fields, "flow_id", "workflow_id")

    def __init__(
        self,
        *,
        conn_id: str,
        flow_id: str | int | None = None,
        workflow_id: str | int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.flow_id = flow_id
        self.workflow_id = workflow_id

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.hubspot import automation

        self.hook_on("hubspot")
        return automation.workflow_action(
            workflow_id=optional_str("workflow_id", self.workflow_id),
            flow_id=optional_str("flow_id", self.flow_id),
        )

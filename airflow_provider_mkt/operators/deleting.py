"""Operators that delete leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_mkt.operators._member_action import PeopleOperator

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.members import MemberAction


class DeleteLeadsOperator(PeopleOperator):
    """Delete leads, on either platform. HubSpot keeps them in its recycle bin for 90 days, Marketo does not.

    Someone who is not there is an outcome, not a failure: after a lost answer nobody can tell whom the
    request deleted from who never was. Where people come from and what else is shared: see
    :class:`.PeopleOperator`.

    :param leads: contact record ids (HubSpot) or lead ids (Marketo).
    :returns: ``total``, ``duplicates``, ``deleted``, ``already_gone``, ``rejected``, ``unknown``,
        ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when more people were refused than allowed.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/batch/archive``; Marketo
    ``POST /rest/v1/leads/delete.json``.
    """

    def member_action(self) -> MemberAction:
        return self.hook.people.delete()

"""Operators for who is in a static list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._base import required_str
from airflow_provider_mkt.operators._member_action import PeopleOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.members import MemberAction


class _ListOperator(PeopleOperator):
    """Base of the operators that change a static list.

    :param list_id: a list of contacts that is MANUAL or SNAPSHOT (HubSpot), or a static list (Marketo).
    """

    template_fields: Sequence[str] = (*PeopleOperator.people_fields, "list_id")

    def __init__(self, *, conn_id: str, list_id: str | int, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.list_id = list_id


class AddToListOperator(_ListOperator):
    """Add people to a static list, on either platform. Someone who is in it stays in it.

    It is also the lasting way to start automation with people: a HubSpot workflow whose enrolment trigger
    is membership of the list takes them in, a Marketo trigger campaign with "Added to List" runs them.
    Doing it again changes nothing. Where people come from and what else is shared: see
    :class:`.PeopleOperator`.

    :param leads: contact record ids (HubSpot) or lead ids (Marketo).
    :returns: ``total``, ``duplicates``, ``added``, ``already_in`` (Marketo does not tell, and counts them as
        added), ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when there is no such list, its filters fill it, or more people were
        refused than allowed, most of them since they do not exist.

    Source: HubSpot ``PUT /crm/{version}/lists/{listId}/memberships/add``; Marketo
    ``POST /rest/v1/lists/{listId}/leads.json``.
    """

    def member_action(self) -> MemberAction:
        return self.hook.people.add_to_list(required_str("list_id", self.list_id))


class RemoveFromListOperator(_ListOperator):
    """Take people out of a static list, on either platform. They themselves stay.

    Doing it again changes nothing. Where people come from and what else is shared: see
    :class:`.PeopleOperator`.

    :param leads: contact record ids (HubSpot) or lead ids (Marketo).
    :returns: ``total``, ``duplicates``, ``removed``, ``not_in``, ``rejected``, ``unknown``, ``reasons``,
        ``rejects`` and ``seconds``.
    :raises AirflowFailException: when there is no such list, its filters fill it, or more people were
        refused than allowed.

    Source: HubSpot ``PUT /crm/{version}/lists/{listId}/memberships/remove``; Marketo
    ``DELETE /rest/v1/lists/{listId}/leads.json``.
    """

    def member_action(self) -> MemberAction:
        return self.hook.people.remove_from_list(required_str("list_id", self.list_id))

"""Operators for HubSpot sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._base import optional_str, required_str
from airflow_provider_mkt.operators._member_action import PeopleOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.members import MemberAction


class EnrollSequenceOperator(PeopleOperator):
    """Enrol contacts in a HubSpot sequence, each once: it sends them mail in a sales user's name.

    A contact is in one sequence at a time. Who is in this one is left alone, who is in another is rejected
    (code ``IN_ANOTHER_SEQUENCE``). That is looked up before, and after a lost answer; somebody of whom it
    cannot tell fails the task and is not enrolled again by itself. Where people come from and what else is
    shared: see :class:`.PeopleOperator`.

    :param leads: contact record ids.
    :param sequence_id: the sequence.
    :param user_id: the user who enrols, with a paid seat and a connected inbox.
    :param sender_email: the address it is sent from, which must be the user's.
    :param sender_alias_address: an alias of that inbox to send from.
    :returns: ``total``, ``duplicates``, ``enrolled``, ``already_enrolled``, ``rejected``, ``unknown``,
        ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when there is no such sequence, the user has no seat, more contacts were
        refused than allowed, or an outcome is unknown.

    Source: ``POST /automation/{version}/sequences/enrollments``.
    """

    template_fields: Sequence[str] = (
        *PeopleOperator.people_fields,
        "sequence_id",
        "user_id",
        "sender_email",
        "sender_alias_address",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        sequence_id: str | int,
        user_id: str | int,
        sender_email: str,
        sender_alias_address: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.sequence_id = sequence_id
        self.user_id = user_id
        self.sender_email = sender_email
        self.sender_alias_address = sender_alias_address

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.hubspot import automation

        self.hook_on("hubspot")
        return automation.sequence_action(
            required_str("sequence_id", self.sequence_id),
            user_id=required_str("user_id", self.user_id),
            sender_email=required_str("sender_email", self.sender_email),
            sender_alias_address=optional_str("sender_alias_address", self.sender_alias_address),
        )

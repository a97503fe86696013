"""Operators for who is in a Marketo program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._base import required_str
from airflow_provider_mkt.operators._member_action import PeopleOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.members import MemberAction


class SetProgramStatusOperator(PeopleOperator):
    """Give leads a status in a Marketo program, which makes those members who are none.

    A status is never taken back: one who is at it or past it is left there (``already_there``). Doing it
    again changes nothing. Where people come from and what else is shared: see :class:`.PeopleOperator`.

    :param conn_id: a connection of type ``marketo``.
    :param leads: lead ids.
    :param program_id: the program.
    :param status_name: a status of the program's channel.
    :returns: ``total``, ``duplicates``, ``changed``, ``already_there``, ``rejected``, ``unknown``,
        ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when there is no such program or status, or more leads were refused than
        allowed.

    Source: ``POST /rest/v1/programs/{programId}/members/status.json``.
    """

    template_fields: Sequence[str] = (*PeopleOperator.people_fields, "program_id", "status_name")

    def __init__(self, *, conn_id: str, program_id: str | int, status_name: str, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.program_id = program_id
        self.status_name = status_name

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.marketo import programs

        self.hook_on("marketo")
        return programs.member_action(
            required_str("program_id", self.program_id), required_str("status_name", self.status_name)
        )

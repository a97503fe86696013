"""Operators for the members of Marketo programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import required_str
from airflow_provider_mkt.operators.outcomes import ProgramStatusOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._member_source import Leads


class SetProgramStatusOperator(MemberOperator[ProgramStatusOutcome]):
    """Set the status of leads in a Marketo program; leads that are not members become members.

    Marketo does not move a member back: one that has this status or a later one keeps it. A repeated request
    changes nothing.

    :param conn_id: a connection of type ``marketo``.
    :param leads: lead ids, or email addresses, which are looked up: a list, JSON text of a list, or a
        callable without arguments that returns an iterable. Either ``leads`` or ``leads_path`` is
        required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one id per line.
    :param leads_column: the column of that file with the ids. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param program_id: the program.
    :param status_name: a status of the program's channel.
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file below
        ``[mkt] results_path``, or on the worker. No file is written when there are none. A later task can
        read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`ProgramStatusOutcome`: ``total``, ``duplicates``, ``changed``, ``already_there``,
        ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the program or the status does not exist, more leads are rejected than
        allowed, or a result is unknown.

    Source: ``POST /rest/v1/programs/{programId}/members/status.json``.
    """

    targets = (
        *MemberOperator.targets,
        Target("program_members", "program_id", "output"),
    )

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "program_id",
        "status_name",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        program_id: str | int,
        status_name: str,
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
        self.program_id = program_id
        self.status_name = status_name

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.marketo import programs

        self.hook_on("marketo")
        return programs.member_action(
            required_str("program_id", self.program_id), required_str("status_name", self.status_name)
        )

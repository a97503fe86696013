"""Operators for HubSpot sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import optional_str, required_str
from airflow_provider_mkt.operators.outcomes import SequenceEnrollmentOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._member_source import Leads


class EnrollSequenceOperator(MemberOperator[SequenceEnrollmentOutcome]):
    """Enroll contacts in a HubSpot sequence, each once.

    A sequence sends email in the name of a sales user. A contact can be in one sequence at a time: contacts
    that are in this one are left alone, contacts that are in another one are rejected (code
    ``IN_ANOTHER_SEQUENCE``).

    The task checks which sequence a contact is in before it sends the request, and after a lost response.
    When that cannot be found out, the task fails and the request is not repeated.

    :param conn_id: a connection of type ``hubspot``.
    :param leads: contact record ids: a list, JSON text of a list, or a callable without arguments that
        returns an iterable. Either ``leads`` or ``leads_path`` is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one id per line.
    :param leads_column: the column of that file with the ids. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param sequence_id: the sequence.
    :param user_id: the user who enrolls the contacts, with a paid seat and a connected inbox.
    :param sender_email: the sender's address, which must belong to that user.
    :param sender_alias_address: an alias of that inbox to send from.
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file on the
        worker. No file is written when there are none. A later task can read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`SequenceEnrollmentOutcome`: ``total``, ``duplicates``, ``enrolled``,
        ``already_enrolled``, ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the sequence does not exist, the user has no seat, more contacts are
        rejected than allowed, or a result is unknown.

    Source: ``POST /automation/{version}/sequences/enrollments``.
    """

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "sequence_id",
        "user_id",
        "sender_email",
        "sender_alias_address",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        sequence_id: str | int,
        user_id: str | int,
        sender_email: str,
        sender_alias_address: str | None = None,
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

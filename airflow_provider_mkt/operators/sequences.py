"""Operators for HubSpot sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import optional_str, required_str
from airflow_provider_mkt.operators._send_guards import GuardedSend
from airflow_provider_mkt.operators.outcomes import SequenceEnrollmentOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._member_source import Leads


class EnrollSequenceOperator(GuardedSend, MemberOperator[SequenceEnrollmentOutcome]):
    """Enroll contacts in a HubSpot sequence, each once.

    A sequence sends email in the name of a sales user. A contact can be in one sequence at a time: contacts
    that are in this one are left alone, contacts that are in another one are rejected (code
    ``IN_ANOTHER_SEQUENCE``).

    The task checks which sequence a contact is in before it sends the request, and after a lost response.
    When that cannot be found out, the task fails and the request is not repeated.

    :param conn_id: a connection of type ``hubspot``.
    :param leads: contact record ids, or email addresses, which are looked up, but not both: a list, JSON
        text of a list, or a callable without arguments that returns an iterable. Either ``leads`` or
        ``leads_path`` is required.
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
    :returns: a :class:`SequenceEnrollmentOutcome`: ``total``, ``duplicates``, ``enrolled``,
        ``already_enrolled``, ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the sequence does not exist, the user has no seat, more contacts are
        rejected than allowed, or a result is unknown.

    Source: ``POST /automation/{version}/sequences/enrollments``.
    """

    targets = (
        *MemberOperator.targets,
        Target("sequence", "sequence_id", "output"),
    )

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "sequence_id",
        "user_id",
        "sender_email",
        "sender_alias_address",
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
        sequence_id: str | int,
        user_id: str | int,
        sender_email: str,
        sender_alias_address: str | None = None,
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
        self.sequence_id = sequence_id
        self.user_id = user_id
        self.sender_email = sender_email
        self.sender_alias_address = sender_alias_address
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

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.hubspot import automation

        self.hook_on("hubspot")
        return automation.sequence_action(
            required_str("sequence_id", self.sequence_id),
            user_id=required_str("user_id", self.user_id),
            sender_email=required_str("sender_email", self.sender_email),
            sender_alias_address=optional_str("sender_alias_address", self.sender_alias_address),
        )

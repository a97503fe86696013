"""Operators that delete leads."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.operators._files import as_path, whole_lines
from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import check_still_given, given_among, is_missing
from airflow_provider_mkt.operators.outcomes import LeadDeletionOutcome, LeadErasureOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from airflow_provider_mkt.actions.members import MemberAction, MemberResult
    from airflow_provider_mkt.actions.procedure import Procedure, TaskState
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


UNLIMITED_UP_TO = 100
"""Leads that are deleted without a limit of their number."""


def _count(field: str, value: object) -> int | None:
    if is_missing(value):
        return None
    text = str(value).strip()
    if isinstance(value, bool) or not text.isdecimal():
        raise InvalidInput(field, f"must be a whole number, not {describe_type(value)}")
    return int(text)


class DeleteLeadsOperator(MemberOperator[LeadDeletionOutcome]):
    """Delete leads, on either platform. HubSpot keeps them in its recycle bin for 90 days, Marketo does not.

    An id that does not exist is counted, and does not fail the task: after a lost answer it is unknown which
    leads the request deleted and which never existed. An email address that nobody has, or several leads, is
    rejected.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param leads: contact record ids (HubSpot) or lead ids (Marketo), or email addresses, which are looked up:
        a list, JSON text of one, or a callable without arguments that returns any iterable.
    :param max_deleted: how many leads may be deleted at most, after duplicates. Required for more than 100.
        With more leads, the task fails before anything is deleted.
    :param leads_path: instead of ``leads``: a file on any object storage: the outcomes file of a
        ``SyncLeadsOperator`` (all but its rejected leads), the rejects file of an operator like this one,
        CSV, JSON Lines or Parquet with a column of ids, or text (``.txt``) with one id per line.
    :param leads_column: the column of the file; when not given, the first one of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email``, or the only one.
    :param max_rejected: how many rejected leads are accepted: a number, a share (0.05 or ``"5%"``), or None
        for any number. Above it the task fails without retry, after all other leads were deleted.
    :param rejects_path: a JSON Lines file for the leads that were rejected or are unknown; a file on this
        machine when not given. There is no file when there are none.
    :param max_concurrency: calls in flight at most; as many as the connection allows when not given.
    :param fail_fast: stop as soon as more leads are rejected than accepted. A share counts from the
        thousandth lead on.
    :returns: ``total``, ``duplicates``, ``deleted``, ``already_gone``, ``rejected``, ``unknown``,
        ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when more leads are rejected than accepted.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/batch/archive``; Marketo
    ``POST /rest/v1/leads/delete.json``.
    """

    targets = (
        *MemberOperator.targets,
        Target("leads", "", "output"),
    )

    template_fields: Sequence[str] = (*MemberOperator.template_fields, "max_deleted")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"max_deleted": _count}

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Sequence[str | int] | Callable[[], Iterable[str | int]] | str | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        max_deleted: int | str | None = None,
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
        if "{{" not in str(max_deleted):
            _count("max_deleted", max_deleted)
        self.max_deleted = max_deleted
        self._given = given_among(self, ("max_deleted",))

    def check_total(self, total: int) -> None:
        check_still_given(self, self._given)
        allowed = _count("max_deleted", self.max_deleted)
        if allowed is None and total > UNLIMITED_UP_TO:
            raise InvalidInput(
                "max_deleted",
                f"is required to delete more than {UNLIMITED_UP_TO:,} leads, and {total:,} are given",
            )
        _check_total(allowed, total)

    def member_action(self) -> MemberAction:
        return self.hook.people.delete()


def _check_total(allowed: int | None, total: int) -> None:
    if allowed is not None and total > allowed:
        raise InvalidInput(
            "max_deleted", f"allows {allowed:,}; given: {counted(total, 'lead')}. Nothing was deleted"
        )


class GdprDeleteLeadsOperator(MemberOperator[LeadErasureOutcome]):
    """Delete people and their history for good, as an erasure request demands. It cannot be undone.

    HubSpot deletes a contact with its history, one call for each. Marketo has one deletion, which is for
    good; what other systems keep, such as a CRM that Marketo syncs with, must be deleted there too. People
    who are not on the platform are counted, and do not fail the task, so that it can be repeated.

    With ``tombstones_path`` the SHA-256 digests of the addresses are kept: those that were given, and all
    that the platform has of these people. They are written before the first request of a person, so that no
    kill loses one. The folder is what ``suppress`` of :class:`.SyncLeadsOperator` and
    :class:`.SyncListOperator` takes: the people are never written again.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param leads: contact record ids (HubSpot) or lead ids (Marketo), or email addresses, which are looked up:
        a list, JSON text of one, or a callable without arguments that returns any iterable. An address that
        several leads have is rejected with their ids.
    :param max_deleted: how many people may be deleted at most, after duplicates. With more, the task fails
        before anything is deleted.
    :param tombstones_path: a folder for the digests, on any object storage that Airflow supports; by default
        none are kept.
    :param leads_path: instead of ``leads``: a file on any object storage: CSV, JSON Lines or Parquet with a
        column of ids or addresses, text (``.txt``) with one on each line, or the rejects file of an operator
        like this one.
    :param leads_column: the column of the file; when not given, the first one of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email``, or the only one.
    :param max_rejected: how many rejected leads are accepted: a number, a share (0.05 or ``"5%"``), or None
        for any number. Above it the task fails without retry, after all other leads were deleted.
    :param rejects_path: a JSON Lines file for the leads that were rejected or are unknown; a file on this
        machine when not given. There is no file when there are none.
    :param max_concurrency: calls in flight at most; as many as the connection allows when not given.
    :param fail_fast: stop as soon as more leads are rejected than accepted. A share counts from the
        thousandth lead on.
    :returns: ``total``, ``duplicates``, ``deleted``, ``already_gone``, ``rejected``, ``unknown``,
        ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when more people are given than ``max_deleted``, more are rejected than
        accepted, or a result is unknown.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/gdpr-delete``; Marketo
    ``POST /rest/v1/leads/delete.json``.
    """

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"max_deleted": _count}
    template_fields: Sequence[str] = (*MemberOperator.template_fields, "max_deleted", "tombstones_path")

    def __init__(
        self,
        *,
        conn_id: str,
        max_deleted: int | str,
        leads: Sequence[str | int] | Callable[[], Iterable[str | int]] | str | None = None,
        tombstones_path: str | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
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
        self.max_deleted = max_deleted
        self.tombstones_path = tombstones_path

    def check_total(self, total: int) -> None:
        allowed = _count("max_deleted", self.max_deleted)
        if allowed is None:
            raise InvalidInput("max_deleted", "is missing or empty")
        _check_total(allowed, total)

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.member_emails import accept_emails

        people, path = self.hook.people, as_path("tombstones_path", self.tombstones_path)
        action = people.erase()
        if path is not None:
            action = _noted_first(action, people.addresses_of, path)
        action = _absent_is_gone(accept_emails(action, people.find_by_email))
        # Also the addresses of people whom the platform does not have.
        return action if path is None else _noted_first(action, _given_addresses, path)


def _absent_is_gone(action: MemberAction) -> MemberAction:
    """Return the action with an address that nobody has as deleted before, so that it can be repeated."""

    def apply(members: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        from airflow_provider_mkt.actions.members import MemberStatus

        results = yield from action.apply(members, task_state)
        return [
            replace(one, status=MemberStatus.ALREADY) if one.code == "NOT_FOUND" else one for one in results
        ]

    return replace(action, apply=apply)


def _given_addresses(members: Sequence[str]) -> Procedure[list[str]]:
    yield from ()
    return [member for member in members if "@" in member]


def _noted_first(
    action: MemberAction, addresses_of: Callable[[Sequence[str]], Procedure[list[str]]], path: str
) -> MemberAction:
    """Return the action with the digests of addresses written before it is applied."""

    def apply(members: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        from airflow_provider_mkt.operators._suppression import email_digest

        digests = sorted({email_digest(address) for address in (yield from addresses_of(members))})
        if digests:
            lines = "".join(f"{digest}\n" for digest in digests)
            # A repeated request has the same file.
            name = hashlib.sha256(lines.encode()).hexdigest()[:32]
            with whole_lines(f"{path.rstrip('/')}/{name}.txt") as file:
                file.write(lines.encode())
        return (yield from action.apply(members, task_state))

    return replace(action, apply=apply)

"""The operator that deletes leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators.outcomes import LeadDeletionOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from airflow_provider_mkt.actions.ports import MemberAction


class DeleteLeadsOperator(MemberOperator[LeadDeletionOutcome]):
    """Delete leads, on either platform. HubSpot keeps them in its recycle bin for 90 days, Marketo does not.

    A lead that does not exist is reported, and does not fail the task: after a lost answer it is unknown
    which leads the request deleted and which never existed.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param leads: contact record ids (HubSpot) or lead ids (Marketo): a list, JSON text of one, or a callable
        without arguments that returns any iterable.
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

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Sequence[str | int] | Callable[[], Iterable[str | int]] | str | None = None,
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

    def member_action(self) -> MemberAction:
        return self.hook.people.delete()

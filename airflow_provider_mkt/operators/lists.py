"""Operators that change the members of static lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import required_str
from airflow_provider_mkt.operators.outcomes import ListAdditionOutcome, ListRemovalOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._member_source import Leads


class AddToListOperator(MemberOperator[ListAdditionOutcome]):
    """Add leads to a static list, on either platform.

    Leads that are in the list stay in it, so a repeated request changes nothing.

    This is also the supported way to start automation with leads: a HubSpot workflow whose enrollment trigger
    is membership of the list enrolls them, a Marketo trigger campaign with the trigger "Added to List" runs
    them.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param leads: contact record ids (HubSpot) or lead ids (Marketo): a list, JSON text of a list, or a
        callable without arguments that returns an iterable. Either ``leads`` or ``leads_path`` is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one id per line.
    :param leads_column: the column of that file with the ids. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param list_id: the list: a contact list that is MANUAL or SNAPSHOT (HubSpot), or a static list (Marketo).
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file on the
        worker. No file is written when there are none. A later task can read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`ListAdditionOutcome`: ``total``, ``duplicates``, ``added``, ``already_in``,
        ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the list does not exist or is filled by its filters, more leads are
        rejected than allowed, or a result is unknown.

    Source: HubSpot ``PUT /crm/{version}/lists/{listId}/memberships/add``; Marketo
    ``POST /rest/v1/lists/{listId}/leads.json``.
    """

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "list_id",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        list_id: str | int,
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
        self.list_id = list_id

    def member_action(self) -> MemberAction:
        return self.hook.people.add_to_list(required_str("list_id", self.list_id))


class RemoveFromListOperator(MemberOperator[ListRemovalOutcome]):
    """Remove leads from a static list, on either platform.

    The leads themselves are kept. A repeated request changes nothing.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param leads: contact record ids (HubSpot) or lead ids (Marketo): a list, JSON text of a list, or a
        callable without arguments that returns an iterable. Either ``leads`` or ``leads_path`` is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one id per line.
    :param leads_column: the column of that file with the ids. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param list_id: the list: a contact list that is MANUAL or SNAPSHOT (HubSpot), or a static list (Marketo).
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file on the
        worker. No file is written when there are none. A later task can read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`ListRemovalOutcome`: ``total``, ``duplicates``, ``removed``, ``not_in``, ``rejected``,
        ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the list does not exist or is filled by its filters, more leads are
        rejected than allowed, or a result is unknown.

    Source: HubSpot ``PUT /crm/{version}/lists/{listId}/memberships/remove``; Marketo
    ``DELETE /rest/v1/lists/{listId}/leads.json``.
    """

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "list_id",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        list_id: str | int,
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
        self.list_id = list_id

    def member_action(self) -> MemberAction:
        return self.hook.people.remove_from_list(required_str("list_id", self.list_id))

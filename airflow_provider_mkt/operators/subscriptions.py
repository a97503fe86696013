"""Operators for subscriptions to types of HubSpot email."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import optional_str, required_str, to_bool
from airflow_provider_mkt.operators.outcomes import SubscriptionOutcome, UnsubscriptionOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.client.hubspot.subscriptions._legal_basis import LegalBasis
    from airflow_provider_mkt.operators._member_source import Leads
    from airflow_provider_mkt.operators._parse_checks import Arguments


class SubscribeOperator(MemberOperator[SubscriptionOutcome]):
    """Subscribe email addresses to a type of HubSpot email.

    Addresses that opted out of it are rejected (code ``OPTED_OUT``). A repeated request changes nothing.

    :param conn_id: a connection of type ``hubspot``.
    :param leads: email addresses: a list, JSON text of a list, or a callable without arguments that returns
        an iterable. Either ``leads`` or ``leads_path`` is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one address per
        line.
    :param leads_column: the column of that file with the addresses. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param subscription_id: the subscription type.
    :param legal_basis: the legal basis, such as ``CONSENT_WITH_NOTICE``. Required, with ``explanation``, in
        accounts with GDPR features.
    :param explanation: why that legal basis applies.
    :param resubscribe: also subscribe addresses that opted out, because they consented again.
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file below
        ``[mkt] results_path``, or on the worker. No file is written when there are none. A later task can
        read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`SubscriptionOutcome`: ``total``, ``duplicates``, ``subscribed``,
        ``already_subscribed``, ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the subscription type does not exist, more addresses are rejected than
        allowed, or a result is unknown.

    Source: ``POST /communication-preferences/{version}/statuses/{subscriberIdString}``.
    """

    targets = (
        *MemberOperator.targets,
        Target("subscriptions", "", "output"),
    )

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "subscription_id",
        "legal_basis",
        "explanation",
        "resubscribe",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        subscription_id: str | int,
        legal_basis: LegalBasis | str | None = None,
        explanation: str | None = None,
        resubscribe: bool | str = False,
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
        self.subscription_id = subscription_id
        self.legal_basis = legal_basis
        self.explanation = explanation
        self.resubscribe = resubscribe

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.hubspot import subscriptions as subscription_actions

        self.hook_on("hubspot")
        return subscription_actions.subscribe(
            required_str("subscription_id", self.subscription_id),
            legal_basis=cast("LegalBasis | None", optional_str("legal_basis", self.legal_basis)),
            explanation=optional_str("explanation", self.explanation),
            resubscribe=to_bool("resubscribe", self.resubscribe),
        )


class UnsubscribeOperator(MemberOperator[UnsubscriptionOutcome]):
    """Unsubscribe email addresses from a type of HubSpot email, or from all email.

    A repeated request changes nothing. On Marketo, the subscription is a field of the lead: use a
    :class:`.SyncLeadsOperator`.

    :param conn_id: a connection of type ``hubspot``.
    :param leads: email addresses: a list, JSON text of a list, or a callable without arguments that returns
        an iterable. Either ``leads`` or ``leads_path`` is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one address per
        line.
    :param leads_column: the column of that file with the addresses. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param subscription_id: the subscription type. Either ``subscription_id`` or ``from_all`` is required.
    :param from_all: unsubscribe from all email, which only the recipients themselves can reverse.
    :param legal_basis: the legal basis, with ``subscription_id`` only. Required, with ``explanation``, in
        accounts with GDPR features.
    :param explanation: why that legal basis applies.
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file below
        ``[mkt] results_path``, or on the worker. No file is written when there are none. A later task can
        read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`UnsubscriptionOutcome`: ``total``, ``duplicates``, ``unsubscribed``,
        ``already_unsubscribed``, ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the subscription type does not exist, more addresses are rejected than
        allowed, or a result is unknown.

    Source: ``POST /communication-preferences/{version}/statuses/{subscriberIdString}`` and
    ``POST /communication-preferences/{version}/statuses/{subscriberIdString}/unsubscribe-all``.
    """

    targets = (
        *MemberOperator.targets,
        Target("subscriptions", "", "output"),
    )

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "subscription_id",
        "from_all",
        "legal_basis",
        "explanation",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        subscription_id: str | int | None = None,
        from_all: bool | str = False,
        legal_basis: LegalBasis | str | None = None,
        explanation: str | None = None,
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
        self.subscription_id = subscription_id
        self.from_all = from_all
        self.legal_basis = legal_basis
        self.explanation = explanation

    def check_arguments(self, arguments: Arguments) -> None:
        super().check_arguments(arguments)
        if (
            arguments.known("from_all")
            and arguments.known("subscription_id")
            and to_bool("from_all", self.from_all) == arguments.given("subscription_id")
        ):
            raise InvalidInput("subscription_id", "give either subscription_id or from_all")

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.hubspot import subscriptions as subscription_actions

        self.hook_on("hubspot")
        subscription_id = optional_str("subscription_id", self.subscription_id)
        legal_basis = optional_str("legal_basis", self.legal_basis)
        if to_bool("from_all", self.from_all) == (subscription_id is not None):
            raise InvalidInput("subscription_id", "give either subscription_id or from_all")
        if subscription_id is not None:
            return subscription_actions.unsubscribe(
                subscription_id,
                legal_basis=cast("LegalBasis | None", legal_basis),
                explanation=optional_str("explanation", self.explanation),
            )
        if legal_basis is not None:
            raise InvalidInput("legal_basis", "is not allowed with from_all")
        return subscription_actions.unsubscribe_from_all()

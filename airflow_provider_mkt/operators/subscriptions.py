"""Operators for who gets which kind of HubSpot mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import optional_str, required_str, to_bool
from airflow_provider_mkt.operators._member_action import PeopleOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.client.hubspot.subscriptions._legal_basis import LegalBasis


class SubscribeOperator(PeopleOperator):
    """Subscribe people to a type of HubSpot mail. Someone who opted out of it is rejected.

    Doing it again changes nothing. Where people come from and what else is shared: see
    :class:`.PeopleOperator`.

    :param conn_id: a connection of type ``hubspot``.
    :param leads: mail addresses.
    :param subscription_id: the subscription type.
    :param legal_basis: such as ``CONSENT_WITH_NOTICE``; needed, with its explanation, where the account has
        GDPR features on.
    :param explanation: why that basis holds.
    :param resubscribe: also those who opted out (code ``OPTED_OUT``), because they consented anew.
    :returns: ``total``, ``duplicates``, ``subscribed``, ``already_subscribed``, ``rejected``, ``unknown``,
        ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when there is no such type, or more people were refused than allowed.

    Source: ``POST /communication-preferences/{version}/statuses/{subscriberIdString}``.
    """

    template_fields: Sequence[str] = (
        *PeopleOperator.people_fields,
        "subscription_id",
        "legal_basis",
        "explanation",
        "resubscribe",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        subscription_id: str | int,
        legal_basis: LegalBasis | str | None = None,
        explanation: str | None = None,
        resubscribe: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
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


class UnsubscribeOperator(PeopleOperator):
    """Unsubscribe people from a type of HubSpot mail, or from all of it.

    Doing it again changes nothing. On Marketo this is a field of the lead: use a ``SyncLeadsOperator``. Where
    people come from and what else is shared: see :class:`.PeopleOperator`.

    :param conn_id: a connection of type ``hubspot``.
    :param leads: mail addresses.
    :param subscription_id: the subscription type.
    :param from_all: instead of one type: from all mail, which only they themselves can take back.
    :param legal_basis: with a type: needed, with its explanation, where the account has GDPR features on.
    :param explanation: why that basis holds.
    :returns: ``total``, ``duplicates``, ``unsubscribed``, ``already_unsubscribed``, ``rejected``,
        ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when there is no such type, or more people were refused than allowed.

    Source: ``POST /communication-preferences/{version}/statuses/{subscriberIdString}`` and
    ``POST /communication-preferences/{version}/statuses/{subscriberIdString}/unsubscribe-all``.
    """

    template_fields: Sequence[str] = (
        *PeopleOperator.people_fields,
        "subscription_id",
        "from_all",
        "legal_basis",
        "explanation",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        subscription_id: str | int | None = None,
        from_all: bool | str = False,
        legal_basis: LegalBasis | str | None = None,
        explanation: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.subscription_id = subscription_id
        self.from_all = from_all
        self.legal_basis = legal_basis
        self.explanation = explanation

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.hubspot import subscriptions as subscription_actions

        self.hook_on("hubspot")
        subscription_id = optional_str("subscription_id", self.subscription_id)
        basis = optional_str("legal_basis", self.legal_basis)
        if to_bool("from_all", self.from_all) == (subscription_id is not None):
            raise InvalidInput("subscription_id", "give either subscription_id or from_all")
        if subscription_id is not None:
            return subscription_actions.unsubscribe(
                subscription_id,
                legal_basis=cast("LegalBasis | None", basis),
                explanation=optional_str("explanation", self.explanation),
            )
        if basis is not None:
            raise InvalidInput("legal_basis", "opting out of all mail takes none; leave it out")
        return subscription_actions.unsubscribe_from_all()

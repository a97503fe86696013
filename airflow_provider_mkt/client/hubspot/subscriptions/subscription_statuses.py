"""Subscription statuses of the v4 API: three states, and unsubscribing from all email.

A person is SUBSCRIBED, UNSUBSCRIBED (opted out, by themselves or by another user) or NOT_SPECIFIED. See
``subscription_batches`` for many people per call.
"""

from __future__ import annotations

from typing import cast

from airflow_provider_mkt.client.call import Call, Json, JsonBody, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.hubspot.parameters import EmailAddress
from airflow_provider_mkt.client.hubspot.subscriptions._legal_basis import LegalBasis, legal_fields
from airflow_provider_mkt.client.hubspot.subscriptions._statuses import (
    EMAIL,
    FAMILY,
    READ,
    WRITE,
    BusinessUnitId,
    channel_query,
    read_only_result,
    read_results,
)
from airflow_provider_mkt.client.hubspot.subscriptions._statuses import Definition as Definition
from airflow_provider_mkt.client.hubspot.subscriptions._statuses import Links as Links
from airflow_provider_mkt.client.hubspot.subscriptions._statuses import State as State
from airflow_provider_mkt.client.hubspot.subscriptions._statuses import Status as Status
from airflow_provider_mkt.client.hubspot.subscriptions._statuses import WideStatus as WideStatus
from airflow_provider_mkt.client.parameters import NumericId, Text, endpoint


@endpoint
def definitions(
    *, business_unit_id: BusinessUnitId | None = None, include_translations: bool | None = None
) -> Call[list[Definition]]:
    """Read every subscription type, optionally of one business unit.

    :param business_unit_id: id of the business unit.
    :param include_translations: also return translations.

    Source: ``GET /communication-preferences/{version}/definitions``.
    """
    return Call(
        "subscription_statuses.definitions",
        Route("GET", FAMILY, "/definitions"),
        lambda envelope: cast("list[Definition]", read_results(envelope)),
        Replay.SAFE,
        query=query_pairs(businessUnitId=business_unit_id, includeTranslations=include_translations),
        scopes=READ,
    )


@endpoint
def links(
    email: EmailAddress,
    *,
    subscription_id: NumericId | None = None,
    language: Text | None = None,
    business_unit_id: BusinessUnitId | None = None,
) -> Call[Links]:
    """Generate the links to one person's preference pages. Anyone with a link can change the preferences.

    :param email: the person's email address.
    :param subscription_id: also generate the link that unsubscribes from this subscription type.
    :param language: language of the pages.
    :param business_unit_id: id of the business unit; the account's own when not given.
    :raises InvalidInput: when *email* is not an email address, or the id is not a number.

    Source: ``POST /communication-preferences/{version}/links/generate``.
    """
    body: dict[str, Json] = {"subscriberIdString": email}
    if subscription_id is not None:
        body["subscriptionId"] = subscription_id
    if language is not None:
        body["language"] = language
    return Call(
        "subscription_statuses.links",
        Route("POST", FAMILY, "/links/generate"),
        lambda envelope: cast("Links", envelope),
        Replay.SAFE,
        query=channel_query(business_unit_id),
        body=JsonBody(body),
        scopes=("communication_preferences.read and .write, or communication_preferences.read_write",),
    )


@endpoint
def get(email: EmailAddress, *, business_unit_id: BusinessUnitId | None = None) -> Call[list[Status]]:
    """Read the status of one person for every subscription type.

    :param email: the person's email address.
    :param business_unit_id: only subscription types of this business unit.
    :raises InvalidInput: when *email* is not an email address.

    Source: ``GET /communication-preferences/{version}/statuses/{subscriberIdString}``.
    """
    return Call(
        "subscription_statuses.get",
        _person("GET", email),
        lambda envelope: cast("list[Status]", read_results(envelope)),
        Replay.SAFE,
        query=channel_query(business_unit_id),
        scopes=READ,
    )


@endpoint
def set_status(
    email: EmailAddress,
    subscription_id: NumericId,
    state: State,
    *,
    legal_basis: LegalBasis | None = None,
    explanation: str | None = None,
) -> Call[Status]:
    """Set the status of one person for one subscription type.

    This can undo an opt-out: make sure that you have consent.

    :param email: the person's email address.
    :param subscription_id: id of the subscription type.
    :param state: SUBSCRIBED, UNSUBSCRIBED or NOT_SPECIFIED.
    :param legal_basis: required, together with *explanation*, if the account has GDPR features on.
    :param explanation: why the legal basis applies.
    :returns: the new status; ``setStatusSuccessReason`` says whether it changed.
    :raises InvalidInput: when the address or the id is invalid, the state or the basis is unknown, or the
        explanation is missing.
    :raises InvalidRequest: when a legal basis is required and missing.

    Source: ``POST /communication-preferences/{version}/statuses/{subscriberIdString}``.
    """
    body: dict[str, Json] = {
        "channel": EMAIL,
        "statusState": state,
        "subscriptionId": subscription_id,
        **legal_fields(legal_basis, explanation),
    }
    return Call(
        "subscription_statuses.set_status",
        _person("POST", email),
        lambda envelope: cast("Status", read_only_result(envelope)),
        Replay.SAFE,
        body=JsonBody(body),
        scopes=WRITE,
    )


@endpoint
def get_unsubscribed_from_all(
    email: EmailAddress, *, business_unit_id: BusinessUnitId | None = None, verbose: bool = False
) -> Call[list[WideStatus]]:
    """Read whether one person unsubscribed from all email.

    :param email: the person's email address.
    :param business_unit_id: id of the business unit.
    :param verbose: request the verbose response.
    :raises InvalidInput: when *email* is not an email address.

    Source: ``GET /communication-preferences/{version}/statuses/{subscriberIdString}/unsubscribe-all``.
    """
    return Call(
        "subscription_statuses.get_unsubscribed_from_all",
        _person("GET", email, "/unsubscribe-all"),
        lambda envelope: cast("list[WideStatus]", read_results(envelope)),
        Replay.SAFE,
        query=channel_query(business_unit_id, verbose=verbose),
        scopes=READ,
    )


@endpoint
def unsubscribe_from_all(
    email: EmailAddress, *, business_unit_id: BusinessUnitId | None = None, verbose: bool = False
) -> Call[list[Status]]:
    """Unsubscribe one person from all email. Only they themselves can undo it.

    :param email: the person's email address.
    :param business_unit_id: unsubscribe from this business unit only.
    :param verbose: return the changed statuses.
    :raises InvalidInput: when *email* is not an email address.

    Source: ``POST /communication-preferences/{version}/statuses/{subscriberIdString}/unsubscribe-all``.
    """
    return Call(
        "subscription_statuses.unsubscribe_from_all",
        _person("POST", email, "/unsubscribe-all"),
        lambda envelope: cast("list[Status]", read_results(envelope)),
        Replay.SAFE,
        query=channel_query(business_unit_id, verbose=verbose),
        scopes=WRITE,
    )


def _person(method: str, email: EmailAddress, tail: str = "") -> Route:
    params = path_params(subscriberIdString=email)
    return Route(method, FAMILY, f"/statuses/{{subscriberIdString}}{tail}", params)

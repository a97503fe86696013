"""Subscription types, and the subscriptions of one person.

Version 2026-03 has only the newer API, which sets a status. There the calls use it, and return the same
result. ``subscription_statuses`` has what only the newer API offers: three states, and unsubscribing from all
email.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Replay, Route, path_params
from airflow_provider_mkt.client.hubspot.parameters import EmailAddress
from airflow_provider_mkt.client.hubspot.subscriptions._legal_basis import LegalBasis, legal_fields
from airflow_provider_mkt.client.hubspot.subscriptions._statuses import (
    EMAIL,
    Definition,
    read_only_result,
    read_results,
)
from airflow_provider_mkt.client.parameters import NumericId, endpoint

MARCH = "2026-03"
_READ = ("communication_preferences.read or communication_preferences.read_write",)
_WRITE = ("communication_preferences.write or communication_preferences.read_write",)


class Subscription(TypedDict):
    """The subscription of one person to one type.

    Version 2026-03 returns no description, and its ``source`` differs from ``sourceOfStatus``.
    """

    id: str
    name: str
    status: Literal["SUBSCRIBED", "NOT_SUBSCRIBED"]
    brandId: NotRequired[int]
    description: NotRequired[str]
    legalBasis: NotRequired[str]
    legalBasisExplanation: NotRequired[str]
    preferenceGroupName: NotRequired[str]
    sourceOfStatus: NotRequired[str]


@endpoint
def definitions() -> Call[list[Definition]]:
    """Read the account's subscription types.

    :returns: all types, in one page.

    Source: ``GET /communication-preferences/{version}/definitions``.
    """
    return Call(
        "subscriptions.definitions",
        Route("GET", "subscriptions", "/definitions"),
        _definitions,
        Replay.SAFE,
        scopes=_READ,
    )


@endpoint
def statuses(email: EmailAddress) -> Call[list[Subscription]]:
    """Read the subscriptions of one person, one row per type.

    :param email: the person's email address.
    :raises InvalidInput: when *email* is not an email address.

    Source: ``GET /communication-preferences/{version}/status/email/{emailAddress}``.
    """
    newer = Call(
        "subscriptions.statuses",
        Route("GET", "subscriptions", "/statuses/{email}", path_params(email=email)),
        _statuses,
        query=(("channel", EMAIL),),
    )
    return Call(
        "subscriptions.statuses",
        Route("GET", "subscriptions", "/status/email/{email}", path_params(email=email)),
        _statuses,
        Replay.SAFE,
        scopes=_READ,
        shapes={MARCH: newer},
    )


@endpoint
def subscribe(
    email: EmailAddress,
    subscription_id: NumericId,
    *,
    legal_basis: LegalBasis | None = None,
    explanation: str | None = None,
) -> Call[Subscription]:
    """Subscribe one person to one subscription type.

    For a person who opted out, versions v3 and 2026-09 reject the call, and 2026-03 subscribes them again.
    Read ``subscription_statuses.get`` first: UNSUBSCRIBED is an opt-out. Do not subscribe such a person
    without a new consent.

    :param email: the person's email address.
    :param subscription_id: id of the subscription type.
    :param legal_basis: required, together with *explanation*, if the account has GDPR features on.
    :param explanation: why the legal basis applies.
    :raises InvalidInput: when the address or the id is invalid, the basis is unknown, or the explanation is
        missing.
    :raises InvalidRequest: when a legal basis is required and missing, or (not in 2026-03) after an opt-out.
    :raises NotFound: when the subscription type does not exist.

    Source: ``POST /communication-preferences/{version}/subscribe``.
    """
    return _write(
        "subscriptions.subscribe",
        "/subscribe",
        "SUBSCRIBED",
        email,
        subscription_id,
        legal_basis,
        explanation,
    )


@endpoint
def unsubscribe(
    email: EmailAddress,
    subscription_id: NumericId,
    *,
    legal_basis: LegalBasis | None = None,
    explanation: str | None = None,
) -> Call[Subscription]:
    """Unsubscribe one person from one subscription type. Not every profile can undo it.

    :param email: the person's email address.
    :param subscription_id: id of the subscription type.
    :param legal_basis: required, together with *explanation*, if the account has GDPR features on.
    :param explanation: why the legal basis applies.
    :raises InvalidInput: when the address or the id is invalid, the basis is unknown, or the explanation is
        missing.
    :raises InvalidRequest: when a legal basis is required and missing.
    :raises NotFound: when the subscription type does not exist.

    Source: ``POST /communication-preferences/{version}/unsubscribe``.
    """
    return _write(
        "subscriptions.unsubscribe",
        "/unsubscribe",
        "UNSUBSCRIBED",
        email,
        subscription_id,
        legal_basis,
        explanation,
    )


@endpoint
def resubscribe(
    email: EmailAddress,
    subscription_id: NumericId,
    *,
    legal_basis: LegalBasis | None = None,
    explanation: str | None = None,
) -> Call[Subscription]:
    """Subscribe one person who opted out of one subscription type, after a new consent.

    Only version 2026-09 has a call of its own. HubSpot documents neither its scope nor its rules; those of
    :func:`subscribe` are assumed. In the other versions the status is set, which undoes an opt-out too.

    :param email: the person's email address.
    :param subscription_id: id of the subscription type.
    :param legal_basis: required, together with *explanation*, if the account has GDPR features on.
    :param explanation: why the legal basis applies.
    :raises InvalidInput: when the address or the id is invalid, the basis is unknown, or the explanation is
        missing.
    :raises InvalidRequest: when a legal basis is required and missing.
    :raises NotFound: when the subscription type does not exist.

    Source: ``POST /communication-preferences/{version}/resubscribe``.
    """
    call = _write(
        "subscriptions.resubscribe",
        "/resubscribe",
        "SUBSCRIBED",
        email,
        subscription_id,
        legal_basis,
        explanation,
    )
    newer = call.shapes[MARCH]
    undated = replace(newer, route=replace(newer.route, family="subscription_statuses"))
    return replace(call, shapes={MARCH: newer, "v3": undated})


def _write(
    name: str,
    tail: str,
    state: str,
    email: EmailAddress,
    subscription_id: NumericId,
    legal_basis: LegalBasis | None,
    explanation: str | None,
) -> Call[Subscription]:
    legal = legal_fields(legal_basis, explanation)
    newer = Call(
        name,
        Route("POST", "subscriptions", "/statuses/{email}", path_params(email=email)),
        _read_subscription,
        body=JsonBody({"channel": EMAIL, "statusState": state, "subscriptionId": subscription_id, **legal}),
    )
    return Call(
        name,
        Route("POST", "subscriptions", tail),
        _read_subscription,
        Replay.SAFE,
        body=JsonBody({"emailAddress": email, "subscriptionId": str(subscription_id), **legal}),
        scopes=_WRITE,
        shapes={MARCH: newer},
    )


def _definitions(envelope: Envelope) -> list[Definition]:
    if "subscriptionDefinitions" in envelope:
        return cast("list[Definition]", envelope["subscriptionDefinitions"])
    return cast("list[Definition]", read_results(envelope))


def _statuses(envelope: Envelope) -> list[Subscription]:
    if "subscriptionStatuses" in envelope:
        return cast("list[Subscription]", envelope["subscriptionStatuses"])
    return [_as_undated(status) for status in read_results(envelope)]


def _read_subscription(envelope: Envelope) -> Subscription:
    if "results" not in envelope:
        # The response of a write always contains the id of the type.
        return cast("Subscription", {**envelope, "id": envelope["id"]})
    return _as_undated(read_only_result(envelope))


def _as_undated(status: dict[str, Json]) -> Subscription:
    subscription: dict[str, Json] = {
        "id": str(status["subscriptionId"]),
        "name": status.get("subscriptionName", ""),
        # The undated API does not distinguish NOT_SPECIFIED from UNSUBSCRIBED.
        "status": "SUBSCRIBED" if status["status"] == "SUBSCRIBED" else "NOT_SUBSCRIBED",
    }
    for dated_name, name in (
        ("businessUnitId", "brandId"),
        ("legalBasis", "legalBasis"),
        ("legalBasisExplanation", "legalBasisExplanation"),
    ):
        if status.get(dated_name) is not None:
            subscription[name] = status[dated_name]
    return cast("Subscription", subscription)

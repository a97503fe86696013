"""Who wants which kind of mail: subscription types, and one person's subscriptions.

These calls ask the undated API in its own words in one profile and the dated one in the other, and read
the same out of both. What only the newer API knows (three states, many people at once, opting out of
everything) is in ``subscription_statuses``.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Replay, Route, numeric_id, path_params
from airflow_provider_mkt.client.hubspot.mailbox import address
from airflow_provider_mkt.client.hubspot.subscriptions._legal_basis import LegalBasis, legal_fields
from airflow_provider_mkt.client.hubspot.subscriptions.subscription_statuses import (
    EMAIL,
    Definition,
    answered,
    row,
)

DATED = "2026-03"
_READ = ("communication_preferences.read or communication_preferences.read_write",)
_WRITE = ("communication_preferences.write or communication_preferences.read_write",)


class Subscription(TypedDict):
    """One person's subscription to one type.

    The dated API sends no description, and its ``source`` is other text than ``sourceOfStatus``.
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


def definitions() -> Call[list[Definition]]:
    """Read every subscription type of the account.

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


def statuses(email: str) -> Call[list[Subscription]]:
    """Read one person's subscriptions, one row for each type.

    :param email: their address.
    :raises InvalidInput: when it is no address.

    Source: ``GET /communication-preferences/{version}/status/email/{emailAddress}``.
    """
    name = "subscriptions.statuses"
    given = address(name, "email", email)
    dated = Call(
        name,
        Route("GET", "subscriptions", "/statuses/{email}", path_params(name, email=given)),
        _statuses,
        query=(("channel", EMAIL),),
    )
    return Call(
        name,
        Route("GET", "subscriptions", "/status/email/{email}", path_params(name, email=given)),
        _statuses,
        Replay.SAFE,
        scopes=_READ,
        shapes={DATED: dated},
    )


def subscribe(
    email: str,
    subscription_id: int | str,
    *,
    legal_basis: LegalBasis | None = None,
    explanation: str | None = None,
) -> Call[Subscription]:
    """Subscribe one person to one type of mail.

    Somebody who opted out is another matter: the undated API refuses to subscribe them again, the dated
    one does it. Read ``subscription_statuses.get`` first, whose UNSUBSCRIBED tells an opt-out from
    never having been asked, and leave it at that without a new consent.

    :param email: their address.
    :param subscription_id: the type.
    :param legal_basis: needed, together with its explanation, where the account has GDPR features on.
    :param explanation: why that basis holds.
    :raises InvalidInput: on a bad address or id, an unknown basis, or a basis without explanation.
    :raises InvalidRequest: without a legal basis where one is needed, or (undated) after an opt-out.
    :raises NotFound: when there is no such type.

    Source: ``POST /communication-preferences/{version}/subscribe``.
    """
    name = "subscriptions.subscribe"
    return _write(name, "/subscribe", "SUBSCRIBED", email, subscription_id, legal_basis, explanation)


def unsubscribe(
    email: str,
    subscription_id: int | str,
    *,
    legal_basis: LegalBasis | None = None,
    explanation: str | None = None,
) -> Call[Subscription]:
    """Unsubscribe one person from one type of mail. It cannot be taken back in every profile.

    :param email: their address.
    :param subscription_id: the type.
    :param legal_basis: needed, together with its explanation, where the account has GDPR features on.
    :param explanation: why that basis holds.
    :raises InvalidInput: on a bad address or id, an unknown basis, or a basis without explanation.
    :raises InvalidRequest: without a legal basis where one is needed.
    :raises NotFound: when there is no such type.

    Source: ``POST /communication-preferences/{version}/unsubscribe``.
    """
    name = "subscriptions.unsubscribe"
    return _write(name, "/unsubscribe", "UNSUBSCRIBED", email, subscription_id, legal_basis, explanation)


def _write(
    name: str,
    tail: str,
    state: str,
    email: str,
    subscription_id: int | str,
    legal_basis: LegalBasis | None,
    explanation: str | None,
) -> Call[Subscription]:
    given = address(name, "email", email)
    type_id = numeric_id(name, "subscription_id", subscription_id)
    legal = legal_fields(name, legal_basis, explanation)
    dated = Call(
        name,
        Route("POST", "subscriptions", "/statuses/{email}", path_params(name, email=given)),
        _one,
        body=JsonBody({"channel": EMAIL, "statusState": state, "subscriptionId": type_id, **legal}),
    )
    return Call(
        name,
        Route("POST", "subscriptions", tail),
        _one,
        Replay.SAFE,
        body=JsonBody({"emailAddress": given, "subscriptionId": str(type_id), **legal}),
        scopes=_WRITE,
        shapes={DATED: dated},
    )


def _definitions(envelope: Envelope) -> list[Definition]:
    if "subscriptionDefinitions" in envelope:
        return cast("list[Definition]", envelope["subscriptionDefinitions"])
    return cast("list[Definition]", answered(envelope))


def _statuses(envelope: Envelope) -> list[Subscription]:
    if "subscriptionStatuses" in envelope:
        return cast("list[Subscription]", envelope["subscriptionStatuses"])
    return [_as_undated(one) for one in answered(envelope)]


def _one(envelope: Envelope) -> Subscription:
    if "results" not in envelope:
        # An answer that names no type is none of a write.
        return cast("Subscription", {**envelope, "id": envelope["id"]})
    return _as_undated(row(envelope))


def _as_undated(status: dict[str, Any]) -> Subscription:
    subscription: dict[str, Any] = {
        "id": str(status["subscriptionId"]),
        "name": status.get("subscriptionName", ""),
        # The undated API has no word for people who were never asked.
        "status": "SUBSCRIBED" if status["status"] == "SUBSCRIBED" else "NOT_SUBSCRIBED",
    }
    for theirs, ours in (
        ("businessUnitId", "brandId"),
        ("legalBasis", "legalBasis"),
        ("legalBasisExplanation", "legalBasisExplanation"),
    ):
        if status.get(theirs) is not None:
            subscription[ours] = status[theirs]
    return cast("Subscription", subscription)

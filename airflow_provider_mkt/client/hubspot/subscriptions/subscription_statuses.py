"""Subscription statuses of the newer API: three states, and opting out of everything.

A person can be SUBSCRIBED, UNSUBSCRIBED (they or somebody for them opted out) or NOT_SPECIFIED.
For many people at once see ``subscription_batches``.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict, cast, get_args

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    JsonBody,
    Pairs,
    Replay,
    Route,
    flag,
    numeric_id,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.client.hubspot.mailbox import address
from airflow_provider_mkt.client.hubspot.parameters import rank, text
from airflow_provider_mkt.client.hubspot.subscriptions._legal_basis import LegalBasis, legal_fields
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.transport.platform import errors_of

EMAIL = "EMAIL"
"""The one channel there is."""
State = Literal["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"]
STATES = get_args(State)
FAMILY = "subscription_statuses"
READ = ("communication_preferences.read or communication_preferences.read_write",)
WRITE = ("communication_preferences.write or communication_preferences.read_write",)


class Translation(TypedDict):
    subscriptionId: int
    languageCode: str
    name: str
    description: str
    createdAt: int
    updatedAt: int


class Definition(TypedDict):
    """A type of mail that people can subscribe to."""

    id: str
    name: str
    description: str
    isActive: bool
    isDefault: bool
    isInternal: bool
    createdAt: str
    updatedAt: str
    purpose: NotRequired[str]
    communicationMethod: NotRequired[str]
    businessUnitId: NotRequired[int]
    subscriptionTranslations: NotRequired[list[Translation]]


class Status(TypedDict):
    """One person's state for one type."""

    subscriberIdString: str
    subscriptionId: int
    channel: str
    status: State
    source: str
    timestamp: str
    subscriptionName: NotRequired[str]
    businessUnitId: NotRequired[int]
    legalBasis: NotRequired[str]
    legalBasisExplanation: NotRequired[str]
    setStatusSuccessReason: NotRequired[str]


class WideStatus(TypedDict):
    """Whether one person opted out of everything, of the account or of one business unit."""

    subscriberIdString: str
    channel: str
    status: State
    wideStatusType: Literal["PORTAL_WIDE", "BUSINESS_UNIT_WIDE"]
    timestamp: str
    businessUnitId: NotRequired[int]


class Links(TypedDict):
    """Pages on which one person sets their own preferences."""

    subscriberIdString: str
    managePreferencesUrl: str
    unsubscribeAllUrl: str
    unsubscribeSingleUrl: NotRequired[str]


def definitions(
    *, business_unit_id: int | None = None, include_translations: bool | None = None
) -> Call[list[Definition]]:
    """Read every subscription type, of one business unit if given.

    :param business_unit_id: the business unit.
    :param include_translations: also read the names in other languages.

    Source: ``GET /communication-preferences/{version}/definitions``.
    """
    name = "subscription_statuses.definitions"
    return Call(
        name,
        Route("GET", FAMILY, "/definitions"),
        lambda envelope: cast("list[Definition]", answered(envelope)),
        Replay.SAFE,
        query=query_pairs(
            businessUnitId=business_unit(name, business_unit_id),
            includeTranslations=flag(name, "include_translations", include_translations),
        ),
        scopes=READ,
    )


def links(
    email: str,
    *,
    subscription_id: int | str | None = None,
    language: str | None = None,
    business_unit_id: int | None = None,
) -> Call[Links]:
    """Make the links to one person's preference pages. Whoever has them can change the preferences.

    :param email: their address.
    :param subscription_id: also make the link that unsubscribes from this type alone.
    :param language: language of the pages.
    :param business_unit_id: the business unit; the account's own when not given.
    :raises InvalidInput: when it is no address, or the id no number.

    Source: ``POST /communication-preferences/{version}/links/generate``.
    """
    name = "subscription_statuses.links"
    body: dict[str, Any] = {"subscriberIdString": address(name, "email", email)}
    if subscription_id is not None:
        body["subscriptionId"] = numeric_id(name, "subscription_id", subscription_id)
    if language is not None:
        body["language"] = text(name, "language", language)
    return Call(
        name,
        Route("POST", FAMILY, "/links/generate"),
        lambda envelope: cast("Links", envelope),
        Replay.SAFE,
        query=in_channel(name, business_unit_id),
        body=JsonBody(body),
        scopes=("communication_preferences.read and .write, or communication_preferences.read_write",),
    )


def get(email: str, *, business_unit_id: int | None = None) -> Call[list[Status]]:
    """Read one person's state for every type.

    :param email: their address.
    :param business_unit_id: only the types of this business unit.
    :raises InvalidInput: when it is no address.

    Source: ``GET /communication-preferences/{version}/statuses/{subscriberIdString}``.
    """
    name = "subscription_statuses.get"
    return Call(
        name,
        _person(name, "GET", email),
        lambda envelope: cast("list[Status]", answered(envelope)),
        Replay.SAFE,
        query=in_channel(name, business_unit_id),
        scopes=READ,
    )


def set_status(
    email: str,
    subscription_id: int | str,
    state: State,
    *,
    legal_basis: LegalBasis | None = None,
    explanation: str | None = None,
) -> Call[Status]:
    """Set one person's state for one type. Undoes an opt-out where it is told to: mind the consent.

    :param email: their address.
    :param subscription_id: the type.
    :param state: SUBSCRIBED, UNSUBSCRIBED or NOT_SPECIFIED.
    :param legal_basis: needed, together with its explanation, where the account has GDPR features on.
    :param explanation: why that basis holds.
    :returns: the new state; ``setStatusSuccessReason`` tells a change from none.
    :raises InvalidInput: on a bad address or id, an unknown word, or a basis without explanation.
    :raises InvalidRequest: without a legal basis where one is needed.

    Source: ``POST /communication-preferences/{version}/statuses/{subscriberIdString}``.
    """
    name = "subscription_statuses.set_status"
    body: dict[str, Any] = {
        "channel": EMAIL,
        "statusState": known_state(name, "state", state),
        "subscriptionId": numeric_id(name, "subscription_id", subscription_id),
        **legal_fields(name, legal_basis, explanation),
    }
    return Call(
        name,
        _person(name, "POST", email),
        lambda envelope: cast("Status", row(envelope)),
        Replay.SAFE,
        body=JsonBody(body),
        scopes=WRITE,
    )


def get_unsubscribed_from_all(
    email: str, *, business_unit_id: int | None = None, verbose: bool = False
) -> Call[list[WideStatus]]:
    """Read whether one person opted out of everything.

    :param email: their address.
    :param business_unit_id: of this business unit.
    :param verbose: ask for the long form of the answer.
    :raises InvalidInput: when it is no address.

    Source: ``GET /communication-preferences/{version}/statuses/{subscriberIdString}/unsubscribe-all``.
    """
    name = "subscription_statuses.get_unsubscribed_from_all"
    return Call(
        name,
        _person(name, "GET", email, "/unsubscribe-all"),
        lambda envelope: cast("list[WideStatus]", answered(envelope)),
        Replay.SAFE,
        query=in_channel(name, business_unit_id, verbose=verbose),
        scopes=READ,
    )


def unsubscribe_from_all(
    email: str, *, business_unit_id: int | None = None, verbose: bool = False
) -> Call[list[Status]]:
    """Opt one person out of everything. Only they themselves can take it back.

    :param email: their address.
    :param business_unit_id: of this business unit alone.
    :param verbose: answer with the states it changed.
    :raises InvalidInput: when it is no address.

    Source: ``POST /communication-preferences/{version}/statuses/{subscriberIdString}/unsubscribe-all``.
    """
    name = "subscription_statuses.unsubscribe_from_all"
    return Call(
        name,
        _person(name, "POST", email, "/unsubscribe-all"),
        lambda envelope: cast("list[Status]", answered(envelope)),
        Replay.SAFE,
        query=in_channel(name, business_unit_id, verbose=verbose),
        scopes=WRITE,
    )


def in_channel(call: str, business_unit_id: int | None, *, verbose: bool = False) -> Pairs:
    """The query that every call on people takes."""
    return query_pairs(
        channel=EMAIL,
        businessUnitId=business_unit(call, business_unit_id),
        verbose=flag(call, "verbose", verbose) or None,
    )


def business_unit(call: str, business_unit_id: int | None) -> int | None:
    """The brand, of which 0 is the account's own."""
    return None if business_unit_id is None else rank(call, "business_unit_id", business_unit_id)


def known_state(call: str, field: str, state: str) -> str:
    """Check a state.

    :raises InvalidInput: when it is none.
    """
    if state not in STATES:
        raise InvalidInput(
            field, f"must be one of {', '.join(STATES)}, not {describe_type(state)}", call=call
        )
    return state


def answered(envelope: Envelope) -> list[dict[str, Any]]:
    """The results of an action on one person.

    :raises InvalidRequest: when it tells of a failure, which it does with a 200.
    :raises ValueError: when it is not complete.
    """
    if failures := errors_of(envelope):
        raise InvalidRequest(
            "; ".join(str(failure.get("message", "refused")) for failure in failures[:3]),
            platform="hubspot",
            code=str(failures[0].get("category", "")),
        )
    if envelope.get("status") != "COMPLETE" or envelope.get("numErrors"):
        msg = "the action is not complete"
        raise ValueError(msg)
    return cast("list[dict[str, Any]]", envelope["results"])


def row(envelope: Envelope) -> dict[str, Any]:
    """The one result of an action.

    :raises ValueError: when there is another number of them.
    """
    (only,) = answered(envelope)
    return only


def _person(name: str, method: str, email: str, tail: str = "") -> Route:
    params = path_params(name, subscriberIdString=address(name, "email", email))
    return Route(method, FAMILY, f"/statuses/{{subscriberIdString}}{tail}", params)

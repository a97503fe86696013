"""Subscription statuses of the v4 API: three states, and unsubscribing from all email.

A person is SUBSCRIBED, UNSUBSCRIBED (opted out, by themselves or by another user) or NOT_SPECIFIED. See
``subscription_batches`` for many people per call.
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
"""The only channel."""
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
    """A subscription type."""

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
    """The status of one person for one subscription type."""

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
    """Read every subscription type, optionally of one business unit.

    :param business_unit_id: id of the business unit.
    :param include_translations: also return translations.

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
    """Generate the links to one person's preference pages. Anyone with a link can change the preferences.

    :param email: the person's email address.
    :param subscription_id: also generate the link that unsubscribes from this subscription type.
    :param language: language of the pages.
    :param business_unit_id: id of the business unit; the account's own when not given.
    :raises InvalidInput: when *email* is not an email address, or the id is not a number.

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
    """Read the status of one person for every subscription type.

    :param email: the person's email address.
    :param business_unit_id: only subscription types of this business unit.
    :raises InvalidInput: when *email* is not an email address.

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
    """Read whether one person unsubscribed from all email.

    :param email: the person's email address.
    :param business_unit_id: id of the business unit.
    :param verbose: request the verbose response.
    :raises InvalidInput: when *email* is not an email address.

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
    """Unsubscribe one person from all email. Only they themselves can undo it.

    :param email: the person's email address.
    :param business_unit_id: unsubscribe from this business unit only.
    :param verbose: return the changed statuses.
    :raises InvalidInput: when *email* is not an email address.

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
    """Return the query parameters that the calls about people share."""
    return query_pairs(
        channel=EMAIL,
        businessUnitId=business_unit(call, business_unit_id),
        verbose=flag(call, "verbose", verbose) or None,
    )


def business_unit(call: str, business_unit_id: int | None) -> int | None:
    """Check the id of a business unit; 0 is the account's own."""
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
    """Read the results of an action on one person.

    :raises InvalidRequest: when the response, which has status 200, contains errors.
    :raises ValueError: when the action is not complete.
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
    """Read the only result of an action.

    :raises ValueError: when there is not exactly one result.
    """
    (only,) = answered(envelope)
    return only


def _person(name: str, method: str, email: str, tail: str = "") -> Route:
    params = path_params(name, subscriberIdString=address(name, "email", email))
    return Route(method, FAMILY, f"/statuses/{{subscriberIdString}}{tail}", params)

"""Types, constants and readers that the subscription calls share."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict, cast, get_args

from airflow_provider_mkt.client.call import Envelope, Pairs, query_pairs
from airflow_provider_mkt.client.errors import InvalidRequest
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.parameters import between
from airflow_provider_mkt.client.transport.platform import errors_of

EMAIL = "EMAIL"
"""The only channel."""
State = Literal["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"]
STATES = get_args(State)
BusinessUnitId = Annotated[int, between(0, 2**31 - 1)]
"""The id of a business unit; 0 is the account's own."""
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


def channel_query(business_unit_id: int | None, *, verbose: bool = False) -> Pairs:
    """Return the query parameters that the calls about people share."""
    return query_pairs(channel=EMAIL, businessUnitId=business_unit_id, verbose=verbose or None)


def read_results(envelope: Envelope) -> list[JsonDict]:
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
    return cast("list[JsonDict]", envelope["results"])


def read_only_result(envelope: Envelope) -> JsonDict:
    """Read the only result of an action on one person.

    :raises ValueError: when there is not exactly one result.
    """
    (result,) = read_results(envelope)
    return result

"""Subscription statuses of up to 100 people per call. Needs an Enterprise product.

People for whom a call failed are in ``errors``, with a 200 as well as with a 207.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, NotRequired, TypedDict, TypeVar, cast

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Replay, Route
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import NOT_IN_ANSWER
from airflow_provider_mkt.client.hubspot.mailbox import email_address
from airflow_provider_mkt.client.hubspot.parameters import EmailAddress
from airflow_provider_mkt.client.hubspot.subscriptions._legal_basis import legal_fields
from airflow_provider_mkt.client.hubspot.subscriptions._statuses import (
    EMAIL,
    FAMILY,
    STATES,
    BusinessUnitId,
    Status,
    WideStatus,
    channel_query,
)
from airflow_provider_mkt.client.parameters import endpoint, items, known_value, mapping, to_id
from airflow_provider_mkt.client.transport.platform import errors_of

BATCH_MAX = 100
"""HubSpot documents no limit; its other batches accept this many."""
_READ = ("communication_preferences.statuses.batch.read",)
_WRITE = ("communication_preferences.statuses.batch.write",)
_CHANGE_FIELDS = frozenset(("email", "subscription_id", "state", "legal_basis", "explanation"))

Emails = Annotated[Sequence[EmailAddress], items(BATCH_MAX)]

R = TypeVar("R")


class PersonStatuses(TypedDict):
    subscriberIdString: str
    statuses: list[Status]


class PersonWideStatuses(TypedDict):
    subscriberIdString: str
    wideStatuses: list[WideStatus]


class Failure(TypedDict):
    """A failure, and the people that it affects."""

    category: str
    message: str
    context: NotRequired[dict[str, list[str]]]


class People(TypedDict, Generic[R]):
    """A batch response: the results in any order (match them by ``subscriberIdString``), and the failures."""

    status: str
    results: list[R]
    errors: list[Failure]


@endpoint
def read(emails: Emails, *, business_unit_id: BusinessUnitId | None = None) -> Call[People[PersonStatuses]]:
    """Read the subscription statuses of up to 100 people.

    :param emails: 1-100 email addresses.
    :param business_unit_id: only subscription types of this business unit.
    :raises InvalidInput: on an empty or too large batch, or a value that is not an email address.

    Source: ``POST /communication-preferences/{version}/statuses/batch/read``.
    """
    return Call(
        "subscription_batches.read",
        Route("POST", FAMILY, "/statuses/batch/read"),
        _complete_for(emails),
        Replay.SAFE,
        query=channel_query(business_unit_id),
        body=JsonBody({"inputs": [*emails]}),
        scopes=_READ,
    )


@endpoint
def write(changes: Annotated[Sequence[Mapping[str, object]], items(BATCH_MAX)]) -> Call[People[Status]]:
    """Set up to 100 subscription statuses. This can undo an opt-out: make sure that you have consent.

    :param changes: 1-100 mappings of ``email``, ``subscription_id`` and ``state``, with ``legal_basis`` and
        ``explanation`` if the account has GDPR features on.
    :raises InvalidInput: on an empty or too large batch, or an invalid change, naming it.

    Source: ``POST /communication-preferences/{version}/statuses/batch/write``.
    """
    inputs = [_status_change(f"changes[{index}]", change) for index, change in enumerate(changes)]
    return Call(
        "subscription_batches.write",
        Route("POST", FAMILY, "/statuses/batch/write"),
        _complete_for([str(one["subscriberIdString"]) for one in inputs]),
        Replay.SAFE,
        body=JsonBody({"inputs": inputs}),
        scopes=_WRITE,
    )


@endpoint
def read_unsubscribed_from_all(
    emails: Emails, *, business_unit_id: BusinessUnitId | None = None
) -> Call[People[PersonWideStatuses]]:
    """Read which of up to 100 people unsubscribed from all email.

    :param emails: 1-100 email addresses.
    :param business_unit_id: id of the business unit.
    :raises InvalidInput: on an empty or too large batch, or a value that is not an email address.

    Source: ``POST /communication-preferences/{version}/statuses/batch/unsubscribe-all/read``.
    """
    return Call(
        "subscription_batches.read_unsubscribed_from_all",
        Route("POST", FAMILY, "/statuses/batch/unsubscribe-all/read"),
        _complete_for(emails),
        Replay.SAFE,
        query=channel_query(business_unit_id),
        body=JsonBody({"inputs": [*emails]}),
        scopes=_READ,
    )


@endpoint
def unsubscribe_from_all(
    emails: Emails, *, business_unit_id: BusinessUnitId | None = None, verbose: bool = False
) -> Call[People[PersonStatuses]]:
    """Unsubscribe up to 100 people from all email. Only they themselves can undo it.

    :param emails: 1-100 email addresses.
    :param business_unit_id: unsubscribe from this business unit only.
    :param verbose: return the changed statuses.
    :raises InvalidInput: on an empty or too large batch, or a value that is not an email address.

    Source: ``POST /communication-preferences/{version}/statuses/batch/unsubscribe-all``.
    """
    return Call(
        "subscription_batches.unsubscribe_from_all",
        Route("POST", FAMILY, "/statuses/batch/unsubscribe-all"),
        _complete,
        Replay.SAFE,
        query=channel_query(business_unit_id, verbose=verbose),
        body=JsonBody({"inputs": [*emails]}),
        scopes=_WRITE,
    )


def _status_change(field: str, change: Mapping[str, object]) -> dict[str, Json]:
    for key in mapping(field, change):
        if key not in _CHANGE_FIELDS:
            raise InvalidInput(f"{field}.{key}", "is not a field of a change")
    return {
        "channel": EMAIL,
        "subscriberIdString": email_address(f"{field}.email", change.get("email", "")),
        "statusState": known_value(f"{field}.state", change.get("state", ""), STATES),
        "subscriptionId": to_id(f"{field}.subscription_id", change.get("subscription_id", "")),
        **legal_fields(change.get("legal_basis"), change.get("explanation"), f"{field}."),
    }


def _complete(envelope: Envelope) -> People[R]:
    if envelope.get("status") != "COMPLETE":
        msg = "the batch is not complete"
        raise ValueError(msg)
    failures = cast("list[Failure]", errors_of(envelope))
    return {"status": "COMPLETE", "results": list(envelope["results"]), "errors": failures}


def _complete_for(emails: Sequence[str]) -> Callable[[Envelope], People[Any]]:
    """Return the reader of a batch response that reports which people it does not answer."""

    def read(envelope: Envelope) -> People[Any]:
        people: People[Any] = _complete(envelope)
        named = {str(row.get("subscriberIdString")).lower() for row in people["results"]}
        for failure in people["errors"]:
            for values in (failure.get("context") or {}).values():
                named.update(str(value).lower() for value in values)
        missing = [one for one in dict.fromkeys(emails) if one.lower() not in named]
        if missing:
            message = f"HubSpot's answer does not name {len(missing)} of {len(emails)} people"
            people["errors"].append(
                {"category": NOT_IN_ANSWER, "message": message, "context": {"ids": missing}}
            )
        return people

    return read

"""Subscription statuses of up to 100 people per call. Needs an Enterprise product.

People for whom a call failed are in ``errors``, with a 200 as well as with a 207.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, NotRequired, TypedDict, TypeVar, cast

from airflow_provider_mkt.client.call import Call, Envelope, JsonBody, Replay, Route, batch, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.mailbox import address, addresses
from airflow_provider_mkt.client.hubspot.subscriptions._legal_basis import legal_fields
from airflow_provider_mkt.client.hubspot.subscriptions.subscription_statuses import (
    EMAIL,
    FAMILY,
    Status,
    WideStatus,
    in_channel,
    known_state,
)
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.transport.platform import errors_of

BATCH_MAX = 100
"""HubSpot documents no limit; its other batches accept this many."""
_READ = ("communication_preferences.statuses.batch.read",)
_WRITE = ("communication_preferences.statuses.batch.write",)
_CHANGE = frozenset(("email", "subscription_id", "state", "legal_basis", "explanation"))

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


def read(emails: Sequence[str], *, business_unit_id: int | None = None) -> Call[People[PersonStatuses]]:
    """Read the subscription statuses of up to 100 people.

    :param emails: 1-100 email addresses.
    :param business_unit_id: only subscription types of this business unit.
    :raises InvalidInput: on an empty or too large batch, or a value that is not an email address.

    Source: ``POST /communication-preferences/{version}/statuses/batch/read``.
    """
    name = "subscription_batches.read"
    return Call(
        name,
        Route("POST", FAMILY, "/statuses/batch/read"),
        _complete,
        Replay.SAFE,
        query=in_channel(name, business_unit_id),
        body=_people(name, emails),
        scopes=_READ,
    )


def write(changes: Sequence[Mapping[str, Any]]) -> Call[People[Status]]:
    """Set up to 100 subscription statuses. This can undo an opt-out: make sure that you have consent.

    :param changes: 1-100 mappings of ``email``, ``subscription_id`` and ``state``, with ``legal_basis`` and
        ``explanation`` if the account has GDPR features on.
    :raises InvalidInput: on an empty or too large batch, or an invalid change, naming it.

    Source: ``POST /communication-preferences/{version}/statuses/batch/write``.
    """
    name = "subscription_batches.write"
    inputs = [
        _change(name, f"changes[{index}]", change)
        for index, change in enumerate(batch(name, "changes", changes, at_most=BATCH_MAX))
    ]
    return Call(
        name,
        Route("POST", FAMILY, "/statuses/batch/write"),
        _complete,
        Replay.SAFE,
        body=JsonBody({"inputs": inputs}),
        scopes=_WRITE,
    )


def read_unsubscribed_from_all(
    emails: Sequence[str], *, business_unit_id: int | None = None
) -> Call[People[PersonWideStatuses]]:
    """Read which of up to 100 people unsubscribed from all email.

    :param emails: 1-100 email addresses.
    :param business_unit_id: id of the business unit.
    :raises InvalidInput: on an empty or too large batch, or a value that is not an email address.

    Source: ``POST /communication-preferences/{version}/statuses/batch/unsubscribe-all/read``.
    """
    name = "subscription_batches.read_unsubscribed_from_all"
    return Call(
        name,
        Route("POST", FAMILY, "/statuses/batch/unsubscribe-all/read"),
        _complete,
        Replay.SAFE,
        query=in_channel(name, business_unit_id),
        body=_people(name, emails),
        scopes=_READ,
    )


def unsubscribe_from_all(
    emails: Sequence[str], *, business_unit_id: int | None = None, verbose: bool = False
) -> Call[People[PersonStatuses]]:
    """Unsubscribe up to 100 people from all email. Only they themselves can undo it.

    :param emails: 1-100 email addresses.
    :param business_unit_id: unsubscribe from this business unit only.
    :param verbose: return the changed statuses.
    :raises InvalidInput: on an empty or too large batch, or a value that is not an email address.

    Source: ``POST /communication-preferences/{version}/statuses/batch/unsubscribe-all``.
    """
    name = "subscription_batches.unsubscribe_from_all"
    return Call(
        name,
        Route("POST", FAMILY, "/statuses/batch/unsubscribe-all"),
        _complete,
        Replay.SAFE,
        query=in_channel(name, business_unit_id, verbose=verbose),
        body=_people(name, emails),
        scopes=_WRITE,
    )


def _people(call: str, emails: Sequence[str]) -> JsonBody:
    return JsonBody({"inputs": addresses(call, "emails", batch(call, "emails", emails, at_most=BATCH_MAX))})


def _change(call: str, where: str, change: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(change, Mapping):
        raise InvalidInput(where, f"must be a mapping, not {describe_type(change)}", call=call)
    for key in change:
        if key not in _CHANGE:
            raise InvalidInput(f"{where}.{key}", "is not a field of a change", call=call)
    email = address(call, f"{where}.email", change.get("email", ""))
    return {
        "channel": EMAIL,
        "subscriberIdString": email,
        "statusState": known_state(call, f"{where}.state", change.get("state", "")),
        "subscriptionId": numeric_id(call, f"{where}.subscription_id", change.get("subscription_id", "")),
        **legal_fields(call, change.get("legal_basis"), change.get("explanation"), f"{where}."),
    }


def _complete(envelope: Envelope) -> People[Any]:
    if envelope.get("status") != "COMPLETE":
        msg = "the batch is not complete"
        raise ValueError(msg)
    failures = cast("list[Failure]", errors_of(envelope))
    return {"status": "COMPLETE", "results": list(envelope["results"]), "errors": failures}

"""Subscribe people to a type of mail, and unsubscribe them.

The newer API is called in every version, since the older one does not distinguish people who opted out from
people without a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from airflow_provider_mkt.actions.idempotency import not_found
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus, rejected_member
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, NotFound
from airflow_provider_mkt.client.hubspot.mailbox import address
from airflow_provider_mkt.client.hubspot.subscriptions import subscription_statuses as statuses
from airflow_provider_mkt.client.hubspot.subscriptions import subscriptions
from airflow_provider_mkt.client.hubspot.subscriptions._legal_basis import LegalBasis
from airflow_provider_mkt.client.json_types import JsonDict

_CHUNK = 10
_ANY_ADDRESS = "any@example.com"

Decide = Callable[[str, str], "MemberResult | None"]


def subscribe(
    subscription_id: int | str,
    *,
    legal_basis: LegalBasis | None = None,
    explanation: str | None = None,
    resubscribe: bool = False,
) -> MemberAction:
    """Subscribe people to a type of mail.

    :param subscription_id: the type.
    :param legal_basis: required, with its explanation, where the account has GDPR features turned on.
    :param explanation: why that basis applies.
    :param resubscribe: also people who opted out, because they consented again; otherwise they are rejected.
    :raises InvalidInput: on an id that is not a number, or a basis without explanation.
    """

    def decide(email: str, state: str) -> MemberResult | None:
        if state == "SUBSCRIBED":
            return MemberResult(email, MemberStatus.ALREADY)
        if state == "UNSUBSCRIBED" and not resubscribe:
            return MemberResult(
                email, MemberStatus.REJECTED, "OPTED_OUT", "opted out, and must consent again"
            )
        return None

    names = ("subscription", "subscribe", "subscribed", "already_subscribed")
    return _of_type(names, subscription_id, "SUBSCRIBED", decide, legal_basis, explanation)


def unsubscribe(
    subscription_id: int | str,
    *,
    legal_basis: LegalBasis | None = None,
    explanation: str | None = None,
) -> MemberAction:
    """Unsubscribe people from a type of mail.

    :param subscription_id: the type.
    :param legal_basis: required, with its explanation, where the account has GDPR features turned on.
    :param explanation: why that basis applies.
    :raises InvalidInput: on an id that is not a number, or a basis without explanation.
    """

    def decide(email: str, state: str) -> MemberResult | None:
        return MemberResult(email, MemberStatus.ALREADY) if state == "UNSUBSCRIBED" else None

    names = ("unsubscription", "unsubscribe", "unsubscribed", "already_unsubscribed")
    return _of_type(names, subscription_id, "UNSUBSCRIBED", decide, legal_basis, explanation)


def unsubscribe_from_all() -> MemberAction:
    """Opt people out of all mail. Only they themselves can undo it."""

    def change(email: str) -> Procedure[MemberResult]:
        wide: list[statuses.WideStatus] = yield statuses.get_unsubscribed_from_all(email)
        if any(one["status"] == "UNSUBSCRIBED" for one in wide):
            return MemberResult(email, MemberStatus.ALREADY)
        return (yield from _write(email, statuses.unsubscribe_from_all(email)))

    names = ("unsubscription", "unsubscribe", "unsubscribed", "already_unsubscribed")
    return _action(names, "all mail", change)


def _of_type(
    names: tuple[str, str, str, str],
    subscription_id: int | str,
    state: statuses.State,
    decide: Decide,
    legal_basis: LegalBasis | None,
    explanation: str | None,
) -> MemberAction:
    number = numeric_id("subscription_statuses.set_status", "subscription_id", subscription_id)

    def write(email: str) -> Call[statuses.Status]:
        return statuses.set_status(email, number, state, legal_basis=legal_basis, explanation=explanation)

    write(_ANY_ADDRESS)

    def before() -> Procedure[None]:
        types: list[statuses.Definition] = yield subscriptions.definitions()
        if not any(str(one["id"]) == str(number) for one in types):
            raise NotFound(f"there is no subscription type {number}", platform="hubspot")

    def change(email: str) -> Procedure[MemberResult]:
        rows: list[statuses.Status] = yield statuses.get(email)
        now = next((one["status"] for one in rows if one["subscriptionId"] == number), "NOT_SPECIFIED")
        decided = decide(email, now)
        return decided or (yield from _write(email, write(email), state))

    return _action(names, f"subscription type {number}", change, before)


def _write(email: str, call: Call[object], wanted: statuses.State | None = None) -> Procedure[MemberResult]:
    try:
        answer: JsonDict = yield call
    except InvalidRequest as error:
        return rejected_member(email, error)
    if wanted is not None and answer["status"] != wanted:
        # A person who opted out of all mail stays opted out of this type too.
        reason = f"the platform accepted the request and left the status at {answer['status']}"
        return MemberResult(email, MemberStatus.REJECTED, "NOT_CHANGED", reason)
    return MemberResult(email)


def _action(
    names: tuple[str, str, str, str],
    what: str,
    change: Callable[[str], Procedure[MemberResult]],
    before: Callable[[], Procedure[None]] = not_found,
) -> MemberAction:
    outcome, doing, done, already = names

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        outcomes = []
        for email in people:
            outcomes.append((yield from change(email)))
        return outcomes

    return MemberAction(outcome, f"{doing} {what}", done, already, _CHUNK, apply, _address, before)


def _address(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInput(field, "must be a mail address")
    return address("", field, value).lower()

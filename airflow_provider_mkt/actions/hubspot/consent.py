"""Read the consent of contacts."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.actions.consent import (
    CONSENT_UNKNOWN,
    NO_OPT_IN,
    OPTED_OUT,
    Consent,
    Person,
    Refusal,
)
from airflow_provider_mkt.actions.hubspot.contacts import read_by_key
from airflow_provider_mkt.actions.jobs import chunked
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.hubspot.mailbox import email_address
from airflow_provider_mkt.client.hubspot.subscriptions import subscription_batches, subscriptions
from airflow_provider_mkt.client.hubspot.subscriptions.subscription_batches import (
    People,
    PersonStatuses,
    PersonWideStatuses,
)
from airflow_provider_mkt.client.hubspot.subscriptions.subscription_statuses import Definition

_OF_ALL = Refusal(OPTED_OUT, "opted out of all mail")
_OF_TYPE = Refusal(OPTED_OUT, "opted out of this type of mail")
_NO_CHOICE = Refusal(NO_OPT_IN, "did not subscribe to this type of mail")
_NOT_REPORTED = Refusal(CONSENT_UNKNOWN, "HubSpot did not report the subscription status")


def check(consent: Consent) -> Procedure[None]:
    """Check that the account has the type of mail.

    :raises NotFound: when it has not.
    """
    if consent.subscription_id:
        types: list[Definition] = yield subscriptions.definitions()
        if not any(str(one["id"]) == consent.subscription_id for one in types):
            msg = f"there is no subscription type {consent.subscription_id}"
            raise NotFound(msg, platform="hubspot")


def refusals(consent: Consent, lookup_field: str, people: Sequence[Person]) -> Procedure[dict[str, Refusal]]:
    """Find the people who may not be written to: one call for 100, and one more with a type of mail.

    :param lookup_field: the property that the keys are values of.
    :returns: why, by key. Whoever may be written to is missing.
    """
    addresses = {one.key: one.email.strip().lower() for one in people}
    unknown = [key for key, address in addresses.items() if not address]
    if lookup_field == "email":
        addresses |= {key: key.strip().lower() for key in unknown}
    elif unknown:
        stored = yield from read_by_key(lookup_field, unknown, ["email"])
        for key in unknown:
            found = stored.get(key.lower(), ())
            addresses[key] = str(found[0].values.get("email") or "").lower() if found else ""
    wanted = sorted({address for address in addresses.values() if _is_address(address)})
    refused: dict[str, Refusal] = {}
    for batch in chunked(wanted, subscription_batches.BATCH_MAX):
        refused |= yield from _of_batch(consent, batch)
    if consent.opt_in:
        refused |= {address: _NO_CHOICE for address in addresses.values() if not _is_address(address)}
    return {key: refused[address] for key, address in addresses.items() if address in refused}


def _of_batch(consent: Consent, batch: Sequence[str]) -> Procedure[dict[str, Refusal]]:
    refused = dict.fromkeys(batch, _NOT_REPORTED)
    wide: People[PersonWideStatuses] = yield subscription_batches.read_unsubscribed_from_all(batch)
    for everything in wide["results"]:
        address = everything["subscriberIdString"].lower()
        refused.pop(address, None)
        if any(one["status"] == "UNSUBSCRIBED" for one in everything["wideStatuses"]):
            refused[address] = _OF_ALL
    left = [address for address in batch if address not in refused]
    if not consent.subscription_id or not left:
        return refused
    refused |= dict.fromkeys(left, _NOT_REPORTED)
    of_types: People[PersonStatuses] = yield subscription_batches.read(left)
    for person in of_types["results"]:
        address = person["subscriberIdString"].lower()
        refused.pop(address, None)
        states = [
            one["status"]
            for one in person["statuses"]
            if str(one["subscriptionId"]) == consent.subscription_id
        ]
        if "UNSUBSCRIBED" in states:
            refused[address] = _OF_TYPE
        elif consent.opt_in and "SUBSCRIBED" not in states:
            refused[address] = _NO_CHOICE
    return refused


def _is_address(text: str) -> bool:
    try:
        email_address("email", text)
    except InvalidInput:
        return False
    return True

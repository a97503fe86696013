"""Checks of requests, for v3 and v4."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.sends.store import is_address
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.hubspot.subscriptions.store import BASES, STATES, Consent, Definition
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

READ = ("communication_preferences.read", "communication_preferences.read_write")
WRITE = ("communication_preferences.write", "communication_preferences.read_write")


def person(value: object) -> str:
    """Return an email address.

    :raises HubSpotError: 400, it is not one.
    """
    if not isinstance(value, str) or not is_address(value):
        raise invalid("The subscriber is not a valid email address")
    return value.strip()


def definition(request: HubSpotRequest, type_id: object) -> Definition:
    """Return a subscription type.

    :raises HubSpotError: 404 for an unknown one, which is not documented.
    """
    found = request.state.subscriptions.definition(type_id)
    if found is None:
        raise not_found(f"Subscription type {type_id} not found")
    return found


def legal_basis(request: HubSpotRequest, body: JsonObject) -> tuple[str | None, str | None]:
    """Return legal basis and explanation.

    An account with GDPR features requires them in the calls of v3; v4 and dated paths do without.
    """
    basis, explanation = body.get("legalBasis"), body.get("legalBasisExplanation")
    if basis is not None and basis not in BASES:
        msg = f"legalBasis must be one of {', '.join(BASES)}"
        raise invalid(msg)
    required = request.state.settings.gdpr and "/v3/" in request.endpoint.template
    if required and not (basis and explanation):
        raise invalid("legalBasis and legalBasisExplanation are required: this account has GDPR enabled")
    return basis, explanation


def status_view(request: HubSpotRequest, address: str, of: Definition, **more: object) -> JsonObject:
    """Return a status in the format of v4."""
    store = request.state.subscriptions
    consent: Consent = store.consent(address, of.id)
    return {
        "subscriberIdString": address,
        "channel": "EMAIL",
        "subscriptionId": of.id,
        "subscriptionName": of.name,
        "businessUnitId": 0,
        "status": store.state(address, of.id),
        "source": "API" if consent.at else "NONE",
        "timestamp": iso(store.opted_out_of_all(address) or consent.at),
        **consent.legal(),
        **more,
    }


def check_status(body: JsonObject) -> None:
    """Check the values of a status."""
    if body.get("statusState") not in STATES:
        msg = f"statusState must be one of {', '.join(STATES)}"
        raise invalid(msg)
    if body.get("channel") != "EMAIL":
        raise invalid("channel must be EMAIL")
    if body.get("legalBasis") not in (None, *BASES):
        msg = f"legalBasis must be one of {', '.join(BASES)}"
        raise invalid(msg)
    given = body["subscriptionId"]
    if isinstance(given, bool) or not isinstance(given, int | str) or not str(given).isdigit():
        raise invalid("subscriptionId is no number")


def set_status(request: HubSpotRequest, address: str, body: JsonObject) -> JsonObject:
    """Set a status as in v4: an opt-out of one type can be undone, an opt-out of all cannot."""
    check_status(body)
    state = body["statusState"]
    basis, explanation = legal_basis(request, body)
    of, store = definition(request, body["subscriptionId"]), request.state.subscriptions
    if state == "SUBSCRIBED" and store.opted_out_of_all(address) is not None:
        raise opted_out("The subscriber has unsubscribed from all email and must opt in again themselves")
    reason = store.set(address, of.id, state, basis, explanation)
    return status_view(request, address, of, setStatusSuccessReason=reason)


def opted_out(message: str) -> HubSpotError:
    return invalid(message)

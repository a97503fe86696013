"""Record registrations, attendances and cancellations."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.events import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.events.models import ATTENDED, CANCELLED, REGISTERED, Event
from airflow_provider_mkt.sandbox.hubspot.events.requests import (
    MAX_INPUTS,
    WRITE,
    account_of,
    by_object_id,
    own,
    own_by_query,
    unknown,
)
from airflow_provider_mkt.sandbox.hubspot.events.routes_batch import inside_200
from airflow_provider_mkt.sandbox.hubspot.objects.requests import check_values
from airflow_provider_mkt.sandbox.hubspot.requests import map_of, read_inputs
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_BY_ID, _BY_EMAIL = "MarketingEventSubscriber", "MarketingEventEmailSubscriber"
_STATES = {
    # The reference has verbs and the guide has states; clients use either.
    "register": REGISTERED,
    "registered": REGISTERED,
    "attend": ATTENDED,
    "attended": ATTENDED,
    "cancel": CANCELLED,
    "cancelled": CANCELLED,
}
_LARGEST = 2**63 - 1
_Finder = Callable[[HubSpotRequest, JsonObject], Contact]

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("POST", "/attendance/{externalEventId}/{subscriberState}/create", scopes=WRITE)
async def record_contacts(request: HubSpotRequest) -> Response:
    return await _record_with_details(request, _BY_ID, _own_event, _by_id)


@routes.handle("POST", "/attendance/{externalEventId}/{subscriberState}/email-create", scopes=WRITE)
async def record_emails(request: HubSpotRequest) -> Response:
    """Record states by email. Only this of the six endpoints creates missing contacts."""
    return await _record_with_details(request, _BY_EMAIL, _own_event, _by_email_or_new)


@routes.handle("POST", "/{objectId}/attendance/{subscriberState}/create", scopes=WRITE)
async def record_contacts_by_object_id(request: HubSpotRequest) -> Response:
    return await _record_with_details(request, _BY_ID, by_object_id, _by_id)


@routes.handle("POST", "/{objectId}/attendance/{subscriberState}/email-create", scopes=WRITE)
async def record_emails_by_object_id(request: HubSpotRequest) -> Response:
    return await _record_with_details(request, _BY_EMAIL, by_object_id, _by_email)


@routes.handle("POST", "/events/{externalEventId}/{subscriberState}/upsert", scopes=WRITE)
async def upsert_contacts(request: HubSpotRequest) -> Response:
    return await _record_without_details(request, _BY_ID, _by_id)


@routes.handle("POST", "/events/{externalEventId}/{subscriberState}/email-upsert", scopes=WRITE)
async def upsert_emails(request: HubSpotRequest) -> Response:
    return await _record_without_details(request, _BY_EMAIL, _by_email)


async def _record_with_details(
    request: HubSpotRequest, schema: str, find: Callable[[HubSpotRequest], Event], contact_of: _Finder
) -> Response:
    """Record states, and respond with results and errors, both with status 200."""
    began = request.clock.time()
    state, inputs = await _read(request, schema)
    await request.simulate_latency()
    results, errors = _record(request, find(request), state, inputs, contact_of)
    return inside_200(batch_response(request, results, errors, began=began))


async def _record_without_details(request: HubSpotRequest, schema: str, contact_of: _Finder) -> Response:
    """Record states, and respond without details; neither status nor body is documented."""
    account_of(request)
    state, inputs = await _read(request, schema)
    await request.simulate_latency()
    _record(request, own_by_query(request), state, inputs, contact_of)
    return Response(status_code=204)


async def _read(request: HubSpotRequest, schema: str) -> tuple[str, list[JsonObject]]:
    given = request.path_params["subscriberState"]
    state = _STATES.get(given.lower())
    if state is None:
        msg = f"Invalid subscriber state: {given}"
        raise invalid(msg)
    key = "vid" if schema == _BY_ID else "email"
    inputs = await read_inputs(request, schema, MAX_INPUTS, [key, "interactionDateTime"])
    for item in inputs:
        for name in ("interactionDateTime", "vid"):
            number = item.get(name, 0)
            if isinstance(number, bool) or not isinstance(number, int) or abs(number) > _LARGEST:
                msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {name} is no number"
                raise invalid(msg)
        if not isinstance(item.get("email", ""), str):
            msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, email is no string"
            raise invalid(msg)
        for name in ("properties", "contactProperties"):
            map_of(item, name, schema)
    return state, inputs


def _record(
    request: HubSpotRequest,
    event: Event,
    state: str,
    inputs: list[JsonObject],
    contact_of: _Finder,
) -> tuple[list[JsonObject], list[JsonObject]]:
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for item in inputs:
        try:
            contact = contact_of(request, item)
        except HubSpotError as error:
            errors.append(error.as_batch_error(ids=[str(item.get("vid", item.get("email")))]))
            continue
        properties = map_of(item, "properties", _BY_ID)
        request.state.events.record(event, contact.id, state, item["interactionDateTime"], properties)
        row: JsonObject = {"vid": int(contact.id)}
        results.append({**row, "email": item["email"]} if "email" in item else row)
    return results, errors


def _own_event(request: HubSpotRequest) -> Event:
    """Return the event of an attendance request. The account is optional if the event id is unique."""
    event_id, account_id = (
        request.path_params["externalEventId"],
        request.query_params.get("externalAccountId"),
    )
    if account_id:
        return own(request, account_id, event_id)
    found = request.state.events.named(event_id, request.token.app)
    if not found:
        raise unknown(event_id)
    if len(found) > 1:
        msg = f"Several accounts have an event {event_id}: externalAccountId must say which is meant"
        raise invalid(msg)
    return found[0]


def _by_id(request: HubSpotRequest, item: JsonObject) -> Contact:
    contact = request.state.contacts.get(str(item["vid"]))
    if contact is None:
        raise not_found(f"Contact {item['vid']} does not exist")
    return contact


def _by_email(request: HubSpotRequest, item: JsonObject) -> Contact:
    contact = request.state.contacts.find("email", str(item["email"]))
    if contact is None:
        raise not_found(f"Contact {item['email']} does not exist")
    return contact


def _by_email_or_new(request: HubSpotRequest, item: JsonObject) -> Contact:
    contacts = request.state.contacts
    known = contacts.find("email", str(item["email"]))
    if known is not None:
        return known
    about = map_of(item, "contactProperties", _BY_EMAIL)
    values = {**about, "email": str(item["email"])}
    check_values([values], request.state.objects["contacts"])
    return contacts.create(values)

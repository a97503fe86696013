"""Sequences and enrolments in them. The errors are documented, but not their messages."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.automation.store import AutomationStore, Enrolment, Sequence, User
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import int_param, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.hubspot.versions import dated
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

READ = ("automation.sequences.read",)
ENROL = ("automation.sequences.enrollments.write",)
_SCHEMA = "PublicSequenceEnrollmentRequest"

routes = HubSpotRoutes("/automation/v4/sequences", *dated("/automation/sequences/{v}"))


@routes.handle("GET", "", scopes=READ)
async def list_sequences(request: HubSpotRequest) -> Response:
    user = _user(request)
    limit = int_param(request.query_params.get("limit"), "limit", 10, 1, 100)
    name = (request.query_params.get("name") or "").lower()
    await request.simulate_latency()
    store = request.state.automation
    seen = [one for one in store.sequences.values() if store.visible(one.id, user) is not None]
    wanted = [one for one in seen if name in one.name.lower()]
    found, paging = page(wanted, request.query_params.get("after"), limit)
    return JSONResponse({"total": len(wanted), "results": [_lite(one) for one in found], **paging})


@routes.handle("POST", "/enrollments", scopes=ENROL)
async def enrol_contact(request: HubSpotRequest) -> Response:
    """Enrol a contact, which can be in one sequence at a time."""
    body = await read_object(request, _SCHEMA, ["contactId", "senderEmail", "sequenceId"])
    user, store = _user(request), request.state.automation
    if not user.seat:
        msg = f"User {user.id} has no seat to send sequences with"
        raise HubSpotError(403, "USER_DOES_NOT_HAVE_PERMISSIONS", msg)
    if not user.inbox:
        msg = f"User {user.id} has no inbox connected"
        raise invalid(msg)
    if str(body["senderEmail"]).lower() != user.email:
        msg = f"senderEmail does not belong to user {user.id}"
        raise invalid(msg)
    alias = body.get("senderAliasAddress")
    if alias is not None and alias not in user.aliases:
        msg = "senderAliasAddress is no alias of the sender's inbox"
        raise invalid(msg)
    await request.simulate_latency()
    sequence = _visible(store, str(body["sequenceId"]), user)
    contact = request.state.contacts.get(str(body["contactId"]))
    if contact is None:
        raise not_found(f"No contact with id {body['contactId']}")
    address = contact.properties.get("email")
    if not address:
        msg = f"Contact {contact.id} has no email address"
        raise invalid(msg)
    if store.sequence_of(contact.id) is not None:
        msg = f"Contact {contact.id} is already enrolled in a sequence"
        raise invalid(msg)
    return JSONResponse(_enrolment(store.enrol_in_sequence(sequence, contact.id, address, user)))


@routes.handle("GET", "/enrollments/contact/{contactId}", scopes=READ)
async def get_enrolment(request: HubSpotRequest) -> Response:
    contact_id = request.path_params["contactId"]
    await request.simulate_latency()
    store = request.state.automation
    one = store.sequence_of(contact_id)
    if one is None:
        raise not_found(f"Contact {contact_id} is enrolled in no sequence")
    more = {
        "sequenceId": one.where,
        "sequenceName": store.sequences[one.where].name,
        "enrolledBy": one.by,
        "enrolledByEmail": store.users[one.by].email,
    }
    return JSONResponse(_enrolment(one) | more)


@routes.handle("GET", "/{sequenceId}", scopes=READ)
async def get_sequence(request: HubSpotRequest) -> Response:
    user = _user(request)
    await request.simulate_latency()
    one = _visible(request.state.automation, request.path_params["sequenceId"], user)
    steps = [
        {
            "id": f"{one.id}{order}",
            "stepOrder": order,
            "actionType": "EMAIL",
            "delayMillis": days * 86_400_000,
            "createdAt": iso(one.created),
            "updatedAt": iso(one.created),
        }
        for order, days in enumerate(one.waits)
    ]
    return JSONResponse(_lite(one) | {"steps": steps, "dependencies": []})


def _user(request: HubSpotRequest) -> User:
    given = request.query_params.get("userId")
    if not given:
        msg = "Required query parameter userId is missing"
        raise invalid(msg)
    user = request.state.automation.users.get(given)
    if user is None:
        msg = f"No user with id {given}"
        raise invalid(msg)
    return user


def _visible(store: AutomationStore, sequence_id: str, user: User) -> Sequence:
    sequence = store.visible(sequence_id, user)
    if sequence is None:
        raise not_found(f"No sequence with id {sequence_id}")
    return sequence


def _lite(one: Sequence) -> JsonObject:
    moment = iso(one.created)
    return {"id": one.id, "name": one.name, "userId": one.owner, "createdAt": moment, "updatedAt": moment}


def _enrolment(one: Enrolment) -> JsonObject:
    return {"id": one.id, "toEmail": one.to, "enrolledAt": iso(one.at), "updatedAt": iso(one.at)}

"""Request transactional and single sends, and get their status."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.emails.models import PUBLISHED_STATES, Email
from airflow_provider_mkt.sandbox.hubspot.errors import forbidden, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import problems_of
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, is_dated, map_of, names, read_object
from airflow_provider_mkt.sandbox.hubspot.sends import TRANSACTIONAL_PREFIXES
from airflow_provider_mkt.sandbox.hubspot.sends.store import SENT, problem_with
from airflow_provider_mkt.sandbox.hubspot.settings import PROFESSIONAL
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import CONCURRENCY
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

TRANSACTIONAL = ("transactional-email",)
EITHER = ("transactional-email", "marketing-email")
# Sends count neither in the rate window nor in the daily quota.
_GATES = (CONCURRENCY,)
_MAPS = ("contactProperties", "customProperties")
_BODY = ("emailId", "message", *_MAPS)
_LISTS = ("cc", "bcc", "replyTo")
_MESSAGE = ("to", "from", "sendId", *_LISTS)
_SCHEMA, _MESSAGE_SCHEMA = "PublicSingleSendRequestEgg", "PublicSingleSendEmail"
_SINGLE_SEND_KIND = "MARKETING_SINGLE_SEND_API"

routes = HubSpotRoutes(*TRANSACTIONAL_PREFIXES, product=PROFESSIONAL)
single_send_routes = HubSpotRoutes(
    "/marketing/v4/email/single-send", "/marketing/email-campaigns/2026-03/single-send"
)
status_routes = HubSpotRoutes("/marketing/v3/email/send-statuses")


@routes.handle("POST", "/single-email/send", scopes=TRANSACTIONAL, gates=_GATES)
async def send_email(request: HubSpotRequest) -> Response:
    body, message = await _read(request)
    await request.simulate_latency()
    if not request.state.settings.transactional_email:
        raise forbidden("This account does not have the transactional email add-on")
    return _send(request, "transactional", _email(request, body), body, message)


@single_send_routes.handle("POST", "", scopes=EITHER, gates=_GATES)
async def single_send(request: HubSpotRequest) -> Response:
    body, message = await _read(request)
    await request.simulate_latency()
    if not request.state.settings.marketing_enterprise:
        raise forbidden("This account does not have Marketing Hub Enterprise")
    email = _email(request, body)
    # Not documented: emails of other types are rejected here.
    if email.kind != _SINGLE_SEND_KIND:
        msg = f"Email {email.id} is not of the single-send kind"
        raise invalid(msg)
    return _send(request, "single_send", email, body, message)


@status_routes.handle("GET", "/{statusId}", scopes=EITHER)
async def send_status(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    send = request.state.single_sends.get(request.path_params["statusId"])
    if send is None:
        raise not_found(f"Send status {request.path_params['statusId']} not found")
    return JSONResponse(request.state.single_sends.view(send))


async def _read(request: HubSpotRequest) -> tuple[JsonObject, JsonObject]:
    """Read the body. The dated schema requires more fields than the other one; both require `to`."""
    required, in_message = (_MAPS, _LISTS) if is_dated(request) else ((), ())
    body = await read_object(request, _SCHEMA, ["emailId", "message", *required])
    check_object(body, _SCHEMA, known=_BODY)
    message = check_object(body["message"], _MESSAGE_SCHEMA, ["to", *in_message], _MESSAGE)
    for name in ("to", "from", "sendId"):
        if name in message and not isinstance(message[name], str | None):
            msg = (
                f"Invalid input JSON on line 1, column 1: Cannot build {_MESSAGE_SCHEMA}, {name} is no string"
            )
            raise invalid(msg)
    for name in _LISTS:
        names(message, name, _MESSAGE_SCHEMA)
    if not message["to"].strip():
        raise invalid("The recipient of the message must not be empty")
    if body.get("customProperties") is not None:
        check_object(body["customProperties"], f"{_SCHEMA}, customProperties")
    map_of(body, "contactProperties", _SCHEMA)
    return body, message


def _email(request: HubSpotRequest, body: JsonObject) -> Email:
    email_id = body["emailId"]
    if isinstance(email_id, bool) or not str(email_id).isdigit():
        msg = f"Invalid input JSON on line 1, column 1: Cannot build {_SCHEMA}, emailId is no number"
        raise invalid(msg)
    email = request.state.emails.get(str(email_id))
    if email is None or email.archived_at is not None:
        msg = f"Email {email_id} does not exist"
        raise invalid(msg)
    if request.state.emails.state(email) not in PUBLISHED_STATES:
        msg = f"Email {email_id} is not published"
        raise invalid(msg)
    return email


def _send(
    request: HubSpotRequest, kind: str, email: Email, body: JsonObject, message: JsonObject
) -> Response:
    state, to, key = request.state, message["to"], message.get("sendId")
    values = map_of(body, "contactProperties", _SCHEMA)
    repeated = state.single_sends.repeated(key)
    result = repeated or problem_with(to, message.get("from"))
    if result is None and problems_of(values, state.contacts.definitions):
        result = "VALIDATION_FAILED"
    result = result or state.subscriptions.refusal(to, email.subscription)
    contact = state.contacts.find("email", to.strip().lower())
    if result is None and contact is not None:
        result = state.emails.audience.blocked(contact, to)
    result = result or SENT
    if result == SENT:
        _write_contact(request, kind, to, values)
    send = state.single_sends.add(kind, email.id, to, key, result)
    return JSONResponse(state.single_sends.view(send))


def _write_contact(request: HubSpotRequest, kind: str, to: str, values: dict[str, str]) -> None:
    """Create or update the contact of the recipient."""
    contacts, address = request.state.contacts, to.strip().lower()
    values = {name: value for name, value in values.items() if name != "email"}
    if kind == "single_send":
        values["hs_marketable_status"] = "true"
    contact = contacts.find("email", address)
    if contact is None:
        contacts.create({"email": address, **values})
    elif values:
        contacts.update(contact, values)

"""Submit a form, and list the submissions of one."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import not_found, rate_limited
from airflow_provider_mkt.sandbox.hubspot.forms import READ, SCOPES, SUBMISSIONS, SUBMIT
from airflow_provider_mkt.sandbox.hubspot.forms.routes_forms import find
from airflow_provider_mkt.sandbox.hubspot.forms.submission_checks import Filled, filled
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import int_param, read_object
from airflow_provider_mkt.sandbox.hubspot.seed import PORTAL_ID
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes, HubSpotState
from airflow_provider_mkt.sandbox.hubspot.subscriptions.store import SUBSCRIBED
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_PAGE, _PAGE_MAX = 20, 50

routes = HubSpotRoutes(SUBMISSIONS)
submit_routes = HubSpotRoutes(SUBMIT)


@routes.handle("GET", "/{formId}", scopes=READ)
async def list_submissions(request: HubSpotRequest) -> Response:
    """Return submissions, the newest first. A new one moves those of the next page, as offsets do."""
    limit = int_param(request.query_params.get("limit"), "limit", _PAGE, 1, _PAGE_MAX)
    await request.simulate_latency()
    form = find(request)
    items, paging = page(form.submissions[::-1], request.query_params.get("after"), limit)
    return JSONResponse({"results": [one.view() for one in items], **paging})


@submit_routes.handle("POST", "/secure/submit/{portalId}/{formId}", scopes=SCOPES)
async def submit_with_token(request: HubSpotRequest) -> Response:
    """Take a submission. With a token, fields need not be in the form's definition."""
    return await _submit(request, only_its_fields=False)


@submit_routes.handle("POST", "/submit/{portalId}/{formId}", auth=False, gates=())
async def submit(request: HubSpotRequest) -> Response:
    if not request.state.forms.public.enter():
        return rate_limited("TEN_SECONDLY_ROLLING")
    return await _submit(request, only_its_fields=True)


async def _submit(request: HubSpotRequest, *, only_its_fields: bool) -> Response:
    body = await read_object(request, "FormSubmission")
    await request.simulate_latency()
    form = find(request)
    if request.path_params["portalId"] != str(PORTAL_ID) or form.archived_at is not None:
        raise not_found(f"No form {form.id} in this account")
    submission = filled(request.state, form, body, only_its_fields=only_its_fields)
    _change_contact(request.state, submission)
    request.state.forms.submit(form, submission.fields, submission.at, submission.page_url)
    return JSONResponse(_after(form.parts["configuration"]))


def _change_contact(state: HubSpotState, submission: Filled) -> None:
    address = submission.contact["email"].strip().lower()
    contact = state.contacts.find("email", address)
    if contact is None:
        state.contacts.create(submission.contact)
    else:
        # An empty field changes nothing.
        state.contacts.update(contact, {name: value for name, value in submission.contact.items() if value})
    for type_id, agreed in submission.consent.items():
        # Consent does not undo an opt-out of all email.
        if agreed and state.subscriptions.opted_out_of_all(address) is None:
            state.subscriptions.set(address, type_id, SUBSCRIBED, "CONSENT_WITH_NOTICE", "form")


def _after(configuration: JsonObject) -> JsonObject:
    action = configuration.get("postSubmitAction") or {"type": "thank_you", "value": "Thanks for submitting"}
    return {"redirectUri" if action["type"] == "redirect_url" else "inlineMessage": action["value"]}

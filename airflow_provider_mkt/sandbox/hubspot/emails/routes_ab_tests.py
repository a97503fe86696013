"""A/B tests: create the variation of an email, and get the other email of a test."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.emails import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.emails.models import VARIANT
from airflow_provider_mkt.sandbox.hubspot.emails.requests import READ, WRITE, asks_for_archived
from airflow_provider_mkt.sandbox.hubspot.emails.view_options import IncludeOptions
from airflow_provider_mkt.sandbox.hubspot.emails.views import email_view
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("POST", "/ab-test/create-variation", scopes=WRITE)
async def create_variation(request: HubSpotRequest) -> Response:
    """Create the variation as a draft. An email has one variation that is not archived."""
    schema, required = "AbTestCreateRequestVNext", ["contentId", "variationName"]
    body = check_object(await read_object(request, schema, required), schema, known=required)
    for name in required:
        if not isinstance(body[name], str) or not body[name].strip():
            msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {name} is no string"
            raise invalid(msg)
    await request.simulate_latency()
    emails = request.state.emails
    master = emails.get(body["contentId"])
    if master is None or master.archived_at is not None:
        raise not_found(f"Email {body['contentId']} not found")
    if master.role == VARIANT:
        raise invalid(f"Email {master.id} is a variation itself")
    if master.partner is not None:
        raise invalid(f"Email {master.id} already has an active variation: {master.partner}")
    if master.current() is not None:
        # Not documented: an email that is sent or scheduled cannot be tested any more.
        raise invalid(f"Email {master.id} in state {emails.state(master)} cannot be tested")
    return JSONResponse(email_view(emails, emails.test(master, body["variationName"])), 201)


@routes.handle("GET", "/{emailId}/ab-test/get-variation", scopes=READ)
async def get_variation(request: HubSpotRequest) -> Response:
    """Return the variation of a master, or the master of a variation."""
    archived, options = asks_for_archived(request), IncludeOptions.of(request)
    await request.simulate_latency()
    email = request.state.emails.get(request.path_params["emailId"])
    partner = None if email is None else request.state.emails.partner(email)
    if partner is None or (partner.archived_at is not None) is not archived:
        msg = f"Email {request.path_params['emailId']} has no variation"
        raise not_found(msg)
    return JSONResponse(options.view(request.state, partner))

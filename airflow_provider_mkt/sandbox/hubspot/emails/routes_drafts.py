"""The draft of an email, beside the live version."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.emails import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.emails.field_checks import check_references, checked
from airflow_provider_mkt.sandbox.hubspot.emails.requests import READ, WRITE, find
from airflow_provider_mkt.sandbox.hubspot.emails.views import email_view
from airflow_provider_mkt.sandbox.hubspot.requests import is_dated, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import copied
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "/{emailId}/draft", scopes=READ)
async def get_draft(request: HubSpotRequest) -> Response:
    """Return the draft, or the live version if there is no draft."""
    await request.simulate_latency()
    return JSONResponse(email_view(request.state.emails, find(request), draft=True))


@routes.handle("PATCH", "/{emailId}/draft", scopes=WRITE)
async def update_draft(request: HubSpotRequest) -> Response:
    schema = "EmailUpdateRequest"
    fields = checked(await read_object(request, schema), schema, creating=False, dated=is_dated(request))
    for name in ("state", "archived"):
        fields.pop(name, None)
    await request.simulate_latency()
    email = find(request)
    check_references(fields, request.state)
    request.state.emails.change_draft(email, fields)
    return JSONResponse(email_view(request.state.emails, email, draft=True))


@routes.handle("POST", "/{emailId}/draft/reset", scopes=WRITE)
async def reset_draft(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    email = find(request)
    email.draft = copied(email.live)
    email.draft_updated = request.clock.time()
    return Response(status_code=204)

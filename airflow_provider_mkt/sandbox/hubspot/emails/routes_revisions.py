"""Revisions of an email: list, get and restore them."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.emails import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.emails.models import Email, Revision
from airflow_provider_mkt.sandbox.hubspot.emails.requests import READ, WRITE, find
from airflow_provider_mkt.sandbox.hubspot.emails.views import USER, email_view
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.paging import page_both_ways
from airflow_provider_mkt.sandbox.hubspot.requests import int_param
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject, copied
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_LIVE = "-1"
_USER = {"id": USER, "email": "marketing@example.com", "fullName": "Mary Marketer"}

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "/{emailId}/revisions", scopes=READ)
async def list_revisions(request: HubSpotRequest) -> Response:
    """List revisions. The order is not documented, so the newest is neither first nor last here."""
    limit = int_param(request.query_params.get("limit"), "limit", 100, 1, 100)
    await request.simulate_latency()
    email = find(request)
    order = sorted(email.revisions, key=lambda one: (int(one.id) % 2, -int(one.id)))
    rows, paging = page_both_ways(
        order, request.query_params.get("after"), request.query_params.get("before"), limit
    )
    results = [_view(request, email, one) for one in rows]
    return JSONResponse({"total": len(order), "results": results, **paging})


@routes.handle("GET", "/{emailId}/revisions/{revisionId}", scopes=READ)
async def get_revision(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    email = find(request)
    return JSONResponse(_view(request, email, _revision(request, email)))


@routes.handle("POST", "/{emailId}/revisions/{revisionId}/restore", scopes=WRITE)
async def restore(request: HubSpotRequest) -> Response:
    """Restore a revision, which always creates a new one. The draft does not change."""
    await request.simulate_latency()
    email = find(request)
    request.state.emails.restore(email, _revision(request, email))
    return Response(status_code=204)


@routes.handle("POST", "/{emailId}/revisions/{revisionId}/restore-to-draft", scopes=WRITE)
async def restore_to_draft(request: HubSpotRequest) -> Response:
    """Replace the draft by a revision. The live version and the revisions do not change."""
    number = request.path_params["revisionId"]
    if not number.removeprefix("-").isdecimal():
        msg = f"revisionId must be a whole number, not {number!r}"
        raise invalid(msg)
    await request.simulate_latency()
    email = find(request)
    email.draft = copied(_revision(request, email).fields)
    email.draft_updated = request.clock.time()
    return JSONResponse(email_view(request.state.emails, email, draft=True))


def _revision(request: HubSpotRequest, email: Email) -> Revision:
    number = request.path_params["revisionId"]
    found = next((one for one in email.revisions if _id_of(request, email, one) == number), None)
    if found is None:
        msg = f"Revision {number} of email {email.id} not found"
        raise not_found(msg)
    return found


def _id_of(request: HubSpotRequest, email: Email, revision: Revision) -> str:
    live = request.state.settings.live_revision and revision is email.revisions[-1]
    return _LIVE if live else revision.id


def _view(request: HubSpotRequest, email: Email, revision: Revision) -> JsonObject:
    return {
        "id": _id_of(request, email, revision),
        "updatedAt": iso(revision.at),
        "user": _USER,
        "object": email_view(request.state.emails, email, revision=revision),
    }

"""Publish and unpublish an email."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.emails import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.emails.requests import SEND, find
from airflow_provider_mkt.sandbox.hubspot.errors import forbidden
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.limits import CONCURRENCY, DAILY

_NO_TEN_SECONDS = (CONCURRENCY, DAILY)

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("POST", "/{emailId}/publish", scopes=SEND, gates=_NO_TEN_SECONDS)
async def publish_email(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    _check_product(request)
    if request.state.settings.approval_required:
        # What HubSpot answers is not documented.
        raise forbidden("This account requires that marketing emails are approved before they are sent")
    request.state.emails.publish(find(request))
    return Response(status_code=204)


@routes.handle("POST", "/{emailId}/unpublish", scopes=SEND, gates=_NO_TEN_SECONDS)
async def unpublish_email(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    _check_product(request)
    request.state.emails.unpublish(find(request))
    return Response(status_code=204)


def _check_product(request: HubSpotRequest) -> None:
    settings = request.state.settings
    if not (settings.marketing_enterprise or settings.transactional_email):
        raise forbidden(
            "This account has neither Marketing Hub Enterprise nor the transactional email add-on"
        )

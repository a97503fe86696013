"""Publish and unpublish: what makes mail go out, and what stops it."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.emails.common import SEND, find
from airflow_provider_mkt.sandbox.hubspot.world import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.limits import CONCURRENCY, DAILY
from airflow_provider_mkt.sandbox.reply import Reply

_NO_TEN_SECONDS = (CONCURRENCY, DAILY)

routes = HubSpotRoutes()


@routes.handle("POST", "emails", "/{emailId}/publish", scopes=SEND, gates=_NO_TEN_SECONDS)
async def publish_email(request: HubSpotRequest) -> Reply:
    await request.work()
    request.world.emails.publish(find(request))
    return Reply(204)


@routes.handle("POST", "emails", "/{emailId}/unpublish", scopes=SEND, gates=_NO_TEN_SECONDS)
async def unpublish_email(request: HubSpotRequest) -> Reply:
    await request.work()
    request.world.emails.unpublish(find(request))
    return Reply(204)

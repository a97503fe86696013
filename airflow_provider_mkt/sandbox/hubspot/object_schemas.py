"""Custom objects: the account has none, which clients that copy a whole account ask first."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.world import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.reply import Reply

routes = HubSpotRoutes()


@routes.handle("GET", "object_schemas", "", scopes=("crm.schemas.custom.read",))
async def list_schemas(request: HubSpotRequest) -> Reply:
    await request.work()
    return Reply(200, {"results": []})

"""Schemas of custom objects. The account has none; clients that copy an account read them first."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

# The guide has the first path, HubSpot's clients the second.
routes = HubSpotRoutes(
    "/crm/v3/schemas", "/crm-object-schemas/v3/schemas", "/crm-object-schemas/2026-03/schemas"
)


@routes.handle("GET", "", scopes=("crm.schemas.custom.read",))
async def list_schemas(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse({"results": []})

"""The envelope of batch responses."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.requests import is_september
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse


def batch_response(
    request: HubSpotRequest,
    results: list[JsonObject],
    errors: list[JsonObject],
    *,
    began: float,
    success: int = 200,
) -> Response:
    """Return a batch response: results in random order, status 207 when there is an error.

    Whether 2026-09 has 207 depends on the settings.
    """
    request.state.random.shuffle(results)
    body: JsonObject = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": iso(began),
        "completedAt": iso(request.clock.time()),
    }
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    mixed = request.state.settings.multi_status or not is_september(request)
    return JSONResponse(body, 207 if errors and mixed else success)

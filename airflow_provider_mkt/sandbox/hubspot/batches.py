"""The envelope of batch responses."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.responses import JSONResponse


def batch_response(
    request: HubSpotRequest,
    results: list[dict[str, Any]],
    errors: list[dict[str, Any]],
    *,
    began: float,
    success: int = 200,
) -> Response:
    """Return a batch response: results in random order, status 207 when there is an error."""
    request.state.random.shuffle(results)
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": iso(began),
        "completedAt": iso(request.clock.time()),
    }
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return JSONResponse(body, 207 if errors else success)

"""The envelope of a batch answer."""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.responses import Reply


def batch_reply(
    request: HubSpotRequest,
    results: list[dict[str, Any]],
    errors: list[dict[str, Any]],
    *,
    began: float,
    success: int = 200,
) -> Reply:
    """Results in no particular order; 207 as soon as there is an error."""
    request.state.random.shuffle(results)
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": iso(began),
        "completedAt": iso(request.clock.time()),
    }
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return Reply(207 if errors else success, body)

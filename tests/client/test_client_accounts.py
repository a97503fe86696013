"""What a connection's settings become."""

from __future__ import annotations

import pytest
from client_tools import hubspot

from airflow_provider_mkt.client.call import Call, Quota, Replay, Route
from airflow_provider_mkt.client.transport.platform import Rate, Response

CALL = Call("test.read", Route("GET", "contacts"), dict, Replay.SAFE)


def _limit_response(limit: int, window: int = 10_000) -> Response:
    headers = {
        "X-HubSpot-RateLimit-Max": str(limit),
        "X-HubSpot-RateLimit-Interval-Milliseconds": str(window),
    }
    return Response(200, headers, b"{}")


@pytest.mark.parametrize(
    ("share", "first", "expected"),
    [(None, Rate(100, 10.0, assumed=True), Rate(190, 10.0)), (60, Rate(60, 10.0), Rate(60, 10.0))],
)
def test_hubspots_limit_is_used_as_reported_but_never_above_the_configured_share(
    share: int | None, first: Rate, expected: Rate
) -> None:
    platform = hubspot(calls_per_10_seconds=share)
    assert platform.rates[Quota.CALLS] == first
    assert platform.observed_rate(CALL, _limit_response(190)) == expected

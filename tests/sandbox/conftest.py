"""A HubSpot sandbox per module, which is reset for every test, and a client for it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings

BEARER = {"Authorization": f"Bearer {seed.TOKEN}"}
PROFILES = {
    "v3": {
        "campaigns": "/marketing/v3/campaigns",
        "contacts": "/crm/v3/objects/contacts",
        "emails": "/marketing/v3/emails",
        "account": "/account-info/v3",
        "oauth": "/oauth/v3",
    },
    "2026-03": {
        "campaigns": "/marketing/campaigns/2026-03",
        "contacts": "/crm/objects/2026-03/contacts",
        "emails": "/marketing/emails/2026-03",
        "account": "/account-info/2026-03",
        "oauth": "/oauth/2026-03",
    },
}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(only="hubspot") as sandbox:
        yield sandbox


@pytest.fixture
def box(running: Sandbox) -> Sandbox:
    hubspot = running.hubspot
    hubspot.latency = 0.0
    hubspot.limits.rate.limit, hubspot.limits.rate.seconds = 190, 10.0
    hubspot.limits.secondly.limit, hubspot.limits.daily.limit = 5, 625_000
    hubspot.limits.concurrency.limit = None
    for name, value in HubSpotSettings():
        setattr(hubspot.settings, name, value)
    hubspot.reset()
    return running


@pytest.fixture
def api(box: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=box.hubspot.url, headers=BEARER, timeout=10, verify=False) as client:
        yield client


@pytest.fixture(params=sorted(PROFILES))
def paths(request: pytest.FixtureRequest) -> dict[str, str]:
    """Prefixes of one profile; a test with this fixture runs with both."""
    return PROFILES[str(request.param)]

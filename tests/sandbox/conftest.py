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
    **{
        version: {
            "campaigns": f"/marketing/campaigns/{version}",
            "contacts": f"/crm/objects/{version}/contacts",
            "emails": f"/marketing/emails/{version}",
            "account": f"/account-info/{version}",
            "oauth": f"/oauth/{version}",
        }
        for version in ("2026-03", "2026-09")
    },
}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(only="hubspot") as sandbox:
        yield sandbox


@pytest.fixture
def box(running: Sandbox) -> Sandbox:
    hubspot = running.hubspot
    for name, value in HubSpotSettings():
        setattr(hubspot.settings, name, value)
    hubspot.reset()
    return running


@pytest.fixture(scope="module")
def client(running: Sandbox) -> Iterator[httpx.Client]:
    """A client that keeps its connection from test to test: a new one takes longer than most requests."""
    url = running.hubspot.url
    with httpx.Client(base_url=url, headers=BEARER, timeout=120, verify=False, trust_env=False) as client:
        yield client


@pytest.fixture
def api(box: Sandbox, client: httpx.Client) -> httpx.Client:
    """The client, and a sandbox as it is at the start."""
    return client


@pytest.fixture(params=sorted(PROFILES))
def paths(request: pytest.FixtureRequest) -> dict[str, str]:
    """Prefixes of one profile; a test with this fixture runs with each."""
    return PROFILES[str(request.param)]

"""One sandbox of both platforms per module, reset to its seed for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hubspot import Client
from hubspot_sdk import HubSpot
from marketorestpython.client import MarketoClient
from public_clients import hubspot_client, hubspot_sdk, marketo_client
from urllib3.util.retry import Retry

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def box(running: Sandbox) -> Sandbox:
    hubspot, marketo = running.hubspot, running.marketo
    for name, value in HubSpotSettings():
        setattr(hubspot.settings, name, value)
    hubspot.reset()
    marketo.reset()
    return running


@pytest.fixture
def client(box: Sandbox) -> Client:
    """HubSpot's own client, configured to call the sandbox and to check its models."""
    return hubspot_client(box)


@pytest.fixture
def retrying_client(box: Sandbox) -> Client:
    """HubSpot's own client with its own retries, as its manual shows them."""
    return hubspot_client(box, retry=Retry(total=3, backoff_factor=0, status_forcelist=(429, 500, 502, 504)))


@pytest.fixture
def sdk(box: Sandbox) -> HubSpot:
    """HubSpot's next client, on the dated paths. It rejects every response that does not match its models."""
    return hubspot_sdk(box)


@pytest.fixture(scope="module")
def signed_in(running: Sandbox) -> MarketoClient:
    return marketo_client(running)


@pytest.fixture
def marketo(box: Sandbox, signed_in: MarketoClient) -> MarketoClient:
    """The Marketo client with a token; one per module, because it delays its own calls."""
    return signed_in

"""Create public API clients that call the sandbox, through their own configuration."""

from __future__ import annotations

import json
from typing import Any

from hubspot import Client
from hubspot_sdk import HubSpot
from marketorestpython.client import MarketoClient

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.marketo import seed as marketo_seed


def hubspot_client(box: Sandbox, token: str = seed.TOKEN, *, checks: bool = True, **options: Any) -> Client:
    """Create HubSpot's Python client.

    It takes the host twice: ``base_url`` is for calls that it has no method for.

    :param checks: whether its models reject a missing required field or an unknown value. By default the
        client does not check.
    """
    return Client.create(
        access_token=token,
        host=box.hubspot.url,
        base_url=box.hubspot.url,
        client_side_validation=checks,
        **options,
    )


def marketo_client(
    box: Sandbox, client_id: str = marketo_seed.CLIENT_ID, secret: str = marketo_seed.CLIENT_SECRET
) -> MarketoClient:
    """Create marketorestpython's client, with the host replaced that it derives from the instance's id."""
    client = MarketoClient("123-ABC-456", client_id, secret, max_retry_time=10)
    client.host = box.marketo.url
    return client


def category(error: Any) -> str:
    """Return the category of an error response, which every exception of HubSpot's client has."""
    return str(json.loads(error.body)["category"])


def hubspot_sdk(box: Sandbox, token: str = seed.TOKEN, *, checks: bool = True) -> HubSpot:
    """Create HubSpot's next Python client, which calls the dated paths, without its own retries.

    :param checks: whether the client rejects a response that does not match its models. The models do not
        allow a property without a value, which HubSpot returns as null, so calls that read one turn it off.
    """
    return HubSpot(
        access_token=token, base_url=box.hubspot.url, max_retries=0, _strict_response_validation=checks
    )

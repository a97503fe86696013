"""Makes the clients that others wrote, each told by its own configuration to call the sandbox."""

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
    """HubSpot's Python client.

    Of its two ways to name a host, ``base_url`` is for the calls that it has no method for.

    :param checks: whether its models refuse what lacks a required field or has an unknown word; they let
        anything pass unless they are told.
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
    """marketorestpython. It makes its address from the instance's id alone, so that is put right."""
    client = MarketoClient("123-ABC-456", client_id, secret, max_retry_time=10)
    client.host = box.marketo.url
    return client


def category(error: Any) -> str:
    """The category of an error answer, as every one of the client's exceptions holds it."""
    return str(json.loads(error.body)["category"])


def hubspot_sdk(box: Sandbox, token: str = seed.TOKEN, *, checks: bool = True) -> HubSpot:
    """HubSpot's next Python client, which calls the dated paths and leaves its own retries off here.

    :param checks: whether an answer is refused that is not as the client's models say. They know no property
        without a value, which HubSpot answers as null, so calls that ask for such properties do without.
    """
    return HubSpot(
        access_token=token, base_url=box.hubspot.url, max_retries=0, _strict_response_validation=checks
    )

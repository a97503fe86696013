"""Makes the clients that others wrote, each told by its own configuration to call the sandbox."""

from __future__ import annotations

import json
from typing import Any

from hubspot import Client

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed


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


def category(error: Any) -> str:
    """The category of an error answer, as every one of the client's exceptions holds it."""
    return str(json.loads(error.body)["category"])

"""Runs calls against the HubSpot sandbox in their real drivers."""

from __future__ import annotations

import asyncio
import json
from typing import Any, TypeVar

import pytest

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.select import ahook_for
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

T = TypeVar("T")
CONN_ID = "sandboxed"


def connected(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, profile: str, token: str = seed.TOKEN
) -> HubSpotHook:
    """A hook for the sandbox, in one profile."""
    connection = {
        "conn_type": "hubspot",
        "host": box.hubspot.url,
        "password": token,
        "extra": {"api_version": profile},
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(connection))
    return HubSpotHook(CONN_ID)


def both(hook: HubSpotHook, call: Call[T]) -> T:
    """The result of a call on this thread; on a loop it has to be the same."""

    async def on_a_loop() -> Any:
        async with await ahook_for(CONN_ID) as other:
            return await other.arun(call)

    here, there = hook.run(call), asyncio.run(on_a_loop())
    assert here == there
    return here

"""Run calls against the HubSpot sandbox in both drivers."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any, TypeVar

import pytest
from calls.hubspot_answers import ANSWERS
from calls.shapes import check

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.hubspot.platform import HubSpot, HubSpotAccount
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.client.ratelimit.budget import SharedBudget
from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore
from airflow_provider_mkt.client.transport.drivers import AsyncDriver, SyncDriver
from airflow_provider_mkt.client.transport.exchange import Reply, RetryPolicy, Session, exchange
from airflow_provider_mkt.hooks.base import ahook_for
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

T = TypeVar("T")
CONN_ID = "sandboxed"
PROFILES_AND_WAYS = [*zip(PROFILES, ("sync", "async", "sync"), strict=True)]
"""Each profile, and each driver with one of them."""


def connected(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, profile: str, token: str = seed.TOKEN
) -> HubSpotHook:
    """Return a hook for the sandbox with one profile."""
    connection = {
        "conn_type": "hubspot",
        "host": box.hubspot.url,
        "password": token,
        "extra": {"api_version": profile},
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(connection))
    return HubSpotHook(CONN_ID)


def both(hook: HubSpotHook, call: Call[T]) -> T:
    """Return the result of a call, which must be the same in both drivers."""

    async def on_a_loop() -> Any:
        async with await ahook_for(CONN_ID) as other:
            return await other.arun(call)

    reply = hook.reply(call)
    # Every test that runs a call checks the format of its response.
    check(ANSWERS, call.name, hook.platform.account.api_version, reply.envelope)  # type: ignore[attr-defined]
    here, there = reply.value, asyncio.run(on_a_loop())
    assert here == there
    return here


def _boundless() -> SharedBudget:
    """Return a budget without a limit."""
    return SharedBudget(SQLiteStore(Path(tempfile.gettempdir()) / "never-made.db"), {})


@dataclasses.dataclass
class Runner:
    """One account and one driver.

    :param way: ``sync`` or ``async``.
    """

    url: str
    profile: str
    way: str
    token: str = seed.TOKEN

    def with_token(self, token: str) -> Runner:
        return dataclasses.replace(self, token=token)

    def reply(self, call: Call[T]) -> Reply[T]:
        account = HubSpotAccount(base_url=self.url, api_version=self.profile, access_token=self.token)  # type: ignore[arg-type]
        session = Session(HubSpot(account), policy=RetryPolicy(base=0.01, cap=0.01))

        async def on_a_loop() -> Reply[T]:
            async with AsyncDriver(_boundless()) as driver:
                return await driver.pump(exchange(call, session))

        if self.way == "sync":
            with SyncDriver(_boundless()) as driver:
                reply = driver.pump(exchange(call, session))
        else:
            reply = asyncio.run(on_a_loop())
        check(ANSWERS, call.name, self.profile, reply.envelope)
        return reply

    def __call__(self, call: Call[T]) -> T:
        return self.reply(call).value

    def pages(self, call: Call[list[T]]) -> list[list[T]]:
        found: list[list[T]] = []
        page: Call[list[T]] | None = call
        while page is not None:
            reply = self.reply(page)
            found.append(reply.value)
            page = page.next_page(reply.envelope)
        return found

    def every(self, call: Call[list[T]]) -> list[T]:
        return [row for page in self.pages(call) for row in page]

"""HubSpot's search limit counts for the account, whichever of its tokens are used."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from airflow_provider_mkt.client.hubspot import platform
from airflow_provider_mkt.client.hubspot.contacts import contact_search
from airflow_provider_mkt.client.ratelimit.budget import forget_budgets
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.hooks.base import ahook_for
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

ONE = contact_search.search(
    [[{"property_name": "email", "operator": "EQ", "value": "ada@example.com"}]], properties=["email"]
)
DETAILS = ("GET", "/account-info/2026-09/details")


@pytest.fixture(autouse=True)
def two_tokens(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The account of a token that was used before is known.
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(platform, "SEARCHES", Rate(5, 0.3))
    sandbox.hubspot.limits.secondly.seconds = 0.3
    for name, token in (("one", seed.TOKEN), ("two", seed.READ_ONLY_TOKEN)):
        connection = {"conn_type": "hubspot", "host": sandbox.hubspot.url, "password": token}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))


def search(conn_id: str) -> int:
    with HubSpotHook(conn_id) as hook:
        return sum(len(hook.run(ONE)) for _ in range(8))


def test_tokens_of_one_account_share_the_search_limit(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(search, ["one", "two"] * 2)) == 32
    # With a limit for each token, every second search would be one too many. A busy machine delays some.
    assert sandbox.hubspot.limits.refused["secondly"] <= 8


def test_the_account_is_read_once_per_token_and_machine(sandbox: Sandbox) -> None:
    async def on_a_loop() -> int:
        async with await ahook_for("two") as hook:
            return len(await hook.arun(ONE))

    for _ in range(2):
        with HubSpotHook("one") as hook:
            assert len(hook.run(ONE)) == 1
        assert asyncio.run(on_a_loop()) == 1
        assert sandbox.hubspot.calls.of(*DETAILS).total == 2
        # As in another process.
        forget_budgets()


def test_a_search_does_not_fail_where_the_account_cannot_be_read(sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*/details", answer={"status": 403}, times=None)
    with HubSpotHook("one") as hook:
        assert len(hook.run(ONE)) == len(hook.run(ONE)) == 1
    assert sandbox.hubspot.calls.of(*DETAILS).total == 1

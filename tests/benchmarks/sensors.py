"""A thousand deferred sensors in one process: lag of the event loop, and calls.

``sensors.py [hubspot] [marketo]``.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import time
from collections import Counter
from typing import Any

import httpx
from bench import NO_LIMITS, Platform, Served, airflow_home, heading, line, selected_platforms, served

from airflow_provider_mkt.client.ratelimit import budget

SENSORS = 1_000
SECONDS = 30.0
POLL_INTERVAL = 10.0
TICK = 0.01


def endless(box: Served, platform: Platform) -> dict[str, str]:
    """Return a job that runs longer than the measurement."""
    from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
    from airflow_provider_mkt.sandbox.marketo import seed as marketo

    if platform.name == "hubspot":
        return {"platform": "hubspot", "kind": "email_publish", "id": hubspot.NEWSLETTER_EMAIL}
    box.control("marketo", "settings", {"import_startup": 3600.0})
    url = box.urls["marketo"]
    client = {"client_id": marketo.CLIENT_ID, "client_secret": marketo.CLIENT_SECRET}
    query = {"grant_type": "client_credentials", **client}
    token = httpx.get(f"{url}identity/oauth/token", params=query).json()["access_token"]
    response = httpx.post(
        f"{url}bulk/v1/leads.json",
        params={"format": "csv"},
        headers={"Authorization": f"Bearer {token}"},
        files={"file": ("leads.csv", b"email\na@example.com\n")},
    ).json()
    return {"platform": "marketo", "kind": "lead_import", "id": str(response["result"][0]["batchId"])}


async def wait_with_all(job: dict[str, str], conn_id: str) -> list[float]:
    """Run all triggers for a while, and return the lag of each tick of the event loop in seconds."""
    from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

    ended: Counter[str] = Counter()

    async def follow() -> None:
        trigger = BatchStatusTrigger(conn_id, [job], time.time() + 3600, poll_interval=POLL_INTERVAL)
        async for event in trigger.run():
            ended[event.payload["status"]] += 1

    tasks = [asyncio.create_task(follow()) for _ in range(SENSORS)]
    late = []
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        before = time.monotonic()
        await asyncio.sleep(TICK)
        late.append(time.monotonic() - before - TICK)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not ended, ended
    return late


def token_requests(counters: dict[str, Any]) -> int:
    return sum(one["total"] for one in counters["routes"] if "oauth" in one["route"])


def measure(box: Served, platform: Platform, limits: str) -> None:
    box.control(platform.name, "reset", {})
    off = limits == "off"
    if off:
        box.control(platform.name, "limits", NO_LIMITS)
    job = endless(box, platform)
    # A process keeps the budget of an account, with the rate of the first connection.
    budget.forget_budgets()
    before = box.control(platform.name, "calls")
    late = asyncio.run(wait_with_all(job, f"{platform.name}_{'unbound' if off else 'default'}"))
    after = box.control(platform.name, "calls")
    tokens = token_requests(after) - token_requests(before)
    calls = after["all"]["total"] - before["all"]["total"] - tokens
    allowed = "" if off else f"{platform.window_calls * -(-SECONDS // platform.window_seconds):.0f}"
    line(
        platform.name,
        limits,
        f"{statistics.median(late) * 1000:.1f} ms",
        f"{statistics.quantiles(late, n=100)[98] * 1000:.0f} ms",
        f"{max(late) * 1000:.0f} ms",
        calls,
        allowed,
        sum(after["all"]["refused"].values()),
        tokens,
    )


def main(platforms: list[Platform]) -> None:
    logging.disable(logging.WARNING)
    heading("platform", "limits", "median lag", "99 %", "maximum", "calls", "allowed", "rejected", "tokens")
    with served() as box, airflow_home(box):
        for platform in platforms:
            for limits in ("on", "off"):
                measure(box, platform, limits)


if __name__ == "__main__":
    main(selected_platforms(sys.argv[1:]))

"""Thousands of deferred sensors in one process: calls in a round, CPU for each call, connections.

``sensors.py [hubspot] [marketo] [1000] [5000]``.

Two kinds of waits are measured: *together*, for things that the platform can return in one call, and *alone*,
for things that it cannot. A loop of httpx and asyncio makes calls like those that run alone, for comparison.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from bench import NO_LIMITS, Platform, Served, airflow_home, heading, line, selected_platforms, served

from airflow_provider_mkt.client.ratelimit import budget

SENSORS = (1_000, 5_000)
SECONDS = 40.0
POLL_INTERVAL = 10.0
START = 5.0
START_MAX = 300.0
CALM = 0.1
TICK = 0.05
BARE_CALLS = 400

Trigger = Callable[[str], Any]


def token(box: Served, platform: Platform) -> str:
    """Return an access token."""
    from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
    from airflow_provider_mkt.sandbox.marketo import seed as marketo

    if platform.name == "hubspot":
        return hubspot.TOKEN
    client = {"client_id": marketo.CLIENT_ID, "client_secret": marketo.CLIENT_SECRET}
    query = {"grant_type": "client_credentials", **client}
    answer = httpx.get(f"{box.urls['marketo']}identity/oauth/token", params=query).json()
    return str(answer["access_token"])


def created(box: Served, platform: Platform, count: int) -> list[str]:
    """Create things that can be read together, and return their ids: emails, or jobs that export leads."""
    headers = {"Authorization": f"Bearer {token(box, platform)}"}
    ids = []
    with httpx.Client(headers=headers, base_url=box.urls[platform.name]) as client:
        for number in range(count):
            if platform.name == "hubspot":
                body: Any = {"name": f"Draft {number}"}
                ids.append(client.post("marketing/emails/2026-09", json=body).json()["id"])
            else:
                between = {"startAt": "2025-01-01T00:00:00Z", "endAt": "2025-01-02T00:00:00Z"}
                body = {"fields": ["id"], "filter": {"createdAt": between}}
                answer = client.post("bulk/v1/leads/export/create.json", json=body).json()
                ids.append(answer["result"][0]["exportId"])
    return ids


def together(box: Served, platform: Platform, count: int) -> list[Trigger]:
    from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

    kind = "email_publish" if platform.name == "hubspot" else "lead_export"
    jobs = [{"platform": platform.name, "kind": kind, "id": one} for one in created(box, platform, count)]
    return [
        lambda conn_id, job=job: BatchStatusTrigger(
            conn_id, [job], time.time() + 3600, poll_interval=POLL_INTERVAL
        )
        for job in jobs
    ]


def alone(box: Served, platform: Platform, count: int) -> list[Trigger]:
    from airflow_provider_mkt.triggers.condition import ConditionTrigger

    def condition(number: int) -> dict[str, Any]:
        if platform.name == "hubspot":
            return {"name": "in_sequence", "arguments": {"contact_id": str(90_002_000_000 + number)}}
        return {
            "name": "leads_matching",
            "arguments": {"field": "email", "value": f"nobody{number}@example.com", "count": 1},
        }

    return [
        lambda conn_id, number=number: ConditionTrigger(
            conn_id, condition(number), time.time() + 3600, poll_interval=POLL_INTERVAL
        )
        for number in range(count)
    ]


async def wait_with_all(
    triggers: list[Trigger], conn_id: str, started: Callable[[], None], ended: Callable[[], None]
) -> tuple[list[float], int]:
    """Run all triggers for a while.

    :param started: called when all of them have started.
    :param ended: called before they are canceled, which takes CPU time too.
    :returns: the lag of each tick of the event loop in seconds, and the most sockets that were open.
    """
    events: Counter[str] = Counter()

    async def follow(make: Trigger) -> None:
        async for event in make(conn_id).run():
            events[f"{event.payload['status']} {event.payload['message']}"] += 1

    before, sockets = open_sockets(), 0
    tasks = [asyncio.create_task(follow(one)) for one in triggers]
    # All have started when a turn of the loop is short again.
    began, turn = time.monotonic(), 0.0
    while (waited := time.monotonic() - began) < START or (turn > CALM and waited < START_MAX):
        turned_at = time.monotonic()
        await asyncio.sleep(CALM)
        turn = time.monotonic() - turned_at - CALM
    started()
    late = []
    until, counted_at = time.monotonic() + SECONDS, 0.0
    while time.monotonic() < until:
        began = time.monotonic()
        await asyncio.sleep(TICK)
        late.append(time.monotonic() - began - TICK)
        if began - counted_at > 0.5:
            sockets, counted_at = max(sockets, open_sockets() - before), began
    ended()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not events, events
    return late, sockets


def open_sockets() -> int:
    count = 0
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{number}").startswith("socket:")
    return count


def token_requests(counters: dict[str, Any]) -> int:
    return sum(one["total"] for one in counters["routes"] if "oauth" in one["route"])


async def bare(url: str, headers: dict[str, str], path: str) -> float:
    """Return the CPU seconds of a call by httpx alone, ten at the same time."""
    async with httpx.AsyncClient(base_url=url, headers=headers) as client:
        left = iter(range(BARE_CALLS))

        async def work() -> None:
            for number in left:
                (await client.get(path.format(number))).content.decode()

        await client.get(path.format(0))
        began = time.process_time()
        await asyncio.gather(*(work() for _ in range(10)))
        return (time.process_time() - began) / BARE_CALLS


def measure(box: Served, platform: Platform, kind: str, count: int) -> None:
    box.control(platform.name, "reset", {})
    limits = box.control(platform.name, "limits")
    as_served = {
        "rate": limits["rate"]["limit"],
        "seconds": limits["rate"]["seconds"],
        **{name: limits[name]["limit"] for name in ("daily", "concurrency", "secondly")},
    }
    box.control(platform.name, "limits", NO_LIMITS)
    headers = {"Authorization": f"Bearer {token(box, platform)}"}
    path = (
        "automation/sequences/2026-09/enrollments/contact/9000200{:04}"
        if platform.name == "hubspot"
        else "rest/v1/leads.json?filterType=email&filterValues=nobody{}@example.com&fields=id"
    )
    a_call = asyncio.run(bare(box.urls[platform.name], headers, path))
    triggers = (together if kind == "together" else alone)(box, platform, count)
    box.control(platform.name, "limits", as_served)
    # What was called until now counts in the platform's window.
    time.sleep(platform.window_seconds)
    # A process keeps the budget of an account, with the rate of the first connection.
    budget.forget_budgets()
    before: dict[str, Any] = {}
    began = [time.process_time()]

    def started() -> None:
        before.update(box.control(platform.name, "calls"))
        began.append(time.process_time())

    after: dict[str, Any] = {}

    def ended() -> None:
        began.append(time.process_time())
        after.update(box.control(platform.name, "calls"))

    late, sockets = asyncio.run(wait_with_all(triggers, f"{platform.name}_default", started, ended))
    start, cpu = began[1] - began[0], began[2] - began[1]
    calls = after["all"]["total"] - before["all"]["total"]
    calls -= token_requests(after) - token_requests(before)
    refused = sum(after["all"]["refused"].values()) - sum(before["all"]["refused"].values())
    line(
        platform.name,
        kind,
        f"{count:,}",
        calls,
        f"{platform.window_calls * -(-SECONDS // platform.window_seconds):.0f}",
        refused,
        f"{cpu / max(calls, 1) * 1000:.1f} ms",
        f"{cpu / max(calls, 1) / a_call:.1f}",
        f"{start / count * 1000:.1f} ms",
        sockets,
        f"{statistics.quantiles(late, n=100)[98] * 1000:.0f} ms",
        f"{max(late) * 1000:.0f} ms",
    )


def main(platforms: list[Platform], counts: list[int]) -> None:
    logging.disable(logging.WARNING)
    heading(
        "platform",
        "polls",
        "sensors",
        "calls",
        "allowed",
        "rejected",
        "CPU per call",
        "to bare httpx",
        "CPU to start one",
        "sockets",
        "99 % lag",
        "maximum",
    )
    with served() as box, airflow_home(box):
        for platform in platforms:
            for count in counts:
                for kind in ("together", "alone"):
                    measure(box, platform, kind, count)


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:] if one.isdecimal()]
    main(selected_platforms(sys.argv[1:]), numbers or list(SENSORS))

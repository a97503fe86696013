"""Exports of large files, and how soon watchers notice a change.

``exports.py [contacts] [limits] [activities] [watchers] [csv] [parquet] [rows ...]``: by default all four,
with 100,000 and 1,000,000 contacts, and 1,000,000 and 6,000,000 activities in both formats. The sandbox of
the contacts keeps them in memory. Activities it makes while it writes the file of a job, which takes 200
bytes for each on the same machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from bench import (
    HUBSPOT,
    MARKETO,
    NO_LIMITS,
    Platform,
    Served,
    airflow_environment,
    airflow_home,
    heading,
    line,
    run_task,
    served,
)
from sensors import token

from airflow_provider_mkt.cli import connections
from airflow_provider_mkt.cli.serve import _collect_rarely, _to_json
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo.activities.store import Activity, Attributes

SECTIONS = ("contacts", "limits", "activities", "watchers")
CONTACTS = (100_000, 1_000_000)
ACTIVITIES = (1_000_000, 6_000_000)
ENDINGS = ("csv", "parquet")
POLLED_EACH = 5.0
"""Seconds between two polls of an export of activities, whose default is a minute."""
LIMITED = 60_000
"""Contacts of the exports within the limits: 600 calls that list, 300 that search."""
PROPERTIES = ["email", "firstname", "lastname", "city"]
LISTING = "/crm/objects/2026-09/contacts"
SEARCH = f"{LISTING}/search"
SEARCHES_PER_SECOND = 5
LATENCIES = (0.0, 0.1, 0.3)
DAYS = 30
POLL_INTERVAL = 2.0
CHANGES = 12
WATCHERS = 4
WATCHED_SECONDS = 30.0
APART = 1.3
"""Seconds between the beginnings of watchers that begin at different times."""

BARE_DOWNLOAD = """
import hashlib, json, resource, sys
import httpx

url, token, path, checked = sys.argv[1:]
digest = hashlib.sha256()

def used():
    now = resource.getrusage(resource.RUSAGE_SELF)
    return now.ru_utime + now.ru_stime

headers = {"Authorization": f"Bearer {token}"}
with httpx.Client(timeout=600, headers=headers) as client, open(path, "wb") as file:
    began = used()
    with client.stream("GET", url) as answer:
        answer.raise_for_status()
        for part in answer.iter_bytes():
            file.write(part)
            if checked == "checked":
                digest.update(part)
    print(json.dumps({"cpu": used() - began, "bytes": file.tell()}))
"""


# -- the sandbox, in its own process -----------------------------------------------------------------


def serve(contacts: int, activities: int) -> None:
    """Serve a sandbox that has so many contacts and activities, until it is ended."""
    sandbox = Sandbox()
    _collect_rarely()
    hubspot, marketo = sandbox.hubspot, sandbox.marketo
    began = hubspot.clock.time() - 3600
    for number in range(contacts):
        values = {
            "email": f"p{number}@example.com",
            "firstname": f"First {number % 5_000}",
            "lastname": f"Last {number % 50}",
            "city": "Bern" if number % 3 else "Basel",
        }
        hubspot.state.contacts.create(values, at=began + 3000 * number / contacts)
    hubspot.settings.export_startup = 0.0
    marketo.settings.export_minutes = 0.0
    marketo.settings.export_quota_bytes = 1 << 40
    if activities:
        rows = Activities(activities, marketo.clock.now())
        marketo.state.log.all = rows.all  # type: ignore[method-assign,assignment]
    sandbox.start()
    served_here = [connections.of_hubspot(sandbox), connections.of_marketo(sandbox)]
    sandbox.serve_forever(lambda: print(_to_json(served_here), flush=True))


class Activities:
    """Activities of the 30 days before a moment, made one by one: ten million are too many for the memory."""

    def __init__(self, count: int, until: datetime) -> None:
        self._count = count
        self._since = until - timedelta(days=DAYS)

    def all(self, type_id: int | None = None) -> Iterator[Activity]:
        attributes: Attributes = {"Client IP Address": "192.0.2.1", "Webpage URL": "/products/spring?a=1"}
        step = timedelta(days=DAYS - 1) / self._count
        for number in range(self._count):
            at = self._since + step * number
            guid = str(uuid.UUID(int=number))
            yield Activity(number, guid, 1, 1 + number % 100_000, at, at, attributes, None, 7, "products")


@contextmanager
def filled(home: Path, contacts: int, activities: int) -> Iterator[Served]:
    """Serve a sandbox that has so many contacts and activities, to which the connections of *home* lead."""
    with served([sys.executable, __file__, "serve", str(contacts), str(activities)]) as box:
        airflow_environment(box, home)
        yield box


# -- exports -----------------------------------------------------------------------------------------


def calls(box: Served, platform: Platform) -> int:
    return int(box.control(platform.name, "calls")["all"]["total"])


def figures(result: dict[str, Any]) -> tuple[str, ...]:
    """Return rows per second, CPU per row and the memory that the task added."""
    outcome = result["outcome"]
    return (
        f"{outcome['rows'] / max(outcome['seconds'], 1):,.0f}",
        f"{result['work_cpu'] / outcome['rows'] * 1e6:.0f} µs",
        f"{(result['peak'] - result['base']) / 1024:.0f} MB",
    )


def contacts_exported(home: Path, sizes: list[int]) -> None:
    heading("method", "file", "contacts", "calls", "contacts/s", "CPU per contact", "added by the task")
    for rows in sizes:
        with filled(home, rows, 0) as box:
            box.control("hubspot", "limits", NO_LIMITS)
            for method, ending in (("list", "csv"), ("job", "csv"), ("job", "parquet")):
                before = calls(box, HUBSPOT)
                output = home / f"contacts.{ending}"
                result = run_task(
                    home,
                    "object_exports",
                    "ExportObjectsOperator",
                    conn_id="hubspot_unbound",
                    output_path=output.as_uri(),
                    properties=PROPERTIES,
                    method=method,
                    poll_interval=0.5,
                )
                output.unlink()
                assert result["outcome"]["rows"] >= rows, result
                line(
                    method,
                    ending,
                    f"{result['outcome']['rows']:,}",
                    f"{calls(box, HUBSPOT) - before:,}",
                    *figures(result),
                )


def within_the_limits(home: Path) -> None:
    """Export contacts with HubSpot's limits: the time that the calls took, compared with the least."""
    heading("method", "latency", "calls", "seconds", "least by the limit", "share of the limit", "rejected")
    for method in ("list", "search"):
        for latency in LATENCIES:
            with filled(home, LIMITED, 0) as box:
                box.control("hubspot", "limits", {"latency": latency})
                now = datetime.now(UTC)
                span = {"start": (now - timedelta(hours=2)).isoformat(), "end": now.isoformat()}
                result = run_task(
                    home,
                    "object_exports",
                    "ExportObjectsOperator",
                    conn_id="hubspot_default",
                    output_path=(home / "contacts.csv").as_uri(),
                    properties=PROPERTIES,
                    method="list",
                    **(span if method == "search" else {}),
                )
                assert result["outcome"]["rows"] >= LIMITED, result
                of = ("GET", LISTING) if method == "list" else ("POST", SEARCH)
                made = box.calls(HUBSPOT, *of)
                took = made["last"] - made["first"]
                least = (
                    (made["total"] - 1) // HUBSPOT.window_calls * HUBSPOT.window_seconds
                    if method == "list"
                    else (made["total"] - 1) / SEARCHES_PER_SECOND
                )
                line(
                    method,
                    f"{latency:g} s",
                    made["total"],
                    f"{took:.1f}",
                    f"{least:.1f}",
                    f"{least / took:.0%}",
                    sum(made["refused"].values()),
                )


def activities_exported(home: Path, sizes: list[int], endings: list[str]) -> None:
    heading(
        "file",
        "activities",
        "bytes",
        "calls",
        "activities/s",
        "CPU per activity",
        "added by the task",
        "CPU s",
        "bare download, CPU s",
        "ratio",
        "bare with its checksum, CPU s",
        "ratio",
    )
    for rows in sizes:
        with filled(home, 0, rows) as box:
            box.control("marketo", "limits", NO_LIMITS)
            now = datetime.now(UTC)
            bare: list[float] = []
            for ending in endings:
                before = calls(box, MARKETO)
                output = home / f"activities.{ending}"
                result = run_task(
                    home,
                    "exports",
                    "ExportActivitiesOperator",
                    conn_id="marketo_unbound",
                    output_path=output.as_uri(),
                    activity_type_ids=[1],
                    start=(now - timedelta(days=DAYS)).isoformat(),
                    end=now.replace(microsecond=0).isoformat(),
                    poll_interval=POLLED_EACH,
                )
                made, outcome = calls(box, MARKETO) - before, result["outcome"]
                output.unlink()
                assert outcome["rows"] == rows, outcome
                job = outcome["export_ids"][0]
                bare = bare or [download(box, home, job, how)["cpu"] for how in ("unchecked", "checked")]
                line(
                    ending,
                    f"{outcome['rows']:,}",
                    f"{outcome['bytes'] / 1e6:.0f} MB",
                    made,
                    *figures(result),
                    f"{result['work_cpu']:.1f}",
                    *(text for one in bare for text in (f"{one:.1f}", f"{result['work_cpu'] / one:.1f}")),
                )


def download(box: Served, home: Path, export_id: str, how: str) -> dict[str, float]:
    """Download the file of a job with httpx alone, in its own process.

    :param how: ``checked`` where its SHA-256 is made too, which Marketo states.
    """
    url = f"{box.urls['marketo']}bulk/v1/activities/export/{export_id}/file.json"
    file = home / "bare.csv"
    command = [sys.executable, "-c", BARE_DOWNLOAD, url, token(box, MARKETO), str(file), how]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    file.unlink()
    measured: dict[str, float] = json.loads(output)
    return measured


# -- watchers ----------------------------------------------------------------------------------------


@asynccontextmanager
async def watching(
    conn_ids: list[str], apart: float = 0.0
) -> AsyncIterator[asyncio.Queue[tuple[float, list[str]]]]:
    """Watch for new leads, one watcher for each connection. Yields the events with their times.

    :param apart: seconds between the beginnings of two watchers.
    """
    from airflow_provider_mkt.triggers.leads import NewLeadsTrigger

    events: asyncio.Queue[tuple[float, list[str]]] = asyncio.Queue()

    async def follow(conn_id: str) -> None:
        async for event in NewLeadsTrigger(conn_id, poll_interval=POLL_INTERVAL).run():
            events.put_nowait((time.monotonic(), event.payload["ids"]))

    tasks = []
    for one in conn_ids:
        tasks.append(asyncio.create_task(follow(one)))
        await asyncio.sleep(apart)
    try:
        # They have begun, and noted where the feed ends.
        await asyncio.sleep(3 * POLL_INTERVAL)
        yield events
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def create_lead(client: httpx.AsyncClient, platform: Platform, name: str) -> str:
    email = f"{name}@example.com"
    if platform is HUBSPOT:
        answer = await client.post(LISTING, json={"properties": {"email": email}})
        return str(answer.raise_for_status().json()["id"])
    answer = await client.post("/rest/v1/leads.json", json={"input": [{"email": email}]})
    return str(answer.raise_for_status().json()["result"][0]["id"])


async def seconds_to_event(box: Served, platform: Platform) -> list[float]:
    """Create leads one after another, and return the seconds after which each was in an event."""
    headers = {"Authorization": f"Bearer {token(box, platform)}"}
    took, chance = [], random.Random(1)
    async with (
        httpx.AsyncClient(base_url=box.urls[platform.name], headers=headers) as client,
        watching([f"{platform.name}_default"]) as events,
    ):
        for number in range(CHANGES):
            await asyncio.sleep(chance.uniform(0, POLL_INTERVAL))
            lead = await create_lead(client, platform, f"new{number}")
            created = time.monotonic()
            at, ids = await asyncio.wait_for(events.get(), 120)
            assert ids == [lead], (ids, lead)
            took.append(at - created)
    return took


async def calls_of_watchers(box: Served, platform: Platform, count: int, apart: float = 0.0) -> int:
    """Return the calls of watchers of one kind, in some time.

    :param apart: seconds between the beginnings of two watchers.
    """
    conn_ids = [f"{platform.name}_{count}_{apart:.0f}_{number}" for number in range(count)]
    for one in conn_ids:
        same = os.environ[f"AIRFLOW_CONN_{platform.name.upper()}_DEFAULT"]
        os.environ[f"AIRFLOW_CONN_{one.upper()}"] = same
    async with watching(conn_ids, apart):
        before = calls(box, platform)
        await asyncio.sleep(WATCHED_SECONDS)
        return calls(box, platform) - before


def watched(home: Path) -> None:
    heading(
        "platform",
        "poll interval",
        "changes",
        "median to the event",
        "longest",
        f"calls in {WATCHED_SECONDS:.0f} s: 1 watcher",
        f"{WATCHERS} watchers",
        f"{WATCHERS} that began {APART:g} s apart",
    )
    for platform in (HUBSPOT, MARKETO):
        with filled(home, 0, 0) as box:
            took = asyncio.run(seconds_to_event(box, platform))
            alone = asyncio.run(calls_of_watchers(box, platform, 1))
            together = asyncio.run(calls_of_watchers(box, platform, WATCHERS))
            one_by_one = asyncio.run(calls_of_watchers(box, platform, WATCHERS, APART))
            line(
                platform.name,
                f"{POLL_INTERVAL:g} s",
                len(took),
                f"{statistics.median(took):.1f} s",
                f"{max(took):.1f} s",
                alone,
                together,
                one_by_one,
            )


def main(sections: list[str], sizes: list[int], endings: list[str]) -> None:
    with served() as box, airflow_home(box) as home:
        if "contacts" in sections:
            contacts_exported(home, sizes or list(CONTACTS))
        if "limits" in sections:
            within_the_limits(home)
        if "activities" in sections:
            activities_exported(home, sizes or list(ACTIVITIES), endings)
        if "watchers" in sections:
            watched(home)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main(
            [one for one in SECTIONS if one in sys.argv[1:]] or list(SECTIONS),
            [int(word) for word in sys.argv[1:] if word.isdigit()],
            [one for one in ENDINGS if one in sys.argv[1:]] or list(ENDINGS),
        )

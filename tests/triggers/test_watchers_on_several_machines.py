"""Watchers whose state is on a shared server: a triggerer that dies is replaced by one on another machine."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared_servers import line_to, server
from watching import Triggerer, change, watching
from workers import until

from airflow_provider_mkt.client.ratelimit import servers
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import NEW_LEAD
from airflow_provider_mkt.state import shared_state
from airflow_provider_mkt.triggers import _watcher
from airflow_provider_mkt.triggers.leads import NewLeadsTrigger

pytestmark = pytest.mark.usefixtures("short_waits")

TRIGGERER = """
import asyncio, json, os, sys
from airflow_provider_mkt.triggers.leads import NewLeadsTrigger

async def main():
    async for event in NewLeadsTrigger(sys.argv[1], poll_interval=1).run():
        with open(sys.argv[2], "a") as database:
            database.write(json.dumps(event.payload) + "\\n")
            database.flush()
            os.fsync(database.fileno())

asyncio.run(main())
"""


@pytest.fixture(params=["redis", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return server(request.param)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with connected() as sandbox:
        yield sandbox


@contextmanager
def machine(folder: Path, url: str) -> Iterator[None]:
    """Be another machine: a home of its own, and nothing in memory."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment_of(folder, url).items():
            patch.setenv(name, value)
        shared_state._servers.clear()
        yield


def environment_of(folder: Path, url: str) -> dict[str, str]:
    folder.mkdir(parents=True)
    return {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__MKT__STATE_DIR": str(folder / "state"),
        "AIRFLOW__MKT__SHARED_STATE_URL": url,
    }


def own_connection(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a connection that no earlier test has used: servers keep what its watchers know."""
    conn_id = f"marketo_{uuid.uuid4().hex}"
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", os.environ["AIRFLOW_CONN_MARKETO_DEFAULT"])
    return conn_id


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.sampled_from(["write", "write", "poll", "poll", "store", "not confirmed", "other machine"]),
        min_size=5,
        max_size=20,
    )
)
def test_every_lead_is_in_one_event_whichever_machine_the_triggerer_is_on(
    box: Sandbox, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: list[str]
) -> None:
    conn_id, homes = own_connection(monkeypatch), tmp_path / uuid.uuid4().hex
    leads: list[str] = []

    async def run() -> None:
        box.clock.advance(2)
        moves = 0
        parts = " ".join(["poll", *steps, "other machine", "end"]).split("other machine")
        async with aclosing(Triggerer(NewLeadsTrigger(conn_id), box)) as triggerer:
            for number, part in enumerate(parts):
                with machine(homes / str(number), url):
                    await take(part.replace("not confirmed", "unconfirmed").split(), triggerer)
                    # The machine is lost.
                    await triggerer.kill()
                    moves += 1
        assert moves >= 2
        assert triggerer.found == sorted(leads)

    async def take(part: list[str], triggerer: Triggerer) -> None:
        for step in part:
            match step:
                case "write":
                    lead = 50_000 + len(box.marketo.state.log)
                    leads.append(str(lead))
                    change(box, lead, NEW_LEAD)
                case "poll":
                    await triggerer.poll()
                    box.clock.advance(1)
                case "store":
                    await triggerer.store()
                case "unconfirmed":
                    await triggerer.store(confirm=False)
                case "end":
                    await triggerer.until_quiet()

    asyncio.run(run())


def test_a_triggerer_that_is_killed_is_replaced_on_another_machine(
    box: Sandbox, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn_id, database = own_connection(monkeypatch), tmp_path / "database.jsonl"
    polls = box.marketo.calls.of("GET", "/rest/v1/activities.json")
    written: list[str] = []

    def write() -> None:
        lead = 60_000 + len(box.marketo.state.log)
        written.append(str(lead))
        change(box, lead, NEW_LEAD)

    def events() -> list[dict[str, Any]]:
        lines = database.read_text().splitlines() if database.exists() else []
        return [json.loads(line) for line in lines]

    for number in range(3):
        before = polls.total
        environment = {**os.environ, **environment_of(tmp_path / f"machine{number}", url)}
        process = subprocess.Popen([sys.executable, "-c", TRIGGERER, conn_id, str(database)], env=environment)
        try:
            until(lambda before=before: polls.total > before)
            found = len(events())
            write()
            if number != 1:
                # In the database, and maybe not known to be.
                until(lambda found=found: len(events()) > found)
            write()
            if number == 2:
                until(lambda: {one for event in events() for one in event["ids"]} >= set(written))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        if number < 2:
            write()
    by_key = {event["key"]: event for event in events()}
    assert all(event == by_key[event["key"]] for event in events())
    assert sorted(one for event in by_key.values() for one in event["ids"]) == sorted(written)


def test_a_shared_server_that_is_away_is_waited_for(
    box: Sandbox,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(_watcher, "_RETRY_START", 0.05)
    monkeypatch.setattr(servers, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(servers, "_LONGEST_PAUSE", 0.1)
    monkeypatch.setattr(servers, "_logged_at", float("-inf"))
    trigger = NewLeadsTrigger(own_connection(monkeypatch))

    async def run() -> None:
        with line_to(url) as line, machine(tmp_path / "home", line.url):
            async with watching(trigger, box.clock.time) as watch:
                assert await watch.poll() is None
                box.clock.advance(2)
                line.cut()
                change(box, marketo.ANNA, NEW_LEAD)
                waiting = asyncio.ensure_future(watch.poll())
                # The budget of the account waits for the server, or else the state cannot be kept.
                await asyncio.to_thread(
                    until, lambda: "waiting for it" in caplog.text or "cannot be read" in watch.log.text
                )
                assert not waiting.done()
                line.mend()
                assert ((await waiting) or {}).get("ids") == [str(marketo.ANNA)]

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())

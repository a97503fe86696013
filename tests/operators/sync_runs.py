"""Running one ``sync`` task, and looking at what the platforms hold after it."""

from __future__ import annotations

import functools
import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow, Run
from workers import shorten_claims

from airflow_provider_mkt.actions.hubspot.contacts import ContactWriter
from airflow_provider_mkt.actions.marketo.leads import DatabaseLeadWriter
from airflow_provider_mkt.client.hubspot import platform as hubspot_platform
from airflow_provider_mkt.client.marketo import platform as marketo_platform
from airflow_provider_mkt.client.transport import drivers
from airflow_provider_mkt.client.transport.exchange import RetryPolicy
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sync import pipeline

BOTH = ["hubspot", "marketo"]
FIRST = {"hubspot": "firstname", "marketo": "firstName"}
KNOWN = {"hubspot": "ada@example.com", "marketo": "anna.berg@example.com"}
SEEDED = 5
SHORT = 0.4
"""Seconds that stand for the platform's own time limit of a call."""
MARGIN = 2.0
"""How much longer an answer is waited for where a test has one come late."""
LATE = SHORT + MARGIN + 0.5
"""Seconds after which no answer is waited for."""


def world(sandbox: Sandbox, platform: str) -> list[dict[str, Any]]:
    """Every lead the platform holds, with its id."""
    if platform == "hubspot":
        return [{"id": contact.id, **contact.properties} for contact in sandbox.hubspot.state.contacts.live()]
    return [{"id": str(lead.id), **lead.values} for lead in sandbox.marketo.state.leads]


def emails(sandbox: Sandbox, platform: str) -> Counter[str]:
    return Counter(str(lead.get("email")) for lead in world(sandbox, platform))


def of(sandbox: Sandbox, platform: str) -> Any:
    return sandbox.platforms[platform]


def write_calls(sandbox: Sandbox, platform: str) -> int:
    wanted = "/batch/" if platform == "hubspot" else "/leads.json"
    routes = of(sandbox, platform).calls.routes
    return sum(
        counter.total for (method, path), counter in routes.items() if method == "POST" and wanted in path
    )


def lines(uri: str) -> list[dict[str, Any]]:
    text = Path(uri.removeprefix("file://")).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def sync(airflow: Airflow, platform: str, arguments: str, before: str = "", **params: Any) -> Run:
    """Run one task ``sync`` with these arguments."""
    return airflow.run_tasks(
        f'{before}\nSyncLeadsOperator(task_id="sync", conn_id="{platform}_default", {arguments})', **params
    )


def succeeded(run: Run) -> dict[str, Any]:
    assert run.tasks == {"sync": "success"}, run.log[-4000:]
    outcome: dict[str, Any] = run.returned["sync"]
    counts = (outcome["created"], outcome["updated"], outcome["skipped"], outcome["rejected"])
    assert sum(counts) == outcome["total"]
    return outcome


def counted(outcome: dict[str, Any]) -> tuple[int, int, int, int]:
    return outcome["created"], outcome["updated"], outcome["skipped"], outcome["rejected"]


def failed(run: Run) -> str:
    assert run.tasks == {"sync": "failed"}, run.log[-4000:]
    return run.log


def send_few_at_once(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let a call send ten leads, so that few leads are many calls."""
    for writer in (ContactWriter, DatabaseLeadWriter):
        monkeypatch.setattr(writer, "batch_max", 10)
    return 10


def limit_day(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, platform: str, calls: int, reserve: int
) -> None:
    """Let the day have so many calls, of which some are reserved for other software."""
    name = f"AIRFLOW_CONN_{platform.upper()}_DEFAULT"
    given = json.loads(os.environ[name])
    # HubSpot says itself how many there are.
    quota = {"daily_quota": calls} if platform == "marketo" else {}
    given["extra"] = {**given.get("extra", {}), "daily_reserve": reserve, **quota}
    monkeypatch.setenv(name, json.dumps(given))
    of(sandbox, platform).limits.daily.limit = calls


def wait_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no answer that takes as long as ``LATE``. On a busy machine others may be late, too."""
    monkeypatch.setattr(drivers, "READ_MARGIN", MARGIN)


def shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait is as documented, only shorter; what is waited for stays the same."""
    fast = functools.partialmethod(RetryPolicy.__init__, base=0.02, cap=0.1)
    monkeypatch.setattr(RetryPolicy, "__init__", fast)
    # No answer is late because the machine is busy.
    monkeypatch.setattr(drivers, "READ_MARGIN", 120.0)
    # More at once take a busy machine longer than the shortened limits.
    make_platform = hubspot_platform.HubSpot.__init__

    def with_fewer_calls(
        platform: hubspot_platform.HubSpot, account: hubspot_platform.HubSpotAccount
    ) -> None:
        make_platform(platform, account)
        platform.max_concurrency = 20

    monkeypatch.setattr(hubspot_platform.HubSpot, "__init__", with_fewer_calls)
    monkeypatch.setattr(hubspot_platform, "WINDOW", 0.3)
    monkeypatch.setattr(marketo_platform, "WINDOW", 0.3)
    for code in ("606", "615"):
        rule = replace(marketo_platform._RULES[code], wait=0.1)
        monkeypatch.setitem(marketo_platform._RULES, code, rule)
    for writer in (ContactWriter, DatabaseLeadWriter):
        whole = writer.call

        def short(self: Any, records: Any, whole: Any = whole) -> Any:
            return replace(whole(self, records), timeout=SHORT)

        monkeypatch.setattr(writer, "call", short)
    made = DatabaseLeadWriter.__init__

    def make(self: Any, **options: Any) -> None:
        made(self, **options)
        self.quiet_after = min(self.quiet_after, SHORT)

    monkeypatch.setattr(DatabaseLeadWriter, "__init__", make)
    shorten_claims(monkeypatch, 0.3)
    monkeypatch.setattr(pipeline, "_TICK", 0.02)

"""Running one ``sync`` task, and looking at what the platforms hold after it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from airflow_runs import Airflow, Run

from airflow_provider_mkt.sandbox.server import Sandbox

BOTH = ["hubspot", "marketo"]
FIRST = {"hubspot": "firstname", "marketo": "firstName"}
KNOWN = {"hubspot": "ada@example.com", "marketo": "anna.berg@example.com"}
SEEDED = 5


def world(sandbox: Sandbox, platform: str) -> list[dict[str, Any]]:
    """Every lead the platform holds, with its id."""
    if platform == "hubspot":
        return [{"id": contact.id, **contact.properties} for contact in sandbox.hubspot.world.contacts.live()]
    return [{"id": str(lead.id), **lead.values} for lead in sandbox.marketo.world.leads]


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
    return airflow.run(
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

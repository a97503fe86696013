"""Runs of a sync that compares, one after another, and what the platform holds after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sync_runs import FIRST, of, world
from workers import context

from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox

REMOVAL = {"hubspot": "archive", "marketo": "delete"}


def person(number: int, platform: str, **fields: Any) -> dict[str, Any]:
    return {"id": number, "email": f"p{number}@example.com", FIRST[platform]: f"P{number}", **fields}


class Runs:
    """Runs of one sync, one after another."""

    def __init__(self, platform: str, folder: Path, **settings: Any) -> None:
        self.platform, self.number = platform, 0
        self.settings = {
            "changes": "changed",
            "row_key": "id",
            "state_path": str(folder / "sync"),
            "max_removed": None,
            "max_rejected": None,
            **settings,
        }

    def operator(self, rows: Any, **more: Any) -> SyncLeadsOperator:
        return SyncLeadsOperator(
            task_id="sync", conn_id=f"{self.platform}_default", leads=rows, **{**self.settings, **more}
        )

    def __call__(self, rows: Any, **more: Any) -> Any:
        self.number += 1
        return self.operator(rows, **more).execute(context(run=f"run {self.number}"))


def held(box: Sandbox, platform: str) -> dict[str, dict[str, Any]]:
    return {str(lead["email"]).lower(): lead for lead in world(box, platform) if lead.get("email")}


def sent(box: Sandbox, platform: str) -> int:
    """Calls that write leads."""
    wanted = (
        "/batch/upsert",
        "/batch/update",
        "/batch/create",
        "/batch/archive",
        "/leads.json",
        "/delete.json",
    )
    return sum(
        counter.total
        for (method, path), counter in of(box, platform).calls.routes.items()
        if method == "POST" and path.endswith(wanted)
    )


def adds_up(outcome: dict[str, Any]) -> None:
    names = ("written", "unchanged", "skipped", "rejected", "unknown", "suppressed", "not_sent")
    assert sum(outcome[name] for name in names) == outcome["total"], outcome
    if outcome["created"] is not None:
        assert outcome["created"] + outcome["updated"] == outcome["written"]


def counted(outcome: dict[str, Any], *names: str) -> tuple[int, ...]:
    adds_up(outcome)
    return tuple(outcome[name] for name in names or ("created", "updated", "unchanged", "rejected"))

"""Two runs at once that write the same new people: each person becomes one lead."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sync_runs import SEEDED, emails
from workers import Worker, until

from airflow_provider_mkt.operators import _bulk_import
from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.lead_intake import PushLeadsOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import PUSH_LEAD
from airflow_provider_mkt.sync import pipeline

PEOPLE = [{"email": f"{name}@example.com"} for name in ("ada", "ben", "cleo")]


@pytest.fixture
def marketo(sandbox: Sandbox, short_waits: None, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox; every call takes long enough for another one to search before it inserts."""
    monkeypatch.setattr(pipeline, "_TICK", 0.05)
    sandbox.marketo.latency = 0.5
    return sandbox


def syncing(leads: list[dict[str, str]], **more: Any) -> SyncLeadsOperator:
    return SyncLeadsOperator(task_id="sync", conn_id="marketo_default", leads=leads, **more)


def both(first: Any, second: Any) -> list[dict[str, Any]]:
    workers = [Worker(operator, run=run) for operator, run in ((first, "a"), (second, "b"))]
    ended = [worker.end() for worker in workers]
    assert all("result" in one for one in ended), ended
    return [one["result"] for one in ended]


def test_two_syncs_make_one_lead_of_each_person(marketo: Sandbox) -> None:
    outcomes = both(syncing(PEOPLE), syncing(PEOPLE))
    assert len(emails(marketo, "marketo")) == SEEDED + 3
    assert set(emails(marketo, "marketo").values()) == {1}
    assert sum(outcome["created"] for outcome in outcomes) == 3
    assert sum(outcome["updated"] for outcome in outcomes) == 3


def test_people_of_one_run_alone_do_not_wait_for_the_other(marketo: Sandbox) -> None:
    """Where two runs share some people, the others go with the first call."""
    marketo.marketo.faults.add("*/leads.json", method="POST", delay=3.0, times=1)
    first = Worker(syncing(PEOPLE[:2]), run="a")
    until(lambda: bool(marketo.marketo.faults.fired))
    second = Worker(syncing(PEOPLE[1:]), run="b")
    until(lambda: emails(marketo, "marketo")["cleo@example.com"] == 1)
    assert emails(marketo, "marketo")["ben@example.com"] == 0
    assert first.end()["result"]["created"] == 2
    outcome = second.end()["result"]
    assert (outcome["created"], outcome["updated"], outcome["calls"]) == (1, 1, 2)
    assert set(emails(marketo, "marketo").values()) == {1}


def test_a_sync_and_a_push(marketo: Sandbox) -> None:
    push = PushLeadsOperator(
        task_id="push", conn_id="marketo_default", program_name="Website Contacts", leads=PEOPLE
    )
    both(syncing(PEOPLE), push)
    assert set(emails(marketo, "marketo").values()) == {1}
    pushed = Counter(one.lead_id for one in marketo.marketo.state.log.all(PUSH_LEAD))
    assert sorted(pushed.values()) == [1, 1, 1]


@pytest.mark.parametrize("by_sync", [True, False])
def test_two_imports_take_turns(
    marketo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, by_sync: bool
) -> None:
    monkeypatch.setattr(_bulk_import, "_QUEUE_RETRY", (0.05, 0.1))
    marketo.marketo.latency = 0.0
    marketo.marketo.settings.import_startup = 30.0

    def importing(name: str) -> Any:
        path = tmp_path / f"{name}.csv"
        # Other content, so that the runs do not share an import.
        path.write_text("email,firstName\n" + "".join(f"{one['email']},{name}\n" for one in PEOPLE))
        shared = {"conn_id": "marketo_default", "source": path.as_uri(), "poll_interval": 0.05}
        if by_sync:
            return SyncLeadsOperator(task_id="import", mode="bulk", **shared)
        return ImportLeadsOperator(task_id="import", **shared)

    jobs = marketo.marketo.state.imports.all
    workers = [Worker(importing(run), run=run) for run in ("a", "b")]
    until(lambda: len(jobs()) == 1)
    marketo.clock.advance(60)
    until(lambda: len(jobs()) == 2)
    assert jobs()[0].ended
    marketo.clock.advance(60)
    assert [worker.end()["result"]["total"] for worker in workers] == [3, 3]
    assert set(emails(marketo, "marketo").values()) == {1}
    assert len(emails(marketo, "marketo")) == SEEDED + 3


def test_an_import_of_a_run_that_was_killed_is_waited_for(
    marketo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bulk_import, "_QUEUE_RETRY", (0.05, 0.1))
    marketo.marketo.latency = 0.0
    marketo.marketo.settings.import_startup = 30.0
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        path.write_text("email,firstName\n" + "".join(f"{one['email']},{path.name}\n" for one in PEOPLE))
    first, second = (
        ImportLeadsOperator(
            task_id="import", conn_id="marketo_default", source=path.as_uri(), poll_interval=0.05
        )
        for path in paths
    )
    jobs, calls = marketo.marketo.state.imports.all, marketo.marketo.calls
    killed = Worker(first, run="a")
    until(lambda: calls.of("GET", "/bulk/v1/leads/batch/{batchId}.json").total >= 2)
    killed.kill()
    other = Worker(second, run="b")
    polls = calls.of("GET", "/bulk/v1/leads/batch/{batchId}.json").total
    until(lambda: calls.of("GET", "/bulk/v1/leads/batch/{batchId}.json").total >= polls + 3)
    assert len(jobs()) == 1
    marketo.clock.advance(60)
    until(lambda: len(jobs()) == 2)
    marketo.clock.advance(60)
    assert other.end()["result"]["imported"] == 3
    assert set(emails(marketo, "marketo").values()) == {1}

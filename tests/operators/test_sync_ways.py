"""One sync, by calls or by the platform's import: its effect and its outcome are the same."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow_runs import Airflow
from import_runs import START, STATUS, jobs, max_in_flight, small_parts
from reliability.waits import with_short_quiet_time
from sync_runs import (
    BOTH,
    FIRST,
    SEEDED,
    emails,
    failed,
    lines,
    of,
    send_few_at_once,
    succeeded,
    sync,
    world,
    write_calls,
)
from workers import Worker, until

from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter
from airflow_provider_mkt.client.errors import InvalidRequest
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox

SCORE = {"hubspot": "lead_score", "marketo": "leadScore"}
CITY = {"hubspot": "city", "marketo": "city"}


@pytest.fixture(autouse=True)
def quick(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    max_in_flight(sandbox)


def messy(platform: str) -> str:
    """A CSV with rows of every kind: fine, with gaps, twice, refused by the platform, without key, torn."""
    rows = [f"email,{FIRST[platform]},city,{SCORE[platform]}"]
    rows += [f"fine{n}@example.com,Fine {n},Bern,{n}" for n in range(40)]
    rows += ["gap@example.com,,Bern,3", "gaps@example.com,,,", "twice@example.com,First,Bern,1"]
    rows += ["bad@example.com,Bad,Bern,many", ",Nobody,Bern,4", "torn@example.com,Torn"]
    rows += ["word@example.com,null,Bern,5", '"quoted@example.com","Ann ""A""\nLee",Zürich,6']
    rows += ["Twice@example.com,Second,Basel,2"]
    return "\n".join(rows) + "\n"


def held(box: Sandbox, platform: str) -> dict[str, dict[str, Any]]:
    """What the platform holds of each lead, by its key, as far as a source can say it."""
    reported = ("email", FIRST[platform], "city", SCORE[platform])
    return {
        str(lead["email"]).lower(): {name: str(lead.get(name) or "") for name in reported}
        for lead in world(box, platform)
    }


def rejected(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(lines(outcome["rejects"]), key=lambda line: line["row"]) if outcome["rejects"] else []


@pytest.mark.parametrize("blank", ["omit", "clear"])
@pytest.mark.parametrize("platform", BOTH)
def test_in_bulk_the_platform_and_the_outcome_are_those_of_calls(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, platform: str, blank: str
) -> None:
    (tmp_path / "leads.csv").write_text(messy(platform))
    before = [f"fine0@example.com,Old,Old,{0}", "gap@example.com,Old,Old,9", "gaps@example.com,Old,Old,9"]
    header = f"email,{FIRST[platform]},city,{SCORE[platform]}"
    (tmp_path / "before.csv").write_text("\n".join([header, *before]) + "\n")
    reported, states = {}, {}
    for mode in ("calls", "bulk"):
        of(sandbox, platform).reset()
        max_in_flight(sandbox)
        succeeded(sync(airflow, platform, f'source="{tmp_path}/before.csv"'))
        arguments = f'source="{tmp_path}/leads.csv", max_rejected=9, blank="{blank}", mode="{mode}"'
        run = sync(airflow, platform, f"{arguments}, poll_interval=0.05")
        reported[mode], states[mode] = succeeded_either_way(run), held(sandbox, platform)
        assert len(jobs(sandbox, platform)) == (mode == "bulk")
    assert states["bulk"] == states["calls"]
    for name in ("total", "written", "skipped", "rejected", "reasons"):
        assert reported["bulk"][name] == reported["calls"][name], name
    assert rejected(reported["bulk"]) == rejected(reported["calls"])
    assert {line["code"] for line in rejected(reported["bulk"])} >= {"UNREADABLE", "KEY_MISSING"}
    if platform == "hubspot":
        assert [reported["bulk"][name] - reported["calls"][name] for name in ("created", "updated")] == [0, 0]
    else:
        assert (reported["bulk"]["created"], reported["bulk"]["updated"]) == (None, None)


def succeeded_either_way(run: Any) -> dict[str, Any]:
    assert run.tasks == {"sync": "success"}, run.log[-6000:]
    outcome: dict[str, Any] = run.returned["sync"]
    assert outcome["written"] + outcome["skipped"] + outcome["rejected"] == outcome["total"]
    return outcome


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize("kind", ["list", "callable", "jsonl"])
def test_sources_of_every_kind_are_written_in_bulk(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, platform: str, kind: str
) -> None:
    people = [{"email": f"p{number}@example.com", FIRST[platform]: f"P {number}"} for number in range(50)]
    people[7]["city"] = "Bern"
    before, argument = "", f"leads={people!r}"
    if kind == "callable":
        # One that can be read only once.
        before, argument = f"turns = iter({people!r})\ndef produce():\n    return turns", "leads=produce"
    elif kind == "jsonl":
        (tmp_path / "p.jsonl").write_text("".join(json.dumps(one) + "\n" for one in people))
        argument = f'source="{tmp_path}/p.jsonl"'
    run = sync(airflow, platform, f'{argument}, mode="bulk", poll_interval=0.05', before)
    outcome = succeeded_either_way(run)
    assert (outcome["total"], outcome["written"], outcome["mode"]) == (50, 50, "bulk")
    assert len(jobs(sandbox, platform)) == 1
    names = {key: one[FIRST[platform]] for key, one in held(sandbox, platform).items()}
    assert [names[f"p{number}@example.com"] for number in range(50)] == [f"P {n}" for n in range(50)]
    assert held(sandbox, platform)["p7@example.com"]["city"] == "Bern"


@pytest.mark.parametrize("platform", BOTH)
def test_a_query_is_read_once_and_written_in_bulk(
    airflow: Airflow, sandbox: Sandbox, database: str, platform: str
) -> None:
    statement = f'SELECT mail, town, score, now() AS at FROM \\"{database}\\" ORDER BY score'
    columns = {"mail": "email", "town": "city", "score": None, "at": None}
    arguments = f'sql="{statement}", sql_conn_id="crm", columns={columns!r}, mode="bulk", poll_interval=0.05'
    outcome = succeeded_either_way(sync(airflow, platform, arguments))
    assert (outcome["total"], outcome["rejected"], outcome["mode"]) == (12_000, 0, "bulk")
    leads = held(sandbox, platform)
    assert len(leads) == 12_000 + SEEDED
    assert (leads["p3@example.com"]["city"], leads["p4@example.com"]["city"]) == ("", "Bern")


@pytest.mark.parametrize("platform", BOTH)
def test_in_auto_mode_a_small_source_goes_by_calls_and_one_that_the_day_has_no_calls_for_in_bulk(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    count = 30 * send_few_at_once(monkeypatch)
    before = f'leads = [{{"email": f"p{{i}}@example.com"}} for i in range({count})]'
    run = sync(airflow, platform, 'leads=leads, mode="auto", poll_interval=0.05', before)
    assert succeeded(run)["mode"] == "calls"
    assert "at the account's limit" in run.log
    assert jobs(sandbox, platform) == []

    name = f"AIRFLOW_CONN_{platform.upper()}_DEFAULT"
    given = json.loads(os.environ[name])
    extra = {**given.get("extra", {}), "daily_reserve": 40}
    limits = of(sandbox, platform).limits
    limits.daily.limit = limits.daily.used + 45
    if platform == "marketo":
        extra["daily_quota"] = limits.daily.limit
    monkeypatch.setenv(name, json.dumps({**given, "extra": extra}))
    run = sync(airflow, platform, 'leads=leads, mode="auto", poll_interval=0.05', before)
    outcome = succeeded_either_way(run)
    assert (outcome["mode"], outcome["written"]) == ("bulk", count)
    assert "and the day has" in run.log
    assert len(jobs(sandbox, platform)) == 1


@pytest.mark.parametrize("platform", BOTH)
def test_in_auto_mode_calls_that_would_take_longer_than_wanted_are_an_import(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, platform: str
) -> None:
    rows = "".join(f"p{n}@example.com,P {n}\n" for n in range(900))
    (tmp_path / "leads.csv").write_text(f"email,{FIRST[platform]}\n{rows}")
    arguments = f'source="{tmp_path}/leads.csv", mode="auto", bulk_after=0.1, poll_interval=0.05'
    outcome = succeeded_either_way(sync(airflow, platform, arguments))
    assert (outcome["mode"], outcome["written"]) == ("bulk", 900)
    assert write_calls(sandbox, platform) == 0 if platform == "hubspot" else True
    # With gaps in most rows, Marketo's import can do little of what calls do.
    rows = "p0@example.com,P\n" + "".join(f"p{n}@example.com,\n" for n in range(1, 900))
    (tmp_path / "leads.csv").write_text(f"email,{FIRST[platform]}\n{rows}")
    outcome = succeeded_either_way(sync(airflow, platform, arguments))
    assert outcome["mode"] == {"hubspot": "bulk", "marketo": "calls"}[platform]
    assert set(emails(sandbox, platform).values()) == {1}
    assert len(emails(sandbox, platform)) == SEEDED + 900


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ('action="updateOnly", lookup_field="hs_object_id"', "action"),
        ('outcomes_path="/tmp/o"', "outcomes_path"),
    ],
)
def test_what_no_import_can_do_is_refused_in_bulk_and_sent_by_calls_in_auto_mode(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, platform: str, arguments: str, named: str
) -> None:
    arguments = arguments.replace("/tmp/o", f"{tmp_path}/o.jsonl")
    if platform == "marketo":
        arguments = arguments.replace("hs_object_id", "id")
    key = "hs_object_id" if "hs_object_id" in arguments else "id" if "updateOnly" in arguments else "email"
    leads = [{key: "999999"}] if key != "email" else [{"email": "new@example.com"}]
    log = failed(sync(airflow, platform, f'leads={leads!r}, {arguments}, mode="bulk", retries=2'))
    assert f"{named}: an import" in log
    assert "up_for_retry" not in log
    assert write_calls(sandbox, platform) == 0
    # A record id that does not exist is rejected.
    run = sync(airflow, platform, f'leads={leads!r}, {arguments}, mode="auto", max_rejected=1')
    assert succeeded(run)["mode"] == "calls"
    assert f"Sent by calls: {named}: an import" in run.log


def test_a_time_without_an_offset_is_utc_in_both_ways(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "leads.csv").write_text("email,closedate\na@example.com,2026-07-01T12:00:00\n")
    stored = []
    for mode in ("calls", "bulk"):
        succeeded(
            sync(airflow, "hubspot", f'source="{tmp_path}/leads.csv", mode="{mode}", poll_interval=0.1')
        )
        (lead,) = [one for one in world(sandbox, "hubspot") if one["email"] == "a@example.com"]
        stored.append(lead["closedate"][:19])
    assert stored == ["2026-07-01T12:00:00"] * 2


@pytest.mark.usefixtures("from_templates")
def test_an_unknown_mode_is_named_before_anything_is_sent(airflow: Airflow, sandbox: Sandbox) -> None:
    log = failed(sync(airflow, "marketo", 'leads=[{"email": "a@example.com"}], mode="fast", retries=2'))
    assert "mode: must be one of calls, bulk, auto" in log
    assert write_calls(sandbox, "marketo") == 0


@pytest.mark.parametrize("platform", BOTH)
def test_a_deferred_import_is_followed_in_the_triggerer_and_its_rest_sent_by_calls(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, platform: str
) -> None:
    of(sandbox, platform).settings.import_startup = 1.0
    (tmp_path / "leads.csv").write_text(messy(platform))
    arguments = f'source="{tmp_path}/leads.csv", max_rejected=9, mode="bulk", deferrable=True'
    run = sync(airflow, platform, f"{arguments}, poll_interval=0.1")
    outcome = succeeded_either_way(run)
    assert outcome["total"] == 49
    assert "[DAG TEST] running trigger" in run.log or "deferr" in run.log.lower()
    assert len(jobs(sandbox, platform)) == 1


@pytest.mark.parametrize("platform", BOTH)
def test_too_many_rejects_fail_the_task_after_the_import_and_all_calls(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, platform: str
) -> None:
    (tmp_path / "leads.csv").write_text(messy(platform))
    arguments = f'source="{tmp_path}/leads.csv", mode="bulk", retries=2, poll_interval=0.05'
    log = failed(sync(airflow, platform, arguments))
    assert "leads were rejected" in log
    assert "up_for_retry" not in log
    assert held(sandbox, platform)["gap@example.com"]["city"] == "Bern"
    assert held(sandbox, platform)["fine39@example.com"]["city"] == "Bern"


def operator(platform: str, source: Path, **more: Any) -> SyncLeadsOperator:
    return SyncLeadsOperator(
        task_id="task",
        conn_id=f"{platform}_default",
        source=source.as_uri(),
        mode="bulk",
        max_rejected=9,
        poll_interval=0.05,
        **more,
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "leads.csv"


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize("stage", ["uploaded", "waiting", "rest"])
def test_a_killed_workers_next_try_follows_the_import_there_is_and_sends_the_rest_once(
    sandbox: Sandbox,
    source: Path,
    short_waits: None,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    stage: str,
) -> None:
    source.write_text(messy(platform))
    small_parts(monkeypatch, rows=30)
    faults = of(sandbox, platform).faults
    match stage:
        case "uploaded":
            faults.add(START[platform], method="POST", when="after", delay=30, skip=1)
        case "waiting":
            of(sandbox, platform).settings.import_startup = 3600.0
        case "rest":
            route = {"hubspot": "*/batch/upsert", "marketo": "*/rest/v1/leads.json"}[platform]
            faults.add(route, method="POST", when="after", delay=30)
    worker = Worker(operator(platform, source))
    if stage == "waiting":
        until(lambda: of(sandbox, platform).calls.of("GET", STATUS[platform]).total >= 3)
    else:
        until(lambda: bool(faults.fired))
    worker.kill()
    sandbox.clock.advance(3600)
    of(sandbox, platform).settings.import_startup = 0.0
    with_short_quiet_time(monkeypatch, BulkLeadImporter, 0.1)
    reported = Worker(operator(platform, source)).end()
    outcome = reported["result"]
    assert (outcome["total"], outcome["rejected"]) == (49, 3), reported
    assert set(emails(sandbox, platform).values()) == {1}
    # Marketo's imports cannot be listed, so a part whose upload was not answered is sent once more.
    again = platform == "marketo" and stage == "uploaded"
    assert len(jobs(sandbox, platform)) == 2 + again
    # Its success may not have reached Airflow.
    again_reported = Worker(operator(platform, source)).end()["result"]
    assert (again_reported["total"], again_reported["resumed"]) == (49, 49)
    assert len(jobs(sandbox, platform)) == 2 + again


def test_a_cleared_task_reads_its_query_anew_and_a_retried_one_does_not(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    turns: list[int] = []

    def read() -> list[dict[str, str]]:
        turns.append(1)
        return [{"email": f"turn{len(turns)}@example.com"}]

    def attempt(max_tries: int) -> Any:
        task = SyncLeadsOperator(
            task_id="t", conn_id="hubspot_default", leads=read, mode="bulk", poll_interval=0.05
        )
        details = {"dag_id": "d", "run_id": str(tmp_path), "task_id": "t", "map_index": -1, "try_number": 1}
        return task.run_action({"ti": SimpleNamespace(**details, max_tries=max_tries)})

    for _ in range(2):
        sandbox.hubspot.faults.add(START["hubspot"], method="POST", answer={"status": 400})
        with pytest.raises(InvalidRequest):
            attempt(1)
    assert len(turns) == 1
    assert attempt(2)["written"] == 1
    assert emails(sandbox, "hubspot")["turn2@example.com"] == 1

"""One job per window and no job left behind, despite lost answers, killed workers and a full queue."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from airflow_runs import Airflow
from export_runs import (
    CREATE,
    ENQUEUE,
    FIELDS,
    FILE,
    QUARTER,
    RANGE,
    STATUS,
    export,
    exporting,
    failed,
    jobs,
    rows,
    shorten,
    statuses,
    succeeded,
)
from workers import RESET, Worker, context, until

from airflow_provider_mkt.actions.marketo import exports as export_actions
from airflow_provider_mkt.client.marketo import platform
from airflow_provider_mkt.client.ratelimit.budget import SharedBudget
from airflow_provider_mkt.client.transport.platform import Permit
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.exports import store as exports
from airflow_provider_mkt.version_compat import AirflowFailException, TaskDeferred

READ = "/bulk/v1/leads/export/{exportId}/file.json"
QUOTA = {
    "status": 200,
    "body": {
        "requestId": "1#1",
        "success": False,
        "errors": [{"code": "1029", "message": "Export daily quota exceeded"}],
    },
}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch, short_waits: None) -> None:
    shorten(monkeypatch)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> Iterator[None]:
    """A queue that other software has filled, until three requests were rejected."""
    monkeypatch.setattr(exports, "SLOTS", 0)
    route = "/bulk/v1/leads/export/{exportId}/enqueue.json"

    def free() -> None:
        try:
            until(lambda: sandbox.marketo.calls.of("POST", route).total >= 3, 60)
        finally:
            exports.SLOTS = 10

    thread = Thread(target=free)
    thread.start()
    yield
    thread.join()


# -- killed workers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "when", "skip"),
    [
        (CREATE, "before", 0),
        (CREATE, "after", 1),
        (ENQUEUE, "before", 1),
        (ENQUEUE, "after", 0),
        (STATUS, "after", 0),
        (STATUS, "before", 1),
        (FILE, "before", 0),
        (FILE, "after", 1),
    ],
)
def test_the_next_try_after_a_killed_worker_continues_its_jobs(
    sandbox: Sandbox, tmp_path: Path, call: str, when: Any, skip: int
) -> None:
    out = tmp_path / "out.csv"
    lead = sandbox.marketo.state.leads.existing(seed.ELIF)
    lead.created_at += timedelta(days=30)
    sandbox.marketo.faults.add(call, when=when, skip=skip, delay=30)
    worker = Worker(exporting(out))
    until(lambda: bool(sandbox.marketo.faults.fired))
    worker.kill()
    assert not out.exists()
    report = Worker(exporting(out)).end()
    assert report["result"]["rows"] == len(rows(out)) == 5, report
    # A job whose id the killed worker did not receive stays unused: nothing shows whose job it is.
    unused = 1 if (call, when) == (CREATE, "after") else 0
    assert statuses(sandbox) == {"Completed": 2} | ({"Created": unused} if unused else {})
    assert set(report["result"]["export_ids"]) == {
        job.id for job in jobs(sandbox) if job.status == "Completed"
    }


def test_a_cancelled_task_cancels_its_jobs_and_the_next_try_creates_them_again(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "STEP", timedelta(hours=1))
    worker = Worker(exporting(tmp_path / "out.csv"))
    until(lambda: statuses(sandbox)["Queued"] == 2)
    worker.terminate()
    assert statuses(sandbox) == {"Cancelled": 2}
    shorten(monkeypatch)
    assert Worker(exporting(tmp_path / "out.csv")).end()["result"]["rows"] == 5
    assert statuses(sandbox) == {"Cancelled": 2, "Completed": 2}


def test_a_task_cancelled_while_it_takes_a_permit_cancels_its_jobs_too(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "STEP", timedelta(hours=1))
    release, seen = SharedBudget.release, Counter[str]()

    def released(budget: Any, permit: Permit, took: float) -> None:
        seen[permit.kind] += 1
        if seen["bulk_extracts.enqueue"] == 2:
            seen.clear()
            with budget.store.lock:
                os.kill(os.getpid(), signal.SIGTERM)
        release(budget, permit, took)

    monkeypatch.setattr(SharedBudget, "release", released)
    report = Worker(exporting(tmp_path / "out.csv")).end()
    assert "the task was cancelled" in report["error"]
    assert statuses(sandbox) == {"Cancelled": 2}


def test_a_task_cancelled_while_a_call_is_not_answered_cancels_its_jobs_meanwhile(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "STEP", timedelta(hours=1))
    sandbox.marketo.faults.add(STATUS, when="after", delay=30)
    worker = Worker(exporting(tmp_path / "out.csv"))
    until(lambda: bool(sandbox.marketo.faults.fired))
    worker.terminate()
    assert statuses(sandbox) == {"Cancelled": 2}


def test_a_cancelled_task_keeps_its_jobs_without_cancel_on_kill(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "STEP", timedelta(hours=1))
    worker = Worker(exporting(tmp_path / "out.csv", cancel_on_kill=False))
    until(lambda: statuses(sandbox)["Queued"] == 2)
    worker.terminate()
    assert statuses(sandbox) == {"Queued": 2}


def test_a_deferred_task_continues_on_a_worker_without_task_state(sandbox: Sandbox, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with pytest.raises(TaskDeferred) as deferred:
        exporting(out, deferrable=True).execute(context(run="here"))
    carry = deferred.value.trigger.carry  # type: ignore[attr-defined]
    until(lambda: statuses(sandbox) == {"Completed": 2})
    outcome = exporting(out, deferrable=True).resume(
        context(run="there"), {"status": "success", "message": "", "job_states": [], "carry": carry}
    )
    assert outcome["rows"] == 5
    assert statuses(sandbox) == {"Completed": 2}


def test_a_deferred_task_whose_trigger_cannot_poll_fails_instead_of_deferring_again(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "STEP", timedelta(hours=1))
    operator = exporting(tmp_path / "out.csv", deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context())
    carry = deferred.value.trigger.carry  # type: ignore[attr-defined]
    event = {"status": "failed", "message": "conn_id: is missing", "job_states": [], "carry": carry}
    with pytest.raises(AirflowFailException, match="conn_id: is missing"):
        exporting(tmp_path / "out.csv", deferrable=True).resume(context(), event)
    assert statuses(sandbox) == {"Cancelled": 2}


def test_the_next_try_downloads_only_windows_that_are_not_written(sandbox: Sandbox, tmp_path: Path) -> None:
    path = f"{tmp_path}/one/{{window}}.csv"
    moved = f"{tmp_path}/other/{{window}}.csv"
    later = sandbox.marketo.state.leads.existing(seed.ELIF)
    later.created_at += timedelta(days=30)
    for wanted in (path, moved):
        sandbox.marketo.faults.add(FILE, skip=1, answer={"status": 502}, times=5)
        before = sandbox.marketo.calls.of("GET", READ).total
        assert "ServerUnavailable" in Worker(exporting(wanted)).end()["error"]
        assert sandbox.marketo.calls.of("GET", READ).total - before == 1 + 5
    before = sandbox.marketo.calls.of("GET", READ).total
    outcome = Worker(exporting(moved)).end()["result"]
    assert sandbox.marketo.calls.of("GET", READ).total - before == 1
    assert [Path(file["path"]).parent.name for file in outcome["files"]] == ["other", "other"]
    assert [file["rows"] for file in outcome["files"]] == [4, 1]
    assert statuses(sandbox) == {"Completed": 2}


def test_a_task_cleared_after_success_exports_again(sandbox: Sandbox, tmp_path: Path) -> None:
    first = Worker(exporting(tmp_path / "out.csv")).end()["result"]
    retried = Worker(exporting(tmp_path / "out.csv")).end()["result"]
    assert retried["export_ids"] == first["export_ids"]
    again = Worker(exporting(tmp_path / "out.csv"), cleared=1).end()["result"]
    assert set(first["export_ids"]).isdisjoint(again["export_ids"])


# -- lost answers, failing jobs ---------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", [CREATE, ENQUEUE, STATUS])
def test_a_lost_answer_costs_no_second_run(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, call: str, when: Any
) -> None:
    sandbox.marketo.faults.add(call, when=when, answer=RESET)
    outcome = succeeded(export(airflow, f'output_path="{tmp_path}/out.csv", {FIELDS}, {RANGE}'))
    assert outcome["rows"] == 5
    unused = 1 if (call, when) == (CREATE, "after") else 0
    assert statuses(sandbox) == {"Completed": 1} | ({"Created": unused} if unused else {})


def test_an_outage_while_waiting_is_survived(airflow: Airflow, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.marketo.faults.add(STATUS, answer={"status": 502}, times=12)
    run = export(airflow, f'output_path="{tmp_path}/out.csv", {FIELDS}, {RANGE}')
    assert succeeded(run)["rows"] == 5
    assert "status poll failed" in run.log
    sandbox.marketo.faults.add(STATUS, answer={"status": 502}, times=None)
    run = export(airflow, f'output_path="{tmp_path}/out.csv", {FIELDS}, {RANGE}, max_poll_failure_time=0')
    assert "ServerUnavailable" in failed(run)


def _full_disk(job: exports.ExportJob, at: datetime) -> exports.Writing:
    yield
    raise MarketoError(1003, "Disk full")


@pytest.mark.parametrize("deferrable", [False, True])
def test_failed_and_canceled_jobs_are_created_again(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, attempts = exports._writing, iter(range(100))

    def writing(job: exports.ExportJob, at: datetime) -> exports.Writing:
        number = next(attempts)
        if number == 1:
            sandbox.marketo.state.exports.cancel(job, at)
        return _full_disk(job, at) if number == 0 else write(job, at)

    monkeypatch.setattr(exports, "_writing", writing)
    run = export(airflow, f'output_path="{tmp_path}/out.csv", {FIELDS}, {QUARTER}, deferrable={deferrable}')
    assert succeeded(run)["rows"] == 5
    assert statuses(sandbox) == {"Completed": 4, "Failed": 1, "Cancelled": 1}
    assert "it was Failed: Disk full; another job is created" in run.log


def test_a_window_that_fails_repeatedly_fails_the_task_and_cancels_the_others(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_writing", _full_disk)
    run = export(airflow, f'output_path="{tmp_path}/out.csv", {FIELDS}, {QUARTER}, retries=2')
    assert "it was Failed: Disk full; given up after 3 jobs" in failed(run)
    assert "up_for_retry" not in run.log
    assert set(statuses(sandbox)) <= {"Failed", "Cancelled"}


@pytest.mark.parametrize("deferrable", [False, True])
def test_jobs_without_progress_are_canceled_after_the_last_try(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "STEP", timedelta(hours=1))
    arguments = f"{FIELDS}, {QUARTER}, wait_timeout=0.2, retries=1, deferrable={deferrable}"
    run = export(airflow, f'output_path="{tmp_path}/out.csv", {arguments}')
    assert "no progress for 0 s: marketo lead_export" in failed(run)
    # Both tries waited for the same three jobs; the fourth was not enqueued yet.
    assert statuses(sandbox) == {"Cancelled": 3}


def test_a_missing_permission_is_named(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_MARKETO_DEFAULT",
        f'{{"conn_type": "marketo", "host": "{sandbox.marketo.url}", "login": "{seed.READER_ID}", '
        f'"password": "{seed.READER_SECRET}"}}',
    )
    run = export(airflow, f'output_path="{tmp_path}/a.csv", {RANGE}', operator="ExportActivitiesOperator")
    assert "needs Read-Only Activity" in failed(run)


# -- the queue and the day's bytes ------------------------------------------------------------------


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_full_queue_is_retried(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, full: None, deferrable: bool
) -> None:
    run = export(airflow, f'output_path="{tmp_path}/out.csv", {FIELDS}, {RANGE}, deferrable={deferrable}')
    assert succeeded(run)["rows"] == 5
    assert "Too many jobs in queue" in run.log
    assert statuses(sandbox) == {"Completed": 1}


def test_two_concurrent_exports_with_a_full_queue_are_both_complete(
    sandbox: Sandbox, tmp_path: Path, full: None
) -> None:
    outs = [tmp_path / "a.csv", tmp_path / "b.csv"]
    workers = [Worker(exporting(out), run=out.name) for out in outs]
    outcomes = [worker.end()["result"] for worker in workers]
    assert [len(rows(out)) for out in outs] == [5, 5]
    assert set(outcomes[0]["export_ids"]).isdisjoint(outcomes[1]["export_ids"])
    assert statuses(sandbox) == {"Completed": 4}


@pytest.mark.parametrize("call", [CREATE, ENQUEUE])
@pytest.mark.parametrize("deferrable", [False, True])
def test_an_exhausted_daily_quota_defers_the_task_until_the_reset(
    airflow: Airflow,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    deferrable: bool,
) -> None:
    monkeypatch.setattr(platform, "next_quota_reset", lambda now: now + timedelta(seconds=0.1))
    sandbox.marketo.faults.add(call, answer=QUOTA, skip=1)
    arguments = f"{FIELDS}, {QUARTER}, deferrable={deferrable}, wait_timeout=60"
    run = export(airflow, f'output_path="{tmp_path}/out.csv", {arguments}')
    assert succeeded(run)["rows"] == 5
    assert "Export daily quota exceeded; resets at" in run.log
    assert statuses(sandbox) == {"Completed": 4}


def test_a_nearly_exhausted_daily_quota_is_logged(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = f'output_path="{tmp_path}/out.csv", {FIELDS}, {RANGE}'
    warning = "MB of the daily export quota are used"
    first = export(airflow, arguments)
    size = succeeded(first)["bytes"]
    monkeypatch.setattr(export_actions, "DAY_BYTES", size)
    again = export(airflow, arguments)
    assert (warning in first.log, warning in again.log) == (False, True)

"""Each part is imported once, whatever becomes of answers, workers, the queue or the file meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from import_runs import START, failed, jobs, lines, max_in_flight, run_import, small_parts, succeeded, write
from sync_runs import BOTH, SEEDED, emails, of, world
from workers import RESET, Worker, context, until

from airflow_provider_mkt.actions import idempotency
from airflow_provider_mkt.actions.hubspot import imports as hubspot_imports
from airflow_provider_mkt.actions.hubspot.imports import ContactImporter
from airflow_provider_mkt.actions.marketo import imports as marketo_import_actions
from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.hooks.base import hook_for
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators import _bulk_import
from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.imports import store as marketo_imports
from airflow_provider_mkt.state.task_state import InMemoryTaskState
from airflow_provider_mkt.sync.import_progress import ImportProgress

LOST_AFTER = 0.8
AT_ONCE = {"hubspot": ContactImporter.max_in_flight, "marketo": BulkLeadImporter().max_in_flight}


@pytest.fixture
def quick(sandbox: Sandbox, short_waits: None, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    max_in_flight(sandbox)
    monkeypatch.setattr(idempotency, "CONSISTENCY_WINDOW", 1.0)
    monkeypatch.setattr(hubspot_imports, "_ERRORS_INTERVAL", 0.05)
    monkeypatch.setattr(marketo_import_actions, "_LISTED_AFTER", 0.2)
    monkeypatch.setattr(marketo_import_actions, "_QUEUE_MAX_ELAPSED", 0.05)
    monkeypatch.setattr(_bulk_import, "_QUEUE_RETRY", (0.05, 0.1))
    return sandbox


def slowly(sandbox: Sandbox, seconds: float = 30.0) -> None:
    """Let imports take a while."""
    sandbox.hubspot.settings.import_startup = sandbox.marketo.settings.import_startup = seconds


def leads(path: Path, count: int = 3, who: str = "lead") -> str:
    return write(path, "email\n" + "".join(f"{who}{number}@x.org\n" for number in range(count)))


def importing(platform: str, source: str, **more: Any) -> ImportLeadsOperator:
    arguments = {"poll_interval": 0.05, "lost_after": LOST_AFTER, **more}
    return ImportLeadsOperator(task_id="import", conn_id=f"{platform}_default", source=source, **arguments)


def jobs_remembered(platform: str, run: str) -> int:
    """How many jobs the task knows of in this run."""
    task_state = task_state_of(context(run=run), hook_for(f"{platform}_default"))  # type: ignore[arg-type]
    progress = ImportProgress(task_state, InMemoryTaskState())
    parts = [progress.part(number) for number in range(1, 20)]
    return sum(part is not None and "job" in part for part in parts)


def started(sandbox: Sandbox, platform: str, count: int) -> Callable[[], bool]:
    return lambda: len(jobs(sandbox, platform)) >= count


@pytest.mark.parametrize(("when", "deferrable"), [("before", False), ("after", False), ("after", True)])
@pytest.mark.parametrize("platform", BOTH)
def test_a_lost_answer_leaves_one_lead_of_each_row(
    airflow: Airflow, quick: Sandbox, tmp_path: Path, platform: str, when: Any, deferrable: bool
) -> None:
    of(quick, platform).faults.add(START[platform], method="POST", when=when, answer=RESET)
    source = leads(tmp_path / "leads.csv")
    run = run_import(airflow, platform, source, f"lost_after={LOST_AFTER}, deferrable={deferrable}")
    assert succeeded(run)["imported"] == 3
    assert len(world(quick, platform)) == SEEDED + 3
    made = jobs(quick, platform)
    if platform == "hubspot":
        assert len(made) == 1
    else:
        # Marketo lists no imports: the part is sent again when the first one must have ended.
        assert len(made) == (1 if when == "before" else 2)
        assert (made[-1].created_at - made[0].created_at).total_seconds() > (
            LOST_AFTER if when == "after" else -1
        )


def test_a_lost_answer_of_an_import_into_a_list_is_sent_again_when_the_list_is_free(
    airflow: Airflow, quick: Sandbox, tmp_path: Path
) -> None:
    quick.marketo.settings.import_startup = 0.8
    quick.marketo.faults.add(START["marketo"], when="after", answer=RESET)
    source = leads(tmp_path / "leads.csv")
    outcome = succeeded(run_import(airflow, "marketo", source, f"list_id={marketo.STATIC_LIST}"))
    first, second = jobs(quick, "marketo")
    assert (second.created_at - first.created_at).total_seconds() > 0.8
    assert outcome["imported"] == 3
    assert len(world(quick, "marketo")) == SEEDED + 3


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("platform", BOTH)
def test_a_worker_killed_during_an_upload_and_its_next_try(
    quick: Sandbox, tmp_path: Path, platform: str, when: Any
) -> None:
    of(quick, platform).faults.add(START[platform], method="POST", when=when, delay=0.3)
    source = leads(tmp_path / "leads.csv")
    worker = Worker(importing(platform, source))
    until(lambda: bool(of(quick, platform).faults.fired))
    worker.kill()
    assert Worker(importing(platform, source)).end()["result"]["imported"] == 3
    assert len(jobs(quick, platform)) == (1 if platform == "hubspot" else 2)
    assert len(world(quick, platform)) == SEEDED + 3


def test_another_run_of_a_file_waits_too_for_what_a_killed_worker_may_have_sent(
    quick: Sandbox, tmp_path: Path
) -> None:
    quick.marketo.faults.add(START["marketo"], when="before", delay=0.3)
    source, began = leads(tmp_path / "leads.csv"), quick.clock.now()
    worker = Worker(importing("marketo", source), run="a")
    until(lambda: bool(quick.marketo.faults.fired))
    worker.kill()
    assert Worker(importing("marketo", source), run="b").end()["result"]["imported"] == 3
    _, second = jobs(quick, "marketo")
    assert (second.created_at - began).total_seconds() > LOST_AFTER
    assert len(world(quick, "marketo")) == SEEDED + 3


@pytest.mark.parametrize("platform", BOTH)
def test_a_worker_killed_while_parts_are_imported_and_its_next_try_send_each_once(
    quick: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    small_parts(monkeypatch, rows=2)
    slowly(quick)
    source = leads(tmp_path / "leads.csv", 9)
    worker = Worker(importing(platform, source))
    until(lambda: jobs_remembered(platform, "run") == AT_ONCE[platform])
    worker.kill()
    max_in_flight(quick)
    quick.clock.advance(60)
    reported = Worker(importing(platform, source)).end()["result"]
    assert (reported["imported"], len(reported["jobs"]), len(jobs(quick, platform))) == (9, 5, 5)
    assert len(world(quick, platform)) == SEEDED + 9


@pytest.mark.parametrize(
    ("platform", "step"),
    [
        ("hubspot", "*/imports/2026-09/5*1"),
        ("hubspot", "*/errors"),
        ("marketo", "*/leads/describe2.json"),
        ("marketo", "*/batch/3402.json"),
        ("marketo", "*/failures.json"),
    ],
)
def test_a_worker_killed_at_a_later_step_and_its_next_try_send_each_part_once_and_report_all(
    quick: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, step: str
) -> None:
    small_parts(monkeypatch, rows=2)
    score = "lead_score" if platform == "hubspot" else "leadScore"
    source = write(
        tmp_path / "leads.csv", f"email,{score}\na@x.org,1\nb@x.org,bad\nc@x.org,bad\nd@x.org,4\ne@x.org\n"
    )
    of(quick, platform).faults.add(step, method="GET", when="before", delay=30)
    worker = Worker(importing(platform, source, max_rejected=3))
    until(lambda: bool(of(quick, platform).faults.fired))
    worker.kill()
    reported = Worker(importing(platform, source, max_rejected=3)).end()["result"]
    assert (reported["imported"], reported["rejected"], len(jobs(quick, platform))) == (2, 3, 2)
    assert sorted(line["row"] for line in lines(reported["rejects"])) == [3, 4, 6]


def test_a_retry_by_airflow_follows_the_imports_of_the_try_before(
    airflow: Airflow, quick: Sandbox, tmp_path: Path
) -> None:
    # The file of failures cannot be read in the first try (two polls of five requests), nor at first in the
    # second.
    quick.marketo.faults.add("*/failures.json", answer={"status": 502}, times=11)
    source = write(tmp_path / "leads.csv", "email,leadScore\na@x.org,1\nb@x.org,bad\n")
    run = run_import(airflow, "marketo", source, "max_rejected=1, retries=1, max_poll_failure_time=0")
    assert (succeeded(run)["imported"], len(jobs(quick, "marketo"))) == (1, 1)
    assert "exists already; following it" in run.log


@pytest.mark.parametrize("platform", BOTH)
def test_two_runs_of_one_file_at_once_share_its_imports_and_a_later_run_imports_it_again(
    quick: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    small_parts(monkeypatch, rows=2)
    slowly(quick)
    source = leads(tmp_path / "leads.csv", 6)
    workers = [Worker(importing(platform, source), run=name) for name in ("a", "b")]
    until(lambda: all(jobs_remembered(platform, run) == 3 for run in ("a", "b")))
    max_in_flight(quick)
    quick.clock.advance(60)
    reported = [worker.end()["result"] for worker in workers]
    assert [one["imported"] for one in reported] == [6, 6]
    assert len(jobs(quick, platform)) == 3
    assert Worker(importing(platform, source), run="c").end()["result"]["imported"] == 6
    assert len(jobs(quick, platform)) == 6
    assert set(emails(quick, platform).values()) == {1}


def test_two_imports_at_once_share_a_queue_that_is_too_short_for_both(
    quick: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, rows=1)
    monkeypatch.setattr(marketo_imports, "SLOTS", 3)
    quick.marketo.settings.import_startup = 0.05
    sources = [leads(tmp_path / f"{who}.csv", 5, who) for who in ("ada", "bob")]
    workers = [Worker(importing("marketo", source), run=source[-7:-4]) for source in sources]
    assert [worker.end()["result"]["imported"] for worker in workers] == [5, 5]
    assert len(jobs(quick, "marketo")) == 10
    assert set(emails(quick, "marketo").values()) == {1}


def test_a_full_queue_is_waited_out(airflow: Airflow, quick: Sandbox, tmp_path: Path) -> None:
    quick.marketo.faults.add(START["marketo"], answer={"code": "1016"}, times=12)
    assert succeeded(run_import(airflow, "marketo", leads(tmp_path / "leads.csv")))["imported"] == 3
    assert len(jobs(quick, "marketo")) == 1


def test_an_import_that_was_canceled_before_a_try_is_made_again_and_one_canceled_meanwhile_is_not(
    quick: Sandbox, tmp_path: Path
) -> None:
    slowly(quick)
    source, store = leads(tmp_path / "leads.csv"), quick.hubspot.state.imports
    worker = Worker(importing("hubspot", source))
    until(started(quick, "hubspot", 1))
    worker.kill()
    store.cancel(jobs(quick, "hubspot")[0])
    worker = Worker(importing("hubspot", source, max_rejected=None))
    until(started(quick, "hubspot", 2))
    store.cancel(jobs(quick, "hubspot")[1])
    reported = worker.end()["result"]
    assert (reported["imported"], reported["reasons"]) == (0, {"IMPORT_FAILED": 3})
    assert "ended as CANCELED" in lines(reported["rejects"])[0]["reason"]
    assert len(jobs(quick, "hubspot")) == 2


def test_an_import_that_the_platform_has_forgotten_is_made_again(quick: Sandbox, tmp_path: Path) -> None:
    slowly(quick)
    source = leads(tmp_path / "leads.csv")
    worker = Worker(importing("marketo", source))
    until(started(quick, "marketo", 1))
    worker.kill()
    quick.clock.advance(8 * 24 * 3600)
    max_in_flight(quick)
    assert Worker(importing("marketo", source)).end()["result"]["imported"] == 3
    assert len(jobs(quick, "marketo")) == 2
    assert len(world(quick, "marketo")) == SEEDED + 3


def test_a_file_that_changed_since_an_earlier_try_is_refused_until_the_task_is_cleared(
    quick: Sandbox, tmp_path: Path
) -> None:
    slowly(quick)
    source = leads(tmp_path / "leads.csv")
    worker = Worker(importing("marketo", source))
    until(started(quick, "marketo", 1))
    worker.kill()
    leads(tmp_path / "leads.csv", 4)
    # Another try comes when the worker is killed before Airflow knows of the error.
    for _ in range(2):
        ending = Worker(importing("marketo", source)).end()
        assert "is not what an earlier try of this task began" in ending["error"]
    assert len(jobs(quick, "marketo")) == 1
    max_in_flight(quick)
    quick.clock.advance(60)
    assert Worker(importing("marketo", source), cleared=1).end()["result"]["imported"] == 4


def test_uploads_that_are_never_answered_fail_the_try(
    airflow: Airflow, quick: Sandbox, tmp_path: Path
) -> None:
    quick.marketo.faults.add(START["marketo"], when="before", answer={"status": 502}, times=None)
    run = run_import(airflow, "marketo", leads(tmp_path / "leads.csv"), "lost_after=0.05")
    assert "OutcomeUnknown" in failed(run)
    assert quick.marketo.calls.of("POST", "/bulk/v1/leads.json").total == 3


def test_a_refused_part_fails_the_task_which_reports_what_was_imported_before(
    airflow: Airflow, quick: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, rows=2)
    quick.marketo.faults.add(START["marketo"], skip=1, answer={"code": "1003"})
    run = run_import(airflow, "marketo", leads(tmp_path / "leads.csv"), "retries=2")
    assert "Only a part of the file is imported. The platform has marketo lead_import 3401" in failed(run)
    assert len(jobs(quick, "marketo")) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_wait_without_progress_ends(
    airflow: Airflow, quick: Sandbox, tmp_path: Path, deferrable: bool
) -> None:
    slowly(quick, 3600)
    arguments = f"wait_timeout=0.2, deferrable={deferrable}"
    run = run_import(airflow, "marketo", leads(tmp_path / "leads.csv"), arguments)
    assert "JobsOverdue" in failed(run)


def test_row_errors_that_the_platform_counts_but_does_not_list_are_counted(
    airflow: Airflow, quick: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubspot_imports, "_ERRORS_LAG", 0.1)
    quick.hubspot.settings.import_error_lag = 3600
    source = write(tmp_path / "leads.csv", "email,lead_score\na@x.org,1\nb@x.org,many\n")
    run = run_import(airflow, "hubspot", source, "max_rejected=1")
    assert succeeded(run)["reasons"] == {"ROW_UNKNOWN": 1}
    assert "failures whose row is unknown: 1" in run.log


@pytest.mark.parametrize(("platform", "count"), [("hubspot", 4_000), ("marketo", 12_000)])
def test_of_many_rows_each_bad_one_is_found_by_its_own_line(
    airflow: Airflow,
    quick: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    count: int,
) -> None:
    small_parts(monkeypatch, rows=count // 4)
    score = "lead_score" if platform == "hubspot" else "leadScore"
    rows = [f'lead{n}@x.org,"two\nlines",{"bad" if n % 100 == 7 else n}\n' for n in range(count)]
    source = write(tmp_path / "leads.csv", f"email,city,{score}\n" + "".join(rows))
    outcome = succeeded(run_import(airflow, platform, source, "max_rejected='1%'"))
    bad = count // 100
    assert (outcome["imported"], outcome["rejected"], len(outcome["jobs"])) == (count - bad, bad, 4)
    reported = {line["row"]: line["record"]["email"] for line in lines(outcome["rejects"])}
    # Each record takes two lines.
    assert reported == {2 + 2 * n: f"lead{n}@x.org" for n in range(7, count, 100)}


class _Killed(Exception):
    pass


class _KilledAt(InMemoryTaskState):
    """A task state whose worker is killed before one of its changes."""

    left: int | None = None

    def set(self, key: str, value: Json) -> None:
        if self.left == 0:
            raise _Killed
        if self.left is not None:
            self.left -= 1
        super().set(key, value)


@pytest.mark.parametrize("kill", range(9))
def test_a_cleared_import_that_is_killed_while_it_forgets_the_earlier_one_forgets_all_of_it(
    kill: int,
) -> None:
    task_state, shared = _KilledAt(), InMemoryTaskState()
    earlier = ImportProgress(task_state, shared)
    earlier.start("digest", 1.0)
    for number in (1, 2, 3):
        earlier.set_part(number, f"part {number}", {"requested_at": 1.0, "job": str(number), "ended": True})
    earlier.complete()
    task_state.clear_count = 1
    task_state.left = kill
    with pytest.raises(_Killed):
        ImportProgress(task_state, shared).start("digest", 2.0)
    task_state.left = None
    retry = ImportProgress(task_state, shared)
    retry.start("digest", 3.0)
    assert [retry.part(number) for number in (1, 2, 3)] == [None] * 3
    # What this try imports is known to the next one.
    retry.set_part(1, "part 1", {"requested_at": 3.0, "job": "4"})
    once_more = ImportProgress(task_state, shared)
    once_more.start("digest", 4.0)
    assert once_more.part(1) == {"requested_at": 3.0, "job": "4"}

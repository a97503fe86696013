"""A sync that compares waits for the imports of a run that ended early: what they write counts, and nothing
that they write comes after what the next run sends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from change_runs import REMOVAL, Runs, held, person, sent
from import_runs import START, STATUS
from reliability.waits import with_short_quiet_time
from sync_runs import BOTH, FIRST, of
from workers import Worker, as_soon_as, until

from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter
from airflow_provider_mkt.operators._waiting import JobsOverdue
from airflow_provider_mkt.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("short_waits", "own_state")

HOUR = 3600.0


def syncing(platform: str, folder: Path) -> Runs:
    more = {"mode": "bulk", "leave": REMOVAL[platform], "min_rows": 0}
    return Runs(platform, folder, poll_interval=0.05, deferrable=False, **more)


def rows_by_run(platform: str) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the source of three runs: in the second one, a person is new and another has another address."""
    first = [person(number, platform) for number in range(3)]
    moved = {**first[0], "email": "moved@example.com"}
    second = [moved, first[1], {**first[2], FIRST[platform]: "Second"}, person(9, platform)]
    third = [{**moved, "email": "back@example.com"}, first[1], {**first[2], FIRST[platform]: "Third"}]
    return first, second, third


def polls(box: Sandbox, platform: str) -> int:
    return int(of(box, platform).calls.of("GET", STATUS[platform]).total)


def leave_an_import(box: Sandbox, sync: Runs, rows: list[Any], *, answered: bool) -> None:
    """Kill the worker of a run while its file is imported.

    :param answered: whether it has the answer to the upload.
    """
    platform = sync.platform
    of(box, platform).settings.import_startup = HOUR
    if not answered:
        of(box, platform).faults.add(START[platform], method="POST", when="after", delay=30)
    before = polls(box, platform)
    worker = Worker(sync.operator(rows), run="left")
    if answered:
        until(lambda: polls(box, platform) > before + 1)
    else:
        until(lambda: of(box, platform).faults.fired)
    worker.kill()


def assert_as_the_source(box: Sandbox, sync: Runs, others: set[str], outcome: Any, rows: list[Any]) -> None:
    assert (outcome["rejected"], outcome["unknown"], outcome["not_removed"]) == (0, 0, 0)
    found = held(box, sync.platform)
    assert set(found) == others | {row["email"] for row in rows}
    assert found["p2@example.com"][FIRST[sync.platform]] == "Third"
    assert sync(rows)["unchanged"] == len(rows)


@pytest.mark.parametrize(("platform", "answered"), [("hubspot", True), ("hubspot", False), ("marketo", True)])
def test_the_next_run_sends_nothing_before_the_import_has_ended(
    sandbox: Sandbox, tmp_path: Path, platform: str, answered: bool
) -> None:
    others, sync = set(held(sandbox, platform)), syncing(platform, tmp_path)
    first, second, third = rows_by_run(platform)
    sync(first)
    leave_an_import(sandbox, sync, second, answered=answered)
    before, calls = polls(sandbox, platform), sent(sandbox, platform)
    sent_meanwhile: list[int] = []

    def end_the_import() -> None:
        sent_meanwhile.append(sent(sandbox, platform) - calls)
        of(sandbox, platform).settings.import_startup = 0.0
        sandbox.clock.advance(2 * HOUR)

    with as_soon_as(lambda: polls(sandbox, platform) > before + 1, end_the_import):
        outcome = sync(third)
    assert sent_meanwhile == [0]
    assert_as_the_source(sandbox, sync, others, outcome, third)


def test_a_file_without_an_answer_may_be_imported_for_some_time_where_imports_are_not_listed(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_short_quiet_time(monkeypatch, BulkLeadImporter, 3.0)
    others, sync = set(held(sandbox, "marketo")), syncing("marketo", tmp_path)
    first, second, third = rows_by_run("marketo")
    sync(first)
    leave_an_import(sandbox, sync, second, answered=False)
    calls = sent(sandbox, "marketo")
    sent_meanwhile: list[int] = []

    def is_imported() -> bool:
        sandbox.marketo.state.run_due_work()
        return "p9@example.com" in held(sandbox, "marketo")

    # It ends while the next run waits.
    sandbox.marketo.settings.import_startup = 1.0
    with as_soon_as(is_imported, lambda: sent_meanwhile.append(sent(sandbox, "marketo") - calls)):
        outcome = sync(third)
    assert sent_meanwhile == [0]
    assert_as_the_source(sandbox, sync, others, outcome, third)


@pytest.mark.parametrize("platform", BOTH)
def test_a_run_that_has_waited_for_too_long_sends_nothing(
    sandbox: Sandbox, tmp_path: Path, platform: str
) -> None:
    sync = syncing(platform, tmp_path)
    first, second, third = rows_by_run(platform)
    sync(first)
    leave_an_import(sandbox, sync, second, answered=True)
    before, calls = held(sandbox, platform), sent(sandbox, platform)
    with pytest.raises(JobsOverdue, match=r"Nothing was sent: the imports of an earlier run have not ended"):
        sync(third, wait_timeout=0.3)
    assert (held(sandbox, platform), sent(sandbox, platform)) == (before, calls)


@pytest.mark.parametrize("platform", BOTH)
def test_a_dry_run_waits_for_no_import(sandbox: Sandbox, tmp_path: Path, platform: str) -> None:
    sync = syncing(platform, tmp_path)
    first, second, third = rows_by_run(platform)
    sync(first)
    leave_an_import(sandbox, sync, second, answered=True)
    before = polls(sandbox, platform)
    sync(third, dry_run=True)
    assert polls(sandbox, platform) == before

"""The outcome of every row of a sync that compares, in the order of the source."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from change_runs import Runs, counted, held, person
from sync_runs import BOTH, FIRST, lines, of
from workers import Worker, until

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sync.changes import ChangeRun

pytestmark = pytest.mark.usefixtures("short_waits", "own_state")


def outcomes(outcome: dict[str, Any]) -> list[tuple[str, str]]:
    """The outcome and the code of every row, in order."""
    found = lines(outcome["outcomes"])
    assert [line["row"] for line in found] == list(range(1, outcome["total"] + 1))
    names = ("created", "updated", "unchanged", "skipped", "rejected", "unknown", "suppressed", "not_sent")
    counts = Counter(line["outcome"] for line in found)
    assert counts == {name: outcome[name] for name in names if outcome[name]}
    return [(line["outcome"], line.get("code", "")) for line in found]


@pytest.mark.parametrize("platform", BOTH)
def test_every_row_has_an_outcome_and_its_lead(sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
    path = str(tmp_path / "outcomes.jsonl")
    sync = Runs(platform, tmp_path, outcomes_path=path, suppress=["p4@example.com"])
    rows = [person(number, platform) for number in range(5)]
    rows.append({"id": 5, FIRST[platform]: "No address"})
    rows.append({**person(0, platform)})
    first = sync(rows)
    assert outcomes(first) == [
        *[("created", "")] * 4,
        ("suppressed", "SUPPRESSED"),
        ("rejected", "KEY_MISSING"),
        ("skipped", "DUPLICATE_KEY"),
    ]
    rows[1][FIRST[platform]] = "Other"
    rows[5] = person(6, platform)
    second = sync(rows)
    assert [one for one, _ in outcomes(second)] == [
        *("unchanged", "updated", "unchanged", "unchanged", "suppressed", "created", "skipped")
    ]
    ids = {address: str(lead["id"]) for address, lead in held(sandbox, platform).items()}
    for line, row in zip(lines(path), rows, strict=True):
        if line["outcome"] not in ("suppressed", "skipped"):
            assert line["id"] == ids[row["email"]], line


@pytest.mark.parametrize("platform", BOTH)
def test_rows_that_were_not_sent_or_are_unknown(sandbox: Sandbox, platform: str, tmp_path: Path) -> None:
    path = str(tmp_path / "outcomes.jsonl")
    sync = Runs(platform, tmp_path, outcomes_path=path, action="createOnly")
    rows = [person(number, platform) for number in range(3)]
    sync(rows)
    rows[0][FIRST[platform]] = "Other"
    rows.append(person(9, platform))
    assert outcomes(sync(rows)) == [
        ("skipped", "EXISTS"),
        ("unchanged", ""),
        ("unchanged", ""),
        ("created", ""),
    ]


@pytest.mark.parametrize("platform", BOTH)
def test_a_retry_says_which_rows_a_killed_try_has_written(
    sandbox: Sandbox, platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = Runs(platform, tmp_path, max_concurrency=1)
    size = {"hubspot": 100, "marketo": 300}[platform]
    rows = [person(number, platform) for number in range(2 * size)]
    stopped = tmp_path / "stopped"
    record, count = ChangeRun.record, 0

    def stop_after_a_batch(run: ChangeRun, *arguments: Any, **options: Any) -> None:
        nonlocal count
        record(run, *arguments, **options)
        count += 1
        if count == size:
            run.flush()
            stopped.touch()
            until(lambda: False)

    with monkeypatch.context() as patch:
        patch.setattr(ChangeRun, "record", stop_after_a_batch)
        worker = Worker(sync.operator(rows), run="run 1")
    until(stopped.exists)
    worker.kill()
    outcome = sync(rows)
    assert counted(outcome, "resumed", "unchanged") == (size, size)
    assert len(of(sandbox, platform).calls.routes)
    # The next run is another one.
    assert counted(sync(rows), "resumed", "unchanged") == (0, 2 * size)

"""Processes killed at every instant, and two runs at once: the next clean run puts all right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest
from change_tools import Memory, Sync, people
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from killed_worker import Platform, run, source

from airflow_provider_mkt.sync.changes import ChangeRun, PlannedRow, StateConflict, Status

HERE = Path(__file__).parent
TESTS = HERE.parents[1]


def wanted(value: str) -> dict[str, object]:
    return {str(row["email"]): row.get("city") for row in source(value)}


def killed(folder: Path, value: str, instant: int) -> bool:
    """Run in a process that kills itself. Returns False when the run ended before the instant."""
    path = os.pathsep.join([str(HERE), str(TESTS), *sys.path])
    command = [sys.executable, str(HERE / "killed_worker.py"), str(folder), value, str(instant)]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False, timeout=300)
    assert ended.returncode in (0, -signal.SIGKILL)
    return ended.returncode != 0


def test_after_a_kill_at_every_instant_the_next_run_puts_all_right(tmp_path: Path) -> None:
    # The source alternates, so what is thought to be unchanged may be what a killed run has changed.
    run(tmp_path, "A")
    instant = 0
    while True:
        instant += 1
        was_killed = killed(tmp_path, "B", instant)
        run(tmp_path, "A")
        assert Platform(tmp_path).content() == wanted("A"), f"killed at instant {instant}"
        if not was_killed:
            break
    assert run(tmp_path, "A")[1] == 0
    # Before and after each file, each batch and each removal.
    assert instant > 25


def test_kills_one_after_another_are_put_right(tmp_path: Path) -> None:
    for value, instant in (("A", 9), ("B", 8), ("A", 4), ("B", 12), ("A", 6)):
        assert killed(tmp_path, value, instant)
    run(tmp_path, "B")
    # A first run removes nothing, and no run before it has committed.
    assert wanted("B").items() <= Platform(tmp_path).content().items()
    run(tmp_path, "A")
    run(tmp_path, "B")
    assert Platform(tmp_path).content() == wanted("B")
    assert run(tmp_path, "B")[1] == 0


EVENTS = st.lists(
    st.sampled_from([*["first", "second"] * 6, "first is killed", "second is killed"]), max_size=40
)


@settings(max_examples=30, deadline=None, database=None, phases=[Phase.generate])
@given(EVENTS, st.booleans())
def test_two_runs_at_once_without_a_lock_are_put_right_by_the_next(
    tmp_path_factory: pytest.TempPathFactory, events: list[str], warm: bool
) -> None:
    folder = tmp_path_factory.mktemp("race")
    sync = Sync(folder, files=Memory())
    ids = range(6)
    if warm:
        sync.run(people(*ids, city="A"))

    def steps(value: str) -> Generator[ChangeRun, None, None]:
        """A run that gives control away before and after every step."""
        with sync.begin() as run:
            yield run
            sync.read(run, people(*ids, city=value))
            run.compare()
            yield run
            run.start()
            yield run
            for planned in run.to_send():
                number = sync.table.write(planned)
                yield run
                run.record(planned, Status.SYNCED, platform_id=number)
                if int(planned.row_key) % 2:
                    run.flush()
                yield run
            with suppress(StateConflict):
                run.commit()

    runs = {"first": steps("old"), "second": steps("new")}
    for event in [*events, *["first", "second"] * 40]:
        name = event.split()[0]
        running = next(runs[name], None)
        if event.endswith("killed") and running is not None:
            # A killed process writes nothing more.
            running._planned = False
            runs[name].close()
    sync.run(people(*ids, city="new"))
    assert {one["city"] for one in sync.table.records.values()} == {"new"}
    assert len(sync.table.records) == len(ids)
    comparison = sync.run(people(*ids, city="new"))
    assert comparison.to_send == 0


def test_a_run_that_lost_its_lock_and_writes_late_makes_its_rows_ambiguous(tmp_path: Path) -> None:
    sync = Sync(tmp_path)
    sync.run(people(1, 2, city="A"))
    late = sync.begin()
    sync.read(late, people(1, 2, city="old"))
    late.compare()
    late.start()
    rows: list[PlannedRow] = list(late.to_send())
    # Another run takes what the first one has planned for ambiguous, and commits.
    sync.run(people(1, 2, city="new"))
    assert sync.run(people(1, 2, city="new")).to_send == 0
    late.record(rows[0], Status.SYNCED, platform_id=sync.table.write(rows[0]))
    late.close()
    assert sync.table.by_email()["p1@example.com"]["city"] == "old"
    assert sync.run(people(1, 2, city="new")).to_send == 1
    assert sync.table.by_email()["p1@example.com"]["city"] == "new"


def test_a_row_that_two_killed_runs_have_sent_is_ambiguous(tmp_path: Path) -> None:
    sync = Sync(tmp_path, files=Memory())
    sync.run(people(1, 2, city="A"))
    runs = {}
    for value in ("old", "new"):
        runs[value] = sync.begin()
        sync.read(runs[value], people(1, 2, city=value))
        runs[value].compare()
        runs[value].start()
    # The plan of the one that writes last is the older one.
    for value in ("new", "old"):
        for planned in runs[value].to_send():
            runs[value].record(planned, Status.SYNCED, platform_id=sync.table.write(planned))
        runs[value].close()
    assert sync.run(people(1, 2, city="new")).to_send == 2
    assert sync.table.by_email()["p1@example.com"]["city"] == "new"

"""Runs a row of the table, with or without a kill, and compares the ends."""

from __future__ import annotations

import functools
from pathlib import Path

from airflow_runs import connected
from reliability.effects import Effects, difference, effects_of
from reliability.rows import ROWS, Row
from reliability.tries import (
    RETURNED,
    Ending,
    Kill,
    Machine,
    Task,
    Write,
    run_to_its_end,
)
from reliability.waits import end_jobs_immediately
from workers import until

from airflow_provider_mkt.sandbox import Sandbox


def run_row(row: Row, folder: Path, kill: Kill | None = None) -> tuple[list[Ending], Effects]:
    """Run a row's task on a new sandbox, each try on a machine of its own, with Airflow's own store."""
    with connected() as box:
        end_jobs_immediately(box)
        row.prepare(box)
        task = Task(functools.partial(row.make, folder), "run", folder / "store.json")
        endings = run_to_its_end(task, lambda number: Machine(folder / f"machine-{number}"), kill)
        return endings, held_by(box, row)


def held_by(box: Sandbox, row: Row) -> Effects:
    """What the accounts hold when all work has ended."""
    until(lambda: all(one.calls.all.in_flight == 0 for one in box.platforms.values()))
    box.clock.advance(3 * 3600)
    return effects_of(box, row.ignored)


_kept: dict[str, tuple[Ending, Effects]] = {}


def without_a_kill(name: str, folder: Path) -> tuple[Ending, Effects]:
    if name not in _kept:
        (folder / "whole").mkdir()
        [ending], effects = run_row(ROWS[name], folder / "whole")
        assert ending.error is None, ending.error
        _kept[name] = ending, effects
    return _kept[name]


def first_of_each_kind(writes: list[Write]) -> list[int]:
    routes = [one.route for one in writes]
    return sorted({routes.index(route) for route in routes})


def assert_done_once(name: str, instant: str, folder: Path) -> None:
    """Kill a row's task at an instant of each kind of request, and assert that the next try ends well."""
    row = ROWS[name]
    whole, wanted = without_a_kill(name, folder)
    assert whole.writes, "the row changes nothing"
    for number in [0] if instant == RETURNED else first_of_each_kind(whole.writes):
        own = folder / str(number)
        own.mkdir()
        endings, found = run_row(row, own, Kill(instant, number))
        what = f"killed {instant} request {number}, {whole.writes[number].route}"
        first, last = endings[0], endings[-1]
        assert first.killed, f"{what}: not killed: {first}"
        if last.error is None:
            assert found == wanted, f"{what}:\n{difference(found, wanted)}"
        else:
            assert_unknown(row, instant, endings, found, wanted, what)


def assert_unknown(
    row: Row, instant: str, endings: list[Ending], found: Effects, wanted: Effects, what: str
) -> None:
    """Assert that the task reported an unknown outcome, and sent nothing that it may have sent before."""
    last = endings[-1]
    assert last.final, f"{what}: {last.error}"
    assert instant in row.unknown, f"{what}: {last.error}"
    reported = f"{last.error} {last.pushed}"
    assert "unknown" in reported.lower(), f"{what}: {last.error}"
    sent = {one.content for one in endings[0].writes}
    again = [one for ending in endings[1:] for one in ending.writes if one.content in sent]
    assert not again, f"{what}: sent again: {again}"
    assert not found - wanted, f"{what}:\n{difference(found, wanted)}"

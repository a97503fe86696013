"""Whatever happens to a task, nothing is doubled, nothing is lost, and nothing wrong is reported."""

from __future__ import annotations

import functools
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reliability.effects import Effects, difference
from reliability.kill_matrix import held_by
from reliability.rows import ROWS, Row
from reliability.tries import INSTANTS, TRIES, Ending, Kill, Machine, Task, Try
from reliability.waits import end_jobs_immediately, shorten
from workers import until

from airflow_provider_mkt.sandbox import Sandbox

STORE, REDIS, DISK = "task state store", "redis", "disk"


@dataclass(frozen=True)
class Scenario:
    """What happens to a task.

    :param kill: when its first try is killed, if at all.
    :param memory: where what it remembers outlives it.
    :param moves: whether the next try runs on another machine.
    :param corrected: whether the connection leads to another account from the next try on.
    :param beside: whether another run of the DAG starts at once.
    """

    name: str
    kill: Kill | None
    memory: str
    moves: bool
    corrected: bool
    beside: bool


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    memory = draw(st.sampled_from([STORE, REDIS, DISK]))
    instant = draw(st.sampled_from([None, *INSTANTS]))
    return Scenario(
        draw(st.sampled_from(sorted(ROWS))),
        None if instant is None else Kill(instant, draw(st.integers(0, 1))),
        memory,
        # Nothing is known on another machine of what was on a disk only.
        memory != DISK and draw(st.booleans()),
        draw(st.booleans()),
        draw(st.booleans()),
    )


def _idle(box: Sandbox) -> None:
    until(lambda: all(one.calls.all.in_flight == 0 for one in box.platforms.values()))
    box.clock.advance(3 * 3600)


@functools.cache
def after_runs(name: str, runs: int) -> tuple[Effects, Any]:
    """What so many runs leave, one after another, with nothing in their way, and what the first returns."""
    row, results = ROWS[name], []
    with account(row) as box, tempfile.TemporaryDirectory() as folder:
        for number in range(runs):
            place = Path(folder) / str(number)
            place.mkdir()
            task = Task(functools.partial(row.make, place), f"run {number}", place / "store.json")
            ending = task.start(Machine(place)).end()
            assert ending.error is None, ending.error
            results.append(ending.result)
        return held_by(box, row), results[0]


@contextmanager
def account(row: Row) -> Iterator[Sandbox]:
    """An account on each platform, to which the connections lead while no later one is there."""
    with connected() as box:
        end_jobs_immediately(box)
        row.prepare(box)
        yield box


def counts_of(result: Any) -> dict[str, int]:
    """The counts of a result that do not depend on who wrote a lead first."""
    counts = result if isinstance(result, dict) else {}
    return {name: counts[name] for name in ("total", "rejected", "unknown") if name in counts}


class ScenarioRun:
    """Runs a scenario.

    :param folder: for the disks of the machines, and Airflow's store.
    :param redis: the server that machines share.
    """

    def __init__(self, scenario: Scenario, folder: Path, redis: str) -> None:
        self._scenario, self._row, self._folder = scenario, ROWS[scenario.name], folder
        self._shared = redis if scenario.memory == REDIS else ""
        self._run = uuid.uuid4().hex

    def run(self) -> None:
        scenario, row = self._scenario, self._row
        with account(row) as first:
            tasks = [self._task(name) for name in ("a", "b")[: 1 + scenario.beside]]
            kills = [scenario.kill, None]
            tries = [self._start(task, 1, kill) for task, kill in zip(tasks, kills, strict=False)]
            endings = [one.end() for one in tries]
            with account(row) if scenario.corrected else nullcontext(first) as second:
                last = [self._to_the_end(*both) for both in zip(tasks, endings, strict=True)]
                if second is not first:
                    self._check_corrected(endings, last, held_by(second, row))
            self._check(last, held_by(first, row))

    def _check(self, last: list[Ending], found: Effects) -> None:
        """Check the account of the first tries."""
        scenario = self._scenario
        wanted, result = after_runs(scenario.name, len(last))
        assert not found - wanted, f"doubled: {scenario}\n{difference(found, wanted)}"
        if scenario.corrected:
            return
        if all(one.error is None for one in last):
            assert found == wanted, f"lost: {scenario}\n{difference(found, wanted)}"
            assert [counts_of(one.result) for one in last] == [counts_of(result)] * len(last), (
                f"reported: {scenario}"
            )
        else:
            assert scenario.kill is not None, f"{scenario}: {last}"
            assert scenario.kill.instant in self._row.unknown, f"{scenario}: {last}"
            assert all(_reports_unknown(one) for one in last if one.error is not None), f"{scenario}: {last}"

    def _check_corrected(self, first: list[Ending], last: list[Ending], found: Effects) -> None:
        """Check the account to which the connection was corrected: nothing was sent to it before."""
        scenario = self._scenario
        assert [one.error for one in last] == [None] * len(last), f"{scenario}: {last}"
        again = sum(one.killed or one.error is not None for one in first)
        if again:
            wanted, _ = after_runs(scenario.name, again)
            assert found == wanted, f"{scenario}\n{difference(found, wanted)}"

    def _task(self, run: str) -> Task:
        place = self._folder / run
        place.mkdir()
        store = place / "store.json" if self._scenario.memory == STORE else None
        return Task(functools.partial(self._row.make, place), f"{self._run} {run}", store, self._shared)

    def _start(self, task: Task, number: int, kill: Kill | None = None) -> Try:
        machine = "two" if self._scenario.moves and number > 1 else "one"
        return task.start(Machine(self._folder / machine), number, kill)

    def _to_the_end(self, task: Task, ending: Ending) -> Ending:
        for number in range(2, TRIES + 1):
            if ending.final or not (ending.killed or ending.error):
                break
            ending = self._start(task, number).end()
        return ending


def _reports_unknown(ending: Ending) -> bool:
    return ending.final and "unknown" in f"{ending.error} {ending.pushed}".lower()


@pytest.fixture(autouse=True)
def with_retries(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims that last while a busy machine holds up a request of the run beside the killed one."""
    shorten(monkeypatch, slowness=3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenario=scenarios())
def test_any_ending(redis_url: str | None, scenario: Scenario) -> None:
    if scenario.memory == REDIS and redis_url is None:
        scenario = replace(scenario, memory=STORE)
    with tempfile.TemporaryDirectory() as folder:
        ScenarioRun(scenario, Path(folder), redis_url or "").run()

"""Two runs that start together leave what two runs after each other leave, and send once for one purpose."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import connected
from reliability.effects import Effects, difference, effects_of
from reliability.kill_matrix import held_by, without_a_kill
from reliability.rows import ROWS, Row
from reliability.tries import Ending, Machine, Task
from reliability.waits import end_jobs_immediately, shorten
from workers import until

from airflow_provider_mkt.operators.campaign_requests import RequestCampaignOperator
from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.operators.smart_campaigns import ScheduleCampaignOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo

LATENCY = 0.05
"""Seconds that each request takes, so that those of the two runs meet."""


@pytest.fixture(autouse=True)
def with_retries(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims that last while a busy machine holds up a request. Nobody is killed and leaves one."""
    shorten(monkeypatch, slowness=10)


def run_two(row: Row, folder: Path, shared: str, *, together: bool) -> tuple[list[Ending], Effects]:
    """Run a row's task in two DAG runs.

    :param shared: ``[mkt] shared_state_url``, for two machines; one machine when it is empty.
    """
    with connected(latency=LATENCY) as box:
        end_jobs_immediately(box)
        row.prepare(box)
        make = functools.partial(row.make, folder)
        runs = [f"{name} {folder}" for name in "ab"] if shared else list("ab")
        tasks = [Task(make, run, folder / f"{run[0]}.json", shared) for run in runs]
        machines = [Machine(folder / name) for name in ("one", "two" if shared else "one")]
        if together:
            tries = [task.start(machine) for task, machine in zip(tasks, machines, strict=True)]
            endings = [one.end() for one in tries]
        else:
            endings = [task.start(machine).end() for task, machine in zip(tasks, machines, strict=True)]
        until(lambda: all(one.calls.all.in_flight == 0 for one in box.platforms.values()))
        box.clock.advance(3 * 3600)
        return endings, effects_of(box)


NEW = [
    name
    for name in ROWS
    if any(verb in name for verb in ("create", "clone", "copy", "sync", "import", "push", "form", "enroll"))
]
"""Rows whose two runs create the same things, or reach the same people once."""


@functools.cache
def one_after_the_other(name: str) -> Effects:
    """What two runs of a row leave, the second of which starts after the first one has ended."""
    with tempfile.TemporaryDirectory() as folder:
        endings, effects = run_two(ROWS[name], Path(folder), "", together=False)
    assert [one.error for one in endings] == [None, None]
    return effects


def assert_same(name: str, folder: Path, shared: str) -> None:
    wanted = one_after_the_other(name)
    endings, found = run_two(ROWS[name], folder, shared, together=True)
    assert [one.error for one in endings] == [None, None]
    assert found == wanted, difference(found, wanted)


@pytest.mark.parametrize("name", ROWS)
def test_two_runs_at_once_do_what_they_do_one_after_the_other(name: str, tmp_path: Path) -> None:
    assert_same(name, tmp_path, "")


@pytest.mark.parametrize("name", NEW)
def test_so_do_two_runs_at_once_on_two_machines_that_share_a_server(
    name: str, tmp_path: Path, redis_url: str | None
) -> None:
    if redis_url is None:
        pytest.skip("not installed: redis-server")
    assert_same(name, tmp_path, redis_url)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.each_run])
def test_two_tries_of_one_task_at_once_do_it_once(name: str, tmp_path: Path) -> None:
    """Airflow starts the next try beside a worker that it considers dead, and that still works."""
    row = ROWS[name]
    _, wanted = without_a_kill(name, tmp_path)
    with connected(latency=LATENCY) as box:
        end_jobs_immediately(box)
        row.prepare(box)
        task = Task(functools.partial(row.make, tmp_path), "run", tmp_path / "store.json")
        machine = Machine(tmp_path / "machine")
        tries = [task.start(machine, number) for number in (1, 2)]
        endings = [one.end() for one in tries]
        found = held_by(box, row)
    assert [one.error for one in endings] == [None, None]
    assert found == wanted, difference(found, wanted)


def _publish_a_clone(box: Sandbox, run: str) -> Any:
    original = box.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert original is not None
    clone = box.hubspot.state.emails.create(dict(original.live), f"18000000900{'ab'.index(run)}")
    return functools.partial(
        PublishEmailOperator,
        task_id="task",
        conn_id="hubspot_default",
        email_id=clone.id,
        send_key="newsletter of January",
    )


def _schedule_a_campaign(box: Sandbox, run: str) -> Any:
    return functools.partial(
        ScheduleCampaignOperator,
        task_id="task",
        conn_id="marketo_default",
        campaign_id=marketo.BATCH_CAMPAIGN,
        send_key="newsletter of January",
    )


def _request_a_campaign(box: Sandbox, run: str) -> Any:
    return functools.partial(
        RequestCampaignOperator,
        task_id="task",
        conn_id="marketo_default",
        campaign_id=marketo.REQUEST_CAMPAIGN,
        leads=[marketo.ANNA, marketo.BEN],
        send_key="newsletter of January",
    )


def _count(platform: str, route: str) -> Callable[[Sandbox], int]:
    return lambda box: sum(
        counter.total
        for (method, found), counter in box.platforms[platform].calls.routes.items()
        if method == "POST" and fnmatchcase(found, route)
    )


PURPOSES: dict[str, tuple[Callable[[Sandbox, str], Any], Callable[[Sandbox], int]]] = {
    "clones of an email": (_publish_a_clone, _count("hubspot", "*/publish")),
    "runs of a campaign": (_schedule_a_campaign, _count("marketo", "*/schedule.json")),
    "requests for a campaign": (_request_a_campaign, _count("marketo", "*/trigger.json")),
}
"""Operators that send for one purpose in each run, and what counts their requests."""


def assert_one_purpose(name: str, folder: Path, shared: str) -> None:
    make, count = PURPOSES[name]
    with connected(latency=LATENCY) as box:
        runs = [f"{run} {folder}" for run in "ab"]
        tasks = [Task(make(box, run[0]), run, folder / f"{run[0]}.json", shared) for run in runs]
        machines = [Machine(folder / one) for one in ("one", "two" if shared else "one")]
        tries = [task.start(machine) for task, machine in zip(tasks, machines, strict=True)]
        endings = [one.end() for one in tries]
        assert count(box) == 1
        # A retry of the run that sent finds it sent; the other one is refused again.
        again = [task.start(machine, number=2).end() for task, machine in zip(tasks, machines, strict=True)]
        assert count(box) == 1
    for first, second in zip(endings, again, strict=True):
        assert (first.error is None) == (second.error is None)
    refused = [one for one in endings if one.error is not None]
    assert len(refused) == 1
    assert refused[0].final
    assert "code send_key.taken" in str(refused[0].error)


@pytest.mark.parametrize("name", PURPOSES)
def test_two_runs_of_one_purpose_send_once(name: str, tmp_path: Path) -> None:
    assert_one_purpose(name, tmp_path, "")


@pytest.mark.parametrize("name", PURPOSES)
def test_so_do_two_runs_of_one_purpose_on_two_machines_that_share_a_server(
    name: str, tmp_path: Path, redis_url: str | None
) -> None:
    if redis_url is None:
        pytest.skip("not installed: redis-server")
    assert_one_purpose(name, tmp_path, redis_url)

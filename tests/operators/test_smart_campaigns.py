"""A run of a smart campaign is scheduled once, and an unknown outcome is reported and not repeated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.client.errors import TaskCancelled
from airflow_provider_mkt.operators.smart_campaigns import (
    ActivateCampaignOperator,
    DeactivateCampaignOperator,
    ScheduleCampaignOperator,
)
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException, TaskDeferred

pytestmark = pytest.mark.usefixtures("short_waits")

SCHEDULE = "*/schedule.json"
ROUTE = "/rest/v1/campaigns/{campaignId}/schedule.json"
UNKNOWN = "its outcome is unknown"


def later(**more: float) -> datetime:
    return (datetime.now(UTC) + timedelta(**more)).replace(microsecond=0)


def scheduling(campaign_id: Any = marketo.BATCH_CAMPAIGN, **more: Any) -> ScheduleCampaignOperator:
    return ScheduleCampaignOperator(
        task_id="task", conn_id="marketo_default", campaign_id=campaign_id, **more
    )


def runs(box: Sandbox) -> int:
    """How many runs the campaign and its copies have."""
    return sum(len(one.scheduled) for one in box.marketo.state.campaigns.values())


def ran_before(box: Sandbox) -> None:
    """Give the campaign a first run, after which its status does not show a second one."""
    box.marketo.state.campaigns[marketo.BATCH_CAMPAIGN].runs.append(datetime.now(UTC) - timedelta(days=30))


def request_count(box: Sandbox) -> int:
    return box.marketo.calls.of("POST", ROUTE).total


def test_a_run_is_scheduled_with_tokens_and_happens(airflow: Airflow, sandbox: Sandbox) -> None:
    moment = later(hours=1)
    run = airflow.run(f"""
from airflow_provider_mkt.operators.smart_campaigns import (
    ActivateCampaignOperator, DeactivateCampaignOperator, ScheduleCampaignOperator
)
ActivateCampaignOperator(task_id="on", conn_id="marketo_default", campaign_id={marketo.INACTIVE_CAMPAIGN})
DeactivateCampaignOperator(task_id="off", conn_id="marketo_default", campaign_id={marketo.REQUEST_CAMPAIGN})
ScheduleCampaignOperator(task_id="run", conn_id="marketo_default", campaign_id="{{{{ 4002 }}}}",
    run_at="{moment}", tokens={{"{{{{my.Headline}}}}": "{{{{ 'Snow' }}}}"}})
""")
    assert run.state == "success", run.log[-3000:]
    assert run.returned["run"] == {
        "outcome": "campaign_schedule",
        "platform": "marketo",
        "campaign_id": "4002",
        "program_id": None,
        "scheduled": True,
        "run_at": moment.isoformat(),
    }
    assert [run.returned[task]["active"] for task in ("on", "off")] == [True, False]
    world = sandbox.marketo.state
    assert world.campaigns[marketo.BATCH_CAMPAIGN].scheduled == [moment]
    sandbox.clock.advance(3700)
    world.run_due_work()
    assert [mail.tokens["Headline"] for mail in world.outbox] == ["Snow"] * 3


# -- one run ------------------------------------------------------------------------------------------


def test_a_lost_answer_is_verified_by_the_status_of_a_campaign_that_never_ran(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add(SCHEDULE, when="after", answer=RESET)
    assert scheduling().execute(context())["scheduled"] is True
    assert (runs(sandbox), request_count(sandbox)) == (1, 1)


@pytest.mark.parametrize(("when", "before"), [("before", False), ("after", True)])
def test_an_unknown_outcome_fails_without_retry_and_is_sent_again_only_when_cleared(
    sandbox: Sandbox, when: Any, before: bool
) -> None:
    if before:
        ran_before(sandbox)
    sandbox.marketo.faults.add(SCHEDULE, when=when, answer=RESET)
    with pytest.raises(AirflowFailException, match=UNKNOWN):
        scheduling().execute(context())
    assert (runs(sandbox), request_count(sandbox)) == (int(when == "after"), 1)
    # A user who has read that clears the task.
    assert scheduling().execute(context(cleared=1))["scheduled"] is True
    assert request_count(sandbox) == 2


def test_a_task_that_is_killed_while_it_waits_ends_at_once_and_leaves_nothing_unknown(
    sandbox: Sandbox,
) -> None:
    ran_before(sandbox)
    busy = {"error": "606"}
    sandbox.marketo.faults.add(SCHEDULE, when="before", answer=busy, times=None)
    task = scheduling()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(task.execute, context())
        until(lambda: bool(sandbox.marketo.faults.fired))
        task.on_kill()
        with pytest.raises(TaskCancelled):
            running.result()
    sandbox.marketo.faults.clear()
    assert scheduling().execute(context())["scheduled"] is True


@pytest.mark.parametrize("copy", [None, "A copy"], ids=["campaign", "copy"])
def test_a_later_try_with_another_time_returns_the_one_for_which_the_run_is_scheduled(
    sandbox: Sandbox, copy: str | None
) -> None:
    first, later = (datetime.now(UTC) + timedelta(hours=hours) for hours in (2, 5))
    for run_at, cleared in ((first, 0), (later, 0), (later, 1)):
        operator = scheduling(run_at=run_at, clone_to_program_name=copy)
        assert operator.execute(context(cleared=cleared))["run_at"] == first.isoformat()
    assert runs(sandbox) == 1


@pytest.mark.parametrize(("when", "before"), [("before", True), ("after", False)])
def test_a_worker_killed_during_the_request_and_its_next_try_never_send_it_twice(
    sandbox: Sandbox, when: Any, before: bool
) -> None:
    if before:
        ran_before(sandbox)
    sandbox.marketo.faults.add(SCHEDULE, when=when, delay=0.3)
    worker = Worker(scheduling())
    until(lambda: sandbox.marketo.calls.of("POST", ROUTE).in_flight == 1)
    worker.kill()
    report = Worker(scheduling()).end()
    if before:
        assert "AirflowFailException" in report["error"]
        assert UNKNOWN in report["error"]
    else:
        assert report["result"]["scheduled"] is True
    until(lambda: sandbox.marketo.calls.all.in_flight == 0)
    assert (runs(sandbox), request_count(sandbox)) == (1, 1)


def test_two_concurrent_tries_of_one_task_send_one_request(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add(SCHEDULE, when="after", delay=0.2)
    workers = [Worker(scheduling()) for _ in range(2)]
    assert [worker.end()["result"]["scheduled"] for worker in workers] == [True, True]
    assert (runs(sandbox), request_count(sandbox)) == (1, 1)


def test_a_try_after_the_answer_returns_it_and_sends_nothing(sandbox: Sandbox) -> None:
    moment = later(minutes=6)
    outcomes = [scheduling(run_at=moment).execute(context()) for _ in range(2)]
    assert outcomes[0] == outcomes[1]
    assert (runs(sandbox), request_count(sandbox)) == (1, 1)


def test_a_rejected_request_does_not_stop_the_next_try(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add(SCHEDULE, answer={"code": "1003"})
    with pytest.raises(AirflowFailException, match="1003"):
        scheduling().execute(context())
    assert scheduling().execute(context())["scheduled"] is True
    assert runs(sandbox) == 1


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"run_at": later(minutes=3)}, "run_at: is less than five minutes ahead"),
        ({"run_at": later(days=800)}, "run_at: is more than two years ahead"),
        ({"run_at": "2030-01-01T09:00"}, "run_at: has no offset"),
        ({"campaign_id": 99}, "there is no smart campaign 99"),
        ({"campaign_id": "4002/trigger"}, "campaign_id: must be a positive whole number"),
        ({"campaign_id": marketo.REQUEST_CAMPAIGN}, "is of type trigger"),
        ({"tokens": {"Headline": "x"}}, "must be written"),
        ({"tokens": "[1]"}, "tokens: must be a mapping"),
        ({"conn_id": "hubspot_default"}, "not marketo"),
    ],
)
def test_a_run_that_cannot_be_scheduled_fails_before_any_request(
    sandbox: Sandbox, more: Any, named: str
) -> None:
    arguments = {"task_id": "t", "conn_id": "marketo_default", "campaign_id": marketo.BATCH_CAMPAIGN, **more}
    with pytest.raises(AirflowFailException, match=named):
        ScheduleCampaignOperator(**arguments).execute(context())
    assert request_count(sandbox) == 0


# -- a run of a copy ----------------------------------------------------------------------------------


def copying(name: str = "Copy", **more: Any) -> ScheduleCampaignOperator:
    return scheduling(clone_to_program_name=name, **more)


@pytest.mark.parametrize("when", [None, "before", "after"])
def test_a_copy_is_created_and_run_once_whichever_answer_is_lost(sandbox: Sandbox, when: Any) -> None:
    ran_before(sandbox)
    if when:
        sandbox.marketo.faults.add(SCHEDULE, when=when, answer=RESET)
    first, again = (copying().execute(context(run=name)) for name in "ab")
    assert (first["scheduled"], again["scheduled"]) == (True, False)
    assert first["program_id"] == again["program_id"]
    assert first["campaign_id"] == again["campaign_id"] != str(marketo.BATCH_CAMPAIGN)
    assert runs(sandbox) == 1


def test_two_concurrent_runs_create_and_run_one_copy(sandbox: Sandbox) -> None:
    workers = [Worker(copying(), run=name) for name in "ab"]
    assert sorted(worker.end()["result"]["scheduled"] for worker in workers) == [False, True]
    assert runs(sandbox) == 1


def test_an_exhausted_daily_limit_of_copies_defers_the_task(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add(SCHEDULE, answer={"code": "1020"})
    with pytest.raises(TaskDeferred) as raised:
        copying().execute(context())
    assert raised.value.method_name == "resume"
    assert copying().resume(context())["scheduled"] is True
    assert runs(sandbox) == 1


def test_a_program_of_that_name_without_a_run_fails_the_task(sandbox: Sandbox) -> None:
    with pytest.raises(AirflowFailException, match="a program with the name 'November Newsletter' exists"):
        copying("November Newsletter").execute(context())
    assert (runs(sandbox), request_count(sandbox)) == (0, 0)


# -- on and off ---------------------------------------------------------------------------------------

SWITCHES = {
    "on": (ActivateCampaignOperator, marketo.INACTIVE_CAMPAIGN, "activate"),
    "off": (DeactivateCampaignOperator, marketo.REQUEST_CAMPAIGN, "deactivate"),
}


@pytest.mark.parametrize("way", SWITCHES)
@pytest.mark.parametrize("when", [None, "after"])
def test_a_campaign_is_switched_once_and_not_changed_again(sandbox: Sandbox, way: str, when: Any) -> None:
    operator, campaign_id, member_action = SWITCHES[way]
    if when:
        sandbox.marketo.faults.add(f"*/{member_action}.json", when=when, answer=RESET)
    first, again = (
        operator(task_id="t", conn_id="marketo_default", campaign_id=campaign_id).execute(context(run=name))
        for name in "ab"
    )
    assert (first["changed"], again["changed"]) == (True, False)
    assert sandbox.marketo.state.campaigns[campaign_id].active is (way == "on")


def test_a_batch_campaign_cannot_be_activated(sandbox: Sandbox) -> None:
    one = ActivateCampaignOperator(task_id="t", conn_id="marketo_default", campaign_id=marketo.BATCH_CAMPAIGN)
    with pytest.raises(AirflowFailException, match="cannot be activated"):
        one.execute(context())

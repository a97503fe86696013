"""The trigger of jobs: serialization, events, outages, the event loop, cancellation."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
from dataclasses import replace
from typing import Any

import pytest
from airflow_runs import Airflow, through_airflow
from workers import as_soon_as, until

from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.triggers._task_instance import to_the_end
from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

JOB = {"platform": "hubspot", "kind": "email_publish", "id": hubspot.NEWSLETTER_EMAIL}
ROUTE = "/marketing/emails/2026-09/{emailId}"

pytestmark = pytest.mark.usefixtures("short_waits")


def trigger(seconds: float = 30.0, **more: Any) -> BatchStatusTrigger:
    return BatchStatusTrigger(
        "hubspot_default", [JOB], time.time() + seconds, **{"poll_interval": 0.05, **more}
    )


async def event_of(one: BatchStatusTrigger) -> dict[str, Any]:
    async for event in one.run():
        payload: dict[str, Any] = event.payload
        return payload
    raise AssertionError("no event")


def publish(box: Sandbox, seconds: float = 0.0) -> None:
    settings, emails = box.hubspot.settings, box.hubspot.state.emails
    settings.email_preprocessing = settings.email_processing = seconds / 2
    email = emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    emails.publish(email)


def test_it_is_rebuilt_from_what_it_serializes_to_and_holds_no_secret() -> None:
    one = trigger(carry={"state": "x"}, max_poll_failure_time=5.0, cancel_on_kill=False)
    path, arguments = one.serialize()
    assert path == "airflow_provider_mkt.triggers.batch_status.BatchStatusTrigger"
    through = through_airflow(arguments)
    again = BatchStatusTrigger(**through)
    assert again.serialize() == one.serialize()
    assert vars(again).keys() == vars(one).keys()
    assert hubspot.TOKEN not in json.dumps(arguments)


def test_the_event_has_status_and_carry_for_success_failed_timeout_and_error(sandbox: Sandbox) -> None:
    waiting = asyncio.run(event_of(trigger(0.2, carry={"a": 1})))
    assert (waiting["status"], waiting["carry"], waiting["job_states"][0]["raw_status"]) == (
        "timeout",
        {"a": 1},
        "DRAFT",
    )
    publish(sandbox, 0.4)
    assert asyncio.run(event_of(trigger()))["status"] == "success"
    missing = BatchStatusTrigger("hubspot_default", [{**JOB, "id": "404404"}], time.time() + 30)
    assert asyncio.run(event_of(missing))["status"] == "failed"
    sandbox.hubspot.faults.add(method="GET", answer={"status": 502}, times=None)
    failing = asyncio.run(event_of(trigger(max_poll_failure_time=0.1)))
    assert failing["status"] == "error"
    wrong = BatchStatusTrigger("hubspot_default", [{"kind": "x"}], time.time() + 30)
    assert asyncio.run(event_of(wrong))["status"] == "failed"


def test_the_deadline_holds_across_a_restart(sandbox: Sandbox) -> None:
    one = trigger(0.6)

    async def restarted() -> dict[str, Any]:
        task = asyncio.create_task(event_of(one))
        await asyncio.sleep(0.4)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await event_of(BatchStatusTrigger(**one.serialize()[1]))

    assert asyncio.run(restarted())["status"] == "timeout"
    assert time.time() >= one.deadline


def test_it_survives_a_short_outage_of_the_platform(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mkt.client.transport.exchange import RetryPolicy

    monkeypatch.setattr(RetryPolicy, "__init__", _no_retry(RetryPolicy.__init__))
    publish(sandbox)
    port = int(sandbox.hubspot.url.rsplit(":", 1)[1])
    sandbox.stop()

    async def outage() -> dict[str, Any]:
        task = asyncio.create_task(event_of(trigger()))
        await asyncio.sleep(0.6)
        assert not task.done()
        sandbox._ports["hubspot"] = port
        await asyncio.to_thread(sandbox.start)
        return await asyncio.wait_for(task, 20)

    assert asyncio.run(outage())["status"] == "success"


def _no_retry(init: Any) -> Any:
    def made(self: Any, **options: Any) -> None:
        init(self, **{"max_elapsed": 0.1, **options})

    return made


@pytest.mark.parametrize("fast", ["email_publish", "campaign_batch"])
def test_jobs_of_two_kinds_are_polled_at_the_shorter_interval(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, fast: str
) -> None:
    specs = [
        replace(spec, poke_interval=0.05 if spec.kind == fast else 60.0) for spec in HubSpotHook.job_specs
    ]
    monkeypatch.setattr(HubSpotHook, "job_specs", specs)
    batch = {"platform": "hubspot", "kind": "campaign_batch", "id": hubspot.SPRING_CAMPAIGN}

    async def wait() -> None:
        polling = asyncio.create_task(
            event_of(BatchStatusTrigger("hubspot_default", [JOB, batch], time.time() + 600))
        )
        # At the longer interval there would be one poll.
        await asyncio.to_thread(until, lambda: sandbox.hubspot.calls.of("GET", ROUTE).total > 3)
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling

    asyncio.run(wait())


def test_each_outage_has_the_whole_budget_of_failing_polls(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mkt.client.transport.exchange import RetryPolicy

    monkeypatch.setattr(RetryPolicy, "__init__", _no_retry(RetryPolicy.__init__))
    faults = sandbox.hubspot.faults

    async def outages() -> dict[str, Any]:
        task = asyncio.create_task(event_of(trigger(max_poll_failure_time=2.0)))
        for _ in range(2):
            faults.add(method="GET", answer={"status": 502}, times=None)
            await asyncio.sleep(1.2)
            faults.clear()
            polls = sandbox.hubspot.calls.of("GET", ROUTE).total
            await asyncio.to_thread(
                until, lambda polls=polls: sandbox.hubspot.calls.of("GET", ROUTE).total > polls + 2
            )
        publish(sandbox)
        return await asyncio.wait_for(task, 20)

    assert asyncio.run(outages())["status"] == "success"


def test_fifty_triggers_do_not_block_the_event_loop(sandbox: Sandbox) -> None:
    sandbox.hubspot.latency = 0.05
    publish(sandbox, 1.5)
    waited: list[float] = []
    busy: list[float] = []

    async def watch() -> None:
        while True:
            wall, work = time.monotonic(), time.thread_time()
            await asyncio.sleep(0.01)
            waited.append(time.monotonic() - wall)
            busy.append(time.thread_time() - work)

    async def crowd() -> list[dict[str, Any]]:
        # The first hook of a process makes what all share, TLS settings and the budget's file.
        await event_of(BatchStatusTrigger("hubspot_default", [{"kind": "x"}], 0.0))
        await event_of(BatchStatusTrigger("hubspot_default", [JOB], 0.0))
        watching = asyncio.create_task(watch())
        events = await asyncio.gather(*(event_of(trigger(poll_interval=0.5)) for _ in range(50)))
        watching.cancel()
        return events

    # The garbage of all the tests that this process has run is not the work of these triggers.
    gc.collect()
    gc.disable()
    try:
        events = asyncio.run(crowd())
    finally:
        gc.enable()
    assert {event["status"] for event in events} == {"success"}
    # Airflow warns at 0.2 s. Other processes of a busy machine do not count as work of the loop.
    assert max(busy) < 0.2
    # Fifty that each wait for an answer inside the loop would take 2.5 s.
    assert max(waited) < 2.0


def test_canceling_leaves_no_task_and_no_connection_behind(sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add(method="GET", delay=5, times=None)

    async def cancel() -> set[asyncio.Task[Any]]:
        task = asyncio.create_task(event_of(trigger()))
        await asyncio.to_thread(until, lambda: sandbox.hubspot.calls.of("GET", ROUTE).in_flight == 1)
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError)
        await asyncio.sleep(0.05)
        return asyncio.all_tasks() - {asyncio.current_task()}

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        assert asyncio.run(cancel()) == set()


def test_nothing_is_canceled_when_the_state_of_the_task_is_unknown(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    from datetime import timedelta

    from airflow_provider_mkt.sandbox.marketo.emails.sending import approve_program

    world = sandbox.marketo.state
    program = world.programs[marketo.EMAIL_PROGRAM]
    program.start, program.end = world.now() + timedelta(hours=1), world.now() + timedelta(hours=2)
    approve_program(world, program)
    job = {"platform": "marketo", "kind": "email_send", "id": str(marketo.EMAIL_PROGRAM)}
    one = BatchStatusTrigger("marketo_default", [job], time.time() + 30)
    asyncio.run(one.on_kill())
    assert "Nothing is canceled: the trigger does not know its task" in capsys.readouterr().out
    assert program.locked


def test_the_work_of_a_kill_ends_although_the_triggerer_cancels_it_each_second() -> None:
    async def kill() -> None:
        may_end, ended = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            await may_end.wait()
            ended.set()

        killed = asyncio.ensure_future(asyncio.wait_for(to_the_end(work(), logging.getLogger()), 30))
        for _ in range(3):
            await asyncio.sleep(0)
            killed.cancel()
        await asyncio.sleep(0)
        may_end.set()
        await asyncio.gather(killed, return_exceptions=True)
        await asyncio.wait_for(ended.wait(), 30)

    asyncio.run(kill())


def test_a_connection_that_only_the_database_knows_is_found(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.models import Connection
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(Connection).filter_by(conn_id="stored").delete()
        session.add(
            Connection(
                conn_id="stored", conn_type="hubspot", host=sandbox.hubspot.url, password=hubspot.TOKEN
            )
        )
    job_states = sandbox.hubspot.calls
    # The first poll is the worker's, and the others are the trigger's.
    with as_soon_as(lambda: job_states.of("GET", ROUTE).total > 2, lambda: publish(sandbox)):
        run = airflow.run(
            f'BatchStatusSensor(task_id="wait", conn_id="stored", job={JOB!r}, deferrable=True, '
            "poke_interval=0.1)"
        )
    assert run.state == "success", run.log[-3000:]
    until(lambda: sandbox.hubspot.calls.all.in_flight == 0)

"""The sensor of jobs behaves the same in poke, reschedule and deferrable mode."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import Context
from airflow_runs import Airflow, Run
from workers import as_soon_as, context

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.emails.sending import approve_program
from airflow_provider_mkt.sensors.batch_status import BatchStatusSensor
from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger
from airflow_provider_mkt.version_compat import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowTaskTimeout,
    TaskDeferred,
)

OPTIONS: dict[str, dict[str, Any]] = {
    "poke": {"mode": "poke"},
    "reschedule": {"mode": "reschedule"},
    "deferrable": {"deferrable": True},
}
MODES = {"poke": 'mode="poke"', "reschedule": 'mode="reschedule"', "deferrable": "deferrable=True"}
SENT = {"platform": "hubspot", "kind": "email_publish", "id": hubspot.NEWSLETTER_EMAIL}
APPROVED = {"platform": "marketo", "kind": "email_publish", "id": str(marketo.APPROVED_EMAIL)}
EMAIL = f"*/emails/2026-09/{hubspot.NEWSLETTER_EMAIL}"
ROUTE = "/marketing/emails/2026-09/{emailId}"

pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return MODES[request.param]


def wait(
    airflow: Airflow,
    mode: str,
    job: Any,
    more: str = "",
    conn: str = "hubspot_default",
    *,
    whole: bool = False,
) -> Run:
    """Run the sensor.

    :param whole: in the whole of Airflow.
    """
    return (airflow.run if whole else airflow.run_tasks)(
        f'BatchStatusSensor(task_id="wait", conn_id="{conn}", job={job!r}, poke_interval=0.1, {mode}, {more})'
    )


def publish(box: Sandbox, email_id: str = hubspot.NEWSLETTER_EMAIL, seconds: float = 0.0) -> None:
    settings, emails = box.hubspot.settings, box.hubspot.state.emails
    settings.email_preprocessing = settings.email_processing = seconds
    email = emails.get(email_id)
    assert email is not None
    emails.publish(email)


@contextmanager
def over_after_one_poll(box: Sandbox, email_id: str = hubspot.NEWSLETTER_EMAIL) -> Iterator[None]:
    """A publication that ends after the first poll."""
    job_states = box.hubspot.calls
    publish(box, email_id, seconds=3600)
    with as_soon_as(lambda: job_states.of("GET", ROUTE).total > 1, lambda: box.clock.advance(7200)):
        yield
    assert job_states.of("GET", ROUTE).total > 1


def test_a_job_that_is_complete_ends_the_wait_at_once(airflow: Airflow, sandbox: Sandbox, mode: str) -> None:
    run = wait(airflow, mode, APPROVED, conn="marketo_default")
    assert run.state == "success", run.log[-2000:]
    assert run.returned["wait"] == [
        {"job": APPROVED, "status": "COMPLETE", "raw_status": "approved", "details": {"approved": True}}
    ]
    assert sandbox.marketo.calls.of("GET", "/rest/asset/v1/email/{id}.json").total == 2


def test_a_job_is_waited_for_until_it_is_complete(airflow: Airflow, sandbox: Sandbox, mode: str) -> None:
    with over_after_one_poll(sandbox):
        run = wait(airflow, mode, SENT, whole=True)
    assert run.state == "success", run.log[-2000:]
    (job_state,) = run.returned["wait"]
    assert job_state["details"].pop("published_at")
    assert job_state == {
        "job": SENT,
        "status": "COMPLETE",
        "raw_status": "PUBLISHED",
        "details": {
            "state": "PUBLISHED",
            "selected": 5,
            "sent": 5,
            "delivered": 5,
            "bounced": 0,
            "dropped": 0,
        },
    }


def test_a_failed_job_fails_without_another_try(airflow: Airflow, sandbox: Sandbox, mode: str) -> None:
    with over_after_one_poll(sandbox, hubspot.FAILING_EMAIL):
        run = wait(airflow, mode, {**SENT, "id": hubspot.FAILING_EMAIL}, "retries=1")
    assert run.state == "failed"
    assert "FAILED (ERROR)" in run.log
    assert "up_for_retry" not in run.log


def test_a_canceled_job_fails_without_another_try(airflow: Airflow, sandbox: Sandbox, mode: str) -> None:
    job = {"platform": "marketo", "kind": "email_send", "id": marketo.EMAIL_PROGRAM}
    run = wait(airflow, mode, job, "retries=1", "marketo_default")
    assert run.state == "failed"
    assert "CANCELED (unlocked)" in run.log
    assert "up_for_retry" not in run.log


def test_an_unknown_status_keeps_waiting_with_a_warning(
    airflow: Airflow, sandbox: Sandbox, mode: str
) -> None:
    body = {"id": hubspot.NEWSLETTER_EMAIL, "state": "BRAND_NEW"}
    sandbox.hubspot.faults.add(EMAIL, answer={"status": 200, "body": body}, times=None)
    run = wait(airflow, mode, SENT, "timeout=0.5")
    assert run.state == "failed"
    assert "unknown status 'BRAND_NEW'" in run.log
    assert "AirflowSensorTimeout" in run.log


@pytest.mark.parametrize(
    ("more", "state"), [("", "failed"), ("soft_fail=True", "skipped"), ("never_fail=True", "skipped")]
)
def test_a_wait_ends_at_its_timeout(
    airflow: Airflow, sandbox: Sandbox, mode: str, more: str, state: str
) -> None:
    run = wait(airflow, mode, {**SENT, "id": hubspot.SCHEDULED_EMAIL}, f"timeout=0.3, retries=1, {more}")
    assert run.tasks == {"wait": state}
    assert "up_for_retry" not in run.log


@pytest.mark.parametrize("more", ["soft_fail=True", "never_fail=True"])
@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_a_failed_job_skips_the_task_with_soft_fail(
    airflow: Airflow, sandbox: Sandbox, mode: str, more: str, seconds: float
) -> None:
    publish(sandbox, hubspot.FAILING_EMAIL, seconds=seconds)
    run = wait(airflow, mode, {**SENT, "id": hubspot.FAILING_EMAIL}, more)
    assert run.tasks == {"wait": "skipped"}


def test_polls_may_fail_for_less_than_max_poll_failure_time(
    airflow: Airflow, sandbox: Sandbox, mode: str
) -> None:
    publish(sandbox)
    # A poll is five calls, so the first two polls fail.
    sandbox.hubspot.faults.add(EMAIL, answer={"status": 502}, times=10)
    run = wait(airflow, mode, SENT)
    assert run.state == "success", run.log[-2000:]
    assert run.log.count("status poll failed") == 2


@pytest.mark.parametrize(
    ("more", "state"), [("", "failed"), ("soft_fail=True", "skipped"), ("never_fail=True", "skipped")]
)
def test_polls_that_fail_for_longer_than_max_poll_failure_time_end_the_wait(
    airflow: Airflow, sandbox: Sandbox, mode: str, more: str, state: str
) -> None:
    sandbox.hubspot.faults.add(EMAIL, answer={"status": 502}, times=None)
    run = wait(airflow, mode, SENT, f"max_poll_failure_time=0.3, {more}")
    assert run.tasks == {"wait": state}, run.log[-2000:]
    if state == "failed":
        assert "PollingFailed" in run.log


def test_a_job_that_does_not_exist_fails_without_another_try(
    airflow: Airflow, sandbox: Sandbox, mode: str
) -> None:
    run = wait(airflow, mode, {**SENT, "id": "404404"}, "retries=1")
    assert run.state == "failed"
    assert "404404 not found" in run.log
    assert "up_for_retry" not in run.log


def test_a_permanent_error_of_a_later_poll_fails_without_another_try(
    airflow: Airflow, sandbox: Sandbox, mode: str
) -> None:
    publish(sandbox, seconds=3600)
    sandbox.hubspot.faults.add(EMAIL, skip=2, answer={"error": "MISSING_SCOPES"}, times=None)
    run = wait(airflow, mode, SENT, "retries=1")
    assert run.state == "failed"
    assert "AirflowFailException" in run.log
    assert "up_for_retry" not in run.log


def test_a_token_without_the_scope_fails_and_names_it(
    airflow: Airflow, sandbox: Sandbox, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {
        "conn_type": "marketo",
        "host": sandbox.marketo.url,
        "login": marketo.READER_ID,
        "password": marketo.READER_SECRET,
    }
    monkeypatch.setenv("AIRFLOW_CONN_READER", json.dumps(connection))
    job = {"platform": "marketo", "kind": "lead_import", "id": "1"}
    run = wait(airflow, mode, job, "retries=1", "reader")
    assert run.state == "failed"
    assert "needs Read-Write Lead" in run.log
    assert "up_for_retry" not in run.log


def test_a_lead_import_is_waited_for_and_its_rejected_rows_compared_with_what_is_allowed(
    airflow: Airflow, sandbox: Sandbox, mode: str
) -> None:
    from airflow_provider_mkt.client.marketo.imports import bulk_leads
    from airflow_provider_mkt.hooks.marketo import MarketoHook

    with MarketoHook() as hook:
        made = hook.run(
            bulk_leads.create_import(b"email,loyaltyId\nnew@example.com,5\nother@example.com,many\n")
        )
    sandbox.clock.advance(600)
    job = {"platform": "marketo", "kind": "lead_import", "id": str(made["batchId"])}
    run = wait(airflow, mode, job, conn="marketo_default")
    assert run.state == "success", run.log[-2000:]
    (job_state,) = run.returned["wait"]
    assert job_state["raw_status"] == "Complete"
    assert (job_state["details"]["numOfLeadsProcessed"], job_state["details"]["numOfRowsFailed"]) == (1, 1)
    run = wait(airflow, mode, job, "max_rejected=0, retries=1", "marketo_default")
    assert run.state == "failed"
    assert "rejected 1 of 2 rows; allowed are 0" in run.log
    assert "up_for_retry" not in run.log


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(("max_rejected", "state"), [("50%", "success"), (0.4, "failed"), ("few", "failed")])
def test_rejected_rows_of_a_contact_import_are_compared_with_what_is_allowed(
    airflow: Airflow, sandbox: Sandbox, max_rejected: Any, state: str
) -> None:
    from airflow_provider_mkt.client.hubspot.imports import imports
    from airflow_provider_mkt.hooks.hubspot import HubSpotHook

    columns = [{"name": "email", "property_name": "email", "column_type": "HUBSPOT_ALTERNATE_ID"}]
    with HubSpotHook() as hook:
        made = hook.run(imports.start("x", b"email\nnew@example.com\nnot-an-address\n", columns))
    sandbox.clock.advance(600)
    job = {"platform": "hubspot", "kind": "contact_import", "id": str(made.id)}
    run = wait(airflow, MODES["poke"], job, f"max_rejected={max_rejected!r}")
    assert run.state == state, run.log[-2000:]


@pytest.mark.parametrize(
    "job",
    [
        [SENT, {**SENT, "id": hubspot.PUBLISHED_EMAIL}],
        {"outcome": "x", "job": SENT},
        {"jobs": [SENT]},
        json.dumps(SENT),
        json.dumps([{"job": SENT}]),
    ],
)
def test_jobs_are_accepted_in_every_form(airflow: Airflow, sandbox: Sandbox, job: Any) -> None:
    publish(sandbox)
    run = wait(airflow, MODES["poke"], job)
    assert run.state == "success", run.log[-2000:]
    assert {job_state["status"] for job_state in run.returned["wait"]} == {"COMPLETE"}


def test_the_outcome_of_an_operator_comes_as_text_through_a_template(
    airflow: Airflow, sandbox: Sandbox, mode: str
) -> None:
    run = airflow.run(f"""
publish = PublishEmailOperator(
    task_id="publish", conn_id="marketo_default", email_id={marketo.DRAFT_EMAIL})
publish >> BatchStatusSensor(
    task_id="wait", conn_id="marketo_default", {mode},
    job='{{{{ ti.xcom_pull(task_ids="publish") | tojson }}}}')
""")
    assert run.state == "success", run.log[-2000:]


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize(
    ("job", "named"),
    [
        ({"platform": "hubspot", "kind": "email_publish"}, "job.id: is missing"),
        ({"platform": "hubspot", "id": "1"}, "job.kind: is missing"),
        ([SENT, {"kind": "x"}], "job[1].platform: is missing"),
        ({"outcome": "dry_run", "would_send": True}, "job: is the outcome of a dry run"),
        ({"jobs": []}, "job.jobs: must be a job or a list of jobs"),
        (
            {"platform": "hubspot", "kind": "nonsense", "id": "1"},
            "job.kind: hubspot nonsense cannot be followed",
        ),
        (APPROVED, "job.kind: marketo email_publish cannot be followed here"),
        ("soon", "job: must be a job"),
        (None, "job: must be a job"),
        (7, "job: must be a job"),
    ],
)
def test_a_value_that_is_not_a_job_is_named(
    sandbox: Sandbox, options: dict[str, Any], job: Any, named: str
) -> None:
    sensor = BatchStatusSensor(
        task_id="wait", conn_id="hubspot_default", job=job, poke_interval=0.1, **options
    )
    started = context()
    started["ti"].get_first_reschedule_date = lambda context: None
    # With which Airflow does not retry.
    with pytest.raises(AirflowFailException, match=re.escape(named)):
        sensor.execute(started)
    assert sandbox.hubspot.calls.total == 0


@pytest.mark.parametrize(("options", "taken_back"), [({}, False), ({"cancel_on_kill": True}, True)])
def test_a_killed_sensor_cancels_a_send_only_with_cancel_on_kill(
    sandbox: Sandbox, options: dict[str, Any], taken_back: bool
) -> None:
    world = sandbox.marketo.state
    program = world.programs[marketo.EMAIL_PROGRAM]
    program.start, program.end = world.now() + timedelta(hours=1), world.now() + timedelta(hours=2)
    approve_program(world, program)
    job = {"platform": "marketo", "kind": "email_send", "id": str(program.id)}
    BatchStatusSensor(task_id="wait", conn_id="marketo_default", job=job, **options).on_kill()
    assert program.locked is not taken_back


def test_a_deferred_wait_ends_at_the_execution_timeout_before_its_own_end(sandbox: Sandbox) -> None:
    publish(sandbox, seconds=3600)
    sensor = BatchStatusSensor(
        task_id="wait",
        conn_id="hubspot_default",
        job=SENT,
        deferrable=True,
        timeout=3600,
        execution_timeout=timedelta(seconds=60),
    )
    began = time.time()
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(Context())
    trigger, kwargs = deferred.value.trigger, deferred.value.kwargs or {}
    assert isinstance(trigger, BatchStatusTrigger)
    assert began + 60 <= trigger.deadline == kwargs["execution_deadline"] < began + 3600
    assert deferred.value.timeout is not None
    assert deferred.value.timeout.total_seconds() < 3600
    # The wait goes on in another process.
    resumed = BatchStatusSensor(
        task_id="wait", conn_id="hubspot_default", job=SENT, execution_timeout=timedelta(seconds=60)
    )
    event = {"status": "timeout", "message": "the deadline passed", "jobs": [SENT], "job_states": []}
    with pytest.raises(AirflowTaskTimeout, match="not complete 60 s after the start of this try"):
        resumed.execute_complete(Context(), event, execution_deadline=time.time() - 1)
    with pytest.raises(AirflowSensorTimeout):
        resumed.execute_complete(Context(), event, execution_deadline=time.time() + 60)

"""The provider in a running Airflow with scheduler and triggerer, including killed tasks."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standalone.service import Standalone
from workers import until

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo

HOUR = 3600.0


def _wait_for_next_poll(sandbox: Sandbox, platform: str) -> None:
    """Wait until the status of an import is polled once more."""
    route = {"hubspot": "/crm/imports/2026-09/{importId}", "marketo": "/bulk/v1/leads/batch/{batchId}.json"}
    calls = sandbox.platforms[platform].calls
    before = calls.of("GET", route[platform]).total
    until(lambda: calls.of("GET", route[platform]).total > before)


def addresses(name: str) -> list[str]:
    return [f"{name}{number}@example.com" for number in range(3)]


def leads(folder: Path, name: str) -> str:
    """Write a file of three leads. Returns its URI."""
    file = folder / "leads.csv"
    file.write_text("email\n" + "".join(f"{address}\n" for address in addresses(name)))
    return file.as_uri()


@pytest.fixture(autouse=True)
def usual_pace(sandbox: Sandbox) -> Iterator[None]:
    """Let no test change how long the platforms take in another one."""
    settings = [platform.settings for platform in sandbox.platforms.values()]
    before = [one.model_copy() for one in settings]
    yield
    for one, was in zip(settings, before, strict=True):
        for name, value in was:
            setattr(one, name, value)


@pytest.fixture(scope="module", autouse=True)
def timed_import(airflow: Standalone, polled: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Start a run whose task ends by its time-out, while the other tests run. Returns the id of the run."""
    polled.hubspot.settings.import_startup = HOUR
    return airflow.trigger("timed_import", {"source": leads(tmp_path_factory.mktemp("timed"), "timed")})


def test_the_example_dags_succeed_and_deferred_tasks_free_their_workers(
    airflow: Standalone, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.hubspot.settings.email_processing = HOUR
    runs = {"lead_import": airflow.scheduled("lead_import")}
    runs["nurture"] = airflow.trigger("nurture", {"work_dir": tmp_path.as_uri()})
    conf = {"work_dir": tmp_path.as_uri(), "stable_for": 2}
    newsletters = {
        dag_id: airflow.trigger(dag_id, conf) for dag_id in ("newsletter_hubspot", "newsletter_marketo")
    }

    def is_approved(dag_id: str, run_id: str) -> bool:
        state = airflow.tasks(dag_id, run_id).get("approve", {}).get("state")
        # Airflow loses an answer that comes before the task has ended its part, and asks once more when it
        # fails to start the task again.
        if state == "awaiting_input":
            assert airflow.answer(dag_id, run_id, "approve", "Approve").status_code in (200, 409)
        return bool(state == "success")

    airflow.until(
        lambda: all(is_approved(dag_id, run_id) for dag_id, run_id in newsletters.items()),
        1200,
        "the newsletters were not approved",
        every=2,
    )
    airflow.wait_until_deferred([(dag_id, run_id, "report") for dag_id, run_id in newsletters.items()])
    sandbox.clock.advance(2 * HOUR)
    states, seen = airflow.finish(runs | newsletters)
    assert states == dict.fromkeys(runs | newsletters, "success"), sorted(seen)
    (copy,) = [one for one in sandbox.hubspot.state.emails.all() if one.name == "Newsletter December 2026"]
    assert len(copy.sends) == 1


def test_imports_exports_sends_and_condition_sensors_wait_in_the_triggerer(
    airflow: Standalone, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.hubspot.settings.import_startup = sandbox.hubspot.settings.send_queue = HOUR
    sandbox.marketo.settings.export_minutes = HOUR / 60
    leads(tmp_path, "waiting")
    run_id = airflow.trigger("waiting", {"folder": tmp_path.as_uri()})
    tasks = {"sensor", "import", "export", "send"}
    airflow.wait_until_deferred([("waiting", run_id, task) for task in tasks])
    sandbox.clock.advance(2 * HOUR)
    states, seen = airflow.finish({"waiting": run_id})
    assert states["waiting"] == "success", sorted(seen)
    returned = {task: airflow.returned("waiting", run_id, task) for task in tasks}
    assert (returned["sensor"]["leads"], len(returned["sensor"]["ids"])) == (3, 3)
    assert returned["import"]["imported"] == 3
    assert returned["export"]["rows"] == 5
    assert returned["send"]["state"] == "SENT"
    sends = [send for send in sandbox.hubspot.state.single_sends.all() if send.to == "ada@example.com"]
    assert [send.result for send in sends] == ["SENT"]


def test_a_retry_finishes_a_killed_sync_without_lost_or_duplicate_leads(
    airflow: Standalone, sandbox: Sandbox
) -> None:
    upserts = sandbox.hubspot.calls.of("POST", "/crm/objects/2026-09/contacts/batch/upsert")
    before, sandbox.hubspot.latency = upserts.total, 0.3
    batches, in_flight = 40, 3
    run_id = airflow.trigger("killed_sync")
    pid = airflow.pid("killed_sync", run_id, "sync")
    until(lambda: upserts.total >= before + 6)
    os.kill(pid, signal.SIGKILL)
    sandbox.hubspot.latency = 0.0
    states, seen = airflow.finish({"killed_sync": run_id})
    assert states["killed_sync"] == "success", (
        sorted(seen),
        airflow.task_log("killed_sync", run_id, "sync")[-3000:],
    )
    # A busy Airflow may fail to start a task and try once more.
    assert airflow.tasks("killed_sync", run_id)["sync"]["try_number"] >= 2
    emails = [contact.properties.get("email") for contact in sandbox.hubspot.state.contacts.live()]
    ours = [email for email in emails if email and email.startswith("lead") and email[4].isdigit()]
    assert sorted(ours) == sorted(f"lead{number}@example.com" for number in range(4000))
    outcome = airflow.returned("killed_sync", run_id, "sync")
    assert outcome["total"] == outcome["created"] + outcome["updated"] == 4000
    # The second try sends again only what was under way at the kill.
    assert upserts.total - before <= batches + in_flight


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_email_is_sent_once_when_the_publishing_task_is_killed(
    airflow: Standalone, sandbox: Sandbox, when: str
) -> None:
    state = sandbox.hubspot.state
    email = state.emails.create(
        {
            "name": f"killed {when}",
            "subject": "S",
            "from": {"fromName": "Ada", "replyTo": "ada@example.com"},
            "to": {"contactIlsLists": {"include": [hubspot.LIST_ID], "exclude": []}},
            "sendOnPublish": True,
        }
    )
    sandbox.hubspot.faults.add(f"*/{email.id}/publish", when=when, delay=4)
    run_id = airflow.trigger("killed_publish", {"email": email.id})
    pid = airflow.pid("killed_publish", run_id, "publish")
    until(lambda: sandbox.hubspot.faults.fired and email.id in str(sandbox.hubspot.faults.fired[-1]))
    os.kill(pid, signal.SIGKILL)
    states, seen = airflow.finish({"killed_publish": run_id})
    assert states["killed_publish"] == "success", (
        sorted(seen),
        airflow.task_log("killed_publish", run_id, "publish")[-3000:],
    )
    assert airflow.tasks("killed_publish", run_id)["publish"]["try_number"] >= 2
    assert len(state.emails.get(email.id).sends) == 1


def test_retries_continue_to_wait_for_imports_whose_workers_were_killed(
    airflow: Standalone, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.hubspot.settings.import_startup = sandbox.marketo.settings.import_startup = HOUR
    states_by_platform: dict[str, Any] = {"hubspot": sandbox.hubspot.state, "marketo": sandbox.marketo.state}
    before = {platform: len(state.imports.all()) for platform, state in states_by_platform.items()}
    run_id = airflow.trigger("killed_import", {"source": leads(tmp_path, "killed")})
    for platform in states_by_platform:
        _wait_for_next_poll(sandbox, platform)
        os.kill(airflow.pid("killed_import", run_id, platform), signal.SIGKILL)
    for platform in states_by_platform:
        _wait_for_next_poll(sandbox, platform)
        assert airflow.tasks("killed_import", run_id)[platform]["try_number"] >= 2
    sandbox.clock.advance(HOUR)
    states, seen = airflow.finish({"killed_import": run_id})
    assert states["killed_import"] == "success", (
        sorted(seen),
        airflow.task_log("killed_import", run_id, "marketo")[-3000:],
    )
    for platform, state in states_by_platform.items():
        assert len(state.imports.all()) == before[platform] + 1
        assert airflow.returned("killed_import", run_id, platform)["imported"] == 3
    contacts = [one.properties.get("email", "") for one in states_by_platform["hubspot"].contacts.live()]
    people = [str(lead.values.get("email")) for lead in states_by_platform["marketo"].leads]
    for emails in (contacts, people):
        assert sorted(one for one in emails if one.startswith("killed")) == addresses("killed")


def _deferred(airflow: Standalone, dag_id: str, conf: dict[str, Any], task_id: str) -> str:
    """Start a run, and wait until its task is deferred and its trigger runs. Returns the run id."""
    run_id = airflow.trigger(dag_id, conf)
    airflow.until(
        lambda: airflow.tasks(dag_id, run_id).get(task_id, {}).get("state") == "deferred",
        600,
        f"{task_id} was not deferred",
    )
    # A trigger that has not started when its task ends is only deleted.
    airflow.until(
        lambda: f"/{task_id}/-1/1 (ID" in airflow.task_log(dag_id, run_id, task_id),
        600,
        f"the trigger of {task_id} did not start",
    )
    return run_id


def test_a_scheduled_program_is_unapproved_only_when_its_task_is_marked_failed_or_cleared(
    airflow: Standalone, sandbox: Sandbox
) -> None:
    program = sandbox.marketo.state.programs[marketo.EMAIL_PROGRAM]
    # The newsletter of another test was sent with it.
    program.locked, program.send_number, program.sent_at = False, None, None
    program.start = program.end = None
    conf = {"program": str(marketo.EMAIL_PROGRAM)}

    def says(run_id: str, line: str) -> None:
        log = lambda: airflow.task_log("scheduled_program", run_id, "schedule")  # noqa: E731
        airflow.until(lambda: line in log(), 600, f"the task's log does not say {line!r}")

    run_id = _deferred(airflow, "scheduled_program", conf, "schedule")
    airflow.mark("scheduled_program", run_id, "schedule", "success")
    says(run_id, "The task was marked successful: nothing is canceled")
    assert program.locked

    run_id = _deferred(airflow, "scheduled_program", conf, "schedule")
    first = airflow.task("scheduled_program", run_id, "schedule")["triggerer_job"]["id"]
    there = airflow.triggerers()
    airflow.start_triggerer()
    with airflow.stalled(there):
        airflow.until(
            lambda: (
                (job := airflow.task("scheduled_program", run_id, "schedule")["triggerer_job"]) is not None
                and job["id"] != first
            ),
            600,
            "no other triggerer took the trigger over",
        )
    says(run_id, "The task still waits: nobody ended it, and nothing is canceled")
    assert program.locked

    airflow.mark("scheduled_program", run_id, "schedule", "failed")
    says(run_id, "The task was marked failed or cleared (its state: failed)")
    airflow.until(lambda: not program.locked, 600, "the program is still approved")


def test_a_deferred_import_ends_at_its_execution_timeout_and_is_canceled(
    airflow: Standalone, polled: Sandbox, timed_import: str
) -> None:
    states, _ = airflow.finish({"timed_import": timed_import})
    assert states["timed_import"] == "failed"
    airflow.wait_until_deferred([("timed_import", timed_import, "import")])
    assert "execution_timeout: not complete 60 s after the start of this try" in airflow.task_log(
        "timed_import", timed_import, "import"
    )
    assert [one.state for one in polled.hubspot.state.imports.all()] == ["CANCELED"]

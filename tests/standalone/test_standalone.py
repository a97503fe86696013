"""The provider in a running Airflow with scheduler and triggerer, including killed tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standalone.service import Standalone
from workers import until

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo

EXAMPLES = Path(__file__).parents[2] / "example_dags"

DAGS = Path(__file__).parent / "dags"
HOUR = 3600.0


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="module")
def airflow(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    connections = {
        "AIRFLOW_CONN_HUBSPOT_DEFAULT": {
            "conn_type": "hubspot",
            "host": sandbox.hubspot.url,
            "password": hubspot.TOKEN,
            "extra": {"legacy_calls": True},
        },
        "AIRFLOW_CONN_MARKETO_DEFAULT": {
            "conn_type": "marketo",
            "host": sandbox.marketo.url,
            "login": marketo.CLIENT_ID,
            "password": marketo.CLIENT_SECRET,
        },
    }
    home = tmp_path_factory.mktemp("standalone")
    service = Standalone(home, {name: json.dumps(value) for name, value in connections.items()})
    service.add(
        EXAMPLES / "newsletter.py", EXAMPLES / "lead_import.py", EXAMPLES / "nurture.py", EXAMPLES / "data"
    )
    service.add(*DAGS.glob("*.py"))
    try:
        service.start()
        yield service
    finally:
        service.stop()


def _wait_for_next_poll(sandbox: Sandbox, platform: str) -> None:
    """Wait until the status of an import is polled once more."""
    route = {"hubspot": "/crm/v3/imports/{importId}", "marketo": "/bulk/v1/leads/batch/{batchId}.json"}
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


def test_the_example_dags_succeed_and_deferred_tasks_free_their_workers(
    airflow: Standalone, sandbox: Sandbox, tmp_path: Path
) -> None:
    # Long enough to observe the deferred state.
    sandbox.hubspot.settings.email_processing = 25
    runs = {
        dag_id: airflow.scheduled(dag_id)
        for dag_id in ("newsletter_hubspot", "newsletter_marketo", "lead_import")
    }
    runs["nurture"] = airflow.trigger("nurture", {"work_dir": tmp_path.as_uri()})
    states, seen = airflow.finish(runs)
    assert states == dict.fromkeys(runs, "success"), sorted(seen)
    assert ("newsletter_hubspot", "sent", "deferred") in seen
    assert ("newsletter_marketo", "sent", "deferred") in seen
    sent = sandbox.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert sent is not None
    assert len(sent.sends) == 1


def test_imports_exports_sends_and_condition_sensors_wait_in_the_triggerer(
    airflow: Standalone, sandbox: Sandbox, tmp_path: Path
) -> None:
    # Long enough to observe the deferred state.
    sandbox.hubspot.settings.import_startup = sandbox.hubspot.settings.send_queue = 6
    sandbox.marketo.settings.export_minutes = 0.05
    leads(tmp_path, "waiting")
    run_id = airflow.trigger("waiting", {"folder": tmp_path.as_uri()})
    states, seen = airflow.finish({"waiting": run_id})
    assert states["waiting"] == "success", sorted(seen)
    tasks = {"sensor", "import", "export", "send"}
    assert {task for _, task, state in seen if state == "deferred"} == tasks
    returned = {task: airflow.returned("waiting", run_id, task) for task in tasks}
    assert returned["sensor"] == {"leads": 3}
    assert returned["import"]["imported"] == 3
    assert returned["export"]["rows"] == 5
    assert returned["send"]["state"] == "SENT"
    sends = [send for send in sandbox.hubspot.state.single_sends.all() if send.to == "ada@example.com"]
    assert [send.result for send in sends] == ["SENT"]


def test_a_retry_finishes_a_killed_sync_without_lost_or_duplicate_leads(
    airflow: Standalone, sandbox: Sandbox
) -> None:
    upserts = sandbox.hubspot.calls.of("POST", "/crm/v3/objects/contacts/batch/upsert")
    before, sandbox.hubspot.latency = upserts.total, 0.3
    run_id = airflow.trigger("killed_sync")
    until(lambda: upserts.total >= before + 6)
    airflow.kill_task("killed_sync", run_id, "sync")
    sandbox.hubspot.latency = 0.0
    states, seen = airflow.finish({"killed_sync": run_id})
    assert states["killed_sync"] == "success", (
        sorted(seen),
        airflow.task_log("killed_sync", run_id, "sync")[-3000:],
    )
    assert airflow.tasks("killed_sync", run_id)["sync"]["try_number"] == 2
    emails = [contact.properties.get("email") for contact in sandbox.hubspot.state.contacts.live()]
    ours = [email for email in emails if email and email.startswith("lead") and email[4].isdigit()]
    assert sorted(ours) == sorted(f"lead{number}@example.com" for number in range(4000))
    outcome = airflow.returned("killed_sync", run_id, "sync")
    assert outcome["total"] == outcome["created"] + outcome["updated"] == 4000
    assert outcome["updated"] >= 300


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_email_is_sent_once_when_the_publishing_task_is_killed(
    airflow: Standalone, sandbox: Sandbox, when: str
) -> None:
    state = sandbox.hubspot.state
    email = state.emails.create({"name": f"killed {when}", "subject": "S", "sendOnPublish": True})
    sandbox.hubspot.faults.add(f"*/{email.id}/publish", when=when, delay=4)
    run_id = airflow.trigger("killed_publish", {"email": email.id})
    until(lambda: sandbox.hubspot.faults.fired and email.id in str(sandbox.hubspot.faults.fired[-1]))
    airflow.kill_task("killed_publish", run_id, "publish")
    states, seen = airflow.finish({"killed_publish": run_id})
    assert states["killed_publish"] == "success", (
        sorted(seen),
        airflow.task_log("killed_publish", run_id, "publish")[-3000:],
    )
    assert airflow.tasks("killed_publish", run_id)["publish"]["try_number"] == 2
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
        airflow.kill_task("killed_import", run_id, platform)
    for platform in states_by_platform:
        _wait_for_next_poll(sandbox, platform)
        assert airflow.tasks("killed_import", run_id)[platform]["try_number"] == 2
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

"""The provider in a running Airflow, with scheduler and triggerer, and tasks killed in the middle."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from airflow_runs import HEADER
from standalone.service import Standalone

from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.server import Sandbox

EXAMPLES = Path(__file__).parents[2] / "example_dags"

KILLED = f"""{HEADER}
RETRY = {{"retries": 2, "retry_delay": datetime.timedelta(seconds=0)}}

with DAG("killed_sync", schedule=None, default_args=RETRY):
    SyncLeadsOperator(
        task_id="sync",
        conn_id="hubspot_default",
        leads=[{{"email": f"lead{{i}}@example.com", "firstname": f"L{{i}}"}} for i in range(4000)],
        max_concurrency=3,
    )

with DAG("killed_publish", schedule=None, default_args=RETRY, params={{"email": Param("", type="string")}}):
    PublishEmailOperator(
        task_id="publish",
        conn_id="hubspot_default",
        email_id="{{{{ params.email }}}}",
        wait_for_completion=True,
        poll_interval=1,
        deferrable=True,
    )
"""


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
    (service.dags / "killed.py").write_text(KILLED)
    try:
        service.start()
        yield service
    finally:
        service.stop()


def _until(true: Callable[[], object], timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def test_the_example_dags_run_green_and_deferred_tasks_leave_the_worker(
    airflow: Standalone, sandbox: Sandbox, tmp_path: Path
) -> None:
    # Long enough for the waiting to be seen.
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
    sent = sandbox.hubspot.world.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert sent is not None
    assert len(sent.sends) == 1


def test_a_sync_killed_in_the_middle_is_finished_by_its_retry_and_no_lead_is_lost_or_doubled(
    airflow: Standalone, sandbox: Sandbox
) -> None:
    upserts = sandbox.hubspot.calls.of("POST", "/crm/v3/objects/contacts/batch/upsert")
    before, sandbox.hubspot.latency = upserts.total, 0.3
    run_id = airflow.trigger("killed_sync")
    _until(lambda: upserts.total >= before + 6)
    airflow.kill_task("killed_sync", run_id, "sync")
    sandbox.hubspot.latency = 0.0
    states, seen = airflow.finish({"killed_sync": run_id})
    assert states["killed_sync"] == "success", (
        sorted(seen),
        airflow.task_log("killed_sync", run_id, "sync")[-3000:],
    )
    assert airflow.tasks("killed_sync", run_id)["sync"]["try_number"] == 2
    emails = [contact.properties.get("email") for contact in sandbox.hubspot.world.contacts.live()]
    ours = [email for email in emails if email and email.startswith("lead") and email[4].isdigit()]
    assert sorted(ours) == sorted(f"lead{number}@example.com" for number in range(4000))
    outcome = airflow.returned("killed_sync", run_id, "sync")
    assert outcome["total"] == outcome["created"] + outcome["updated"] == 4000
    assert outcome["updated"] >= 300


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_email_whose_publishing_was_killed_is_sent_once(
    airflow: Standalone, sandbox: Sandbox, when: str
) -> None:
    world = sandbox.hubspot.world
    email = world.emails.create({"name": f"killed {when}", "subject": "S", "sendOnPublish": True})
    sandbox.hubspot.faults.add(f"*/{email.id}/publish", when=when, delay=4)
    run_id = airflow.trigger("killed_publish", {"email": email.id})
    _until(lambda: sandbox.hubspot.faults.fired and email.id in str(sandbox.hubspot.faults.fired[-1]))
    airflow.kill_task("killed_publish", run_id, "publish")
    states, seen = airflow.finish({"killed_publish": run_id})
    assert states["killed_publish"] == "success", (
        sorted(seen),
        airflow.task_log("killed_publish", run_id, "publish")[-3000:],
    )
    assert airflow.tasks("killed_publish", run_id)["publish"]["try_number"] == 2
    assert len(world.emails.get(email.id).sends) == 1

"""The addresses behind the buttons of tasks."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from workers import context

from airflow_provider_mkt.client.hubspot.events import marketing_events
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.state import known_accounts
from airflow_provider_mkt.links._addresses import file_page
from airflow_provider_mkt.operators.campaigns import CreateCampaignBatchOperator
from airflow_provider_mkt.operators.email_approval import ApproveEmailOperator
from airflow_provider_mkt.operators.emails import (
    CloneEmailOperator,
    PublishEmailOperator,
    UpdateEmailOperator,
)
from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.operators.programs import CloneProgramOperator, SetProgramTokensOperator
from airflow_provider_mkt.operators.smart_campaigns import ActivateCampaignOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.assets import APP
from airflow_provider_mkt.sensors.batch_status import BatchStatusSensor
from airflow_provider_mkt.sensors.hubspot import ListProcessedSensor, MarketingEventSensor
from airflow_provider_mkt.sensors.marketo import SmartCampaignSensor
from airflow_provider_mkt.version_compat import AirflowFailException, TaskDeferred

DETAILS = ("GET", "/account-info/2026-09/details")
PAGES = f"https://app.hubspot.com/email/{hubspot.PORTAL_ID}"
TI = SimpleNamespace(dag_id="dag", run_id="manual__2026-01-01T00:00:00+00:00", task_id="task", map_index=-1)

pytestmark = pytest.mark.usefixtures("short_waits")


def links(operator: Any) -> dict[str, str]:
    """Return the links of an operator that are shown, as the worker asks for them at the end of a leg."""
    found = {one.name: one.get_link(operator, ti_key=TI) for one in operator.operator_extra_links}
    return {name: address for name, address in found.items() if address}


def execute(operator: Any) -> Any:
    return operator.execute({**context(), "task": operator})


def resume(operator: Any, deferral: TaskDeferred, event: Any) -> Any:
    """Resume a deferred task, as a worker does, with an operator object that has not run yet."""
    kwargs = json.loads(json.dumps({**(deferral.kwargs or {}), "event": event}))
    return operator.resume_execution(deferral.method_name, kwargs, {**context(), "task": operator})


def hubspot_task(cls: Any, **arguments: Any) -> Any:
    return cls(task_id="task", conn_id="hubspot_default", **arguments)


def marketo_task(cls: Any, **arguments: Any) -> Any:
    return cls(task_id="task", conn_id="marketo_default", **arguments)


def forget_account() -> None:
    key = HubSpotHook().platform.account_key
    for name in (key, f"{key} pages"):
        known_accounts().set(name, None)


# -- HubSpot ------------------------------------------------------------------------------------------


def test_a_copy_is_linked_by_its_own_id_and_not_by_that_of_the_original(sandbox: Sandbox) -> None:
    task = hubspot_task(CloneEmailOperator, email_id=hubspot.NEWSLETTER_EMAIL, name="copy")
    assert links(task) == {}
    outcome = execute(task)
    assert links(task) == {"HubSpot email": f"{PAGES}/edit/{outcome['email_id']}/content"}
    # As a parameter of the next task.
    update = hubspot_task(UpdateEmailOperator, email_id=outcome, changes={"subject": "x"})
    assert links(update) == links(task)


def test_the_account_is_read_once_for_all_links(sandbox: Sandbox) -> None:
    forget_account()
    for _ in range(2):
        task = hubspot_task(ListProcessedSensor, list_id=hubspot.LIST_ID)
        address = f"https://app.hubspot.com/contacts/{hubspot.PORTAL_ID}/objectLists/101/filters"
        assert links(task) == {"HubSpot list": address}
    assert sandbox.hubspot.calls.of(*DETAILS).total == 1


def test_a_task_that_reads_its_account_needs_no_call_for_its_links(sandbox: Sandbox) -> None:
    forget_account()
    task = hubspot_task(AddToListOperator, list_id=hubspot.LIST_ID, leads=[hubspot.CONTACT_IDS[0]])
    execute(task)
    assert sandbox.hubspot.calls.of(*DETAILS).total == 1
    assert list(links(task)) == ["HubSpot list"]
    assert sandbox.hubspot.calls.of(*DETAILS).total == 1


@pytest.mark.parametrize("status", [500, 403])
def test_an_account_that_cannot_be_read_gives_no_link_and_no_error(sandbox: Sandbox, status: int) -> None:
    forget_account()
    sandbox.hubspot.faults.add("*/details", answer={"status": status}, times=None)
    assert links(hubspot_task(ListProcessedSensor, list_id=hubspot.LIST_ID)) == {}
    assert sandbox.hubspot.calls.of(*DETAILS).total == 1


def test_a_connection_that_does_not_exist_gives_no_link_and_no_error() -> None:
    assert links(UpdateEmailOperator(task_id="task", conn_id="none", email_id="1", changes={})) == {}


def test_several_things_have_no_link(sandbox: Sandbox) -> None:
    one = hubspot_task(CreateCampaignBatchOperator, campaigns=[{"name": "one"}])
    guid = execute(one)["campaigns"]["one"]
    campaign = f"https://app.hubspot.com/campaigns/{hubspot.PORTAL_ID}/{guid}"
    assert links(one) == {"HubSpot campaign": campaign}
    two = hubspot_task(CreateCampaignBatchOperator, campaigns=[{"name": "one"}, {"name": "two"}])
    execute(two)
    assert links(two) == {}


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("email_publish", {"HubSpot email": f"{PAGES}/details/180000000001"}),
        ("contact_import", {"HubSpot import": f"https://app.hubspot.com/import/{hubspot.PORTAL_ID}"}),
        ("object_import", {"HubSpot import": f"https://app.hubspot.com/import/{hubspot.PORTAL_ID}"}),
    ],
)
def test_the_spec_of_a_job_says_which_page_shows_it(
    sandbox: Sandbox, kind: str, shown: dict[str, str]
) -> None:
    job = {"platform": "hubspot", "kind": kind, "id": "180000000001"}
    assert links(hubspot_task(BatchStatusSensor, job=job)) == shown
    assert links(hubspot_task(BatchStatusSensor, job={"jobs": [job]})) == shown


def test_a_sync_links_to_the_imports_only_when_it_made_one(sandbox: Sandbox, tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    source.write_text("email\nnew@example.com\n")
    sandbox.hubspot.settings.import_startup = sandbox.hubspot.settings.import_per_row = 0.0
    by_calls = hubspot_task(SyncLeadsOperator, source=str(source))
    execute(by_calls)
    assert links(by_calls) == {}
    in_bulk = hubspot_task(SyncLeadsOperator, source=str(source), mode="bulk", poll_interval=0.1)
    in_bulk.execute({**context(run="bulk"), "task": in_bulk})
    assert list(links(in_bulk)) == ["HubSpot import"]


def test_a_deferred_import_has_its_link_before_and_after(sandbox: Sandbox, tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    source.write_text("email\nnew@example.com\n")
    sandbox.hubspot.settings.import_startup = 0.5

    def make() -> Any:
        return hubspot_task(ImportLeadsOperator, source=str(source), deferrable=True, poll_interval=0.1)

    first = make()
    with pytest.raises(TaskDeferred) as deferral:
        execute(first)
    shown = {"HubSpot import": f"https://app.hubspot.com/import/{hubspot.PORTAL_ID}"}
    assert links(first) == shown
    sandbox.hubspot.settings.import_error_lag = 0.0
    resumed = make()
    resumed.deferrable = False
    resume(resumed, deferral.value, {"status": "success"})
    assert links(resumed) == shown


def test_an_event_that_was_found_is_linked_by_its_record(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.event_index_lag = 0.0
    ids = {"external_event_id": "talk", "external_account_id": "site"}
    event: Any = HubSpotHook().run(marketing_events.upsert(**ids, name="Talk", organizer="Ada"))
    task = hubspot_task(MarketingEventSensor, **ids)
    assert links(task) == {}
    execute(task)
    record = f"https://app.hubspot.com/contacts/{hubspot.PORTAL_ID}/record/0-54/{event['objectId']}"
    assert links(task) == {"HubSpot marketing event": record}


# -- Marketo ------------------------------------------------------------------------------------------


def calls(sandbox: Sandbox) -> int:
    return sum(counter.total for counter in sandbox.marketo.calls.routes.values())


def test_an_address_of_marketo_is_that_of_an_answer(sandbox: Sandbox) -> None:
    task = marketo_task(CloneProgramOperator, program_id=marketo.EMAIL_PROGRAM, name="copy", folder_id=11)
    outcome = execute(task)
    before = calls(sandbox)
    assert links(task) == {"Marketo program": f"{APP}/#EBP{outcome['program_id']}A1"}
    assert calls(sandbox) == before


def test_without_an_answer_there_is_no_address_of_marketo(sandbox: Sandbox) -> None:
    task = marketo_task(
        SetProgramTokensOperator, program_id=marketo.EMAIL_PROGRAM, tokens="{{ params.tokens }}"
    )
    assert links(task) == {}
    assert calls(sandbox) == 0


def test_a_smart_campaign_is_linked_by_its_computed_url(sandbox: Sandbox) -> None:
    task = marketo_task(ActivateCampaignOperator, campaign_id=marketo.INACTIVE_CAMPAIGN)
    execute(task)
    assert links(task) == {"Marketo smart campaign": f"{APP}/#SC{marketo.INACTIVE_CAMPAIGN}A1"}


def test_a_resumed_sensor_has_the_address_that_its_first_poll_found(sandbox: Sandbox) -> None:
    job = {"platform": "marketo", "kind": "email_publish", "id": str(marketo.DRAFT_EMAIL)}

    def make() -> Any:
        return marketo_task(BatchStatusSensor, job=job, deferrable=True)

    first = make()
    with pytest.raises(TaskDeferred) as deferral:
        execute(first)
    shown = {"Marketo email": f"{APP}/#EM{marketo.DRAFT_EMAIL}A1"}
    assert links(first) == shown
    before = calls(sandbox)
    resumed = make()
    state = {"job": job, "status": "COMPLETE", "raw_status": "approved", "details": {}}
    resume(resumed, deferral.value, {"status": "success", "job_states": [state], "jobs": [job]})
    assert links(resumed) == shown
    assert calls(sandbox) == before


def test_a_resumed_operator_has_the_address_that_its_first_leg_found(sandbox: Sandbox) -> None:
    def make() -> Any:
        return marketo_task(
            PublishEmailOperator,
            program_id=marketo.EMAIL_PROGRAM,
            publish_at="2099-01-01T00:00:00Z",
            wait_for_completion=True,
            deferrable=True,
            wait_timeout=10**10,
        )

    first = make()
    with pytest.raises(TaskDeferred) as deferral:
        execute(first)
    shown = links(first)
    assert list(shown) == ["Marketo program"]
    resumed = make()
    state = {"job": {}, "status": "COMPLETE", "raw_status": "sent", "details": {}}
    resume(resumed, deferral.value, {"status": "success", "job_states": [state], "carry": {}})
    assert links(resumed) == shown


def test_a_platforms_link_is_not_shown_for_the_other_platform(sandbox: Sandbox) -> None:
    task = marketo_task(SmartCampaignSensor, campaign_id=marketo.BATCH_CAMPAIGN)
    assert links(task) == {}
    names = [one.name for one in marketo_task(AddToListOperator, list_id=1, leads=[1]).operator_extra_links]
    assert names == ["HubSpot list", "Marketo list", "Rejects file"]


# -- files --------------------------------------------------------------------------------------------


@pytest.fixture
def file_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    templates = {
        "s3": "https://console.example.com/{bucket}?prefix={key}",
        "file": "https://files.example.com/{key}",
        "bad": "javascript:alert(1)",
    }
    monkeypatch.setenv("AIRFLOW__MKT__FILE_PAGES", json.dumps(templates))


@pytest.mark.usefixtures("file_pages")
@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("s3://conn@bucket/a b/c.csv", "https://console.example.com/bucket?prefix=a%20b/c.csv"),
        ("/data/a.csv", "https://files.example.com/data/a.csv"),
        ("gs://bucket/a.csv", ""),
        ("bad://bucket/a.csv", ""),
        ("https://files.example.org/a.csv", "https://files.example.org/a.csv"),
        ("https://user:password@files.example.org/a.csv", ""),
        ("s3://bucket/{window}.csv", ""),
        (None, ""),
    ],
)
def test_the_page_of_a_file(path: object, page: str) -> None:
    assert file_page(path) == page


def test_a_setting_that_is_no_json_gives_no_link_and_no_error(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__MKT__FILE_PAGES", "s3=https://x")
    task = hubspot_task(AddToListOperator, list_id=hubspot.LIST_ID, leads=["404404"], max_rejected=None)
    execute(task)
    assert list(links(task)) == ["HubSpot list"]


@pytest.mark.usefixtures("file_pages")
def test_a_failed_task_links_to_its_rejects(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    task = hubspot_task(
        AddToListOperator, list_id=hubspot.LIST_ID, leads=["404404"], rejects_path=str(path), max_rejected=0
    )
    with pytest.raises(AirflowFailException):
        execute(task)
    assert links(task)["Rejects file"] == f"https://files.example.com{path}"
    assert path.exists()


# -- approval -----------------------------------------------------------------------------------------


def test_an_approval_links_to_its_page_and_the_email(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/")
    task = ApproveEmailOperator(task_id="task", check={"link": f"{PAGES}/details/1"})
    page = "https://airflow.example.com/dags/dag/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/tasks/task"
    assert links(task) == {"Approval": f"{page}/required_actions", "Email": f"{PAGES}/details/1"}
    assert links(ApproveEmailOperator(task_id="task", check="{{ missing }}")).keys() == {"Approval"}

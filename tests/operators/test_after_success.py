"""A task whose success is lost, that is cleared, or whose connection is changed to another account."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.io import attach
from airflow_runs import Airflow, connected
from workers import Worker, context

from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._files import result_path, whole_file
from airflow_provider_mkt.operators.campaign_requests import RequestCampaignOperator
from airflow_provider_mkt.operators.campaigns import CreateCampaignBatchOperator
from airflow_provider_mkt.operators.lead_intake import SubmitFormOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.marketo import MarketoOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import FILL_OUT_FORM, REQUEST_CAMPAIGN

pytestmark = pytest.mark.usefixtures("short_waits")

TASKS: dict[str, Any] = {
    "request campaign": lambda: RequestCampaignOperator(
        task_id="t",
        conn_id="marketo_default",
        campaign_id=marketo.REQUEST_CAMPAIGN,
        leads=[marketo.ANNA, marketo.BEN],
    ),
    "submit form": lambda: SubmitFormOperator(
        task_id="t", conn_id="marketo_default", form_id=marketo.FORM, fields={"email": "new@example.com"}
    ),
    "call by name": lambda: MarketoOperator(
        task_id="t",
        conn_id="marketo_default",
        call="lead_intake.submit_form",
        arguments={"form_id": marketo.FORM, "fields": {"email": "new@example.com"}},
    ),
}


def effects(box: Sandbox) -> int:
    log = box.marketo.state.log
    return sum(len(list(log.all(kind))) for kind in (REQUEST_CAMPAIGN, FILL_OUT_FORM))


@pytest.mark.parametrize("name", TASKS)
def test_a_retry_of_a_task_whose_success_is_lost_returns_the_outcome_and_sends_nothing(
    sandbox: Sandbox, name: str
) -> None:
    first = Worker(TASKS[name]()).end()["result"]
    done = effects(sandbox)
    assert done > 0
    retried = Worker(TASKS[name]()).end()["result"]
    assert {**retried, "seconds": 0} == {**first, "seconds": 0}
    assert effects(sandbox) == done
    # A person who clears the task wants a call by name again, and nobody requested or filled in twice.
    cleared = Worker(TASKS[name](), cleared=1).end()["result"]
    assert cleared
    assert effects(sandbox) == (2 * done if name == "call by name" else done)
    Worker(TASKS[name](), cleared=1).end()
    assert effects(sandbox) == (2 * done if name == "call by name" else done)


@pytest.mark.parametrize("name", TASKS)
def test_what_was_done_in_one_account_is_not_taken_for_done_in_another(sandbox: Sandbox, name: str) -> None:
    Worker(TASKS[name]()).end()
    done = effects(sandbox)
    with connected() as other:
        Worker(TASKS[name]()).end()
        assert effects(other) == done
        Worker(TASKS[name]()).end()
        assert effects(other) == done
    Worker(TASKS[name]()).end()
    assert effects(sandbox) == done


def test_airflow_retries_a_task_whose_success_it_never_got_and_the_call_is_sent_once(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    run = airflow.run(f"""
from airflow.exceptions import AirflowException
from airflow_provider_mkt.operators.lead_intake import SubmitFormOperator
from airflow_provider_mkt.operators.marketo import MarketoOperator
def lost(context, result=None):
    if context["ti"].try_number == 1:
        raise AirflowException("the API server could not be reached")
FAST |= {{"retries": 1, "post_execute": lost, "conn_id": "marketo_default"}}
MarketoOperator(task_id="call", call="lead_intake.submit_form", arguments={{"form_id": {marketo.FORM},
    "fields": {{"email": "one@example.com"}}}}, **FAST)
SubmitFormOperator(task_id="form", form_id={marketo.FORM}, fields={{"email": "two@example.com"}}, **FAST)
""")
    assert run.state == "success", run.log[-3000:]
    assert run.returned["form"]["status"] == "created"
    assert effects(sandbox) == 2


def test_a_campaign_that_does_not_show_yet_is_not_created_again_by_a_retry(sandbox: Sandbox) -> None:
    def create() -> dict[str, Any]:
        return Worker(
            CreateCampaignBatchOperator(
                task_id="t", conn_id="hubspot_default", campaigns=[{"name": "A"}, {"name": "B"}]
            )
        ).end()

    first = create()["result"]
    created = sandbox.hubspot.calls.of("POST", "/marketing/campaigns/2026-09/batch/create").total
    assert created == 1
    not_shown = {"status": 200, "body": {"total": 0, "results": []}}
    sandbox.hubspot.faults.add("/marketing/v3/campaigns", when="before", answer=not_shown, times=2)
    assert create()["result"]["campaigns"] == first["campaigns"]
    assert sandbox.hubspot.calls.of("POST", "/marketing/campaigns/2026-09/batch/create").total == created


class EmptiedStore:
    """A task state store of Airflow, which clearing the task empties from 3.4 on."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def set(self, key: str, value: Any) -> None:
        self.values[key] = value

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


def test_what_happens_once_happens_once_when_clearing_empties_airflows_store(sandbox: Sandbox) -> None:
    store = EmptiedStore()
    for cleared in range(3):
        TASKS["submit form"]().execute({**context(cleared=cleared), "task_state_store": store})
        assert cleared or store.values
        store.values.clear()
    assert effects(sandbox) == 1


@pytest.mark.parametrize("executor", ["LocalExecutor", "CeleryExecutor"])
def test_a_task_says_once_what_is_lost_with_its_machine(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], executor: str
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    with HubSpotHook() as hook:
        for _ in range(2):
            task_state_of(context(), hook)  # type: ignore[arg-type]
        warnings = capsys.readouterr().out.count("when the machine is lost")
        assert warnings == (1 if executor == "CeleryExecutor" else 0)
        task_state_of({**context("other"), "task_state_store": EmptiedStore()}, hook)  # type: ignore[arg-type]
    assert "when the machine is lost" not in capsys.readouterr().out


LEADS = [{"email": f"no mail address {number}"} for number in range(9)]


def rejected(**more: Any) -> tuple[dict[str, Any], Any]:
    ti = context()
    sync = SyncLeadsOperator(task_id="t", conn_id="hubspot_default", leads=LEADS, max_rejected=None, **more)
    return ti, sync.execute(ti)


def test_default_results_are_written_below_the_configured_path(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import fsspec

    storage = fsspec.filesystem("memory")
    attach("memory", fs=storage)
    monkeypatch.setenv("AIRFLOW__MKT__RESULTS_PATH", "memory://results/marketing/")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    caplog.set_level(logging.WARNING)
    ti, outcome = rejected()
    run = ti["ti"].run_id
    assert outcome["rejects"] == f"memory://results/marketing/rejects/killed/{run}/task.try1.jsonl"
    with storage.open(outcome["rejects"].removeprefix("memory:/")) as file:
        assert len([json.loads(line) for line in file]) == 9
    messages = [one.getMessage() for one in caplog.records]
    assert not any("results_path" in message for message in messages)
    reasons = [message for message in messages if "was rejected" in message]
    # All nine are rejected for one reason, which is logged once.
    assert len(reasons) == 1
    assert reasons[0].startswith("Row 1 was rejected: ")


def test_results_on_one_machine_of_several_are_warned_of_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for executor, warnings in (("LocalExecutor", 0), ("CeleryExecutor", 1)):
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
        caplog.clear()
        task = context(executor)
        for kind in ("rejects", "rejects", "warnings"):
            assert result_path(task, kind).startswith("file:///")  # type: ignore[arg-type]
        assert sum("results_path" in one.getMessage() for one in caplog.records) == warnings


def test_the_draft_of_a_file_for_object_storage_is_private_and_in_the_state_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fsspec

    attach("memory", fs=fsspec.filesystem("memory"))
    monkeypatch.setenv("AIRFLOW__MKT__STATE_DIR", str(tmp_path))
    with whole_file(f"memory://{tmp_path.name}/rows.jsonl") as file:
        file.write(b"rows")
        (draft,) = (tmp_path / "drafts").iterdir()
        assert draft.stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "drafts").iterdir()) == []

"""What a task remembers belongs to the account, and outlasts an end that did not reach Airflow."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow, connected
from reliability.effects import difference
from reliability.kill_matrix import held_by, without_a_kill
from reliability.rows import ROWS
from reliability.tries import BEFORE, RETURNED, Kill, Machine, Task
from reliability.waits import end_jobs_immediately

from airflow_provider_mkt.operators.campaign_requests import RequestCampaignOperator
from airflow_provider_mkt.operators.lead_intake import PushLeadsOperator, SubmitFormOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import (
    FILL_OUT_FORM,
    PUSH_LEAD,
    REQUEST_CAMPAIGN,
)

PEOPLE = [{"email": f"person{number}@example.com"} for number in range(10)]


# -- a success that does not reach Airflow ------------------------------------------------------------

LOST_SUCCESS = """
from airflow.sdk.exceptions import AirflowException

from airflow_provider_mkt.operators.lead_intake import PushLeadsOperator

def lose(context, result=None):
    if context["ti"].try_number == 1:
        raise AirflowException("the API server could not be reached")

once_lost = dict(
    conn_id="marketo_default", retries=2, post_execute=lose,
    leads=[{"email": f"person{number}@example.com"} for number in range(10)],
)
"""


def _pushed(box: Sandbox) -> Counter[int]:
    return Counter(row.lead_id for row in box.marketo.state.log.all(PUSH_LEAD))


def _created(box: Sandbox) -> Counter[str]:
    emails = (str(lead.values.get("email")) for lead in box.marketo.state.leads)
    return Counter(email for email in emails if email.startswith("person"))


@pytest.mark.parametrize(
    ("task", "done"),
    [
        ('PushLeadsOperator(task_id="lost", program_name="Website Contacts", **once_lost)', _pushed),
        ('SyncLeadsOperator(task_id="lost", action="createDuplicate", **once_lost)', _created),
    ],
    ids=["push", "createDuplicate"],
)
def test_leads_are_sent_once_when_the_success_of_the_first_try_is_lost(
    airflow_home: Path, task: str, done: Callable[[Sandbox], Counter[Any]]
) -> None:
    with connected() as box:
        run = Airflow(airflow_home).run(f"{LOST_SUCCESS}\n{task}")
        assert run.tasks == {"lost": "success"}, run.log[-3000:]
        assert run.returned["lost"]["created"] == 10
        assert sorted(done(box).values()) == [1] * 10


# -- a failure that does not reach Airflow ------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "marketo schedule campaign",
        "marketo send samples",
        "marketo request campaign",
        "hubspot enroll in workflow",
        "marketo named call",
    ],
)
def test_what_was_reported_as_unknown_is_sent_again_by_a_clear_and_not_by_a_retry(
    name: str, tmp_path: Path
) -> None:
    row, machine = ROWS[name], Machine(tmp_path / "machine")
    _, wanted = without_a_kill(name, tmp_path)
    with connected() as box:
        end_jobs_immediately(box)
        row.prepare(box)
        task = Task(functools.partial(row.make, tmp_path), "run", tmp_path / "store.json")
        assert task.start(machine, 1, Kill(BEFORE)).end().killed
        # It reports that the outcome is unknown, and is killed before Airflow knows.
        assert task.start(machine, 2, Kill(RETURNED)).end().killed
        retried = task.start(machine, 3).end()
        assert retried.final
        assert "unknown" in f"{retried.error} {retried.pushed}"
        assert not retried.writes
        cleared = task.start(machine, 4, cleared=1).end()
        assert cleared.error is None
        found = held_by(box, row)
    assert found == wanted, difference(found, wanted)


# -- a connection that is corrected -------------------------------------------------------------------


def _use(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the connections lead to a sandbox."""
    connections = {
        "hubspot": {"host": box.hubspot.url, "password": hubspot.TOKEN},
        "marketo": {
            "host": box.marketo.url,
            "login": marketo.CLIENT_ID,
            "password": marketo.CLIENT_SECRET,
        },
    }
    for platform, fields in connections.items():
        connection = json.dumps({"conn_type": platform, **fields})
        monkeypatch.setenv(f"AIRFLOW_CONN_{platform.upper()}_DEFAULT", connection)


def _requests(box: Sandbox) -> Counter[int]:
    return Counter(row.lead_id for row in box.marketo.state.log.all(REQUEST_CAMPAIGN))


def _forms(box: Sandbox) -> int:
    return len(box.marketo.state.log.all(FILL_OUT_FORM))


def _request() -> RequestCampaignOperator:
    return RequestCampaignOperator(
        task_id="task",
        conn_id="marketo_default",
        campaign_id=marketo.REQUEST_CAMPAIGN,
        leads=[marketo.ANNA, marketo.BEN],
    )


def _fill() -> SubmitFormOperator:
    return SubmitFormOperator(
        task_id="task", conn_id="marketo_default", form_id=marketo.FORM, fields={"email": "new@example.com"}
    )


def _push() -> PushLeadsOperator:
    return PushLeadsOperator(
        task_id="task", conn_id="marketo_default", program_name="Website Contacts", leads=PEOPLE
    )


@pytest.mark.parametrize("stores", [True, False], ids=["task state store", "no store"])
@pytest.mark.parametrize(
    ("make", "done", "wanted"),
    [
        (_request, _requests, Counter({marketo.ANNA: 1, marketo.BEN: 1})),
        (_fill, _forms, 1),
        (_push, lambda box: sorted(_pushed(box).values()), [1] * 10),
    ],
    ids=["RequestCampaign", "SubmitForm", "PushLeads"],
)
def test_what_was_done_on_one_account_is_done_on_the_other_after_the_connection_is_corrected(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], Any],
    done: Callable[[Sandbox], Any],
    wanted: Any,
    stores: bool,
) -> None:
    machine = Machine(tmp_path / "machine")
    task = Task(make, "run", tmp_path / "store.json" if stores else None)
    with connected() as first, connected() as second:
        _use(first, monkeypatch)
        assert task.start(machine).end().error is None
        _use(second, monkeypatch)
        cleared = task.start(machine, 2, cleared=1).end()
        assert cleared.error is None
        assert (done(first), done(second)) == (wanted, wanted)


@pytest.mark.parametrize("stores", [True, False], ids=["task state store", "no store"])
def test_a_sync_that_failed_half_way_sends_all_leads_to_the_corrected_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stores: bool
) -> None:
    people = [{"email": f"person{number}@example.com"} for number in range(1000)]
    machine = Machine(tmp_path / "machine")

    def make() -> SyncLeadsOperator:
        return SyncLeadsOperator(task_id="task", conn_id="hubspot_default", leads=people, max_concurrency=1)

    task = Task(make, "run", tmp_path / "store.json" if stores else None)
    refused = {"status": 401, "body": {"category": "INVALID_AUTHENTICATION", "message": "x"}}
    with connected() as first, connected() as second:
        for box in (first, second):
            end_jobs_immediately(box)
        first.hubspot.faults.add("*/batch/upsert", answer=refused, times=None, skip=6)
        _use(first, monkeypatch)
        assert task.start(machine).end().error is not None
        _use(second, monkeypatch)
        outcome = task.start(machine, 2).end().result
        emails = {str(one.properties.get("email")) for one in second.hubspot.state.contacts.live()}
        assert (outcome["created"], outcome["resumed"]) == (1000, 0)
        assert {one["email"] for one in people} <= emails

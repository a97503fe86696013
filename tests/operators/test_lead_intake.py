"""Leads are pushed and forms filled out once; what has an unknown outcome is reported and not repeated."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.actions.marketo.leads import PushWriter
from airflow_provider_mkt.operators.lead_intake import PushLeadsOperator, SubmitFormOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import FILL_OUT_FORM, PUSH_LEAD
from airflow_provider_mkt.state import claims
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

PROGRAM = "Website Contacts"
PUSH, SUBMIT = "*/leads/push.json", "*/leads/submitForm.json"


def pushing(leads: Any = None, **more: Any) -> PushLeadsOperator:
    arguments = {"conn_id": "marketo_default", "program_name": PROGRAM, "leads": leads, **more}
    return PushLeadsOperator(task_id="task", **arguments)


def people(count: int) -> list[dict[str, str]]:
    return [{"email": f"p{number}@example.com"} for number in range(count)]


def activities(box: Sandbox, kind: int) -> list[Any]:
    return box.marketo.state.log.all(kind)


def refused(operator: Any) -> tuple[dict[str, Any], str]:
    one = context()
    with pytest.raises(AirflowFailException) as raised:
        operator.execute(one)
    return one["ti"].pushed.get("return_value", {}), str(raised.value)


# -- pushes -------------------------------------------------------------------------------------------


def test_leads_of_a_file_are_pushed_once_each_and_a_bad_one_is_reported(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    source, rejects = tmp_path / "leads.csv", tmp_path / "rejects.jsonl"
    rows = [f"p{number}@example.com,P{number}" for number in range(305)]
    source.write_text("\n".join(["email,firstName", *rows, ",Nobody", "p1@example.com,Later"]))
    run = airflow.run(f"""
from airflow_provider_mkt.operators.lead_intake import PushLeadsOperator
PushLeadsOperator(task_id="push", conn_id="marketo_default", program_name="{PROGRAM}", source="{source}",
    program_status="Member", push_source="{{{{ 'Fair' }}}}", push_reason="Visited", max_rejected=1,
    rejects_path="{rejects}")
""")
    assert run.state == "success", run.log[-3000:]
    reported = run.returned["push"]
    assert (reported["outcome"], reported["total"], reported["created"]) == ("lead_push", 307, 305)
    assert reported["reasons"] == {"KEY_MISSING": 1}
    assert (reported["updated"], reported["rejected"]) == (1, 1)
    assert json.loads(rejects.read_text())["record"] == {"firstName": "Nobody"}
    # The row that came later is a push of its own, as it went in another call.
    pushed = activities(sandbox, PUSH_LEAD)
    assert len(pushed) == 306
    assert pushed[0].attributes["Source"] == "Fair"
    assert len(sandbox.marketo.state.programs[marketo.DEFAULT_PROGRAM].members) == 305


@pytest.mark.parametrize("when", ["before", "after"])
def test_leads_whose_answer_was_lost_are_reported_and_not_pushed_again(sandbox: Sandbox, when: Any) -> None:
    sandbox.marketo.faults.add(PUSH, when=when, answer=RESET)
    reported, message = refused(pushing(people(3)))
    assert reported["reasons"] == {"OUTCOME_UNKNOWN": 3}
    assert "3 of 3 leads were rejected" in message
    assert "this task does not send them again, also when it is cleared" in message
    assert len(activities(sandbox, PUSH_LEAD)) == (3 if when == "after" else 0)
    assert sandbox.marketo.calls.of("POST", "/rest/v1/leads/push.json").total == 1


def test_a_try_after_a_killed_one_pushes_nobody_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = PushWriter.__init__

    def make(self: Any, **options: Any) -> None:
        made(self, **options)
        self.quiet_after = 0.5

    monkeypatch.setattr(PushWriter, "__init__", make)
    monkeypatch.setattr(claims, "AHEAD", 0.3)
    sandbox.marketo.faults.add(PUSH, when="after", delay=0.4, skip=1)
    route = ("POST", "/rest/v1/leads/push.json")
    worker = Worker(pushing(people(601), max_concurrency=1))
    until(lambda: sandbox.marketo.calls.of(*route).total == 2)
    worker.kill()
    assert "(OUTCOME_UNKNOWN: 300)" in Worker(pushing(people(601), max_concurrency=1)).end()["error"]
    until(lambda: sandbox.marketo.calls.all.in_flight == 0)
    pushed = Counter(row.lead_id for row in activities(sandbox, PUSH_LEAD))
    assert (len(pushed), set(pushed.values())) == (601, {1})
    assert sandbox.marketo.calls.of(*route).total == 3


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"program_name": " "}, "program_name: is missing"),
        ({"lookup_field": "title"}, "lookup_field: Marketo finds no leads by"),
        ({"leads": None}, "leads: give exactly one"),
        ({"conn_id": "hubspot_default"}, "not marketo"),
    ],
)
def test_what_cannot_be_pushed_is_an_error_before_anything_is_pushed(
    sandbox: Sandbox, more: Any, named: str
) -> None:
    assert named in refused(pushing(**{"leads": people(1), **more}))[1]
    assert sandbox.marketo.calls.of("POST", "/rest/v1/leads/push.json").total == 0


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"program_name": "Nowhere"}, "Nowhere"),
        ({"program_status": "Nonsense"}, "Nonsense"),
        ({"partition_name": "No such partition"}, "No such partition"),
    ],
)
def test_the_first_refusal_that_is_about_the_request_ends_the_task(
    sandbox: Sandbox, more: Any, named: str
) -> None:
    _, said = refused(pushing(people(900), max_concurrency=1, **more))
    assert named in said
    assert sandbox.marketo.calls.of("POST", "/rest/v1/leads/push.json").total <= 20
    assert activities(sandbox, PUSH_LEAD) == []


def test_a_clicked_link_can_be_the_key(sandbox: Sandbox) -> None:
    reported, _ = refused(pushing([{"mktToken": "AbC"}], lookup_field="mktToken"))
    assert reported["reasons"] == {"1004": 1}


# -- forms --------------------------------------------------------------------------------------------


def filling(fields: Any = None, **more: Any) -> SubmitFormOperator:
    given = {"email": "new@example.com", "firstName": "New"} if fields is None else fields
    arguments = {"conn_id": "marketo_default", "form_id": marketo.FORM, "fields": given, **more}
    return SubmitFormOperator(task_id="task", **arguments)


def fills(box: Sandbox) -> int:
    return len(activities(box, FILL_OUT_FORM))


def test_a_form_is_filled_out_once_by_a_task_and_its_next_try(airflow: Airflow, sandbox: Sandbox) -> None:
    run = airflow.run(f"""
from airflow_provider_mkt.operators.lead_intake import SubmitFormOperator
SubmitFormOperator(task_id="fill", conn_id="marketo_default", form_id="{marketo.FORM}",
    fields='{{"email": "{{{{ params.who }}}}"}}', params={{"who": "new@example.com"}},
    visitor_data={{"pageURL": "https://example.com/fair"}}, program_id={marketo.DEFAULT_PROGRAM})
""")
    assert run.state == "success", run.log[-3000:]
    reported = run.returned["fill"]
    assert (reported["outcome"], reported["status"], reported["form_id"]) == (
        "form_submission",
        "created",
        "7001",
    )
    assert int(reported["lead_id"]) in sandbox.marketo.state.programs[marketo.DEFAULT_PROGRAM].members
    again = [filling().execute(context()) for _ in range(2)]
    assert again[0] == again[1] == {**reported, "status": "updated"}
    assert fills(sandbox) == 2
    assert "new@example.com" not in run.log.replace("params", "").split("Form 7001")[-1]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_form_whose_answer_was_lost_is_filled_out_again_by_a_person_only(
    sandbox: Sandbox, when: Any
) -> None:
    sandbox.marketo.faults.add(SUBMIT, when=when, answer=RESET)
    _, message = refused(filling())
    assert "its outcome is unknown" in message
    assert fills(sandbox) == (1 if when == "after" else 0)
    assert filling().execute(context(cleared=1))["lead_id"]


def test_a_cleared_task_fills_out_the_form_for_another_person_only(sandbox: Sandbox) -> None:
    anna = filling({"email": "anna2@example.com"}).execute(context())
    again = filling({"email": "Anna2@example.com", "firstName": "Anna"}).execute(context(cleared=1))
    assert (again, fills(sandbox)) == (anna, 1)
    other = filling({"email": "other@example.com"}).execute(context(cleared=2))
    assert (other["lead_id"] != anna["lead_id"], fills(sandbox)) == (True, 2)


def test_two_tries_of_one_task_at_once_fill_out_a_form_once(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add(SUBMIT, when="after", delay=0.2)
    workers = [Worker(filling()) for _ in range(2)]
    one, other = (worker.end()["result"] for worker in workers)
    assert one == other
    assert fills(sandbox) == 1


def test_a_worker_killed_while_it_fills_out_a_form_and_its_next_try_do_it_once(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add(SUBMIT, when="after", delay=0.3)
    worker = Worker(filling())
    until(lambda: sandbox.marketo.calls.of("POST", "/rest/v1/leads/submitForm.json").in_flight == 1)
    worker.kill()
    assert "its outcome is unknown" in Worker(filling()).end()["error"]
    until(lambda: sandbox.marketo.calls.all.in_flight == 0)
    assert fills(sandbox) == 1


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"fields": {"firstName": "x"}}, "fields.email: is missing"),
        ({"fields": [1]}, "fields: must be a mapping"),
        ({"fields": {"email": "a@example.com", "title": "x"}}, "'title' is not on the form"),
        ({"form_id": 99}, "99"),
        ({"form_id": "7001/../x"}, "form_id: must be a positive whole number"),
        ({"visitor_data": {"ip": "::1"}}, "visitor_data: has a key other than"),
    ],
)
def test_a_wrong_form_is_an_error_and_has_no_effect(sandbox: Sandbox, more: Any, named: str) -> None:
    _, message = refused(filling(**more))
    assert named in message
    assert "a@example.com" not in message
    assert fills(sandbox) == 0
    # Nothing was done, so the next try need not wait for a person.
    assert filling().execute(context())["status"] == "created"

"""A DAG runs any call of a platform by its name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow_runs import Airflow

from airflow_provider_mkt.operators.hubspot import HubSpotOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.events import seed as events
from airflow_provider_mkt.version_compat import TaskDeferred

IMPORTS = """
from airflow_provider_mkt.operators.hubspot import HubSpotOperator
from airflow_provider_mkt.operators.marketo import MarketoOperator
"""


def test_a_named_call_takes_templated_arguments_and_returns_its_result(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    run = airflow.run(
        IMPORTS
        + """
dag.params["part"] = "Spring"
HubSpotOperator(
    task_id="found",
    conn_id="hubspot_default",
    call="campaigns.list",
    arguments={"name": "{{ params.part }}", "properties": ["hs_name"], "limit": "5"},
)
MarketoOperator(task_id="lead", conn_id="marketo_default", call="leads.get", arguments={"lead_id": 1001})
"""
    )
    assert run.state == "success", run.log[-3000:]
    assert [row["id"] for row in run.returned["found"]] == [hubspot.SPRING_CAMPAIGN]
    assert run.returned["lead"]["email"] == "anna.berg@example.com"


def test_pages_stream_to_a_file(airflow: Airflow, sandbox: Sandbox, tmp_path: Path) -> None:
    for number in range(25):
        sandbox.hubspot.state.campaigns.create({"hs_name": f"Campaign {number}"})
    path = tmp_path / "campaigns.jsonl"
    run = airflow.run_tasks(
        IMPORTS
        + f"""
HubSpotOperator(
    task_id="all",
    conn_id="hubspot_default",
    call="campaigns.list",
    arguments={{"properties": ["hs_name"], "limit": 10}},
    output_path={path.as_uri()!r},
)
"""
    )
    assert run.returned["all"]["rows"] == 27, run.log[-3000:]
    names = [json.loads(line)["properties"]["hs_name"] for line in path.read_text().splitlines()]
    assert {f"Campaign {number}" for number in range(25)} < set(names)


def test_wrong_names_and_arguments_fail_without_retry_and_send_nothing(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    run = airflow.run_tasks(
        IMPORTS
        + """
def bad(task_id, call, **arguments):
    # Of templates, which are known when the task runs.
    HubSpotOperator(
        task_id=task_id, conn_id="hubspot_default", retries=3,
        call="{{ '%s' }}" % call, arguments="{{ %r | tojson }}" % arguments)

bad("unknown_call", "campaigns.lst")
bad("unknown_argument", "campaigns.list", nam="x")
bad("missing_argument", "campaigns.get")
bad("wrong_type", "campaigns.list", limit="many")
bad("way_out_of_the_path", "campaigns.get", campaign_guid="..")
bad("other_platform", "leads.get", lead_id=1)
"""
    )
    assert set(run.tasks.values()) == {"failed"}
    for message in (
        "did you mean campaigns.list",
        "arguments.nam: is not an argument of campaigns.list",
        "arguments.campaign_guid: is missing",
        "arguments.limit: Input should be a valid integer",
        "campaign_guid: cannot be used in a path",
    ):
        assert message in run.log, message
    assert sandbox.hubspot.calls.total == 0


def test_a_call_of_unknown_outcome_is_not_sent_again_by_a_retry(airflow: Airflow, sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*/publish", when="after", answer={"reset": True})
    run = airflow.run_tasks(
        IMPORTS
        + f"""
HubSpotOperator(
    task_id="publish",
    conn_id="hubspot_default",
    call="emails.publish",
    arguments={{"email_id": {hubspot.NEWSLETTER_EMAIL!r}}},
    retries=3,
)
"""
    )
    assert run.tasks == {"publish": "failed"}
    assert "It is not sent again by itself" in run.log
    email = sandbox.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    assert len(email.sends) == 1


def test_slashes_and_question_marks_of_an_id_stay_in_its_path_segment(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    run = airflow.run_tasks(
        IMPORTS
        + """
HubSpotOperator(task_id="odd", conn_id="hubspot_default", call="contacts.get",
                arguments={"contact_id": "a/../b?c=d+e f@example.com", "id_property": "email"})
"""
    )
    assert run.tasks == {"odd": "failed"}
    (call,) = sandbox.hubspot.calls.recent
    assert call.route == "/crm/objects/2026-09/contacts/{contactId}"
    assert call.status == 404


def test_a_password_in_a_result_is_masked_in_xcom(airflow: Airflow, sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.smtp_tokens_need_oauth = False
    run = airflow.run_tasks(
        IMPORTS
        + """
HubSpotOperator(task_id="token", conn_id="hubspot_default", call="smtp_tokens.create",
                arguments={"campaign_name": "Receipts", "create_contact": False})
"""
    )
    assert run.state == "success", run.log[-3000:]
    assert run.returned["token"]["password"] == "***"
    assert run.returned["token"]["campaignName"] == "Receipts"


@pytest.mark.usefixtures("short_waits")
def test_a_request_without_a_name_is_run_as_any_other(airflow: Airflow, sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*/contacts*", answer={"status": 502}, times=2)
    run = airflow.run_tasks(
        IMPORTS
        + """
HubSpotOperator(task_id="read", conn_id="hubspot_default", call="raw", arguments={
    "method": "GET", "path": "/crm/v3/objects/{{ params.kind }}", "query": {"limit": 2}, "replay": "safe"})
HubSpotOperator(task_id="climbs", conn_id="hubspot_default", call="raw",
                arguments={"method": "GET", "path": "/crm/{{ '%2e%2e' }}/x"}, retries=2)
MarketoOperator(task_id="asset", conn_id="marketo_default", call="raw", arguments={
    "method": "GET", "path": "/rest/asset/v1/channels.json", "query": {"maxReturn": 1}})
dag.params["kind"] = "contacts"
"""
    )
    assert run.tasks == {"read": "success", "climbs": "failed", "asset": "success"}, run.log[-3000:]
    assert len(run.returned["read"]["results"]) == 2
    assert run.returned["read"]["paging"]["next"]["after"]
    assert run.returned["asset"]["success"] is True
    assert "path: contains a segment . or .." in run.log
    assert sandbox.hubspot.calls.total == 3
    assert [call.route for call in sandbox.marketo.calls.recent][-1] == "/rest/asset/v1/channels.json"


def test_a_request_without_a_name_is_sent_once_unless_it_may_be_repeated(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    sandbox.hubspot.faults.add("*/objects/contacts", when="after", answer={"status": 502})
    run = airflow.run_tasks(
        IMPORTS
        + """
HubSpotOperator(task_id="write", conn_id="hubspot_default", call="raw", retries=2, arguments={
    "method": "POST", "path": "/crm/v3/objects/contacts", "body": {"properties": {"email": "r@example.com"}}})
"""
    )
    assert run.tasks == {"write": "failed"}
    assert "It is not sent again by itself" in run.log
    assert sandbox.hubspot.calls.total == 1


def test_rows_of_all_pages_are_returned_or_an_output_path_is_required(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    for number in range(250):
        sandbox.hubspot.state.campaigns.create({"hs_name": f"Campaign {number}", "hs_notes": "x" * 100})
    run = airflow.run_tasks(
        IMPORTS
        + """
def listed(task_id, operator=HubSpotOperator, conn_id="hubspot_default", call="campaigns.list", **what):
    operator(task_id=task_id, conn_id=conn_id, call=call, retries=2, **what)

listed("all", arguments={"limit": 100})
listed("too_many", arguments={"properties": ["hs_name", "hs_notes"]})
listed("first", arguments={"limit": 100}, single_page=True)
listed("last", arguments={"limit": 100, "after": "{{ ti.xcom_pull('first')['next']['after'] }}"})
listed("no_pages", call="campaigns.get", arguments={"campaign_guid": "x"}, single_page=True)
listed("channels", MarketoOperator, "marketo_default", "channels.list", arguments={"page_size": 2})
listed("page", MarketoOperator, "marketo_default", "channels.list", arguments={"page_size": 2, "offset": 1},
       single_page=True)
dag.get_task("first") >> dag.get_task("last")
"""
    )
    failed = {task for task, state in run.tasks.items() if state == "failed"}
    assert failed == {"too_many", "no_pages"}, run.log[-3000:]
    everything = [row["id"] for row in run.returned["all"]]
    assert len(set(everything)) == 252
    first, last = run.returned["first"], run.returned["last"]
    assert first["outcome"] == "page"
    assert [row["id"] for row in first["rows"]] + [row["id"] for row in last] == everything
    assert "output_path: is needed: campaigns.list returns more rows than fit into XCom" in run.log
    assert "single_page: campaigns.get has no pages" in run.log
    assert len(run.returned["channels"]) > 2
    assert run.returned["page"]["rows"] == run.returned["channels"][1:3]
    assert run.returned["page"]["next"] == {"offset": 3}


@pytest.mark.parametrize("usage_known", [True, False])
def test_an_exhausted_daily_quota_defers_until_the_reset_that_the_account_reports(
    sandbox: Sandbox, tmp_path: Path, usage_known: bool
) -> None:
    sandbox.hubspot.faults.add("*/campaigns*", answer={"error": "DAILY"}, times=None)
    if not usage_known:
        sandbox.hubspot.faults.add("*/api-usage/*", answer={"error": "DAILY"})
    operator = HubSpotOperator(task_id="t", conn_id="hubspot_default", call="campaigns.list")
    ti = SimpleNamespace(dag_id="d", run_id=str(tmp_path), task_id="t", map_index=-1, try_number=1)
    now = datetime.now(UTC)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({"ti": ti})  # type: ignore[typeddict-item]
    moment = deferred.value.trigger.serialize()[1]["moment"]
    expected = sandbox.hubspot.limits.daily.resets_at(now.timestamp())
    wanted = expected if usage_known else now + timedelta(hours=1)
    assert abs(moment - wanted) < timedelta(minutes=1)
    assert sandbox.hubspot.calls.total == 2


NATIVE = """
from airflow.sdk import DAG
from airflow_provider_mkt.operators.hubspot import HubSpotOperator
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.sensors.leads import ListMembershipSensor

LEAD, LIST = "{{ params.lead }}", "{{ params.list }}"
ON = {"conn_id": "hubspot_default"}
PARAMS = {"lead": LEAD_ID, "list": LIST_ID}
with DAG("native_ids", schedule=None, render_template_as_native_obj=True, params=PARAMS) as dag:
    HubSpotOperator(task_id="get", call="contacts.get", arguments={"contact_id": LEAD}, **ON)
    HubSpotOperator(task_id="read", call="contacts.batch_read", arguments={"ids": [LEAD]}, **ON)
    added = AddToListOperator(task_id="add", list_id=LIST, leads=[LEAD], **ON)
    there = ListMembershipSensor(task_id="there", list_id=LIST, lead_ids=[LEAD], poke_interval=1, **ON)
    added >> there
"""


def test_ids_that_templates_render_to_numbers_are_taken(airflow: Airflow, sandbox: Sandbox) -> None:
    source = NATIVE.replace("LEAD_ID", hubspot.CONTACT_IDS[0]).replace("LIST_ID", hubspot.LIST_ID)
    run = airflow.run_file(source, "native_ids")
    assert set(run.tasks.values()) == {"success"}, run.log[-3000:]
    assert run.returned["get"]["id"] == hubspot.CONTACT_IDS[0]


@pytest.mark.parametrize("call", ["upsert_contacts", "record_contacts"])
def test_a_contact_that_the_answer_does_not_name_is_reported(sandbox: Sandbox, call: str) -> None:
    event = {"external_event_id": events.WEBINAR, "external_account_id": events.ACCOUNT}
    attendances = [
        {"contact_id": one, "interaction_at": "2026-01-31T09:00:00Z"} for one in (hubspot.CONTACT_IDS[0], 4)
    ]
    result = HubSpotOperator(
        task_id="record",
        conn_id="hubspot_default",
        call=f"marketing_event_attendance.{call}",
        arguments={**event, "state": "register", "attendances": attendances},
    ).execute({"ti": SimpleNamespace(dag_id="d", run_id="r", task_id="record", map_index=-1, try_number=1)})
    named = [one for error in result["errors"] for one in error["context"]["ids"]]
    assert "4" in named
    answered = {str(one["vid"]) for one in result["results"]}
    assert answered.isdisjoint(named)
    assert len(answered) + len(named) == 2

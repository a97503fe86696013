"""A DAG runs any call of a platform by its name."""

from __future__ import annotations

import json
from pathlib import Path

from airflow_runs import Airflow

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot

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
    run = airflow.run(
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
    run = airflow.run(
        IMPORTS
        + """
def bad(task_id, **what):
    HubSpotOperator(task_id=task_id, conn_id="hubspot_default", retries=3, **what)

bad("unknown_call", call="campaigns.lst")
bad("unknown_argument", call="campaigns.list", arguments={"nam": "x"})
bad("missing_argument", call="campaigns.get")
bad("wrong_type", call="campaigns.list", arguments={"limit": "many"})
bad("way_out_of_the_path", call="campaigns.get", arguments={"campaign_guid": ".."})
bad("other_platform", call="leads.get", arguments={"lead_id": 1})
"""
    )
    assert set(run.tasks.values()) == {"failed"}
    for message in (
        "did you mean campaigns.list",
        "arguments.nam: is no argument of campaigns.list",
        "arguments.campaign_guid: is missing",
        "arguments.limit: Input should be a valid integer",
        "campaign_guid: cannot be used in a path",
    ):
        assert message in run.log, message
    assert sandbox.hubspot.calls.total == 0


def test_a_call_of_unknown_outcome_is_not_sent_again_by_a_retry(airflow: Airflow, sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*/publish", when="after", answer={"reset": True})
    run = airflow.run(
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
    run = airflow.run(
        IMPORTS
        + """
HubSpotOperator(task_id="odd", conn_id="hubspot_default", call="contacts.get",
                arguments={"contact_id": "a/../b?c=d+e f@example.com", "id_property": "email"})
"""
    )
    assert run.tasks == {"odd": "failed"}
    (call,) = sandbox.hubspot.calls.recent
    assert call.route == "/crm/v3/objects/contacts/{contactId}"
    assert call.status == 404


def test_a_password_in_a_result_is_masked_in_xcom(airflow: Airflow, sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.smtp_tokens_need_oauth = False
    run = airflow.run(
        IMPORTS
        + """
HubSpotOperator(task_id="token", conn_id="hubspot_default", call="smtp_tokens.create",
                arguments={"campaign_name": "Receipts", "create_contact": False})
"""
    )
    assert run.state == "success", run.log[-3000:]
    assert run.returned["token"]["password"] == "***"
    assert run.returned["token"]["campaignName"] == "Receipts"

"""Enrolments in sequences and workflows, in both drivers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hubspot_runs import both, connected

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PlatformError,
)
from airflow_provider_mkt.client.hubspot.automation import flows, sequences, workflows
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.automation import seed as at

ADA, BRUNO = seed.CONTACT_IDS[:2]
ADA_ADDRESS = "ada@example.com"


@pytest.fixture(params=PROFILES)
def hook(
    request: pytest.FixtureRequest, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubSpotHook]:
    with connected(box, monkeypatch, str(request.param)) as one:
        yield one


@pytest.fixture
def v3(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotHook]:
    """The only profile with workflows."""
    with connected(box, monkeypatch, "v3") as one:
        yield one


def enrol(contact: str = ADA, user: str = at.SALES_USER, **changes: Any) -> Call[Any]:
    given = {"sequence_id": at.FOLLOW_UP_SEQUENCE, "sender_email": at.SALES_ADDRESS} | changes
    return sequences.enrol(user, contact_id=contact, **given)


def test_a_user_sees_shared_and_own_sequences(hook: HubSpotHook) -> None:
    own = [row["id"] for row in hook.iterate(sequences.list(at.SALES_USER, limit=1))]
    assert own == [at.FOLLOW_UP_SEQUENCE, at.PRIVATE_SEQUENCE]
    others = both(hook, sequences.list(at.SEATLESS_USER))
    assert [row["id"] for row in others] == [at.FOLLOW_UP_SEQUENCE]
    assert both(hook, sequences.list(at.SALES_USER, name="nothing")) == []
    assert len(both(hook, sequences.get(at.FOLLOW_UP_SEQUENCE, at.SALES_USER))["steps"]) == 3
    with pytest.raises(NotFound):
        hook.run(sequences.get(at.PRIVATE_SEQUENCE, at.SEATLESS_USER))


def test_an_enrolment_in_a_sequence_is_shown_until_its_last_email(box: Sandbox, hook: HubSpotHook) -> None:
    with pytest.raises(NotFound):
        hook.run(sequences.enrolment(ADA))
    made = hook.run(enrol(sender_alias_address=at.SALES_ALIAS))
    assert made["toEmail"] == ADA_ADDRESS
    shown = both(hook, sequences.enrolment(ADA))
    assert (shown["id"], shown["sequenceId"]) == (made["id"], at.FOLLOW_UP_SEQUENCE)
    assert (shown["enrolledBy"], shown["enrolledByEmail"]) == (at.SALES_USER, at.SALES_ADDRESS)
    with pytest.raises(InvalidRequest, match="already enrolled"):
        hook.run(enrol(sequence_id=at.PRIVATE_SEQUENCE))
    box.hubspot.clock.advance(7 * 86_400 + 1)
    with pytest.raises(NotFound):
        hook.run(sequences.enrolment(ADA))
    assert hook.run(enrol())["id"] != made["id"]


def test_a_lost_response_of_an_enrolment_is_resolved_by_reading_the_contact(
    box: Sandbox, hook: HubSpotHook
) -> None:
    box.hubspot.faults.add("*/enrollments", when="after", answer={"status": 502}, times=1)
    with pytest.raises(PlatformError):
        hook.run(enrol())
    assert hook.run(sequences.enrolment(ADA))["sequenceId"] == at.FOLLOW_UP_SEQUENCE
    assert len(box.hubspot.state.automation.in_sequences) == 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: enrol(user=at.SEATLESS_USER), PermissionDenied, "seat"),
        (lambda: enrol(user=at.INBOXLESS_USER), InvalidRequest, "inbox"),
        (lambda: enrol(user="999"), InvalidRequest, "999"),
        (lambda: enrol(sender_email="other@example.com"), InvalidRequest, "senderEmail"),
        (lambda: enrol(sender_alias_address="other@example.com"), InvalidRequest, "alias"),
        (lambda: enrol(sequence_id="1"), NotFound, "sequence"),
        (lambda: enrol(contact="1"), NotFound, "contact"),
    ],
)
def test_enrolments_are_rejected_by_contact_and_user(
    box: Sandbox, hook: HubSpotHook, make: Callable[[], Call[Any]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        hook.run(make())
    assert box.hubspot.state.automation.in_sequences == []


def test_a_contact_without_an_address_cannot_be_enrolled(hook: HubSpotHook) -> None:
    hook.run(contacts.update(ADA, {"email": ""}))
    with pytest.raises(InvalidRequest, match="no email"):
        hook.run(enrol())


def test_an_enrolment_in_a_workflow_can_be_read_and_ended(box: Sandbox, v3: HubSpotHook) -> None:
    assert both(v3, workflows.enrolments(ADA)) == []
    assert v3.run(workflows.enrol(at.WELCOME_WORKFLOW, ADA_ADDRESS)) is None
    (shown,) = both(v3, workflows.enrolments(ADA))
    assert (str(shown["id"]), shown["name"]) == (at.WELCOME_WORKFLOW, "Welcome")
    both(v3, workflows.unenrol(at.WELCOME_WORKFLOW, ADA_ADDRESS))
    assert both(v3, workflows.enrolments(ADA)) == []
    kept = box.hubspot.snapshot()["automation"]["workflowEnrolments"]
    assert [(one["in"], one["contact"]) for one in kept] == [(at.WELCOME_FLOW, ADA)]


@pytest.mark.parametrize(("workflow", "times"), [(at.WELCOME_WORKFLOW, 1), (at.REMINDER_WORKFLOW, 2)])
def test_re_enrolment_depends_on_the_workflow(
    box: Sandbox, v3: HubSpotHook, workflow: str, times: int
) -> None:
    for _ in range(2):
        v3.run(workflows.enrol(workflow, ADA_ADDRESS))
        box.hubspot.clock.advance(60)
    assert len(box.hubspot.state.automation.in_workflows) == times
    assert len(v3.run(workflows.enrolments(ADA))) == 1
    box.hubspot.clock.advance(8 * 86_400)
    assert v3.run(workflows.enrolments(ADA)) == []


def test_workflows_that_are_off_or_unknown_reject_enrolments(v3: HubSpotHook) -> None:
    with pytest.raises(InvalidRequest, match="turned off"):
        v3.run(workflows.enrol(at.STOPPED_WORKFLOW, ADA_ADDRESS))
    for call in (
        workflows.enrol(at.WELCOME_FLOW, ADA_ADDRESS),
        workflows.enrol(at.WELCOME_WORKFLOW, "nobody@example.com"),
        workflows.unenrol("1", ADA_ADDRESS),
        workflows.enrolments("1"),
    ):
        with pytest.raises(NotFound):
            v3.run(call)


def test_flows_are_listed_read_and_mapped_to_old_ids(v3: HubSpotHook) -> None:
    listed = [row["id"] for row in v3.iterate(flows.list(limit=3))]
    assert listed == [at.WELCOME_FLOW, at.REMINDER_FLOW, at.STOPPED_FLOW, at.NEW_FLOW]
    assert both(v3, flows.get(at.STOPPED_FLOW))["isEnabled"] is False
    with pytest.raises(NotFound):
        v3.run(flows.get(1))
    read = v3.run(flows.batch_read([at.WELCOME_FLOW, 1]))
    assert [row["id"] for row in read["results"]] == [at.WELCOME_FLOW]
    assert read["errors"][0]["context"] == {"ids": ["1"]}
    ids = v3.run(flows.workflow_ids([at.WELCOME_FLOW, at.NEW_FLOW]))
    assert ids["results"] == [{"flowId": int(at.WELCOME_FLOW), "workflowId": int(at.WELCOME_WORKFLOW)}]
    assert ids["errors"][0]["context"] == {"ids": [at.NEW_FLOW]}
    assert v3.run(flows.workflow_ids([at.WELCOME_FLOW]))["errors"] == []


def test_a_flow_is_created_replaced_by_its_latest_revision_and_deleted(v3: HubSpotHook) -> None:
    definition = {
        "type": "CONTACT_FLOW",
        "flowType": "WORKFLOW",
        "objectTypeId": "0-1",
        "name": "New",
        "isEnabled": False,
        "canEnrollFromSalesforce": False,
        "actions": [{"actionId": "1"}],
    }
    made = v3.run(flows.create(definition))
    assert (made["name"], made["isEnabled"], made["revisionId"]) == ("New", False, "1")
    changed = v3.run(flows.replace(made["id"], {**definition, "revisionId": "1", "isEnabled": True}))
    assert both(v3, flows.get(made["id"])) == changed
    assert (changed["isEnabled"], changed["revisionId"]) == (True, "2")
    with pytest.raises(Conflict, match="revisionId"):
        v3.run(flows.replace(made["id"], {**definition, "revisionId": "1"}))
    with pytest.raises(InvalidRequest, match="actions"):
        v3.run(flows.create({"name": "Half"}))
    v3.run(workflows.enrol(at.WELCOME_WORKFLOW, ADA_ADDRESS))
    v3.run(flows.delete(at.WELCOME_FLOW))
    assert v3.run(workflows.enrolments(ADA)) == []
    for call in (flows.delete(at.WELCOME_FLOW), workflows.enrol(at.WELCOME_WORKFLOW, ADA_ADDRESS)):
        with pytest.raises(NotFound):
            v3.run(call)


def test_a_flow_is_returned_with_its_defaults(v3: HubSpotHook) -> None:
    usual = {"actions", "timeWindows", "blockedDates", "customProperties", "dataSources", "type"}
    shown: dict[str, Any] = {**v3.run(flows.get(at.WELCOME_FLOW))}
    assert usual | {"canEnrollFromSalesforce", "suppressionListIds", "enrollmentCriteria"} <= set(shown)
    assert (shown["crmObjectCreationStatus"], shown["nextAvailableActionId"]) == ("COMPLETE", "1")
    definition = {"type": "PLATFORM_FLOW", "flowType": "ACTION_SET", "objectTypeId": "0-3", "isEnabled": True}
    made: dict[str, Any] = {**v3.run(flows.create({**definition, "actions": [{"actionId": "7"}]}))}
    assert usual <= set(made)
    assert "canEnrollFromSalesforce" not in made
    assert (made["flowType"], made["objectTypeId"], made["nextAvailableActionId"]) == (
        "ACTION_SET",
        "0-3",
        "8",
    )
    changed = {"type": "PLATFORM_FLOW", "isEnabled": False, "actions": [], "revisionId": "1"}
    kept = v3.run(flows.replace(made["id"], changed))
    assert (kept["flowType"], kept["objectTypeId"], kept["isEnabled"]) == ("ACTION_SET", "0-3", False)


@pytest.mark.parametrize(
    "left_out", ["type", "flowType", "objectTypeId", "isEnabled", "canEnrollFromSalesforce", "actions"]
)
def test_a_new_contact_flow_requires_the_keys_of_its_schema(api: httpx.Client, left_out: str) -> None:
    body: dict[str, Any] = {
        "type": "CONTACT_FLOW",
        "flowType": "WORKFLOW",
        "objectTypeId": "0-1",
        "isEnabled": True,
        "canEnrollFromSalesforce": False,
        "actions": [],
    }
    assert api.post("/automation/v4/flows", json=body).status_code == 201
    for wrong in ({"type": "OTHER"}, {"flowType": "OTHER"}):
        assert api.post("/automation/v4/flows", json=body | wrong).status_code == 400
    del body[left_out]
    refusal = api.post("/automation/v4/flows", json=body)
    assert (refusal.status_code, left_out in refusal.json()["message"]) == (400, True)


def test_old_ids_are_mapped_and_inputs_need_a_type(api: httpx.Client) -> None:
    path = "/automation/v4/workflow-id-mappings/batch/read"
    old = {"type": "WORKFLOW_ID", "flowMigrationStatusForClassicWorkflows": at.WELCOME_WORKFLOW}
    assert api.post(path, json={"inputs": [old]}).json()["results"][0]["flowId"] == int(at.WELCOME_FLOW)
    for bad in ({"flowId": "1"}, {"type": "FLOW_ID"}, {"type": "OTHER", "flowId": "1"}):
        assert api.post(path, json={"inputs": [bad]}).status_code == 400


def test_enrolments_need_their_scopes_and_a_user(
    box: Sandbox, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(box, monkeypatch, "v3", seed.READ_ONLY_TOKEN) as reader:
        for call in (enrol(), sequences.list(1), workflows.enrolments(ADA), flows.list()):
            with pytest.raises(PermissionDenied) as refusal:
                reader.run(call)
            assert refusal.value.missing
    assert "userId" in api.get("/automation/v4/sequences").json()["message"]
    assert "Follow up" in api.get("/automation/v4/sequences", params={"userId": "501"}).text
    assert "Sequence enrolments" in api.get("/").text

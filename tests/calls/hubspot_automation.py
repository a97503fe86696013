"""Scenes of sequences, workflows and flows, and of the tokens of an OAuth client."""

from __future__ import annotations

import pytest
from calls.hubspot_ways import Way
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound
from airflow_provider_mkt.client.hubspot.account import account_info, oauth
from airflow_provider_mkt.client.hubspot.automation import flows, sequences, workflows
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.automation import seed as at

SCENES = Scenes()
ADA = seed.CONTACT_IDS[0]


@SCENES.show(sequences="list get enrol enrolment")
def a_contact_in_a_sequence(run: Way) -> None:
    found = run.every(sequences.list(at.SALES_USER, limit=1))
    assert [one["id"] for one in found] == [at.FOLLOW_UP_SEQUENCE, at.PRIVATE_SEQUENCE]
    whole = run(sequences.get(at.FOLLOW_UP_SEQUENCE, at.SALES_USER))
    assert (whole["name"], len(whole["steps"])) == ("Follow up after a demo", 3)
    with pytest.raises(NotFound):
        run(sequences.enrolment(ADA))
    made = run(sequences.enrol(at.SALES_USER, at.FOLLOW_UP_SEQUENCE, ADA, at.SALES_ADDRESS))
    shown = run(sequences.enrolment(ADA))
    assert (shown["id"], shown["sequenceId"]) == (made["id"], at.FOLLOW_UP_SEQUENCE)


@SCENES.show(workflows="enrol enrolments unenrol")
def a_contact_in_a_workflow(run: Way) -> None:
    assert run(workflows.enrolments(ADA)) == []
    run(workflows.enrol(at.WELCOME_WORKFLOW, "ada@example.com"))
    assert [str(one["id"]) for one in run(workflows.enrolments(ADA))] == [at.WELCOME_WORKFLOW]
    run(workflows.unenrol(at.WELCOME_WORKFLOW, "ada@example.com"))
    assert run(workflows.enrolments(ADA)) == []


@SCENES.show(flows="create get list replace batch_read workflow_ids delete")
def a_flows_life(run: Way) -> None:
    definition = {
        "type": "CONTACT_FLOW",
        "flowType": "WORKFLOW",
        "objectTypeId": "0-1",
        "name": "New",
        "isEnabled": False,
        "canEnrollFromSalesforce": False,
        "actions": [{"actionId": "1"}],
    }
    made = run(flows.create(definition))["id"]
    run(flows.replace(made, {**definition, "revisionId": "1", "isEnabled": True}))
    shown = run(flows.get(made))
    assert (shown["name"], shown["isEnabled"], shown["revisionId"]) == ("New", True, "2")
    assert made in [one["id"] for one in run.every(flows.list(limit=3))]
    read = run(flows.batch_read([made, at.WELCOME_FLOW, 1]))
    assert ({one["id"] for one in read["results"]}, len(read["errors"])) == ({made, at.WELCOME_FLOW}, 1)
    ids = run(flows.workflow_ids([at.WELCOME_FLOW]))["results"]
    assert ids == [{"flowId": int(at.WELCOME_FLOW), "workflowId": int(at.WELCOME_WORKFLOW)}]
    run(flows.delete(made))
    with pytest.raises(NotFound):
        run(flows.get(made))


@SCENES.show(oauth="exchange_code introspect refresh client_credentials revoke")
def tokens_of_an_oauth_client(run: Way) -> None:
    app = run.by("client")
    first = app(oauth.exchange_code(seed.AUTHORIZATION_CODE, "https://example.com/back"))
    assert first.refresh_token is not None
    second = app(oauth.refresh(first.refresh_token.get_secret_value()))
    for tokens in (first, second):
        known = app(oauth.introspect(tokens.access_token.get_secret_value()))
        assert (known.active, known.token_use, known.hub_id) == (True, "access_token", seed.PORTAL_ID)
    assert app(oauth.introspect(seed.REFRESH_TOKEN, token_type_hint="refresh_token")).expires_in is None
    assert app(oauth.client_credentials("developer.webhooks_journal.read")).scopes == [
        "developer.webhooks_journal.read"
    ]
    app(oauth.revoke(second.access_token.get_secret_value()))
    with pytest.raises(InvalidRequest):
        app(oauth.introspect(second.access_token.get_secret_value()))
    assert app(account_info.details())["portalId"] == seed.PORTAL_ID

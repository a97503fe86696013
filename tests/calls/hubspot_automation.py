"""Scenes of sequences, workflows and flows, and of the tokens of an OAuth client."""

from __future__ import annotations

import datetime as dt

import pytest
from calls.hubspot_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound
from airflow_provider_mkt.client.hubspot.account import account_info, oauth
from airflow_provider_mkt.client.hubspot.automation import flows, sequences, workflows
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.automation import seed as at

SCENES = Scenes()
ADA = seed.CONTACT_IDS[0]


@SCENES.show(sequences="list get enrol enrolment")
def a_contact_in_a_sequence(run: CallRunner) -> None:
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
def a_contact_in_a_workflow(run: CallRunner) -> None:
    assert run(workflows.enrolments(ADA)) == []
    run(workflows.enrol(at.WELCOME_WORKFLOW, "ada@example.com"))
    assert [str(one["id"]) for one in run(workflows.enrolments(ADA))] == [at.WELCOME_WORKFLOW]
    run(workflows.unenrol(at.WELCOME_WORKFLOW, "ada@example.com"))
    assert run(workflows.enrolments(ADA)) == []


@SCENES.show(flows="create get list replace batch_read workflow_ids delete")
def a_flows_life(run: CallRunner) -> None:
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


@SCENES.show(flows="email_campaigns performance")
def what_a_flow_sends_and_whom_it_reaches(run: CallRunner) -> None:
    email = {"actionId": "1", "actionTypeId": "0-4", "fields": {"content_id": seed.NEWSLETTER_EMAIL}}
    definition = {
        "type": "CONTACT_FLOW",
        "flowType": "WORKFLOW",
        "objectTypeId": "0-1",
        "name": "New",
        "isEnabled": False,
        "canEnrollFromSalesforce": False,
        "actions": [email, email],
    }
    made = run(flows.create(definition))["id"]
    sent = run.every(flows.email_campaigns([made], limit=1))
    assert [(one["flowId"], one["emailContentId"]) for one in sent] == [(made, seed.NEWSLETTER_EMAIL)] * 2
    assert run(flows.email_campaigns([at.WELCOME_FLOW])) == []
    assert run(flows.performance(at.WELCOME_FLOW)) == []
    run(workflows.enrol(at.WELCOME_WORKFLOW, "ada@example.com"))
    now = run.box.clock.now()
    period = {"start": now - dt.timedelta(days=1), "end": now + dt.timedelta(days=1)}
    for bucket in ("DAY", "WEEK", "MONTH"):
        [row] = run(flows.performance(at.WELCOME_FLOW, bucket_type=bucket, first_day="SUNDAY", **period))
        assert row["count"] == 1
    with pytest.raises(NotFound):
        run(flows.performance(1))


@SCENES.show(oauth="access_token_info")
def the_scopes_of_a_token(run: CallRunner) -> None:
    info = run(oauth.access_token_info(seed.READ_ONLY_TOKEN))
    assert (info.hubId, set(info.scopes)) == (seed.PORTAL_ID, seed.READER_SCOPES)
    with pytest.raises(NotFound):
        run(oauth.access_token_info("pat-na1-unknown"))


@SCENES.show(oauth="exchange_code introspect refresh client_credentials revoke")
def tokens_of_an_oauth_client(run: CallRunner) -> None:
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

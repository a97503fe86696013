"""Sequences, workflows and flows: the request of each call, and what each refuses."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import Hand, answer, hubspot

from airflow_provider_mkt.client.call import Call, JsonBody, Replay
from airflow_provider_mkt.client.errors import InvalidInput, OutcomeUnknown, PlatformError
from airflow_provider_mkt.client.hubspot.automation import flows, sequences, workflows
from airflow_provider_mkt.client.hubspot.contacts import contact_search
from airflow_provider_mkt.client.hubspot.imports import imports
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.client.registry import build, endpoints

SAFE, WAIT, VERIFY, NEVER = Replay
DATED = "/automation/sequences/2026-03"
SEQUENCES = {"v3": "/automation/v4/sequences", "2026-03": DATED, "2026-09": DATED}
WORKFLOWS = dict.fromkeys(PROFILES, "/automation/v2/workflows")
FLOWS = dict.fromkeys(PROFILES, "/automation/v4")
NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
USER = ("userId", "501")
MAPPED = {"flowId": "7", "flowMigrationStatuses": "7", "type": "FLOW_ID"}

CALLS: list[tuple[Call[Any], dict[str, str], str, str, tuple, Any, Replay]] = [
    (
        sequences.list(501, name="demo", limit=5),
        SEQUENCES,
        "GET",
        "",
        (USER, ("name", "demo"), ("limit", "5")),
        None,
        SAFE,
    ),
    (sequences.get("7", "501"), SEQUENCES, "GET", "/7", (USER,), None, SAFE),
    (
        sequences.enrol(501, 7, "8", "me@example.com", sender_alias_address="us@example.com"),
        SEQUENCES,
        "POST",
        "/enrollments",
        (USER,),
        {
            "sequenceId": "7",
            "contactId": "8",
            "senderEmail": "me@example.com",
            "senderAliasAddress": "us@example.com",
        },
        NEVER,
    ),
    (sequences.enrolment(8), SEQUENCES, "GET", "/enrollments/contact/8", (), None, SAFE),
    (
        workflows.enrol(7, "a+b@example.com"),
        WORKFLOWS,
        "POST",
        "/7/enrollments/contacts/a%2Bb%40example.com",
        (),
        None,
        VERIFY,
    ),
    (
        workflows.unenrol("7", "a@example.com"),
        WORKFLOWS,
        "DELETE",
        "/7/enrollments/contacts/a%40example.com",
        (),
        None,
        SAFE,
    ),
    (workflows.enrolments(8), WORKFLOWS, "GET", "/enrollments/contacts/8", (), None, SAFE),
    (flows.list(limit=5), FLOWS, "GET", "/flows", (("limit", "5"),), None, SAFE),
    (
        flows.email_campaigns([7, "8"], limit=5),
        FLOWS,
        "GET",
        "/flows/email-campaigns",
        (("flowId", "7"), ("flowId", "8"), ("limit", "5")),
        None,
        SAFE,
    ),
    (
        flows.performance(7, bucket_type="WEEK", start=NOON, end=NOON, first_day="MONDAY"),
        FLOWS,
        "GET",
        "/flows/performance/7",
        (
            ("bucketType", "WEEK"),
            ("start", "1782907200000"),
            ("end", "1782907200000"),
            ("firstDay", "MONDAY"),
        ),
        None,
        SAFE,
    ),
    (flows.get(7), FLOWS, "GET", "/flows/7", (), None, SAFE),
    (flows.create({"name": "A"}), FLOWS, "POST", "/flows", (), {"name": "A"}, VERIFY),
    (flows.replace(7, {"revisionId": "2"}), FLOWS, "PUT", "/flows/7", (), {"revisionId": "2"}, VERIFY),
    (flows.delete("7"), FLOWS, "DELETE", "/flows/7", (), None, SAFE),
    (
        flows.batch_read([7]),
        FLOWS,
        "POST",
        "/flows/batch/read",
        (),
        {"inputs": [{"flowId": "7", "type": "FLOW_ID"}]},
        SAFE,
    ),
    (
        flows.workflow_ids(["7"]),
        FLOWS,
        "POST",
        "/workflow-id-mappings/batch/read",
        (),
        {"inputs": [MAPPED]},
        SAFE,
    ),
]


@pytest.mark.parametrize("row", CALLS, ids=[row[0].name for row in CALLS])
@pytest.mark.parametrize("profile", PROFILES)
def test_the_request_of_a_call(row: tuple, profile: str) -> None:
    call, prefix, method, tail, query, body, replay = row
    request = hubspot(api_version=profile).build(call, "T")
    assert (request.method, urlsplit(request.url).path) == (method, prefix[profile] + tail)
    assert request.query == query
    assert (request.body.value if isinstance(request.body, JsonBody) else request.body) == body
    assert call.replay is replay
    assert call.scopes


def enrol(**changes: Any) -> Callable[[], object]:
    given = {"user_id": 1, "sequence_id": 2, "contact_id": 3, "sender_email": "a@example.com"} | changes
    return lambda: sequences.enrol(**given)


BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: sequences.list("secret"), "user_id"),
    (lambda: sequences.list(1, limit=101), "limit"),
    (lambda: sequences.get("secret", 1), "sequence_id"),
    (lambda: sequences.get(1, 0), "user_id"),
    (lambda: sequences.enrolment("secret"), "contact_id"),
    (enrol(user_id=""), "user_id"),
    (enrol(sequence_id="secret"), "sequence_id"),
    (enrol(contact_id=None), "contact_id"),
    (enrol(sender_email="secret"), "sender_email"),
    (enrol(sender_alias_address=""), "sender_alias_address"),
    (lambda: workflows.enrol("secret", "a@example.com"), "workflow_id"),
    (lambda: workflows.enrol(1, "secret"), "email"),
    (lambda: workflows.unenrol(1, ""), "email"),
    (lambda: workflows.enrolments("a@secret.com"), "contact_id"),
    (lambda: flows.list(limit=0), "limit"),
    (lambda: flows.get("secret"), "flow_id"),
    (lambda: flows.create("secret"), "definition"),
    (lambda: flows.replace(7, {"name": "secret"}), "definition.revisionId"),
    (lambda: flows.replace("secret", {"revisionId": "1"}), "flow_id"),
    (lambda: flows.delete(0), "flow_id"),
    (lambda: flows.batch_read([]), "flow_ids"),
    (lambda: flows.workflow_ids([1, "secret"]), "flow_ids[1]"),
]


@pytest.mark.parametrize(("make", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_bad_input_is_refused_by_field_without_being_repeated(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field
    assert "secret" not in f"{refusal.value!s} {vars(refusal.value)}"


@pytest.mark.parametrize(
    "call",
    [sequences.enrol(1, 2, 3, "a@example.com"), workflows.enrol(1, "a@example.com")],
    ids=["sequence", "workflow"],
)
def test_an_enrolment_whose_answer_is_lost_is_not_sent_again(call: Call[Any]) -> None:
    hand = Hand(call, hubspot()).give(answer(502))
    assert isinstance(hand.error, OutcomeUnknown)
    assert len(hand.requests) == 1


def test_an_answer_that_is_a_bare_array_is_read_where_it_is_due_and_nowhere_else() -> None:
    array = answer(200, json.dumps([{"id": 4, "name": "Welcome"}]).encode())
    hand = Hand(workflows.enrolments(8), hubspot()).give(array)
    assert hand.reply is not None
    assert hand.reply.value == [{"id": 4, "name": "Welcome"}]
    for call, given in ((workflows.enrolments(8), answer(200, {"results": []})), (flows.get(7), array)):
        hand = Hand(call, hubspot())
        while not hand.done:
            hand.give(given)
        assert isinstance(hand.error, PlatformError)


def test_calls_by_name_take_filters_columns_and_files_as_templates_give_them() -> None:
    wanted = {"property_name": "email", "operator": "HAS_PROPERTY"}
    found = build("hubspot", "contact_search.search_all", {"filter_groups": [[wanted]]})
    assert found.body == contact_search.search_all([[wanted]]).body
    column = {"name": "Mail", "property_name": "email", "column_type": "HUBSPOT_ALTERNATE_ID"}
    started = build("hubspot", "imports.start", {"name": "J", "content": "Mail\nx\n", "columns": [column]})
    assert started.body == imports.start("J", b"Mail\nx\n", [column]).body
    assert build("hubspot", "sequences.enrolment", {"contact_id": "8"}).route.path().endswith("/8")
    assert build("hubspot", "flows.workflow_ids", {"flow_ids": ["7"]}).body == flows.workflow_ids([7]).body


def test_every_call_about_enrolments_is_here_under_the_name_that_dags_use() -> None:
    resources = {"sequences", "workflows", "flows"}
    known = {name for name, _ in endpoints("hubspot") if name.partition(".")[0] in resources}
    assert {row[0].name for row in CALLS} == known

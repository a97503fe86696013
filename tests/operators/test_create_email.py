"""An email is created or cloned once, despite lost answers and killed workers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.operators.emails import CloneEmailOperator, CreateEmailOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException

CLONE = "*/clone*"
SOURCES = {"hubspot": hubspot.NEWSLETTER_EMAIL, "marketo": marketo.APPROVED_EMAIL}
PLACES: dict[str, dict[str, Any]] = {"hubspot": {}, "marketo": {"folder_id": marketo.EMAIL_FOLDER}}
BOTH = pytest.mark.parametrize("platform", ["hubspot", "marketo"])


def cloning(platform: str, name: str = "Copy", **more: Any) -> CloneEmailOperator:
    arguments = {"email_id": SOURCES[platform], "name": name, **PLACES[platform], **more}
    return CloneEmailOperator(task_id="clone", conn_id=f"{platform}_default", **arguments)


def copies(box: Sandbox, platform: str, name: str = "Copy") -> list[str]:
    world = getattr(box, platform).state
    emails = world.emails.all() if platform == "hubspot" else world.emails.values()
    return [str(one.id) for one in emails if one.name == name]


@BOTH
def test_a_copy_is_created_and_a_second_run_does_not_change_it(
    airflow: Airflow, sandbox: Sandbox, platform: str
) -> None:
    body = f"""
from airflow_provider_mkt.operators.emails import CloneEmailOperator, CreateEmailOperator
CloneEmailOperator(task_id="clone", conn_id="{platform}_default", name="{{{{ params.name }}}}",
    params={{"name": " Copy "}}, email_id={SOURCES[platform]}, **{PLACES[platform]})
"""
    first, again = airflow.run(body), airflow.run(body)
    assert (first.state, again.state) == ("success", "success"), first.log[-2000:]
    [copy] = copies(sandbox, platform)
    made = {
        "outcome": "email_copy",
        "platform": platform,
        "email_id": copy,
        "name": "Copy",
        "state": {"hubspot": "DRAFT", "marketo": "draft"}[platform],
        "created": True,
    }
    assert first.returned["clone"] == made
    assert again.returned["clone"] == {**made, "created": False}


def test_a_copy_is_created_with_the_older_dated_paths(
    sandbox: Sandbox, short_waits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": hubspot.TOKEN,
        "extra": {"api_version": "2026-03"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))
    outcomes = [cloning("hubspot", language="de").execute(context(run=run)) for run in "ab"]
    assert [one["created"] for one in outcomes] == [True, False]
    copy = sandbox.hubspot.state.emails.get(outcomes[0]["email_id"])
    assert copy is not None
    assert copy.live["language"] == "de"
    assert sandbox.hubspot.calls.of("POST", "/marketing/emails/2026-03/clone").total == 1


@BOTH
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_gives_one_copy(sandbox: Sandbox, short_waits: None, platform: str, when: Any) -> None:
    getattr(sandbox, platform).faults.add(CLONE, method="POST", when=when, answer=RESET)
    outcome = cloning(platform).execute(context())
    assert outcome["created"] is True
    assert copies(sandbox, platform) == [outcome["email_id"]]


@BOTH
def test_a_task_whose_lookup_fails_creates_one_copy_over_its_tries(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, platform: str
) -> None:
    box = getattr(sandbox, platform)
    box.faults.add(CLONE, method="POST", when="after", answer=RESET)
    lookup = {"hubspot": "*/emails/2026-09", "marketo": "*/byName.json"}[platform]
    box.faults.add(lookup, method="GET", skip=1, times=6, answer={"status": 502})
    run = airflow.run(f"""
from airflow_provider_mkt.operators.emails import CloneEmailOperator, CreateEmailOperator
CloneEmailOperator(task_id="clone", conn_id="{platform}_default", name="Copy", retries=3,
    email_id={SOURCES[platform]}, **{PLACES[platform]})
""")
    assert run.state == "success", run.log[-2000:]
    assert run.returned["clone"]["created"] is True
    assert len(copies(sandbox, platform)) == 1


@BOTH
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_during_the_call_and_its_next_try_create_one_copy(
    sandbox: Sandbox, short_waits: None, platform: str, when: Any
) -> None:
    box = getattr(sandbox, platform)
    box.faults.add(CLONE, method="POST", when=when, delay=0.4)
    worker = Worker(cloning(platform))
    until(lambda: bool(box.faults.fired))
    worker.kill()
    report = Worker(cloning(platform)).end()
    assert report["result"]["created"] is True
    until(lambda: box.calls.all.in_flight == 0)
    assert len(copies(sandbox, platform)) == 1


@BOTH
def test_two_concurrent_runs_create_one_copy(sandbox: Sandbox, short_waits: None, platform: str) -> None:
    workers = [Worker(cloning(platform), run=name) for name in "ab"]
    assert sorted(worker.end()["result"]["created"] for worker in workers) == [False, True]
    assert len(copies(sandbox, platform)) == 1


def test_hubspot_an_email_of_the_name_that_was_cloned_from_another_is_not_the_copy(
    sandbox: Sandbox, short_waits: None
) -> None:
    other = cloning("hubspot", email_id=hubspot.AUTOMATED_EMAIL).execute(context(run="other"))
    outcome = cloning("hubspot").execute(context())
    assert outcome["created"] is True
    assert outcome["email_id"] != other["email_id"]


def test_marketo_a_name_used_in_another_folder_is_rejected(sandbox: Sandbox, short_waits: None) -> None:
    cloning("marketo").execute(context(run="first"))
    with pytest.raises(AirflowFailException, match="709"):
        cloning("marketo", folder_id=marketo.PROGRAM_FOLDER).execute(context())


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("platform", "arguments", "named"),
    [
        ("hubspot", {"name": " "}, "name: is missing"),
        ("hubspot", {"email_id": ["1"]}, "email_id: must be text"),
        ("hubspot", {"folder_id": 1}, "folder_id: HubSpot puts"),
        ("hubspot", {"email_id": "404"}, "not found"),
        ("marketo", {"folder_id": None}, "folder_id: is missing"),
        ("marketo", {"folder_type": "Drawer"}, "folder_type"),
        ("marketo", {"language": "de"}, "language: Marketo's emails have none"),
        ("marketo", {"email_id": "../1"}, "email_id"),
        ("marketo", {"email_id": 404}, "702"),
    ],
)
def test_an_email_that_cannot_be_cloned_fails_without_retry(
    sandbox: Sandbox, short_waits: None, platform: str, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(AirflowFailException, match=named):
        cloning(platform, **arguments).execute(context())
    assert copies(sandbox, platform) == []


# -- creating -----------------------------------------------------------------------------------------

HEADERS = {"subject": "Hi", "fromName": "A", "fromEmail": "a@example.com", "replyEmail": "b@example.com"}
NEW: dict[str, dict[str, Any]] = {
    "hubspot": {"fields": {"subject": "Hi"}},
    "marketo": {
        "fields": {**HEADERS, "operational": True},
        "folder_id": marketo.EMAIL_FOLDER,
        "template_id": marketo.TEMPLATE,
    },
}


def creating(platform: str, **more: Any) -> CreateEmailOperator:
    arguments = {"name": "Copy", **NEW[platform], **more}
    return CreateEmailOperator(task_id="create", conn_id=f"{platform}_default", **arguments)


@BOTH
@pytest.mark.parametrize("when", [None, "after"])
def test_an_email_is_created_once(sandbox: Sandbox, short_waits: None, platform: str, when: Any) -> None:
    if when:
        route = {"hubspot": "*/emails/2026-09", "marketo": "*/emails.json"}[platform]
        getattr(sandbox, platform).faults.add(route, method="POST", when=when, answer=RESET)
    outcomes = [creating(platform).execute(context(run=run)) for run in "ab"]
    [email_id] = copies(sandbox, platform)
    made = {
        "outcome": "email_creation",
        "platform": platform,
        "email_id": email_id,
        "name": "Copy",
        "state": {"hubspot": "DRAFT", "marketo": "draft"}[platform],
        "created": True,
    }
    assert outcomes == [made, {**made, "created": False}]


def test_marketo_a_created_email_has_its_fields(sandbox: Sandbox, short_waits: None) -> None:
    outcome = creating("marketo").execute(context())
    draft = sandbox.marketo.state.emails[int(outcome["email_id"])].draft
    assert draft is not None
    assert (draft.subject, draft.reply_email, draft.operational) == ("Hi", "b@example.com", True)


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("platform", "arguments", "named"),
    [
        ("hubspot", {"name": ""}, "name: is missing"),
        ("hubspot", {"fields": {"state": "PUBLISHED"}}, "fields.state: is not a draft"),
        ("hubspot", {"fields": {"nonsense": 1}}, "nonsense"),
        ("hubspot", {"template_id": 1}, "template_id: is Marketo's"),
        ("marketo", {"folder_id": None}, "folder_id: is missing"),
        ("marketo", {"template_id": None}, "template_id: is missing"),
        ("marketo", {"fields": {"subject": "Hi"}}, "fields.fromName: is missing"),
        ("marketo", {"fields": {**HEADERS, "preHeader": "x"}}, "fields.preHeader: is not accepted here"),
        ("marketo", {"template_id": 404}, "template 404 not found"),
    ],
)
def test_an_email_that_cannot_be_created_fails_without_retry(
    sandbox: Sandbox, short_waits: None, platform: str, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(AirflowFailException, match=named):
        creating(platform, **arguments).execute(context())
    assert copies(sandbox, platform) == []

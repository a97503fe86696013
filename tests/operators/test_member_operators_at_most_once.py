"""Actions that have an effect each time are applied once to each lead, whatever is lost or killed."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from member_runs import counts, create_leads, execute, no_calls, operator, rejects
from workers import RESET, Worker, context, until

from airflow_provider_mkt.client.errors import PlatformError, TaskCancelled
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import REQUEST_CAMPAIGN
from airflow_provider_mkt.sandbox.marketo.smart_campaigns import flow_runs
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

ADA, BRUNO, CHIDI, DANA, EMI = hubspot.CONTACT_IDS
LEADS: dict[str, list[Any]] = {
    "workflow": [ADA, BRUNO, CHIDI],
    "sequence": [ADA, BRUNO, CHIDI],
    "request": [marketo.ANNA, marketo.BEN, marketo.CARLA],
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    # A workflow that enrolls a contact any number of times, so that a repeated request has an effect.
    "workflow": {"flow_id": automation.REMINDER_FLOW},
    "sequence": {
        "sequence_id": automation.FOLLOW_UP_SEQUENCE,
        "user_id": automation.SALES_USER,
        "sender_email": automation.SALES_ADDRESS,
    },
    "request": {"platform": "marketo", "campaign_id": marketo.REQUEST_CAMPAIGN},
}
REQUEST = {
    "workflow": ("POST", "*/enrollments/contacts/*"),
    "sequence": ("POST", "*/sequences/2026-03/enrollments"),
    "request": ("POST", "*/trigger.json"),
}


def applied(box: Sandbox, name: str) -> Counter[Any]:
    """Count how often each lead was enrolled or requested."""
    if name == "request":
        return Counter(row.lead_id for row in box.marketo.state.log.all(REQUEST_CAMPAIGN))
    store = box.hubspot.state.automation
    return Counter(one.contact for one in (store.in_workflows if name == "workflow" else store.in_sequences))


def each_once(name: str) -> Counter[Any]:
    return Counter(LEADS["request"] if name == "request" else LEADS["sequence"])


def fault(box: Sandbox, name: str, **options: Any) -> None:
    method, path = REQUEST[name]
    platform = box.marketo if name == "request" else box.hubspot
    platform.faults.add(path, method=method, **options)


def in_flight(box: Sandbox, name: str) -> bool:
    """Whether a request that a fault delays is in flight."""
    platform = box.marketo if name == "request" else box.hubspot
    routes = [
        counter
        for (method, route), counter in platform.calls.routes.items()
        if method == "POST"
        and (route.endswith(("/enrollments/contacts/{email}", "/2026-03/enrollments", "/trigger.json")))
    ]
    return any(counter.in_flight for counter in routes)


def run(name: str, **more: Any) -> dict[str, Any]:
    return execute(name, **{"leads": LEADS[name], **ARGUMENTS[name], **more})


def worker(name: str, cleared: int = 0, **more: Any) -> Worker:
    return Worker(operator(name, **{"leads": LEADS[name], **ARGUMENTS[name], **more}), cleared=cleared)


each_action = pytest.mark.parametrize("name", ARGUMENTS)


@each_action
def test_each_lead_is_requested_once_and_a_cleared_task_repeats_none(sandbox: Sandbox, name: str) -> None:
    assert counts(run(name)) == (3, 0, 0, 0)
    assert counts(run(name)) == (3, 0, 0, 0)
    assert applied(sandbox, name) == each_once(name)


@each_action
@pytest.mark.parametrize("answer", [RESET, {"status": 502}], ids=["reset", "502"])
def test_after_a_lost_response_the_result_is_found(sandbox: Sandbox, name: str, answer: Any) -> None:
    fault(sandbox, name, when="after", answer=answer)
    assert counts(run(name)) == (3, 0, 0, 0)
    assert applied(sandbox, name) == each_once(name)


@each_action
def test_a_lost_request_is_unknown_until_the_task_is_cleared(sandbox: Sandbox, name: str) -> None:
    fault(sandbox, name, when="before", answer=RESET)
    outcome = run(name)
    lost = 3 if name == "request" else 1
    assert counts(outcome) == (3 - lost, 0, 0, lost)
    assert ("whether 1 lead was" if lost == 1 else f"whether {lost} leads were") in outcome["error"]
    assert {code for _, code in rejects(outcome)} == {"OUTCOME_UNKNOWN"}
    assert applied(sandbox, name).total() == 3 - lost
    # The unknown leads are reported; clearing the task requests them again.
    assert counts(run(name, cleared=1)) == (3, 0, 0, 0)
    assert applied(sandbox, name) == each_once(name)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("name", "skip"),
    [("workflow", 0), ("workflow", 1), ("sequence", 0), ("sequence", 1), ("request", 0)],
)
def test_a_worker_killed_during_a_request_and_its_retry_request_once(
    sandbox: Sandbox, name: str, when: Any, skip: int
) -> None:
    fault(sandbox, name, when=when, delay=0.4, skip=skip, times=1)
    first = worker(name)
    held = sandbox.marketo.faults if name == "request" else sandbox.hubspot.faults
    until(lambda: in_flight(sandbox, name) and bool(held.fired))
    first.kill()
    outcome = worker(name).end()
    assert counts(outcome["result"]) == (3, 0, 0, 0)
    until(lambda: not in_flight(sandbox, name))
    assert applied(sandbox, name) == each_once(name)


@each_action
def test_a_request_that_a_killed_worker_did_not_send_is_unknown_until_the_task_is_cleared(
    sandbox: Sandbox, name: str
) -> None:
    fault(sandbox, name, when="before", delay=0.3, answer={"status": 503})
    first = worker(name)
    until(lambda: in_flight(sandbox, name))
    first.kill()
    assert "is unknown" in worker(name).end()["error"]
    assert counts(worker(name, cleared=1).end()["result"]) == (3, 0, 0, 0)
    assert applied(sandbox, name) == each_once(name)


@each_action
def test_a_task_that_is_killed_while_it_waits_for_the_rate_limit_leaves_nothing_unknown(
    sandbox: Sandbox, name: str
) -> None:
    busy = {"status": 429, "headers": {"Retry-After": "30"}}
    fault(sandbox, name, when="before", answer=busy, times=None)
    faults = sandbox.marketo.faults if name == "request" else sandbox.hubspot.faults
    task = operator(name, leads=LEADS[name], **ARGUMENTS[name])
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(task.execute, context())
        until(lambda: bool(faults.fired))
        task.on_kill()
        with pytest.raises(TaskCancelled):
            running.result()
    faults.clear()
    assert counts(run(name)) == (3, 0, 0, 0)
    assert applied(sandbox, name) == each_once(name)


@each_action
def test_two_simultaneous_tries_of_a_task_request_once(sandbox: Sandbox, name: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: run(name), range(2)))
    assert [counts(one) for one in outcomes] == [(3, 0, 0, 0)] * 2
    assert applied(sandbox, name) == each_once(name)


@pytest.mark.parametrize("name", ["workflow", "sequence"])
def test_two_simultaneous_runs_enroll_each_contact_once(sandbox: Sandbox, name: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda dag_run: run(name, run=dag_run), ("one", "other")))
    assert sorted(counts(one) for one in outcomes) == [(0, 3, 0, 0), (3, 0, 0, 0)]
    assert applied(sandbox, name) == each_once(name)


@each_action
def test_other_leads_in_a_later_try_fail_before_the_first_request(sandbox: Sandbox, name: str) -> None:
    run(name)
    with pytest.raises(AirflowFailException, match="differ from those of an earlier try"):
        run(
            name,
            leads=[*LEADS[name], marketo.DAVID if name == "request" else DANA],
        )
    # Order and duplicates do not matter.
    assert counts(run(name, leads=[*reversed(LEADS[name]), LEADS[name][0]])) == (
        3,
        0,
        0,
        0,
    )
    assert applied(sandbox, name) == each_once(name)


# -- what each action rejects -------------------------------------------------------------------------


def test_contacts_rejected_by_a_workflow_are_reported_and_tried_again_by_a_cleared_task(
    sandbox: Sandbox,
) -> None:
    mute = sandbox.hubspot.state.contacts.create({"firstname": "Mute"})
    leads = [ADA, "999999", mute.id]
    outcome = run("workflow", leads=leads)
    assert counts(outcome) == (1, 0, 2, 0)
    assert sorted(rejects(outcome)) == sorted([("999999", "NOT_FOUND"), (mute.id, "NO_EMAIL")])
    sandbox.hubspot.state.contacts.update(mute, {"email": "mute@example.com"})
    assert counts(run("workflow", leads=leads)) == (2, 0, 1, 0)
    assert applied(sandbox, "workflow") == Counter([ADA, mute.id])


def test_contacts_are_enrolled_in_a_workflow_by_email_address(sandbox: Sandbox) -> None:
    leads = ["Ada@example.com", "nobody@example.com"]
    outcome = run("workflow", leads=leads, max_rejected=1)
    assert (counts(outcome), rejects(outcome)) == ((1, 0, 1, 0), [("nobody@example.com", "NOT_FOUND")])
    assert applied(sandbox, "workflow") == Counter([ADA])
    with pytest.raises(AirflowFailException, match=r"leads\[1\]: mixes record ids with mail addresses"):
        run("workflow", run="mixed", leads=["ada@example.com", ADA])


@pytest.mark.parametrize("version", PROFILES)
def test_workflows_are_called_where_they_are_in_every_api_version(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": hubspot.TOKEN,
        "extra": {"api_version": version},
    }
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))
    old = {"flow_id": None, "workflow_id": automation.REMINDER_WORKFLOW}
    assert counts(run("workflow", leads=["ada@example.com"])) == (1, 0, 0, 0)
    assert counts(run("workflow", run="legacy id", leads=["bruno@example.com"], **old)) == (1, 0, 0, 0)


def test_contacts_in_the_workflow_are_not_enrolled_again(sandbox: Sandbox) -> None:
    old = {"flow_id": None, "workflow_id": automation.REMINDER_WORKFLOW}
    run("workflow", leads=[ADA], run="earlier")
    assert counts(run("workflow", **old)) == (2, 1, 0, 0)
    assert applied(sandbox, "workflow") == each_once("workflow")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"flow_id": automation.STOPPED_FLOW}, "is turned off"),
        ({"flow_id": automation.NEW_FLOW}, "has no id of the old kind"),
        ({"flow_id": 12345}, "404"),
    ],
)
def test_a_workflow_that_accepts_no_enrollment_fails_before_the_first_request(
    sandbox: Sandbox, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(AirflowFailException, match=message):
        run("workflow", **arguments)
    assert applied(sandbox, "workflow") == Counter()


def test_a_contact_in_another_sequence_is_rejected(sandbox: Sandbox) -> None:
    run("sequence", leads=[ADA], run="earlier", sequence_id=automation.PRIVATE_SEQUENCE)
    run("sequence", leads=[BRUNO], run="same")
    outcome = run("sequence", leads=[*LEADS["sequence"], "999999"], max_rejected=2)
    assert counts(outcome) == (1, 1, 2, 0)
    assert sorted(rejects(outcome)) == [(ADA, "IN_ANOTHER_SEQUENCE"), ("999999", "OBJECT_NOT_FOUND")]
    assert "error" not in outcome
    assert set(applied(sandbox, "sequence").values()) == {1}


def test_a_user_without_a_seat_cannot_enroll(sandbox: Sandbox) -> None:
    with pytest.raises(AirflowFailException, match="seat"):
        run("sequence", user_id=automation.SEATLESS_USER)
    with pytest.raises(AirflowFailException, match="404"):
        run("sequence", sequence_id=12345)
    assert applied(sandbox, "sequence") == Counter()
    # No contact was enrolled, so a later try enrolls them.
    assert counts(run("sequence")) == (3, 0, 0, 0)


def test_missing_leads_do_not_reject_the_other_leads_of_their_request(sandbox: Sandbox) -> None:
    leads = create_leads(sandbox, 150)
    outcome = run("request", leads=[*leads, 999_998, 999_999], max_rejected="5%")
    assert counts(outcome) == (150, 0, 2, 0)
    assert [lead for lead, _ in rejects(outcome)] == ["999998", "999999"]
    assert applied(sandbox, "request") == Counter(leads)


def test_unknown_ids_cost_one_lookup_for_each_request_of_them(sandbox: Sandbox) -> None:
    unknown = [900_000 + number for number in range(250)]
    outcome = run("request", leads=[*LEADS["request"], *unknown], max_rejected=None)
    assert counts(outcome) == (3, 0, 250, 0)
    assert outcome["reasons"] == {"1004": 250}
    # Three requests are refused, and one is sent again for those that exist.
    made = {path.rsplit("/", 1)[1]: one.total for (_, path), one in sandbox.marketo.calls.routes.items()}
    assert (made["trigger.json"], made["leads.json"]) == (4, 3)
    assert applied(sandbox, "request") == Counter(LEADS["request"])


def test_a_kill_while_a_rejected_request_is_split_requests_no_lead_twice(sandbox: Sandbox) -> None:
    leads = [*LEADS["request"], marketo.DAVID, 999_999]
    fault(sandbox, "request", when="after", delay=0.4, skip=1)
    first = worker("request", leads=leads)
    until(lambda: in_flight(sandbox, "request") and bool(sandbox.marketo.faults.fired))
    first.kill()
    assert counts(worker("request", leads=leads, max_rejected=1).end()["result"]) == (4, 0, 1, 0)
    assert applied(sandbox, "request") == Counter(leads[:4])


def test_an_error_that_is_not_about_leads_fails_the_task(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add("*/trigger.json", when="before", answer={"code": "1003"})
    with pytest.raises(AirflowFailException, match="1003"):
        run("request")
    assert counts(run("request")) == (3, 0, 0, 0)


@pytest.mark.parametrize(("stream", "inside"), [(marketo.SECOND_STREAM, 3), (marketo.FIRST_STREAM, 0)])
def test_enrollment_is_verified_by_the_stream(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, stream: str, inside: int
) -> None:
    # The campaign starts a little later, so the first check finds no lead.
    monkeypatch.setattr(flow_runs, "PICKED_UP_AFTER", timedelta(seconds=0.3))
    outcome = execute(
        "enroll",
        "marketo",
        campaign_id=marketo.REQUEST_CAMPAIGN,
        program_id=marketo.NURTURE_PROGRAM,
        verify=True,
        stream_name=stream,
        leads=LEADS["request"],
        max_rejected=3,
    )
    assert counts(outcome) == (inside, 0, 3 - inside, 0)
    assert outcome["reasons"] == ({} if inside else {"NOT_IN_STREAM": 3})
    assert applied(sandbox, "request") == each_once("request")


def test_hubspot_campaigns_distinguish_enrolled_leads_from_rejected_ones(sandbox: Sandbox) -> None:
    error = {"status": 400, "body": {"status": "error", "message": "Campaign is archived"}}
    sandbox.hubspot.faults.add("*/add", when="before", answer=error)
    arguments: dict[str, Any] = {"campaign_id": hubspot.WELCOME_NURTURE, "max_rejected": 1}
    outcome = execute("enroll", leads=[hubspot.LEAD_GUIDS[0], hubspot.ENROLLED_LEAD], **arguments)
    assert counts(outcome) == (0, 1, 1, 0)


def test_after_the_daily_quota_the_remaining_leads_are_requested_once(sandbox: Sandbox) -> None:
    leads = create_leads(sandbox, 250)
    fault(sandbox, "request", when="before", skip=1, answer={"code": "607"})
    with pytest.raises(BaseException) as ended:  # noqa: PT011 - Airflow's own, to defer
        run("request", leads=leads, max_concurrency=1)
    assert not isinstance(ended.value, (AirflowFailException, PlatformError))
    assert counts(run("request", leads=leads)) == (250, 0, 0, 0)
    assert applied(sandbox, "request") == Counter(leads)


def test_leads_that_are_given_by_address_are_requested_once_each(sandbox: Sandbox) -> None:
    leads = create_leads(sandbox, 150)
    emails = [f"crowd{number}@example.com" for number in range(150)]
    fault(sandbox, "request", when="after", answer=RESET)
    for _ in range(2):
        outcome = run("request", leads=[*emails, "nobody@example.com"], max_rejected=1)
        assert counts(outcome) == (150, 0, 1, 0)
        assert rejects(outcome) == [("nobody@example.com", "NOT_FOUND")]
    assert applied(sandbox, "request") == Counter(leads)
    with no_calls(sandbox), pytest.raises(AirflowFailException, match="mixes ids with email addresses"):
        run("request", run="other", leads=[emails[0], leads[1]])


def test_contacts_that_are_given_by_address_are_enrolled_in_a_sequence_once(sandbox: Sandbox) -> None:
    contacts = [sandbox.hubspot.state.contacts.get(str(lead)) for lead in LEADS["sequence"]]
    emails = [contact.properties["email"] for contact in contacts if contact is not None]
    for _ in range(2):
        assert counts(run("sequence", leads=emails)) == (3, 0, 0, 0)
    assert applied(sandbox, "sequence") == each_once("sequence")

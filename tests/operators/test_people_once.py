"""What has an effect each time it is done is done once with each, whatever becomes of answers and workers."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from people_runs import counts, crowd, do, operator, rejects
from workers import RESET, Worker, until

from airflow_provider_mkt.api.errors import PlatformError
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import REQUEST_CAMPAIGN
from airflow_provider_mkt.sandbox.marketo.campaigns import flow_runs as flows

pytestmark = pytest.mark.usefixtures("hurried")

ADA, BRUNO, CHIDI, DANA, EMI = hubspot.CONTACT_IDS
PEOPLE: dict[str, list[Any]] = {
    "workflow": [ADA, BRUNO, CHIDI],
    "sequence": [ADA, BRUNO, CHIDI],
    "request": [marketo.ANNA, marketo.BEN, marketo.CARLA],
}
VERBS: dict[str, dict[str, Any]] = {
    # A workflow that takes a contact again and again, so that a repeat shows.
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
    "sequence": ("POST", "*/sequences/enrollments"),
    "request": ("POST", "*/trigger.json"),
}


def ran(box: Sandbox, verb: str) -> Counter[Any]:
    """How often each was enrolled or requested."""
    if verb == "request":
        return Counter(row.lead_id for row in box.marketo.state.log.all(REQUEST_CAMPAIGN))
    store = box.hubspot.state.automation
    return Counter(one.contact for one in (store.in_workflows if verb == "workflow" else store.in_sequences))


def everyone_once(verb: str) -> Counter[Any]:
    return Counter(PEOPLE["request"] if verb == "request" else PEOPLE["sequence"])


def fault(box: Sandbox, verb: str, **order: Any) -> None:
    method, path = REQUEST[verb]
    platform = box.marketo if verb == "request" else box.hubspot
    platform.faults.add(path, method=method, **order)


def under_way(box: Sandbox, verb: str) -> bool:
    """Whether a request that the fault holds up is under way."""
    platform = box.marketo if verb == "request" else box.hubspot
    routes = [
        counter
        for (method, route), counter in platform.calls.routes.items()
        if method == "POST"
        and (route.endswith(("/enrollments/contacts/{email}", "/sequences/enrollments", "/trigger.json")))
    ]
    return any(counter.in_flight for counter in routes)


def run(verb: str, **more: Any) -> dict[str, Any]:
    return do(verb, **{"leads": PEOPLE[verb], **VERBS[verb], **more})


def worker(verb: str, **more: Any) -> Worker:
    return Worker(operator(verb, **{"leads": PEOPLE[verb], **VERBS[verb], **more}))


each = pytest.mark.parametrize("verb", VERBS)


@each
def test_everyone_is_taken_once_and_a_cleared_task_repeats_nobody(sandbox: Sandbox, verb: str) -> None:
    assert counts(run(verb)) == (3, 0, 0, 0)
    assert counts(run(verb)) == (3, 0, 0, 0)
    assert ran(sandbox, verb) == everyone_once(verb)


@each
@pytest.mark.parametrize("answer", [RESET, {"status": 502}], ids=["reset", "502"])
def test_an_answer_lost_after_the_work_is_looked_for(sandbox: Sandbox, verb: str, answer: Any) -> None:
    fault(sandbox, verb, when="after", answer=answer)
    assert counts(run(verb)) == (3, 0, 0, 0)
    assert ran(sandbox, verb) == everyone_once(verb)


@each
def test_a_request_that_left_no_trace_waits_for_a_person(sandbox: Sandbox, verb: str) -> None:
    fault(sandbox, verb, when="before", answer=RESET)
    told = run(verb)
    lost = 3 if verb == "request" else 1
    assert counts(told) == (3 - lost, 0, 0, lost)
    assert f"whether {lost} leads were" in told["error"]
    assert {code for _, code in rejects(told)} == {"OUTCOME_UNKNOWN"}
    assert ran(sandbox, verb).total() == 3 - lost
    # The person was told, and clears the task.
    assert counts(run(verb)) == (3, 0, 0, 0)
    assert ran(sandbox, verb) == everyone_once(verb)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("verb", "skip"), [("workflow", 0), ("workflow", 1), ("sequence", 0), ("sequence", 1), ("request", 0)]
)
def test_a_worker_killed_during_a_request_and_its_next_try_do_it_once(
    sandbox: Sandbox, verb: str, when: Any, skip: int
) -> None:
    fault(sandbox, verb, when=when, delay=0.4, skip=skip, times=1)
    first = worker(verb)
    held = sandbox.marketo.faults if verb == "request" else sandbox.hubspot.faults
    until(lambda: under_way(sandbox, verb) and bool(held.fired))
    first.kill()
    told = worker(verb).end()
    assert counts(told["result"]) == (3, 0, 0, 0)
    until(lambda: not under_way(sandbox, verb))
    assert ran(sandbox, verb) == everyone_once(verb)


@each
def test_a_request_that_a_killed_worker_never_sent_waits_for_a_person(sandbox: Sandbox, verb: str) -> None:
    fault(sandbox, verb, when="before", delay=0.3, answer={"status": 503})
    first = worker(verb)
    until(lambda: under_way(sandbox, verb))
    first.kill()
    assert "is unknown" in worker(verb).end()["error"]
    assert counts(worker(verb).end()["result"]) == (3, 0, 0, 0)
    assert ran(sandbox, verb) == everyone_once(verb)


@each
def test_two_tries_of_a_task_at_once_do_it_once(sandbox: Sandbox, verb: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: run(verb), range(2)))
    assert [counts(one) for one in told] == [(3, 0, 0, 0)] * 2
    assert ran(sandbox, verb) == everyone_once(verb)


@pytest.mark.parametrize("verb", ["workflow", "sequence"])
def test_two_runs_at_once_enrol_everyone_once(sandbox: Sandbox, verb: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda name: run(verb, run=name), ("one", "other")))
    assert sorted(counts(one) for one in told) == [(0, 3, 0, 0), (3, 0, 0, 0)]
    assert ran(sandbox, verb) == everyone_once(verb)


@each
def test_other_people_in_a_later_try_are_refused_before_anything_is_sent(sandbox: Sandbox, verb: str) -> None:
    run(verb)
    with pytest.raises(AirflowFailException, match="not the people with whom an earlier try"):
        run(verb, leads=[*PEOPLE[verb], marketo.DAVID if verb == "request" else DANA])
    # In another order, or some of them twice, they are the same.
    assert counts(run(verb, leads=[*reversed(PEOPLE[verb]), PEOPLE[verb][0]])) == (3, 0, 0, 0)
    assert ran(sandbox, verb) == everyone_once(verb)


# -- what each of them refuses ------------------------------------------------------------------------


def test_contacts_who_cannot_be_enrolled_in_a_workflow_are_named_and_get_another_chance(
    sandbox: Sandbox,
) -> None:
    mute = sandbox.hubspot.state.contacts.create({"firstname": "Mute"})
    people = [ADA, "999999", mute.id]
    told = run("workflow", leads=people)
    assert counts(told) == (1, 0, 2, 0)
    assert sorted(rejects(told)) == sorted([("999999", "NOT_FOUND"), (mute.id, "NO_EMAIL")])
    sandbox.hubspot.state.contacts.update(mute, {"email": "mute@example.com"})
    assert counts(run("workflow", leads=people)) == (2, 0, 1, 0)
    assert ran(sandbox, "workflow") == Counter([ADA, mute.id])


def test_contacts_are_enrolled_in_a_workflow_by_their_addresses(sandbox: Sandbox) -> None:
    people = ["Ada@example.com", "nobody@example.com"]
    told = run("workflow", leads=people, max_rejected=1)
    assert (counts(told), rejects(told)) == ((1, 0, 1, 0), [("nobody@example.com", "NOT_FOUND")])
    assert ran(sandbox, "workflow") == Counter([ADA])
    with pytest.raises(AirflowFailException, match=r"leads\[1\]: mixes record ids with mail addresses"):
        run("workflow", run="mixed", leads=["ada@example.com", ADA])


def test_the_dated_version_has_no_workflows_and_says_so(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": hubspot.TOKEN,
        "extra": {"api_version": "2026-03"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))
    for one in ({}, {"flow_id": None, "workflow_id": automation.REMINDER_WORKFLOW}):
        with pytest.raises(AirflowFailException, match="api_version"):
            run("workflow", leads=["ada@example.com"], **one)


def test_contacts_who_are_in_the_workflow_are_left_alone(sandbox: Sandbox) -> None:
    old = {"flow_id": None, "workflow_id": automation.REMINDER_WORKFLOW}
    run("workflow", leads=[ADA], run="earlier")
    assert counts(run("workflow", **old)) == (2, 1, 0, 0)
    assert ran(sandbox, "workflow") == everyone_once("workflow")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"flow_id": automation.STOPPED_FLOW}, "is turned off"),
        ({"flow_id": automation.NEW_FLOW}, "has no id of the old kind"),
        ({"flow_id": 12345}, "404"),
    ],
)
def test_a_workflow_that_takes_nobody_fails_at_once(
    sandbox: Sandbox, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(AirflowFailException, match=named):
        run("workflow", **arguments)
    assert ran(sandbox, "workflow") == Counter()


def test_a_contact_in_another_sequence_is_rejected(sandbox: Sandbox) -> None:
    run("sequence", leads=[ADA], run="earlier", sequence_id=automation.PRIVATE_SEQUENCE)
    run("sequence", leads=[BRUNO], run="same")
    told = run("sequence", leads=[*PEOPLE["sequence"], "999999"], max_rejected=2)
    assert counts(told) == (1, 1, 2, 0)
    assert sorted(rejects(told)) == [(ADA, "IN_ANOTHER_SEQUENCE"), ("999999", "OBJECT_NOT_FOUND")]
    assert "error" not in told
    assert set(ran(sandbox, "sequence").values()) == {1}


def test_a_user_without_a_seat_enrols_nobody(sandbox: Sandbox) -> None:
    with pytest.raises(AirflowFailException, match="seat"):
        run("sequence", user_id=automation.SEATLESS_USER)
    with pytest.raises(AirflowFailException, match="404"):
        run("sequence", sequence_id=12345)
    assert ran(sandbox, "sequence") == Counter()
    # Nothing was done, so a later try does it.
    assert counts(run("sequence")) == (3, 0, 0, 0)


def test_leads_that_are_not_there_do_not_fail_those_they_are_requested_with(sandbox: Sandbox) -> None:
    leads = crowd(sandbox, 150)
    told = run("request", leads=[*leads, 999_998, 999_999], max_rejected="5%")
    assert counts(told) == (150, 0, 2, 0)
    assert [lead for lead, _ in rejects(told)] == ["999998", "999999"]
    assert ran(sandbox, "request") == Counter(leads)


def test_a_kill_while_a_refused_request_is_parted_requests_nobody_twice(sandbox: Sandbox) -> None:
    leads = [*PEOPLE["request"], marketo.DAVID, 999_999]
    fault(sandbox, "request", when="after", delay=0.4, skip=1)
    first = worker("request", leads=leads)
    until(lambda: under_way(sandbox, "request") and bool(sandbox.marketo.faults.fired))
    first.kill()
    assert counts(worker("request", leads=leads, max_rejected=1).end()["result"]) == (4, 0, 1, 0)
    assert ran(sandbox, "request") == Counter(leads[:4])


def test_a_refusal_that_is_not_about_leads_fails_the_task(sandbox: Sandbox) -> None:
    sandbox.marketo.faults.add("*/trigger.json", when="before", answer={"code": "1003"})
    with pytest.raises(AirflowFailException, match="1003"):
        run("request")
    assert counts(run("request")) == (3, 0, 0, 0)


@pytest.mark.parametrize(("stream", "inside"), [(marketo.SECOND_STREAM, 3), (marketo.FIRST_STREAM, 0)])
def test_enrolment_is_verified_by_the_stream(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, stream: str, inside: int
) -> None:
    # The campaign takes them up a little later, so a first look finds nobody.
    monkeypatch.setattr(flows, "PICKED_UP_AFTER", timedelta(seconds=0.3))
    told = do(
        "enroll",
        "marketo",
        campaign_id=marketo.REQUEST_CAMPAIGN,
        program_id=marketo.NURTURE_PROGRAM,
        verify=True,
        stream_name=stream,
        leads=PEOPLE["request"],
        max_rejected=3,
    )
    assert counts(told) == (inside, 0, 3 - inside, 0)
    assert told["reasons"] == ({} if inside else {"NOT_IN_STREAM": 3})
    assert ran(sandbox, "request") == everyone_once("request")


def test_hubspot_campaigns_tell_a_lead_that_is_in_them_from_one_they_refuse(sandbox: Sandbox) -> None:
    refusal = {"status": 400, "body": {"status": "error", "message": "Campaign is archived"}}
    sandbox.hubspot.faults.add("*/add", when="before", answer=refusal)
    arguments: dict[str, Any] = {"campaign_id": hubspot.WELCOME_NURTURE, "max_rejected": 1}
    told = do("enroll", leads=[hubspot.LEAD_GUIDS[0], hubspot.ENROLLED_LEAD], **arguments)
    assert counts(told) == (0, 1, 1, 0)


def test_when_the_day_is_used_up_the_rest_waits_and_nobody_is_requested_twice(sandbox: Sandbox) -> None:
    leads = crowd(sandbox, 250)
    fault(sandbox, "request", when="before", skip=1, answer={"code": "607"})
    with pytest.raises(BaseException) as ended:  # noqa: PT011 - Airflow's own, to defer
        run("request", leads=leads, max_concurrency=1)
    assert not isinstance(ended.value, (AirflowFailException, PlatformError))
    assert counts(run("request", leads=leads)) == (250, 0, 0, 0)
    assert ran(sandbox, "request") == Counter(leads)

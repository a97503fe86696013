"""Each lead is enrolled once, and leads that are not are reported."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow_runs import Airflow, lift_rate_limits
from member_runs import execute
from member_runs import rejects as member_rejects
from workers import RESET, Worker, until

from airflow_provider_mkt.operators.nurture import EnrollNurtureOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import REQUEST_CAMPAIGN
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.version_compat import AirflowFailException

ADD = "*/add"
STATUS = "*/members/status.json"
TRIGGER = "*/trigger.json"
TRIGGER_ROUTE = "/rest/v1/campaigns/{campaignId}/trigger.json"
LEADS = [marketo.ANNA, marketo.BEN, marketo.CARLA]
LOST: dict[str, dict[str, Any]] = {"reset": RESET, "502": {"status": 502}, "611": {"code": "611"}}


def enroll(airflow: Airflow, arguments: str, conn: str = "marketo_default") -> Any:
    return airflow.run_tasks(
        f'EnrollNurtureOperator(task_id="enroll", conn_id="{conn}", retries=1, {arguments})'
    )


def counts(run: Any) -> tuple[int, int, int, int]:
    result = run.returned["enroll"]
    return result["enrolled"], result["already_enrolled"], result["rejected"], result["unknown"]


def rejects(run: Any) -> list[dict[str, Any]]:
    lines = Path(urlsplit(run.returned["enroll"]["rejects"]).path).read_text().splitlines()
    return [json.loads(line) for line in lines]


# -- HubSpot's legacy campaigns -----------------------------------------------------------------------


def enrolled(box: Sandbox, campaign: str = hubspot.WELCOME_NURTURE) -> Counter[str]:
    return Counter(one.lead for one in box.hubspot.state.nurture.enrolments if one.campaign == campaign)


def test_leads_are_enrolled_and_enrolled_leads_are_no_failure(airflow: Airflow, sandbox: Sandbox) -> None:
    arguments = f'campaign_id="{hubspot.WELCOME_NURTURE}", leads={list(hubspot.LEAD_GUIDS)!r}'
    first = enroll(airflow, arguments, "hubspot_default")
    again = enroll(airflow, arguments, "hubspot_default")
    assert (first.state, again.state) == ("success", "success"), first.log[-2000:]
    assert counts(first) == (3, 1, 0, 0)
    assert counts(again) == (0, 4, 0, 0)
    assert first.returned["enroll"]["rejects"] is None
    assert set(enrolled(sandbox).values()) == {1}


@pytest.mark.parametrize("kind", ["reset", "502"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_lost_response_a_lead_is_enrolled_once(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, kind: str, when: Any
) -> None:
    sandbox.hubspot.faults.add(ADD, when=when, answer=LOST[kind])
    guids = list(hubspot.LEAD_GUIDS[:2])
    run = enroll(airflow, f'campaign_id="{hubspot.TRIAL_NURTURE}", leads={guids!r}', "hubspot_default")
    assert run.state == "success", run.log[-2000:]
    assert counts(run) == (2, 0, 0, 0)
    assert enrolled(sandbox, hubspot.TRIAL_NURTURE) == Counter(guids)


def test_without_any_response_a_lead_is_unknown_and_the_task_is_not_retried(
    airflow: Airflow, sandbox: Sandbox, short_waits: None
) -> None:
    sandbox.hubspot.faults.add(ADD, when="before", answer={"status": 502}, times=None)
    run = enroll(
        airflow,
        f'campaign_id="{hubspot.TRIAL_NURTURE}", leads={[hubspot.LEAD_GUIDS[0]]!r}',
        "hubspot_default",
    )
    assert run.state == "failed"
    assert "up_for_retry" not in run.log
    assert counts(run) == (0, 0, 0, 1)
    assert rejects(run)[0]["outcome"] == "unknown"


def test_leads_that_do_not_exist_are_rejected_with_the_reason(airflow: Airflow, sandbox: Sandbox) -> None:
    leads = [hubspot.LEAD_GUIDS[0], "f" * 32]
    arguments = f'campaign_id="{hubspot.TRIAL_NURTURE}", leads={leads!r}'
    run = enroll(airflow, arguments, "hubspot_default")
    assert run.state == "failed"
    assert "1 of 2 leads were rejected, allowed: 0" in run.log
    assert counts(run) == (1, 0, 1, 0)
    assert rejects(run) == [
        {"lead": "f" * 32, "outcome": "rejected", "code": "OBJECT_NOT_FOUND", "reason": "Lead not found"}
    ]
    assert run.returned["enroll"]["reasons"] == {"OBJECT_NOT_FOUND": 1}
    allowed = enroll(airflow, f'{arguments}, max_rejected="50%"', "hubspot_default")
    assert (allowed.state, counts(allowed)) == ("success", (0, 1, 1, 0))


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            f'campaign_id="{hubspot.WELCOME_NURTURE}", leads=["{hubspot.LEAD_GUIDS[0]}", "not-a-guid"]',
            "leads[1]: must be 32 hexadecimal digits",
        ),
        (f'campaign_id="{hubspot.WELCOME_NURTURE}", leads=[]', "leads: is empty"),
        (
            f'campaign_id="{hubspot.WELCOME_NURTURE}", leads=["{hubspot.LEAD_GUIDS[0]}", None]',
            "leads[1]: is not a lead",
        ),
        (f'campaign_id="{hubspot.WELCOME_NURTURE}"', "leads: give either leads or leads_path"),
        (f'leads=["{hubspot.LEAD_GUIDS[0]}"]', "campaign_id: is missing"),
        (
            f'campaign_id="{"a" * 32}", leads=["{hubspot.LEAD_GUIDS[0]}"], status_name="Member"',
            "status_name: HubSpot's nurturing campaigns have none",
        ),
        (
            f'campaign_id="{"a" * 32}", leads=["{hubspot.LEAD_GUIDS[0]}"], max_rejected="many"',
            "max_rejected: must be",
        ),
    ],
)
def test_invalid_input_fails_before_the_first_call(
    airflow: Airflow, sandbox: Sandbox, arguments: str, message: str
) -> None:
    run = enroll(airflow, arguments, "hubspot_default")
    assert run.state == "failed"
    assert message in run.log
    assert "up_for_retry" not in run.log
    assert sandbox.hubspot.calls.total == 0


def test_an_unknown_campaign_enrolls_no_lead_and_fails(airflow: Airflow, sandbox: Sandbox) -> None:
    run = enroll(airflow, f'campaign_id="{"e" * 32}", leads=["{hubspot.LEAD_GUIDS[0]}"]', "hubspot_default")
    assert run.state == "failed"
    assert rejects(run)[0]["reason"] == "Campaign not found"


def test_without_legacy_calls_in_the_connection_no_call_is_made(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {"conn_type": "hubspot", "host": sandbox.hubspot.url, "password": hubspot.TOKEN}
    monkeypatch.setenv("AIRFLOW_CONN_MODERN", json.dumps(connection))
    run = enroll(
        airflow, f'campaign_id="{hubspot.TRIAL_NURTURE}", leads={list(hubspot.LEAD_GUIDS)!r}', "modern"
    )
    assert run.state == "failed"
    assert "set 'legacy_calls' to true in the connection's extra" in run.log
    assert "up_for_retry" not in run.log
    assert sandbox.hubspot.calls.total == 0


def test_no_log_line_contains_the_access_token_of_the_url(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A fetched token: Airflow masks only those in a connection.
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "login": hubspot.OAUTH_CLIENT_ID,
        "password": hubspot.OAUTH_CLIENT_SECRET,
        "extra": {"refresh_token": hubspot.REFRESH_TOKEN, "legacy_calls": True},
    }
    monkeypatch.setenv("AIRFLOW_CONN_OAUTH", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW__LOGGING__LOGGING_LEVEL", "DEBUG")
    run = enroll(
        airflow, f'campaign_id="{hubspot.TRIAL_NURTURE}", leads={list(hubspot.LEAD_GUIDS)!r}', "oauth"
    )
    assert run.state == "success", run.log[-2000:]
    assert "CSandbox" not in run.log
    assert hubspot.REFRESH_TOKEN not in run.log


# -- Marketo, by status -------------------------------------------------------------------------------


def statuses(box: Sandbox) -> dict[int, str]:
    program = box.marketo.state.programs[marketo.NURTURE_PROGRAM]
    return {lead: member.status for lead, member in program.members.items()}


def by_status(leads: Any, status: str = "Member", more: str = "") -> str:
    return f'leads={leads!r}, program_id={marketo.NURTURE_PROGRAM}, status_name="{status}", {more}'


def test_by_status_leads_become_members_and_members_are_moved_forward_only(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    first = enroll(airflow, by_status(LEADS))
    again = enroll(airflow, by_status(LEADS))
    forward = enroll(airflow, by_status([*LEADS, str(marketo.DAVID)], "Engaged"))
    back = enroll(airflow, by_status(LEADS, "Member"))
    assert [run.state for run in (first, again, forward, back)] == ["success"] * 4, first.log[-2000:]
    assert [counts(run) for run in (first, again, forward, back)] == [
        (3, 0, 0, 0),
        (0, 3, 0, 0),
        (1, 3, 0, 0),
        (0, 3, 0, 0),
    ]
    assert set(statuses(sandbox).values()) == {"Engaged"}
    program = sandbox.marketo.state.programs[marketo.NURTURE_PROGRAM]
    stream = program.members[marketo.DAVID].stream
    assert stream is not None
    assert stream.name == marketo.FIRST_STREAM


@pytest.mark.parametrize("when", ["before", "after"])
def test_by_status_all_leads_are_members_after_a_lost_response(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.marketo.faults.add(STATUS, when=when, answer=RESET)
    run = enroll(airflow, by_status(LEADS))
    assert run.state == "success", run.log[-2000:]
    assert statuses(sandbox) == dict.fromkeys(LEADS, "Member")


def test_by_status_a_missing_lead_is_rejected_and_the_others_are_enrolled(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    run = enroll(airflow, by_status([*LEADS, 999_999]))
    assert run.state == "failed"
    assert counts(run) == (3, 0, 1, 0)
    assert [(one["lead"], one["code"]) for one in rejects(run)] == [("999999", "1004")]
    assert set(statuses(sandbox)) == set(LEADS)


def test_by_status_an_unknown_status_enrolls_no_lead_and_fails(airflow: Airflow, sandbox: Sandbox) -> None:
    run = enroll(airflow, by_status(LEADS, "Nonsense"))
    assert run.state == "failed"
    assert "Nonsense" in run.log
    assert "up_for_retry" not in run.log
    assert statuses(sandbox) == {}


# -- Marketo, by requesting a campaign ----------------------------------------------------------------


def requests(box: Sandbox) -> Counter[int]:
    """Count how often each lead was requested."""
    return Counter(row.lead_id for row in box.marketo.state.log.all(REQUEST_CAMPAIGN))


def runs(box: Sandbox) -> Counter[int]:
    """Count how often each lead went through the campaign's flow."""
    box.clock.advance(10)
    box.marketo.state.run_due_work()
    campaign = box.marketo.state.campaigns[marketo.REQUEST_CAMPAIGN]
    return Counter({lead: len(entries) for lead, entries in campaign.members.items()})


def create_leads(box: Sandbox, number: int) -> list[int]:
    leads, now = box.marketo.state.leads, box.clock.now()
    partition = leads.partitions[0]
    return [leads.insert({"email": f"crowd{n}@example.com"}, partition, now).id for n in range(number)]


def by_campaign(leads: Any, campaign: int = marketo.REQUEST_CAMPAIGN, more: str = "") -> str:
    return f"leads={leads!r}, campaign_id={campaign}, {more}"


def requesting(leads: list[int], **more: Any) -> EnrollNurtureOperator:
    return EnrollNurtureOperator(
        task_id="enroll",
        conn_id="marketo_default",
        leads=list(leads),
        campaign_id=marketo.REQUEST_CAMPAIGN,
        **more,
    )


def in_flight(box: Sandbox) -> bool:
    return box.marketo.calls.of("POST", TRIGGER_ROUTE).in_flight == 1


def test_by_campaign_100_leads_per_request_enter_the_stream_of_the_campaign(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    leads = create_leads(sandbox, 250)
    run = enroll(airflow, by_campaign(leads))
    assert run.state == "success", run.log[-2000:]
    assert counts(run) == (250, 0, 0, 0)
    assert sandbox.marketo.calls.of("POST", TRIGGER_ROUTE).total == 3
    assert requests(sandbox) == Counter(leads)
    assert runs(sandbox) == Counter(leads)
    program = sandbox.marketo.state.programs[marketo.NURTURE_PROGRAM]
    assert {member.stream.name for member in program.members.values() if member.stream} == {
        marketo.SECOND_STREAM
    }


def test_by_campaign_members_are_left_out_and_duplicates_are_requested_once(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    enroll(airflow, by_status([marketo.ANNA]))
    run = enroll(airflow, by_campaign([*LEADS, marketo.BEN], more=f"program_id={marketo.NURTURE_PROGRAM}"))
    assert run.state == "success", run.log[-2000:]
    assert counts(run) == (2, 1, 0, 0)
    assert requests(sandbox) == Counter([marketo.BEN, marketo.CARLA])


def test_by_campaign_tokens_are_used_in_the_email(airflow: Airflow, sandbox: Sandbox) -> None:
    campaign = sandbox.marketo.state.campaigns[marketo.REQUEST_CAMPAIGN]
    campaign.folder, campaign.program_id = (
        FolderRef(marketo.DEFAULT_PROGRAM, "Program"),
        marketo.DEFAULT_PROGRAM,
    )
    run = enroll(airflow, by_campaign([marketo.ANNA], more="tokens={'{{my.Headline}}': 'Hello'}"))
    assert run.state == "success", run.log[-2000:]
    assert runs(sandbox) == Counter([marketo.ANNA])
    assert [mail.tokens["Headline"] for mail in sandbox.marketo.state.outbox] == ["Hello"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (by_campaign(LEADS, marketo.INACTIVE_CAMPAIGN), "is not active"),
        (by_campaign(LEADS, marketo.BATCH_CAMPAIGN), "smart campaign 4002"),
        (by_campaign(LEADS, 99), "there is no smart campaign 99"),
        (by_campaign(LEADS, more="status_name='Member'"), "status_name: a requested campaign"),
        (by_campaign(LEADS, more="tokens={'Greeting': 'x'}"), "must be written {{my.name}}"),
        (by_campaign(["anna"]), "leads[0]: must be an id or an email address"),
        (f"leads={LEADS!r}", "program_id: give program_id and status_name"),
        (f"leads={LEADS!r}, program_id=1", "program_id: give program_id and status_name"),
    ],
)
def test_by_campaign_an_invalid_request_fails_and_requests_no_lead(
    airflow: Airflow, sandbox: Sandbox, arguments: str, message: str
) -> None:
    run = enroll(airflow, arguments)
    assert run.state == "failed"
    assert message in run.log, run.log[-3000:]
    assert "up_for_retry" not in run.log
    assert requests(sandbox) == Counter()


def test_by_campaign_a_campaign_without_the_trigger_is_rejected(airflow: Airflow, sandbox: Sandbox) -> None:
    sandbox.marketo.state.campaigns[marketo.REQUEST_CAMPAIGN].trigger = "Fills Out Form"
    run = enroll(airflow, by_campaign(LEADS))
    assert "has no trigger for API requests" in run.log
    assert requests(sandbox) == Counter()


@pytest.mark.parametrize("kind", LOST)
def test_by_campaign_after_a_lost_response_the_request_is_found_in_the_activity_log(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, kind: str
) -> None:
    sandbox.marketo.faults.add(TRIGGER, when="after", answer=LOST[kind])
    run = enroll(airflow, by_campaign(LEADS))
    assert run.state == "success", run.log[-2000:]
    assert counts(run) == (3, 0, 0, 0)
    assert runs(sandbox) == Counter(LEADS)


def test_by_campaign_a_lost_request_is_unknown_and_not_repeated(
    airflow: Airflow, sandbox: Sandbox, short_waits: None
) -> None:
    sandbox.marketo.faults.add(TRIGGER, when="before", answer=RESET)
    run = enroll(airflow, by_campaign(LEADS))
    assert run.state == "failed"
    assert "up_for_retry" not in run.log
    assert "whether 3 leads were enrolled is unknown" in run.log
    assert counts(run) == (0, 0, 0, 3)
    assert {one["code"] for one in rejects(run)} == {"OUTCOME_UNKNOWN"}
    assert requests(sandbox) == Counter()


@pytest.mark.parametrize("when", ["before", "after"])
def test_by_campaign_a_worker_killed_during_the_call_and_its_retry_request_once(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.marketo.faults.add(TRIGGER, when=when, delay=0.4)
    worker = Worker(requesting(LEADS))
    until(lambda: in_flight(sandbox))
    worker.kill()
    retry = Worker(requesting(LEADS)).end()
    assert retry["result"]["enrolled"] == 3
    until(lambda: sandbox.marketo.calls.all.in_flight == 0)
    assert runs(sandbox) == Counter(LEADS)


def test_by_campaign_a_request_that_a_killed_worker_did_not_send_is_unknown_until_the_task_is_cleared(
    sandbox: Sandbox, short_waits: None
) -> None:
    sandbox.marketo.faults.add(TRIGGER, when="before", delay=0.3, answer={"status": 503})
    worker = Worker(requesting(LEADS))
    until(lambda: in_flight(sandbox))
    worker.kill()
    assert "whether 3 leads were enrolled is unknown" in Worker(requesting(LEADS)).end()["error"]
    assert requests(sandbox) == Counter()
    # The unknown leads are reported; clearing the task requests them again.
    assert Worker(requesting(LEADS), cleared=1).end()["result"]["enrolled"] == 3
    assert Worker(requesting(LEADS), cleared=1).end()["result"]["enrolled"] == 3
    assert runs(sandbox) == Counter(LEADS)


def test_by_campaign_a_kill_in_a_later_request_repeats_no_earlier_unknown_request(
    sandbox: Sandbox, short_waits: None
) -> None:
    lift_rate_limits(sandbox)
    leads = create_leads(sandbox, 150)
    sandbox.marketo.faults.add(TRIGGER, when="before", answer=RESET)
    sandbox.marketo.faults.add(TRIGGER, when="before", delay=0.3, answer={"status": 503})
    worker = Worker(requesting(leads))
    until(lambda: in_flight(sandbox) and sandbox.marketo.calls.of("POST", TRIGGER_ROUTE).total == 2)
    worker.kill()
    assert "whether 150 leads were enrolled is unknown" in Worker(requesting(leads)).end()["error"]
    assert sandbox.marketo.calls.of("POST", TRIGGER_ROUTE).total == 2
    assert requests(sandbox) == Counter()


def test_by_campaign_a_retry_does_not_repeat_completed_requests(sandbox: Sandbox, short_waits: None) -> None:
    leads = create_leads(sandbox, 150)
    sandbox.marketo.faults.add(TRIGGER, skip=1, when="after", delay=0.4)
    worker = Worker(requesting(leads))
    until(lambda: in_flight(sandbox) and sandbox.marketo.calls.of("POST", TRIGGER_ROUTE).total == 2)
    worker.kill()
    assert Worker(requesting(leads)).end()["result"]["enrolled"] == 150
    assert runs(sandbox) == Counter(leads)


def test_leads_of_an_outcomes_file_are_enrolled_without_the_rejected_ones(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "outcomes.jsonl"
    run = airflow.run(f"""
sync = SyncLeadsOperator(
    task_id="sync", conn_id="marketo_default", max_rejected=1, outcomes_path="file://{path}",
    leads=[{{"email": f"s{{n}}@example.com"}} for n in range(4)] + [{{"firstName": "nobody"}}])
sync >> EnrollNurtureOperator(
    task_id="enroll", conn_id="marketo_default", leads_path="file://{path}",
    program_id={marketo.NURTURE_PROGRAM}, status_name="Member")
""")
    assert run.state == "success", run.log[-3000:]
    assert counts(run) == (4, 0, 0, 0)
    assert len(statuses(sandbox)) == 4


def test_a_line_without_a_lead_fails_the_task(airflow: Airflow, sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_text('{"row": 1, "outcome": "created", "id": "1001"}\n{"first": "x", "last": "y"}\n')
    run = enroll(
        airflow,
        f'leads_path="file://{path}", program_id={marketo.NURTURE_PROGRAM}, status_name="Member"',
    )
    assert run.state == "failed"
    assert "leads_path: line 2 has no id or lead" in run.log
    assert statuses(sandbox) == {}


@pytest.mark.usefixtures("airflow_home", "short_waits")
def test_verification_warns_of_a_program_that_is_off_and_of_leads_that_get_nothing(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    program = sandbox.marketo.state.programs[marketo.NURTURE_PROGRAM]
    arguments: dict[str, Any] = {
        "program_id": marketo.NURTURE_PROGRAM,
        "status_name": "Member",
        "leads": [marketo.ANNA, marketo.BEN, marketo.CARLA],
    }
    assert execute("enroll", "marketo", verify=True, **arguments)["enrolled"] == 3
    assert "warning  ] Program" not in capsys.readouterr().out
    program.members[marketo.ANNA].cadence = "paus"
    program.members[marketo.BEN].exhausted = True
    program.on = False
    arguments["on_no_effect"] = "warn"
    assert execute("enroll", "marketo", run="again", verify=True, **arguments)["already_enrolled"] == 3
    said = capsys.readouterr().out
    number = marketo.NURTURE_PROGRAM
    assert f"Program {number} is off: nobody in it gets mail" in said
    assert f"Paused in program {number}: 1 lead" in said
    assert f"Had all content of program {number}: 1 lead" in said


@pytest.mark.usefixtures("airflow_home", "short_waits")
def test_verification_rejects_leads_that_get_nothing_and_names_them(sandbox: Sandbox) -> None:
    program = sandbox.marketo.state.programs[marketo.NURTURE_PROGRAM]
    arguments: dict[str, Any] = {
        "program_id": marketo.NURTURE_PROGRAM,
        "status_name": "Member",
        "leads": [marketo.ANNA, marketo.BEN, marketo.CARLA],
    }
    execute("enroll", "marketo", **arguments)
    program.members[marketo.ANNA].cadence = "paus"
    program.members[marketo.BEN].exhausted = True
    outcome = execute("enroll", "marketo", run="again", verify=True, **arguments)
    assert (outcome["already_enrolled"], outcome["rejected"], outcome["unknown"]) == (1, 2, 0)
    assert outcome["reasons"] == {"PAUSED": 1, "EXHAUSTED": 1}
    assert set(member_rejects(outcome)) == {(str(marketo.ANNA), "PAUSED"), (str(marketo.BEN), "EXHAUSTED")}
    assert "2 of 3 leads were rejected" in outcome["error"]


@pytest.mark.usefixtures("airflow_home", "short_waits")
def test_verification_enrolls_nobody_in_a_program_that_is_off(sandbox: Sandbox) -> None:
    program = sandbox.marketo.state.programs[marketo.NURTURE_PROGRAM]
    program.on = False
    before = set(program.members)
    with pytest.raises(AirflowFailException, match="is off: nobody in it gets mail, and nobody was enrolled"):
        execute(
            "enroll",
            "marketo",
            verify=True,
            program_id=marketo.NURTURE_PROGRAM,
            status_name="Member",
            leads=[marketo.DAVID],
        )
    assert set(program.members) == before

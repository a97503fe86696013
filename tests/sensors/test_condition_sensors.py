"""Every condition can be waited for, in poke, reschedule and deferrable mode alike."""

from __future__ import annotations

import re
from datetime import datetime
from importlib import import_module
from typing import Any

import pytest
from airflow_runs import Airflow, Run
from workers import as_soon_as, context

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.hubspot.automation import sequences
from airflow_provider_mkt.client.marketo.lists import lists
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation
from airflow_provider_mkt.sandbox.hubspot.events import seed as events
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import SEND_EMAIL
from airflow_provider_mkt.sensors.emails import EmailActivitySensor
from airflow_provider_mkt.version_compat import AirflowFailException

MODES = {"poke": 'mode="poke"', "reschedule": 'mode="reschedule"', "deferrable": "deferrable=True"}
LIST = f"*/lists/2026-09/{hubspot.LIST_ID}"
ADA = hubspot.CONTACT_IDS[0]

pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return MODES[request.param]


def wait(
    airflow: Airflow,
    sensor: str,
    more: str = "",
    conn: str = "hubspot",
    *,
    whole: bool = False,
    **arguments: Any,
) -> Run:
    """Run one sensor; its module is found by its name.

    :param whole: in the whole of Airflow.
    """
    given = "".join(f"{name}={value!r}, " for name, value in arguments.items())
    return (airflow.run if whole else airflow.run_tasks)(
        f"from airflow_provider_mkt.sensors import emails, hubspot, leads, marketo, quota\n"
        f'{sensor}(task_id="wait", conn_id="{conn}_default", poke_interval=0.1, {given}{more})'
    )


def seen(run: Run) -> Any:
    assert run.state == "success", run.log[-3000:]
    return run.returned["wait"]


def hubspot_call(call: Call[Any]) -> Any:
    with HubSpotHook() as hook:
        return hook.run(call)


def marketo_call(call: Call[Any]) -> Any:
    with MarketoHook() as hook:
        return hook.run(call)


# -- the ways to wait -----------------------------------------------------------------------------


def test_it_waits_until_the_condition_is_met_and_returns_the_details(
    airflow: Airflow, sandbox: Sandbox, mode: str
) -> None:
    body = {"list": {"listId": "101", "processingStatus": "PROCESSING", "size": 0}}
    sandbox.hubspot.faults.add(LIST, answer={"status": 200, "body": body}, times=2)
    run = wait(airflow, "hubspot.ListProcessedSensor", mode, whole=True, list_id=hubspot.LIST_ID)
    assert seen(run) == {"status": "COMPLETE", "size": 3}
    assert "PROCESSING (PROCESSING), status PROCESSING" in run.log
    assert sandbox.hubspot.calls.of("GET", "/crm/lists/2026-09/{listId}").total == 3


def test_a_condition_that_can_no_longer_be_met_fails_without_another_try(
    airflow: Airflow, sandbox: Sandbox, mode: str
) -> None:
    run = wait(airflow, "quota.QuotaSensor", f"{mode}, retries=1", "marketo", need=50_001)
    assert run.state == "failed"
    assert "a day has 50,000 calls, fewer than the 50,001 needed" in run.log
    assert "up_for_retry" not in run.log


def test_an_unknown_status_keeps_waiting_with_a_warning(
    airflow: Airflow, sandbox: Sandbox, mode: str
) -> None:
    body = {"listId": "101", "processingStatus": "BRAND_NEW", "name": "x"}
    sandbox.hubspot.faults.add(LIST, answer={"status": 200, "body": {"list": body}}, times=None)
    run = wait(airflow, "hubspot.ListProcessedSensor", f"{mode}, timeout=0.4", list_id=hubspot.LIST_ID)
    assert run.state == "failed"
    assert "unknown status 'BRAND_NEW'; still waiting" in run.log
    assert "AirflowSensorTimeout" in run.log


def test_polls_may_fail_for_max_poll_failure_time(airflow: Airflow, sandbox: Sandbox) -> None:
    # A poll is five calls, so the first two polls fail: that of the worker, and one of the trigger.
    sandbox.hubspot.faults.add(LIST, answer={"status": 502}, times=10)
    run = wait(airflow, "hubspot.ListProcessedSensor", MODES["deferrable"], list_id=hubspot.LIST_ID)
    assert seen(run)["size"] == 3
    assert "status poll failed" in run.log
    assert sandbox.hubspot.calls.of("GET", "/crm/lists/2026-09/{listId}").total == 11


def test_what_a_poll_finds_saves_calls_of_later_polls(airflow: Airflow, sandbox: Sandbox, mode: str) -> None:
    """Anna has the status; Ben becomes a member during the wait."""
    marketo_call(programs.set_status(marketo.NURTURE_PROGRAM, [marketo.ANNA], status_name="Engaged"))
    calls = sandbox.marketo.calls

    def reads() -> int:
        return sum("/members.json" in call.path and call.method == "GET" for call in calls.recent)

    def take_ben_in() -> None:
        marketo_call(programs.set_status(marketo.NURTURE_PROGRAM, [marketo.BEN], status_name="Member"))

    with as_soon_as(lambda: reads() >= 2, take_ben_in):
        run = wait(
            airflow,
            "marketo.ProgramMemberSensor",
            mode,
            "marketo",
            program_id=marketo.NURTURE_PROGRAM,
            lead_ids=[marketo.ANNA, marketo.BEN],
            status_name="Member",
        )
    assert "leads 2, missing 1" in run.log
    assert seen(run)["missing"] == 0
    assert reads() >= 2
    assert calls.of("GET", "/rest/asset/v1/channel/byName.json").total == 1


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("sensor", "arguments", "named"),
    [
        ("quota.QuotaSensor", {"need": "many"}, "need: must be a whole number of 1 or more"),
        ("quota.QuotaSensor", {"need": 0}, "need: must be a whole number of 1 or more"),
        ("leads.LeadsVisibleSensor", {"lead_ids": "1,2"}, "lead_ids: must be a list"),
        ("leads.LeadsVisibleSensor", {"lead_ids": ["x"]}, "lead_ids[0]: must be a positive whole number"),
        ("leads.LeadsVisibleSensor", {"lead_ids": list(range(1, 3002))}, "lead_ids: has 3,001 ids"),
        ("leads.ListMembershipSensor", {"list_id": "x", "lead_ids": [1]}, "list_id: must be a whole number"),
        (
            "emails.EmailActivitySensor",
            {"email_id": "1", "activity": "read"},
            "activity: must be one of sent",
        ),
        ("emails.EmailActivitySensor", {"email_id": "1", "since": "2026-01-01"}, "since: has no offset"),
        (
            "emails.EmailActivitySensor",
            {"email_id": "1", "since": "2026-01-01T00:00:00Z"},
            "since: HubSpot counts",
        ),
        ("hubspot.EventAttendanceSensor", {}, "object_id: give either"),
        ("hubspot.EventAttendanceSensor", {"external_event_id": "x"}, "external_account_id: is missing"),
        ("hubspot.MarketingEventSensor", {"external_event_id": ""}, "external_event_id: is missing or empty"),
        ("marketo.SmartCampaignSensor", {"campaign_id": 1}, "there is no campaign_status to wait for"),
    ],
)
def test_invalid_input_is_named_before_anything_is_sent(
    sandbox: Sandbox, sensor: str, arguments: dict[str, Any], named: str
) -> None:
    module, _, name = sensor.partition(".")
    kind = getattr(import_module(f"airflow_provider_mkt.sensors.{module}"), name)
    # With which Airflow does not retry.
    with pytest.raises(AirflowFailException, match=re.escape(named)):
        kind(task_id="wait", conn_id="hubspot_default", poke_interval=0.1, **arguments).execute(context())
    assert sandbox.hubspot.calls.total == 0


def test_a_mail_address_is_not_kept_with_a_trigger(airflow: Airflow, sandbox: Sandbox) -> None:
    address = "ada@example.com"
    run = wait(
        airflow, "leads.LeadsMatchingSensor", MODES["deferrable"], whole=True, field="email", value=address
    )
    assert run.state == "failed"
    assert "value: a mail address would be kept with the trigger" in run.log
    run = wait(airflow, "leads.LeadsMatchingSensor", MODES["poke"], field="email", value=address)
    assert seen(run) == {"leads": 1, "ids": [ADA]}
    assert address not in run.log


def test_the_log_says_where_and_for_what_and_how_long_it_waits_and_nobodys_data(
    airflow: Airflow, sandbox: Sandbox, mode: str
) -> None:
    body = {"results": [], "total": 0}
    sandbox.hubspot.faults.add("*/contacts/search", answer={"status": 200, "body": body}, times=2)
    sensor, given = "leads.LeadsMatchingSensor", {"field": "company", "value": "Example Ltd", "count": 5}
    run = wait(airflow, sensor, f"{mode}, timeout=600", **given)
    assert seen(run)["leads"] == 5
    assert run.log.count("connection 'hubspot_default': field='company', value=text of 11 characters") == 1
    waits = re.findall(r"Waiting for leads matching since (\S+), until (\S+) \((.+?)\)", run.log)
    account = f"HubSpot account {hubspot.PORTAL_ID}, connection 'hubspot_default'"
    assert {where for _, _, where in waits} == {account}
    # Rescheduled pokes and the triggerer go on with the same wait.
    for since, until, _ in waits:
        seconds = (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
        assert seconds == pytest.approx(600, abs=30)
    assert max(waits)[0] <= min(one for _, one, _ in waits)
    assert "Example Ltd" not in run.log


# -- what both platforms have ---------------------------------------------------------------------


def test_leads_are_visible_once_the_search_shows_them_with_the_values(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    sandbox.hubspot.settings.search_lag = 3600
    contact = sandbox.hubspot.state.contacts.create({"email": "new@example.com", "lifecyclestage": "lead"})
    sandbox.clock.advance(60)
    search = ("POST", "/crm/objects/2026-09/contacts/search")
    with as_soon_as(lambda: sandbox.hubspot.calls.of(*search).total > 1, lambda: sandbox.clock.advance(3600)):
        run = wait(airflow, "leads.LeadsVisibleSensor", whole=True, lead_ids=[ADA, contact.id])
    assert seen(run) == {"leads": 2, "missing": 0}
    assert "leads 2, missing 1" in run.log
    having = {"lifecyclestage": "customer"}
    run = wait(airflow, "leads.LeadsVisibleSensor", lead_ids=[ADA], having=having)
    assert seen(run) == {"leads": 1, "missing": 0}
    run = wait(airflow, "leads.LeadsVisibleSensor", "timeout=0.2", lead_ids=[contact.id], having=having)
    assert run.state == "failed"


def test_leads_of_marketo_are_visible_once_they_have_the_values(airflow: Airflow, sandbox: Sandbox) -> None:
    ids = [marketo.ANNA, marketo.BEN]
    assert seen(wait(airflow, "leads.LeadsVisibleSensor", conn="marketo", lead_ids=ids))["missing"] == 0
    having = {"firstName": "Anna"}
    run = wait(airflow, "leads.LeadsVisibleSensor", "timeout=0.2", "marketo", lead_ids=ids, having=having)
    assert run.state == "failed"
    assert "leads 2, missing 1" in run.log


@pytest.mark.parametrize(
    ("conn", "field", "value", "enough", "too_many"),
    [("hubspot", "company", "Example Ltd", 5, 6), ("marketo", "customerNumber", "C-0001", 1, 2)],
)
def test_enough_leads_have_a_value(
    airflow: Airflow, sandbox: Sandbox, conn: str, field: str, value: str, enough: int, too_many: int
) -> None:
    sensor, arguments = "leads.LeadsMatchingSensor", {"field": field, "value": value}
    found = seen(wait(airflow, sensor, conn=conn, count=enough, **arguments))
    assert (found["leads"], len(found["ids"])) == (enough, enough)
    run = wait(airflow, sensor, "timeout=0.2", conn, count=too_many, **arguments)
    assert run.state == "failed"
    assert re.search(r"Waiting for leads matching since 20\S+, until 20\S+ \(\w+ account \S+, con", run.log)


def test_leads_are_in_a_list(airflow: Airflow, sandbox: Sandbox) -> None:
    sensor, ids = "leads.ListMembershipSensor", list(hubspot.CONTACT_IDS)
    members = wait(airflow, sensor, whole=True, list_id=hubspot.LIST_ID, lead_ids=ids[:3])
    assert seen(members) == {"leads": 3, "missing": 0}
    run = wait(airflow, sensor, "timeout=0.2", list_id=hubspot.LIST_ID, lead_ids=ids)
    assert "leads 5, missing 2" in run.log
    run = wait(
        airflow, sensor, "timeout=0.2", "marketo", list_id=marketo.STATIC_LIST, lead_ids=[marketo.ANNA, 404]
    )
    assert "leads 2, missing 1" in run.log
    marketo_call(lists.add(marketo.STATIC_LIST, [marketo.DAVID]))
    run = wait(airflow, sensor, conn="marketo", list_id=marketo.STATIC_LIST, lead_ids=[marketo.DAVID])
    assert seen(run) == {"leads": 1, "missing": 0}


def test_an_empty_list_of_leads_ends_the_wait_without_a_call(airflow: Airflow, sandbox: Sandbox) -> None:
    run = wait(airflow, "leads.LeadsVisibleSensor", lead_ids=[])
    assert seen(run) == {"leads": 0, "missing": 0}
    assert sandbox.hubspot.calls.total == 0


def test_mails_of_an_email_are_counted(airflow: Airflow, sandbox: Sandbox) -> None:
    sensor = "emails.EmailActivitySensor"
    run = wait(airflow, sensor, whole=True, email_id=hubspot.PUBLISHED_EMAIL, activity="sent", count=3)
    assert seen(run) == {"sent": 3}
    run = wait(airflow, sensor, "timeout=0.2", email_id=hubspot.PUBLISHED_EMAIL, activity="sent", count=4)
    assert run.state == "failed"
    world, email = sandbox.marketo.state, (marketo.APPROVED_EMAIL, "Welcome")
    for lead in (marketo.ANNA, marketo.BEN):
        world.log.add(SEND_EMAIL, lead, world.now(), primary=email)
    world.log.add(SEND_EMAIL, marketo.CARLA, world.now(), primary=(marketo.NEWSLETTER_EMAIL, "Newsletter"))
    sandbox.clock.advance(60)
    run = wait(airflow, sensor, conn="marketo", email_id=marketo.APPROVED_EMAIL, activity="sent", count=2)
    assert seen(run) == {"sent": 2}
    run = wait(
        airflow, sensor, "timeout=0.2", "marketo", email_id=marketo.APPROVED_EMAIL, activity="sent", count=3
    )
    assert run.state == "failed"


def test_every_activity_of_a_marketo_email_can_come_true(sandbox: Sandbox) -> None:
    sandbox.marketo.set_person(id=marketo.BEN, next_bounce="hard")
    for lead_id in (marketo.ANNA, marketo.BEN, marketo.CARLA):
        marketo_call(campaigns.request(marketo.REQUEST_CAMPAIGN, lead_ids=[lead_id]))
    sandbox.clock.advance(60)
    for act in ("opens", "clicks", "unsubscribes"):
        sandbox.marketo.set_person(id=marketo.CARLA, **{act: marketo.APPROVED_EMAIL})
    expected = {"sent": 3, "delivered": 2, "opened": 1, "clicked": 1, "bounced": 1, "unsubscribed": 1}
    for activity, count in expected.items():
        sensor = EmailActivitySensor(
            task_id="wait",
            conn_id="marketo_default",
            email_id=marketo.APPROVED_EMAIL,
            activity=activity,
            count=count,
            since="2026-01-01T00:00:00Z",
            timeout=60,
            poke_interval=0.1,
        )
        assert sensor.execute(context()) == {activity: count}


@pytest.mark.parametrize("conn", ["hubspot", "marketo"])
def test_the_quota_is_waited_for(airflow: Airflow, sandbox: Sandbox, conn: str) -> None:
    details = seen(wait(airflow, "quota.QuotaSensor", whole=True, conn=conn, need=1_000))
    assert details["limit"] - 10 < details["left"] <= details["limit"]
    run = wait(airflow, "quota.QuotaSensor", "timeout=0.2", conn, need=details["limit"])
    assert run.state == "failed"
    assert "AirflowSensorTimeout" in run.log


def test_a_quota_that_is_not_reported_keeps_waiting(airflow: Airflow, sandbox: Sandbox) -> None:
    row = {"name": "x", "fetchStatus": "TIMEOUT", "currentUsage": 0, "usageLimit": 0}
    answer = {"status": 200, "body": {"results": [row]}}
    sandbox.hubspot.faults.add("*/api-usage/*", answer=answer, times=1)
    run = wait(airflow, "quota.QuotaSensor", need=1)
    assert seen(run)["left"] > 0
    assert "unknown status 'not reported'" in run.log


# -- what one platform has ------------------------------------------------------------------------


def test_the_attendance_of_an_event_is_waited_for(airflow: Airflow, sandbox: Sandbox) -> None:
    sensor = "hubspot.EventAttendanceSensor"
    run = wait(airflow, sensor, whole=True, attendance="attended", object_id=events.PAST_WEBINAR_OBJECT)
    assert seen(run)["attended"] == 1
    run = wait(
        airflow,
        sensor,
        "timeout=0.2",
        count=2,
        external_event_id=events.WEBINAR,
        external_account_id=events.ACCOUNT,
    )
    assert run.state == "failed"
    assert "registered 1" in run.log


def test_an_event_is_waited_for_until_it_can_be_found(airflow: Airflow, sandbox: Sandbox) -> None:
    sensor = "hubspot.MarketingEventSensor"
    run = wait(
        airflow, sensor, whole=True, external_event_id=events.WEBINAR, external_account_id=events.ACCOUNT
    )
    assert seen(run) == {"object_ids": [events.WEBINAR_OBJECT]}
    other = {"external_event_id": events.WEBINAR, "external_account_id": "another"}
    assert wait(airflow, sensor, "timeout=0.2", **other).state == "failed"


def test_a_contact_is_waited_for_in_the_given_sequence(airflow: Airflow, sandbox: Sandbox) -> None:
    hubspot_call(
        sequences.enrol(automation.SALES_USER, automation.FOLLOW_UP_SEQUENCE, ADA, automation.SALES_ADDRESS)
    )
    sensor = "hubspot.SequenceEnrollmentSensor"
    details = seen(
        wait(airflow, sensor, whole=True, contact_id=ADA, sequence_id=automation.FOLLOW_UP_SEQUENCE)
    )
    assert details["sequence_id"] == automation.FOLLOW_UP_SEQUENCE
    run = wait(airflow, sensor, "timeout=0.2", contact_id=ADA, sequence_id=automation.PRIVATE_SEQUENCE)
    assert run.state == "failed"


def test_members_have_reached_a_status_or_a_later_one_and_are_in_their_stream(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    marketo_call(programs.set_status(marketo.NURTURE_PROGRAM, [marketo.ANNA], status_name="Influenced"))
    given = {"program_id": marketo.NURTURE_PROGRAM, "lead_ids": [marketo.ANNA]}
    sensor = "marketo.ProgramMemberSensor"
    run = wait(
        airflow,
        sensor,
        whole=True,
        conn="marketo",
        status_name="Engaged",
        stream=marketo.FIRST_STREAM,
        **given,
    )
    assert seen(run) == {"leads": 1, "missing": 0}
    run = wait(airflow, sensor, "timeout=0.2", "marketo", stream=marketo.SECOND_STREAM, **given)
    assert "leads 1, missing 1" in run.log
    run = wait(airflow, sensor, "retries=1", "marketo", status_name="Attended", **given)
    assert "status_name: is not a status of the program: Not in Program, Member" in run.log
    run = wait(airflow, sensor, "retries=1", "marketo", **given)
    assert "status_name: give status_name, stream or both" in run.log


def test_a_requested_campaign_shows_for_every_lead(airflow: Airflow, sandbox: Sandbox) -> None:
    marketo_call(campaigns.request(marketo.REQUEST_CAMPAIGN, [marketo.ANNA, marketo.BEN]))
    given = {"activity_type_ids": [47], "about_id": marketo.REQUEST_CAMPAIGN}
    sensor = "marketo.LeadActivitySensor"
    sandbox.marketo.settings.activity_block = 1
    run = wait(airflow, sensor, whole=True, conn="marketo", lead_ids=[marketo.ANNA, marketo.BEN], **given)
    assert seen(run) == {"leads": 2, "missing": 0}
    run = wait(airflow, sensor, "timeout=0.2", "marketo", lead_ids=[marketo.ANNA, marketo.CARLA], **given)
    assert "leads 2, missing 1" in run.log
    found = seen(wait(airflow, sensor, conn="marketo", count=2, **given))
    assert (found["activities"], len(found["lead_ids"])) == (2, 2)
    assert seen(wait(airflow, sensor, conn="marketo", lead_ids=[], **given))["missing"] == 0
    run = wait(
        airflow,
        sensor,
        "timeout=0.2",
        "marketo",
        lead_ids=[marketo.ANNA],
        since="2099-01-01T00:00:00Z",
        **given,
    )
    assert run.state == "failed"


def test_a_smart_campaign_has_a_status(airflow: Airflow, sandbox: Sandbox) -> None:
    sensor = "marketo.SmartCampaignSensor"
    run = wait(airflow, sensor, whole=True, conn="marketo", campaign_id=marketo.REQUEST_CAMPAIGN)
    assert seen(run) == {"status": "Active"}
    run = wait(airflow, sensor, "timeout=0.2", "marketo", campaign_id=marketo.INACTIVE_CAMPAIGN)
    assert "PROCESSING (not met), status Inactive" in run.log
    run = wait(airflow, sensor, "retries=1", "marketo", campaign_id=404)
    assert "there is no smart campaign 404" in run.log
    assert "up_for_retry" not in run.log
    run = wait(airflow, sensor, conn="marketo", campaign_id=1, statuses=["Dormant"])
    assert "statuses[0]: must be one of Inactive" in run.log

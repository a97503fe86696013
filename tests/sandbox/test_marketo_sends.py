"""Sends of Marketo: who is dropped and why, how long they take, and what is written of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marketo_sends import (
    BOUNCED,
    BOUNCED_SOFT,
    CLICKED,
    DELIVERED,
    OPENED,
    PROGRAM,
    SENT,
    UNSUBSCRIBED,
    Sender,
    fresh,
    one_filter,
    sign_in,
)
from marketo_tools import code, folder_param

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.emails.sending import run_program
from airflow_provider_mkt.sandbox.marketo.lists.audience import members

ALL_MAIL = (SENT, DELIVERED, BOUNCED, BOUNCED_SOFT, OPENED, CLICKED, UNSUBSCRIBED)
READERS = (seed.ANNA, seed.BEN, seed.CARLA)
EVERYBODY = one_filter("Email Address", "is not", "nobody@example.com")
MEMBERS = f"/v1/programs/{seed.EMAIL_PROGRAM}/members.json"


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with Sandbox(only="marketo") as running:
        yield sign_in(running)


@pytest.fixture
def api(sender: Sender) -> Sender:
    return fresh(sender)


def lead(api: Sender, lead_id: int, **values: object) -> None:
    body = {"action": "updateOnly", "lookupField": "id", "input": [{"id": lead_id, **values}]}
    (row,) = api.post("/v1/leads.json", body)["result"]
    assert row["status"] == "updated"


def add_lead(api: Sender, email: str, **values: object) -> int:
    body = {"action": "createDuplicate", "input": [{"email": email, **values}]}
    return int(api.post("/v1/leads.json", body)["result"][0]["id"])


def statuses(api: Sender) -> dict[int, str]:
    query = {"filterType": "leadId", "fields": "statusName"}
    rows = api.get(MEMBERS, filterValues=",".join(map(str, range(1001, 1010))), **query)["result"]
    return {row["leadId"]: row["statusName"] for row in rows}


def operational(api: Sender, email: int = seed.NEWSLETTER_EMAIL) -> None:
    path = f"/asset/v1/email/{email}"
    assert api.form(f"{path}.json", operational="true")["success"]
    assert api.form(f"{path}/approveDraft.json")["success"]


@pytest.mark.parametrize(
    ("change", "reason", "operational_too"),
    [
        ({"unsubscribed": True}, "unsubscribed", False),
        ({"marketing_suspended": True}, "marketingSuspended", False),
        ({"black_listed": True}, "blackListed", True),
        ({"bounced": True}, "emailInvalid", True),
        ({"email_suspended": True}, "emailSuspended", True),
    ],
)
def test_people_who_may_not_be_mailed_are_dropped_with_the_reason(
    api: Sender, change: dict[str, object], reason: str, operational_too: bool
) -> None:
    api.audience(EVERYBODY)
    shown = api.person(seed.ANNA, **change)
    assert shown[reason] is True
    assert api.schedule(600)["success"]
    api.advance(700)
    assert api.dropped() == {seed.ANNA: reason}
    assert seed.ANNA not in statuses(api)

    fresh(api).audience(EVERYBODY)
    operational(api)
    api.person(seed.ANNA, **change)
    assert api.schedule(600)["success"]
    api.advance(700)
    assert (seed.ANNA in api.dropped()) is operational_too


def test_the_fields_that_block_email_are_described_and_writable(api: Sender) -> None:
    (described,) = api.get("/v1/leads/describe2.json")["result"]
    fields = {one["name"]: one["dataType"] for one in described["fields"]}
    for name in ("marketingSuspended", "blackListed", "emailSuspended", "emailInvalid", "unsubscribed"):
        assert fields[name] == "boolean"
        assert fields.get(f"{name}Cause", fields.get(f"{name}Reason")) == "text"
    lead(api, seed.ANNA, marketingSuspended=True, marketingSuspendedCause="on leave", blackListed=True)
    read = {"filterType": "id", "filterValues": seed.ANNA, "fields": "marketingSuspendedCause,blackListed"}
    (row,) = api.get("/v1/leads.json", **read)["result"]
    assert (row["marketingSuspendedCause"], row["blackListed"]) == ("on leave", True)


def test_a_lead_without_an_address_and_a_suspension_that_is_over(api: Sender) -> None:
    nameless = add_lead(api, "")
    api.person(seed.ANNA, email_suspended=True)
    api.audience(one_filter("Last Name", "is", "Berg"), one_filter("Email Address", "is empty"), match="any")
    assert api.schedule(25 * 3600)["success"]
    api.advance(25 * 3600 + 60)
    assert api.mailed() == [seed.ANNA]
    assert api.dropped() == {nameless: "noEmail"}


def test_of_leads_with_one_address_the_first_that_can_be_mailed_gets_the_email(api: Sender) -> None:
    twin, third = (add_lead(api, "Anna.Berg@example.com") for _ in range(2))
    api.audience(one_filter("Email Address", "starts with", "anna"))
    api.person(seed.ANNA, bounced=True)
    assert api.send() == [twin]
    assert api.dropped() == {seed.ANNA: "emailInvalid", third: "duplicate"}


def test_requests_of_a_campaign_treat_each_lead_for_itself(api: Sender) -> None:
    twin = add_lead(api, "anna.berg@example.com")
    body = {"input": {"leads": [{"id": seed.ANNA}, {"id": twin}]}}
    assert api.post(f"/v1/campaigns/{seed.REQUEST_CAMPAIGN}/trigger.json", body)["success"]
    api.advance(5)
    assert api.mailed() == [seed.ANNA, twin]


def to_noon(api: Sender) -> None:
    """Move the clock so that the day in US Central time does not end during a test."""
    now = api.sandbox.clock.now()
    noon = (now + timedelta(days=1)).replace(hour=18, minute=0)
    api.advance((noon - now).total_seconds())


def test_communication_limits_hold_for_programs_per_day_and_week(api: Sender) -> None:
    api.configure(communication_limit_per_day=1, communication_limit_per_week=2)
    api.run_campaign()
    assert set(api.mailed()) == set(READERS)
    # The campaign does not regard the limits, and its emails count.
    api.run_campaign()
    assert len(api.mailed()) == 6
    assert api.schedule(86_400)["success"]
    api.advance(87_000)
    assert set(api.dropped().values()) == {"communicationLimit"}
    assert len(api.mailed()) == 6
    assert statuses(api) == {}


def test_communication_limits_hold_for_campaigns_that_enable_them(api: Sender) -> None:
    api.configure(communication_limit_per_day=1)
    to_noon(api)
    campaign = f"/asset/v1/smartCampaign/{seed.BATCH_CAMPAIGN}.json"
    assert api.get(campaign)["result"][0]["isCommunicationLimitEnabled"] is False
    api.control("assets", {"type": "smart_campaign", "id": seed.BATCH_CAMPAIGN, "communication_limits": True})
    assert api.get(campaign)["result"][0]["isCommunicationLimitEnabled"] is True
    api.run_campaign()
    api.run_campaign()
    assert (len(api.mailed()), set(api.dropped().values())) == (3, {"communicationLimit"})
    operational(api, seed.APPROVED_EMAIL)
    api.run_campaign()
    assert len(api.mailed()) == 6
    # Operational emails do not count, and the next day is a new one.
    api.advance(86_400)
    edit(api, "Hi", "Hi", seed.APPROVED_EMAIL, operational="false")
    api.run_campaign()
    assert len(api.mailed()) == 9


def test_a_run_with_too_many_people_does_not_happen(api: Sender) -> None:
    path = f"/asset/v1/smartCampaign/{seed.BATCH_CAMPAIGN}.json"
    assert "maxMembers" not in api.get(path)["result"][0]
    change = {"type": "smart_campaign", "id": seed.BATCH_CAMPAIGN, "max_members": 2}
    api.control("assets", change)
    assert api.get(path)["result"][0]["maxMembers"] == 2
    api.run_campaign()
    assert (api.mailed(), api.dropped(), api.counts(*ALL_MAIL)) == ([], {}, {})
    (run,) = api.sends()
    assert run["refused"] == "3 people are more than the limit of 2"
    api.control("assets", change | {"max_members": 3})
    api.configure(smart_campaign_limit=1)
    api.run_campaign()
    assert len(api.mailed()) == 3
    # The email program has no limit of its own.
    assert api.schedule()["success"]
    api.advance(3700)
    assert len(api.mailed()) == 3
    assert api.sends()[-1]["refused"]
    assert api.get(f"{PROGRAM}.json")["result"][0]["status"] == "locked"


@pytest.mark.parametrize(
    ("rule", "second", "third"),
    [
        ({"rule": "any"}, 6, 9),
        ({"rule": "once"}, 3, 3),
        ({"rule": "interval", "rule_interval": 1, "rule_unit": "day"}, 3, 6),
    ],
)
def test_the_qualification_rule_decides_who_is_mailed_again(
    api: Sender, rule: dict[str, object], second: int, third: int
) -> None:
    api.control("assets", {"type": "smart_campaign", "id": seed.BATCH_CAMPAIGN, **rule})
    api.run_campaign()
    api.run_campaign()
    assert len(api.mailed()) == second
    api.advance(86_400)
    api.run_campaign()
    assert len(api.mailed()) == third


def test_a_send_takes_time_and_members_and_activities_grow_with_it(api: Sender) -> None:
    api.configure(mails_per_second=0.01, commit_lag=0)
    assert api.schedule()["success"]
    api.advance(3650)
    assert api.counts(SENT, DELIVERED) == {SENT: 1, DELIVERED: 1}
    assert statuses(api) == {seed.ANNA: "Sent"}
    api.person(seed.CARLA, unsubscribed=True)
    api.advance(100)
    assert api.counts(SENT) == {SENT: 2}
    assert api.sends()[0]["endedAt"] is None
    api.advance(200)
    # Who unsubscribes while mail leaves is dropped, if it is not their turn yet.
    assert (api.mailed(), api.dropped()) == ([seed.ANNA, seed.BEN], {seed.CARLA: "unsubscribed"})
    (run,) = api.sends()
    assert (run["qualified"], run["sent"], run["dropped"]) == (3, 2, {"unsubscribed": 1})
    assert run["endedAt"] is not None


def test_rows_of_mail_are_committed_late_and_dated_earlier(api: Sender) -> None:
    api.configure(commit_lag=600)
    api.send()
    assert len(api.mailed()) == 3
    assert api.counts(*ALL_MAIL) == {}
    api.advance(600)
    rows = api.activities(SENT, DELIVERED)
    now = api.sandbox.clock.now()
    assert len(rows) == 6
    for row in rows:
        assert now - datetime.fromisoformat(row["activityDate"]) > timedelta(seconds=600)
        assert row["primaryAttributeValueId"] == seed.NEWSLETTER_EMAIL
        assert row["primaryAttributeValue"] == "November Newsletter.Newsletter"


def test_every_kind_of_activity_is_written_in_the_shares_that_are_set(api: Sender) -> None:
    described = {row["id"] for row in api.get("/v1/activities/types.json")["result"]}
    assert described >= set(ALL_MAIL)
    for number in range(17):
        add_lead(api, f"reader{number}@example.com")
    api.configure(
        commit_lag=0,
        bounce_share=0.1,
        soft_bounce_share=0.2,
        open_share=0.5,
        click_share=0.5,
        unsubscribe_share=0.25,
        drop_reasons={"communicationLimit": 0.1},
    )
    api.audience(EVERYBODY)
    api.send()
    counts = api.counts(*ALL_MAIL)
    # 22 people; 2 dropped; of 20 sent 2 bounce and 3 bounce softly; of 15 delivered 7 are opened, 3 clicked.
    assert counts == {
        SENT: 20,
        DELIVERED: 15,
        BOUNCED: 2,
        BOUNCED_SOFT: 3,
        OPENED: 7,
        CLICKED: 3,
        UNSUBSCRIBED: 3,
    }
    (run,) = api.sends()
    assert run["qualified"] == 22 == run["sent"] + sum(run["dropped"].values())
    assert (run["delivered"], run["bounced"]) == (15, 5)
    people = list(api.state.leads)
    assert sum(bool(one.values.get("emailInvalid")) for one in people) == 2
    assert sum(bool(one.values.get("unsubscribed")) for one in people) == 3
    found = list(statuses(api).values())
    assert set(found) <= {"Sent", "Opened", "Clicked"}
    members = api.state.programs[seed.EMAIL_PROGRAM].members.values()
    assert len(members) == 20
    by_status = {name: sum(one.status == name for one in members) for name in ("Opened", "Clicked")}
    assert by_status == {"Opened": 4, "Clicked": 3}
    bounce = next(row for row in api.activities(BOUNCED))
    assert {"Category", "Details", "Email", "Campaign Run ID"} <= {
        one["name"] for one in bounce["attributes"]
    }


SHARES = st.sampled_from((0.0, 0.1, 0.25, 1 / 3, 0.5, 1.0))


@settings(max_examples=25, deadline=None)
@given(
    shares=st.fixed_dictionaries(
        dict.fromkeys(
            ("bounce_share", "soft_bounce_share", "open_share", "click_share", "unsubscribe_share"), SHARES
        )
    ),
    dropped=st.dictionaries(st.sampled_from(("duplicate", "communicationLimit")), SHARES),
    rate=st.sampled_from((None, 0.5, 7.0)),
    people=st.lists(st.sampled_from(("", "black_listed", "unsubscribed", "bounced", "twin")), max_size=25),
)
def test_activities_members_and_outbox_add_up(
    shares: dict[str, float], dropped: dict[str, float], rate: float | None, people: list[str]
) -> None:
    marketo = Sandbox().marketo
    world = marketo.state
    for name, value in {**shares, "drop_reasons": dropped, "mails_per_second": rate, "commit_lag": 0}.items():
        setattr(marketo.settings, name, value)
    for number, kind in enumerate(people):
        address = "twin@example.com" if kind == "twin" else f"reader{number}@example.com"
        made = world.leads.insert({"email": address}, world.leads.partitions[0], world.now())
        world.lists[seed.STATIC_LIST].members[made.id] = world.now()
        if kind in ("black_listed", "unsubscribed", "bounced"):
            marketo.set_person(id=made.id, **{kind: True})
    program = world.programs[seed.EMAIL_PROGRAM]
    run_program(world, program, world.now())
    marketo.clock.advance(1000)
    world.run_due_work()
    (run,) = world.runs
    outcomes = Counter(row.outcome for row in marketo.outbox)
    written = {kind: len(world.log.all(kind)) for kind in ALL_MAIL}
    assert run.ended_at is not None
    assert run.qualified == len(people) + 3 == len(marketo.outbox) == sum(run.outcomes.values())
    assert outcomes["sent"] == 0
    assert written[SENT] == outcomes["delivered"] + outcomes["bounced"] == len(program.members)
    assert written[DELIVERED] == outcomes["delivered"] == run.outcomes["delivered"]
    assert written[BOUNCED] + written[BOUNCED_SOFT] == outcomes["bounced"]
    assert sum(run.dropped.values()) == outcomes["dropped"]
    assert written[CLICKED] <= written[OPENED] <= written[DELIVERED]
    addresses = [row.address for row in marketo.outbox if row.outcome != "dropped"]
    assert len(addresses) == len(set(addresses))


def test_bulk_extracts_can_have_rows_of_people_who_were_dropped(api: Sender) -> None:
    api.configure(skipped_rows=True, export_minutes=0)
    api.person(seed.BEN, unsubscribed=True)
    api.send()
    api.advance(60)
    assert {row["leadId"] for row in api.activities(SENT)} == {seed.ANNA, seed.CARLA}
    now = api.sandbox.clock.now()
    span = {
        "startAt": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        "endAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
    }
    body = {"fields": ["leadId", "actionResult"], "filter": {"createdAt": span, "activityTypeIds": [SENT]}}
    made = api.client.post("/bulk/v1/activities/export/create.json", json=body).json()["result"][0]
    path = f"/bulk/v1/activities/export/{made['exportId']}"
    api.client.post(f"{path}/enqueue.json")
    api.advance(60)
    api.client.get(f"{path}/status.json")
    rows = [line.split(",") for line in api.client.get(f"{path}/file.json").text.split()[1:]]
    assert dict(rows) == {
        str(seed.ANNA): "succeeded",
        str(seed.BEN): "skipped",
        str(seed.CARLA): "succeeded",
    }
    got = one_filter("Was Sent Email", "is any")
    change = {"type": "smart_list", "id": seed.SMART_LIST, "smart_list": {"filters": [got]}}
    api.control("assets", change)
    smart = api.state.smart_lists[seed.SMART_LIST].smart_list
    assert [one.id for one in members(api.state, smart)] == [seed.ANNA, seed.CARLA]


def test_figures_soft_bounces_and_reactions_can_come_later(api: Sender) -> None:
    api.configure(commit_lag=0, figures_lag=1000, reaction_delay=2000, soft_bounce_delay=3000, open_share=1)
    api.person(seed.ANNA, next_bounce="soft")
    assert api.schedule()["success"]
    api.advance(3601)
    assert api.counts(*ALL_MAIL) == {SENT: 3, DELIVERED: 2}
    assert statuses(api) == {}
    assert {row.outcome for row in api.sandbox.marketo.outbox if row.person == str(seed.ANNA)} == {"sent"}
    api.advance(1000)
    assert set(statuses(api).values()) == {"Sent"}
    api.advance(1000)
    assert api.counts(OPENED, BOUNCED_SOFT) == {OPENED: 2}
    assert set(statuses(api).values()) == {"Sent"}
    api.advance(1000)
    assert api.counts(OPENED, BOUNCED_SOFT) == {OPENED: 2, BOUNCED_SOFT: 1}
    assert set(statuses(api).values()) == {"Sent", "Opened"}


def test_a_person_bounces_opens_clicks_and_unsubscribes_on_demand(api: Sender) -> None:
    api.configure(commit_lag=0)
    api.person(seed.ANNA, next_bounce="hard")
    api.person(seed.BEN, next_bounce="spam")
    api.send()
    rows = {int(row.person): (row.outcome, row.reason) for row in api.sandbox.marketo.outbox}
    assert rows == {
        seed.ANNA: ("bounced", "hard"),
        seed.BEN: ("bounced", "spam"),
        seed.CARLA: ("delivered", None),
    }
    assert api.state.leads.get(seed.ANNA).values["emailInvalid"] is True
    assert api.state.leads.get(seed.BEN).values["emailSuspended"] is True
    acts = {"opens": seed.NEWSLETTER_EMAIL, "clicks": seed.NEWSLETTER_EMAIL}
    shown = api.person(seed.CARLA, **acts, unsubscribes=seed.NEWSLETTER_EMAIL)
    assert shown["unsubscribed"] is True
    assert api.counts(*ALL_MAIL) == {
        SENT: 3,
        DELIVERED: 1,
        BOUNCED: 2,
        OPENED: 1,
        CLICKED: 1,
        UNSUBSCRIBED: 1,
    }
    assert statuses(api)[seed.CARLA] == "Clicked"


def test_a_head_start_locks_the_audience_12_hours_before(api: Sender) -> None:
    assert code(api.schedule(11 * 3600, headStart="true")) == "709"
    assert api.schedule(14 * 3600, headStart="true")["success"]
    assert api.form(f"{PROGRAM}/unapprove.json")["success"]
    assert api.schedule(14 * 3600)["success"]
    api.advance(2 * 3600 + 30)
    assert api.counts(SENT, DELIVERED) == {SENT: 3}
    assert {row.outcome for row in api.sandbox.marketo.outbox} == {"sent"}
    assert code(api.form(f"{PROGRAM}/unapprove.json")) == "709"
    # Anna unsubscribes after the lock and is mailed; David joins the list too late.
    api.person(seed.ANNA, unsubscribed=True)
    api.post(f"/v1/lists/{seed.STATIC_LIST}/leads.json", {"input": [{"id": seed.DAVID}]})
    api.advance(11 * 3600)
    assert api.counts(SENT, DELIVERED) == {SENT: 3}
    api.advance(2 * 3600)
    assert api.counts(SENT, DELIVERED) == {SENT: 3, DELIVERED: 3}
    assert tuple(api.mailed()) == READERS
    early, late = api.activities(SENT)[0], api.activities(DELIVERED)[0]
    between = datetime.fromisoformat(late["activityDate"]) - datetime.fromisoformat(early["activityDate"])
    assert between == timedelta(hours=12)


def zones(api: Sender) -> None:
    api.control("assets", {"type": "program", "id": seed.EMAIL_PROGRAM, "recipient_time_zone": True})
    api.configure(time_zone="UTC", commit_lag=0)
    api.person(seed.ANNA, time_zone="Asia/Tokyo")
    api.person(seed.BEN, time_zone="America/New_York")


def test_recipient_time_zones_deliver_at_the_hour_of_each_person(api: Sender) -> None:
    zones(api)
    assert api.schedule(48 * 3600)["success"]
    start = api.state.programs[seed.EMAIL_PROGRAM].start
    # The hour of the start comes 14 hours earlier in the first zone.
    api.advance(34 * 3600 + 60)
    assert api.counts(SENT, DELIVERED) == {SENT: 3}
    api.advance(30 * 3600)
    delivered = {
        row["leadId"]: datetime.fromisoformat(row["activityDate"]) for row in api.activities(DELIVERED)
    }
    assert delivered[seed.ANNA] == start - timedelta(hours=9)
    assert start + timedelta(hours=4) <= delivered[seed.BEN] <= start + timedelta(hours=5)
    assert delivered[seed.CARLA] == start
    assert "recipientTimeZone" not in api.get(f"{PROGRAM}.json")["result"][0]


def test_recipient_time_zones_start_at_once_when_the_start_is_near(api: Sender) -> None:
    zones(api)
    assert api.schedule(3600)["success"]
    assert api.counts(SENT, DELIVERED) == {SENT: 3}
    api.advance(3700)
    assert {row["leadId"] for row in api.activities(DELIVERED)} == {seed.CARLA}
    assert api.sends()[0]["endedAt"] is None
    api.advance(25 * 3600)
    # In Tokyo the hour had passed: it comes the next day.
    assert len(api.activities(DELIVERED)) == 3
    assert api.sends()[0]["endedAt"] is not None


def test_a_send_that_is_aborted_stops_and_cannot_be_approved_again(api: Sender) -> None:
    abort = {"type": "program", "id": seed.EMAIL_PROGRAM, "abort": True}
    assert api.client.post("/_sandbox/assets", json=abort).status_code == 400
    zones(api)
    assert api.schedule(3600)["success"]
    api.advance(3700)
    api.control("assets", abort)
    api.advance(25 * 3600)
    # Carla had the email. The others were prepared: their rows turn into soft bounces at their time.
    assert api.counts(SENT, DELIVERED, BOUNCED_SOFT) == {SENT: 3, DELIVERED: 1, BOUNCED_SOFT: 2}
    assert api.sends()[0]["aborted"] is True
    assert code(api.form(f"{PROGRAM}/approve.json")) == "709"
    assert code(api.form(f"{PROGRAM}/unapprove.json")) == "709"


def test_a_program_that_waits_and_a_campaign_that_runs_are_aborted(api: Sender) -> None:
    assert api.schedule(3600)["success"]
    api.control("assets", {"type": "program", "id": seed.EMAIL_PROGRAM, "abort": True})
    api.configure(mails_per_second=0.01)
    api.run_campaign()
    assert len(api.mailed()) == 1
    abort = {"type": "smart_campaign", "id": seed.BATCH_CAMPAIGN, "abort": True}
    api.control("assets", abort)
    api.advance(4000)
    assert len(api.mailed()) == 1
    assert api.post(f"/v1/campaigns/{seed.BATCH_CAMPAIGN}/schedule.json")["success"]
    api.control("assets", abort)
    api.advance(4000)
    assert len(api.mailed()) == 1
    assert api.client.post("/_sandbox/assets", json=abort).status_code == 400


def test_a_program_is_approved_only_with_the_notice_that_the_instance_wants(api: Sender) -> None:
    api.configure(approval_notice=900)
    assert code(api.schedule(600)) == "709"
    assert api.schedule(1000)["success"]


def test_a_program_with_an_ab_test_hides_its_emails_and_has_no_head_start(api: Sender) -> None:
    api.control("assets", {"type": "program", "id": seed.EMAIL_PROGRAM, "ab_test": True})
    path = f"/asset/v1/email/{seed.NEWSLETTER_EMAIL}"
    inside = json.dumps(folder_param(seed.EMAIL_PROGRAM, "Program"))
    for answer in (
        api.get("/asset/v1/emails.json", folder=inside),
        api.get("/asset/v1/email/byName.json", name="Newsletter"),
        api.get(f"{path}.json"),
        api.get(f"{path}/content.json"),
        api.get(f"{path}/fullContent.json"),
    ):
        assert answer["warnings"] == ["No assets found for the given search criteria."]
    assert code(api.schedule(20 * 3600, headStart="true")) == "709"
    assert api.form(f"{PROGRAM}.json", headStart="false")["success"]
    assert api.form(f"{PROGRAM}/approve.json")["success"]


def preview(api: Sender, email: int = seed.NEWSLETTER_EMAIL, **params: object) -> str:
    return str(api.get(f"/asset/v1/email/{email}/fullContent.json", **params)["result"][0]["content"])


def edit(api: Sender, subject: str, body: str, email: int = seed.NEWSLETTER_EMAIL, **metadata: str) -> None:
    path = f"/asset/v1/email/{email}"
    if metadata:
        assert api.form(f"{path}.json", **metadata)["success"]
    api.form(f"{path}/content.json", subject={"type": "Text", "value": subject})
    api.form(f"{path}/content/body.json", type="Text", value=body)
    assert api.form(f"{path}/approveDraft.json")["success"]


def put_token(api: Sender, folder: int, kind: str, name: str, value: str) -> None:
    token = {"name": name, "type": "text", "value": value, "folderType": kind}
    assert api.form(f"/asset/v1/folder/{folder}/tokens.json", **token)["success"]


def test_a_preview_has_the_tokens_of_the_program_before_those_of_the_folders(api: Sender) -> None:
    put_token(api, seed.PROGRAM_FOLDER, "Folder", "Headline", "Hidden")
    put_token(api, seed.PROGRAM_FOLDER, "Folder", "Offer", "20% & more for {{lead.First Name}}")
    edit(
        api, "{{my.Headline}}", "{{my.Offer}} {{my.Nowhere}} {{my.Nowhere:default=later}} {{lead.Last Name}}"
    )
    assert "<title>News of the month</title>" in preview(api)
    assert "20% & more for {{lead.First Name}} {{my.Nowhere}} later {{lead.Last Name}}" in preview(api)
    assert "20% & more for Anna {{my.Nowhere}} later Berg" in preview(api, leadId=seed.ANNA)


def test_lead_tokens_have_defaults_and_unknown_ones_stay(api: Sender) -> None:
    lead(api, seed.BEN, firstName="", lastName="O<b>")
    body = "{{lead.First Name:default=friend}}|{{lead.Job Title}}|{{lead.Shoe Size}}|{{lead.Last Name}}"
    edit(api, "Hi", f"{body}|{{{{company.Company Name:default=you}}}}|{{{{system.unsubscribeLink}}}}")
    shown = preview(api, leadId=seed.BEN)
    assert "friend||{{lead.Shoe Size}}|O&lt;b&gt;|you|https://" in shown
    assert body in preview(api)


def test_the_outbox_has_the_subject_as_each_person_reads_it(api: Sender) -> None:
    edit(api, "{{lead.First Name:default=friend}}: {{my.Headline}} {{my.Missing}}", "<p>Hi</p>")
    lead(api, seed.BEN, firstName="")
    api.send()
    subjects = {int(row.person): row.subject for row in api.sandbox.marketo.outbox}
    assert subjects == {
        seed.ANNA: "Anna: News of the month {{my.Missing}}",
        seed.BEN: "friend: News of the month {{my.Missing}}",
        seed.CARLA: "Carla: News of the month {{my.Missing}}",
    }


def test_a_clone_keeps_what_decides_who_is_mailed(api: Sender) -> None:
    api.control(
        "assets", {"type": "smart_campaign", "id": seed.BATCH_CAMPAIGN, "max_members": 7, "rule": "once"}
    )
    body = {"name": "Second Digest", "folder": folder_param(seed.DEFAULT_PROGRAM, "Program")}
    (made,) = api.form(f"/asset/v1/smartCampaign/{seed.BATCH_CAMPAIGN}/clone.json", **body)["result"]
    assert (made["maxMembers"], made["qualificationRuleType"]) == (7, "once")


def test_an_email_that_loses_its_approval_is_mailed_to_nobody(api: Sender) -> None:
    assert api.post(f"/v1/campaigns/{seed.BATCH_CAMPAIGN}/schedule.json")["success"]
    api.state.emails[seed.APPROVED_EMAIL].unapprove(api.sandbox.clock.now())
    api.advance(310)
    assert set(api.dropped().values()) == {"notApproved"}
    assert api.mailed() == []


def test_merged_leads_keep_what_counts_for_communication_limits(api: Sender) -> None:
    api.configure(communication_limit_per_week=1)
    api.send()
    assert api.post(f"/v1/leads/{seed.DAVID}/merge.json", leadId=seed.ANNA)["success"]
    api.control("assets", {"type": "smart_campaign", "id": seed.BATCH_CAMPAIGN, "communication_limits": True})
    api.run_campaign()
    assert api.dropped()[seed.DAVID] == "communicationLimit"

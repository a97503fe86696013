"""Whom a marketing email is sent to, who gets none and why, and figures and events that add up."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.server.outbox import OutboxRow

ADA, BRUNO, CHIDI, DANA, EMI = EVERYBODY = seed.CONTACT_IDS
LISTS, CONTACTS = "/crm/v3/lists", "/crm/v3/objects/contacts"
FROM = {"fromName": "Example Ltd", "replyTo": "news@example.com"}
NEWS = seed.NEWSLETTER_EMAIL


class Account:
    """What the tests do with the account, by the paths of one profile."""

    def __init__(self, box: Sandbox, api: httpx.Client, emails: str = "/marketing/v3/emails") -> None:
        self.box = box
        self.api = api
        self.emails = emails

    def create(self, to: dict[str, Any] | None, **fields: Any) -> str:
        body = {"name": "N", "subject": "Hello", "from": FROM, **({} if to is None else {"to": to}), **fields}
        reply = self.api.post(self.emails, json=body)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def publish(self, email_id: str, wait: float = 60) -> httpx.Response:
        reply = self.api.post(f"{self.emails}/{email_id}/publish")
        self.box.clock.advance(wait)
        return reply

    def send(self, to: dict[str, Any] | None, **fields: Any) -> str:
        email_id = self.create(to, **fields)
        assert self.publish(email_id).status_code == 204
        return email_id

    def shown(self, email_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(
            f"{self.emails}/{email_id}", params={"includeStats": "true"}
        ).json()
        return found

    def counters(self, email_id: str) -> dict[str, int]:
        found: dict[str, int] = self.shown(email_id)["stats"]["counters"]
        return found

    def campaign(self, email_id: str) -> dict[str, Any]:
        number = self.shown(email_id)["primaryEmailCampaignId"]
        found: dict[str, Any] = self.api.get(f"/email/public/v1/campaigns/{number}").json()
        return found

    def events(self, email_id: str, **more: Any) -> list[dict[str, Any]]:
        """All events of an email, the newest first."""
        number = self.shown(email_id)["primaryEmailCampaignId"]
        query = {"appId": seed.EMAIL_APP_ID, "campaignId": number, "limit": 1000, **more}
        found: list[dict[str, Any]] = []
        while True:
            page = self.api.get("/email/public/v1/events", params=query).json()
            found += page["events"]
            if not page["hasMore"]:
                return found
            query["offset"] = page["offset"]

    def rows(self, email_id: str) -> list[OutboxRow]:
        return [row for row in self.box.hubspot.outbox if row.email == email_id]

    def mailed(self, email_id: str) -> list[str]:
        return [row.person for row in self.rows(email_id) if row.outcome != "dropped"]

    def reasons(self, email_id: str) -> dict[str, str | None]:
        return {row.person: row.reason for row in self.rows(email_id) if row.outcome == "dropped"}

    def list(self, *members: str, **more: Any) -> str:
        body = {"name": "Some", "objectTypeId": "0-1", "processingType": "MANUAL", **more}
        made = self.api.post(LISTS, json=body)
        assert made.status_code == 200, made.text
        list_id = str(made.json()["list"]["listId"])
        if members:
            self.api.put(f"{LISTS}/{list_id}/memberships/add", json=list(members))
        return list_id


@pytest.fixture
def account(box: Sandbox, api: httpx.Client) -> Account:
    return Account(box, api)


def to_lists(*include: str, exclude: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"contactIlsLists": {"include": list(include), "exclude": list(exclude)}}


def to_contacts(*include: str, **more: Any) -> dict[str, Any]:
    return {"contactIds": {"include": list(include), "exclude": []}, **more}


def stage(value: str) -> dict[str, Any]:
    """Filters for the contacts in a lifecycle stage."""
    operation = {"operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": [value]}
    item = {"filterType": "PROPERTY", "property": "lifecyclestage", "operation": operation}
    inner = {"filterBranchType": "AND", "filterBranches": [], "filters": [item]}
    return {"filterBranchType": "OR", "filterBranches": [inner], "filters": []}


def check_sums(account: Account, email_id: str) -> Counter[str]:
    """Check that the figures, the events, the campaign and the outbox of an email tell the same."""
    counters, campaign = account.counters(email_id), account.campaign(email_id)
    assert counters["selected"] == counters["sent"] + counters["notsent"] + counters["pending"]
    assert counters["sent"] == counters["delivered"] + counters["bounce"]
    assert campaign["numIncluded"] == counters["selected"]
    every = account.events(email_id)
    # Opens by machines are events, and no opens of the statistics.
    events = Counter(event["type"] for event in every if not event.get("filteredEvent"))
    assert account.events(email_id, excludeFilteredEvents="true") == [
        event for event in every if not event.get("filteredEvent")
    ]
    assert len({(event["created"], event["id"]) for event in every}) == len(every)
    names = ("delivered", "dropped", "bounce", "open", "click", "spamreport", "statuschange", "processed")
    assert {name: campaign["counters"][name] for name in names} == {
        name: events[name.upper()] for name in names
    }
    assert campaign["counters"]["deferred"] == events["DEFERRED"]
    assert counters["sent"] == campaign["counters"]["sent"]
    # Mails that the provider drops are among those that HubSpot sent.
    assert events["SENT"] == counters["sent"] + campaign["counters"]["mta_dropped"]
    for name in ("delivered", "dropped", "bounce", "open", "click", "spamreport", "unsubscribed"):
        assert counters[name] == campaign["counters"][name]
    totals = account.api.get(f"{account.emails}/statistics/list", params={"emailIds": email_id}).json()
    assert totals["aggregate"]["counters"] == counters
    days = account.api.get(f"{account.emails}/statistics/histogram", params={"emailIds": email_id}).json()
    summed: Counter[str] = Counter()
    for day in days["results"]:
        summed.update(day["aggregations"]["counters"])
    assert summed == counters
    outcomes = Counter(row.outcome for row in account.rows(email_id))
    assert outcomes["delivered"] == counters["delivered"]
    assert (outcomes["bounced"], outcomes["dropped"]) == (counters["bounce"], counters["notsent"])
    return Counter(row.reason for row in account.rows(email_id) if row.reason)


# -- audiences ---------------------------------------------------------------------------------------------


def test_an_email_for_nobody_is_published_and_mails_nobody(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    account = Account(box, api, paths["emails"])
    gone, waiting = account.list(ADA, name="Gone"), None
    api.delete(f"{LISTS}/{gone}")
    box.hubspot.settings.list_processing = 3600
    waiting = account.list(name="Leads", processingType="DYNAMIC", filterBranch=stage("lead"))
    for to in (
        None,
        {},
        to_lists(account.list(name="Empty")),
        to_lists(gone),
        to_lists(waiting),
        to_contacts("5"),
        to_lists(seed.LIST_ID, exclude=(seed.LIST_ID,)),
    ):
        email_id = account.send(to)
        assert account.shown(email_id)["state"] == "PUBLISHED"
        counters = account.counters(email_id)
        assert (counters["selected"], counters["sent"], counters["notsent"]) == (0, 0, 0)
        assert account.rows(email_id) == []
        campaign = account.campaign(email_id)
        assert (campaign["processingState"], campaign["numIncluded"]) == ("DONE", 0)
        assert account.events(email_id) == []


def test_lists_and_contacts_are_included_and_excluded_and_nobody_gets_two_mails(account: Account) -> None:
    others = account.list(CHIDI, DANA, name="Others")
    assert account.mailed(account.send(to_lists(seed.LIST_ID, others))) == [ADA, BRUNO, CHIDI, DANA]
    assert account.mailed(account.send(to_lists(seed.LIST_ID, exclude=(others,)))) == [ADA, BRUNO]
    mixed = to_lists(others) | to_contacts(DANA, EMI) | {"contactLists": {"exclude": ["1"]}}
    assert account.mailed(account.send(mixed)) == [DANA, EMI]


def test_a_legacy_list_id_is_not_that_of_a_list(account: Account) -> None:
    assert account.mailed(account.send({"contactLists": {"include": ["1"]}})) == [ADA, BRUNO, CHIDI]
    # Here, 101 is the id of that list, and no legacy id.
    for to in ({"contactLists": {"include": [seed.LIST_ID]}}, to_lists("1"), to_lists("Early adopters")):
        assert account.api.post(account.emails, json={"name": "N", "to": to}).status_code == 400


def test_an_active_list_has_the_members_of_the_time_of_the_send(account: Account) -> None:
    active = account.list(name="Leads", processingType="DYNAMIC", filterBranch=stage("lead"))
    account.box.clock.advance(10)
    start = account.box.clock.now().timestamp() + 3600
    at = {"sendOnPublish": False, "publishDate": str(int(start * 1000))}
    email_id = account.create(to_lists(active), **at)
    assert account.publish(email_id).status_code == 204
    assert (account.shown(email_id)["state"], account.rows(email_id)) == ("SCHEDULED", [])
    account.api.patch(f"{CONTACTS}/{EMI}", json={"properties": {"lifecyclestage": "lead"}})
    account.api.patch(f"{CONTACTS}/{BRUNO}", json={"properties": {"lifecyclestage": "customer"}})
    account.box.clock.advance(3600)
    # The first call after the time makes the send begin, whatever it is about.
    account.api.patch(f"{CONTACTS}/{ADA}", json={"properties": {"lifecyclestage": "lead"}})
    assert account.mailed(email_id) == [DANA, EMI]


def test_a_contact_that_was_merged_gets_one_mail(account: Account) -> None:
    body = {"primaryObjectId": ADA, "objectIdToMerge": BRUNO}
    assert account.api.post(f"{CONTACTS}/merge", json=body).status_code == 200
    survivor = account.api.get(f"{CONTACTS}/ada@example.com", params={"idProperty": "email"}).json()["id"]
    assert account.mailed(account.send(to_contacts(ADA, BRUNO))) == [survivor]


def test_a_merge_keeps_an_opt_out(account: Account) -> None:
    account.box.hubspot.set_person(id=BRUNO, unsubscribed=True)
    body = {"primaryObjectId": ADA, "objectIdToMerge": BRUNO}
    reply = account.api.post(f"{CONTACTS}/merge", json=body)
    assert reply.status_code == 200
    merged = reply.json()["id"]
    assert account.reasons(account.send(to_contacts(ADA))) == {merged: "PREVIOUSLY_UNSUBSCRIBED_PORTAL"}


# -- who gets no mail --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unsubscribed": True}, "PREVIOUSLY_UNSUBSCRIBED_PORTAL"),
        (
            {"subscriptions": {seed.DEFAULT_SUBSCRIPTION: "UNSUBSCRIBED"}},
            "PREVIOUSLY_UNSUBSCRIBED_MESSAGE",
        ),
        ({"bounced": True}, "PREVIOUSLY_BOUNCED"),
        ({"ineligible": True}, "PREVIOUSLY_BOUNCED"),
        ({"bad_address": True}, "INVALID_TO_ADDRESS"),
        ({"quarantined": True}, "QUARANTINED_ADDRESS"),
        ({"spam": True}, "PREVIOUS_SPAM"),
        # The first reason counts.
        ({"quarantined": True, "bounced": True, "unsubscribed": True}, "PREVIOUSLY_UNSUBSCRIBED_PORTAL"),
    ],
)
def test_a_contact_is_dropped_for_its_state_until_it_changes(
    account: Account, change: dict[str, Any], reason: str
) -> None:
    reply = account.api.post("/_sandbox/people", json={"id": ADA, **change})
    assert (reply.status_code, reply.json()["people"][0]["id"]) == (200, ADA)
    email_id = account.send(to_contacts(ADA, BRUNO))
    assert account.reasons(email_id) == {ADA: reason}
    assert account.mailed(email_id) == [BRUNO]
    (dropped,) = account.events(email_id, eventType="DROPPED")
    assert (dropped["recipient"], dropped["dropReason"]) == ("ada@example.com", reason)
    assert check_sums(account, email_id) == {reason: 1}
    undone = (
        {"subscriptions": {seed.DEFAULT_SUBSCRIPTION: "NOT_SPECIFIED"}} if "subscriptions" in change else {}
    )
    again = {name: False for name, value in change.items() if value is True} | undone
    account.box.hubspot.set_person(id=ADA, **again)
    assert account.mailed(account.send(to_contacts(ADA, BRUNO))) == [ADA, BRUNO]


def test_contacts_without_an_address_and_addresses_of_roles_get_no_mail(account: Account) -> None:
    made = [
        account.api.post(CONTACTS, json={"properties": values}).json()["id"]
        for values in ({"firstname": "Nobody"}, {"email": "noreply@example.com"})
    ]
    email_id = account.send(to_contacts(ADA, *made))
    assert account.reasons(email_id) == dict(zip(made, ("NO_ADDRESS", "INVALID_TO_ADDRESS"), strict=True))
    counters = account.counters(email_id)
    # HubSpot reports events by address.
    assert (counters["selected"], counters["notsent"], counters["dropped"]) == (3, 2, 1)
    check_sums(account, email_id)


def test_properties_of_opt_outs_and_subscriptions_are_one_thing(account: Account) -> None:
    names = ["hs_email_optout", f"hs_email_optout_{seed.EVENTS_SUBSCRIPTION}"]

    def properties(contact: str) -> list[str | None]:
        query = {"properties": ",".join(names)}
        shown = account.api.get(f"{CONTACTS}/{contact}", params=query).json()["properties"]
        return [shown[name] for name in names]

    status = "/communication-preferences/v4/statuses"
    assert properties(ADA) == [None, None]
    account.api.patch(f"{CONTACTS}/{ADA}", json={"properties": {names[0]: "true"}})
    wide = account.api.get(f"{status}/ada@example.com/unsubscribe-all", params={"channel": "EMAIL"}).json()
    assert wide["results"][0]["status"] == "UNSUBSCRIBED"
    # An address that opted out stays so, whichever contact has it.
    account.api.patch(f"{CONTACTS}/{ADA}", json={"properties": {names[0]: "false"}})
    assert properties(ADA) == ["true", None]
    body = {
        "channel": "EMAIL",
        "statusState": "UNSUBSCRIBED",
        "subscriptionId": seed.EVENTS_SUBSCRIPTION,
    }
    assert account.api.post(f"{status}/bruno@example.com", json=body).status_code == 200
    assert properties(BRUNO) == [None, "true"]
    by_type = {"subscriptionDetails": {"subscriptionId": str(seed.EVENTS_SUBSCRIPTION)}}
    email_id = account.send(to_contacts(*EVERYBODY), **by_type)
    assert account.reasons(email_id) == {
        ADA: "PREVIOUSLY_UNSUBSCRIBED_PORTAL",
        BRUNO: "PREVIOUSLY_UNSUBSCRIBED_MESSAGE",
    }
    account.api.patch(f"{CONTACTS}/{ADA}", json={"properties": {"email": "new@example.com"}})
    assert properties(ADA) == [None, None]
    made = account.api.post(CONTACTS, json={"properties": {"email": "ada@example.com"}}).json()["id"]
    assert properties(made) == ["true", None]
    without = {"firstname": "Z", names[0]: "true"}
    made = account.api.post(CONTACTS, json={"properties": without}).json()["id"]
    account.api.patch(f"{CONTACTS}/{made}", json={"properties": {"email": "z@example.com"}})
    assert properties(made) == ["true", None]


def test_settings_of_the_account_leave_people_out(account: Account) -> None:
    box, settings = account.box.hubspot, account.box.hubspot.settings
    settings.marketing_contacts = True
    box.set_person(id=ADA, marketable=True)
    email_id = account.send(to_contacts(ADA, BRUNO))
    assert account.reasons(email_id) == {BRUNO: "NON_MARKETABLE_CONTACT"}
    settings.marketing_contacts, settings.opt_in_only = False, True
    box.set_person(id=BRUNO, subscriptions={seed.DEFAULT_SUBSCRIPTION: "SUBSCRIBED"})
    email_id = account.send(to_contacts(ADA, BRUNO))
    assert account.reasons(email_id) == {ADA: "GDPR_DOI_ENABLED"}


def test_people_who_read_nothing_or_get_much_are_left_out_if_the_email_says_so(account: Account) -> None:
    for _ in range(2):
        account.send(to_contacts(ADA, BRUNO, CHIDI))
    # The first two fifths of an audience open a mail.
    account.box.hubspot.settings.graymail_after = 2
    to = to_contacts(ADA, BRUNO, CHIDI)
    assert account.mailed(account.send(to)) == [ADA, BRUNO, CHIDI]
    assert account.reasons(account.send(to | {"suppressGraymail": True})) == {CHIDI: "GRAYMAIL_SUPPRESSED"}
    # They got one a day ago, and Chidi one less today.
    account.box.hubspot.settings.mails_per_week = 5
    capped = account.send(to | {"limitSendFrequency": True})
    assert account.reasons(capped) == dict.fromkeys((ADA, BRUNO), "RECIPIENT_FATIGUE_SUPPRESSED")
    account.box.clock.advance(8 * 86400)
    assert account.mailed(account.send(to | {"limitSendFrequency": True})) == [ADA, BRUNO, CHIDI]


def test_shares_of_a_send_are_dropped_bounce_unsubscribe_and_report_spam(account: Account) -> None:
    settings = account.box.hubspot.settings
    made = account.api.post(
        f"{CONTACTS}/batch/create",
        json={"inputs": [{"properties": {"email": f"p{one}@example.com"}} for one in range(100)]},
    ).json()["results"]
    everybody = account.list(*(row["id"] for row in made))
    settings.drop_reasons = {"BLOCKED_DOMAIN": 0.05, "LOW_CONTACT_QUALITY_SCORE": 0.1}
    settings.bounce_share, settings.unsubscribe_share, settings.spam_share = 0.2, 0.1, 0.01
    email_id = account.send(to_lists(everybody))
    assert check_sums(account, email_id) == {
        "BLOCKED_DOMAIN": 5,
        "LOW_CONTACT_QUALITY_SCORE": 10,
        "UNKNOWN_USER": 17,
    }
    counters = account.counters(email_id)
    assert {name: counters[name] for name in ("selected", "sent", "delivered", "bounce")} == {
        "selected": 100,
        "sent": 85,
        "delivered": 68,
        "bounce": 17,
    }
    # Those that the provider drops have been sent to it: the event says which one makes it void.
    void = [one for one in account.events(email_id, eventType="SENT") if "obsoletedBy" in one]
    dropped = {one["id"]: one for one in account.events(email_id, eventType="DROPPED")}
    assert [dropped[one["obsoletedBy"]["id"]]["recipient"] for one in void] == [
        one["recipient"] for one in void
    ]
    assert {dropped[one["obsoletedBy"]["id"]]["dropReason"] for one in void} == {"BLOCKED_DOMAIN"}
    settings.drop_reasons, settings.bounce_share = {}, 0.0
    settings.unsubscribe_share = settings.spam_share = 0.0
    # What happened to the mails counts for the next send.
    assert Counter(account.reasons(account.send(to_lists(everybody))).values()) == {
        "PREVIOUSLY_BOUNCED": 17,
        "PREVIOUSLY_UNSUBSCRIBED_PORTAL": 7,
    }


def test_the_two_emails_of_a_test_divide_those_who_can_be_mailed_and_those_who_cannot(
    account: Account,
) -> None:
    account.box.hubspot.set_person(id=EMI, bounced=True)
    body = {"contentId": NEWS, "variationName": "B"}
    variation = account.api.post(f"{account.emails}/ab-test/create-variation", json=body).json()["id"]
    shown = account.shown(NEWS)["testing"]
    assert (shown["abTestPercentage"], shown["testId"]) == (100, NEWS)
    account.publish(NEWS)
    for one in (NEWS, variation):
        check_sums(account, one)
    assert sorted(account.mailed(NEWS) + account.mailed(variation)) == [ADA, BRUNO, CHIDI, DANA]
    assert account.reasons(variation) == {EMI: "PREVIOUSLY_BOUNCED"}


def test_a_send_that_fails_mails_nobody(account: Account) -> None:
    assert account.publish(seed.FAILING_EMAIL).status_code == 204
    assert account.shown(seed.FAILING_EMAIL)["state"] == "ERROR"
    campaign = account.campaign(seed.FAILING_EMAIL)
    assert (campaign["processingState"], campaign["counters"]["sent"]) == ("ERROR", 0)
    assert account.rows(seed.FAILING_EMAIL) == account.events(seed.FAILING_EMAIL) == []


def test_a_reason_must_be_one_of_hubspots(account: Account) -> None:
    reply = account.api.post("/_sandbox/settings", json={"drop_reasons": {"bad luck": 0.1}})
    assert (reply.status_code, "is not a reason of HubSpot" in reply.text) == (400, True)
    assert account.api.post("/_sandbox/settings", json={"bounce_share": 1.5}).status_code == 400


# -- time --------------------------------------------------------------------------------------------------


def test_a_slow_send_is_counted_while_it_goes_on(account: Account) -> None:
    settings = account.box.hubspot.settings
    settings.mails_per_second, settings.email_preprocessing = 0.01, 100
    account.box.hubspot.set_person(id=EMI, bounced=True)
    email_id = account.create(to_contacts(*EVERYBODY))
    account.publish(email_id, wait=50)
    assert account.shown(email_id)["state"] == "PRE_PROCESSING"
    assert account.shown(email_id)["stats"]["counters"] == {}
    account.box.clock.advance(300)
    assert account.shown(email_id)["state"] == "PROCESSING"
    counters, campaign = account.counters(email_id), account.campaign(email_id)
    assert [counters[name] for name in ("selected", "sent", "notsent", "pending")] == [5, 2, 1, 2]
    assert (campaign["processingState"], "lastProcessingFinishedAt" in campaign) == ("PROCESSING", False)
    check_sums(account, email_id)
    account.box.clock.advance(300)
    assert account.shown(email_id)["state"] == "PUBLISHED"
    assert [account.counters(email_id)[name] for name in ("sent", "pending")] == [4, 0]
    campaign = account.campaign(email_id)
    seconds = (campaign["lastProcessingFinishedAt"] - campaign["lastProcessingStartedAt"]) / 1000
    assert seconds == pytest.approx(500, abs=1)
    check_sums(account, email_id)


def test_figures_and_events_can_be_behind_the_state(account: Account) -> None:
    account.box.hubspot.settings.figures_lag = 1000
    email_id = account.send(to_contacts(*EVERYBODY))
    assert account.shown(email_id)["state"] == "PUBLISHED"
    assert account.shown(email_id)["stats"]["counters"] == {}
    assert (account.campaign(email_id)["counters"]["sent"], account.events(email_id)) == (0, [])
    assert account.campaign(email_id)["processingState"] == "DONE"
    account.box.clock.advance(1000)
    assert account.counters(email_id)["sent"] == 5
    check_sums(account, email_id)


def test_pages_of_events_do_not_repeat_or_lose_one_while_there_are_new_ones(account: Account) -> None:
    account.box.hubspot.settings.mails_per_second = 0.01
    email_id = account.create(to_contacts(*EVERYBODY))
    account.publish(email_id, wait=350)
    query = {"appId": seed.EMAIL_APP_ID, "campaignId": account.campaign(email_id)["id"], "limit": 2}
    before, found = account.events(email_id), []
    while True:
        page = account.api.get("/email/public/v1/events", params=query).json()
        found += page["events"]
        account.box.clock.advance(20)
        if not page["hasMore"]:
            break
        query["offset"] = page["offset"]
    assert found == before
    assert len(account.events(email_id)) > len(before)
    other = account.api.get("/email/public/v1/events", params={**query, "eventType": "SENT"})
    assert (other.status_code, "other filters" in other.text) == (400, True)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("events", {"campaignId": 1}, 400),
        ("events", {"eventType": "sent"}, 400),
        ("events", {"limit": 1001}, 400),
        ("events", {"offset": "nothing"}, 400),
        ("events", {"startTimestamp": "2026-01-01"}, 400),
        ("events/1/nothing", {}, 404),
        ("campaigns", {"offset": "?"}, 400),
        ("campaigns/1", {}, 404),
        # An email that is not sent is no campaign.
        (f"campaigns/{int(NEWS) + 1_000_000}", {}, 404),
        (f"campaigns/{int(seed.PUBLISHED_EMAIL) + 1_000_000}", {"appId": 1}, 404),
    ],
)
def test_email_analytics_reject_what_is_wrong(
    api: httpx.Client, path: str, query: dict[str, Any], status: int
) -> None:
    assert api.get(f"/email/public/v1/{path}", params=query).status_code == status


def test_deferred_mails_and_opens_by_machines_are_events_and_change_no_other_figure(account: Account) -> None:
    settings = account.box.hubspot.settings
    settings.defer_share, settings.machine_open_share, settings.bounce_share = 0.4, 0.6, 0.2
    settings.unsubscribe_share = settings.spam_share = 0.2
    email_id = account.send(to_contacts(*EVERYBODY))
    check_sums(account, email_id)
    events = account.events(email_id)
    assert Counter(event["type"] for event in events) == {
        "SENT": 5,
        "PROCESSED": 5,
        "DEFERRED": 2,
        "DELIVERED": 4,
        "BOUNCE": 1,
        "OPEN": 2 + 3,
        "CLICK": 1,
        "SPAMREPORT": 1,
        "STATUSCHANGE": 1,
    }
    delivered = {event["recipient"] for event in events if event["type"] == "DELIVERED"}
    assert {event["recipient"] for event in events if event["type"] == "DEFERRED"} <= delivered
    only = account.events(email_id, eventType="OPEN", excludeFilteredEvents="true")
    assert [event["filteredEvent"] for event in only] == [False, False]
    for event in events:
        one = account.api.get(f"/email/public/v1/events/{event['created']}/{event['id']}").json()
        assert one == event
        if "sentBy" in event:
            sent = account.api.get(
                f"/email/public/v1/events/{event['sentBy']['created']}/{event['sentBy']['id']}"
            )
            assert (sent.json()["type"], sent.json()["recipient"]) == ("SENT", event["recipient"])


def test_events_are_filtered_by_time_and_person(account: Account) -> None:
    email_id = account.send(to_contacts(ADA, BRUNO))
    every = account.events(email_id)
    last = max(one["created"] for one in every)
    assert account.events(email_id, startTimestamp=last + 1) == []
    assert account.events(email_id, endTimestamp=last) == every
    assert account.events(email_id, endTimestamp=min(one["created"] for one in every) - 1) == []
    of_ada = account.events(email_id, recipient="Ada@example.com")
    assert of_ada == [one for one in every if one["recipient"] == "ada@example.com"]
    assert {one["type"] for one in of_ada} == {"SENT", "PROCESSED", "DELIVERED", "OPEN", "CLICK"}


# -- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [{"subject": ""}, {"subject": " "}, {"from": {"replyTo": "a@example.com"}}, {"from": {"fromName": "A"}}],
)
def test_an_email_without_subject_or_sender_is_not_published(
    box: Sandbox, api: httpx.Client, paths: dict[str, str], fields: dict[str, Any]
) -> None:
    account = Account(box, api, paths["emails"])
    email_id = account.create(to_contacts(ADA), **fields)
    assert account.publish(email_id).status_code == 400
    assert (account.shown(email_id)["state"], account.rows(email_id)) == ("DRAFT", [])


def test_an_account_with_approvals_publishes_nothing_by_the_api(account: Account) -> None:
    account.box.hubspot.settings.approval_required = True
    reply = account.publish(NEWS)
    assert (reply.status_code, "approved" in reply.json()["message"]) == (403, True)
    assert account.shown(NEWS)["state"] == "DRAFT"


def test_the_month_has_a_limit_of_mails(account: Account) -> None:
    box = account.box
    # Into the middle of a month in which nothing was sent.
    box.clock.advance(40 * 86400)
    while not 10 <= box.clock.now().day <= 20:
        box.clock.advance(86400)
    box.hubspot.settings.monthly_send_limit = 5
    start = box.clock.now().timestamp() + 3600
    at = {"sendOnPublish": False, "publishDate": str(int(start * 1000))}
    scheduled = account.create(to_contacts(*EVERYBODY), **at)
    assert account.publish(scheduled).status_code == 204
    assert account.mailed(account.send(to_contacts(ADA))) == [ADA]
    too_many = account.publish(account.create(to_contacts(*EVERYBODY)))
    assert (too_many.status_code, "calendar month" in too_many.text) == (400, True)
    box.clock.advance(3600)
    assert set(account.reasons(scheduled).values()) == {"PORTAL_OVER_LIMIT"}
    assert account.counters(scheduled)["sent"] == 0
    box.clock.advance(40 * 86400)
    assert account.mailed(account.send(to_contacts(*EVERYBODY))) == [*EVERYBODY]


# -- control and pages -------------------------------------------------------------------------------------


def test_the_outbox_is_read_in_pages(account: Account) -> None:
    account.box.hubspot.set_person(email="emi@example.com", unsubscribed=True)
    email_id = account.send(to_contacts(*EVERYBODY), subject="News for {{ contact.firstname }}")

    def page(**query: Any) -> dict[str, Any]:
        found: dict[str, Any] = account.api.get("/_sandbox/outbox", params=query).json()
        return found

    first = page(email=email_id, limit=2)
    assert (first["total"], first["next"]) == (5, 2)
    assert [row["outcome"] for row in first["rows"]] == ["dropped", "delivered"]
    assert first["rows"][1]["subject"] == "News for Ada"
    rest = page(email=email_id, offset=2)
    assert (len(rest["rows"]), rest["next"]) == (3, None)
    assert {row["person"] for row in [*first["rows"], *rest["rows"]]} == {*EVERYBODY}
    assert {row["email"] for row in page(person=ADA)["rows"]} == {email_id, seed.PUBLISHED_EMAIL}
    assert account.api.get("/_sandbox/outbox", params={"limit": 10_001}).status_code == 400
    assert account.api.get("/_sandbox/outbox", params={"colour": "red"}).status_code == 400


def test_single_sends_are_in_the_outbox_and_obey_the_same_reasons(account: Account) -> None:
    account.box.hubspot.set_person(id=BRUNO, bounced=True)
    for address in ("ada@example.com", "bruno@example.com"):
        body = {"emailId": int(seed.TRANSACTIONAL_EMAIL), "message": {"to": address}}
        reply = account.api.post("/marketing/v3/transactional/single-email/send", json=body)
        assert reply.status_code == 200
    assert account.rows(seed.TRANSACTIONAL_EMAIL) == []
    account.box.clock.advance(10)
    assert [(row.person, row.outcome, row.reason) for row in account.rows(seed.TRANSACTIONAL_EMAIL)] == [
        (ADA, "delivered", None),
        (BRUNO, "dropped", "PREVIOUSLY_BOUNCED"),
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "5", "unsubscribed": True}, 404),
        ({"email": "nobody@example.com"}, 404),
        ({"unsubscribed": True}, 400),
        ({"id": ADA, "email": "ada@example.com"}, 400),
        ({"id": ADA, "mood": "bad"}, 400),
        ({"id": ADA, "subscriptions": {"1": "SUBSCRIBED"}}, 404),
        ({"id": ADA, "subscriptions": {str(seed.DEFAULT_SUBSCRIPTION): "maybe"}}, 400),
        # None of a list is changed if one of it is wrong.
        ([{"id": ADA, "bounced": True}, {"id": ADA, "mood": "bad"}], 400),
    ],
)
def test_changes_of_people_that_make_no_sense_are_rejected(
    account: Account, body: dict[str, Any] | list[dict[str, Any]], status: int
) -> None:
    assert account.api.post("/_sandbox/people", json=body).status_code == status
    assert account.mailed(account.send(to_contacts(ADA))) == [ADA]


def test_pages_show_who_got_an_email_and_who_did_not_and_why(account: Account) -> None:
    account.box.hubspot.set_person(id=BRUNO, quarantined=True)
    email_id = account.send(to_lists(seed.LIST_ID))
    home = account.api.get("/").text
    assert f'href="/?email={email_id}"' in home
    assert "QUARANTINED_ADDRESS 1" in home
    page = account.api.get("/", params={"email": email_id}).text
    for text in (f'href="/?contact={ADA}"', f'href="/?list={seed.LIST_ID}"', "QUARANTINED_ADDRESS"):
        assert text in page
    contact = account.api.get("/", params={"contact": BRUNO}).text
    assert email_id in contact
    members = account.api.get("/", params={"list": seed.LIST_ID}).text
    assert "Early adopters" in members
    assert "ada@example.com" in members


def test_the_emails_of_a_new_account_have_content(account: Account) -> None:
    shown = account.shown(NEWS)
    widgets = shown["content"]["widgets"]
    assert widgets["preview_text"]["body"]["value"]
    used = [
        name
        for section in shown["content"]["flexAreas"]["main"]["sections"]
        for column in section["columns"]
        for name in column["widgets"]
    ]
    html = "".join(str(widgets[name]["body"]) for name in used)
    for text in ("{{ contact.firstname }}", "| default(", "https://www.example.com/", "unsubscribe_link"):
        assert text in html
    assert shown["subscriptionDetails"]["officeLocationId"] == seed.OFFICE_LOCATION
    assert shown["previewKey"]

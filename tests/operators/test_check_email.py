"""A check of a send: what its task returns, how it ends, what it waits for, and what it refuses."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from workers import context, until

from airflow_provider_mkt.actions.hubspot import recipients
from airflow_provider_mkt.actions.procedure import InMemoryTaskState, Pages, Pause
from airflow_provider_mkt.actions.sending import (
    AudienceCount,
    Counting,
    ListSize,
    SendDetails,
    SendTarget,
)
from airflow_provider_mkt.client.errors import InvalidInput, TaskCancelled
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.lists import lists
from airflow_provider_mkt.client.marketo.emails import emails as marketo_emails
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.hooks.base import hook_for
from airflow_provider_mkt.operators.email_checks import CheckEmailOperator
from airflow_provider_mkt.operators.smart_campaigns import ScheduleCampaignOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException, AirflowSkipException, TaskDeferred

pytestmark = pytest.mark.usefixtures("short_waits")

HUBSPOT, MARKETO = "hubspot_default", "marketo_default"


def run(conn_id: str, call: Any) -> Any:
    with hook_for(conn_id) as hook:
        return hook.run(call)


def checking(conn_id: str = HUBSPOT, **arguments: Any) -> CheckEmailOperator:
    if conn_id == HUBSPOT:
        arguments.setdefault("email_id", hubspot.SCHEDULED_EMAIL)
    elif not {"email_id", "campaign_id"} & set(arguments):
        arguments.setdefault("program_id", marketo.EMAIL_PROGRAM)
    arguments.setdefault("poll_interval", 0.05)
    return CheckEmailOperator(task_id="check", conn_id=conn_id, **arguments)


def check(conn_id: str = HUBSPOT, **arguments: Any) -> Any:
    """Return the outcome of a check that only reports."""
    return checking(conn_id, on_error="report", **arguments).execute(context())


def found(outcome: Any) -> set[str]:
    return {one["id"] for one in outcome["checks"] if not one["ok"]}


def sends(box: Sandbox) -> int:
    """How many sends there are on both platforms."""
    sent = sum(len(one.sends) for one in box.hubspot.state.emails.all())
    return sent + sum(one.locked for one in box.marketo.state.programs.values())


def temporary(box: Sandbox) -> list[str]:
    return [one.name for one in box.hubspot.state.lists.all() if one.name.startswith(recipients.PREFIX)]


# -- the outcome --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3"])
def test_the_outcome_is_small_and_names_nobody(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", in_version(version))
    sandbox.hubspot.settings.list_processing = 0
    before = sends(sandbox)
    report = tmp_path / "report.jsonl"
    outcome = check(count="lists", report_path=str(report))
    assert outcome["target"] == {"platform": "hubspot", "kind": "email", "id": hubspot.SCHEDULED_EMAIL}
    assert outcome["account"]["id"] == str(hubspot.PORTAL_ID)
    assert outcome["audience"]["total"] == 3
    assert outcome["audience"]["exact"] is True
    assert len(json.dumps(outcome)) < 48_000
    assert len(outcome["preview"].encode()) < 20_000
    assert "@example.com" not in outcome["preview"].replace("news@example.com", "")
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    assert rows[0]["row"] == "send"
    assert [row["id"] for row in rows[1:]] == [one["id"] for one in outcome["checks"]]
    assert temporary(sandbox) == []
    assert sends(sandbox) == before


def in_version(version: str) -> str:
    import os

    connection = json.loads(os.environ["AIRFLOW_CONN_HUBSPOT_DEFAULT"])
    connection["extra"] = {**connection.get("extra", {}), "api_version": version}
    return json.dumps(connection)


def test_an_error_fails_the_task_and_the_outcome_is_in_xcom(sandbox: Sandbox) -> None:
    at = context()
    with pytest.raises(AirflowFailException, match=r"max_recipients is 2 \(audience.too_large\)"):
        checking(max_recipients=2).execute(at)
    assert at["ti"].pushed["return_value"]["status"] == "error"


def test_an_error_skips_the_task(sandbox: Sandbox) -> None:
    with pytest.raises(AirflowSkipException, match="too_large"):
        checking(max_recipients=2, on_error="skip").execute(context())


def test_severities_and_checks_to_ignore(sandbox: Sandbox) -> None:
    run(HUBSPOT, emails.update(hubspot.SCHEDULED_EMAIL, {"subject": ""}))
    outcome = check(severity={"subject.missing": "warning"}, ignore=["content.empty"])
    by_id = {one["id"]: one for one in outcome["checks"]}
    assert by_id["subject.missing"]["severity"] == "warning"
    assert "content.empty" not in by_id
    assert outcome["status"] == "warning"


def test_a_preview_of_a_long_email_is_cut(sandbox: Sandbox) -> None:
    links = "".join(f"<a href='https://www.mkt-reader.com/{'x' * 280}/{n}'>x</a>" for n in range(200))
    words = {f"widget{n}": {"body": {"html": links}} for n in range(3)}
    run(HUBSPOT, emails.update(hubspot.SCHEDULED_EMAIL, {"content": {"widgets": words}}))
    assert len(check()["preview"].encode()) < 20_000


def test_markdown_in_a_subject_is_shown_as_it_is(sandbox: Sandbox) -> None:
    run(HUBSPOT, emails.update(hubspot.SCHEDULED_EMAIL, {"subject": "50% | [off](https://bad.test)"}))
    assert r"50% \| \[off\]\(https://bad.test\)" in check()["preview"]


# -- the count ----------------------------------------------------------------------------------------


def test_a_list_that_is_computed_is_waited_for(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.list_processing = 0.3
    operation = {"operationType": "ALL_PROPERTY", "operator": "IS_KNOWN"}
    rule = {"filterType": "PROPERTY", "property": "email", "operation": operation}
    branch = {"filterBranchType": "AND", "filterBranches": [], "filters": [rule]}
    root = {"filterBranchType": "OR", "filterBranches": [branch], "filters": []}
    made = run(HUBSPOT, lists.create("Slow", processing_type="DYNAMIC", filter_branch=root))
    to = {"contactIlsLists": {"include": [made["listId"]], "exclude": []}}
    run(HUBSPOT, emails.update(hubspot.SCHEDULED_EMAIL, {"to": to}))
    outcome = check()
    assert outcome["audience"]["total"] == len(hubspot.CONTACT_IDS)
    assert "list.processing" not in found(outcome)


def test_without_the_right_to_create_lists_the_members_are_read(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.withheld_scopes = ("crm.lists.write", "crm.segments.write")
    with hook_for(HUBSPOT) as hook:
        details = hook.follow(hook.sending.describe(SendTarget("hubspot", "email", hubspot.SCHEDULED_EMAIL)))
        count = hook.follow(recipients.advance_count(details, "auto", InMemoryTaskState()))
    assert isinstance(count, AudienceCount)
    assert (count.how, count.total) == ("members", 3)


def test_without_any_right_to_count_it_is_at_most(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.withheld_scopes = (
        "crm.lists.write",
        "crm.segments.write",
        "crm.objects.contacts.read",
    )
    outcome = check(min_recipients=1, max_recipients=10)
    audience = outcome["audience"]
    assert (audience["total"], audience["at_most"], audience["exact"]) == (None, 3, False)
    assert "may not count" in audience["why"]
    assert "audience.not_exact" in found(outcome)
    assert outcome["status"] == "error"
    allowed = check(min_recipients=1, max_recipients=10, allow_estimate=True)
    by_id = {one["id"]: one for one in allowed["checks"]}
    assert by_id["audience.not_exact"]["severity"] == "warning"


def test_a_count_that_takes_too_long_is_not_known(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.list_processing = 3600
    outcome = check(count="lists", wait_timeout=0.2)
    assert "wait_timeout" in outcome["audience"]["why"]
    assert temporary(sandbox) == []


def test_the_count_waits_in_the_triggerer(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.list_processing = 1000
    operator = checking(count="lists", deferrable=True, on_error="report")
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context())
    trigger = deferred.value.trigger
    assert trigger.jobs[0]["kind"] == "list_processing"
    assert len(temporary(sandbox)) > 1
    sandbox.clock.advance(1000)
    resumed = checking(count="lists", deferrable=True, on_error="report")
    resumed._resumed = True
    outcome = resumed.resume(context(), {"status": "success"})
    assert outcome["audience"]["total"] == 3
    assert outcome["calls"] > 20
    assert temporary(sandbox) == []


def test_a_killed_task_deletes_its_lists(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.list_processing = 3600
    operator = checking(count="lists")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(operator.execute, context())
        until(lambda: "all" in " ".join(temporary(sandbox)).split())
        operator.on_kill()
        with pytest.raises(TaskCancelled):
            running.result(120)
    assert temporary(sandbox) == []


@pytest.mark.parametrize("how", ["auto", "extract", "members"])
def test_marketo_without_any_right_to_count_is_unknown(sandbox: Sandbox, how: str) -> None:
    sandbox.marketo.faults.add("*/describe2.json", answer={"code": "603"}, times=9)
    outcome = check(MARKETO, count=how, max_recipients=10)
    assert outcome["audience"]["at_most"] is None
    assert "audience.unknown" in found(outcome)
    assert outcome["status"] == "error"


def test_an_extract_waits_in_the_triggerer(sandbox: Sandbox) -> None:
    operator = checking(MARKETO, count="extract", deferrable=True, on_error="report")
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context())
    assert deferred.value.trigger.jobs[0]["kind"] == "lead_export"
    sandbox.clock.advance(600)
    resumed = checking(MARKETO, count="extract", deferrable=True, on_error="report")
    resumed._resumed = True
    outcome = resumed.resume(context(), {"status": "success"})
    assert (outcome["audience"]["how"], outcome["audience"]["total"]) == ("extract", 3)


def test_a_retry_continues_the_extract_of_the_first_try(sandbox: Sandbox) -> None:
    with pytest.raises(TaskDeferred):
        checking(MARKETO, count="extract", deferrable=True).execute(context())
    sandbox.clock.advance(600)
    check(MARKETO, count="extract")
    assert len(run(MARKETO, bulk_extracts.list_jobs("leads"))) == 1


# -- history ------------------------------------------------------------------------------------------


def test_the_last_send_is_that_of_the_series(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    rows = [
        {"series": "webinar", "name": "Spring", "sent": 2, "at": "2026-01-02T00:00:00Z"},
        {"series": "webinar", "name": "Winter", "sent": 9, "at": "2026-01-01T00:00:00Z"},
        {"series": "other", "name": "Other", "sent": 100, "at": "2026-01-03T00:00:00Z"},
        {"series": "webinar", "account": "1", "name": "Elsewhere", "sent": 50, "at": "2026-01-04T00:00:00Z"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    outcome = check(max_change_from_last="60%", history_path=str(path), series="webinar")
    assert (outcome["audience"]["last"], outcome["audience"]["change"]) == (2, 0.5)
    assert "audience.changed" not in found(outcome)


def test_hubspot_tells_the_last_email_to_the_list(sandbox: Sandbox) -> None:
    outcome = check(max_change_from_last="1%")
    assert outcome["audience"]["last"] == 3
    assert not {"audience.changed", "audience.no_history"} & found(outcome)


def test_a_history_that_is_not_one_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("no json\n")
    with pytest.raises(AirflowFailException, match="history_path"):
        checking(max_change_from_last="1%", history_path=str(path)).execute(context())


# -- bad input ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("conn_id", "arguments", "message"),
    [
        (HUBSPOT, {"email_id": "987654"}, "987654"),
        (HUBSPOT, {"email_id": ""}, "email_id"),
        (HUBSPOT, {"program_id": 1}, "program_id"),
        (HUBSPOT, {"campaign_id": 1}, "campaign_id"),
        (HUBSPOT, {"count": "extract"}, "count"),
        (HUBSPOT, {"min_recipients": 10, "max_recipients": 5}, "min_recipients"),
        (HUBSPOT, {"max_recipients": "many"}, "max_recipients"),
        (HUBSPOT, {"max_recipients": 5, "count": "none"}, "max_recipients"),
        (HUBSPOT, {"max_excluded": 15}, "max_excluded"),
        (HUBSPOT, {"max_blank": "a lot"}, "max_blank"),
        (HUBSPOT, {"not_after": "2026-01-01"}, "not_after"),
        (HUBSPOT, {"must_include": "Customers"}, "must_include"),
        (HUBSPOT, {"min_hours_between_sends": "day"}, "min_hours_between_sends"),
        (MARKETO, {"program_id": 987654}, "987654"),
        (MARKETO, {"program_id": marketo.NURTURE_PROGRAM}, "Engagement"),
        (MARKETO, {"campaign_id": 987654}, "987654"),
        (MARKETO, {"campaign_id": marketo.BATCH_CAMPAIGN, "email_id": 987654}, "987654"),
        (MARKETO, {"email_id": 987654}, "987654"),
        (MARKETO, {"email_id": marketo.DRAFT_EMAIL, "max_recipients": 5}, "max_recipients"),
        (MARKETO, {"count": "lists"}, "count"),
        (MARKETO, {"quiet_hours": ("21:00", "08:00")}, "timezone"),
    ],
)
def test_what_cannot_be_checked_is_refused_and_nothing_is_sent(
    sandbox: Sandbox, conn_id: str, arguments: dict[str, Any], message: str
) -> None:
    before = sends(sandbox)
    with pytest.raises(AirflowFailException, match=message):
        checking(conn_id, **arguments).execute(context())
    assert sends(sandbox) == before
    assert temporary(sandbox) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", "exact"),
        ("on_error", "ignore"),
        ("account_kind", "live"),
        ("severity", {"no.such": "error"}),
        ("severity", {"subject.missing": "fatal"}),
        ("ignore", ["no.such"]),
        ("ignore", "subject.missing"),
        ("quiet_hours", "21:00"),
        ("quiet_hours", ("21:00", "25:00")),
    ],
)
def test_literals_are_checked_when_the_dag_is_parsed(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput):
        CheckEmailOperator(task_id="check", conn_id=HUBSPOT, email_id="1", **{name: value})


# -- a large audience ---------------------------------------------------------------------------------

_MILLION = SendDetails(
    target=SendTarget("hubspot", "email", "1"),
    name="Everybody",
    state="DRAFT",
    sendable=True,
    kind="BATCH_EMAIL",
    regular=True,
    subscription_type="7",
    lists=(ListSize("11", "Customers", size=600_000), ListSize("12", "Readers", size=400_000)),
    excluded_lists=(ListSize("13", "Exclusions", size=50_000),),
)
_PROPERTIES = (
    "email",
    "hs_email_optout",
    "hs_email_optout_7",
    "hs_email_hard_bounce_reason_enum",
    "hs_email_bad_address",
    "hs_email_quarantined",
    "hs_marketable_status",
)


def test_a_million_recipients_are_counted_with_25_calls() -> None:
    """The number of calls does not depend on the number of people: the platform counts."""
    made: dict[str, str] = {}
    calls: list[str] = []

    def answer(step: Any) -> Any:
        calls.append(step.name)
        match step.name:
            case "properties.list":
                return [{"name": name} for name in _PROPERTIES]
            case "contact_search.search":
                return [{"id": "1"}]
            case "lists.search":
                return []
            case "lists.create":
                body = step.body.value
                made[str(len(made))] = body["name"]
                return {"listId": str(len(made) - 1)}
            case "lists.batch_read":
                total = 1_000_000
                return [
                    {
                        "listId": one,
                        "processingStatus": "COMPLETE",
                        "size": total if " all" in name else 1_000,
                    }
                    for one, name in made.items()
                ]
            case "list_memberships.members":
                return []
            case "lists.delete":
                return None
        raise AssertionError(step.name)

    procedure = recipients.advance_count(_MILLION, "auto", InMemoryTaskState(), fields=["email"])
    step = next(procedure)
    try:
        while True:
            assert not isinstance(step, (Pages, Pause))
            step = procedure.send(answer(step))
    except StopIteration as stop:
        count = stop.value
    assert not isinstance(count, Counting)
    assert (count.total, count.at_most, count.exact) == (1_000_000, 992_000, True)
    assert count.excluded["PREVIOUSLY_UNSUBSCRIBED_MESSAGE"] == 1_000
    assert calls.count("lists.create") == calls.count("lists.delete") == 10
    assert len(calls) == 25


# -- what is counted is what is sent ------------------------------------------------------------------


@pytest.mark.parametrize("how", ["lists", "members"])
def test_what_is_counted_is_what_hubspot_sends(sandbox: Sandbox, how: str) -> None:
    box = sandbox.hubspot
    box.settings.list_processing = box.settings.email_preprocessing = box.settings.email_processing = 0
    unsubscribed, bounced, quarantined, opted_out, _ = hubspot.CONTACT_IDS
    box.set_person(id=unsubscribed, unsubscribed=True)
    box.set_person(id=bounced, bounced=True)
    box.set_person(id=quarantined, quarantined=True)
    # Who opted out of one type gets the email of another.
    box.set_person(id=opted_out, subscriptions={hubspot.DEFAULT_SUBSCRIPTION: "UNSUBSCRIBED"})
    nobody = run(HUBSPOT, contacts.create({"firstname": "Nobody"}))["id"]
    role = run(HUBSPOT, contacts.create({"email": "noreply@example.com"}))["id"]
    to = {"contactIds": {"include": [*hubspot.CONTACT_IDS, nobody, role], "exclude": []}}
    details = {"subscriptionId": str(hubspot.DEFAULT_SUBSCRIPTION)}
    run(HUBSPOT, emails.update(hubspot.NEWSLETTER_EMAIL, {"to": to, "subscriptionDetails": details}))
    audience = check(email_id=hubspot.NEWSLETTER_EMAIL, count=how)["audience"]
    run(HUBSPOT, emails.publish(hubspot.NEWSLETTER_EMAIL))
    sandbox.clock.advance(60)
    rows = [row for row in box.outbox if row.email == hubspot.NEWSLETTER_EMAIL]
    dropped = Counter(row.reason for row in rows if row.outcome == "dropped")
    assert audience["total"] == len(rows) == 7
    assert audience["excluded"] == dropped
    assert audience["at_most"] == sum(row.outcome != "dropped" for row in rows) == 1


def test_what_is_counted_is_what_marketo_sends(sandbox: Sandbox) -> None:
    box = sandbox.marketo
    box.set_person(id=marketo.ANNA, unsubscribed=True)
    world, made = box.state, []
    for values in (
        {"email": "p0@example.com"},
        {"email": "p1@example.com"},
        {"email": "p2@example.com"},
        {"lastName": "Nobody"},
        {"email": "P0@example.com"},
    ):
        lead = world.leads.insert(dict(values), world.leads.partitions[0], world.now())
        world.lists[marketo.STATIC_LIST].members[lead.id] = world.now()
        made.append(lead.id)
    box.set_person(id=made[1], black_listed=True)
    start = datetime.now(UTC) + timedelta(hours=1)
    run(MARKETO, programs.reschedule(marketo.EMAIL_PROGRAM, start, start + timedelta(days=1)))
    audience = check(MARKETO)["audience"]
    run(MARKETO, programs.approve(marketo.EMAIL_PROGRAM))
    sandbox.clock.advance(2 * 3600)
    sent = [row for row in box.outbox if row.email == str(marketo.NEWSLETTER_EMAIL)]
    dropped = Counter(row.reason for row in sent if row.outcome == "dropped")
    assert audience["total"] == len(sent) == 8
    assert audience["excluded"] == dropped
    assert audience["at_most"] == sum(row.outcome != "dropped" for row in sent)


def test_a_smart_list_that_cannot_be_extracted_is_counted_by_its_static_list(sandbox: Sandbox) -> None:
    sandbox.marketo.settings.extracts_by_local_smart_list = False
    sandbox.marketo.settings.export_minutes = 0
    audience = check(MARKETO, count="extract")["audience"]
    assert (audience["how"], audience["total"], audience["exact"]) == ("extract", 3, True)


# -- what was checked is what is sent -----------------------------------------------------------------


def test_a_campaign_that_was_checked_with_its_email_can_be_scheduled(sandbox: Sandbox) -> None:
    email_id = str(marketo.APPROVED_EMAIL)
    outcome = check(MARKETO, campaign_id=marketo.BATCH_CAMPAIGN, email_id=email_id)
    schedule = ScheduleCampaignOperator(
        task_id="schedule",
        conn_id=MARKETO,
        campaign_id=marketo.BATCH_CAMPAIGN,
        check=outcome,
        allow_operational=False,
    )
    schedule.execute(context(task="schedule"))
    assert len(sandbox.marketo.state.campaigns[marketo.BATCH_CAMPAIGN].scheduled) == 1


def test_a_campaign_whose_email_changed_after_the_check_is_not_scheduled(sandbox: Sandbox) -> None:
    email_id = str(marketo.APPROVED_EMAIL)
    outcome = check(MARKETO, campaign_id=marketo.BATCH_CAMPAIGN, email_id=email_id)
    sandbox.clock.advance(60)
    run(MARKETO, marketo_emails.update_headers(email_id, subject="Another"))
    schedule = ScheduleCampaignOperator(
        task_id="schedule", conn_id=MARKETO, campaign_id=marketo.BATCH_CAMPAIGN, check=outcome
    )
    with pytest.raises(AirflowFailException, match=r"check\.changed|changed"):
        schedule.execute(context(task="schedule"))
    assert sandbox.marketo.state.campaigns[marketo.BATCH_CAMPAIGN].scheduled == []


def test_links_are_requested_only_on_request(sandbox: Sandbox) -> None:
    url = sandbox.hubspot.url
    html = f"<a href='{url}/_sandbox/state'>works</a><a href='{url}/no/such/page'>gone</a>"
    widgets = {"text": {"body": {"html": html}}}
    run(HUBSPOT, emails.update(hubspot.SCHEDULED_EMAIL, {"content": {"widgets": widgets}}))
    assert "links.broken" not in {one["id"] for one in check()["checks"]}
    broken = {one["id"]: one for one in check(check_links=True)["checks"]}["links.broken"]
    assert broken["value"] == [f"{url}/no/such/page: status 404"]

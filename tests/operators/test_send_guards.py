"""Each safeguard, on each operator that sends: what it refuses, and that nothing is sent then."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow_runs import Airflow
from member_runs import no_calls
from workers import context

from airflow_provider_mkt.actions.sending import SendTarget
from airflow_provider_mkt.client.errors import InvalidInput, OutcomeUnknown, SendRefused
from airflow_provider_mkt.hooks.base import hook_for
from airflow_provider_mkt.operators.campaign_requests import RequestCampaignOperator
from airflow_provider_mkt.operators.email_tests import SendSampleEmailOperator
from airflow_provider_mkt.operators.emails import PublishEmailOperator, UpdateEmailOperator
from airflow_provider_mkt.operators.hubspot import HubSpotOperator
from airflow_provider_mkt.operators.marketo import MarketoOperator
from airflow_provider_mkt.operators.nurture import EnrollNurtureOperator
from airflow_provider_mkt.operators.programs import ScheduleEmailProgramOperator
from airflow_provider_mkt.operators.sends import (
    SendEmailToPeopleOperator,
    SendSingleEmailOperator,
    SendTransactionalEmailOperator,
)
from airflow_provider_mkt.operators.sequences import EnrollSequenceOperator
from airflow_provider_mkt.operators.smart_campaigns import ActivateCampaignOperator, ScheduleCampaignOperator
from airflow_provider_mkt.operators.workflows import EnrollWorkflowOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException, AirflowSkipException, TaskDeferred

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")


@pytest.fixture(autouse=True)
def single_sends_without_a_queue(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.send_queue = sandbox.hubspot.settings.send_processing = 0


LATER = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
PEOPLE = [marketo.ANNA, marketo.BEN]


@dataclass(frozen=True)
class Row:
    """An operator that sends, with arguments that let it do so on a new sandbox.

    :param people: how many people are given to it; 0 where the platform knows them.
    :param goes_out_now: whether its mail goes out at once.
    """

    operator: Any
    platform: str
    arguments: dict[str, Any]
    people: int = 0
    goes_out_now: bool = True

    def make(self, **more: Any) -> Any:
        conn_id = more.pop("conn_id", f"{self.platform}_default")
        return self.operator(task_id="send", conn_id=conn_id, **{**self.arguments, **more})


ROWS = {
    "publish": Row(PublishEmailOperator, "hubspot", {"email_id": hubspot.NEWSLETTER_EMAIL}),
    "publish program": Row(
        PublishEmailOperator,
        "marketo",
        {"program_id": marketo.EMAIL_PROGRAM, "publish_at": LATER},
        goes_out_now=False,
    ),
    "schedule program": Row(
        ScheduleEmailProgramOperator,
        "marketo",
        {"program_id": marketo.EMAIL_PROGRAM, "publish_at": LATER},
        goes_out_now=False,
    ),
    "schedule campaign": Row(
        ScheduleCampaignOperator, "marketo", {"campaign_id": marketo.BATCH_CAMPAIGN}, goes_out_now=False
    ),
    "request campaign": Row(
        RequestCampaignOperator,
        "marketo",
        {"leads": PEOPLE, "campaign_id": marketo.REQUEST_CAMPAIGN},
        people=2,
    ),
    "hubspot nurture": Row(
        EnrollNurtureOperator,
        "hubspot",
        {"campaign_id": hubspot.TRIAL_NURTURE, "leads": list(hubspot.LEAD_GUIDS[:2])},
        people=2,
    ),
    "marketo nurture": Row(
        EnrollNurtureOperator,
        "marketo",
        {"leads": PEOPLE, "program_id": marketo.NURTURE_PROGRAM, "status_name": "Member"},
        people=2,
    ),
    "workflow": Row(
        EnrollWorkflowOperator,
        "hubspot",
        {"flow_id": automation.REMINDER_FLOW, "leads": list(hubspot.CONTACT_IDS[:2])},
        people=2,
    ),
    "sequence": Row(
        EnrollSequenceOperator,
        "hubspot",
        {
            "leads": list(hubspot.CONTACT_IDS[:2]),
            "sequence_id": automation.FOLLOW_UP_SEQUENCE,
            "user_id": automation.SALES_USER,
            "sender_email": automation.SALES_ADDRESS,
        },
        people=2,
    ),
    "people": Row(
        SendEmailToPeopleOperator,
        "hubspot",
        {
            "email_id": hubspot.TRANSACTIONAL_EMAIL,
            "leads": ["new1@example.com", "new2@example.com"],
            "poll_interval": 0.05,
        },
        people=2,
    ),
    "transactional": Row(
        SendTransactionalEmailOperator,
        "hubspot",
        {"email_id": hubspot.TRANSACTIONAL_EMAIL, "to": "new@example.com"},
    ),
    "single": Row(
        SendSingleEmailOperator, "hubspot", {"email_id": hubspot.SINGLE_SEND_EMAIL, "to": "new@example.com"}
    ),
}
LISTED = [name for name in ROWS if name.startswith(("publish", "schedule"))]
"""Sends whose recipients the platform knows."""
COUNTED = [name for name, row in ROWS.items() if row.people]

each = pytest.mark.parametrize("name", ROWS)


def writes(box: Sandbox) -> int:
    """Count the requests that changed something."""
    reads = ("search", "batch/read", "oauth", "token", "describe", "idmapping")
    return sum(
        counter.total
        for platform in box.platforms.values()
        for (method, route), counter in platform.calls.routes.items()
        if method != "GET" and not any(word in route for word in reads)
    )


def run_of(when: datetime | None, *, kind: str = "scheduled", conf: Any = None) -> SimpleNamespace:
    """A DAG run whose data interval ended then."""
    start = None if when is None else when - timedelta(days=1)
    return SimpleNamespace(
        run_type=kind,
        run_after=when or datetime.now(UTC),
        logical_date=start,
        data_interval_start=start,
        data_interval_end=when,
        conf=conf,
    )


def refusal(operator: Any, **given: Any) -> str:
    """The error of a task that fails without retry."""
    with pytest.raises(AirflowFailException) as raised:
        operator.execute({**context(), **given})
    return str(raised.value)


def assert_refused(box: Sandbox, operator: Any, code: str, **given: Any) -> str:
    before = writes(box)
    error = refusal(operator, **given)
    assert f"code {code}" in error
    assert "nothing was sent" in error
    assert writes(box) == before
    return error


def deferred_until(operator: Any) -> datetime:
    with pytest.raises(TaskDeferred) as raised:
        operator.execute(context())
    moment: datetime = raised.value.trigger.moment  # type: ignore[attr-defined]
    return moment


def clock_around(moment: datetime, *, inside: bool) -> tuple[str, str]:
    """Hours of two that a moment is in, or of two that it is not in."""
    start = moment.astimezone(UTC) + timedelta(hours=-1 if inside else 3)
    return f"{start:%H:%M}", f"{start + timedelta(hours=2):%H:%M}"


# -- what every operator has ---------------------------------------------------------------------------


@each
def test_without_safeguards_it_sends(sandbox: Sandbox, name: str) -> None:
    outcome = ROWS[name].make().execute(context())
    assert "approval" not in outcome
    assert writes(sandbox) > 0


@each
def test_another_account_is_refused(sandbox: Sandbox, name: str) -> None:
    error = assert_refused(sandbox, ROWS[name].make(expect_account="999"), "account.unexpected")
    assert "expect_account is 999" in error


@each
def test_the_expected_account_is_accepted(sandbox: Sandbox, name: str) -> None:
    row = ROWS[name]
    account = hook_for(f"{row.platform}_default").account_name()
    assert account == (str(hubspot.PORTAL_ID) if row.platform == "hubspot" else account)
    row.make(expect_account=account).execute(context())
    assert writes(sandbox) > 0


@each
def test_after_not_after_it_is_refused(sandbox: Sandbox, name: str) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    assert_refused(sandbox, ROWS[name].make(not_after=past), "schedule.too_late")


@pytest.mark.parametrize("name", [one for one, row in ROWS.items() if not row.goes_out_now])
def test_a_schedule_after_not_after_is_refused(sandbox: Sandbox, name: str) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    assert_refused(sandbox, ROWS[name].make(not_after=soon.isoformat()), "schedule.too_late")
    ROWS[name].make(not_after=LATER).execute(context())


@each
def test_a_run_that_comes_late_is_refused(sandbox: Sandbox, name: str) -> None:
    operator = functools.partial(ROWS[name].make, max_lateness=timedelta(hours=6))
    yesterday = run_of(datetime.now(UTC) - timedelta(days=1))
    assert_refused(sandbox, operator(), "schedule.late", dag_run=yesterday)
    operator().execute({**context(), "dag_run": run_of(datetime.now(UTC) - timedelta(hours=1))})
    assert writes(sandbox) > 0


@each
def test_a_backfill_sends_nothing_unless_it_may(sandbox: Sandbox, name: str) -> None:
    row = ROWS[name]
    backfill = {"dag_run": run_of(datetime.now(UTC) - timedelta(days=9), kind="backfill")}
    with pytest.raises(AirflowSkipException, match="backfill run"):
        row.make(max_lateness=timedelta(hours=6)).execute({**context(), **backfill})
    assert writes(sandbox) == 0
    row.make(max_lateness=timedelta(hours=6), allow_backfill=True).execute({**context(), **backfill})
    assert writes(sandbox) > 0


@each
def test_quiet_hours_hold_mail_back_that_goes_out_now_and_refuse_a_schedule(
    sandbox: Sandbox, name: str
) -> None:
    row = ROWS[name]
    moment = datetime.now(UTC) if row.goes_out_now else LATER
    if name == "schedule campaign":
        row.arguments["run_at"] = LATER
    quiet = clock_around(moment, inside=True)
    operator = row.make(quiet_hours=quiet, timezone="UTC")
    if row.goes_out_now:
        until = deferred_until(operator)
        assert f"{until:%H:%M}" == quiet[1]
        assert timedelta() < until - datetime.now(UTC) <= timedelta(hours=1, minutes=1)
    else:
        assert_refused(sandbox, operator, "schedule.quiet_hours")
    assert writes(sandbox) == 0
    row.make(quiet_hours=clock_around(moment, inside=False), timezone="UTC").execute(context())
    assert writes(sandbox) > 0


def test_quiet_hours_that_end_after_not_after_are_not_waited_for(sandbox: Sandbox) -> None:
    quiet = clock_around(datetime.now(UTC), inside=True)
    soon = datetime.now(UTC) + timedelta(minutes=10)
    operator = ROWS["publish"].make(quiet_hours=quiet, timezone="UTC", not_after=soon)
    assert_refused(sandbox, operator, "schedule.too_late")


@each
def test_a_rejection_is_refused_and_an_approval_is_in_the_outcome(sandbox: Sandbox, name: str) -> None:
    row = ROWS[name]
    answer = {"approved": False, "approved_by": "Kim", "answered_at": "2026-01-01T09:00:00+00:00"}
    assert "not approved by Kim" in assert_refused(sandbox, row.make(approval=answer), "approval.rejected")
    own = {"chosen_options": ["Reject"], "responded_by_user": {"id": "7", "name": "Lee"}}
    assert "not approved by Lee" in assert_refused(sandbox, row.make(approval=own), "approval.rejected")
    outcome = row.make(approval={**answer, "approved": True}).execute(context())
    assert outcome["approval"] == {"by": "Kim", "at": "2026-01-01T09:00:00+00:00"}


def approval_of(check: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The outcome of ApproveEmailOperator for a check."""
    kept = {name: check[name] for name in ("fingerprint", "target")}
    audience = check["audience"]["at_most"]
    return {"approved": True, "approved_by": "Kim", "requested": True, "audience": audience, **kept, **more}


@each
def test_an_approval_of_something_else_is_refused(sandbox: Sandbox, name: str) -> None:
    row = ROWS[name]
    other = {"platform": "marketo" if row.platform == "hubspot" else "hubspot", "kind": "email", "id": "1"}
    answer = {"approved": True, "fingerprint": "1-2-3", "target": other}
    assert_refused(sandbox, row.make(approval=answer), "approval.other")


def test_an_approval_of_a_campaign_holds_for_its_requests_until_the_campaign_changes(
    sandbox: Sandbox,
) -> None:
    row = ROWS["request campaign"]
    check = check_of("marketo", "smart_campaign", str(marketo.REQUEST_CAMPAIGN))
    answer = approval_of(check)
    other = {**check["target"], "id": str(marketo.BATCH_CAMPAIGN)}
    assert_refused(sandbox, row.make(approval={**answer, "target": other}), "approval.other")
    assert_refused(sandbox, row.make(approval={**answer, "fingerprint": "1-2-3"}), "approval.changed")
    assert row.make(approval=answer).execute(context())["requested"] == 2


def test_an_approval_that_no_person_gave_holds_for_few_people_only(sandbox: Sandbox) -> None:
    row = ROWS["request campaign"]
    answer = {"approved": True, "requested": False, "approve_above": 1}
    assert "no person has approved it" in assert_refused(
        sandbox, row.make(approval=answer), "approval.missing"
    )
    assert row.make(approval={**answer, "approve_above": 2}).execute(context())["requested"] == 2


@pytest.mark.parametrize("person", [True, False], ids=["person", "nobody"])
def test_an_approval_does_not_hold_for_a_list_that_grew_since(sandbox: Sandbox, person: bool) -> None:
    _everybody(sandbox)
    answer = approval_of(check_of("hubspot", *TARGETS["publish"]), requested=person, approve_above=3)
    hook = hook_for("hubspot_default")
    with hook:
        from airflow_provider_mkt.client.hubspot.lists import list_memberships

        hook.run(list_memberships.add(hubspot.LIST_ID, [hubspot.CONTACT_IDS[3]]))
    publish = functools.partial(ROWS["publish"].make, approval=answer)
    error = assert_refused(sandbox, publish(), "audience.grown")
    assert "4 recipients now and were 3 at the approval" in error
    if not person:
        assert_refused(sandbox, publish(max_growth=None), "approval.missing")
    ROWS["publish"].make(approval={**answer, "approve_above": 4}, max_growth="50%").execute(context())


def test_an_approval_of_a_campaign_and_its_email_holds_without_the_check(sandbox: Sandbox) -> None:
    hook = hook_for("marketo_default")
    with hook:
        target = SendTarget(
            "marketo", "smart_campaign", str(marketo.BATCH_CAMPAIGN), str(marketo.APPROVED_EMAIL)
        )
        details = hook.follow(hook.sending.describe(target))
    answer = {"approved": True, "fingerprint": details.fingerprint, "target": target.to_json()}
    assert ROWS["schedule campaign"].make(approval=answer).execute(context())["scheduled"] is True


@each
def test_an_approval_that_has_no_value_is_refused(sandbox: Sandbox, name: str) -> None:
    operator = ROWS[name].make(approval="{{ ti.xcom_pull('approve') }}")
    # What the template renders to when the task that asks was skipped.
    operator.approval = None
    assert_refused(sandbox, operator, "approval.missing")


@each
def test_a_dry_run_changes_nothing_and_says_that_it_would_send(sandbox: Sandbox, name: str) -> None:
    row = ROWS[name]
    outcome = row.make(dry_run=True).execute(context())
    assert (outcome["outcome"], outcome["would_send"], outcome["reason"]) == ("dry_run", True, "")
    if row.people:
        assert outcome["audience"] == {"at_most": row.people, "exact": True}
    assert writes(sandbox) == 0
    assert row.make(dry_run="false").execute(context())["outcome"] != "dry_run"


@each
def test_a_dry_run_says_what_would_be_refused(sandbox: Sandbox, name: str) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    outcome = ROWS[name].make(dry_run=True, not_after=past).execute(context())
    assert (outcome["would_send"], outcome["code"]) == (False, "schedule.too_late")
    assert writes(sandbox) == 0


# -- the switch that turns sends off -------------------------------------------------------------------


def switch_off(monkeypatch: pytest.MonkeyPatch, platform: str, **extra: Any) -> None:
    """Change the connection of a platform."""
    import os

    name = f"AIRFLOW_CONN_{platform.upper()}_DEFAULT"
    given = json.loads(os.environ[name])
    monkeypatch.setenv(name, json.dumps({**given, "extra": {**given.get("extra", {}), **extra}}))


SENDERS: dict[str, tuple[str, Callable[[], Any]]] = {
    **{name: (row.platform, row.make) for name, row in ROWS.items()},
    "sample": (
        "marketo",
        lambda: SendSampleEmailOperator(
            task_id="send", conn_id="marketo_default", email_id=marketo.DRAFT_EMAIL, to="a@example.com"
        ),
    ),
    "activate": (
        "marketo",
        lambda: ActivateCampaignOperator(
            task_id="send", conn_id="marketo_default", campaign_id=marketo.INACTIVE_CAMPAIGN
        ),
    ),
    "named call": (
        "hubspot",
        lambda: HubSpotOperator(
            task_id="send",
            conn_id="hubspot_default",
            call="emails.publish",
            arguments={"email_id": hubspot.NEWSLETTER_EMAIL},
        ),
    ),
    "named marketo call": (
        "marketo",
        lambda: MarketoOperator(
            task_id="send",
            conn_id="marketo_default",
            call="campaigns.request",
            arguments={"campaign_id": marketo.REQUEST_CAMPAIGN, "lead_ids": PEOPLE},
        ),
    ),
    "raw call": (
        "hubspot",
        lambda: HubSpotOperator(
            task_id="send",
            conn_id="hubspot_default",
            call="raw",
            arguments={
                "method": "POST",
                "path": f"/marketing/v3/emails/{hubspot.NEWSLETTER_EMAIL}/publish",
            },
        ),
    ),
}


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize("where", ["connection", "airflow"])
def test_with_sends_switched_off_nothing_is_sent(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str, where: str
) -> None:
    platform, make = SENDERS[name]
    if where == "airflow":
        monkeypatch.setenv("AIRFLOW__MKT__ALLOW_SENDS", "False")
    else:
        switch_off(monkeypatch, platform, allow_sends=False)
    error = assert_refused(sandbox, make(), "sends.off")
    assert ("[mkt] allow_sends" if where == "airflow" else f"connection '{platform}_default'") in error
    if name in ROWS:
        outcome = ROWS[name].make(dry_run=True).execute(context())
        assert (outcome["would_send"], outcome["code"]) == (False, "sends.off")


def test_a_connection_that_was_corrected_sends_in_the_next_try(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_off(monkeypatch, "hubspot", allow_sends="false")
    assert_refused(sandbox, ROWS["publish"].make(), "sends.off")
    switch_off(monkeypatch, "hubspot", allow_sends="true")
    assert ROWS["publish"].make().execute(context(try_number=2))["published"] is True


@pytest.mark.parametrize("value", ["maybe", 3, []])
def test_a_switch_that_cannot_be_read_is_no_permission(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, value: Any
) -> None:
    switch_off(monkeypatch, "hubspot", allow_sends=value)
    assert "allow_sends: must be true or false" in refusal(ROWS["publish"].make())


@pytest.mark.parametrize(
    "run", [lambda hook, call: hook.run(call), lambda hook, call: asyncio.run(hook.arun(call))]
)
def test_a_hook_runs_no_call_that_sends_with_sends_switched_off(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, run: Callable[[Any, Any], Any]
) -> None:
    from airflow_provider_mkt.client.hubspot.emails import emails

    switch_off(monkeypatch, "hubspot", allow_sends=False)
    with pytest.raises(SendRefused, match="sends are switched off"):
        run(hook_for("hubspot_default"), emails.publish(hubspot.NEWSLETTER_EMAIL))
    assert writes(sandbox) == 0


def test_reading_is_allowed_with_sends_switched_off_and_the_connection_test_says_so(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_off(monkeypatch, "hubspot", allow_sends=False)
    ok, line = hook_for("hubspot_default").test_connection()
    assert ok
    assert line.endswith("Sends are switched off")


def test_marketos_approval_of_an_email_sends_nothing_and_is_allowed(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_off(monkeypatch, "marketo", allow_sends=False, max_recipients=1)
    changes, today = functools.partial(UpdateEmailOperator, task_id="change"), run_of(datetime.now(UTC))
    for run in ("scheduled", "manual"):
        # Both runs are for one data interval.
        email = {"conn_id": "marketo_default", "email_id": marketo.DRAFT_EMAIL}
        changes(changes={"subject": f"For {run}"}, **email).execute(context(run=run))
        operator = PublishEmailOperator(task_id="send", **email)
        assert operator.execute({**context(run=run), "dag_run": today})["published"] is True


# -- how many people -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COUNTED)
def test_the_number_of_people_is_compared_with_the_limits(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    row = ROWS[name]
    assert_refused(sandbox, row.make(max_recipients=1), "audience.too_large")
    assert_refused(sandbox, row.make(min_recipients="3"), "audience.too_small")
    switch_off(monkeypatch, row.platform, max_recipients=1)
    assert_refused(sandbox, row.make(max_recipients=10), "audience.too_large")
    switch_off(monkeypatch, row.platform, max_recipients=2)
    row.make(max_recipients=2, min_recipients=2).execute(context())


@pytest.mark.parametrize("name", LISTED)
def test_the_audience_is_counted_and_compared_with_the_limits(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    row = ROWS[name]
    sandbox.clock.advance(1)
    assert_refused_by_count(sandbox, row.make(max_recipients=1), "audience.too_large")
    assert_refused_by_count(sandbox, row.make(min_recipients=1_000), "audience.too_small")
    switch_off(monkeypatch, row.platform, max_recipients=1)
    assert_refused_by_count(sandbox, row.make(), "audience.too_large")
    switch_off(monkeypatch, row.platform, max_recipients=1_000)
    outcome = row.make(min_recipients=2, max_recipients=100).execute(context())
    assert 2 <= outcome["audience"]["at_most"] <= 100


def assert_refused_by_count(box: Sandbox, operator: Any, code: str) -> None:
    error = refusal(operator)
    assert f"code {code}" in error
    assert not any(
        counter.total
        for platform in box.platforms.values()
        for (method, route), counter in platform.calls.routes.items()
        if method != "GET" and any(word in route for word in ("publish", "approve", "schedule"))
    )


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"min_recipients": 5, "max_recipients": 4}, "min_recipients"),
        ({"max_recipients": 0}, "max_recipients"),
        ({"quiet_hours": ("21:00", "08:00")}, "timezone"),
        ({"quiet_hours": ("21:00", "08:00"), "timezone": "Berlin"}, "timezone"),
        ({"quiet_hours": ("21:00", "21:00"), "timezone": "UTC"}, "quiet_hours"),
        ({"quiet_hours": "21:00", "timezone": "UTC"}, "quiet_hours"),
        ({"timezone": "UTC"}, "timezone"),
        ({"max_lateness": 3600}, "max_lateness"),
        ({"max_lateness": timedelta()}, "max_lateness"),
    ],
)
def test_limits_that_contradict_each_other_are_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        ROWS["publish"].make(**{"max_recipients": None, **arguments})
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("field", "empty"),
    [
        ("max_recipients", "None"),
        ("min_recipients", ""),
        ("expect_account", " "),
        ("not_after", None),
        ("allow_operational", ""),
        ("dry_run", "None"),
    ],
)
def test_a_safeguard_that_came_out_empty_is_not_left_out(
    sandbox: Sandbox, field: str, empty: str | None
) -> None:
    operator = ROWS["publish"].make(**{field: "{{ var.value.get('not_set', '') }}"})
    setattr(operator, {"dry_run": "is_dry_run"}.get(field, field), empty)
    with no_calls(sandbox), pytest.raises(AirflowFailException, match=f"{field}: was given and came out"):
        operator.execute(context())


# -- what was checked ----------------------------------------------------------------------------------


def check_of(
    platform: str, kind: Any, target_id: str, *, count: Any = "sizes", **more: Any
) -> dict[str, Any]:
    """The outcome of a check that was made just now."""
    hook = hook_for(f"{platform}_default")
    with hook:
        details = hook.follow(hook.sending.describe(SendTarget(platform, kind, target_id)))
        counted = hook.follow(hook.sending.count(details, count))
    return {
        "status": "ok",
        "fingerprint": details.fingerprint,
        "checked_at": datetime.now(UTC).isoformat(),
        "account": {"id": details.account_id},
        "target": details.target.to_json(),
        "audience": counted.to_json(),
        "checks": [],
        **more,
    }


TARGETS = {
    "publish": ("email", hubspot.NEWSLETTER_EMAIL),
    "publish program": ("email_program", str(marketo.EMAIL_PROGRAM)),
    "schedule program": ("email_program", str(marketo.EMAIL_PROGRAM)),
    "schedule campaign": ("smart_campaign", str(marketo.BATCH_CAMPAIGN)),
}


@pytest.mark.parametrize("name", LISTED)
def test_what_was_checked_and_is_unchanged_is_sent(sandbox: Sandbox, name: str) -> None:
    row = ROWS[name]
    check = check_of(row.platform, *TARGETS[name])
    row.make(check=json.dumps(check)).execute(context())
    assert writes(sandbox) > 0


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "error"}, "check.failed"),
        ({"checked_at": "2026-01-01T00:00:00+00:00"}, "check.old"),
        ({"account": {"id": "1"}}, "check.other"),
        ({"target": {"platform": "hubspot", "kind": "email", "id": "1"}}, "check.other"),
        ({"fingerprint": "1-2-3"}, "check.changed"),
    ],
)
def test_a_check_that_does_not_hold_is_refused(
    sandbox: Sandbox, name: str, change: dict[str, Any], code: str
) -> None:
    row = ROWS[name]
    check = check_of(row.platform, *TARGETS[name], **change)
    assert_refused(sandbox, row.make(check=check), code)


def test_not_after_of_the_check_holds_for_the_send(sandbox: Sandbox) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=10)
    quiet = clock_around(datetime.now(UTC), inside=True)
    row = {"id": "schedule.too_late", "severity": "error", "ok": True, "limit": soon.isoformat()}
    check = check_of("hubspot", *TARGETS["publish"], checks=[row])
    operator = ROWS["publish"].make(check=check, quiet_hours=quiet, timezone="UTC")
    assert_refused(sandbox, operator, "schedule.too_late")
    ROWS["publish"].make(check=check).execute(context())


def test_the_variation_of_a_test_is_refused_in_a_dry_run_too(sandbox: Sandbox) -> None:
    original = sandbox.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert original is not None
    variation = sandbox.hubspot.state.emails.test(original, "B")
    publish = functools.partial(ROWS["publish"].make, email_id=variation.id)
    assert_refused(sandbox, publish(), "email.kind")
    outcome = publish(dry_run=True).execute(context())
    assert (outcome["would_send"], outcome["code"]) == (False, "email.kind")


def test_a_check_without_a_value_is_refused(sandbox: Sandbox) -> None:
    operator = ROWS["publish"].make(check="{{ ti.xcom_pull('check') }}")
    operator.check = None
    assert_refused(sandbox, operator, "check.missing")


def _subject(box: Sandbox) -> None:
    email = box.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    email.live["subject"] = "Another one"


def _everybody(box: Sandbox) -> None:
    email = box.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    email.live["to"] = {"contactIlsLists": {"include": [hubspot.LIST_ID], "exclude": []}}


@pytest.mark.parametrize(
    ("change", "part"), [(_subject, "email"), (_everybody, "audience")], ids=["subject", "recipients"]
)
def test_an_email_that_is_changed_after_the_check_is_refused(
    sandbox: Sandbox, change: Callable[[Sandbox], None], part: str
) -> None:
    check = check_of("hubspot", *TARGETS["publish"])
    change(sandbox)
    error = assert_refused(sandbox, ROWS["publish"].make(check=check, send_now=True), "check.changed")
    assert f"the {part} of email {hubspot.NEWSLETTER_EMAIL} changed since the check" in error
    answer = {"approved": True, "approved_by": "Kim", "fingerprint": check["fingerprint"]}
    assert_refused(sandbox, ROWS["publish"].make(approval=answer), "approval.changed")


def test_a_list_that_grows_after_the_check_is_refused(sandbox: Sandbox) -> None:
    _everybody(sandbox)
    check = check_of("hubspot", *TARGETS["publish"])
    hook = hook_for("hubspot_default")
    with hook:
        from airflow_provider_mkt.client.hubspot.lists import list_memberships

        hook.run(list_memberships.add(hubspot.LIST_ID, [hubspot.CONTACT_IDS[3]]))
    error = assert_refused(sandbox, ROWS["publish"].make(check=check), "audience.grown")
    assert "there may be 4 recipients now and were 3 at the check" in error
    ROWS["publish"].make(check=check, max_growth="50%").execute(context())


def test_a_list_that_is_emptied_after_the_check_is_refused(sandbox: Sandbox) -> None:
    _everybody(sandbox)
    check = check_of("hubspot", *TARGETS["publish"])
    hook = hook_for("hubspot_default")
    with hook:
        from airflow_provider_mkt.client.hubspot.lists import list_memberships

        hook.run(list_memberships.remove_all(hubspot.LIST_ID))
    assert_refused(sandbox, ROWS["publish"].make(check=check), "audience.empty")


@pytest.mark.parametrize("name", [one for one in LISTED if ROWS[one].platform == "marketo"])
def test_marketos_lists_are_read_again_because_no_call_tells_their_sizes(sandbox: Sandbox, name: str) -> None:
    readers = sandbox.marketo.state.lists[marketo.STATIC_LIST].members
    everybody = dict(readers)
    gone = readers.popitem()
    check = check_of("marketo", *TARGETS[name], count="auto")
    before, row = len(readers), ROWS[name]
    assert (check["audience"]["how"], check["audience"]["at_most"]) == ("members", before)
    readers.update([gone])
    error = assert_refused(sandbox, row.make(check=check, max_recipients=before), "audience.grown")
    assert f"there may be {before + 1} recipients now and were {before} at the check" in error
    limited = row.make(check=check, max_recipients=before, max_growth=None)
    assert_refused(sandbox, limited, "audience.too_large")
    readers.clear()
    assert_refused(sandbox, row.make(check=check), "audience.empty")
    readers.update(everybody)
    row.make(check=check, max_recipients=before + 1, max_growth=None).execute(context())


def test_operational_email_is_refused_where_it_is_not_allowed(sandbox: Sandbox) -> None:
    sender = {"fromName": "Us", "replyTo": "us@example.com"}
    fields = {"name": "Receipt", "subject": "Receipt", "from": sender, "subcategory": "single_send_api"}
    email = sandbox.hubspot.state.emails.create(fields, "180000009999", automated=True)
    publish = functools.partial(ROWS["publish"].make, email_id=email.id)
    assert_refused(sandbox, publish(allow_operational=False), "operational.not_allowed")
    assert publish().execute(context())["published"] is True


def test_operational_email_of_a_program_is_refused_where_it_is_not_allowed(sandbox: Sandbox) -> None:
    schedule = ROWS["schedule program"].make
    assert schedule(allow_operational=False, dry_run=True).execute(context())["would_send"] is True
    email = next(
        one for one in sandbox.marketo.state.emails.values() if one.folder.id == marketo.EMAIL_PROGRAM
    )
    assert email.approved is not None
    email.approved = dataclasses.replace(email.approved, operational=True)
    assert_refused(sandbox, schedule(allow_operational=False), "operational.not_allowed")


# -- what is always refused ----------------------------------------------------------------------------


def test_an_email_without_recipients_is_refused_unless_it_is_automated(sandbox: Sandbox) -> None:
    email = sandbox.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    email.live["to"] = {"contactIlsLists": {"include": [], "exclude": [hubspot.LIST_ID]}}
    assert_refused(sandbox, ROWS["publish"].make(), "audience.none")
    outcome = ROWS["publish"].make(dry_run=True).execute(context())
    assert (outcome["would_send"], outcome["code"]) == (False, "audience.none")
    assert ROWS["publish"].make(email_id=hubspot.AUTOMATED_EMAIL).execute(context())["published"] is True


def test_an_email_that_is_set_up_for_a_time_that_has_passed_is_refused(sandbox: Sandbox) -> None:
    sandbox.clock.advance(0)
    email = sandbox.hubspot.state.emails.get(hubspot.SCHEDULED_EMAIL)
    assert email is not None
    email.live["publishDate"] = "2020-01-01T00:00:00Z"
    operator = functools.partial(ROWS["publish"].make, email_id=hubspot.SCHEDULED_EMAIL)
    error = assert_refused(sandbox, operator(), "schedule.past")
    assert "Give publish_at, or send_now=True" in error
    outcome = operator(dry_run=True).execute(context())
    assert (outcome["would_send"], outcome["code"]) == (False, "schedule.past")
    assert operator(send_now=True).execute(context())["published"] is True
    outcome = operator(dry_run=True).execute(context(task="again"))
    assert outcome["would_send"] is False
    assert outcome["reason"].startswith("it is in state ")


# -- once per purpose ----------------------------------------------------------------------------------


def clone(box: Sandbox) -> str:
    email = box.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    return str(
        box.hubspot.state.emails.create(dict(email.live), str(180_000_001_000 + uuid.uuid4().int % 10**6)).id
    )


def test_two_runs_with_one_key_send_once_whatever_the_email(sandbox: Sandbox) -> None:
    first, second = clone(sandbox), clone(sandbox)
    publish = functools.partial(ROWS["publish"].make, send_key="newsletter-2026-01")
    assert publish(email_id=first).execute(context(run="a"))["published"] is True
    before = writes(sandbox)
    error = refusal(publish(email_id=second), **context(run="b"))
    assert "code send_key.taken" in error
    assert f"email {first} was sent or scheduled at 20" in error
    assert "-a' of task 'task' in DAG 'killed'" in error
    assert writes(sandbox) == before
    # The run that sent it finds it sent, and another key is another purpose.
    assert publish(email_id=first).execute(context(run="a", try_number=2))["published"] is True
    assert publish(email_id=second, send_key="other").execute(context(run="b"))["published"] is True


@pytest.mark.parametrize("name", ["publish", "schedule campaign", "request campaign"])
def test_two_runs_for_one_data_interval_have_one_purpose(sandbox: Sandbox, name: str) -> None:
    row, today = ROWS[name], datetime.now(UTC)
    own = {"email_id": clone(sandbox)} if name == "publish" else {}
    other = {"email_id": clone(sandbox)} if name == "publish" else {}
    row.make(**own).execute({**context(run="scheduled"), "dag_run": run_of(today)})
    before = writes(sandbox)
    again = {**context(run="manual"), "dag_run": run_of(today, kind="manual")}
    assert "code send_key.taken" in refusal(row.make(**other), **again)
    assert writes(sandbox) == before
    tomorrow = {**context(run="next"), "dag_run": run_of(today + timedelta(days=1))}
    row.make(**other).execute(tomorrow)
    assert writes(sandbox) > before


@pytest.mark.parametrize(
    "given",
    [{"send_key": None}, {"send_key": ""}, {"conf": {"region": "south"}}, {"when": None}],
    ids=["no key", "empty key", "other configuration", "no date"],
)
def test_without_a_key_or_a_date_or_with_another_configuration_each_run_sends(
    sandbox: Sandbox, given: dict[str, Any]
) -> None:
    today = datetime.now(UTC)
    when = given.get("when", today)
    key = {name: value for name, value in given.items() if name == "send_key"}
    schedule = ROWS["schedule campaign"].make
    schedule(**key).execute({**context(run="a"), "dag_run": run_of(when)})
    second = run_of(when, kind="manual", conf=given.get("conf"))
    assert schedule(**key).execute({**context(run="b"), "dag_run": second})["scheduled"] is True


def test_a_request_that_the_platform_refuses_gives_the_key_back(sandbox: Sandbox) -> None:
    publish = functools.partial(ROWS["publish"].make, send_key="k")
    refused = {
        "status": 400,
        "body": json.dumps({"status": "error", "message": "no", "category": "VALIDATION_ERROR"}),
    }
    sandbox.hubspot.faults.add("*/publish", method="POST", answer=refused)
    refusal(publish(), **context(run="a"))
    assert publish().execute(context(run="b"))["published"] is True


def test_a_request_whose_outcome_is_unknown_keeps_the_key(sandbox: Sandbox) -> None:
    publish = functools.partial(ROWS["publish"].make, send_key="k")
    sandbox.hubspot.faults.add("*/publish", method="POST", when="before", answer={"status": 502}, times=None)
    with pytest.raises(OutcomeUnknown):
        publish().execute(context(run="a"))
    sandbox.hubspot.faults.clear()
    error = refusal(publish(email_id=clone(sandbox)), **context(run="b"))
    assert "was requested at" in error
    assert "with an outcome that was not recorded, by run" in error
    # The run that has the key sends with it in its next try.
    assert publish().execute(context(run="a", try_number=2))["published"] is True


def test_an_enrollment_has_a_key_only_when_it_is_given(sandbox: Sandbox) -> None:
    row, today = ROWS["marketo nurture"], datetime.now(UTC)
    row.make().execute({**context(run="a"), "dag_run": run_of(today)})
    again = {**context(run="b"), "dag_run": run_of(today)}
    assert row.make().execute(again)["already_enrolled"] == 2
    row.make(send_key="k").execute(context(run="c"))
    # Nobody was enrolled by it, so that the key was given back.
    assert row.make(send_key="k").execute(context(run="d"))["already_enrolled"] == 2


def test_mapped_tasks_of_one_run_have_a_purpose_each(sandbox: Sandbox) -> None:
    run = run_of(datetime.now(UTC))
    for index in range(2):
        task = {**context(), "dag_run": run}
        task["ti"].map_index = index
        assert ROWS["publish"].make(email_id=clone(sandbox)).execute(task)["published"] is True
    task["ti"].run_id += "-again"
    assert "code send_key.taken" in refusal(ROWS["publish"].make(email_id=clone(sandbox)), **task)


@pytest.mark.parametrize(("executor", "warned"), [("CeleryExecutor", True), ("LocalExecutor", False)])
def test_the_log_says_where_a_key_holds_on_one_machine_only(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    executor: str,
    warned: bool,
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    ROWS["publish"].make().execute(context())
    assert ("send_key holds on this machine only" in capsys.readouterr().out) is warned


def test_a_mailing_with_an_id_reaches_each_person_once_from_all_runs(sandbox: Sandbox) -> None:
    send = functools.partial(ROWS["people"].make, send_id="receipts-2026-01")
    assert send().execute(context(run="a"))["mailed"] == 2
    more = send(leads=["new1@example.com", "new3@example.com"]).execute(context(run="b"))
    assert (more["mailed"], more["mailed_before"]) == (1, 1)
    assert "send_id: contradicts send_key" in refusal(send(send_key="k"))


@pytest.mark.usefixtures("from_templates")
def test_parameters_are_checked_before_any_call(sandbox: Sandbox) -> None:
    with no_calls(sandbox):
        assert "max_growth" in refusal(ROWS["publish"].make(max_growth=3))
        assert "not_after: has no offset" in refusal(ROWS["publish"].make(not_after="2026-01-01T00:00:00"))
        assert "check: must be the output of CheckEmailOperator" in refusal(ROWS["publish"].make(check=[1]))
        assert "approval: must be" in refusal(ROWS["publish"].make(approval=[1]))


CHECKED = f"""
from airflow_provider_mkt.operators.email_checks import CheckEmailOperator
check = CheckEmailOperator(
    task_id="check", conn_id="hubspot_default", email_id="{hubspot.NEWSLETTER_EMAIL}", count="sizes",
    allow_estimate=True, max_recipients={{most}}, on_error="report", report_path="{{report}}",
    ignore=["content.empty", "content.unsubscribe_link", "subscription.missing"],
)
PublishEmailOperator(
    task_id="publish", conn_id="hubspot_default", email_id="{hubspot.NEWSLETTER_EMAIL}", check=check.output,
    expect_account="{hubspot.PORTAL_ID}", send_key="newsletter-{{{{{{{{ run_id }}}}}}}}",
)
"""


@pytest.mark.parametrize(("most", "sent"), [(5, True), (4, False)])
def test_in_airflow_the_check_comes_first_and_decides(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, most: int, sent: bool
) -> None:
    run = airflow.run(CHECKED.format(most=most, report=(tmp_path / "report.jsonl").as_uri()))
    assert run.tasks == {"check": "success", "publish": "success" if sent else "failed"}, run.log[-3000:]
    if sent:
        assert run.returned["publish"]["published"] is True
        assert run.returned["publish"]["audience"]["at_most"] == 5
    else:
        assert "code check.failed" in run.log
    published = sandbox.hubspot.calls.of("POST", "/marketing/emails/2026-09/{emailId}/publish").total
    assert published == int(sent)

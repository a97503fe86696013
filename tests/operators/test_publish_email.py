"""An email is published once, despite lost answers, killed workers and changes on the platform."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

import pytest
from airflow_runs import Airflow, lift_rate_limits
from workers import RESET, Worker, as_soon_as, context, until

from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException

PUBLISH = "*/publish"
ROUTE = "/marketing/emails/2026-09/{emailId}/publish"
LOST: dict[str, dict[str, Any]] = {
    "reset": RESET,
    "502": {"status": 502},
    "524": {"status": 524},
    "504": {"status": 504, "body": "<html>"},
}


def sends(box: Sandbox, email_id: str = hubspot.NEWSLETTER_EMAIL) -> int:
    email = box.hubspot.state.emails.get(email_id)
    assert email is not None
    return len(email.sends)


def request_count(box: Sandbox) -> int:
    return box.hubspot.calls.of("POST", ROUTE).total


def publishing(email_id: str = hubspot.NEWSLETTER_EMAIL, **more: Any) -> PublishEmailOperator:
    return PublishEmailOperator(task_id="publish", conn_id="hubspot_default", email_id=email_id, **more)


def publish(airflow: Airflow, arguments: str, conn: str = "hubspot_default") -> Any:
    return airflow.run_tasks(
        f'PublishEmailOperator(task_id="publish", conn_id="{conn}", retries=2, {arguments})'
    )


def later(**more: float) -> datetime:
    return (datetime.now(UTC) + timedelta(**more)).replace(microsecond=0)


def failure(operator: PublishEmailOperator) -> str:
    """The error of a task that fails without retry."""
    with pytest.raises(AirflowFailException) as raised:
        operator.execute(context())
    return str(raised.value)


# -- HubSpot ------------------------------------------------------------------------------------------


def test_a_draft_is_sent_and_a_second_run_does_not_change_it(airflow: Airflow, sandbox: Sandbox) -> None:
    first = publish(airflow, f'email_id="{hubspot.NEWSLETTER_EMAIL}"')
    again = publish(airflow, f"email_id={hubspot.NEWSLETTER_EMAIL}")
    assert (first.state, again.state) == ("success", "success")
    assert first.returned["publish"] == {
        "outcome": "email_publication",
        "platform": "hubspot",
        "published": True,
        "state": "PRE_PROCESSING",
        "scheduled_for": None,
        "job": {"platform": "hubspot", "kind": "email_publish", "id": hubspot.NEWSLETTER_EMAIL},
    }
    assert again.returned["publish"]["published"] is False
    assert (sends(sandbox), request_count(sandbox)) == (1, 1)


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_sends_once(sandbox: Sandbox, short_waits: None, kind: str, when: Any) -> None:
    sandbox.hubspot.faults.add(PUBLISH, method="POST", when=when, answer=LOST[kind])
    assert publishing().execute(context())["published"] is True
    assert sends(sandbox) == 1
    assert request_count(sandbox) == (2 if when == "before" else 1)


def test_every_answer_lost_sends_once(airflow: Airflow, sandbox: Sandbox, short_waits: None) -> None:
    sandbox.hubspot.faults.add(PUBLISH, when="after", answer=RESET, times=None)
    run = publish(airflow, f'email_id="{hubspot.NEWSLETTER_EMAIL}"')
    assert (run.state, sends(sandbox), request_count(sandbox)) == ("success", 1, 1)


def test_no_answer_at_all_fails_with_an_unknown_outcome(
    airflow: Airflow, sandbox: Sandbox, short_waits: None
) -> None:
    sandbox.hubspot.faults.add(PUBLISH, when="before", answer={"status": 502}, times=None)
    run = airflow.run(
        f'PublishEmailOperator(task_id="publish", conn_id="hubspot_default", '
        f'email_id="{hubspot.NEWSLETTER_EMAIL}")'
    )
    assert (run.state, sends(sandbox)) == ("failed", 0)
    assert "OutcomeUnknown" in run.log


def test_a_task_that_fails_after_publishing_does_not_publish_in_its_next_try(
    airflow: Airflow, sandbox: Sandbox, short_waits: None
) -> None:
    # In the first try, reading the state after the publish call fails permanently.
    sandbox.hubspot.faults.add(
        f"*/emails/2026-09/{hubspot.NEWSLETTER_EMAIL}", method="GET", skip=1, times=5, answer={"status": 502}
    )
    run = publish(airflow, f'email_id="{hubspot.NEWSLETTER_EMAIL}"')
    assert run.state == "success", run.log[-2000:]
    assert run.returned["publish"]["published"] is True
    assert (sends(sandbox), request_count(sandbox)) == (1, 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_during_the_call_and_its_next_try_send_once(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.hubspot.faults.add(PUBLISH, when=when, delay=0.5)
    worker = Worker(publishing())
    until(lambda: sandbox.hubspot.calls.of("POST", ROUTE).in_flight == 1)
    worker.kill()
    report = Worker(publishing()).end()
    assert report["result"]["published"] is True
    assert (sends(sandbox), request_count(sandbox)) == (1, 1)


def test_a_worker_killed_right_before_the_call_and_its_next_try_send_once(
    sandbox: Sandbox, short_waits: None
) -> None:
    moment = later(hours=2)
    sandbox.hubspot.faults.add("*/draft", method="GET", delay=30)
    worker = Worker(publishing(publish_at=moment))
    until(lambda: bool(sandbox.hubspot.faults.fired))
    worker.kill()
    assert Worker(publishing(publish_at=moment)).end()["result"]["state"] == "SCHEDULED"
    assert (sends(sandbox), request_count(sandbox)) == (1, 1)


def test_a_worker_killed_right_after_the_call_and_its_next_try_send_once(
    sandbox: Sandbox, short_waits: None
) -> None:
    path = f"*/emails/2026-09/{hubspot.NEWSLETTER_EMAIL}"
    sandbox.hubspot.faults.add(path, method="GET", skip=1, delay=30)
    worker = Worker(publishing())
    until(lambda: bool(sandbox.hubspot.faults.fired))
    worker.kill()
    assert Worker(publishing()).end()["result"]["published"] is True
    assert (sends(sandbox), request_count(sandbox)) == (1, 1)


def test_a_request_that_a_killed_worker_never_sent_is_sent_by_the_next_try(
    sandbox: Sandbox, short_waits: None
) -> None:
    # The request of the killed worker arrives, and the platform does not run it.
    sandbox.hubspot.faults.add(PUBLISH, when="before", delay=0.3, answer={"status": 503})
    worker = Worker(publishing())
    until(lambda: sandbox.hubspot.calls.of("POST", ROUTE).in_flight == 1)
    worker.kill()
    assert Worker(publishing()).end()["result"]["published"] is True
    assert (sends(sandbox), request_count(sandbox)) == (1, 2)


@pytest.mark.parametrize("second", ["hubspot_default", "hubspot_oauth"])
def test_two_concurrent_runs_send_once_whatever_credentials_they_use(
    sandbox: Sandbox, short_waits: None, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_HUBSPOT_OAUTH",
        f'{{"conn_type": "hubspot", "host": "{sandbox.hubspot.url}", "login": "{hubspot.OAUTH_CLIENT_ID}", '
        f'"password": "{hubspot.OAUTH_CLIENT_SECRET}", '
        f'"extra": {{"refresh_token": "{hubspot.REFRESH_TOKEN}"}}}}',
    )
    sandbox.hubspot.latency = 0.05
    other = PublishEmailOperator(task_id="publish", conn_id=second, email_id=hubspot.NEWSLETTER_EMAIL)
    workers = [Worker(publishing(), run="a"), Worker(other, run="b")]
    outcomes = [worker.end()["result"]["published"] for worker in workers]
    assert sorted(outcomes) == [False, True]
    assert (sends(sandbox), request_count(sandbox)) == (1, 1)


def test_publish_at_schedules_once_and_accepts_the_same_time_again(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    # As templates render times: with microseconds, which the platform cuts off.
    moment = later(hours=3) + timedelta(microseconds=123_456)
    arguments = f'email_id="{hubspot.NEWSLETTER_EMAIL}", publish_at="{moment}"'
    first, again = publish(airflow, arguments), publish(airflow, arguments)
    assert (first.state, again.state) == ("success", "success"), again.log[-2000:]
    assert first.returned["publish"]["state"] == "SCHEDULED"
    assert abs(datetime.fromisoformat(first.returned["publish"]["scheduled_for"]) - moment) < timedelta(
        seconds=1
    )
    assert again.returned["publish"]["published"] is False
    email = sandbox.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    assert [abs(send.due - moment.timestamp()) < 1 for send in email.sends] == [True]


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ('publish_at="2036-01-01T00:00:00Z"', "is scheduled for"),
        ("send_now=True", "unpublish it first to send it now"),
    ],
)
def test_an_email_scheduled_for_another_time_fails_and_is_not_changed(
    airflow: Airflow, sandbox: Sandbox, wanted: str, named: str
) -> None:
    assert publish(airflow, f'email_id="{hubspot.SCHEDULED_EMAIL}"').returned["publish"]["scheduled_for"]
    run = publish(airflow, f'email_id="{hubspot.SCHEDULED_EMAIL}", {wanted}')
    assert run.state == "failed"
    assert named in run.log
    assert request_count(sandbox) == 1


def test_send_now_sends_an_email_that_is_set_up_for_later(airflow: Airflow, sandbox: Sandbox) -> None:
    run = publish(airflow, f'email_id="{hubspot.SCHEDULED_EMAIL}", send_now="true"')
    assert run.returned["publish"]["state"] == "PRE_PROCESSING", run.log[-2000:]
    assert sends(sandbox, hubspot.SCHEDULED_EMAIL) == 1


def test_publish_at_overrides_the_time_in_a_draft_that_a_user_edits(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    emails = sandbox.hubspot.state.emails
    email = emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    emails.change_draft(email, {"subject": "Edited", "sendOnPublish": True})
    run = publish(airflow, f'email_id="{email.id}", publish_at="{later(hours=3).isoformat()}"')
    assert run.returned["publish"]["state"] == "SCHEDULED"
    assert email.live["subject"] == "Edited"


def test_a_retry_after_the_scheduled_time_finds_the_email_published(
    sandbox: Sandbox, short_waits: None
) -> None:
    moment = later(seconds=8)
    operator = publishing(publish_at=moment)
    assert Worker(operator).end()["result"]["published"] is True
    until(lambda: datetime.now(UTC) > moment)
    assert Worker(publishing(publish_at=moment)).end()["result"]["published"] is True
    assert (sends(sandbox), request_count(sandbox)) == (1, 1)


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("operator", "named"),
    [
        (lambda: publishing(publish_at="2020-01-01T00:00:00Z"), "publish_at: is in the past"),
        (lambda: publishing(publish_at="2036-01-01T00:00:00"), "publish_at: has no offset"),
        (lambda: publishing(publish_at="soon"), "publish_at: must be an ISO 8601 time"),
        (lambda: publishing(publish_at="2036-01-01T00:00:00Z", send_now=True), "send_now: contradicts"),
        (lambda: publishing("None"), "email_id: is missing"),
        (lambda: publishing("404404"), "not found"),
        (lambda: publishing("1", program_id=7), "program_id: HubSpot has no"),
        (
            lambda: publishing(hubspot.AUTOMATED_EMAIL, publish_at="2036-01-01T00:00:00Z"),
            "publishing turns it on at once",
        ),
    ],
)
def test_an_email_that_cannot_be_published_fails_without_retry_and_sends_nothing(
    sandbox: Sandbox, short_waits: None, operator: Callable[[], PublishEmailOperator], named: str
) -> None:
    assert named in failure(operator())
    assert request_count(sandbox) == 0


@pytest.mark.parametrize("email_id", [hubspot.PUBLISHED_EMAIL, hubspot.NEWSLETTER_EMAIL])
def test_an_email_that_is_published_or_being_sent_is_not_changed(
    airflow: Airflow, sandbox: Sandbox, email_id: str
) -> None:
    emails = sandbox.hubspot.state.emails
    email = emails.get(email_id)
    assert email is not None
    if not email.sends:
        emails.publish(email)
    run = publish(airflow, f'email_id="{email_id}", publish_at="{later(days=1).isoformat()}"')
    assert run.returned["publish"]["published"] is False
    assert (sends(sandbox, email_id), request_count(sandbox)) == (1, 0)


def test_an_email_in_state_error_is_rejected(airflow: Airflow, sandbox: Sandbox) -> None:
    publish(airflow, f'email_id="{hubspot.FAILING_EMAIL}"')
    sandbox.clock.advance(60)
    run = publish(airflow, f'email_id="{hubspot.FAILING_EMAIL}"')
    assert run.state == "failed"
    assert "is in state ERROR and cannot be published" in run.log
    assert request_count(sandbox) == 1


def test_an_automated_email_is_activated(airflow: Airflow, sandbox: Sandbox) -> None:
    run = publish(
        airflow, f'email_id="{hubspot.AUTOMATED_EMAIL}", wait_for_completion=True, poll_interval=0.1'
    )
    assert run.returned["publish"]["state"] == "AUTOMATED"


@pytest.mark.parametrize("deferrable", [False, True])
def test_waiting_ends_the_same_way_in_worker_and_triggerer(
    airflow: Airflow, sandbox: Sandbox, deferrable: bool
) -> None:
    sandbox.hubspot.settings.email_preprocessing = sandbox.hubspot.settings.email_processing = 0.2
    run = publish(
        airflow,
        f'email_id="{hubspot.NEWSLETTER_EMAIL}", wait_for_completion=True, poll_interval=0.1, '
        f"deferrable={deferrable}",
    )
    assert run.state == "success", run.log[-3000:]
    outcome = run.returned["publish"]
    published_at = outcome["job_states"][0]["details"].pop("published_at")
    assert published_at
    job = {"platform": "hubspot", "kind": "email_publish", "id": hubspot.NEWSLETTER_EMAIL}
    figures = {"selected": 5, "sent": 5, "delivered": 5, "bounced": 0, "dropped": 0}
    details = {"state": "PUBLISHED", **figures}
    assert outcome == {
        "outcome": "email_publication",
        "platform": "hubspot",
        "published": True,
        "state": "PUBLISHED",
        "scheduled_for": None,
        "job": job,
        "job_states": [{"job": job, "status": "COMPLETE", "raw_status": "PUBLISHED", "details": details}],
    }
    assert sends(sandbox) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_an_email_that_fails_while_the_task_waits_fails_without_retry(
    airflow: Airflow, sandbox: Sandbox, deferrable: bool
) -> None:
    sandbox.hubspot.settings.email_preprocessing = sandbox.hubspot.settings.email_processing = 0.2
    run = publish(
        airflow,
        f'email_id="{hubspot.FAILING_EMAIL}", wait_for_completion=True, poll_interval=0.1, '
        f"deferrable={deferrable}",
    )
    assert run.state == "failed"
    assert "FAILED (ERROR)" in run.log
    assert request_count(sandbox) == 1


def test_an_email_that_a_user_unpublished_is_not_published_by_a_retry(
    sandbox: Sandbox, short_waits: None
) -> None:
    def operator() -> PublishEmailOperator:
        return publishing(
            hubspot.SCHEDULED_EMAIL, wait_for_completion=True, poll_interval=0.05, wait_timeout=0.2
        )

    assert "JobsOverdue" in Worker(operator()).end()["error"]
    email = sandbox.hubspot.state.emails.get(hubspot.SCHEDULED_EMAIL)
    assert email is not None
    sandbox.hubspot.state.emails.unpublish(email)
    until(lambda: "somebody unpublished it" in Worker(operator()).end()["error"])
    assert request_count(sandbox) == 1
    # Cleared by a user, who has seen the failure.
    cleared = Worker(publishing(hubspot.SCHEDULED_EMAIL), cleared=1)
    assert cleared.end()["result"]["published"] is True


def test_a_token_without_the_scope_fails_and_names_it(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_READER",
        f'{{"conn_type": "hubspot", "host": "{sandbox.hubspot.url}", '
        f'"password": "{hubspot.READ_ONLY_TOKEN}"}}',
    )
    run = publish(airflow, f'email_id="{hubspot.NEWSLETTER_EMAIL}"', conn="reader")
    assert run.state == "failed"
    assert "marketing-email" in run.log
    assert hubspot.READ_ONLY_TOKEN not in run.log
    assert sends(sandbox) == 0


def test_an_exhausted_daily_quota_defers_the_task_which_then_sends_once(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mkt.client.hubspot import platform

    monkeypatch.setattr(platform, "_QUOTA_RETRY_INTERVAL", timedelta(seconds=0.2))
    sandbox.hubspot.faults.add(PUBLISH, answer={"error": "DAILY"})
    # The usage would say that the quota resets at midnight.
    sandbox.hubspot.faults.add("*/api-usage/*", answer={"error": "DAILY"})
    run = publish(airflow, f'email_id="{hubspot.NEWSLETTER_EMAIL}"')
    assert run.state == "success", run.log[-3000:]
    assert (sends(sandbox), request_count(sandbox)) == (1, 2)


# -- Marketo ------------------------------------------------------------------------------------------

APPROVE = "*/approve.json"


def program(box: Sandbox) -> Any:
    found = box.marketo.state.programs[marketo.EMAIL_PROGRAM]
    found.end = datetime.now(UTC) + timedelta(days=30)
    return found


def approving(**more: Any) -> PublishEmailOperator:
    arguments = {"program_id": marketo.EMAIL_PROGRAM, **more}
    return PublishEmailOperator(task_id="publish", conn_id="marketo_default", **arguments)


def approvals(box: Sandbox, kind: str = "program/{id}/approve") -> int:
    return box.marketo.calls.of("POST", f"/rest/asset/v1/{kind}.json").by_status[200]


def mails(box: Sandbox) -> dict[int, int]:
    box.marketo.state.run_due_work()
    counted: dict[int, int] = {}
    for mail in box.marketo.state.outbox:
        counted[mail.lead_id] = counted.get(mail.lead_id, 0) + 1
    return counted


@pytest.mark.parametrize("fault", [None, "before", "after"])
def test_marketo_a_draft_is_approved_once_and_a_second_run_does_not_change_it(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, fault: Any
) -> None:
    if fault:
        sandbox.marketo.faults.add("*/approveDraft.json", when=fault, answer=RESET)
    arguments = f"email_id={marketo.DRAFT_EMAIL}, wait_for_completion=True"
    first = publish(airflow, arguments, "marketo_default")
    again = publish(airflow, arguments, "marketo_default")
    assert (first.state, again.state) == ("success", "success"), first.log[-2000:]
    assert first.returned["publish"]["published"] is True
    assert first.returned["publish"]["state"] == "approved"
    assert again.returned["publish"]["published"] is False
    assert sandbox.marketo.state.emails[marketo.DRAFT_EMAIL].status == "approved"


@pytest.mark.parametrize("code", ["702", None])
def test_marketo_an_email_without_draft_is_not_changed_whichever_error_reports_it(
    airflow: Airflow, sandbox: Sandbox, code: str | None
) -> None:
    if code:
        sandbox.marketo.faults.add(f"*/email/{marketo.APPROVED_EMAIL}.json", answer={"code": code})
    run = publish(airflow, f"email_id={marketo.APPROVED_EMAIL}", "marketo_default")
    assert run.state == "success", run.log[-2000:]
    assert run.returned["publish"]["published"] is False


@pytest.mark.parametrize("when", [None, "before", "after"])
def test_marketo_a_program_is_approved_for_a_time_and_then_sends_once(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    program(sandbox)
    moment = later(hours=1) + timedelta(microseconds=654_321)
    if when:
        sandbox.marketo.faults.add(APPROVE, when=when, answer={"status": 502})
    arguments = f'program_id={marketo.EMAIL_PROGRAM}, publish_at="{moment}"'
    first = publish(airflow, arguments, "marketo_default")
    again = publish(airflow, arguments, "marketo_default")
    assert (first.state, again.state) == ("success", "success"), again.log[-2000:]
    assert [run.returned["publish"]["published"] for run in (first, again)] == [True, False]
    assert first.returned["publish"]["job"]["kind"] == "email_send"
    assert mails(sandbox) == {}
    sandbox.clock.advance(3700)
    assert mails(sandbox) == {marketo.ANNA: 1, marketo.BEN: 1, marketo.CARLA: 1}


@pytest.mark.parametrize("when", ["before", "after"])
def test_marketo_a_worker_killed_during_the_approval_and_its_next_try_send_once(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    program(sandbox)
    moment = later(hours=1)
    sandbox.marketo.faults.add(APPROVE, when=when, delay=0.4)
    worker = Worker(approving(publish_at=moment))
    until(lambda: sandbox.marketo.calls.of("POST", "/rest/asset/v1/program/{id}/approve.json").in_flight == 1)
    worker.kill()
    report = Worker(approving(publish_at=moment)).end()
    assert report["result"]["published"] is True
    until(lambda: sandbox.marketo.calls.all.in_flight == 0)
    sandbox.clock.advance(3700)
    assert set(mails(sandbox).values()) == {1}


def test_marketo_two_concurrent_runs_approve_once(sandbox: Sandbox, short_waits: None) -> None:
    program(sandbox)
    moment = later(hours=1)
    workers = [Worker(approving(publish_at=moment), run=name) for name in "ab"]
    assert sorted(worker.end()["result"]["published"] for worker in workers) == [False, True]
    assert approvals(sandbox) == 1


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"publish_at": "2020-01-01T00:00:00Z"}, "publish_at: is in the past"),
        ({}, "no start date"),
        ({"program_id": marketo.NURTURE_PROGRAM}, "is of type Engagement"),
        ({"program_id": 99}, "there is no program 99"),
        ({"email_id": 99, "program_id": None}, "there is no email 99"),
        (
            {"email_id": marketo.DRAFT_EMAIL, "program_id": None, "send_now": True},
            "send_now: Marketo sends",
        ),
        (
            {"email_id": marketo.DRAFT_EMAIL, "program_id": None, "publish_at": "2036-01-01T00:00:00Z"},
            "publish_at: approving an email",
        ),
        ({"email_id": marketo.DRAFT_EMAIL}, "email_id: give either"),
    ],
)
def test_marketo_an_asset_that_cannot_be_approved_fails_without_retry(
    sandbox: Sandbox, short_waits: None, arguments: dict[str, Any], named: str
) -> None:
    assert named in failure(approving(**arguments))
    sandbox.clock.advance(1e6)
    assert mails(sandbox) == {}


def test_marketo_a_program_approved_for_another_time_fails_and_is_not_changed(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    program(sandbox)
    publish(airflow, f'program_id={marketo.EMAIL_PROGRAM}, publish_at="{later(hours=1)}"', "marketo_default")
    run = publish(
        airflow, f'program_id={marketo.EMAIL_PROGRAM}, publish_at="{later(hours=2)}"', "marketo_default"
    )
    assert run.state == "failed"
    assert "is approved for" in run.log
    assert approvals(sandbox) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_marketo_waiting_ends_when_the_email_is_sent(
    airflow: Airflow, sandbox: Sandbox, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mkt.actions.marketo import send_reports

    class PlatformTime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(sandbox.clock.time(), tz)

    monkeypatch.setattr(send_reports, "datetime", PlatformTime)
    lift_rate_limits(sandbox)
    one = program(sandbox)
    sandbox.marketo.settings.commit_lag = 0
    # Not in some seconds: a busy machine would begin after that.
    with as_soon_as(lambda: one.locked, lambda: sandbox.clock.advance(2 * 3600)):
        run = publish(
            airflow,
            f'program_id={marketo.EMAIL_PROGRAM}, publish_at="{later(hours=1)}", wait_for_completion=True, '
            f"poll_interval=0.2, stable_for=1, deferrable={deferrable}",
            "marketo_default",
        )
    assert run.state == "success", run.log[-3000:]
    assert run.returned["publish"]["state"] == "sent"
    assert run.returned["publish"]["job_states"][0]["status"] == "COMPLETE"
    assert set(mails(sandbox).values()) == {1}


@pytest.mark.parametrize("deferrable", [False, True])
def test_marketo_a_program_that_a_user_unapproves_while_the_task_waits_fails_without_retry(
    airflow: Airflow, sandbox: Sandbox, deferrable: bool
) -> None:
    from airflow_provider_mkt.sandbox.marketo.emails.sending import unapprove_program

    one = program(sandbox)
    with as_soon_as(lambda: one.locked, lambda: unapprove_program(sandbox.marketo.state, one)):
        run = publish(
            airflow,
            f'program_id={marketo.EMAIL_PROGRAM}, publish_at="{later(hours=1)}", wait_for_completion=True, '
            f"poll_interval=0.1, deferrable={deferrable}",
            "marketo_default",
        )
    assert run.state == "failed"
    assert "CANCELED (unlocked)" in run.log
    assert approvals(sandbox) == 1
    sandbox.clock.advance(7200)
    assert mails(sandbox) == {}


def test_marketo_a_worker_shut_down_while_it_waits_does_not_unapprove(
    sandbox: Sandbox, short_waits: None
) -> None:
    one = program(sandbox)
    worker = Worker(approving(publish_at=later(hours=1), wait_for_completion=True, poll_interval=0.05))
    until(lambda: one.locked)
    calls, poll = sandbox.marketo.calls, ("GET", "/rest/asset/v1/program/{id}.json")
    known = calls.of(*poll).total
    until(lambda: calls.of(*poll).total > known + 3)
    worker.terminate(max_elapsed=1)
    assert one.locked

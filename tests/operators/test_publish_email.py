"""An email is published once, whatever happens to the answer, the worker or the platform meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, as_soon_as, until

from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.server import Sandbox

PUBLISH = "*/publish"
ROUTE = "/marketing/v3/emails/{emailId}/publish"
LOST: dict[str, dict[str, Any]] = {
    "reset": RESET,
    "502": {"status": 502},
    "524": {"status": 524},
    "504": {"status": 504, "body": "<html>"},
}


def sends(box: Sandbox, email_id: str = hubspot.NEWSLETTER_EMAIL) -> int:
    email = box.hubspot.world.emails.get(email_id)
    assert email is not None
    return len(email.sends)


def asked(box: Sandbox) -> int:
    return box.hubspot.calls.of("POST", ROUTE).total


def publishing(email_id: str = hubspot.NEWSLETTER_EMAIL, **more: Any) -> PublishEmailOperator:
    return PublishEmailOperator(task_id="publish", conn_id="hubspot_default", email_id=email_id, **more)


def publish(airflow: Airflow, arguments: str, conn: str = "hubspot_default") -> Any:
    return airflow.run(f'PublishEmailOperator(task_id="publish", conn_id="{conn}", retries=2, {arguments})')


def later(**more: float) -> datetime:
    return (datetime.now(UTC) + timedelta(**more)).replace(microsecond=0)


# -- HubSpot ------------------------------------------------------------------------------------------


def test_a_draft_is_sent_and_a_second_run_leaves_it_alone(airflow: Airflow, sandbox: Sandbox) -> None:
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
    assert (sends(sandbox), asked(sandbox)) == (1, 1)


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_sends_once(
    airflow: Airflow, sandbox: Sandbox, hurried: None, kind: str, when: Any
) -> None:
    sandbox.hubspot.faults.add(PUBLISH, method="POST", when=when, answer=LOST[kind])
    run = publish(airflow, f'email_id="{hubspot.NEWSLETTER_EMAIL}"')
    assert run.state == "success", run.log[-2000:]
    assert run.returned["publish"]["published"] is True
    assert sends(sandbox) == 1
    assert asked(sandbox) == (2 if when == "before" else 1)


def test_every_answer_lost_after_the_work_still_sends_once(
    airflow: Airflow, sandbox: Sandbox, hurried: None
) -> None:
    sandbox.hubspot.faults.add(PUBLISH, when="after", answer=RESET, times=None)
    run = publish(airflow, f'email_id="{hubspot.NEWSLETTER_EMAIL}"')
    assert (run.state, sends(sandbox), asked(sandbox)) == ("success", 1, 1)


def test_no_answer_at_all_fails_and_says_that_the_outcome_is_unknown(
    airflow: Airflow, sandbox: Sandbox, hurried: None
) -> None:
    sandbox.hubspot.faults.add(PUBLISH, when="before", answer={"status": 502}, times=None)
    run = airflow.run(
        f'PublishEmailOperator(task_id="publish", conn_id="hubspot_default", '
        f'email_id="{hubspot.NEWSLETTER_EMAIL}")'
    )
    assert (run.state, sends(sandbox)) == ("failed", 0)
    assert "OutcomeUnknown" in run.log


def test_a_task_that_fails_after_publishing_does_not_publish_in_its_next_try(
    airflow: Airflow, sandbox: Sandbox, hurried: None
) -> None:
    # The look after the publish call is refused for good in the first try.
    sandbox.hubspot.faults.add(
        f"*/emails/{hubspot.NEWSLETTER_EMAIL}", method="GET", skip=1, times=5, answer={"status": 502}
    )
    run = publish(airflow, f'email_id="{hubspot.NEWSLETTER_EMAIL}"')
    assert run.state == "success", run.log[-2000:]
    assert run.returned["publish"]["published"] is True
    assert (sends(sandbox), asked(sandbox)) == (1, 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_during_the_call_and_its_next_try_send_once(
    sandbox: Sandbox, hurried: None, when: Any
) -> None:
    sandbox.hubspot.faults.add(PUBLISH, when=when, delay=0.5)
    worker = Worker(publishing())
    until(lambda: sandbox.hubspot.calls.of("POST", ROUTE).in_flight == 1)
    worker.kill()
    told = Worker(publishing()).end()
    assert told["result"]["published"] is True
    assert (sends(sandbox), asked(sandbox)) == (1, 1)


def test_a_worker_killed_right_before_the_call_and_its_next_try_send_once(
    sandbox: Sandbox, hurried: None
) -> None:
    moment = later(hours=2)
    sandbox.hubspot.faults.add("*/draft", method="GET", delay=30)
    worker = Worker(publishing(publish_at=moment))
    until(lambda: bool(sandbox.hubspot.faults.fired))
    worker.kill()
    assert Worker(publishing(publish_at=moment)).end()["result"]["state"] == "SCHEDULED"
    assert (sends(sandbox), asked(sandbox)) == (1, 1)


def test_a_worker_killed_right_after_the_call_and_its_next_try_send_once(
    sandbox: Sandbox, hurried: None
) -> None:
    path = f"*/emails/{hubspot.NEWSLETTER_EMAIL}"
    sandbox.hubspot.faults.add(path, method="GET", skip=1, delay=30)
    worker = Worker(publishing())
    until(lambda: bool(sandbox.hubspot.faults.fired))
    worker.kill()
    assert Worker(publishing()).end()["result"]["published"] is True
    assert (sends(sandbox), asked(sandbox)) == (1, 1)


def test_a_request_that_a_killed_worker_never_sent_is_made_by_the_next_try(
    sandbox: Sandbox, hurried: None
) -> None:
    # The platform is reached by the killed worker, and does nothing.
    sandbox.hubspot.faults.add(PUBLISH, when="before", delay=0.3, answer={"status": 503})
    worker = Worker(publishing())
    until(lambda: sandbox.hubspot.calls.of("POST", ROUTE).in_flight == 1)
    worker.kill()
    assert Worker(publishing()).end()["result"]["published"] is True
    assert (sends(sandbox), asked(sandbox)) == (1, 2)


@pytest.mark.parametrize("second", ["hubspot_default", "hubspot_oauth"])
def test_two_runs_at_once_send_once_whatever_credentials_they_use(
    sandbox: Sandbox, hurried: None, monkeypatch: pytest.MonkeyPatch, second: str
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
    told = [worker.end()["result"]["published"] for worker in workers]
    assert sorted(told) == [False, True]
    assert (sends(sandbox), asked(sandbox)) == (1, 1)


def test_publish_at_schedules_once_and_the_same_time_again_is_fine(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    # As templates render times: with microseconds, which the platform does not keep.
    moment = later(hours=3) + timedelta(microseconds=123_456)
    arguments = f'email_id="{hubspot.NEWSLETTER_EMAIL}", publish_at="{moment}"'
    first, again = publish(airflow, arguments), publish(airflow, arguments)
    assert (first.state, again.state) == ("success", "success"), again.log[-2000:]
    assert first.returned["publish"]["state"] == "SCHEDULED"
    assert abs(datetime.fromisoformat(first.returned["publish"]["scheduled_for"]) - moment) < timedelta(
        seconds=1
    )
    assert again.returned["publish"]["published"] is False
    email = sandbox.hubspot.world.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    assert [abs(send.due - moment.timestamp()) < 1 for send in email.sends] == [True]


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ('publish_at="2036-01-01T00:00:00Z"', "is scheduled for"),
        ("send_now=True", "unpublish it first to send it now"),
    ],
)
def test_an_email_scheduled_for_another_time_fails_and_is_left_as_it_is(
    airflow: Airflow, sandbox: Sandbox, wanted: str, named: str
) -> None:
    assert publish(airflow, f'email_id="{hubspot.SCHEDULED_EMAIL}"').returned["publish"]["scheduled_for"]
    run = publish(airflow, f'email_id="{hubspot.SCHEDULED_EMAIL}", {wanted}')
    assert run.state == "failed"
    assert named in run.log
    assert asked(sandbox) == 1


def test_send_now_sends_an_email_that_was_set_up_for_later(airflow: Airflow, sandbox: Sandbox) -> None:
    run = publish(airflow, f'email_id="{hubspot.SCHEDULED_EMAIL}", send_now="true"')
    assert run.returned["publish"]["state"] == "PRE_PROCESSING", run.log[-2000:]
    assert sends(sandbox, hubspot.SCHEDULED_EMAIL) == 1


def test_publish_at_holds_against_the_time_in_a_draft_that_somebody_edits(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    emails = sandbox.hubspot.world.emails
    email = emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    emails.change_draft(email, {"subject": "Edited", "sendOnPublish": True})
    run = publish(airflow, f'email_id="{email.id}", publish_at="{later(hours=3).isoformat()}"')
    assert run.returned["publish"]["state"] == "SCHEDULED"
    assert email.live["subject"] == "Edited"


def test_a_retry_after_the_time_was_reached_finds_the_email_published(
    sandbox: Sandbox, hurried: None
) -> None:
    moment = later(seconds=4)
    operator = publishing(publish_at=moment)
    assert Worker(operator).end()["result"]["published"] is True
    until(lambda: datetime.now(UTC) > moment)
    assert Worker(publishing(publish_at=moment)).end()["result"]["published"] is True
    assert (sends(sandbox), asked(sandbox)) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (
            f'email_id="{hubspot.NEWSLETTER_EMAIL}", publish_at="2020-01-01T00:00:00Z"',
            "publish_at: is in the past",
        ),
        (
            f'email_id="{hubspot.NEWSLETTER_EMAIL}", publish_at="2036-01-01T00:00:00"',
            "publish_at: has no offset",
        ),
        (f'email_id="{hubspot.NEWSLETTER_EMAIL}", publish_at="soon"', "publish_at: must be an ISO 8601 time"),
        (
            f'email_id="{hubspot.NEWSLETTER_EMAIL}", publish_at="2036-01-01T00:00:00Z", send_now=True',
            "send_now: contradicts",
        ),
        ('email_id="{{ none }}"', "email_id: is missing"),
        ('email_id="404404"', "not found"),
        ('email_id="1", program_id=7', "program_id: HubSpot has no"),
        (
            f'email_id="{hubspot.AUTOMATED_EMAIL}", publish_at="2036-01-01T00:00:00Z"',
            "publishing turns it on at once",
        ),
    ],
)
def test_what_cannot_be_published_fails_at_once_and_sends_nothing(
    airflow: Airflow, sandbox: Sandbox, arguments: str, named: str
) -> None:
    run = publish(airflow, arguments)
    assert run.state == "failed"
    assert named in run.log
    assert asked(sandbox) == 0
    assert "up_for_retry" not in run.log


@pytest.mark.parametrize("email_id", [hubspot.PUBLISHED_EMAIL, hubspot.NEWSLETTER_EMAIL])
def test_an_email_that_is_published_or_being_sent_is_left_alone(
    airflow: Airflow, sandbox: Sandbox, email_id: str
) -> None:
    emails = sandbox.hubspot.world.emails
    email = emails.get(email_id)
    assert email is not None
    if not email.sends:
        emails.publish(email)
    run = publish(airflow, f'email_id="{email_id}", publish_at="{later(days=1).isoformat()}"')
    assert run.returned["publish"]["published"] is False
    assert (sends(sandbox, email_id), asked(sandbox)) == (1, 0)


def test_an_email_in_error_is_refused(airflow: Airflow, sandbox: Sandbox) -> None:
    publish(airflow, f'email_id="{hubspot.FAILING_EMAIL}"')
    sandbox.clock.advance(60)
    run = publish(airflow, f'email_id="{hubspot.FAILING_EMAIL}"')
    assert run.state == "failed"
    assert "is in state ERROR and cannot be published" in run.log
    assert asked(sandbox) == 1


def test_an_automated_email_is_turned_on(airflow: Airflow, sandbox: Sandbox) -> None:
    run = publish(
        airflow, f'email_id="{hubspot.AUTOMATED_EMAIL}", wait_for_completion=True, poll_interval=0.1'
    )
    assert run.returned["publish"]["state"] == "AUTOMATED"


@pytest.mark.parametrize("deferrable", [False, True])
def test_waiting_ends_alike_in_worker_and_triggerer(
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
    assert outcome == {
        "outcome": "email_publication",
        "platform": "hubspot",
        "published": True,
        "state": "PUBLISHED",
        "scheduled_for": None,
        "job": job,
        "job_states": [
            {"job": job, "status": "COMPLETE", "raw_status": "PUBLISHED", "details": {"state": "PUBLISHED"}}
        ],
    }
    assert sends(sandbox) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_an_email_that_ends_in_error_while_waited_for_fails_without_another_try(
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
    assert asked(sandbox) == 1


def test_an_email_that_somebody_took_back_is_not_published_by_a_retry(
    sandbox: Sandbox, hurried: None
) -> None:
    def operator() -> PublishEmailOperator:
        return publishing(
            hubspot.SCHEDULED_EMAIL, wait_for_completion=True, poll_interval=0.05, wait_timeout=0.2
        )

    assert "JobsOverdue" in Worker(operator()).end()["error"]
    email = sandbox.hubspot.world.emails.get(hubspot.SCHEDULED_EMAIL)
    assert email is not None
    sandbox.hubspot.world.emails.unpublish(email)
    until(lambda: "somebody took it back" in Worker(operator()).end()["error"])
    assert asked(sandbox) == 1
    # Cleared by a person, who was told.
    assert Worker(publishing(hubspot.SCHEDULED_EMAIL)).end()["result"]["published"] is True


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


def test_a_day_without_calls_left_brings_the_task_back_and_sends_once(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mkt.client.hubspot import platform

    monkeypatch.setattr(platform, "_QUOTA_RETRY_INTERVAL", timedelta(seconds=0.2))
    sandbox.hubspot.faults.add(PUBLISH, answer={"error": "DAILY"})
    run = publish(airflow, f'email_id="{hubspot.NEWSLETTER_EMAIL}"')
    assert run.state == "success", run.log[-3000:]
    assert (sends(sandbox), asked(sandbox)) == (1, 2)


# -- Marketo ------------------------------------------------------------------------------------------

APPROVE = "*/approve.json"


def program(box: Sandbox) -> Any:
    found = box.marketo.world.programs[marketo.EMAIL_PROGRAM]
    found.end = datetime.now(UTC) + timedelta(days=30)
    return found


def approving(**more: Any) -> PublishEmailOperator:
    return PublishEmailOperator(
        task_id="publish", conn_id="marketo_default", program_id=marketo.EMAIL_PROGRAM, **more
    )


def approvals(box: Sandbox, kind: str = "program/{id}/approve") -> int:
    return box.marketo.calls.of("POST", f"/rest/asset/v1/{kind}.json").by_status[200]


def mails(box: Sandbox) -> dict[int, int]:
    box.marketo.world.settle()
    counted: dict[int, int] = {}
    for mail in box.marketo.world.outbox:
        counted[mail.lead_id] = counted.get(mail.lead_id, 0) + 1
    return counted


@pytest.mark.parametrize("fault", [None, "before", "after"])
def test_marketo_a_draft_is_approved_once_and_again_is_left_alone(
    airflow: Airflow, sandbox: Sandbox, hurried: None, fault: Any
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
    assert sandbox.marketo.world.emails[marketo.DRAFT_EMAIL].status == "approved"


@pytest.mark.parametrize("code", ["702", None])
def test_marketo_an_email_without_draft_is_left_alone_however_the_platform_says_so(
    airflow: Airflow, sandbox: Sandbox, code: str | None
) -> None:
    if code:
        sandbox.marketo.faults.add(f"*/email/{marketo.APPROVED_EMAIL}.json", answer={"code": code})
    run = publish(airflow, f"email_id={marketo.APPROVED_EMAIL}", "marketo_default")
    assert run.state == "success", run.log[-2000:]
    assert run.returned["publish"]["published"] is False


@pytest.mark.parametrize("when", [None, "before", "after"])
def test_marketo_a_program_is_approved_for_a_time_and_sends_once_then(
    airflow: Airflow, sandbox: Sandbox, hurried: None, when: Any
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
    sandbox: Sandbox, hurried: None, when: Any
) -> None:
    program(sandbox)
    moment = later(hours=1)
    sandbox.marketo.faults.add(APPROVE, when=when, delay=0.4)
    worker = Worker(approving(publish_at=moment))
    until(lambda: sandbox.marketo.calls.of("POST", "/rest/asset/v1/program/{id}/approve.json").in_flight == 1)
    worker.kill()
    told = Worker(approving(publish_at=moment)).end()
    assert told["result"]["published"] is True
    until(lambda: sandbox.marketo.calls.all.in_flight == 0)
    sandbox.clock.advance(3700)
    assert set(mails(sandbox).values()) == {1}


def test_marketo_two_runs_at_once_approve_once(sandbox: Sandbox, hurried: None) -> None:
    program(sandbox)
    moment = later(hours=1)
    workers = [Worker(approving(publish_at=moment), run=name) for name in "ab"]
    assert sorted(worker.end()["result"]["published"] for worker in workers) == [False, True]
    assert approvals(sandbox) == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (
            f'program_id={marketo.EMAIL_PROGRAM}, publish_at="2020-01-01T00:00:00Z"',
            "publish_at: is in the past",
        ),
        (f"program_id={marketo.EMAIL_PROGRAM}", "no start date"),
        (f"program_id={marketo.NURTURE_PROGRAM}", "is of type Engagement"),
        ("program_id=99", "there is no program 99"),
        ("email_id=99", "there is no email 99"),
        (f"email_id={marketo.DRAFT_EMAIL}, send_now=True", "send_now: Marketo sends"),
        (
            f'email_id={marketo.DRAFT_EMAIL}, publish_at="2036-01-01T00:00:00Z"',
            "publish_at: approving an email",
        ),
        (f"email_id={marketo.DRAFT_EMAIL}, program_id={marketo.EMAIL_PROGRAM}", "email_id: give either"),
    ],
)
def test_marketo_what_cannot_be_approved_fails_at_once(
    airflow: Airflow, sandbox: Sandbox, arguments: str, named: str
) -> None:
    run = publish(airflow, arguments, "marketo_default")
    assert run.state == "failed"
    assert named in run.log
    assert "up_for_retry" not in run.log
    sandbox.clock.advance(1e6)
    assert mails(sandbox) == {}


def test_marketo_a_program_approved_for_another_time_fails_and_stays(
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
def test_marketo_waiting_ends_when_the_mail_is_out(
    airflow: Airflow, sandbox: Sandbox, deferrable: bool
) -> None:
    program(sandbox)
    run = publish(
        airflow,
        f'program_id={marketo.EMAIL_PROGRAM}, publish_at="{later(seconds=3)}", wait_for_completion=True, '
        f"poll_interval=0.2, deferrable={deferrable}",
        "marketo_default",
    )
    assert run.state == "success", run.log[-3000:]
    assert run.returned["publish"]["state"] == "sent"
    assert run.returned["publish"]["job_states"][0]["status"] == "COMPLETE"
    assert set(mails(sandbox).values()) == {1}


@pytest.mark.parametrize("deferrable", [False, True])
def test_marketo_a_program_that_somebody_takes_back_while_waited_for_fails_without_another_try(
    airflow: Airflow, sandbox: Sandbox, deferrable: bool
) -> None:
    from airflow_provider_mkt.sandbox.marketo.work.sending import unapprove_program

    one = program(sandbox)
    with as_soon_as(lambda: one.locked, lambda: unapprove_program(sandbox.marketo.world, one)):
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


def test_marketo_a_worker_that_is_shut_down_while_it_waits_takes_no_send_back(
    sandbox: Sandbox, hurried: None
) -> None:
    one = program(sandbox)
    worker = Worker(approving(publish_at=later(hours=1), wait_for_completion=True, poll_interval=0.05))
    until(lambda: one.locked)
    calls, look = sandbox.marketo.calls, ("GET", "/rest/asset/v1/program/{id}.json")
    known = calls.of(*look).total
    until(lambda: calls.of(*look).total > known + 3)
    worker.terminate(max_elapsed=1)
    assert one.locked

"""A send is complete when its figures are final, and its report explains each person of the audience."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from workers import context, until

from airflow_provider_mkt.actions.jobs import Job, PollCache
from airflow_provider_mkt.actions.polling import poll_jobs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.hooks.base import hook_for
from airflow_provider_mkt.operators._waiting import JobsOverdue
from airflow_provider_mkt.operators.email_checks import CheckEmailOperator
from airflow_provider_mkt.operators.email_reports import EmailReportOperator
from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.emails.sending import approve_program
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

EMAIL = Job("hubspot", "email_publish", hubspot.NEWSLETTER_EMAIL)
PROGRAM = Job("marketo", "email_send", str(marketo.EMAIL_PROGRAM))


def publish(box: Sandbox, **to: Any) -> None:
    """Publish the newsletter to five contacts, or to others, and let it be sent."""
    settings, store = box.hubspot.settings, box.hubspot.state.emails
    if to:
        with hook_for("hubspot_default") as hook:
            hook.run(emails.update(EMAIL.id, {"to": to}))
    email = store.get(EMAIL.id)
    assert email is not None
    settings.email_preprocessing = 0
    if settings.mails_per_second is None:
        settings.email_processing = 0
    store.publish(email)


def start_program(box: Sandbox) -> None:
    """Approve the email program, and wait until its start has passed."""
    state = box.marketo.state
    program = state.programs[marketo.EMAIL_PROGRAM]
    program.start = state.now() + timedelta(seconds=0.5)
    program.end = program.start + timedelta(days=1)
    approve_program(state, program)
    start = program.start.replace(microsecond=0) + timedelta(seconds=1)
    until(lambda: datetime.now(UTC) > start)


class Wait:
    """A wait for a send, one poll after the other."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.cache: PollCache = {}

    def poll(self) -> tuple[str, Any, str]:
        """Poll once. Returns the raw status, how many mails were sent, and the reason."""
        with hook_for(f"{self.job.platform}_default") as hook:
            specs = [(hook.job_spec(self.job), self.job)]
            (state,) = hook.follow(poll_jobs(specs, hook.log, self.cache))
        return state.raw_status, state.details.get("sent"), state.reason


def report(job: Job = EMAIL, **more: Any) -> dict[str, Any]:
    """Execute the operator and return its outcome, with ``error`` when the task failed with one."""
    task = context()
    operator = EmailReportOperator(
        task_id="report",
        conn_id=f"{job.platform}_default",
        job=job.to_json(),
        **{"poll_interval": 0.1, "stable_for": 0.2, **more},
    )
    try:
        outcome: dict[str, Any] = operator.execute(task)
    except AirflowFailException as error:
        if "return_value" not in task["ti"].pushed:
            raise
        return {**task["ti"].pushed["return_value"], "error": str(error)}
    return outcome


def lines(path: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(str(path).removeprefix("file://")).read_text().splitlines()]


# -- when a send is complete --------------------------------------------------------------------------


def test_a_hubspot_email_is_sent_when_its_whole_audience_was_processed(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.mails_per_second = 0.01
    publish(sandbox)
    wait = Wait(EMAIL)
    sandbox.clock.advance(150)
    assert wait.poll()[0] == "PROCESSING"
    sandbox.clock.advance(600)
    assert wait.poll() == ("PUBLISHED", 5, "")


def test_late_figures_of_hubspot_are_waited_for(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.figures_lag = 100
    publish(sandbox)
    wait = Wait(EMAIL)
    assert wait.poll() == ("counting", 0, "")
    sandbox.clock.advance(200)
    assert wait.poll() == ("PUBLISHED", 5, "")


@pytest.mark.parametrize("to", [{"contactIlsLists": {"include": []}}, {"contactIds": {"include": []}}])
def test_a_hubspot_email_to_nobody_fails_at_once_with_the_reason(
    sandbox: Sandbox, to: dict[str, Any]
) -> None:
    publish(sandbox, **to)
    waiting = PublishEmailOperator(
        task_id="publish", conn_id="hubspot_default", email_id=EMAIL.id, wait_for_completion=True
    )
    with pytest.raises(AirflowFailException, match="was sent to nobody: it has no recipients"):
        waiting.execute(context())


def test_without_the_analytics_the_statistics_decide(sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*/email/public/v1/*", answer={"status": 403}, times=None)
    publish(sandbox)
    assert Wait(EMAIL).poll() == ("PUBLISHED", 5, "")
    outcome = report()
    assert (outcome["sent"], outcome["unexplained"]) == (5, 0)


def test_a_marketo_program_is_sent_when_its_log_stands_still(sandbox: Sandbox) -> None:
    settings = sandbox.marketo.settings
    settings.mails_per_second, settings.commit_lag = 0.01, 0
    start_program(sandbox)
    wait = Wait(Job("marketo", "email_send", PROGRAM.id, stable_for=0))
    slow = Wait(Job("marketo", "email_send", PROGRAM.id, stable_for=3600))
    assert slow.poll() == ("sending", 1, "")
    sandbox.clock.advance(1000)
    assert slow.poll() == ("sending", 3, "")
    assert wait.poll() == ("sent", 3, "")


def test_a_marketo_program_to_nobody_fails_with_the_reason(sandbox: Sandbox) -> None:
    sandbox.marketo.settings.drop_reasons = {"communicationLimit": 1.0}
    start_program(sandbox)
    with pytest.raises(AirflowFailException, match=r"was sent to nobody: the log has no mail"):
        report(PROGRAM)


def test_a_marketo_program_whose_people_are_all_unsubscribed_fails_at_once(sandbox: Sandbox) -> None:
    state = sandbox.marketo.state
    for lead_id in state.lists[marketo.STATIC_LIST].members:
        lead = state.leads.get(lead_id)
        assert lead is not None
        lead.values["unsubscribed"] = True
    start_program(sandbox)
    _, _, reason = Wait(PROGRAM).poll()
    assert reason.endswith("was sent to nobody: nobody in its lists can get mail (unsubscribed 3)")


def test_a_marketo_program_with_an_empty_list_fails_at_once(sandbox: Sandbox) -> None:
    state = sandbox.marketo.state
    state.lists[marketo.STATIC_LIST].members.clear()
    start_program(sandbox)
    status, sent, reason = Wait(PROGRAM).poll()
    assert (status, sent) == ("nobody", 0)
    assert reason == f"email program {PROGRAM.id} was sent to nobody: its lists have no members"


# -- the report ---------------------------------------------------------------------------------------


def test_each_person_of_the_audience_was_sent_a_mail_or_dropped_with_a_reason(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    settings = sandbox.hubspot.settings
    settings.drop_reasons, settings.bounce_share = {"PREVIOUSLY_BOUNCED": 0.2}, 0.25
    publish(sandbox)
    paths = {f"{name}_path": f"{tmp_path}/{name}.jsonl" for name in ("output", "rejects", "history")}
    outcome = report(**paths, series="newsletter", send_key="december")
    assert {name: outcome[name] for name in ("audience", "sent", "dropped", "unexplained", "bounced")} == {
        "audience": 5,
        "sent": 4,
        "dropped": 1,
        "unexplained": 0,
        "bounced": 1,
    }
    assert outcome["reasons"] == {"PREVIOUSLY_BOUNCED": 1}
    assert outcome["rates"]["delivered"] == 0.75
    assert (outcome["status"], outcome["problems"]) == ("ok", [])
    (dropped,) = lines(outcome["rejects"])
    assert (dropped["code"], dropped["outcome"]) == ("PREVIOUSLY_BOUNCED", "rejected")
    assert "@" in dropped["lead"]
    (row,) = lines(paths["output_path"])
    assert (row["name"], row["opened"], row["spam"]) == ("Monthly newsletter", outcome["opened"], 0)
    report(**paths, series="newsletter", send_key="december")
    (kept,) = lines(paths["history_path"])
    assert (kept["id"], kept["sent"], kept["series"], kept["send_key"]) == (
        EMAIL.id,
        4,
        "newsletter",
        "december",
    )


def test_a_report_is_compared_with_the_check_and_a_check_with_the_history(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    history = f"{tmp_path}/history.jsonl"
    options: dict[str, Any] = {"min_hours_between_sends": None, "on_error": "report"}
    checking = CheckEmailOperator(
        task_id="check", conn_id="hubspot_default", email_id=EMAIL.id, history_path=history, **options
    )
    check = checking.execute(context(run="check"))
    publish(sandbox)
    outcome = report(check=check, history_path=history)
    assert (outcome["audience"], outcome["unexplained"], outcome["status"]) == (5, 0, "ok")
    (row,) = lines(history)
    assert (row["account"], row["kind"]) == (check["account"]["id"], "email")
    again = CheckEmailOperator(
        task_id="again",
        conn_id="hubspot_default",
        email_id=EMAIL.id,
        history_path=history,
        max_change_from_last="10%",
        **options,
    ).execute(context(run="again"))
    assert again["audience"]["last"] == 5


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"min_sent": 6}, "5 mails were sent, expected: at least 6"),
        ({"max_bounced": "10%"}, "2 of 5 mails bounced"),
        (
            {"audience": {"total": 9, "at_most": 9, "exact": True, "excluded": {}}},
            "4 of 9 people got no mail, for no known reason",
        ),
        (
            {"audience": {"total": 3, "at_most": 3, "exact": True, "excluded": {}}},
            "5 mails were sent, to an audience of at most 3",
        ),
    ],
)
def test_a_limit_that_is_passed_fails_the_task_or_warns(
    sandbox: Sandbox, limits: dict[str, Any], problem: str
) -> None:
    sandbox.hubspot.settings.bounce_share = 0.4
    publish(sandbox)
    audience = limits.pop("audience", None)
    target = {"platform": "hubspot", "kind": "email", "id": EMAIL.id}
    check = None if audience is None else {"target": target, "audience": audience}
    failed = report(check=check, **limits)
    assert (failed["status"], failed["error"]) == ("error", problem)
    warned = report(check=check, on_problem="warn", **limits)
    assert (warned["status"], warned["problems"]) == ("warning", [problem])
    assert "error" not in warned


def test_a_report_of_a_marketo_program(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = sandbox.marketo.settings
    settings.commit_lag, settings.bounce_share, settings.open_share = 0, 0.3, 1
    history = f"{tmp_path}/history.jsonl"
    start_program(sandbox)
    outcome = report(PROGRAM, history_path=history)
    assert (outcome["sent"], outcome["delivered"] + outcome["bounced"]) == (3, 3)
    assert outcome["opened"] == outcome["delivered"]
    assert (outcome["audience"], outcome["dropped"], outcome["rejects"]) == (None, None, None)
    assert [row["kind"] for row in lines(history)] == ["email_program"]


def test_a_report_of_several_emails_adds_them_up(sandbox: Sandbox) -> None:
    publish(sandbox)
    jobs = [EMAIL.to_json(), {**EMAIL.to_json(), "id": hubspot.PUBLISHED_EMAIL}]
    operator = EmailReportOperator(task_id="report", conn_id="hubspot_default", job=jobs, stable_for=0)
    outcome = operator.execute(context())
    assert [one["sent"] for one in outcome["sends"]] == [5, 3]
    assert (outcome["sent"], outcome["audience"]) == (8, 8)


def test_an_email_that_is_not_sent_in_time_is_overdue(sandbox: Sandbox) -> None:
    with pytest.raises(JobsOverdue):
        report(Job("hubspot", "email_publish", hubspot.SCHEDULED_EMAIL), wait_timeout=0.2)


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"job": {}}, "job"),
        ({"job": {"platform": "marketo", "kind": "email_publish", "id": "1"}}, "job[0].kind"),
        ({"job": {"platform": "hubspot", "kind": "contact_import", "id": "1"}}, "job[0].kind"),
        ({"min_sent": "some"}, "min_sent"),
        ({"stable_for": "long"}, "stable_for"),
        ({"max_bounced": "-1"}, "max_bounced"),
        ({"output_path": "figures.parquet"}, "output_path"),
    ],
)
def test_wrong_values_fail_before_any_call(sandbox: Sandbox, arguments: dict[str, Any], named: str) -> None:
    given = {"job": EMAIL.to_json(), **arguments}
    operator = EmailReportOperator(task_id="report", conn_id="hubspot_default", **given)
    with pytest.raises(AirflowFailException) as raised:
        operator.execute(context())
    assert str(raised.value).startswith(named)
    assert sandbox.hubspot.calls.total == 0


def test_a_wrong_reaction_is_found_when_the_dag_is_parsed() -> None:
    with pytest.raises(InvalidInput, match=r"^on_problem: "):
        EmailReportOperator(task_id="report", conn_id="c", job={}, on_problem="ignore")


def test_marketo_has_no_file_of_dropped_people(sandbox: Sandbox) -> None:
    with pytest.raises(AirflowFailException, match=r"^rejects_path: is HubSpot's"):
        report(PROGRAM, rejects_path="rejects.jsonl")

"""One email to one person is sent once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.operators.sends import SendSingleEmailOperator, SendTransactionalEmailOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.version_compat import AirflowFailException

EMAIL, OTHER = hubspot.TRANSACTIONAL_EMAIL, hubspot.SINGLE_SEND_EMAIL
SEND = "*/single-email/send"
ADA = "ada@example.com"
HEAD = (
    "from airflow_provider_mkt.operators.sends import SendSingleEmailOperator, SendTransactionalEmailOperator"
)


@pytest.fixture(autouse=True)
def quick(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.send_queue = sandbox.hubspot.settings.send_processing = 0.05


def sending(to: Any = ADA, **more: Any) -> SendTransactionalEmailOperator:
    arguments = {"conn_id": "hubspot_default", "email_id": EMAIL, "to": to, **more}
    return SendTransactionalEmailOperator(task_id="send", **arguments)


def waiting(to: Any = ADA, **more: Any) -> SendTransactionalEmailOperator:
    return sending(to, wait_for_completion=True, poll_interval=0.05, **more)


def mails(box: Sandbox) -> list[str]:
    """Who has received an email; two requests with one send give one entry."""
    return sorted(one.to for one in box.hubspot.state.single_sends.all() if one.result == "SENT")


def sent_requests(box: Sandbox) -> list[Any]:
    return box.hubspot.state.single_sends.all()


@pytest.mark.parametrize("version", PROFILES)
@pytest.mark.parametrize("deferrable", [False, True])
def test_both_kinds_are_sent_and_waited_for(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, version: str, deferrable: bool
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": hubspot.TOKEN,
        "extra": {"api_version": version},
    }
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))
    run = airflow.run(f"""
{HEAD}
wait = {{"wait_for_completion": True, "poll_interval": 0.05, "deferrable": {deferrable}}}
SendTransactionalEmailOperator(task_id="send", conn_id="hubspot_default", email_id={EMAIL},
    to="{{{{ params.to }}}}", params={{"to": " {ADA} "}}, contact_properties={{"company": "New"}},
    custom_properties='{{"order": [1]}}', reply_to=["shop@example.com"], **wait)
SendSingleEmailOperator(task_id="single", conn_id="hubspot_default", email_id={OTHER},
    to="new@example.com", **wait)
""")
    assert run.state == "success", run.log[-3000:]
    assert mails(sandbox) == [ADA, "new@example.com"]
    outcome = run.returned["send"]
    [job_state] = outcome.pop("job_states")
    assert (job_state["status"], job_state["raw_status"], job_state["details"]["send_result"]) == (
        "COMPLETE",
        "SENT",
        "SENT",
    )
    assert outcome == {
        "outcome": "email_send",
        "platform": "hubspot",
        "email_id": EMAIL,
        "job": {"platform": "hubspot", "kind": "email_send", "id": outcome["job"]["id"]},
        "state": "SENT",
    }
    assert "example.com" not in json.dumps(run.returned)
    ada = sandbox.hubspot.state.contacts.find("email", ADA)
    assert ada is not None
    assert ada.properties["company"] == "New"


def test_several_people_get_one_email_each_and_no_address_is_logged(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    run = airflow.run(f"""
{HEAD}
SendTransactionalEmailOperator.partial(
    task_id="send", conn_id="hubspot_default", email_id={EMAIL}, wait_for_completion=True, poll_interval=0.05,
).expand(to=["{ADA}", "ben@example.com", "ada@example.com"])
""")
    assert run.state == "success", run.log[-3000:]
    # Two mapped tasks for the same person send two emails.
    assert mails(sandbox) == [ADA, ADA, "ben@example.com"]
    assert ADA not in run.log


@pytest.mark.parametrize("answer", [RESET, {"status": 502}])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_sends_one_email(
    sandbox: Sandbox, short_waits: None, when: Any, answer: dict[str, Any]
) -> None:
    sandbox.hubspot.faults.add(SEND, when=when, answer=answer)
    outcome = waiting().execute(context())
    assert outcome["state"] == ("SENT" if when == "before" else "IDEMPOTENT_IGNORE")
    assert mails(sandbox) == [ADA]
    keys = {one.key for one in sent_requests(sandbox)}
    assert len(keys) == 1
    assert None not in keys


def test_a_retried_task_sends_one_email(airflow: Airflow, sandbox: Sandbox, short_waits: None) -> None:
    sandbox.hubspot.faults.add(SEND, when="after", answer={"status": 502}, times=6)
    run = airflow.run_tasks(f"""
{HEAD}
SendTransactionalEmailOperator(task_id="send", conn_id="hubspot_default", email_id={EMAIL}, to="{ADA}",
    retries=4, wait_for_completion=True, poll_interval=0.05)
""")
    assert run.state == "success", run.log[-3000:]
    assert mails(sandbox) == [ADA]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_while_it_sends_and_its_next_try_send_one_email(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.hubspot.faults.add(SEND, when=when, delay=0.3)
    worker = Worker(waiting())
    until(lambda: bool(sandbox.hubspot.faults.fired))
    worker.kill()
    assert "result" in Worker(waiting()).end()
    until(lambda: sandbox.hubspot.calls.all.in_flight == 0)
    assert mails(sandbox) == [ADA]


def test_a_worker_killed_while_it_waits_and_its_next_try_send_one_request(
    sandbox: Sandbox, short_waits: None
) -> None:
    sandbox.hubspot.settings.send_queue = 3600
    worker = Worker(waiting())
    until(lambda: sandbox.hubspot.calls.of("GET", "/marketing/v3/email/send-statuses/{statusId}").total > 1)
    worker.kill()
    sandbox.clock.advance(3700)
    assert Worker(waiting()).end()["result"]["state"] == "SENT"
    assert len(sent_requests(sandbox)) == 1


def test_a_cleared_task_sends_none_and_another_run_or_key_sends_one_more(
    sandbox: Sandbox, short_waits: None
) -> None:
    for more, run in (
        ({}, "a"),
        ({}, "a"),
        ({}, "b"),
        ({"send_key": "order 2"}, "a"),
        ({"email_id": OTHER}, "a"),
    ):
        waiting(**more).execute(context(run=run))
    assert len(mails(sandbox)) == 4
    # An address in another case is the same address.
    waiting("ADA@example.com").execute(context(run="a"))
    assert len(mails(sandbox)) == 4


def test_two_concurrent_runs_with_one_send_id_send_one_email(sandbox: Sandbox, short_waits: None) -> None:
    workers = [Worker(waiting(send_id="order-7"), run=name) for name in "ab"]
    states = sorted(worker.end()["result"]["state"] for worker in workers)
    assert states == ["IDEMPOTENT_IGNORE", "SENT"]
    assert mails(sandbox) == [ADA]


@pytest.mark.parametrize("deferrable", [False, True])
def test_an_email_that_is_not_sent_fails_the_task_with_its_result_without_retry(
    airflow: Airflow, sandbox: Sandbox, deferrable: bool
) -> None:
    run = airflow.run_tasks(f"""
{HEAD}
SendTransactionalEmailOperator(task_id="send", conn_id="hubspot_default", email_id={EMAIL}, retries=2,
    to="noreply@example.com", wait_for_completion=True, poll_interval=0.05, deferrable={deferrable})
""")
    assert run.state == "failed"
    assert "INVALID_TO_ADDRESS" in run.log
    assert "noreply@" not in run.log
    assert len(sent_requests(sandbox)) == 1


def test_a_failed_email_is_sent_again_when_the_task_is_cleared(sandbox: Sandbox, short_waits: None) -> None:
    subscriptions = sandbox.hubspot.state.subscriptions
    refusal, subscriptions.refusal = subscriptions.refusal, lambda *_: "PREVIOUSLY_UNSUBSCRIBED_MESSAGE"
    with pytest.raises(AirflowFailException, match="PREVIOUSLY_UNSUBSCRIBED_MESSAGE"):
        waiting().execute(context())
    with pytest.raises(AirflowFailException, match="PREVIOUSLY_UNSUBSCRIBED_MESSAGE"):
        waiting(send_id="order-7").execute(context(run="own"))
    subscriptions.refusal = refusal
    assert waiting().execute(context())["state"] == "SENT"
    assert waiting().execute(context())["state"] == "SENT"
    with pytest.raises(AirflowFailException, match="PREVIOUSLY_UNSUBSCRIBED_MESSAGE"):
        waiting(send_id="order-7").execute(context(run="own"))
    assert mails(sandbox) == [ADA]


def test_an_idempotent_failure_is_never_sent_with_another_key(sandbox: Sandbox, short_waits: None) -> None:
    sandbox.hubspot.faults.add(SEND, when="after", answer=RESET)
    for _ in range(3):
        with pytest.raises(AirflowFailException, match="IDEMPOTENT_FAIL"):
            waiting("noreply@example.com").execute(context())
    assert len(sent_requests(sandbox)) == 2


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("operator", "named"),
    [
        (lambda: sending(""), "to: is missing"),
        (lambda: sending("nobody"), "to: must be an email address, not text of 6 characters"),
        (lambda: sending([ADA]), "to: must be text"),
        (lambda: sending(email_id="abc"), "email_id: must be a positive whole number"),
        (lambda: sending(email_id=hubspot.NEWSLETTER_EMAIL), "is not published"),
        (lambda: sending(cc="ben@example.com"), "cc: must be a list"),
        (lambda: sending(bcc=["ben"]), r"bcc\[0\]: must be an email address"),
        (lambda: sending(contact_properties={"age": 7}), "contact_properties.age: must be text"),
        (lambda: sending(custom_properties="[1]"), "custom_properties: must be a mapping"),
        (lambda: sending(send_id=["a"]), "send_id: must be text"),
        (lambda: sending(conn_id="marketo_default"), "is of type marketo, not hubspot"),
    ],
)
def test_an_email_that_cannot_be_sent_fails_without_retry_and_names_nobody(
    sandbox: Sandbox, short_waits: None, operator: Callable[[], SendTransactionalEmailOperator], named: str
) -> None:
    with pytest.raises(AirflowFailException, match=named) as failure:
        operator().execute(context())
    assert "@" not in str(failure.value)
    assert sent_requests(sandbox) == []


def test_a_missing_product_is_named(sandbox: Sandbox, short_waits: None) -> None:
    sandbox.hubspot.settings.transactional_email = sandbox.hubspot.settings.marketing_enterprise = False
    for kind in (SendTransactionalEmailOperator, SendSingleEmailOperator):
        operator = kind(task_id="send", conn_id="hubspot_default", email_id=OTHER, to=ADA)
        with pytest.raises(AirflowFailException, match="does not have"):
            operator.execute(context())

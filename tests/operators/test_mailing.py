"""Many people get one email each, and each email has an outcome."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.operators.sends import SendEmailToPeopleOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.version_compat import AirflowFailException

EMAIL, OTHER = hubspot.TRANSACTIONAL_EMAIL, hubspot.SINGLE_SEND_EMAIL
SEND = "*/single-email/send"
PEOPLE = [f"person{number}@example.com" for number in range(7)]


@pytest.fixture(autouse=True)
def quick(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.send_queue = sandbox.hubspot.settings.send_processing = 0.05


def mailing(leads: Any = PEOPLE, **more: Any) -> SendEmailToPeopleOperator:
    arguments = {
        "conn_id": "hubspot_default",
        "email_id": EMAIL,
        "leads": leads,
        "poll_interval": 0.05,
        **more,
    }
    return SendEmailToPeopleOperator(task_id="mail", **arguments)


def mails(box: Sandbox) -> Counter[str]:
    return Counter(one.to for one in box.hubspot.state.single_sends.all() if one.result == "SENT")


def each(people: Any = PEOPLE) -> Counter[str]:
    return Counter(dict.fromkeys(people, 1))


@pytest.mark.parametrize(("kind", "email_id"), [("transactional", EMAIL), ("marketing", OTHER)])
def test_people_of_a_file_get_one_email_each_and_rejected_people_are_written_to_a_file(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path, kind: str, email_id: str
) -> None:
    source = tmp_path / "people.csv"
    source.write_text("email,city\n" + "".join(f"{one},x\n" for one in [*PEOPLE, "noreply@example.com"]))
    run = airflow.run(f"""
from airflow_provider_mkt.operators.sends import SendEmailToPeopleOperator
SendEmailToPeopleOperator(task_id="mail", conn_id="hubspot_default", email_id={email_id}, kind="{kind}",
    leads_path="{source}", rejects_path="{tmp_path}/rejects.jsonl", max_rejected="20%", poll_interval=0.05,
    custom_properties={{"order": "{{{{ run_id }}}}"}})
""")
    assert run.state == "success", run.log[-3000:]
    outcome = run.returned["mail"]
    counts = {name: outcome[name] for name in ("total", "mailed", "mailed_before", "rejected", "unknown")}
    assert counts == {"total": 8, "mailed": 7, "mailed_before": 0, "rejected": 1, "unknown": 0}
    assert outcome["reasons"] == {"INVALID_TO_ADDRESS": 1}
    [reject] = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert (reject["lead"], reject["code"]) == ("noreply@example.com", "INVALID_TO_ADDRESS")
    assert mails(sandbox) == each()
    assert "@" not in json.dumps(outcome)
    assert "person0@" not in run.log


def test_nobody_gets_a_second_email_except_from_another_run_or_key(
    sandbox: Sandbox, short_waits: None
) -> None:
    first = mailing([*PEOPLE, PEOPLE[0].upper()]).execute(context(run="a"))
    assert (first["total"], first["duplicates"], first["mailed"]) == (7, 1, 7)
    again = mailing().execute(context(run="a", cleared=1))
    assert (again["mailed"], again["mailed_before"]) == (0, 7)
    assert mails(sandbox) == each()
    mailing(PEOPLE[:1], send_key="again").execute(context(run="a"))
    mailing(PEOPLE[:1]).execute(context(run="b"))
    assert mails(sandbox)[PEOPLE[0]] == 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_everybody_gets_one_email_despite_lost_answers(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.hubspot.faults.add(SEND, when=when, answer=RESET, skip=2, times=3)
    outcome = mailing().execute(context())
    assert outcome["mailed"] + outcome["mailed_before"] == 7
    assert mails(sandbox) == each()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_half_way_and_its_next_try_send_everybody_one_email(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.hubspot.faults.add(SEND, when=when, skip=3, delay=0.3)
    worker = Worker(mailing())
    until(lambda: bool(sandbox.hubspot.faults.fired))
    worker.kill()
    outcome = Worker(mailing()).end()["result"]
    until(lambda: sandbox.hubspot.calls.all.in_flight == 0)
    assert outcome["mailed"] + outcome["mailed_before"] == 7
    assert mails(sandbox) == each()


def test_an_email_without_final_status_in_time_is_unknown_and_not_sent_again(
    sandbox: Sandbox, short_waits: None
) -> None:
    sandbox.hubspot.settings.send_processing = 3600
    task_context = context()
    with pytest.raises(AirflowFailException, match="whether 7 leads were mailed is unknown"):
        mailing(result_timeout=0.2).execute(task_context)
    assert task_context["ti"].pushed["return_value"]["unknown"] == 7
    sandbox.clock.advance(3700)
    sandbox.hubspot.settings.send_processing = 0.05
    assert mailing().execute(context())["mailed_before"] == 7
    assert mails(sandbox) == each()


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"leads": []}, "leads: is empty"),
        ({"leads": ["nobody"]}, r"leads\[0\]: must be an email address"),
        ({"email_id": "abc"}, "email_id: must be a positive whole number"),
        ({"email_id": hubspot.NEWSLETTER_EMAIL}, "is not published"),
        ({"kind": "spam"}, "kind: must be one of transactional, marketing"),
        ({"reply_to": "a@example.com"}, "reply_to: must be a list"),
        ({"contact_properties": {"age": 7}}, "contact_properties.age: must be text"),
        ({"conn_id": "marketo_default"}, "is of type marketo, not hubspot"),
    ],
)
def test_an_email_that_cannot_be_sent_fails_without_retry_and_names_nobody(
    sandbox: Sandbox, short_waits: None, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(AirflowFailException, match=named) as failure:
        mailing(**arguments).execute(context())
    assert "@" not in str(failure.value)
    assert sandbox.hubspot.state.single_sends.all() == []

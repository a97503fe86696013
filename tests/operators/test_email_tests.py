"""An email gets one variation, and every address one sample."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.operators.email_tests import CreateABTestVariationOperator, SendSampleEmailOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException

CREATE = "*/create-variation"


def varying(
    email_id: Any = hubspot.NEWSLETTER_EMAIL, name: Any = "B", conn: str = "hubspot"
) -> CreateABTestVariationOperator:
    return CreateABTestVariationOperator(
        task_id="vary", conn_id=f"{conn}_default", email_id=email_id, variation_name=name
    )


def variations(box: Sandbox) -> list[str]:
    return [one.id for one in box.hubspot.state.emails.all() if one.role == "variant"]


@pytest.mark.parametrize("version", PROFILES)
def test_a_variation_is_created_and_a_second_run_does_not_change_it(
    airflow: Airflow, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    connection = json.dumps(
        {
            "conn_type": "hubspot",
            "host": sandbox.hubspot.url,
            "password": hubspot.TOKEN,
            "extra": {"api_version": version},
        }
    )
    monkeypatch.setenv("AIRFLOW_CONN_VERSIONED", connection)
    body = f"""
from airflow_provider_mkt.operators.email_tests import CreateABTestVariationOperator
CreateABTestVariationOperator(task_id="vary", conn_id="versioned", email_id={hubspot.NEWSLETTER_EMAIL},
    variation_name="{{{{ params.name }}}}", params={{"name": "B"}})
"""
    first, again = airflow.run(body), airflow.run(body.replace('"B"', '"C"'))
    assert (first.state, again.state) == ("success", "success"), first.log[-2000:]
    [variation] = variations(sandbox)
    made = {
        "outcome": "email_variation",
        "platform": "hubspot",
        "email_id": variation,
        "original_id": hubspot.NEWSLETTER_EMAIL,
        "name": "B",
        "state": "DRAFT_AB_VARIANT",
        "created": True,
    }
    assert first.returned["vary"] == made
    assert again.returned["vary"] == {**made, "created": False}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_gives_one_variation(sandbox: Sandbox, short_waits: None, when: Any) -> None:
    sandbox.hubspot.faults.add(CREATE, when=when, answer=RESET)
    outcome = varying().execute(context())
    assert outcome["created"] is True
    assert variations(sandbox) == [outcome["email_id"]]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_during_the_call_and_its_next_try_create_one_variation(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.hubspot.faults.add(CREATE, when=when, delay=0.4)
    worker = Worker(varying())
    until(lambda: bool(sandbox.hubspot.faults.fired))
    worker.kill()
    outcome = Worker(varying()).end()["result"]
    until(lambda: sandbox.hubspot.calls.all.in_flight == 0)
    assert variations(sandbox) == [outcome["email_id"]]


def test_two_concurrent_runs_create_one_variation(sandbox: Sandbox, short_waits: None) -> None:
    workers = [Worker(varying(), run=name) for name in "ab"]
    assert sorted(worker.end()["result"]["created"] for worker in workers) == [False, True]
    assert len(variations(sandbox)) == 1


@pytest.mark.usefixtures("from_templates")
def test_an_email_that_cannot_be_tested_fails_without_retry(sandbox: Sandbox, short_waits: None) -> None:
    variation = varying().execute(context())["email_id"]
    for operator, named in (
        (varying(variation), "is the variation of another one"),
        (varying(hubspot.PUBLISHED_EMAIL), "cannot be tested"),
        (varying("404"), "not found"),
        (varying(name=" "), "variation_name: is missing"),
        (varying(conn="marketo"), "is of type marketo, not hubspot"),
    ):
        with pytest.raises(AirflowFailException, match=named):
            operator.execute(context())


# -- samples ------------------------------------------------------------------------------------------

SAMPLE = "*/sendSample.json"
TO = ["anna@example.com", "ben@example.com", "carla@example.com"]


def sampling(to: Any = TO, email_id: Any = marketo.DRAFT_EMAIL, **more: Any) -> SendSampleEmailOperator:
    conn_id = more.pop("conn_id", "marketo_default")
    return SendSampleEmailOperator(task_id="sample", conn_id=conn_id, email_id=email_id, to=to, **more)


def samples(box: Sandbox) -> list[str]:
    return [one.address for one in box.marketo.state.samples]


def test_each_address_gets_a_sample_and_a_cleared_task_sends_none_twice(
    airflow: Airflow, sandbox: Sandbox, short_waits: None
) -> None:
    run = airflow.run(f"""
from airflow_provider_mkt.operators.email_tests import SendSampleEmailOperator
SendSampleEmailOperator(task_id="sample", conn_id="marketo_default", email_id={marketo.DRAFT_EMAIL},
    to='{{{{ params.to | tojson }}}}', params={{"to": {TO}}}, lead_id={marketo.ANNA})
""")
    assert run.state == "success", run.log[-2000:]
    outcome = run.returned["sample"]
    assert (outcome["total"], outcome["sent"], outcome["rejected"], outcome["unknown"]) == (3, 3, 0, 0)
    assert not [address for address in TO if address in run.log]
    assert samples(sandbox) == TO
    for _ in range(2):
        outcome = sampling([*TO, "ANNA@example.com", "dora@example.com"]).execute(context())
        assert (outcome["total"], outcome["sent"]) == (4, 4)
    assert samples(sandbox) == [*TO, *TO, "dora@example.com"]
    # Another lead fills the tokens, so that it is another sample.
    sampling(TO[0], lead_id=marketo.BEN).execute(context())
    assert samples(sandbox) == [*TO, *TO, "dora@example.com", TO[0]]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sample_whose_answer_was_lost_is_not_sent_again_until_the_task_is_cleared(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.marketo.faults.add(SAMPLE, skip=1, when=when, answer=RESET)
    with pytest.raises(
        AirflowFailException, match=r"to\[1\]: it is unknown whether a sample was sent"
    ) as failure:
        sampling().execute(context())
    assert "example.com" not in str(failure.value)
    reached = [TO[0], TO[2]] if when == "before" else TO
    assert samples(sandbox) == reached
    assert sampling().execute(context(cleared=1))["sent"] == 3
    assert samples(sandbox) == [*reached, TO[1]]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_while_it_sends_and_its_next_try_send_no_sample_twice(
    sandbox: Sandbox, short_waits: None, when: Any
) -> None:
    sandbox.marketo.faults.add(SAMPLE, when=when, delay=0.3)
    worker = Worker(sampling(TO[0]))
    until(lambda: bool(sandbox.marketo.faults.fired))
    worker.kill()
    assert "unknown whether a sample was sent" in Worker(sampling(TO[0])).end()["error"]
    until(lambda: sandbox.marketo.calls.all.in_flight == 0)
    assert samples(sandbox) == TO[:1]


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("operator", "named"),
    [
        (lambda: sampling([]), "to: is empty"),
        (lambda: sampling(""), r"to\[0\]: is missing"),
        (lambda: sampling(7), "to: must be a list"),
        (lambda: sampling(email_id=None), "email_id: is missing"),
        (lambda: sampling(lead_id="anna"), "lead_id: must be"),
        (lambda: sampling(text_only="maybe"), "text_only: must be"),
        (lambda: sampling("nobody"), r"to\[0\] was rejected"),
        (lambda: sampling(conn_id="hubspot_default"), "is of type hubspot, not marketo"),
    ],
)
def test_a_sample_that_cannot_be_sent_fails_without_retry(
    sandbox: Sandbox, short_waits: None, operator: Callable[[], SendSampleEmailOperator], named: str
) -> None:
    with pytest.raises(AirflowFailException, match=named):
        operator().execute(context())
    assert samples(sandbox) == []

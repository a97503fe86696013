"""Marketo programs are cloned, scheduled and unapproved once, and get their tokens, despite failures."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.operators.programs import (
    CloneProgramOperator,
    ScheduleEmailProgramOperator,
    SetProgramTokensOperator,
    UnapproveProgramOperator,
)
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

CLONE = "*/program/*/clone.json"
CONN = {"task_id": "task", "conn_id": "marketo_default"}


def later(**more: float) -> datetime:
    return (datetime.now(UTC) + timedelta(**more)).replace(microsecond=0)


def cloning(name: str = "Copy", program_id: Any = marketo.EMAIL_PROGRAM, **more: Any) -> CloneProgramOperator:
    where = {"folder_id": marketo.PROGRAM_FOLDER, **more}
    return CloneProgramOperator(**CONN, program_id=program_id, name=name, **where)


def copies(box: Sandbox, name: str = "Copy") -> list[int]:
    return [one.id for one in box.marketo.state.programs.values() if one.name == name]


def approved(box: Sandbox, **more: Any) -> Any:
    program = box.marketo.state.programs[marketo.EMAIL_PROGRAM]
    outcome = ScheduleEmailProgramOperator(**CONN, program_id=program.id, **more).execute(
        context(run="approve")
    )
    assert outcome["scheduled"]
    return program


def mails(box: Sandbox) -> int:
    box.marketo.state.run_due_work()
    return len(box.marketo.state.outbox)


def test_an_email_program_is_cloned_gets_tokens_is_scheduled_and_sends(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    body = f"""
from airflow_provider_mkt.operators.programs import (
    CloneProgramOperator, ScheduleEmailProgramOperator, SetProgramTokensOperator, UnapproveProgramOperator
)
on = {{"conn_id": "marketo_default"}}
copy = CloneProgramOperator(task_id="clone", **on, program_id={marketo.EMAIL_PROGRAM},
    name="{{{{ 'December' }}}} Newsletter", folder_id="{marketo.PROGRAM_FOLDER}")
its_id = "{{{{ ti.xcom_pull('clone')['program_id'] }}}}"
fill = SetProgramTokensOperator(task_id="fill", **on, program_id=its_id, tokens='{{"Headline": "Snow"}}')
when = ScheduleEmailProgramOperator(task_id="when", **on, program_id=its_id, publish_at="{later(hours=2)}")
back = UnapproveProgramOperator(task_id="back", **on, program_id=its_id)
again = ScheduleEmailProgramOperator(task_id="again", **on, program_id=its_id, publish_at="{later(hours=1)}",
    end_at="{later(hours=9)}")
copy >> fill >> when >> back >> again
"""
    run = airflow.run(body)
    assert run.state == "success", run.log[-3000:]
    [copy] = copies(sandbox, "December Newsletter")
    returned = run.returned
    assert returned["clone"] == {
        "outcome": "program_copy",
        "platform": "marketo",
        "program_id": str(copy),
        "name": "December Newsletter",
        "created": True,
    }
    assert (returned["fill"]["changed"], returned["when"]["scheduled"]) == (["Headline"], True)
    assert (returned["back"]["unapproved"], returned["again"]["scheduled"]) == (True, True)
    assert returned["again"]["job"] == {"platform": "marketo", "kind": "email_send", "id": str(copy)}
    sandbox.clock.advance(3700)
    assert mails(sandbox) == 3
    assert {mail.tokens["Headline"] for mail in sandbox.marketo.state.outbox} == {"Snow"}


# -- copies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_gives_one_copy(sandbox: Sandbox, when: Any) -> None:
    sandbox.marketo.faults.add(CLONE, when=when, answer=RESET)
    first = cloning().execute(context())
    again = cloning().execute(context(run="another"))
    assert (first["created"], again["created"]) == (True, False)
    assert copies(sandbox) == [int(first["program_id"])] == [int(again["program_id"])]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_while_it_clones_and_its_next_try_create_one_copy(
    sandbox: Sandbox, when: Any
) -> None:
    sandbox.marketo.faults.add(CLONE, when=when, delay=0.4)
    worker = Worker(cloning())
    until(lambda: sandbox.marketo.calls.of("POST", "/rest/asset/v1/program/{id}/clone.json").in_flight == 1)
    worker.kill()
    assert Worker(cloning()).end()["result"]["created"] is True
    assert len(copies(sandbox)) == 1


def test_two_concurrent_runs_create_one_copy(sandbox: Sandbox) -> None:
    workers = [Worker(cloning(), run=name) for name in "ab"]
    assert sorted(worker.end()["result"]["created"] for worker in workers) == [False, True]
    assert len(copies(sandbox)) == 1


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("operator", "named"),
    [
        (lambda: cloning(program_id=99), "there is no program 99"),
        (lambda: cloning(program_id="2002/approve"), "program_id: must be a positive whole number"),
        (lambda: cloning(name=" "), "name: is missing"),
        (lambda: cloning(name="x" * 256), "name: has 256 characters"),
        (lambda: cloning(name="Website Contacts"), "is of type Default, not Email"),
        (lambda: cloning(name="November Newsletter", folder_id=12), "is in folder 11, not 12"),
        (lambda: cloning(folder_id=99), "Folder 99 not found"),
        (
            lambda: CloneProgramOperator(
                task_id="t", conn_id="hubspot_default", program_id=1, name="n", folder_id=1
            ),
            "not marketo",
        ),
    ],
)
def test_a_program_that_cannot_be_cloned_fails_without_retry(
    sandbox: Sandbox, operator: Any, named: str
) -> None:
    known = len(sandbox.marketo.state.programs)
    with pytest.raises(AirflowFailException, match=named):
        operator().execute(context())
    assert len(sandbox.marketo.state.programs) == known


# -- tokens -------------------------------------------------------------------------------------------


def setting(tokens: Any, **more: Any) -> SetProgramTokensOperator:
    where = more or {"program_id": marketo.EMAIL_PROGRAM}
    return SetProgramTokensOperator(**CONN, tokens=tokens, **where)


def test_only_tokens_that_differ_are_set_and_a_lost_answer_changes_nothing(sandbox: Sandbox) -> None:
    wanted = {"Headline": "News of the month", "Seats": {"type": "number", "value": 12}, "Footer": ""}
    sandbox.marketo.faults.add("*/tokens.json", method="POST", when="after", answer=RESET)
    first, again = (setting(json.dumps(wanted)).execute(context(run=name)) for name in "ab")
    assert (first["changed"], first["unchanged"]) == (["Seats", "Footer"], 1)
    assert (again["changed"], again["unchanged"]) == ([], 3)


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("tokens", "named"),
    [
        ({}, "tokens: is empty"),
        ([1], "tokens: must be a mapping"),
        ({"{{my.Headline}}": "x"}, "must be written without"),
        ({"Good": "x", "Headline": None}, "tokens.Headline: must be text or a number"),
        ({"Good": "x", "Headline": {"value": "x", "type": "colour"}}, "tokens.Headline: must be one of date"),
        ({"Headline": {"valeu": "x"}}, "tokens.Headline.valeu: is unknown"),
    ],
)
def test_a_wrong_token_is_named_before_any_is_set(sandbox: Sandbox, tokens: Any, named: str) -> None:
    with pytest.raises(AirflowFailException, match=named):
        setting(tokens).execute(context())
    assert sandbox.marketo.calls.of("POST", "/rest/asset/v1/folder/{id}/tokens.json").total == 0


# -- sending and taking back --------------------------------------------------------------------------


def test_a_program_is_scheduled_with_its_end_and_a_second_run_does_not_change_it(sandbox: Sandbox) -> None:
    start, end = later(hours=1), later(hours=5)
    program = approved(sandbox, publish_at=start, end_at=str(end))
    assert (program.start, program.end) == (start, end)
    again = ScheduleEmailProgramOperator(**CONN, program_id=program.id, publish_at=start, end_at=end)
    assert again.execute(context(run="other"))["scheduled"] is False
    moved = ScheduleEmailProgramOperator(
        **CONN, program_id=program.id, publish_at=start, end_at=later(hours=6)
    )
    with pytest.raises(AirflowFailException, match=r"is approved for .* \(end\) already; unapprove it first"):
        moved.execute(context(run="third"))


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"publish_at": later(hours=1), "end_at": later(minutes=5)}, "end_at: is not after the start"),
        ({"publish_at": "2020-01-01T00:00:00Z"}, "publish_at: is in the past"),
        ({"publish_at": ""}, "publish_at: is missing"),
        ({"publish_at": later(hours=1), "program_id": marketo.DEFAULT_PROGRAM}, "is of type Default"),
    ],
)
def test_a_wrong_schedule_approves_nothing(sandbox: Sandbox, more: Any, named: str) -> None:
    with pytest.raises(AirflowFailException, match=named):
        ScheduleEmailProgramOperator(**CONN, **{"program_id": marketo.EMAIL_PROGRAM, **more}).execute(
            context()
        )
    assert not sandbox.marketo.state.programs[marketo.EMAIL_PROGRAM].locked


def unapproving() -> UnapproveProgramOperator:
    return UnapproveProgramOperator(**CONN, program_id=marketo.EMAIL_PROGRAM)


@pytest.mark.parametrize("when", [None, "before", "after"])
def test_an_unapproved_program_sends_nothing(sandbox: Sandbox, when: Any) -> None:
    approved(sandbox, publish_at=later(hours=1))
    if when:
        sandbox.marketo.faults.add("*/unapprove.json", when=when, answer=RESET)
    first, again = (unapproving().execute(context(run=name)) for name in "ab")
    assert (first["unapproved"], again["unapproved"]) == (True, False)
    sandbox.clock.advance(7200)
    assert mails(sandbox) == 0


def test_a_worker_killed_while_it_unapproves_reports_in_its_next_try_that_it_did(
    sandbox: Sandbox,
) -> None:
    approved(sandbox, publish_at=later(hours=1))
    sandbox.marketo.faults.add("*/unapprove.json", when="after", delay=0.4)
    worker = Worker(unapproving())
    path = "/rest/asset/v1/program/{id}/unapprove.json"
    until(lambda: sandbox.marketo.calls.of("POST", path).in_flight == 1)
    worker.kill()
    assert Worker(unapproving()).end()["result"]["unapproved"] is True


def test_a_program_that_started_to_send_cannot_be_unapproved(sandbox: Sandbox) -> None:
    approved(sandbox, publish_at=later(minutes=5))
    sandbox.clock.advance(600)
    until(lambda: mails(sandbox) == 3)
    with pytest.raises(AirflowFailException, match=r"began to send at|has started to send"):
        unapproving().execute(context())
    assert mails(sandbox) == 3

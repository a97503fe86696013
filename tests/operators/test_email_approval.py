"""An email is approved by a person. A small one passes without, and one with an error never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from workers import context

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators.email_approval import ApproveEmailOperator
from airflow_provider_mkt.version_compat import AirflowFailException, DownstreamTasksSkipped

pytestmark = pytest.mark.usefixtures("short_waits")

CHECK: dict[str, Any] = {
    "outcome": "email_check",
    "platform": "hubspot",
    "status": "ok",
    "checks": [{"id": "audience.too_large", "severity": "error", "ok": True, "text": "120 people"}],
    "audience": {"total": 150, "at_most": 120, "exact": True},
    "fingerprint": "4f1c2d3e",
    "preview": "## Spring\n\nHello {{ contact.firstname }}",
    "target": {"platform": "hubspot", "kind": "email", "id": "180000000001"},
    "name": "Spring",
}
ADA = {"id": "1", "name": "ada"}
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def approving(**arguments: Any) -> ApproveEmailOperator:
    return ApproveEmailOperator(task_id="approve", **{"check": CHECK, **arguments})


def answer(option: str, **more: Any) -> dict[str, Any]:
    return {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": NOW,
        "responded_by_user": ADA,
        "timedout": False,
        **more,
    }


def failure(operator: ApproveEmailOperator) -> str:
    with pytest.raises(AirflowFailException) as raised:
        operator.execute(context())
    return str(raised.value)


def test_an_answer_is_returned_with_who_gave_it_and_for_what() -> None:
    event = answer("Approve", params_input={"note": "seen by legal"})
    assert approving().execute_complete(context(), event) == {
        "outcome": "email_approval",
        "approved": True,
        "requested": True,
        "timed_out": False,
        "approved_by": "ada",
        "answered_at": "2026-11-29T12:00:00+00:00",
        "note": "seen by legal",
        "fingerprint": "4f1c2d3e",
        "audience": 120,
        "approve_above": None,
        "target": CHECK["target"],
    }


def rejected(event: dict[str, Any], **arguments: Any) -> tuple[dict[str, Any], list[str]]:
    """Answer a task that another one follows. Returns its outcome and the tasks that are skipped."""
    with DAG("d", schedule=None):
        approve = approving(**arguments)
        approve >> BaseOperator(task_id="publish")
    task = context()
    with pytest.raises(DownstreamTasksSkipped) as raised:
        approve.execute_complete({**task, "task": approve}, event)  # type: ignore[arg-type]
    return task["ti"].pushed["return_value"], list(raised.value.tasks)


def test_a_rejection_skips_what_follows_and_is_returned() -> None:
    outcome, skipped = rejected(answer("Reject"))
    assert (outcome["approved"], outcome["approved_by"], skipped) == (False, "ada", ["publish"])


def test_without_an_answer_the_task_fails_or_counts_as_rejected() -> None:
    event = answer("Reject", responded_by_user=None, timedout=True)
    task = context()
    with pytest.raises(AirflowFailException, match=r"Send 'Spring' to 120 people.*answered in time"):
        approving().execute_complete(task, event)
    outcome = task["ti"].pushed["return_value"]
    assert (outcome["approved"], outcome["timed_out"], outcome["approved_by"]) == (False, True, None)
    outcome, skipped = rejected(event, on_no_response="skip")
    assert (outcome["timed_out"], skipped) == (True, ["publish"])


def test_a_small_audience_without_findings_passes_without_a_person() -> None:
    for limit in (120, "120", 1_000):
        outcome = approving(approve_above=limit).execute(context())
        assert (outcome["approved"], outcome["requested"], outcome["approved_by"]) == (True, False, None)
        assert outcome["fingerprint"] == "4f1c2d3e"


class Requested(Exception):
    """The task would wait for a person now."""


def request(operator: ApproveEmailOperator) -> Any:
    """Execute a task that needs a person, and return its context."""
    task = context()
    task["ti"].id = "0000"
    with pytest.raises(Requested):
        operator.execute({**task, "task_instance": task["ti"]})  # type: ignore[arg-type]
    return task


@pytest.mark.parametrize(
    "change", [{"fingerprint": "other"}, {"audience": {"at_most": 90_000}}], ids=["email", "audience"]
)
def test_an_answer_does_not_hold_for_a_check_that_was_made_again_during_the_wait(
    change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests(monkeypatch)
    task = request(approving())
    assert approving().execute_complete(task, answer("Approve"))["approved"] is True
    with pytest.raises(AirflowFailException, match="the check was made again while this task waited"):
        approving(check={**CHECK, **change}).execute_complete(task, answer("Approve"))


@pytest.mark.parametrize(
    ("changed", "limit"),
    [
        ({}, None),
        ({}, 119),
        ({"status": "warning"}, 1_000),
        ({"audience": {"total": None, "at_most": None}}, 1_000),
        ({"audience": None}, 1_000),
    ],
)
def test_everything_else_needs_a_person(
    changed: dict[str, Any], limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = requests(monkeypatch)
    request(approving(check={**CHECK, **changed}, approve_above=limit))
    assert shown["body"] == CHECK["preview"]
    assert shown["defaults"] == ["Reject"]
    people = "an unknown number of" if "audience" in changed else "120"
    assert shown["subject"] == f"Send 'Spring' to {people} people?"


def requests(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stop at the request that Airflow would store, and return what is in it."""
    from airflow.providers.standard.operators import hitl

    shown: dict[str, Any] = {}

    def store(**request: Any) -> None:
        shown.update(request)
        raise Requested

    monkeypatch.setattr(hitl, "upsert_hitl_detail", store)
    return shown


def test_the_wait_ends_before_not_after(monkeypatch: pytest.MonkeyPatch) -> None:
    requests(monkeypatch)
    soon = datetime.now(UTC) + timedelta(minutes=30)
    operator = approving(not_after=soon.isoformat(), response_timeout=timedelta(hours=8))
    request(operator)
    assert operator.response_timeout is not None
    assert timedelta(minutes=20) < operator.response_timeout <= timedelta(minutes=29)
    operator = approving(not_after=soon, response_timeout=timedelta(minutes=5))
    request(operator)
    assert operator.response_timeout == timedelta(minutes=5)
    past = failure(approving(not_after=datetime.now(UTC)))
    assert past.startswith("not put up for approval: it must not be sent after")


def test_a_check_with_an_error_is_not_put_up_for_approval() -> None:
    checks = [
        {"id": "audience.too_large", "severity": "error", "ok": False, "text": "120 people, at most 100"},
        {"id": "subject.test_word", "severity": "warning", "ok": False, "text": "the subject has 'test'"},
    ]
    check = {**CHECK, "status": "error", "checks": checks}
    assert failure(approving(check=check, approve_above=10**6)) == (
        "not put up for approval: 120 people, at most 100"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"check": None}, "check: is missing"),
        ({"check": "None"}, "check: is missing"),
        ({"check": [1]}, "check: must be a mapping"),
        ({"check": {"outcome": "email_publication"}}, "check.status: is"),
        ({"check": {**CHECK, "status": "fine"}}, "check.status: must be ok, warning or error"),
        ({"check": {**CHECK, "fingerprint": ""}}, "check.fingerprint: is"),
        ({"approve_above": "many"}, "approve_above: must be a whole number"),
        ({"approve_above": -1}, "approve_above: must be a whole number"),
        ({"not_after": "2026-11-29T12:00:00"}, "not_after: has no offset"),
    ],
)
def test_wrong_values_fail_the_task_and_name_the_parameter(arguments: dict[str, Any], message: str) -> None:
    assert failure(approving(**arguments)).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"on_no_response": "send"}, "on_no_response"),
        ({"response_timeout": None}, "response_timeout"),
        ({"response_timeout": timedelta()}, "response_timeout"),
        ({"assigned_users": []}, "assigned_users"),
        ({"assigned_users": ["ada"]}, r"assigned_users\[0\]"),
    ],
)
def test_wrong_literals_are_found_when_the_dag_is_parsed(arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{field}: "):
        approving(**arguments)

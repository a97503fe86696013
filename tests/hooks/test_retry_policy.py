"""Tasks of users around the hooks, with the provider's retry policy, in real Airflow."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.serialization.serialized_objects import DagSerialization
from airflow_runs import Airflow, Run
from workers import as_soon_as

from airflow_provider_mkt import retries
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    NotRepeated,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    SendDelayed,
    ServerUnavailable,
)
from airflow_provider_mkt.client.marketo import platform as marketo_platform
from airflow_provider_mkt.operators.campaigns import CreateCampaignBatchOperator
from airflow_provider_mkt.retries import MarketingRetryPolicy
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.version_compat import AirflowOptionalProviderFeatureException, TaskDeferred

DAG_FILE = """
import datetime
from airflow.sdk import DAG, task
from airflow_provider_mkt.retries import MarketingRetryPolicy
{before}
SLOW = datetime.timedelta(minutes={minutes})
with DAG(
    {dag_id!r}, schedule=None,
    default_args={{"retry_policy": MarketingRetryPolicy(), "retries": 3, "retry_delay": SLOW}},
) as dag:
    @task
    def own():
{body}
    own()
"""
CALL = """
        from airflow_provider_mkt.hooks.{platform} import {hook}
        from airflow_provider_mkt.client.{platform} import {resource}
        with {hook}() as hook:
            hook.run({resource}.{call})
"""
HUBSPOT = {"platform": "hubspot", "hook": "HubSpotHook"}
MARKETO = {"platform": "marketo", "hook": "MarketoHook"}


def run_own(
    airflow: Airflow, dag_id: str, *, body: str = "", before: str = "", minutes: int = 0, **call: str
) -> Run:
    source = DAG_FILE.format(dag_id=dag_id, before=before, minutes=minutes, body=body or CALL.format(**call))
    return airflow.run_file(source, dag_id)


def test_a_task_is_tried_again_when_the_days_calls_are_back(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = timedelta(seconds=0.5)
    monkeypatch.setattr(marketo_platform, "next_quota_reset", lambda now: now + soon)
    limits = sandbox.marketo.limits
    limits.daily.limit = limits.daily.used

    def begin_a_day() -> None:
        limits.daily.limit = None

    with as_soon_as(lambda: limits.refused["daily"] > 0, begin_a_day):
        # The task's own delay is longer than the test may take.
        run = run_own(airflow, "quota", minutes=600, resource="leads", call="describe()", **MARKETO)
    assert run.tasks == {"own": "success"}, run.log[-5000:]
    assert limits.refused["daily"] == 1


def test_a_permanent_error_takes_one_try(airflow: Airflow, sandbox: Sandbox, short_waits: None) -> None:
    run = run_own(airflow, "permanent", resource="emails", call="get(180000009999)", **HUBSPOT)
    assert run.tasks == {"own": "failed"}
    assert [call.status for call in sandbox.hubspot.calls.recent if call.path.endswith("/180000009999")] == [
        404
    ]


def test_an_unknown_outcome_is_not_repeated(airflow: Airflow, sandbox: Sandbox, short_waits: None) -> None:
    sandbox.hubspot.faults.add("*/clone", method="POST", when="after", answer={"reset": True}, times=None)
    run = run_own(airflow, "unknown", resource="emails", call="clone(180000000101)", **HUBSPOT)
    assert run.tasks == {"own": "failed"}
    assert len(sandbox.hubspot.faults.fired) == 1


def test_other_errors_follow_the_tasks_own_retries(
    airflow: Airflow, sandbox: Sandbox, short_waits: None
) -> None:
    body = """
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")
        return len(tries)
"""
    run = run_own(airflow, "others", before="tries = []", body=body)
    assert (run.tasks, run.returned) == ({"own": "success"}, {"own": 3}), run.log[-5000:]


def decide(error: BaseException, context: Any = None) -> tuple[str, timedelta | None]:
    decision = MarketingRetryPolicy().evaluate(error, 1, 3, context)
    assert len(decision.reason or "") < 500
    return decision.action.value, decision.retry_delay


LATER = datetime.now(UTC) + timedelta(hours=2)


@pytest.mark.parametrize(
    "error",
    [
        QuotaExhausted("used up", resets_at=LATER),
        ServerUnavailable("moving", retry_at=LATER),
        SendDelayed("quiet hours", retry_at=LATER),
        ExceptionGroup("both", [ServerUnavailable("moving", retry_at=LATER), RateLimited("limit")]),
    ],
)
def test_a_named_time_is_waited_for(error: Exception) -> None:
    action, delay = decide(error)
    assert action == "retry"
    assert delay is not None
    assert timedelta(hours=1) < delay <= timedelta(hours=2)


def test_a_time_that_has_passed_is_now() -> None:
    past = QuotaExhausted("used up " * 200, resets_at=datetime.now(UTC) - timedelta(hours=1))
    assert decide(past) == ("retry", timedelta(0))


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput("email", "is missing"),
        NotRepeated("who knows"),
        OutcomeUnknown("who knows"),
        ExceptionGroup("both", [ServerUnavailable("x", retry_at=LATER), OutcomeUnknown("who knows")]),
    ],
)
def test_what_a_retry_cannot_help_or_could_do_twice_fails(error: Exception) -> None:
    assert decide(error) == ("fail", None)


@pytest.mark.parametrize(
    "error", [RateLimited("limit"), ServerUnavailable("away"), ValueError("x"), KeyboardInterrupt()]
)
def test_other_errors_are_left_to_the_task(error: BaseException) -> None:
    assert decide(error) == ("default", None)


def test_operators_are_deferred_until_the_rate_limit_allows_calls_again() -> None:
    error = RateLimited("limit")
    error.retry_at = LATER
    assert decide(error)[0] == "retry"
    operator = CreateCampaignBatchOperator(task_id="t", conn_id="c", campaigns=[{"name": "Spring"}])
    with pytest.raises(TaskDeferred) as deferred, operator.airflow_errors():
        raise error
    assert deferred.value.trigger.moment == LATER


def test_operators_look_at_the_platform_after_an_unknown_outcome() -> None:
    operator = CreateCampaignBatchOperator(task_id="t", conn_id="c", campaigns=[{"name": "Spring"}])
    assert decide(OutcomeUnknown("who knows"), {"task": operator}) == ("default", None)
    assert decide(NotRepeated("who knows"), {"task": operator}) == ("fail", None)


def test_a_dag_with_the_policy_is_serialized() -> None:
    from airflow.sdk import DAG

    with DAG("d", schedule=None, default_args={"retry_policy": MarketingRetryPolicy()}) as dag:
        CreateCampaignBatchOperator(task_id="t", conn_id="c", campaigns=[{"name": "Spring"}])
    again = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert again.get_task("t").has_retry_policy


def test_before_airflow_3_3_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "RetryPolicy", object)
    with pytest.raises(
        AirflowOptionalProviderFeatureException, match=r"needs Airflow 3\.3 or later; this is"
    ):
        MarketingRetryPolicy()


def test_importing_it_loads_no_hook_and_no_client() -> None:
    code = (
        "import json, sys, airflow_provider_mkt.retries\n"
        "print(json.dumps(sorted(name for name in sys.modules if name.startswith('airflow_provider_mkt.') "
        "and name.split('.')[1] not in ('retries', 'version_compat'))))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout.splitlines()[-1]) == [
        "airflow_provider_mkt.client",
        "airflow_provider_mkt.client.errors",
        "airflow_provider_mkt.client.redaction",
        "airflow_provider_mkt.client.wording",
        "airflow_provider_mkt.get_provider_info",
    ]

"""Runs member operators without a DAG."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NotRequired, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from workers import context

from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators.campaign_requests import RequestCampaignOperator
from airflow_provider_mkt.operators.deleting import DeleteLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator, RemoveFromListOperator
from airflow_provider_mkt.operators.nurture import EnrollNurtureOperator
from airflow_provider_mkt.operators.program_members import SetProgramStatusOperator
from airflow_provider_mkt.operators.sequences import EnrollSequenceOperator
from airflow_provider_mkt.operators.subscriptions import SubscribeOperator, UnsubscribeOperator
from airflow_provider_mkt.operators.workflows import EnrollWorkflowOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.version_compat import AirflowFailException

OPERATORS: dict[str, type[MemberOperator[Any]]] = {
    "add": AddToListOperator,
    "remove": RemoveFromListOperator,
    "delete": DeleteLeadsOperator,
    "enroll": EnrollNurtureOperator,
    "request": RequestCampaignOperator,
    "sequence": EnrollSequenceOperator,
    "status": SetProgramStatusOperator,
    "subscribe": SubscribeOperator,
    "unsubscribe": UnsubscribeOperator,
    "workflow": EnrollWorkflowOperator,
}


def operator(name: str, platform: str = "hubspot", **arguments: Any) -> MemberOperator[Any]:
    """Create the operator of that name, always with the same task id."""
    return OPERATORS[name](task_id="members", conn_id=f"{platform}_default", **arguments)


def execute(
    name: str, platform: str = "hubspot", *, run: str = "run", cleared: int = 0, **arguments: Any
) -> dict[str, Any]:
    """Execute the operator and return its outcome, with ``error`` when the task failed with an outcome."""
    task = context(run=run, cleared=cleared)
    try:
        outcome: dict[str, Any] = operator(name, platform, **arguments).execute(task)
    except AirflowFailException as error:
        if "return_value" not in task["ti"].pushed:
            raise
        outcome = task["ti"].pushed["return_value"]
        _check_type(name, outcome)
        return {**outcome, "error": str(error)}
    _check_type(name, outcome)
    return outcome


def _check_type(name: str, outcome: dict[str, Any]) -> None:
    """Assert that an outcome is of the TypedDict that its operator declares."""
    base = OPERATORS[name].__orig_bases__[-1]  # type: ignore[attr-defined]
    (outcome_type,) = get_args(base)
    hints = get_type_hints(outcome_type)
    declared = get_type_hints(outcome_type, include_extras=True)
    optional = {name for name, hint in declared.items() if get_origin(hint) is NotRequired}
    assert hints.keys() - optional <= outcome.keys() <= hints.keys()
    assert get_args(hints["outcome"]) == (outcome["outcome"],)


def counts(outcome: dict[str, Any]) -> tuple[int, int, int, int]:
    """Return the counts of leads: done, already done, rejected, unknown."""
    done, already = list(outcome.values())[4:6]
    return done, already, outcome["rejected"], outcome["unknown"]


def rejects(outcome: dict[str, Any]) -> list[tuple[str, str]]:
    """Return lead and code of each row in the rejects file."""
    path = Path(urlsplit(outcome["rejects"]).path)
    return [(row["lead"], row["code"]) for row in map(json.loads, path.read_text().splitlines())]


def create_leads(box: Sandbox, number: int) -> list[int]:
    """Create that many leads on Marketo and return their ids."""
    leads, now = box.marketo.state.leads, box.clock.now()
    partition = leads.partitions[0]
    return [leads.insert({"email": f"crowd{n}@example.com"}, partition, now).id for n in range(number)]


@contextmanager
def no_calls(box: Sandbox) -> Iterator[None]:
    """Assert that the block makes no call."""
    before = {name: platform.calls.total for name, platform in box.platforms.items()}
    yield
    assert {name: platform.calls.total for name, platform in box.platforms.items()} == before

"""Operators that do something with many people, run without a DAG."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import AirflowFailException
from workers import context

from airflow_provider_mkt.operators.campaign_requests import RequestCampaignOperator
from airflow_provider_mkt.operators.deleting import DeleteLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator, RemoveFromListOperator
from airflow_provider_mkt.operators.nurture import EnrollNurtureOperator
from airflow_provider_mkt.operators.program_members import SetProgramStatusOperator
from airflow_provider_mkt.operators.sequences import EnrollSequenceOperator
from airflow_provider_mkt.operators.subscriptions import SubscribeOperator, UnsubscribeOperator
from airflow_provider_mkt.operators.workflows import EnrollWorkflowOperator
from airflow_provider_mkt.sandbox import Sandbox

VERBS = {
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


def operator(verb: str, platform: str = "hubspot", **arguments: Any) -> Any:
    """The operator of a verb, as one task."""
    return VERBS[verb](task_id="people", conn_id=f"{platform}_default", **arguments)


def do(verb: str, platform: str = "hubspot", *, run: str = "run", **arguments: Any) -> dict[str, Any]:
    """What the task returns; what it says of everybody when it fails for them."""
    task = context(run=run)
    try:
        told: dict[str, Any] = operator(verb, platform, **arguments).execute(task)
    except AirflowFailException as error:
        if "return_value" not in task["ti"].pushed:
            raise
        return {**task["ti"].pushed["return_value"], "error": str(error)}
    return told


def counts(told: dict[str, Any]) -> tuple[int, int, int, int]:
    """Done, so already, rejected, unknown: in the order in which they are told."""
    done, already = list(told.values())[4:6]
    return done, already, told["rejected"], told["unknown"]


def rejects(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Who was rejected, or is in doubt, and the code."""
    path = Path(urlsplit(told["rejects"]).path)
    return [(row["lead"], row["code"]) for row in map(json.loads, path.read_text().splitlines())]


def crowd(box: Sandbox, number: int) -> list[int]:
    """That many new leads on Marketo."""
    leads, now = box.marketo.state.leads, box.clock.now()
    partition = leads.partitions[0]
    return [leads.insert({"email": f"crowd{n}@example.com"}, partition, now).id for n in range(number)]


@contextmanager
def nothing_sent(box: Sandbox) -> Iterator[None]:
    before = {name: platform.calls.total for name, platform in box.platforms.items()}
    yield
    assert {name: platform.calls.total for name, platform in box.platforms.items()} == before

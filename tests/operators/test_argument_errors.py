"""Typical mistakes in a DAG file: the error says which parameter is wrong, and shows no value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.io import fs, store
from workers import context

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.operators.hubspot import HubSpotOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sensors.batch_status import BatchStatusSensor
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

BASE = {"task_id": "t", "conn_id": "hubspot_default"}
PERSON = [{"email": "somebody@example.com"}]
PUBLISH = {**BASE, "email_id": "1"}


@pytest.mark.parametrize(
    ("build", "texts"),
    [
        (lambda: SyncLeadsOperator(**BASE, leeds=PERSON), ["no parameter 'leeds' (did you mean 'leads'"]),
        (lambda: SyncLeadsOperator(**BASE, leads=PERSON, retrys=3), ["'retrys' (did you mean 'retries'"]),
        (
            lambda: PublishEmailOperator(**PUBLISH, timeout=5, max_recipient=3),
            ["'timeout'", "'max_recipient' (did you mean 'max_recipients'"],
        ),
        (
            lambda: BatchStatusSensor(**BASE, job={"platform": "hubspot"}, color="red"),
            [
                "BatchStatusSensor (task_id: t) has no parameter 'color'. Besides Airflow's it has ",
                "deferrable",
            ],
        ),
        (
            lambda: HubSpotOperator(**BASE, call="lists.get", argument={"email": "somebody@example.com"}),
            ["(did you mean 'arguments'?)"],
        ),
    ],
)
def test_an_unknown_parameter_is_named_with_those_that_are_close(
    build: Callable[[], Any], texts: list[str]
) -> None:
    with pytest.raises(TypeError) as raised:
        build()
    for text in texts:
        assert text in str(raised.value)
    assert "somebody@" not in str(raised.value)


def test_an_operator_of_a_user_with_parameters_of_its_own_is_left_alone() -> None:
    class Mine(SyncLeadsOperator):
        def __init__(self, *, team: str, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.team = team

    assert Mine(**BASE, leads=PERSON, team="a").team == "a"
    with pytest.raises(TypeError, match=r"Mine .* no parameter 'teams' \(did you mean"):
        Mine(**BASE, leads=PERSON, team="a", teams="b")


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (
            lambda: SyncLeadsOperator(task_id="t", conn_id=5, leads=PERSON),  # type: ignore[arg-type]
            "conn_id: must be text, the id of a connection, not a number",
        ),
        (lambda: PublishEmailOperator(**PUBLISH, poll_interval=-1), "0 or more, not a negative number"),
        (lambda: SyncLeadsOperator(**BASE, leads=PERSON, max_concurrency=0), "1 or more, not zero"),
        (
            lambda: SyncLeadsOperator(**BASE, leads=PERSON, max_concurrency=1.5),
            "not a number with a fraction",
        ),
        (
            lambda: PublishEmailOperator(**PUBLISH, poll_interval=float("inf")),
            "not a number that is not finite",
        ),
        (
            lambda: BatchStatusSensor(**BASE, job={"platform": "hubspot", "id": "1"}),
            "job.kind: is missing or empty: a job has platform, kind and id",
        ),
        (
            lambda: BatchStatusSensor(**BASE, job={"platform": "hubspot", "kind": [1], "id": "1"}),
            "job.kind: must be text, not a list of 1",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_described(build: Callable[[], Any], text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        build()
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("path", "package"),
    [("s3://aws_default@leads/new.csv", "apache-airflow-providers-amazon[s3fs]"), ("nope://a/b.csv", "")],
)
def test_a_file_of_a_storage_that_is_not_installed_names_the_package(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, path: str, package: str
) -> None:
    monkeypatch.setattr(fs, "_register_filesystems", dict)
    # Airflow would keep for other tests that the connection has no file system.
    monkeypatch.setattr(store, "_STORE_CACHE", {})
    with pytest.raises(AirflowFailException) as raised:
        SyncLeadsOperator(**BASE, source=path).execute(context())
    assert f"has a filesystem for {path.partition(':')[0]}://" in str(raised.value)
    assert ("Install " in str(raised.value)) is bool(package)
    assert package in str(raised.value)

"""The API for tasks in a process that runs DAGs by ``dag.test()``."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from airflow.sdk.api.datamodels import _generated
from airflow.sdk.execution_time import supervisor

from airflow_provider_mkt.cli.task_api import serve_newest_task_api


@pytest.fixture(autouse=True)
def nothing_built(airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow has built no API for tasks yet. That of the process is used by other tests, and stays."""
    make = vars(supervisor)["in_process_api_server"].__wrapped__
    monkeypatch.setattr(supervisor, "in_process_api_server", functools.cache(make))


def _versions() -> list[str]:
    app = supervisor.in_process_api_server().app
    return [str(one) for one in app.router.versioned_routers]


def test_only_the_version_that_tasks_use_is_served() -> None:
    assert serve_newest_task_api.__wrapped__() is True
    assert _versions() == [_generated.API_VERSION]


def test_every_version_is_served_where_tasks_use_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_generated, "API_VERSION", "2025-04-28")
    assert serve_newest_task_api.__wrapped__() is False
    assert len(_versions()) > 1


def test_an_api_that_tasks_use_already_stays_as_it_is() -> None:
    every = _versions()
    assert serve_newest_task_api.__wrapped__() is False
    assert _versions() == every

"""The API for tasks in a process that runs DAGs by ``dag.test()``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.sdk.api.datamodels import _generated
from airflow.sdk.execution_time import supervisor

from airflow_provider_mkt.cli.task_api import serve_newest_task_api


@pytest.fixture
def nothing_built(airflow_home: Path) -> Iterator[None]:
    """A process that has no API for tasks yet, and has none of the test's afterwards."""
    for cached in (serve_newest_task_api, supervisor.in_process_api_server):
        cached.cache_clear()
    yield
    for cached in (serve_newest_task_api, supervisor.in_process_api_server):
        cached.cache_clear()


def _versions() -> list[str]:
    app = supervisor.in_process_api_server().app
    return [str(one) for one in app.router.versioned_routers]


def test_only_the_version_that_tasks_use_is_served(nothing_built: None) -> None:
    assert serve_newest_task_api() is True
    assert _versions() == [_generated.API_VERSION]


def test_every_version_is_served_where_tasks_use_another_one(
    nothing_built: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_generated, "API_VERSION", "2025-04-28")
    assert serve_newest_task_api() is False
    assert len(_versions()) > 1

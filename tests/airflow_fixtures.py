"""Fixtures for tests that run against the sandbox. A folder's conftest imports those that it needs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow_runs import Airflow, connected
from workers import shorten_waits

from airflow_provider_mkt.sandbox import Sandbox


@pytest.fixture
def airflow(airflow_home: Path) -> Airflow:
    return Airflow(airflow_home)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with connected() as box:
        yield box


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits, and use task state that no earlier test has written."""
    shorten_waits(monkeypatch)
    monkeypatch.setenv("WORKERS_RUN", uuid.uuid4().hex)

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Variable
from airflow_fixtures import database
from airflow_runs import Airflow, connected
from workers import shorten_waits

from airflow_provider_mkt.sandbox import Sandbox

__all__ = ["database"]


@pytest.fixture
def airflow(airflow_home: Path) -> Airflow:
    return Airflow(airflow_home)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with connected() as box:
        yield box


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short waits, and a memory that no earlier test has written to."""
    shorten_waits(monkeypatch)
    monkeypatch.setenv("WORKERS_RUN", uuid.uuid4().hex)


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Variables in files, which worker processes share."""

    def path(key: str) -> Path:
        return tmp_path / f"{key}.variable"

    def get(key: str, default: Any = None, deserialize_json: bool = False) -> Any:
        return json.loads(path(key).read_text()) if path(key).exists() else default

    def set_(key: str, value: Any, description: str | None = None, serialize_json: bool = False) -> None:
        path(key).write_text(json.dumps(value))

    monkeypatch.setattr(Variable, "get", get)
    monkeypatch.setattr(Variable, "set", set_)

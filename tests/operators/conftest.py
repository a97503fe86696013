from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Variable
from airflow_fixtures import airflow, database, own_state, sandbox, short_waits

__all__ = ["airflow", "database", "own_state", "sandbox", "short_waits"]


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

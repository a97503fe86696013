"""One call of each function, with the arguments that the tables of calls in the docs are made with."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.registry import endpoint

DOCS = Path(__file__).parents[2] / "docs"


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_call_tables", DOCS / "make_call_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = _script()


def sample(platform: str, name: str) -> Call[Any]:
    """A call by its name."""
    call: Call[Any] = script.sample(platform, name, endpoint(platform, name))
    return call

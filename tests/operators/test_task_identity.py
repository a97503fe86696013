"""A task's state belongs to one task instance, in all its tries."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mkt.hooks.state import task_digest

NAMES: dict[str, Any] = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": 0, "try_number": 1}


def digest(**names: Any) -> str:
    return task_digest({"ti": SimpleNamespace(**{**NAMES, **names})})  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    "other", [{"dag_id": "e"}, {"run_id": "s"}, {"task_id": "u"}, {"map_index": 1}, {"map_index": -1}]
)
def test_another_task_instance_has_another_digest(other: dict[str, Any]) -> None:
    assert digest(**other) != digest()


def test_another_try_of_a_task_instance_has_the_same_digest() -> None:
    assert digest(try_number=2) == digest()

"""Values of templated parameters, and callables among them."""

from __future__ import annotations

import copy
import functools
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators import _parameters as parameters
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator


def read_leads() -> list[str]:
    return ["1"]


class Reader:
    def __call__(self) -> list[str]:
        return ["1"]


HELD = [
    (read_leads, f"<callable {__name__}.read_leads>"),
    (functools.partial(read_leads), "<callable functools.partial>"),
    (Reader(), f"<callable {__name__}.Reader>"),
    ((number for number in range(2)).__iter__, "<callable builtins.generator.__iter__>"),
    (["1"].copy, "<callable builtins.list.copy>"),
]


def operator(leads: object) -> SyncLeadsOperator:
    with DAG("dag", schedule=None):
        return SyncLeadsOperator(task_id="task", conn_id="c", leads=leads, sql="{{ ds }}")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("function", "text"), HELD, ids=["function", "partial", "object", "method", "builtin"]
)
class TestACallable:
    def test_is_not_called_while_templates_are_rendered(self, function: Any, text: str) -> None:
        task = operator(function)
        task.render_template_fields({"ds": "2026-01-31"})
        assert task.sql == "2026-01-31"
        assert isinstance(task.leads, parameters.HeldCallable)
        assert task.leads.function is function

    def test_is_not_called_while_a_mapped_task_is_rendered(self, function: Any, text: str) -> None:
        with DAG("dag", schedule=None):
            mapped = AddToListOperator.partial(task_id="task", conn_id="c", leads=function).expand(
                list_id=[1]
            )
        task = mapped.unmap({"list_id": 1})
        assert isinstance(task, AddToListOperator)
        task.render_template_fields({"ds": "2026-01-31"})
        assert task.leads.function is function

    def test_has_a_text_without_memory_address_in_the_serialized_dag(self, function: Any, text: str) -> None:
        from airflow.serialization.serialized_objects import DagSerialization

        task = operator(function)
        data = DagSerialization.to_dict(task.dag)
        (serialized,) = data["dag"]["tasks"]
        assert serialized["__var"]["leads"] == text
        assert " at 0x" not in json.dumps(data)

    def test_is_kept_by_a_copy_of_the_operator(self, function: Any, text: str) -> None:
        held = copy.deepcopy(operator(read_leads)).leads
        assert held.function is read_leads


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("None", None),
        ("2026-01-31T09:00:00+01:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_datetime_or_iso_text_with_offset(value: object, expected: datetime | None) -> None:
    assert parameters.as_time("start", value) == expected


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("soon", "must be an ISO 8601 time, not text of 4 characters"),
        (" ", "must be an ISO 8601 time, not text of 1 character"),
        ("2026-01-31T09:00:00", "has no offset"),
        (5, "must be a time, not a number"),
    ],
)
def test_another_time_is_rejected_without_its_value(value: object, problem: str) -> None:
    with pytest.raises(InvalidInput, match=f"start: {problem}"):
        parameters.as_time("start", value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(12, "12"), (" a ", "a"), ({"email_id": 7, "name": "n"}, "7"), (" ", None), ("None", None)],
)
def test_an_id_is_text_a_number_or_the_result_of_the_task_that_made_it(
    value: object, expected: str | None
) -> None:
    assert parameters.optional_str("email_id", value) == expected


def test_items_of_a_list_are_completed_with_defaults() -> None:
    assert parameters.as_mappings("events", '[{"a": 1}, {"b": 2}]', {"b": 3}) == [
        {"b": 3, "a": 1},
        {"b": 2},
    ]
    with pytest.raises(InvalidInput, match=r"events\[1\]: must be a mapping, not text of 1 character"):
        parameters.as_mappings("events", [{}, "x"], {})

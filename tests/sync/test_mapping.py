"""Columns become fields, and values get their types."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.mapping import FieldMapping
from airflow_provider_mkt.sync.rows import Row


def mapped(mapping: FieldMapping, **record: Any) -> Row:
    (row,) = mapping.apply(iter([Row(1, record, raw=record)]))
    return row


def test_columns_are_renamed_left_out_or_kept() -> None:
    mapping = FieldMapping(columns={"E-Mail": "email", "internal": None})
    row = mapped(mapping, **{"E-Mail": "a@example.com", "internal": 1, "city": "Bern"})
    assert row.record == {"email": "a@example.com", "city": "Bern"}
    assert row.raw == {"E-Mail": "a@example.com", "internal": 1, "city": "Bern"}


def test_constants_are_added_and_win() -> None:
    row = mapped(FieldMapping(constants={"leadSource": "import"}), email="a", leadSource="x")
    assert row.record == {"email": "a", "leadSource": "import"}


def test_texts_that_mean_no_value_are_left_out_or_clear() -> None:
    nulls = frozenset({"NULL", "\\N"})
    assert mapped(FieldMapping(null_values=nulls), a="NULL", b="null").record == {"b": "null"}
    assert mapped(FieldMapping(null_values=nulls, blank="clear"), a="\\N").record == {"a": None}


def test_an_explicit_null_of_the_source_stays_one() -> None:
    assert mapped(FieldMapping(columns={"x": "y"}), x=None).record == {"y": None}


def test_what_no_value_means_can_differ_from_field_to_field() -> None:
    mapping = FieldMapping(
        columns={"x": "y"}, null_values=frozenset({"-"}), blank={"y": "clear", "b": "omit"}
    )
    assert mapped(mapping, x=None, a=None, b="-", c=1).record == {"y": None, "c": 1}
    assert mapped(mapping, x="-").record == {"y": None}
    assert mapped(mapping, a="").record == {"a": ""}


@pytest.mark.parametrize("blank", [{"y": "empty"}, "empty"])
def test_an_unknown_rule_for_no_value_is_refused(blank: Any) -> None:
    with pytest.raises(InvalidInput, match="blank"):
        FieldMapping(blank=blank)


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("text", 7, "7"),
        ("text", date(2026, 1, 31), "2026-01-31"),
        ("integer", " 42 ", 42),
        ("integer", 42.0, 42),
        ("number", "1e3", 1000.0),
        ("number", "-7", -7),
        ("boolean", "Yes", True),
        ("boolean", 0, False),
        ("date", "2026-01-31", "2026-01-31"),
        ("date", datetime(2026, 1, 31, 9, tzinfo=UTC), "2026-01-31"),
        ("datetime", "2026-01-31T09:00:00+01:00", "2026-01-31T09:00:00+01:00"),
    ],
)
def test_values_are_converted_to_their_type(kind: Any, value: object, read: object) -> None:
    record = mapped(FieldMapping(types={"f": kind}), f=value).record
    assert record == {"f": read}
    assert type(record["f"]) is type(read)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", [1]),
        ("integer", "4.5"),
        ("integer", "many"),
        ("integer", True),
        ("number", "nan"),
        ("number", "1,5"),
        ("boolean", "maybe"),
        ("date", "31.01.2026"),
        ("date", 20260131),
        ("datetime", "2026-01-31T09:00:00"),
    ],
)
def test_a_value_that_cannot_be_converted_rejects_its_row_and_is_not_quoted(kind: Any, value: object) -> None:
    row = mapped(FieldMapping(types={"f": kind}), f=value)
    assert row.record is None
    assert "'f'" in row.problem
    assert row.raw == {"f": value}
    assert str(value) not in row.problem or len(str(value)) < 2


def test_an_empty_value_has_no_type() -> None:
    assert mapped(FieldMapping(types={"f": "integer"}), f="").record == {"f": ""}


def test_two_columns_that_become_one_field_are_refused_up_front_and_in_a_row() -> None:
    with pytest.raises(InvalidInput, match="two columns"):
        FieldMapping(columns={"a": "email", "b": "email"})
    mapping = FieldMapping(columns={"mail": "email"})
    with pytest.raises(InvalidInput, match="two columns"):
        mapping.fields(["mail", "email"])
    assert mapped(mapping, mail="a", email="b").record is None


def test_a_mapping_of_a_missing_column_is_an_error() -> None:
    with pytest.raises(InvalidInput, match=r"columns\.mail"):
        FieldMapping(columns={"mail": "email"}).fields(["Mail"])


@pytest.mark.parametrize("name", ["", " ", 7])
def test_a_field_without_a_name_is_refused(name: Any) -> None:
    with pytest.raises(InvalidInput, match=r"columns\.a"):
        FieldMapping(columns={"a": name})


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"types\.a"):
        FieldMapping(types={"a": "money"})  # type: ignore[dict-item]


texts = st.text(max_size=5)


@given(st.dictionaries(texts, texts, max_size=5))
def test_without_a_mapping_every_row_stays_as_it_is(record: dict[str, str]) -> None:
    assert mapped(FieldMapping(), **{f"x{key}": value for key, value in record.items()}).record == {
        f"x{key}": value for key, value in record.items()
    }


@given(st.dictionaries(texts.map("c".__add__), texts, min_size=1, max_size=5))
def test_mapping_to_new_names_loses_no_value(record: dict[str, str]) -> None:
    mapping = FieldMapping(columns={column: f"f {column}" for column in record})
    assert mapped(mapping, **record).record == {f"f {column}": value for column, value in record.items()}

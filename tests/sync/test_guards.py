"""Limits of a sync, and fields that never go back."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from airflow_provider_mkt.actions.leads import KnownFields, StoredLead
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.guards import Guards, Limit, SyncCounts, broken
from airflow_provider_mkt.sync.kept_fields import KeptFields, fields_left_out
from airflow_provider_mkt.sync.plan import Leaving, masked
from airflow_provider_mkt.sync.rows import Row


@pytest.mark.parametrize(
    ("value", "last", "rows"),
    [
        (3, None, 3.0),
        ("3", 100, 3.0),
        (0.29, 100, 29.0),
        ("29%", 100, 29.0),
        ("29%", None, None),
        (0, 9, 0.0),
        ("29%", 0, 0.0),
    ],
)
def test_a_limit_is_a_number_or_a_share(value: Any, last: int | None, rows: float | None) -> None:
    limit = Limit.of("x", value)
    assert limit is not None
    found = limit.rows(last)
    assert found == (None if rows is None else pytest.approx(rows))


@pytest.mark.parametrize("value", ["some", -1, 1.5, True, [], "-3"])
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput, match="max_changed"):
        Limit.of("max_changed", value)


@pytest.mark.parametrize(
    ("guards", "counts", "kept"),
    [
        ({}, SyncCounts(0), True),
        ({}, SyncCounts(0, last_rows=5), False),
        ({"min_rows": 0}, SyncCounts(0, last_rows=5), True),
        ({"min_rows": 10}, SyncCounts(9), False),
        ({"min_rows": "29%"}, SyncCounts(29, last_rows=100), True),
        ({"min_rows": "50%"}, SyncCounts(1), True),
        ({"max_changed": "29%"}, SyncCounts(100, last_rows=100, changed=29), True),
        ({"max_changed": "29%"}, SyncCounts(100, last_rows=100, changed=30), False),
        ({"max_changed": "29%"}, SyncCounts(100, changed=100), True),
        ({"max_changed": 99}, SyncCounts(100, changed=100), False),
        ({"max_removed": "10%"}, SyncCounts(80, last_rows=100, removed=11), False),
        ({"max_removed": "10%"}, SyncCounts(80, last_rows=100, removed=10), True),
        ({"max_removed": "10%"}, SyncCounts(1, last_rows=0, removed=1), False),
        ({"max_changed": "10%"}, SyncCounts(9, last_rows=0, changed=9), True),
    ],
)
def test_limits_are_judged_before_anything_is_sent(
    guards: dict[str, Any], counts: SyncCounts, kept: bool
) -> None:
    found = Guards(**{name: Limit.of(name, value) for name, value in guards.items()}).judge(counts)
    assert (not broken(found)) is kept
    assert all(text[0].islower() or text[0].isdigit() for text in broken(found))


def test_a_value_before_the_stored_one_is_left_out() -> None:
    kept = KeptFields({"stage": ["lead", "customer"]})
    stored = {"a": "customer", "b": "lead", "c": "other", "d": None, "e": "customer", "f": "customer"}
    wanted = {"a": "lead", "b": "customer", "c": "lead", "d": "lead", "e": "", "f": "unheard of"}
    rows = [(Row(place, {"stage": value}), key) for place, (key, value) in enumerate(wanted.items())]
    rows.append((Row(9, {"other": 1}), "x"))
    requested: list[list[str]] = []

    def read(lookup_field: str, keys: Any, fields: Any) -> Any:
        requested.append(list(keys))
        return {key: [StoredLead("1", {"stage": stored[key]})] for key in keys}

    found = {number: names for number, names, _ in fields_left_out(rows, kept, "email", 4, read)}
    assert found == {0: ["stage"], 4: ["stage"]}
    assert requested == [["a", "b", "c", "d"], ["e", "f"]]


def test_a_value_is_set_only_if_there_is_none() -> None:
    kept = KeptFields(None, ["city"])
    stored = {"a": "Bern", "b": "", "c": None, "d": "0"}
    rows = [(Row(place, {"city": "Thun", "name": "x"}), key) for place, key in enumerate([*stored, "new"])]

    def read(field: str, keys: Any, names: Any) -> Any:
        assert names == ["city"]
        return {key: [StoredLead("1", {"city": stored[key]})] for key in keys if key in stored}

    found = list(fields_left_out(rows, kept, "email", 10, read))
    assert [(number, names) for number, names, _ in found] == [(0, ["city"]), (3, ["city"])]
    assert sum((why for _, _, why in found), Counter()) == {"only_if_empty": 2}


@pytest.mark.parametrize(
    ("never_back", "only_if_empty", "message"),
    [
        ({"city": ["a", "b"]}, ["city"], "only_if_empty: has field 'city', which never_back has too"),
        ({}, ["email"], "only_if_empty: has field 'email', which records are found by"),
        ({}, ["nope"], "only_if_empty: field 'nope' does not exist"),
        ({"created": ["a", "b"]}, [], "never_back: field 'created' is read-only"),
    ],
)
def test_fields_that_cannot_be_kept_are_refused(
    never_back: Any, only_if_empty: list[str], message: str
) -> None:
    known = KnownFields(frozenset({"email", "city", "created"}), frozenset({"created"}))
    with pytest.raises(InvalidInput, match=message):
        KeptFields(never_back, only_if_empty).check(known, "email")


@pytest.mark.parametrize(
    ("value", "platform", "how"),
    [
        ("nothing", "hubspot", "nothing"),
        ("archive", "hubspot", "archive"),
        ("delete", "marketo", "delete"),
        ({"set": {"city": ""}}, "marketo", "set"),
        ({"remove_from_list": 7}, "marketo", "remove_from_list"),
    ],
)
def test_what_happens_to_rows_that_are_gone(value: Any, platform: str, how: str) -> None:
    leaving = Leaving.of(value, platform)
    assert (leaving.how, bool(leaving)) == (how, how != "nothing")


@pytest.mark.parametrize(
    "value", ["delete", {"set": {}}, {"set": 1, "x": 2}, None, [], {"remove_from_list": ""}]
)
def test_other_ways_are_refused(value: Any) -> None:
    with pytest.raises(InvalidInput, match="leave"):
        Leaving.of(value, "hubspot")


def test_values_are_masked() -> None:
    assert [masked(one) for one in ("ada@example.com", "Bern", 12, True, None, "")] == [
        "a***@e***",
        "B***",
        "1***",
        "true",
        None,
        None,
    ]

"""Payloads that mean the same have one hash, and others have another one."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.changes.canonical import (
    FIELDS_MAX,
    FieldHashes,
    Hashing,
    normalized_key,
)

BERLIN = timezone(timedelta(hours=1))
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (None, [1, 1.0, Decimal(1), Decimal("1.00")]),
        (None, [0, -0.0, Decimal("-0.0"), Decimal("0E+3")]),
        (None, [0.1, Decimal("0.1"), Decimal("0.10")]),
        (None, [None, float("nan"), float("inf"), Decimal("NaN")]),
        (None, ["é", "e\u0301"]),
        (None, [NOON, NOON.astimezone(BERLIN), NOON + timedelta(microseconds=999)]),
        (None, [{"a": 1, "b": [2]}, {"b": [2.0], "a": Decimal("1.0")}]),
        (None, [{"x", "y"}, frozenset({"y", "x"})]),
        ("number", [1, "1", " 1.0 ", "1e0", Decimal("1.000"), "+1"]),
        ("integer", [5, "5", "5.0"]),
        ("boolean", [True, "true", "TRUE "]),
        ("date", [date(2026, 11, 29), "2026-11-29", NOON, "2026-11-29T23:00:00", 1795910400000]),
        (
            "datetime",
            [NOON, "2026-11-29T12:00:00Z", "2026-11-29T13:00:00+01:00", 1795953600000, "1795953600000"],
        ),
        ("multiple", ["a;b", "b; a", "a;b;a", ["b", "a"], {"a", "b"}]),
        ("multiple_add", [";a;b", ";b;a"]),
        ("text", ["1", 1, 1.0, Decimal("1.0")]),
        ("enumeration", ["lead", "lead"]),
        ("json", ['{"a": 1, "b": 2}', {"b": 2, "a": 1}]),
        ("email", [" Ann@Example.com", "ann@example.COM"]),
        ("email", ["ann@münchen.de", "Ann@xn--mnchen-3ya.de"]),
        ("domain", ["example.com", "https://www.Example.com:443/path?x#y", "EXAMPLE.com."]),
        ("id", [7, "7", " 7", Decimal("7.0")]),
    ],
)
def test_values_that_mean_the_same_have_one_hash(kind: Any, values: list[Any]) -> None:
    hashing = Hashing({"x": kind} if kind else {})
    assert len({hashing.hash({"x": value}) for value in values}) == 1


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (None, [None, "", "None", "null", 0, False, "0", [], {}]),
        (None, [1, "1", True, 2, -1, 1.5]),
        (None, [date(2026, 11, 29), NOON, "2026-11-29", NOON.replace(tzinfo=None)]),
        ("number", [None, "", 1, 1.1, "x", 10, 100]),
        ("text", [None, "", "a", " a", "a ", "A"]),
        ("multiple", [None, "", "a", "a;b", ";a;b", "ab"]),
        ("datetime", [None, "", NOON, NOON + timedelta(milliseconds=1), "2026-11-29T12:00:00"]),
        ("boolean", [None, "", True, False, "x"]),
        ("email", [None, "", "a@x.de", "b@x.de"]),
    ],
)
def test_values_that_differ_have_different_hashes(kind: Any, values: list[Any]) -> None:
    hashing = Hashing({"x": kind} if kind else {})
    assert len({hashing.hash({"x": value}) for value in values}) == len(values)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
)
PAYLOADS = st.dictionaries(st.text(max_size=4), SCALARS, max_size=4)


@settings(max_examples=200, deadline=None)
@given(PAYLOADS, st.randoms())
def test_the_order_of_fields_does_not_matter(payload: dict[str, Any], order: Any) -> None:
    names = list(payload)
    order.shuffle(names)
    assert Hashing().hash(payload) == Hashing().hash({name: payload[name] for name in names})


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.text("ab:1s", max_size=3), st.text("ab:1s", max_size=4), max_size=3), max_size=8
    )
)
def test_different_payloads_have_different_texts(payloads: list[dict[str, str]]) -> None:
    hashing = Hashing()
    for one, two in itertools.combinations(payloads, 2):
        assert (one == two) == (hashing.text(one) == hashing.text(two))


@settings(max_examples=200, deadline=None)
@given(PAYLOADS)
def test_a_null_an_empty_text_and_an_absent_field_differ(payload: dict[str, Any]) -> None:
    hashing = Hashing()
    found = [hashing.hash(one) for one in (payload, {**payload, "new": None}, {**payload, "new": ""})]
    assert len(set(found)) == 3 or "new" in payload


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"a": "bc"}, {"ab": "c"}),
        ({"a": "1", "b": "2"}, {"a": "1b", "": "2"}),
        ({"a": ["b", "c"]}, {"a": ["b,c"]}),
        ({"a": "x"}, {"a": "x", "b": None}),
    ],
)
def test_boundaries_count(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert Hashing().hash(one) != Hashing().hash(two)


@settings(max_examples=200, deadline=None)
@given(PAYLOADS, PAYLOADS)
def test_ignored_fields_never_count(payload: dict[str, Any], other: dict[str, Any]) -> None:
    hashing = Hashing(ignore=frozenset(other))
    assert hashing.hash({**payload, **other}) == hashing.hash(
        {n: v for n, v in payload.items() if n not in other}
    )


def test_hashes_have_16_bytes_and_stay_as_they_are() -> None:
    payload = {"email": "ann@example.com", "score": Decimal("7.50"), "city": None, "at": NOON, "on": True}
    assert Hashing().text(payload, "ann@example.com") == (
        b"2:att13:17959536000004:city00:5:emails15:ann@example.com2:onb4:true5:scoren3:7.5\x00keyk15:ann@example.com"
    )
    # What a state has must be found again by every later version.
    assert Hashing().hash(payload, "ann@example.com").hex() == "5be93cec1ce0421046f4c9ae2889fe44"


def test_a_secret_makes_other_hashes_and_is_not_shown() -> None:
    keyed = Hashing(secret=b"pepper")
    assert keyed.hash({"a": 1}) != Hashing().hash({"a": 1})
    assert "pepper" not in repr(keyed) + json.dumps(keyed.as_dict())
    # Rows that were hashed without the secret are recognized.
    earlier = keyed.earlier(Hashing().as_dict())
    assert earlier is not None
    assert earlier.hash({"a": 1}) == Hashing().hash({"a": 1})
    assert Hashing().earlier(keyed.as_dict()) is None
    assert keyed.earlier(keyed.as_dict()) is None


@pytest.mark.parametrize("wrong", [{"types": {"x": "string"}}, {"version": 99}])
def test_unknown_types_and_versions_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Hashing(**wrong)


@pytest.mark.parametrize(
    ("value", "kind", "key"),
    [
        (None, "id", None),
        ("", "id", None),
        ("  ", "text", None),
        (" x ", "text", " x "),
        (5, "id", "5"),
        (5.0, "id", "5"),
        (float("nan"), "id", None),
        ("  Ann@EXAMPLE.com ", "email", "ann@example.com"),
        ("ANN", "email", "ann"),
        ("http://", "domain", None),
        ("user@www.www.example.com", "domain", "example.com"),
    ],
)
def test_keys_are_compared_as_the_platforms_store_them(value: Any, kind: Any, key: str | None) -> None:
    assert normalized_key(value, kind) == key


@pytest.mark.parametrize("value", [True, [1], {"a": 1}, b"x"])
def test_a_key_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput):
        normalized_key(value)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=20), st.sampled_from(["email", "domain", "id", "text"]))
def test_a_normalized_key_stays_as_it_is(value: str, kind: Any) -> None:
    once = normalized_key(value, kind)
    assert once is None or normalized_key(once, kind) == once


def test_short_hashes_name_the_fields_that_differ() -> None:
    hashing, fields = Hashing(), FieldHashes()
    old = fields.of(hashing.parts({"a": 1, "b": 2, "c": 3}))
    new = fields.of(hashing.parts({"a": 1, "b": 5, "d": 4}))
    found = fields.differing(old, new)
    assert (found.changed, found.added, found.missing) == (("b",), ("d",), ("c",))
    assert not found.only_missing
    assert fields.differing(old, fields.of(hashing.parts({"a": 1, "b": 2}))).only_missing
    assert fields.names == ["a", "b", "c", "d"]
    assert fields.differing(None, new).names == []


def test_rows_of_very_many_fields_are_explained_in_part() -> None:
    fields = FieldHashes()
    found = fields.of({str(number): str(number) for number in range(FIELDS_MAX + 5)})
    assert (len(found), len(fields.names)) == (4 * FIELDS_MAX, FIELDS_MAX)

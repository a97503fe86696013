"""Filters of a search and their operators."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.errors import bad_properties, invalid
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Definitions, Property
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_NO_VALUE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
_LIST = ("IN", "NOT_IN")
_ORDER = ("LT", "LTE", "GT", "GTE", "BETWEEN")
OPERATORS = ("EQ", "NEQ", *_ORDER, *_LIST, *_NO_VALUE, "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN")


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that has been checked. Without a value, a record matches NOT_HAS_PROPERTY only."""

    name: str
    operator: str
    matches: Callable[[Record], bool]
    wanted: tuple[str, ...] = ()
    """The values of EQ and IN, one of which the property has, without regard to case."""
    at_least: float | None = None
    """What a number or time is not less than."""


Groups = list[list[Filter]]
_QUERIED = {
    "contacts": ("firstname", "lastname", "email", "phone", "company", "hs_additional_emails", "mobilephone"),
    "companies": ("website", "phone", "name", "domain"),
    "deals": ("dealname", "pipeline", "dealstage", "description", "dealtype"),
    "tickets": ("subject", "content", "hs_pipeline_stage", "hs_ticket_category", "hs_object_id"),
}
"""Properties that the text of a search is looked for in; those that are shown of custom objects."""


def queried_properties(kind: ObjectType) -> Sequence[str]:
    """Return the properties that the text of a search is looked for in."""
    return _QUERIED.get(kind.name, kind.shown)


def is_match(record: Record, groups: Groups, query: object, queried: Sequence[str]) -> bool:
    """Return whether a record matches all filters of one of the groups, and has all words of a query.

    :param queried: the properties in which the words are looked for.
    """
    if query:
        values = [(record.value(name) or "").lower() for name in queried]
        if not all(any(word in value for value in values) for word in str(query).lower().split()):
            return False
    return not groups or any(all(one.matches(record) for one in group) for group in groups)


def read_filter(item: JsonObject, definitions: Definitions) -> Filter:
    """Return a filter of a search.

    :raises HubSpotError: 400, its property does not exist, or it lacks what its operator needs.
    """
    operator, name = item["operator"], item["propertyName"]
    if operator not in OPERATORS:
        msg = f"Invalid input JSON on line 1, column 1: {operator!r} is no filter operator"
        raise invalid(msg)
    if name not in definitions:
        raise bad_properties([(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')])
    if operator in _LIST and not isinstance(item.get("values"), list):
        msg = f"operator {operator} requires values"
        raise invalid(msg)
    if operator not in (*_LIST, *_NO_VALUE) and item.get("value") is None:
        msg = f"operator {operator} requires a value"
        raise invalid(msg)
    if operator == "BETWEEN" and item.get("highValue") is None:
        msg = "operator BETWEEN requires highValue"
        raise invalid(msg)
    known = definitions[name]
    if operator in _NO_VALUE:
        return Filter(name, operator, _has_value(name, expected=operator == "HAS_PROPERTY"))
    wanted = tuple(str(one) for one in (item["values"] if operator in _LIST else [item["value"]]))
    if operator in ("EQ", "NEQ", *_ORDER):
        matches = _comparison(known, operator, wanted[0], str(item.get("highValue")))
        lowest = known.comparable(wanted[0]) if operator in ("EQ", "GT", "GTE", "BETWEEN") else None
        at_least = lowest if isinstance(lowest, float) and math.isfinite(lowest) else None
        return Filter(name, operator, matches, wanted if operator == "EQ" else (), at_least)
    test = _test(known, operator, wanted)
    return Filter(name, operator, _on_value(name, test), wanted if operator == "IN" else ())


def _has_value(name: str, *, expected: bool) -> Callable[[Record], bool]:
    return lambda record: (record.value(name) is not None) is expected


def _on_value(name: str, test: Callable[[str], bool]) -> Callable[[Record], bool]:
    def matches(record: Record) -> bool:
        value = record.value(name)
        return value is not None and test(value)

    return matches


def _test(known: Property, operator: str, wanted: tuple[str, ...]) -> Callable[[str], bool]:
    if operator in _LIST:
        # String values must be in lower case, as documented.
        plain, among, expected = (
            bool(known.options) or known.kind != "string",
            frozenset(wanted),
            operator == "IN",
        )
        return lambda value: ((value if plain else value.lower()) in among) is expected
    return _token_test(wanted[0], expected=operator == "CONTAINS_TOKEN")


def _comparison(known: Property, operator: str, wanted: str, high: str) -> Callable[[Record], bool]:
    other, upper = known.comparable(wanted), known.comparable(high)

    def compare(record: Record) -> bool:
        mine = record.comparable(known)
        if mine is None:
            return False
        if type(mine) is not type(other):
            return operator == "NEQ"
        if operator in ("EQ", "NEQ"):
            return (mine == other) is (operator == "EQ")
        if operator == "BETWEEN":
            return type(upper) is type(mine) and other <= mine <= upper  # type: ignore[operator]
        less, equal = mine < other, mine == other  # type: ignore[operator]
        return {"LT": less, "LTE": less or equal, "GT": not less and not equal, "GTE": not less}[operator]

    return compare


def _token_test(search_text: str, *, expected: bool) -> Callable[[str], bool]:
    """Return a test of whether one word of a value matches; `*` stands for any characters."""
    pattern = re.compile(re.escape(search_text.lower()).replace(r"\*", ".*"))

    def has_token(value: str) -> bool:
        words = [value.lower(), *re.split(r"[\s@.,;:/_-]+", value.lower())]
        return any(pattern.fullmatch(word) for word in words) is expected

    return has_token

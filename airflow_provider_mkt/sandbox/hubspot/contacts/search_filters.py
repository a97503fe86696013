"""Filters of contact search and their operators."""

from __future__ import annotations

import re

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import Definitions, Property
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.errors import bad_properties, invalid
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_NO_VALUE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
_LIST = ("IN", "NOT_IN")
_ORDER = ("LT", "LTE", "GT", "GTE", "BETWEEN")
OPERATORS = ("EQ", "NEQ", *_ORDER, *_LIST, *_NO_VALUE, "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN")

Comparable = float | str


def check_filter(item: JsonObject, definitions: Definitions) -> None:
    """Check that a filter has what its operator needs, and that its property exists."""
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


def matches(contact: Contact, item: JsonObject, definitions: Definitions) -> bool:
    """Return whether a contact matches a filter. Without a value it matches NOT_HAS_PROPERTY only."""
    name, operator = item["propertyName"], item["operator"]
    value = contact.value(name)
    if operator in _NO_VALUE:
        return (value is not None) is (operator == "HAS_PROPERTY")
    if value is None:
        return False
    known = definitions[name]
    if operator in _LIST:
        # String values must be in lower case, as documented.
        plain = bool(known.options) or known.kind != "string"
        return (_in(value if plain else value.lower(), item["values"])) is (operator == "IN")
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        return has_token(value, str(item["value"])) is (operator == "CONTAINS_TOKEN")
    return _compare(operator, known, value, item)


def _in(value: str, values: list[object]) -> bool:
    return value in {str(one) for one in values}


def _compare(operator: str, known: Property, value: str, item: JsonObject) -> bool:
    mine, other = comparable(known, value), comparable(known, str(item["value"]))
    if type(mine) is not type(other):
        return operator == "NEQ"
    if operator == "EQ":
        return mine == other
    if operator == "NEQ":
        return mine != other
    if operator == "BETWEEN":
        high = comparable(known, str(item["highValue"]))
        return type(high) is type(mine) and other <= mine <= high  # type: ignore[operator]
    less, equal = mine < other, mine == other  # type: ignore[operator]
    return {"LT": less, "LTE": less or equal, "GT": not less and not equal, "GTE": not less}[operator]


def comparable(known: Property, value: str) -> Comparable:
    """Return a value that compares in the order of its property's type; strings without case."""
    if known.kind in ("date", "datetime"):
        moment = times.parse(value)
        return value.lower() if moment is None else moment
    if known.kind == "number":
        try:
            return float(value)
        except ValueError:
            return value.lower()
    return value.lower()


def has_token(value: str, search_text: str) -> bool:
    """Return whether one word of a value matches; `*` stands for any characters."""
    pattern = re.compile(re.escape(search_text.lower()).replace(r"\*", ".*"))
    words = [value.lower(), *re.split(r"[\s@.,;:/_-]+", value.lower())]
    return any(pattern.fullmatch(word) for word in words)

"""Filters of lists: properties and membership in other lists, combined by AND and OR."""

from __future__ import annotations

import math
from collections.abc import Callable, Container

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Definitions, Property
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

InList = Callable[[str, str], bool]
"""Returns whether a list has a record."""

Test = Callable[[str, list[str]], bool]
_KNOWN, _UNKNOWN = "IS_KNOWN", "IS_UNKNOWN"
_TEXT: dict[str, Test] = {
    "IS_EQUAL_TO": lambda value, wanted: value in wanted,
    "IS_NOT_EQUAL_TO": lambda value, wanted: value not in wanted,
    "CONTAINS": lambda value, wanted: any(one in value for one in wanted),
    "DOES_NOT_CONTAIN": lambda value, wanted: not any(one in value for one in wanted),
    "STARTS_WITH": lambda value, wanted: any(value.startswith(one) for one in wanted),
    "ENDS_WITH": lambda value, wanted: any(value.endswith(one) for one in wanted),
}
_OPTIONS: dict[str, Test] = {
    "IS_ANY_OF": lambda value, wanted: bool(_parts(value) & {*wanted}),
    "IS_NONE_OF": lambda value, wanted: not _parts(value) & {*wanted},
    "IS_EXACTLY": lambda value, wanted: _parts(value) == {*wanted},
    "IS_NOT_EXACTLY": lambda value, wanted: _parts(value) != {*wanted},
    "CONTAINS_ALL": lambda value, wanted: _parts(value) >= {*wanted},
    "DOES_NOT_CONTAIN_ALL": lambda value, wanted: not _parts(value) >= {*wanted},
}
_NUMBERS: dict[str, Test] = {
    "IS_EQUAL_TO": lambda value, wanted: _number(value) == _number(wanted[0]),
    "IS_NOT_EQUAL_TO": lambda value, wanted: _number(value) != _number(wanted[0]),
    "IS_GREATER_THAN": lambda value, wanted: _number(value) > _number(wanted[0]),
    "IS_GREATER_THAN_OR_EQUAL_TO": lambda value, wanted: _number(value) >= _number(wanted[0]),
    "IS_LESS_THAN": lambda value, wanted: _number(value) < _number(wanted[0]),
    "IS_LESS_THAN_OR_EQUAL_TO": lambda value, wanted: _number(value) <= _number(wanted[0]),
}
_FLAGS = {name: _TEXT[name] for name in ("IS_EQUAL_TO", "IS_NOT_EQUAL_TO")}
_TESTS: dict[str, dict[str, Test]] = {
    "ALL_PROPERTY": dict.fromkeys((_KNOWN, _UNKNOWN), lambda value, wanted: True),
    "BOOL": _FLAGS,
    "ENUMERATION": _OPTIONS,
    "MULTISTRING": _TEXT,
    "NUMBER": _NUMBERS,
    "STRING": _TEXT,
}
"""The operators of each type of operation that is emulated. Those of times are not."""
_OPERATIONS = {
    "bool": ("ALL_PROPERTY", "BOOL"),
    "date": ("ALL_PROPERTY",),
    "datetime": ("ALL_PROPERTY",),
    "enumeration": ("ALL_PROPERTY", "ENUMERATION"),
    "number": ("ALL_PROPERTY", "NUMBER"),
    "phone_number": ("ALL_PROPERTY", "MULTISTRING", "STRING"),
    "string": ("ALL_PROPERTY", "MULTISTRING", "STRING"),
}
"""The operations of each type of property that are emulated."""
_OF_ONE_VALUE: dict[str, type | tuple[type, ...]] = {"BOOL": bool, "NUMBER": (int, float), "STRING": str}
"""Types of operations that have a `value`; the others have `values`, or neither."""
_DEEPEST = 10


def check_branch(
    branch: object, definitions: Definitions, lists: Container[str], depth: int = 0
) -> JsonObject:
    """Check the format of filters, and that what they name exists. Kinds that are not emulated are rejected.

    :param lists: the lists of the account, by id.
    """
    if not isinstance(branch, dict) or branch.get("filterBranchType") not in ("AND", "OR"):
        raise invalid("filterBranch must be an object whose filterBranchType is AND or OR")
    if depth > _DEEPEST:
        raise invalid("filterBranch is nested too deeply")
    inner, filters = branch.get("filterBranches") or [], branch.get("filters") or []
    if not isinstance(inner, list) or not isinstance(filters, list):
        raise invalid("filterBranches and filters must be arrays")
    if depth == 0 and (branch["filterBranchType"] != "OR" or filters):
        raise invalid("The root of a filterBranch must be of the type OR, with branches and no filters")
    for one in inner:
        check_branch(one, definitions, lists, depth + 1)
    for one in filters:
        _check_filter(one, definitions, lists)
    return branch


def _check_filter(item: object, definitions: Definitions, lists: Container[str]) -> None:
    if not isinstance(item, dict):
        raise invalid("A filter must be an object")
    kind = item.get("filterType")
    if kind == "IN_LIST":
        if not isinstance(item.get("listId"), str | int) or not item["listId"]:
            raise invalid("A filter of the type IN_LIST needs a listId")
        if item.get("operator", "IN_LIST") not in ("IN_LIST", "NOT_IN_LIST"):
            raise invalid("The operator of a filter of the type IN_LIST must be IN_LIST or NOT_IN_LIST")
        if str(item["listId"]) not in lists:
            msg = f"List {item['listId']} does not exist"
            raise invalid(msg)
        return
    if kind != "PROPERTY":
        msg = f"Filters of the type {kind!r} are not emulated here, only PROPERTY and IN_LIST"
        raise invalid(msg)
    known = definitions.get(str(item.get("property")))
    if known is None:
        msg = f'Property "{item.get("property")}" does not exist'
        raise invalid(msg)
    _check_operation(item.get("operation"), known)


def _check_operation(operation: object, known: Property) -> None:
    if not isinstance(operation, dict):
        raise invalid("A filter of the type PROPERTY needs an operation")
    kind, operator = operation.get("operationType"), operation.get("operator")
    if not isinstance(kind, str) or kind not in _TESTS:
        msg = f"The operationType {kind!r} is unknown or not emulated here, only {', '.join(_TESTS)}"
        raise invalid(msg)
    if kind not in _OPERATIONS.get(known.kind, _TESTS):
        msg = (
            f'Property "{known.name}" is of the type {known.kind}, which has no operations of the type {kind}'
        )
        raise invalid(msg)
    if not isinstance(operator, str) or operator not in _TESTS[kind]:
        msg = f"The operator {operator!r} is unknown to {kind} or not emulated here"
        raise invalid(msg)
    if not isinstance(operation.get("includeObjectsWithNoValueSet", False), bool):
        raise invalid("includeObjectsWithNoValueSet must be a boolean")
    if kind in _OF_ONE_VALUE:
        value = operation.get("value")
        if not isinstance(value, _OF_ONE_VALUE[kind]) or (kind == "NUMBER" and isinstance(value, bool)):
            msg = f"An operation of the type {kind} needs a value of that type"
            raise invalid(msg)
    elif kind != "ALL_PROPERTY":
        values = operation.get("values")
        if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
            msg = f"An operation of the type {kind} needs values, which are strings"
            raise invalid(msg)


def _parts(value: str) -> set[str]:
    """Return what is chosen in a value, which can be several options."""
    return {one for one in value.split(";") if one}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def filters_by(branch: JsonObject, name: str) -> bool:
    """Return whether a branch filters by a property."""
    inner = branch.get("filterBranches") or []
    own = (one.get("property") for one in branch.get("filters") or [])
    return name in own or any(filters_by(one, name) for one in inner)


def names_lists(branch: JsonObject) -> bool:
    """Return whether a branch depends on the members of other lists."""
    own = (one["filterType"] == "IN_LIST" for one in branch.get("filters") or [])
    return any(own) or any(map(names_lists, branch.get("filterBranches") or []))


def passes(contact: Contact, branch: JsonObject, in_list: InList) -> bool:
    """Return whether a contact matches a branch; no contact matches an empty one."""
    found = [passes(contact, one, in_list) for one in branch.get("filterBranches") or []]
    found += [_passes(contact, one, in_list) for one in branch.get("filters") or []]
    if not found:
        return False
    return all(found) if branch["filterBranchType"] == "AND" else any(found)


def _passes(contact: Contact, item: JsonObject, in_list: InList) -> bool:
    if item["filterType"] == "IN_LIST":
        return in_list(str(item["listId"]), contact.id) is (item.get("operator") != "NOT_IN_LIST")
    operation = item["operation"]
    operator, value = operation["operator"], contact.value(item["property"])
    if operator in (_KNOWN, _UNKNOWN):
        return (value is not None) is (operator == _KNOWN)
    if value is None:
        return bool(operation.get("includeObjectsWithNoValueSet"))
    kind = operation["operationType"]
    given = [operation["value"]] if kind in _OF_ONE_VALUE else operation["values"]
    return _TESTS[kind][operator](value.lower(), [str(one).lower() for one in given])

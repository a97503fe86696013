"""Filters of lists: properties and membership in other lists, combined by AND and OR."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import Definitions
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

InList = Callable[[str, str], bool]
"""Returns whether a list has a record."""

_KNOWN, _UNKNOWN = ("IS_KNOWN", "HAS_PROPERTY"), ("IS_UNKNOWN", "NOT_HAS_PROPERTY")
_TESTS: dict[str, Callable[[str, list[str]], bool]] = {
    "IS_EQUAL_TO": lambda value, wanted: value in wanted,
    "IS": lambda value, wanted: value in wanted,
    "IS_ANY_OF": lambda value, wanted: value in wanted,
    "IS_EXACTLY": lambda value, wanted: value in wanted,
    "IS_NOT_EQUAL_TO": lambda value, wanted: value not in wanted,
    "IS_NONE_OF": lambda value, wanted: value not in wanted,
    "CONTAINS": lambda value, wanted: any(one in value for one in wanted),
    "DOES_NOT_CONTAIN": lambda value, wanted: not any(one in value for one in wanted),
    "STARTS_WITH": lambda value, wanted: any(value.startswith(one) for one in wanted),
    "ENDS_WITH": lambda value, wanted: any(value.endswith(one) for one in wanted),
}
_NEGATIVE = ("IS_NOT_EQUAL_TO", "IS_NONE_OF", "DOES_NOT_CONTAIN")
_DEEPEST = 10


def check_branch(branch: object, definitions: Definitions, depth: int = 0) -> JsonObject:
    """Check the format of filters. Kinds that the sandbox does not emulate are rejected."""
    if not isinstance(branch, dict) or branch.get("filterBranchType") not in ("AND", "OR"):
        raise invalid("filterBranch must be an object whose filterBranchType is AND or OR")
    if depth > _DEEPEST:
        raise invalid("filterBranch is nested too deeply")
    inner, filters = branch.get("filterBranches") or [], branch.get("filters") or []
    if not isinstance(inner, list) or not isinstance(filters, list):
        raise invalid("filterBranches and filters must be arrays")
    if depth == 0 and branch["filterBranchType"] != "OR":
        raise invalid("The root of a filterBranch must be of the type OR")
    for one in inner:
        check_branch(one, definitions, depth + 1)
    for one in filters:
        _check_filter(one, definitions)
    return branch


def _check_filter(item: object, definitions: Definitions) -> None:
    if not isinstance(item, dict):
        raise invalid("A filter must be an object")
    kind = item.get("filterType")
    if kind == "IN_LIST":
        if not item.get("listId"):
            raise invalid("A filter of the type IN_LIST needs a listId")
        return
    if kind != "PROPERTY":
        msg = f"Filters of the type {kind!r} are not emulated here, only PROPERTY and IN_LIST"
        raise invalid(msg)
    if str(item.get("property")) not in definitions:
        msg = f'Property "{item.get("property")}" does not exist'
        raise invalid(msg)
    operation = item.get("operation")
    if not isinstance(operation, dict):
        raise invalid("A filter of the type PROPERTY needs an operation")
    operator = operation.get("operator")
    if operator not in (*_TESTS, *_KNOWN, *_UNKNOWN):
        msg = f"The operator {operator!r} is unknown or not emulated here"
        raise invalid(msg)
    if not isinstance(operation.get("values"), list | None):
        raise invalid("The values of an operation must be an array")


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
    if operator in (*_KNOWN, *_UNKNOWN):
        return (value is not None) is (operator in _KNOWN)
    if value is None:
        return operator in _NEGATIVE and bool(operation.get("includeObjectsWithNoValueSet"))
    given = operation.get("values") or [operation.get("value", "")]
    return _TESTS[operator](value.lower(), [str(one).lower() for one in given])

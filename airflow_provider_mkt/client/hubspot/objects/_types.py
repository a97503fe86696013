"""Object types: their names, and the scopes of their records."""

from __future__ import annotations

import re
from typing import TypeAlias

from airflow_provider_mkt.client.parameters import PathText

ObjectTypeName: TypeAlias = PathText
"""An object type: ``companies``, ``deals``, ``tickets``, ``2-123``, ``p_name`` ..., or its number."""

_BY_NUMBER = {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets", "0-136": "leads"}
_BY_NAME = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "ticket": "tickets",
    "lead": "leads",
}
_NUMBERS = {name: number for number, name in _BY_NUMBER.items()}
_NUMBER = re.compile(r"\d+-\d+")
_SCOPED = ("contacts", "companies", "deals", "leads")
_CUSTOM = re.compile(r"2-\d+|p\d*_.+")


def plural(object_type: str) -> str:
    """Return the usual name of an object type; others as they are, in lower case."""
    name = str(object_type).strip().lower()
    return _BY_NUMBER.get(name) or _BY_NAME.get(name) or name


def singular(object_type: str) -> str | None:
    """Return the singular of a standard object's name; None for another object type."""
    name = plural(object_type)
    return next((one for one, several in _BY_NAME.items() if several == name), None)


def number_of(object_type: str) -> str | None:
    """Return the number of an object type, such as ``0-2``; None where its name does not say it."""
    given = str(object_type).strip()
    return given if _NUMBER.fullmatch(given) else _NUMBERS.get(plural(given))


def record_scopes(object_type: str, access: str) -> tuple[str, ...]:
    """Return the scopes of the records of an object type; empty where they are not known.

    :param access: ``read`` or ``write``.
    """
    name = plural(object_type)
    if name == "tickets":
        return ("tickets",)
    if name in _SCOPED:
        return (f"crm.objects.{name}.{access}",)
    return (f"crm.objects.custom.{access}",) if _CUSTOM.fullmatch(name) else ()


def schema_scopes(object_type: str, access: str) -> tuple[str, ...]:
    """Return the scopes of the properties of an object type; empty where they are not known.

    :param access: ``read`` or ``write``.
    """
    name = plural(object_type)
    if access == "read" or name == "tickets":
        return record_scopes(object_type, access)
    if name in _SCOPED:
        return (f"crm.schemas.{name}.{access}",)
    return (f"crm.schemas.custom.{access}",) if _CUSTOM.fullmatch(name) else ()

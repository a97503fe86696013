"""Definitions of properties, and checks of their values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)

_DAY = 86_400

Problem = tuple[str, str, str]
Comparable = float | str
Definitions = Mapping[str, "Property"]


@dataclass(frozen=True, slots=True)
class Property:
    """Definition of one property."""

    name: str
    kind: str = "string"
    options: tuple[str, ...] = ()
    read_only: bool = False
    unique: bool = False
    multiple: bool = False
    """Whether several options can be chosen: a value is a list, separated by semicolons."""
    custom: JsonObject = field(default_factory=dict, compare=False)
    """The definition that a client gave; empty for HubSpot's own properties."""

    def problem(self, value: str) -> Problem | None:
        """Return the error in a value as (property, code, message), or None."""
        if self.read_only:
            return (
                self.name,
                "READ_ONLY_VALUE",
                f'"{self.name}" is a read only property; its value cannot be set',
            )
        if value == "" or self._fits(value):
            return None
        if self.name == "email":
            return self.name, "INVALID_EMAIL", f"Email address {value} is invalid"
        if self.options:
            allowed = ", ".join(self.options)
            return self.name, "INVALID_OPTION", f"{value} was not one of the allowed options: [{allowed}]"
        code = {"number": "INVALID_LONG", "date": "INVALID_DATE", "datetime": "INVALID_DATE"}[self.kind]
        return self.name, code, f"{value} is not a valid {self.kind}"

    def comparable(self, value: str) -> Comparable:
        """Return a value that compares in the order of the property's type; strings without case."""
        if self.kind in ("date", "datetime"):
            moment = times.parse(value)
            return value.lower() if moment is None else moment
        if self.kind == "number":
            try:
                return float(value)
            except ValueError:
                return value.lower()
        return value.lower()

    def normalized(self, value: str) -> str | None:
        """Return what 2026-09 stores for a date or time in a format that is invalid elsewhere, or None."""
        if self.kind not in ("date", "datetime") or self.read_only or value == "" or self._fits(value):
            return None
        seconds = times.parse_seconds(value)
        moment = times.parse(value) if seconds is None else seconds
        if moment is None:
            return None
        return times.iso(moment)[:10] if self.kind == "date" else times.iso(moment)

    def _fits(self, value: str) -> bool:
        if self.name == "email":
            return _EMAIL.fullmatch(value.strip()) is not None
        if self.kind == "number":
            try:
                return math.isfinite(float(value))
            except ValueError:
                return False
        if self.kind == "date":
            moment = times.parse(value)
            a_day = len(value) == 10 and not value.isdecimal()
            return moment is not None and (a_day or moment % _DAY == 0)
        if self.kind == "datetime":
            return times.parse(value) is not None and times.parse_seconds(value) in (None, 0)
        if self.kind == "bool":
            return value in ("true", "false")
        if self.multiple:
            # Semicolons at both ends are allowed; the first one adds to what is chosen.
            return all(part in self.options for part in value.strip(";").split(";"))
        return not self.options or value in self.options

    def stored(self, before: str, value: str) -> str:
        """Return the value that a record gets.

        :param before: the value that it has.
        """
        if not self.multiple:
            return value
        chosen = before.split(";") if value.startswith(";") else []
        return ";".join(dict.fromkeys(one for one in (*chosen, *value.split(";")) if one))


def named(kind: str, names: str, *, read_only: bool = False) -> list[Property]:
    """Return properties of one type.

    :param names: separated by spaces.
    """
    options = ("true", "false") if kind == "bool" else ()
    return [Property(name, kind, options, read_only) for name in names.split()]


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def problems_of(values: dict[str, str], definitions: Definitions) -> list[Problem]:
    """Return all errors in a set of values."""
    found: list[Problem] = []
    for name, value in values.items():
        known = definitions.get(name)
        if known is None:
            found.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
        elif (problem := known.problem(value)) is not None:
            found.append(problem)
    return found

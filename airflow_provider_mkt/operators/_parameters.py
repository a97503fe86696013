"""Values of templated parameters.

A templated parameter arrives as what the DAG author gave, as the result of another task, or as the text that
its template rendered to. These functions turn it into one type, or raise an error that names the parameter
and never repeats its value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type

T = TypeVar("T")

_EMPTY = ("", "None")
"""Text that a template renders to when its value is missing."""


def is_missing(value: object) -> bool:
    """Tell whether a parameter has no value."""
    return value is None or value in _EMPTY


def optional_str(field: str, value: object) -> str | None:
    """Return an id or a name as text, or None when it is missing.

    A mapping with the field's own name as a key stands for the value under that key, so that
    ``email_id=clone.output`` works.

    :raises InvalidInput: when it is neither text nor a whole number.
    """
    if isinstance(value, Mapping) and field in value:
        value = value[field]
    if is_missing(value.strip() if isinstance(value, str) else value):
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InvalidInput(field, f"must be text or a whole number, not {describe_type(value)}")
    return str(value).strip()


def required_str(field: str, value: object) -> str:
    """Return an id or a name as text.

    :raises InvalidInput: when it is missing, or neither text nor a whole number.
    """
    text = optional_str(field, value)
    if text is None:
        raise InvalidInput(field, "is missing or empty")
    return text


def to_bool(field: str, value: object) -> bool:
    """Return a boolean, also from the text ``true``, ``1``, ``yes``, ``false``, ``0`` or ``no``.

    :raises InvalidInput: when it is anything else.
    """
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in ("true", "1", "yes"):
        return True
    if text in ("false", "0", "no", "", "none"):
        return False
    raise InvalidInput(field, f"must be true or false, not {describe_type(value)}")


def as_time(field: str, value: object) -> datetime | None:
    """Return a time in UTC, from a datetime or ISO 8601 text, or None when it is missing.

    :raises InvalidInput: when it is not a time, or has no UTC offset.
    """
    if is_missing(value):
        return None
    if isinstance(value, str):
        import pendulum

        try:
            value = pendulum.parse(value, tz=None)
        except ValueError:
            raise InvalidInput(field, f"must be an ISO 8601 time, not {describe_type(value)}") from None
    if not isinstance(value, datetime):
        raise InvalidInput(field, f"must be a time, not {describe_type(value)}")
    if value.tzinfo is None:
        raise InvalidInput(field, "has no offset; write it as 2026-01-31T09:00:00+01:00 or with Z")
    return value.astimezone(UTC)


def as_list(field: str, value: object) -> list[Any]:
    """Return a list, from an iterable or JSON text of a list. Text and mappings are not iterables here.

    :raises InvalidInput: when it is anything else.
    """
    decoded = decode_json(field, value, "a list")
    if isinstance(decoded, (str, bytes, Mapping)) or not isinstance(decoded, Iterable):
        raise InvalidInput(field, f"must be a list, not {describe_type(decoded)}")
    return list(decoded)


def optional_list(field: str, value: object) -> list[Any]:
    """Return a list as :func:`as_list` does, or an empty one when the value is missing.

    :raises InvalidInput: when it is anything else.
    """
    return [] if is_missing(value) else as_list(field, value)


def as_mapping(field: str, value: object) -> dict[str, Any]:
    """Return a dict, from a mapping or JSON text of one.

    :raises InvalidInput: when it is anything else.
    """
    decoded = decode_json(field, value, "a mapping")
    if not isinstance(decoded, Mapping):
        raise InvalidInput(field, f"must be a mapping, not {describe_type(decoded)}")
    return dict(decoded)


def as_mappings(field: str, value: object, defaults: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return a list of dicts, each completed with *defaults*.

    :raises InvalidInput: when it is not a list, or one of its items is not a mapping.
    """
    complete = []
    for index, item in enumerate(as_list(field, value)):
        if not isinstance(item, Mapping):
            raise InvalidInput(f"{field}[{index}]", f"must be a mapping, not {describe_type(item)}")
        complete.append({**defaults, **item})
    return complete


def decode_json(field: str, value: object, expected: str) -> object:
    """Decode text as JSON, and return any other value as it is.

    :param expected: what the value should be, for the error.
    :raises InvalidInput: when the text is not JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise InvalidInput(field, f"must be {expected}, not {describe_type(value)}") from None


@dataclass(frozen=True, repr=False)
class HeldCallable:
    """Holds a callable that is the value of a templated parameter.

    Airflow calls a callable in a templated field while it renders the templates, with arguments of its own.
    The holder is not callable, so Airflow leaves it alone and shows its text as the rendered value.

    :param function: takes no arguments.
    """

    function: Callable[[], object]

    def __repr__(self) -> str:
        # No memory address: the text is part of the serialized DAG, whose hash must not change.
        function = self.function
        named = function if hasattr(function, "__qualname__") else type(function)
        # A method of a built-in type, such as ``iterator.__next__``, has no module.
        module = getattr(named, "__module__", None) or "builtins"
        return f"<callable {module}.{getattr(named, '__qualname__', '')}>"


def hold_callable(value: T) -> T | HeldCallable:
    """Return a callable in a :class:`HeldCallable`, and any other value as it is."""
    return HeldCallable(value) if callable(value) else value


@dataclass(frozen=True)
class RejectThreshold:
    """A number of records, or a share of all, that may be rejected.

    :param count: at most this number; None for no such limit.
    :param share: at most this share (0-1) of all; None for no such limit.
    """

    count: int | None = None
    share: float | None = None

    @classmethod
    def of(cls, field: str, value: object) -> RejectThreshold:
        """Read a templated limit: 10, 0.05, ``"10"``, ``"5%"``, or None for no limit.

        :raises InvalidInput: on any other value.
        """
        if value is None or value in ("", "None"):
            return cls()
        if isinstance(value, str):
            value = _number(field, value.strip())
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(count=value)
        if isinstance(value, float) and 0 <= value <= 1:
            return cls(share=value)
        raise InvalidInput(
            field, f"must be a whole number, or a share from 0 to 1, not {describe_type(value)}"
        )

    def allows(self, rejected: int, total: int) -> bool:
        """Whether *rejected* of *total* are allowed."""
        if self.count is not None:
            return rejected <= self.count
        if self.share is not None:
            # 29 of 100 are 29 %, though 0.29 * 100 comes out a little below 29.
            return rejected <= self.share * total + 1e-6
        return True

    def __str__(self) -> str:
        if self.count is not None:
            return str(self.count)
        return f"{self.share:.2%}" if self.share is not None else "any number"


def _number(field: str, text: str) -> int | float:
    try:
        if text.endswith("%"):
            return float(text[:-1]) / 100
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        raise InvalidInput(field, f"must be a number or a percentage, not {describe_type(text)}") from None

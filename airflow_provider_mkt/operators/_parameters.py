"""Values of templated parameters.

A templated parameter arrives as what the DAG author gave, as the result of another task, or as the text that
its template rendered to. These functions turn it into one type, or raise an error that names the parameter
and never repeats its value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeAlias, TypeVar, cast, get_args

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.parameters import in_utc, to_id
from airflow_provider_mkt.client.parameters import required_str as required_text
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.sync.guards import Limit

T = TypeVar("T")

_EMPTY = ("", "None")
"""Text that a template renders to when its value is missing."""


def is_missing(value: object) -> bool:
    """Tell whether a parameter has no value."""
    return value is None or value in _EMPTY


def given_among(task: object, names: Sequence[str]) -> tuple[str, ...]:
    """Return which parameters a task was given, as text to be rendered or with a value."""
    return tuple(name for name in names if not is_missing(getattr(task, name)))


def check_still_given(task: object, given: Sequence[str]) -> None:
    """Check that limits and safeguards which a task was given did not come out empty when it was rendered.

    Without this, a variable that is not set would switch a safeguard off, and nobody would notice.

    :param given: as :func:`given_among` returned it before.
    :raises InvalidInput: naming the first one that is empty.
    """
    for name in given:
        value = getattr(task, name)
        if is_missing(value.strip() if isinstance(value, str) else value):
            raise InvalidInput(
                name.removeprefix("is_"),
                "was given and came out empty, e.g. from a variable that is not set; nothing was done. Leave "
                "it out to do without it",
            )


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
    return in_utc(value)


def as_day(field: str, value: object) -> date | None:
    """Return a day, from a date, its midnight, or the text of either, or None when it is missing.

    :raises InvalidInput: when it is neither, such as a time within a day.
    """
    if is_missing(value):
        return None
    day = value
    if isinstance(value, str):
        import pendulum

        try:
            day = pendulum.parse(value, tz=None)
        except ValueError:
            day = None
    if isinstance(day, datetime):
        day = day.date() if day.time() == day.min.time() else None
    if not isinstance(day, date):
        problem = f"must be a day such as 2026-01-31, or its midnight, not {describe_type(value)}"
        raise InvalidInput(field, problem)
    return date(day.year, day.month, day.day)


def as_seconds(field: str, value: object) -> float:
    """Return a number of seconds, 0 or more, also from its text.

    :raises InvalidInput: when it is anything else.
    """
    try:
        seconds = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise InvalidInput(field, f"must be seconds, 0 or more, not {describe_type(value)}")
    return seconds


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


def optional_id(field: str, value: object) -> str | None:
    """Return an id that a platform numbers as text, or None when it is missing.

    :raises InvalidInput: when it is not a positive whole number.
    """
    text = optional_str(field, value)
    return None if text is None else str(to_id(field, text))


def required_id(field: str, value: object) -> str:
    """Return an id that a platform numbers as text.

    :raises InvalidInput: when it is missing, or not a positive whole number.
    """
    return str(to_id(field, required_str(field, value)))


def optional_ids(field: str, value: object) -> list[int]:
    """Return a list of ids that a platform numbers, or an empty one when the value is missing.

    :raises InvalidInput: when it is no list, or naming the entry that is not a positive whole number.
    """
    return [to_id(f"{field}[{index}]", one) for index, one in enumerate(optional_list(field, value))]


def optional_keys(field: str, value: object) -> list[str]:
    """Return a list of ids of any kind as texts, or an empty one when the value is missing.

    :raises InvalidInput: when it is no list, or naming the entry that is neither text nor a whole number.
    """
    return [required_str(f"{field}[{index}]", one) for index, one in enumerate(optional_list(field, value))]


def optional_names(field: str, value: object) -> list[str]:
    """Return a list of names, or an empty one when the value is missing.

    :raises InvalidInput: when it is no list, or naming the entry that is not text.
    """
    return [required_text(f"{field}[{index}]", one) for index, one in enumerate(optional_list(field, value))]


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


Mode: TypeAlias = Literal["calls", "bulk", "auto"]
"""How records are written: by calls, by the platform's import, or by whichever is faster."""


def checked_mode(mode: object) -> Mode:
    """Return the mode of a sync.

    :raises InvalidInput: when there is no such mode.
    """
    given = optional_str("mode", mode)
    if given not in get_args(Mode):
        raise InvalidInput("mode", f"must be one of {', '.join(get_args(Mode))}")
    return cast("Mode", given)


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
        limit = Limit.of(field, value)
        return cls() if limit is None else cls(limit.count, limit.share)

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

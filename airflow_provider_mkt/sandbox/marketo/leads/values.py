"""Values of fields, by data type."""

import math
import re
from collections.abc import Callable

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, wrong_type
from airflow_provider_mkt.sandbox.marketo.times import lead_time, parse_day, parse_moment

Value = str | int | float | bool | None

INTEGER_LIMIT = 2**31
STRING_LIMIT = 255
TEXT_LIMIT = 30_000

_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def is_email(text: str) -> bool:
    """Return whether Marketo accepts an email address, which must be ASCII."""
    return text.isascii() and bool(_EMAIL.fullmatch(text))


def _integer(value: object) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    number = int(value) if isinstance(value, (int, float, str)) else math.nan
    if not isinstance(number, int) or not -INTEGER_LIMIT <= number < INTEGER_LIMIT:
        raise ValueError
    return number


def _number(value: object) -> float:
    number = math.nan
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    to_bool = _BOOLEANS.get(str(value).strip().lower())
    if to_bool is None:
        raise ValueError
    return to_bool


def _day(value: object) -> str:
    day = parse_day(value)
    if day is None:
        raise ValueError
    return day.isoformat()


def _moment(value: object) -> str:
    # A time without an offset is rejected: a wrong guess would shift it by hours.
    moment = parse_moment(value)
    if moment is None:
        raise ValueError
    return lead_time(moment)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        raise ValueError  # noqa: TRY004
    return str(value)


READERS: dict[str, Callable[[object], Value]] = {
    "integer": _integer,
    "score": _integer,
    "percent": _integer,
    "reference": _integer,
    "float": _number,
    "currency": _number,
    "boolean": _boolean,
    "date": _day,
    "datetime": _moment,
}


def read_value(data_type: str, length: int | None, value: object, *, strict_email: bool = True) -> Value:
    """Return the value to store for a value of a request.

    :raises MarketoError: it is not valid.
    """
    if value is None or value == "":
        return None
    try:
        stored = READERS.get(data_type, _text)(value)
    except (ValueError, OverflowError):
        raise wrong_type(value, data_type) from None
    if isinstance(stored, str):
        limit = length or (TEXT_LIMIT if data_type == "text" else STRING_LIMIT)
        size = len(stored.encode()) if data_type == "text" else len(stored)
        if size > limit:
            raise MarketoError(1003, f"Value for field is longer than {limit}")
        if data_type == "email" and strict_email and not is_email(stored):
            raise MarketoError(1003, f"Invalid email address '{stored}'")
    return stored


def match_key(value: object) -> str:
    """Return a value for comparison as a key, without regard to case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip().lower()

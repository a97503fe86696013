"""Tests of values by Marketo's operators, by the kind of a field."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from airflow_provider_mkt.sandbox.marketo.leads.values import Value
from airflow_provider_mkt.sandbox.marketo.lists.rules import InvalidRules
from airflow_provider_mkt.sandbox.marketo.times import parse_day, parse_moment

Test = Callable[[Value], bool]

NUMBERS = ("integer", "float", "currency", "percent", "score", "reference")
DATES = ("date", "datetime")
_PERIOD = re.compile(r"(\d{1,5}) (hour|day|week|month|year)s?", re.IGNORECASE)
_UNITS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")


def value_test(data_type: str, operator: str, values: tuple[str, ...], now: datetime) -> Test:
    """Return a test of the values of a field.

    :param now: the moment that "in past" counts from.
    :raises InvalidRules: the field has no such operator, or a value is not valid.
    """
    if operator in ("is empty", "is not empty"):
        wanted = operator == "is empty"
        return lambda value: (value in (None, "")) is wanted
    if not values:
        msg = f"operator '{operator}' has no value"
        raise InvalidRules(msg)
    if data_type == "boolean":
        return _boolean(operator, values)
    if data_type in NUMBERS:
        return _number(operator, [_to_number(text) for text in values])
    if data_type in DATES:
        return date_test(operator, values, now)
    return _text(operator, [text.strip().lower() for text in values])


def _boolean(operator: str, values: tuple[str, ...]) -> Test:
    word = values[0].strip().lower()
    if operator != "is" or word not in TRUE + FALSE:
        raise _no_operator("boolean", operator)
    # A boolean without a value is false.
    return lambda value: bool(value) is (word in TRUE)


def _text(operator: str, wanted: list[str]) -> Test:
    known: dict[str, Callable[[str], bool]] = {
        "is": lambda text: text in wanted,
        "starts with": lambda text: any(text.startswith(one) for one in wanted),
        "contains": lambda text: any(one in text for one in wanted),
    }
    known |= {
        "is not": lambda text: text not in wanted,
        "not starts with": lambda text: not known["starts with"](text),
        "not contains": lambda text: not known["contains"](text),
    }
    test = known.get(operator)
    if test is None:
        raise _no_operator("string", operator)
    # An empty value is text without characters, so that the negative operators match it.
    return lambda value: test(str("" if value is None else value).strip().lower())


def _number(operator: str, wanted: list[float]) -> Test:
    first, last = wanted[0], wanted[-1]
    known: dict[str, Callable[[float], bool]] = {
        "is": lambda number: number in wanted,
        "is not": lambda number: number not in wanted,
        "between": lambda number: first <= number <= last,
        "greater than": lambda number: number > first,
        "less than": lambda number: number < first,
        "at least": lambda number: number >= first,
        "at most": lambda number: number <= first,
    }
    test = known.get(operator)
    if test is None or (operator == "between" and len(wanted) != 2):
        raise _no_operator("number", operator)
    # Only "is not" matches a field without a number.
    return lambda value: operator == "is not" if value is None else test(_to_number(str(value)))


def _to_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        msg = f"'{text}' is not a number"
        raise InvalidRules(msg) from None


def date_test(operator: str, values: tuple[str, ...], now: datetime) -> Test:
    """Return a test of a date or time. Days are days in UTC."""
    if operator in ("in past", "in past before", "in future", "in future after"):
        period = _period(values[0])
        inside: dict[str, Callable[[datetime], bool]] = {
            "in past": lambda moment: now - period <= moment <= now,
            "in past before": lambda moment: moment < now - period,
            "in future": lambda moment: now <= moment <= now + period,
            "in future after": lambda moment: moment > now + period,
        }
        return _of_moment(inside[operator])
    days = [_to_moment(text).date() for text in values]
    first, last = days[0], days[-1]
    known: dict[str, Callable[[datetime], bool]] = {
        "is": lambda moment: moment.date() == first,
        "between": lambda moment: first <= moment.date() <= last,
        "after": lambda moment: moment.date() > first,
        "before": lambda moment: moment.date() < first,
        "on or after": lambda moment: moment.date() >= first,
        "on or before": lambda moment: moment.date() <= first,
    }
    if operator == "is not":
        return lambda value: not _of_moment(known["is"])(value)
    if operator not in known or (operator == "between" and len(days) != 2):
        raise _no_operator("date", operator)
    return _of_moment(known[operator])


def _of_moment(test: Callable[[datetime], bool]) -> Test:
    return lambda value: value is not None and test(_to_moment(str(value)))


def _period(text: str) -> timedelta:
    found = _PERIOD.fullmatch(text.strip())
    if found is None:
        msg = f"'{text}' is not a number and a unit of time"
        raise InvalidRules(msg)
    return int(found[1]) * _UNITS[found[2].lower()]


def _to_moment(text: str) -> datetime:
    day = parse_day(text)
    moment = parse_moment(f"{day}T00:00:00Z" if day else text)
    if moment is None:
        msg = f"'{text}' is not a date"
        raise InvalidRules(msg)
    return moment


def _no_operator(kind: str, operator: str) -> InvalidRules:
    return InvalidRules(f"operator '{operator}' is not one of a {kind} field, or has the wrong values")

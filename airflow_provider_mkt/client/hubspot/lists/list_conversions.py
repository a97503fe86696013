"""Turning an active list into a static one at a set time, or once it has stopped changing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Replay, Route, path_params
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.lists._types import FAMILY, READ, WRITE
from airflow_provider_mkt.client.redaction import describe_type

TimeUnit = Literal["DAY", "WEEK", "MONTH"]
_UNITS = ("DAY", "WEEK", "MONTH")


class Conversion(TypedDict):
    """The plan for one list."""

    listId: str
    requestedConversionTime: NotRequired[dict[str, Any]]
    convertedAt: NotRequired[str]


def get(list_id: int | str) -> Call[Conversion]:
    """Read when a list is to become static.

    :param list_id: the list.
    :raises NotFound: when there is no such list, or no plan for it.

    Source: ``GET /crm/{version}/lists/{listId}/schedule-conversion``.
    """
    name = "list_conversions.get"
    return Call(name, _route(name, "GET", list_id), _conversion, Replay.SAFE, scopes=READ)


def on_date(list_id: int | str, day: date) -> Call[Conversion]:
    """Make a list static on a day.

    :param list_id: a DYNAMIC list.
    :param day: the day.
    :raises InvalidInput: when it is no day.
    :raises InvalidRequest: when the list is static already.

    Source: ``PUT /crm/{version}/lists/{listId}/schedule-conversion``.
    """
    name = "list_conversions.on_date"
    # A time is a date to Python, but which day it falls on depends on a zone.
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InvalidInput("day", f"must be a day, not {describe_type(day)}", call=name)
    body: dict[str, Json] = {
        "conversionType": "CONVERSION_DATE",
        "year": day.year,
        "month": day.month,
        "day": day.day,
    }
    return Call(
        name,
        _route(name, "PUT", list_id),
        _conversion,
        Replay.SAFE,
        body=JsonBody(body),
        scopes=WRITE,
    )


def when_inactive(list_id: int | str, amount: int, unit: TimeUnit) -> Call[Conversion]:
    """Make a list static once nobody has come or gone for a while.

    :param list_id: a DYNAMIC list.
    :param amount: how many of the unit.
    :param unit: DAY, WEEK or MONTH.
    :raises InvalidInput: on an unknown unit or no positive number.
    :raises InvalidRequest: when the list is static already.

    Source: ``PUT /crm/{version}/lists/{listId}/schedule-conversion``.
    """
    name = "list_conversions.when_inactive"
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 1:
        raise InvalidInput(
            "amount", f"must be a positive whole number, not {describe_type(amount)}", call=name
        )
    if unit not in _UNITS:
        raise InvalidInput(
            "unit", f"must be one of {', '.join(_UNITS)}, not {describe_type(unit)}", call=name
        )
    body: dict[str, Json] = {"conversionType": "INACTIVITY", "offset": amount, "timeUnit": unit}
    return Call(
        name,
        _route(name, "PUT", list_id),
        _conversion,
        Replay.SAFE,
        body=JsonBody(body),
        scopes=WRITE,
    )


def cancel(list_id: int | str) -> Call[None]:
    """Drop the plan to make a list static.

    :param list_id: the list.
    :raises NotFound: when there is no such list, or no plan for it.

    Source: ``DELETE /crm/{version}/lists/{listId}/schedule-conversion``.
    """
    name = "list_conversions.cancel"
    return Call(name, _route(name, "DELETE", list_id), nothing, Replay.SAFE, scopes=WRITE)


def _route(name: str, method: str, list_id: int | str) -> Route:
    return Route(method, FAMILY, "/{listId}/schedule-conversion", path_params(name, listId=list_id))


def _conversion(envelope: Envelope) -> Conversion:
    return cast("Conversion", envelope)

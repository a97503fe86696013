"""Scheduled conversions of an active list into a static one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Replay, Route, path_params
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.lists._types import FAMILY, READ, WRITE
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.parameters import at_least, endpoint
from airflow_provider_mkt.client.redaction import describe_type

TimeUnit = Literal["DAY", "WEEK", "MONTH"]


class Conversion(TypedDict):
    """The scheduled conversion of a list."""

    listId: str
    requestedConversionTime: NotRequired[JsonDict]
    convertedAt: NotRequired[str]


@endpoint
def get(list_id: int | str) -> Call[Conversion]:
    """Read the scheduled conversion of a list.

    :param list_id: id of the list.
    :raises NotFound: when the list does not exist, or has no scheduled conversion.

    Source: ``GET /crm/{version}/lists/{listId}/schedule-conversion``.
    """
    return Call("list_conversions.get", _route("GET", list_id), _conversion, Replay.SAFE, scopes=READ)


@endpoint
def on_date(list_id: int | str, day: date) -> Call[Conversion]:
    """Schedule the conversion of a list on a date.

    :param list_id: id of a DYNAMIC list.
    :param day: date of the conversion.
    :raises InvalidInput: when *day* is not a date.
    :raises InvalidRequest: when the list is already static.

    Source: ``PUT /crm/{version}/lists/{listId}/schedule-conversion``.
    """
    # datetime is a subclass of date, but its day depends on a time zone.
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InvalidInput("day", f"must be a date, not {describe_type(day)}")
    body: dict[str, Json] = {
        "conversionType": "CONVERSION_DATE",
        "year": day.year,
        "month": day.month,
        "day": day.day,
    }
    return Call(
        "list_conversions.on_date",
        _route("PUT", list_id),
        _conversion,
        Replay.SAFE,
        body=JsonBody(body),
        scopes=WRITE,
    )


@endpoint
def when_inactive(
    list_id: int | str, amount: Annotated[int, at_least(1)], unit: TimeUnit
) -> Call[Conversion]:
    """Schedule the conversion of a list for when its members have not changed for a period.

    :param list_id: id of a DYNAMIC list.
    :param amount: length of the period, in *unit*.
    :param unit: DAY, WEEK or MONTH.
    :raises InvalidInput: when *unit* is unknown, or *amount* is not positive.
    :raises InvalidRequest: when the list is already static.

    Source: ``PUT /crm/{version}/lists/{listId}/schedule-conversion``.
    """
    body: dict[str, Json] = {"conversionType": "INACTIVITY", "offset": amount, "timeUnit": unit}
    return Call(
        "list_conversions.when_inactive",
        _route("PUT", list_id),
        _conversion,
        Replay.SAFE,
        body=JsonBody(body),
        scopes=WRITE,
    )


@endpoint
def cancel(list_id: int | str) -> Call[None]:
    """Cancel the scheduled conversion of a list.

    :param list_id: id of the list.
    :raises NotFound: when the list does not exist, or has no scheduled conversion.

    Source: ``DELETE /crm/{version}/lists/{listId}/schedule-conversion``.
    """
    return Call("list_conversions.cancel", _route("DELETE", list_id), nothing, Replay.SAFE, scopes=WRITE)


def _route(method: str, list_id: int | str) -> Route:
    return Route(method, FAMILY, "/{listId}/schedule-conversion", path_params(listId=list_id))


def _conversion(envelope: Envelope) -> Conversion:
    return cast("Conversion", envelope)

"""Schedule the conversion of an active list into a static one."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.lists import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.lists.models import DYNAMIC, Conversion, RecordList
from airflow_provider_mkt.sandbox.hubspot.lists.requests import READ, WRITE, find
from airflow_provider_mkt.sandbox.hubspot.requests import read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_DAY = 86_400.0
_UNITS = {"DAY": _DAY, "WEEK": 7 * _DAY, "MONTH": 30 * _DAY}

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "/{listId}/schedule-conversion", scopes=READ)
async def get_conversion(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return _conversion_response(_planned(request))


@routes.handle("PUT", "/{listId}/schedule-conversion", scopes=WRITE, also=READ)
async def schedule_conversion(request: HubSpotRequest) -> Response:
    body = await read_object(request, "PublicListConversionTime", ["conversionType"])
    await request.simulate_latency()
    one = find(request)
    if one.kind != DYNAMIC:
        msg = f"List {one.id} is static already"
        raise invalid(msg)
    one.conversion = Conversion(body, _due(one, body))
    return _conversion_response(one)


@routes.handle("DELETE", "/{listId}/schedule-conversion", scopes=WRITE, also=READ)
async def delete_conversion(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    one = _planned(request)
    if one.converted_at is not None:
        msg = f"List {one.id} has been converted"
        raise invalid(msg)
    one.conversion = None
    return Response(status_code=204)


def _due(one: RecordList, body: JsonObject) -> float:
    """Return when a conversion is due: at a date, or some time after the last change of the members."""
    try:
        if body["conversionType"] == "CONVERSION_DATE":
            return datetime(body["year"], body["month"], body["day"], tzinfo=UTC).timestamp()
        if body["conversionType"] == "INACTIVITY":
            changed = one.sizes[-1][0] if one.sizes else one.created
            return changed + float(_UNITS[body["timeUnit"]] * int(body["offset"]))
    except (KeyError, TypeError, ValueError):
        pass
    raise invalid("The time of the conversion is not valid")


def _planned(request: HubSpotRequest) -> RecordList:
    one = find(request)
    if one.conversion is None:
        msg = f"No conversion is planned for list {one.id}"
        raise not_found(msg)
    return one


def _conversion_response(one: RecordList) -> Response:
    assert one.conversion is not None  # noqa: S101
    view: JsonObject = {"listId": one.id, "requestedConversionTime": one.conversion.requested}
    if one.converted_at is not None:
        view["convertedAt"] = iso(one.converted_at)
    return JSONResponse(view)

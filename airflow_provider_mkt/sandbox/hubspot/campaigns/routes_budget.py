"""Budget and spend of a campaign: items and totals."""

from __future__ import annotations

import math

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.campaigns import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.campaigns.requests import READ, WRITE, find
from airflow_provider_mkt.sandbox.hubspot.campaigns.store import MoneyItem
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, read_object
from airflow_provider_mkt.sandbox.hubspot.settings import PROFESSIONAL
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_INT32, _DIGITS, _MAX_INPUTS = 2**31, 18, 1e15

routes = HubSpotRoutes(*PREFIXES, product=PROFESSIONAL)


@routes.handle("GET", "/{campaignGuid}/budget/totals", scopes=READ)
async def budget_totals(request: HubSpotRequest) -> Response:
    """Return the totals and items. The items are in random order."""
    await request.simulate_latency()
    campaign = find(request)
    budget, spend = list(campaign.budget.values()), list(campaign.spend.values())
    request.state.random.shuffle(budget)
    request.state.random.shuffle(spend)
    planned = math.fsum(item.amount for item in budget)
    spent = math.fsum(item.amount for item in spend)
    return JSONResponse(
        {
            "currencyCode": campaign.properties.get("hs_currency_code", "USD"),
            "budgetItems": [item.view() for item in budget],
            "budgetTotal": planned,
            "spendItems": [item.view() for item in spend],
            "spendTotal": spent,
            "remainingBudget": planned - spent,
        }
    )


@routes.handle("POST", "/{campaignGuid}/budget", scopes=WRITE)
@routes.handle("POST", "/{campaignGuid}/spend", scopes=WRITE)
async def create_item(request: HubSpotRequest) -> Response:
    """Add an item. There is no key: a repeated request adds another one."""
    values = await _values(request)
    find(request)
    await request.simulate_latency()
    lines, now = _lines(request), request.clock.time()
    item = MoneyItem(str(next(request.state.campaigns.items)), created=now, updated=now, **values)
    lines[item.id] = item
    return JSONResponse(item.view(), 201)


@routes.handle("GET", "/{campaignGuid}/budget/{lineId}", scopes=READ)
@routes.handle("GET", "/{campaignGuid}/spend/{lineId}", scopes=READ)
async def get_item(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse(_line(request).view())


@routes.handle("PUT", "/{campaignGuid}/budget/{lineId}", scopes=WRITE)
@routes.handle("PUT", "/{campaignGuid}/spend/{lineId}", scopes=WRITE)
async def replace_item(request: HubSpotRequest) -> Response:
    """Replace an item; a description that is left out is removed."""
    values = await _values(request)
    await request.simulate_latency()
    item = _line(request)
    for name, value in values.items():
        setattr(item, name, value)
    item.updated = request.clock.time()
    return JSONResponse(item.view())


@routes.handle("DELETE", "/{campaignGuid}/budget/{lineId}", scopes=WRITE)
@routes.handle("DELETE", "/{campaignGuid}/spend/{lineId}", scopes=WRITE)
async def delete_item(request: HubSpotRequest) -> Response:
    """Delete an item. A repeated request is 404, which is not documented."""
    await request.simulate_latency()
    del _lines(request)[_line(request).id]
    return Response(status_code=204)


def _kind(request: HubSpotRequest) -> str:
    return "spend" if "/spend" in request.endpoint.template else "budget"


def _lines(request: HubSpotRequest) -> dict[str, MoneyItem]:
    campaign = find(request)
    return campaign.spend if _kind(request) == "spend" else campaign.budget


def _line(request: HubSpotRequest) -> MoneyItem:
    lines, line_id = _lines(request), request.path_params["lineId"]
    if not line_id.isascii() or not line_id.isdigit() or len(line_id) > _DIGITS:
        msg = f"{_kind(request)}Id must be a whole number, not {line_id!r}"
        raise invalid(msg)
    line = lines.get(str(int(line_id)))
    if line is None:
        msg = f"{_kind(request).capitalize()} item {line_id} not found"
        raise not_found(msg)
    return line


async def _values(request: HubSpotRequest) -> JsonObject:
    schema = f"Public{_kind(request).capitalize()}ItemInput"
    required = ["name", "amount", "order"]
    body = await read_object(request, schema, required)
    check_object(body, schema, known=[*required, "description"])
    amount, order, description = body["amount"], body["order"], body.get("description")
    wrong = [
        name
        for name, right in (
            ("name", isinstance(body["name"], str)),
            ("amount", _is_number(amount) and abs(amount) < _MAX_INPUTS),
            ("order", _is_number(order) and isinstance(order, int) and abs(order) < _INT32),
            ("description", description is None or isinstance(description, str)),
        )
        if not right
    ]
    if wrong:
        msg = (
            f"Invalid input JSON on line 1, column 1: Cannot build {schema}, wrong type of {', '.join(wrong)}"
        )
        raise invalid(msg)
    return {"name": body["name"], "amount": float(amount), "order": order, "description": description}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

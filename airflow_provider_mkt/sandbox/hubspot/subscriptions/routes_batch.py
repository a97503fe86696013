"""The v4 API and its dated version: batches of subscribers."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, forbidden, invalid
from airflow_provider_mkt.sandbox.hubspot.requests import batch_inputs, bool_param, names, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.subscriptions import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.subscriptions.requests import check_status, person, set_status
from airflow_provider_mkt.sandbox.hubspot.subscriptions.routes_statuses import (
    all_statuses,
    in_channel,
    opt_out_of_all,
    wide_status,
)
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

MAX_INPUTS = 100
"""Not documented; the maximum of other batches is assumed."""
_READ = ("communication_preferences.statuses.batch.read",)
_WRITE = ("communication_preferences.statuses.batch.write",)
_REQUIRED = ("channel", "statusState", "subscriptionId", "subscriberIdString")

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("POST", "/statuses/batch/read", scopes=_READ)
async def batch_read(request: HubSpotRequest) -> Response:
    return await _each(request, "statuses", lambda address: all_statuses(request, address))


@routes.handle("POST", "/statuses/batch/unsubscribe-all/read", scopes=_READ)
async def batch_get_unsubscribed_from_all(request: HubSpotRequest) -> Response:
    return await _each(request, "wideStatuses", lambda address: [wide_status(request, address)])


@routes.handle("POST", "/statuses/batch/unsubscribe-all", scopes=_WRITE)
async def batch_unsubscribe(request: HubSpotRequest) -> Response:
    verbose = bool_param(request.query_params.get("verbose"), "verbose")

    def leave(address: str) -> list[JsonObject]:
        statuses = opt_out_of_all(request, address)
        return statuses if verbose else []

    return await _each(request, "statuses", leave, success_only=True)


@routes.handle("POST", "/statuses/batch/write", scopes=_WRITE)
async def batch_write(request: HubSpotRequest) -> Response:
    """Set statuses. Errors are reported with status 200, except for an invalid body."""
    began = request.clock.time()
    body = await read_object(request, "BatchInputPublicStatusRequest", ["inputs"])
    inputs = batch_inputs(body, "PublicStatusRequest", MAX_INPUTS, _REQUIRED)
    for item in inputs:
        check_status(item)
    await request.simulate_latency()
    _check_product(request)
    results, errors = [], []
    for item in inputs:
        try:
            results.append(set_status(request, person(item["subscriberIdString"]), item))
        except HubSpotError as error:
            errors.append(error.as_batch_error(subscriberIdString=[str(item["subscriberIdString"])]))
    response = batch_response(request, results, errors, began=began)
    response.status_code = 200
    return response


async def _each(
    request: HubSpotRequest,
    named: str,
    work: Callable[[str], list[JsonObject]],
    *,
    success_only: bool = False,
) -> Response:
    in_channel(request)
    began, schema = request.clock.time(), "BatchInputString"
    inputs = names(await read_object(request, schema, ["inputs"]), "inputs", schema)
    if not inputs or len(inputs) > MAX_INPUTS:
        msg = f"A batch holds 1 to {MAX_INPUTS} inputs, not {len(inputs)}"
        raise invalid(msg)
    await request.simulate_latency()
    _check_product(request)
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for item in dict.fromkeys(inputs):
        try:
            address = person(item)
        except HubSpotError as error:
            errors.append(error.as_batch_error(subscriberIdString=[item]))
        else:
            results.append({"subscriberIdString": address, named: work(address)})
    response = batch_response(request, results, errors, began=began)
    if success_only:
        # This endpoint has no 207: errors are reported with status 200.
        response.status_code = 200
    return response


def _check_product(request: HubSpotRequest) -> None:
    if not request.state.settings.marketing_enterprise:
        raise forbidden("This account does not have Marketing Hub Enterprise")

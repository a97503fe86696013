"""List and get owners."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.automation.store import User
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.owners import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, int_param
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

READ = ("crm.objects.owners.read",)
_FIRST = 9_000_000
"""What the id of an owner is above that of its user."""

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "", scopes=READ)
async def list_owners(request: HubSpotRequest) -> Response:
    limit = int_param(request.query_params.get("limit"), "limit", 100, 1, 500)
    archived = bool_param(request.query_params.get("archived"), "archived")
    email = request.query_params.get("email")
    await request.simulate_latency()
    # No user of the account was removed.
    users = [] if archived else [*request.state.automation.users.values()]
    found = [one for one in users if email in (None, one.email)]
    items, paging = page(found, request.query_params.get("after"), limit)
    return JSONResponse({"results": [_view(one) for one in items], **paging})


@routes.handle("GET", "/{ownerId}", scopes=READ)
async def get_owner(request: HubSpotRequest) -> Response:
    by = request.query_params.get("idProperty", "id")
    if by not in ("id", "userId"):
        msg = f"idProperty must be id or userId, not {by!r}"
        raise invalid(msg)
    await request.simulate_latency()
    wanted = request.path_params["ownerId"]
    for one in request.state.automation.users.values():
        if wanted == (one.id if by == "userId" else owner_id(one)):
            return JSONResponse(_view(one))
    raise not_found(f"No owner with {by} {wanted}")


def owner_id(user: User) -> str:
    """Return the id of the owner that a user is."""
    return str(_FIRST + int(user.id))


def _view(one: User) -> JsonObject:
    first, _, last = one.email.partition("@")[0].replace(".", " ").title().partition(" ")
    return {
        "id": owner_id(one),
        "email": one.email,
        "type": "PERSON",
        "firstName": first,
        "lastName": last,
        "userId": int(one.id),
        "userIdIncludingInactive": int(one.id),
        "createdAt": iso(0.0),
        "updatedAt": iso(0.0),
        "archived": False,
    }

"""Scopes, and reading lists and ids from requests."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found, unsupported_media
from airflow_provider_mkt.sandbox.hubspot.lists.models import DYNAMIC, RecordList
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

READ = ("crm.lists.read",)
WRITE = ("crm.lists.write", "cms.membership.access_groups.write")
"""Either scope; some endpoints need the read scope as well."""
LARGEST = 100_000
"""Lists with this many members cannot be emptied or copied in one request."""


def find(request: HubSpotRequest, name: str = "listId") -> RecordList:
    """Return the list of the path.

    :raises HubSpotError: 404.
    """
    one = request.state.lists.get(request.path_params[name])
    if one is None:
        msg = f"List {request.path_params[name]} does not exist"
        raise not_found(msg)
    return one


def static(request: HubSpotRequest) -> RecordList:
    """Return the list of the path, which must not be an active one."""
    one = find(request)
    if one.kind == DYNAMIC:
        msg = f"List {one.id} is DYNAMIC: its members cannot be changed"
        raise invalid(msg)
    return one


def list_view(request: HubSpotRequest, one: RecordList, *, filters: bool = False) -> JsonObject:
    lists = request.state.lists
    size = len(lists.members(one))
    return one.view(request.clock.time(), size, filters=filters)


async def read_texts(request: HubSpotRequest, maximum: int) -> list[str]:
    """Return a body that is an array of ids."""
    if request.content_type != "application/json":
        raise unsupported_media(request.content_type)
    body = await request.json()
    if not isinstance(body, list) or not all(isinstance(one, str) for one in body):
        raise invalid("Invalid input JSON on line 1, column 1: Cannot build a set of strings")
    if len(body) > maximum:
        msg = f"At most {maximum} ids per call, not {len(body)}"
        raise invalid(msg)
    return list(dict.fromkeys(body))

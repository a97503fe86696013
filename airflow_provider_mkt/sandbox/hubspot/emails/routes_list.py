"""The list of emails, with its filters and sorts."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.hubspot.emails import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.emails.campaign_assets import belongs
from airflow_provider_mkt.sandbox.hubspot.emails.constants import TYPES
from airflow_provider_mkt.sandbox.hubspot.emails.models import PUBLISHED_STATES, Email
from airflow_provider_mkt.sandbox.hubspot.emails.requests import READ, asks_for_archived
from airflow_provider_mkt.sandbox.hubspot.emails.view_options import IncludeOptions
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, int_param
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_MOMENTS: dict[str, Callable[[Email], float | None]] = {
    "created": lambda email: email.created,
    "updated": lambda email: email.updated,
    "published": lambda email: email.published_at,
}

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "", scopes=READ)
async def list_emails(request: HubSpotRequest) -> Response:
    """List emails. The maximum limit is not documented; the default of 100 is assumed."""
    limit = int_param(request.query_params.get("limit"), "limit", 100, 1, 100)
    archived, options = asks_for_archived(request), IncludeOptions.of(request)
    _check_types(request)
    await request.simulate_latency()
    emails = request.state.emails
    found = [one for one in emails.all() if (one.archived_at is not None) is archived]
    found = [one for one in found if _wanted(request, one)]
    for name in reversed(request.list_param("sort") or ["createdAt"]):
        _sort(found, name)
    items, paging = page(found, request.query_params.get("after"), limit)
    results = [options.view(request.state, one) for one in items]
    return JSONResponse({"total": len(found), "results": results, **paging})


def _check_types(request: HubSpotRequest) -> None:
    for kind in request.list_param("type"):
        if kind not in TYPES:
            msg = f"type must be one of {', '.join(sorted(TYPES))}, not {kind!r}"
            raise invalid(msg)


def _wanted(request: HubSpotRequest, email: Email) -> bool:
    query = request.query_params
    if "isPublished" in query:
        published = request.state.emails.state(email) in PUBLISHED_STATES
        if published is not bool_param(query.get("isPublished"), "isPublished"):
            return False
    kinds = request.list_param("type")
    if kinds and email.kind not in kinds:
        return False
    if "campaign" in query and not belongs(request.state, email, query.get("campaign") or ""):
        return False
    return all(_in_time(request, email, name, moment_of) for name, moment_of in _MOMENTS.items())


def _in_time(
    request: HubSpotRequest, email: Email, name: str, moment_of: Callable[[Email], float | None]
) -> bool:
    for suffix in ("At", "After", "Before"):
        text = request.query_params.get(f"{name}{suffix}")
        if text is None:
            continue
        limit, moment = times.parse(text), moment_of(email)
        if limit is None:
            msg = f"{name}{suffix} is no time: {text!r}"
            raise invalid(msg)
        if moment is None:
            return False
        # Responses have milliseconds; a filter with such a value must match.
        moment = int(moment * 1000) / 1000
        limit = int(limit * 1000) / 1000
        if not {"At": moment == limit, "After": moment > limit, "Before": moment < limit}[suffix]:
            return False
    return True


def _sort(found: list[Email], given: str) -> None:
    name = given.removeprefix("-")
    keys: dict[str, Callable[[Email], tuple[float | str, ...]]] = {
        "name": lambda email: (email.name.lower(), email.id),
        "createdAt": lambda email: (email.created, email.id),
        "updatedAt": lambda email: (email.updated, email.id),
        "createdBy": lambda email: (email.id,),
        "updatedBy": lambda email: (email.id,),
    }
    if name not in keys:
        msg = f"sort must be one of {', '.join(keys)}, not {name!r}"
        raise invalid(msg)
    found.sort(key=keys[name], reverse=given.startswith("-"))

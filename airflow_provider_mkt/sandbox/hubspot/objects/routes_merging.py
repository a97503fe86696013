"""Merge records."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.contacts import PREFIXES as CONTACTS
from airflow_provider_mkt.sandbox.hubspot.contacts.store import identities
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.objects import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.objects.requests import kind_of, write_scopes
from airflow_provider_mkt.sandbox.hubspot.objects.views import write_view
from airflow_provider_mkt.sandbox.hubspot.requests import read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

MAX_IDENTITIES = 250

routes = HubSpotRoutes(*CONTACTS, *PREFIXES, scopes_of=write_scopes)


@routes.handle("POST", "/merge")
async def merge_records(request: HubSpotRequest) -> Response:
    """Merge two records. The merged record has a new id, unless the account keeps that of the primary one."""
    body = await read_object(request, "PublicMergeInput", ["primaryObjectId", "objectIdToMerge"])
    wanted = str(body["primaryObjectId"]), str(body["objectIdToMerge"])
    kind = kind_of(request)
    await request.simulate_latency()
    primary, other = (kind.store.get(one) for one in wanted)
    if primary is None or other is None:
        # A repeated merge fails here: the second record does not exist any more.
        raise not_found(f"No {kind.singular} with id {wanted[0] if primary is None else wanted[1]}")
    if primary is other:
        msg = f"A {kind.singular} cannot be merged with itself"
        raise invalid(msg)
    if identities(primary) + identities(other) + 1 > MAX_IDENTITIES:
        msg = f"The merged {kind.singular} would have more than {MAX_IDENTITIES} identities"
        raise HubSpotError(414, "VALIDATION_ERROR", msg)
    kind.store.merge(primary, other)
    request.state.associations.move(kind, other.id, primary.id)
    if request.state.settings.merge_keeps_primary_id:
        return JSONResponse(write_view(primary, kind, primary.properties))
    merged = kind.store.renumber(primary)
    request.state.associations.move(kind, primary.id, merged.id)
    return JSONResponse(write_view(merged, kind, merged.properties))

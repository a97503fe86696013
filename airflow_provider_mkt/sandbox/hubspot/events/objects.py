"""Endpoints that handle events by object id, whichever app made them, and the look-ups."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.bodies import read_object as read_body
from airflow_provider_mkt.sandbox.hubspot.bodies import whole_number
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.events.bodies import (
    UPDATABLE_BY_OBJECT_ID,
    check_values,
    event_fields,
)
from airflow_provider_mkt.sandbox.hubspot.events.common import FAMILY, READ, WRITE, by_object_id
from airflow_provider_mkt.sandbox.hubspot.events.views import read_object, written_object
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.world import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.reply import Reply

_UPDATED = "MarketingEventPublicUpdateRequestV2"

routes = HubSpotRoutes()


@routes.handle("GET", "marketing_events_list", "", scopes=READ)
@routes.handle("GET", FAMILY, "", scopes=READ)
async def list_events(request: HubSpotRequest) -> Reply:
    limit = whole_number(request.query.get("limit"), "limit", 10, 1, 100)
    await request.work()
    shown, paging = page(request.world.events.all(), request.query.get("after"), limit)
    return Reply(200, {"results": [read_object(request.world, one) for one in shown], **paging})


@routes.handle("GET", FAMILY, "/events/search", scopes=READ)
async def search_events(request: HubSpotRequest) -> Reply:
    """The calling app's events. Only the whole id matches: that its beginning does is an old promise."""
    sought = request.query.get("q")
    if not sought:
        msg = "The query parameter q is required"
        raise invalid(msg)
    await request.work()
    events, app = request.world.events, request.token.app
    found = [
        {
            "objectId": one.id,
            "externalEventId": one.external_event_id,
            "externalAccountId": one.external_account_id,
            "appId": events.app_of(one).id,
        }
        for one in events.named(sought, app)
    ]
    return Reply(200, {"results": found})


@routes.handle("GET", FAMILY, "/{externalEventId}/identifiers", scopes=READ)
async def find_identifiers(request: HubSpotRequest) -> Reply:
    """Events of every app, once the index has them."""
    await request.work()
    events = request.world.events
    indexed = request.clock.time() - request.world.settings.event_index_lag
    found = [
        {
            "objectId": one.id,
            "externalEventId": one.external_event_id,
            "externalAccountId": one.external_account_id,
            "marketingEventName": one.name,
            "appInfo": {"id": str(events.app_of(one).id), "name": events.app_of(one).name},
        }
        for one in events.named(request.path["externalEventId"])
        if one.created <= indexed
    ]
    return Reply(200, {"total": len(found), "results": found})


@routes.handle("GET", FAMILY, "/{objectId}", scopes=READ)
async def read_event(request: HubSpotRequest) -> Reply:
    await request.work()
    return Reply(200, read_object(request.world, by_object_id(request)))


@routes.handle("PATCH", FAMILY, "/{objectId}", scopes=WRITE)
async def update_event(request: HubSpotRequest) -> Reply:
    values, custom = event_fields(await read_body(request, _UPDATED), _UPDATED, UPDATABLE_BY_OBJECT_ID)
    await request.work()
    event = by_object_id(request)
    check_values(values, event)
    request.world.events.update(event, values, custom)
    return Reply(200, written_object(request.world, event))


@routes.handle("DELETE", FAMILY, "/{objectId}", scopes=WRITE)
async def delete_event(request: HubSpotRequest) -> Reply:
    """A repeat is 404; that it may be 204 is documented no better."""
    await request.work()
    request.world.events.remove(by_object_id(request))
    return Reply(204)

"""Create, get, update and archive a contact, and list contacts."""

from __future__ import annotations

import itertools
from urllib.parse import urlencode

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.contacts import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.contacts.associations import (
    associate,
    check_associations,
    requested_associations,
    with_associations,
)
from airflow_provider_mkt.sandbox.hubspot.contacts.requests import (
    READ,
    WRITE,
    check_id_property,
    exists_already,
    valid_properties,
)
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.contacts.views import contact_view, contact_write_view
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, int_param, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_DIGITS = 18

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "", scopes=READ)
async def list_contacts(request: HubSpotRequest) -> Response:
    """List contacts by ascending id; the cursor is the last id of the page."""
    history = request.list_param("propertiesWithHistory")
    limit = int_param(request.query_params.get("limit"), "limit", 10, 1, 50 if history else 100)
    after = request.query_params.get("after", "0") or "0"
    if not after.isascii() or not after.isdigit() or len(after) > _DIGITS:
        msg = f"after is not a cursor of this list: {after!r}"
        raise invalid(msg)
    await request.simulate_latency()
    contacts, archived = request.state.contacts, bool_param(request.query_params.get("archived"), "archived")
    every = contacts.archived(after=int(after)) if archived else contacts.live(after=int(after))
    found = list(itertools.islice(every, limit + 1))
    names, others = (
        request.list_param("properties"),
        request.list_param("associations"),
    )
    views = [
        with_associations(request.state, one, contact_view(one, names, history), others)
        for one in found[:limit]
    ]
    body: dict[str, object] = {"results": views}
    if len(found) > limit:
        last = found[limit - 1].id
        # The link repeats the other parameters, such as the requested properties.
        kept = [pair for pair in request.query_params.multi_items() if pair[0] not in ("limit", "after")]
        query = urlencode([*kept, ("limit", limit), ("after", last)], safe=",")
        link = f"{request.platform_url}{request.path}?{query}"
        body["paging"] = {"next": {"after": last, "link": link}}
    return JSONResponse(body)


@routes.handle("POST", "", scopes=WRITE)
async def create_contact(request: HubSpotRequest) -> Response:
    contacts, schema = request.state.contacts, "SimplePublicObjectInputForCreate"
    body = await read_object(request, schema, ["properties"])
    (values,) = valid_properties([body["properties"]], schema, contacts)
    associations = requested_associations(body, schema)
    await request.simulate_latency()
    check_associations(request.state, associations)
    holder = contacts.holder(values)
    if holder is not None:
        raise exists_already(holder)
    contact = contacts.create(values)
    associate(request.state, contact, associations)
    return JSONResponse(contact_write_view(contact, values, body.get("objectWriteTraceId")), 201)


@routes.handle("GET", "/{contactId}", scopes=READ)
async def get_contact(request: HubSpotRequest) -> Response:
    archived = bool_param(request.query_params.get("archived"), "archived")
    await request.simulate_latency()
    contact = _find(request, archived=archived)
    history = request.list_param("propertiesWithHistory")
    view = contact_view(contact, request.list_param("properties"), history)
    return JSONResponse(with_associations(request.state, contact, view, request.list_param("associations")))


@routes.handle("PATCH", "/{contactId}", scopes=WRITE)
async def update_contact(request: HubSpotRequest) -> Response:
    body = await read_object(request, "SimplePublicObjectInput", ["properties"])
    (values,) = valid_properties([body["properties"]], "SimplePublicObjectInput", request.state.contacts)
    await request.simulate_latency()
    contact = _find(request)
    holder = request.state.contacts.holder(values, exclude=contact.id)
    if holder is not None:
        raise exists_already(holder)
    request.state.contacts.update(contact, values)
    return JSONResponse(contact_write_view(contact, values, body.get("objectWriteTraceId")))


@routes.handle("DELETE", "/{contactId}", scopes=WRITE)
async def archive_contact(request: HubSpotRequest) -> Response:
    """Archive a contact. 204 if it is archived already. For an unknown id 404, which is not documented."""
    contact_id = request.path_params["contactId"]
    await request.simulate_latency()
    contact = request.state.contacts.get(contact_id)
    if contact is not None:
        request.state.contacts.archive(contact)
    elif not request.state.contacts.known(contact_id):
        raise not_found()
    return Response(status_code=204)


def _find(request: HubSpotRequest, *, archived: bool = False) -> Contact:
    id_property, contact_id = request.query_params.get("idProperty"), request.path_params["contactId"]
    check_id_property(id_property, request.state.contacts)
    if archived:
        contact = request.state.contacts.get(contact_id, archived=True)
    else:
        if id_property in (None, "hs_object_id"):
            # Only endpoints for one contact accept ids of merged contacts; batches do not.
            contact_id = request.state.contacts.survivor(contact_id)
        contact = request.state.contacts.find(id_property, contact_id)
    if contact is None:
        raise not_found()
    return contact

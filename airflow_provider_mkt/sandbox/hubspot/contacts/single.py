"""Endpoints that handle one contact, and the list of all."""

from __future__ import annotations

import itertools
from urllib.parse import urlencode

from airflow_provider_mkt.sandbox.hubspot.bodies import flag, read_object, whole_number
from airflow_provider_mkt.sandbox.hubspot.contacts.checks import (
    READ,
    WRITE,
    check_id_property,
    exists_already,
    valid_properties,
)
from airflow_provider_mkt.sandbox.hubspot.contacts.links import asked_links, check_links, tie, with_links
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.contacts.views import shown, written
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.world import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.reply import Reply

_DIGITS = 18

routes = HubSpotRoutes()


@routes.handle("GET", "contacts", "", scopes=READ)
async def list_contacts(request: HubSpotRequest) -> Reply:
    """Page through contacts by ascending id; the cursor is the last id seen."""
    history = request.query.split("propertiesWithHistory")
    limit = whole_number(request.query.get("limit"), "limit", 10, 1, 50 if history else 100)
    after = request.query.get("after", "0") or "0"
    if not after.isascii() or not after.isdigit() or len(after) > _DIGITS:
        msg = f"after is not a cursor of this list: {after!r}"
        raise invalid(msg)
    await request.work()
    contacts, archived = request.world.contacts, flag(request.query.get("archived"), "archived")
    every = contacts.archived(after=int(after)) if archived else contacts.live(after=int(after))
    found = list(itertools.islice(every, limit + 1))
    names, others = request.query.split("properties"), request.query.split("associations")
    views = [with_links(request.world, one, shown(one, names, history), others) for one in found[:limit]]
    body: dict[str, object] = {"results": views}
    if len(found) > limit:
        last = found[limit - 1].id
        # Whoever follows the link asks for what was asked before: the same properties above all.
        kept = [pair for pair in request.query.pairs if pair[0] not in ("limit", "after")]
        query = urlencode([*kept, ("limit", limit), ("after", last)], safe=",")
        link = f"{request.base_url}{request.raw_path}?{query}"
        body["paging"] = {"next": {"after": last, "link": link}}
    return Reply(200, body)


@routes.handle("POST", "contacts", "", scopes=WRITE)
async def create_contact(request: HubSpotRequest) -> Reply:
    contacts, built = request.world.contacts, "SimplePublicObjectInputForCreate"
    body = await read_object(request, built, ["properties"])
    (values,) = valid_properties([body["properties"]], built, contacts)
    links = asked_links(body, built)
    await request.work()
    check_links(request.world, links)
    holder = contacts.holder(values)
    if holder is not None:
        raise exists_already(holder)
    contact = contacts.create(values)
    tie(request.world, contact, links)
    return Reply(201, written(contact, values, body.get("objectWriteTraceId")))


@routes.handle("GET", "contacts", "/{contactId}", scopes=READ)
async def read_contact(request: HubSpotRequest) -> Reply:
    archived = flag(request.query.get("archived"), "archived")
    await request.work()
    contact = _find(request, archived=archived)
    history = request.query.split("propertiesWithHistory")
    view = shown(contact, request.query.split("properties"), history)
    return Reply(200, with_links(request.world, contact, view, request.query.split("associations")))


@routes.handle("PATCH", "contacts", "/{contactId}", scopes=WRITE)
async def update_contact(request: HubSpotRequest) -> Reply:
    body = await read_object(request, "SimplePublicObjectInput", ["properties"])
    (values,) = valid_properties([body["properties"]], "SimplePublicObjectInput", request.world.contacts)
    await request.work()
    contact = _find(request)
    holder = request.world.contacts.holder(values, but=contact.id)
    if holder is not None:
        raise exists_already(holder)
    request.world.contacts.update(contact, values)
    return Reply(200, written(contact, values, body.get("objectWriteTraceId")))


@routes.handle("DELETE", "contacts", "/{contactId}", scopes=WRITE)
async def archive_contact(request: HubSpotRequest) -> Reply:
    """Archive. A repeat is 204 again; an id that never was is 404, which is the harder of two readings."""
    contact_id = request.path["contactId"]
    await request.work()
    contact = request.world.contacts.get(contact_id)
    if contact is not None:
        request.world.contacts.archive(contact)
    elif not request.world.contacts.known(contact_id):
        raise not_found()
    return Reply(204)


def _find(request: HubSpotRequest, *, archived: bool = False) -> Contact:
    id_property, contact_id = request.query.get("idProperty"), request.path["contactId"]
    check_id_property(id_property, request.world.contacts)
    if archived:
        contact = request.world.contacts.get(contact_id, archived=True)
    else:
        if id_property in (None, "hs_object_id"):
            # Only the calls for one contact know old ids; a batch does not find them.
            contact_id = request.world.contacts.survivor(contact_id)
        contact = request.world.contacts.find(id_property, contact_id)
    if contact is None:
        raise not_found()
    return contact

"""Create, get, update and archive a record, and list the records of an object type."""

from __future__ import annotations

import itertools
from urllib.parse import urlencode

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.associations.requests import (
    associate,
    check_associations,
    requested_associations,
    with_associations,
)
from airflow_provider_mkt.sandbox.hubspot.contacts import PREFIXES as CONTACTS
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.objects import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.objects.requests import (
    check_id_property,
    check_records,
    exists_already,
    kind_of,
    read_scopes,
    read_writes,
    write_scopes,
)
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.hubspot.objects.views import record_view, write_view
from airflow_provider_mkt.sandbox.hubspot.objects.write_rules import (
    broken_rules,
    check_association_permission,
    rule_error,
)
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, int_param, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_DIGITS = 18

routes = HubSpotRoutes(*CONTACTS, *PREFIXES)
of_contacts = HubSpotRoutes(*CONTACTS)
of_objects = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "", scopes_of=read_scopes)
async def list_records(request: HubSpotRequest) -> Response:
    """List records by ascending id; the cursor is the last id of the page."""
    kind = kind_of(request)
    history = request.list_param("propertiesWithHistory")
    limit = int_param(request.query_params.get("limit"), "limit", 10, 1, 50 if history else 100)
    after = request.query_params.get("after", "0") or "0"
    if not after.isascii() or not after.isdigit() or len(after) > _DIGITS:
        msg = f"after is not a cursor of this list: {after!r}"
        raise invalid(msg)
    await request.simulate_latency()
    archived = bool_param(request.query_params.get("archived"), "archived")
    every = kind.store.archived(after=int(after)) if archived else kind.store.live(after=int(after))
    found = list(itertools.islice(every, limit + 1))
    names, others = request.list_param("properties"), request.list_param("associations")
    views = [
        with_associations(request.state, kind, one, record_view(one, kind, names, history), others)
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


@routes.handle("POST", "", scopes_of=write_scopes)
async def create_record(request: HubSpotRequest) -> Response:
    kind, schema = kind_of(request), "SimplePublicObjectInputForCreate"
    body = await read_object(request, schema, ["properties"])
    (write,) = read_writes(request, [body["properties"]], schema)
    links = requested_associations(request, kind, body, schema)
    check_association_permission(request, links)
    await request.simulate_latency()
    check_associations(request.state, kind, links)
    check_records(request, kind, [(write.values, None)])
    if broken := broken_rules(request, write.values, None):
        raise rule_error(broken)
    holder = kind.store.holder(write.values)
    if holder is not None:
        raise exists_already(kind, holder, write.values)
    record = kind.store.create(request.state.objects.with_pipeline(kind, write.values))
    associate(request.state, kind, record, links)
    trace = body.get("objectWriteTraceId")
    return JSONResponse(write_view(record, kind, write.values, trace, **write.notes()), 201)


@of_contacts.handle("GET", "/{contactId}", scopes_of=read_scopes)
@of_objects.handle("GET", "/{recordId}", scopes_of=read_scopes)
async def get_record(request: HubSpotRequest) -> Response:
    kind, archived = kind_of(request), bool_param(request.query_params.get("archived"), "archived")
    await request.simulate_latency()
    record = _find(request, kind, archived=archived)
    names, history = request.list_param("properties"), request.list_param("propertiesWithHistory")
    view, others = record_view(record, kind, names, history), request.list_param("associations")
    return JSONResponse(with_associations(request.state, kind, record, view, others))


@of_contacts.handle("PATCH", "/{contactId}", scopes_of=write_scopes)
@of_objects.handle("PATCH", "/{recordId}", scopes_of=write_scopes)
async def update_record(request: HubSpotRequest) -> Response:
    kind = kind_of(request)
    body = await read_object(request, "SimplePublicObjectInput", ["properties"])
    (write,) = read_writes(request, [body["properties"]], "SimplePublicObjectInput")
    check_id_property(request.query_params.get("idProperty"), kind, refused=("hs_object_id",))
    await request.simulate_latency()
    record = _find(request, kind)
    check_records(request, kind, [(write.values, record)])
    if broken := broken_rules(request, write.values, record):
        raise rule_error(broken)
    holder = kind.store.holder(write.values, exclude=record.id)
    if holder is not None:
        raise exists_already(kind, holder, write.values)
    kind.store.update(record, write.values)
    trace = body.get("objectWriteTraceId")
    return JSONResponse(write_view(record, kind, write.values, trace, **write.notes()))


@of_contacts.handle("DELETE", "/{contactId}", scopes_of=write_scopes)
@of_objects.handle("DELETE", "/{recordId}", scopes_of=write_scopes)
async def archive_record(request: HubSpotRequest) -> Response:
    """Archive a record. 204 if it is archived already. For an unknown id 404, which is not documented."""
    store, record_id = kind_of(request).store, _id_of(request)
    await request.simulate_latency()
    record = store.get(record_id)
    if record is not None:
        store.archive(record)
    elif not store.known(record_id):
        raise not_found()
    return Response(status_code=204)


def _id_of(request: HubSpotRequest) -> str:
    given = request.path_params
    return str(given["contactId"] if "contactId" in given else given["recordId"])


def _find(request: HubSpotRequest, kind: ObjectType, *, archived: bool = False) -> Record:
    id_property, record_id = request.query_params.get("idProperty"), _id_of(request)
    check_id_property(id_property, kind)
    if archived:
        record = kind.store.get(record_id, archived=True)
    else:
        if id_property in (None, "hs_object_id"):
            # Only endpoints for one record accept ids of merged records; batches do not.
            record_id = kind.store.survivor(record_id)
        record = kind.store.find(id_property, record_id)
    if record is None:
        raise not_found()
    return record

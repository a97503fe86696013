"""Batch endpoints of contacts."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.contacts import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.contacts.associations import (
    associate,
    check_associations,
    requested_associations,
)
from airflow_provider_mkt.sandbox.hubspot.contacts.requests import (
    READ,
    WRITE,
    check_id_property,
    exists_already,
    reject_duplicates,
    reject_shared_values,
    unknown_ids,
    valid_properties,
)
from airflow_provider_mkt.sandbox.hubspot.contacts.store import ContactStore
from airflow_provider_mkt.sandbox.hubspot.contacts.views import contact_view, contact_write_view
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.requests import (
    batch_inputs,
    bool_param,
    names,
    read_inputs,
    read_object,
)
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

MAX_INPUTS = 100
MAX_WITH_HISTORY = 50

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("POST", "/batch/archive", scopes=WRITE)
async def batch_archive(request: HubSpotRequest) -> Response:
    inputs = await read_inputs(request, "SimplePublicObjectId", MAX_INPUTS, ["id"])
    await request.simulate_latency()
    for item in inputs:
        contact = request.state.contacts.get(str(item["id"]))
        if contact is not None:
            request.state.contacts.archive(contact)
    return Response(status_code=204)


@routes.handle("POST", "/batch/create", scopes=WRITE)
async def batch_create(request: HubSpotRequest) -> Response:
    """Create contacts: all or none, unless every input has its own trace id."""
    began, schema = request.clock.time(), "SimplePublicObjectBatchInputForCreate"
    inputs = await read_inputs(request, schema, MAX_INPUTS, ["properties"])
    contacts = request.state.contacts
    values = valid_properties((item["properties"] for item in inputs), schema, contacts)
    associations = [requested_associations(item, schema) for item in inputs]
    traces = [item.get("objectWriteTraceId") for item in inputs]
    partial = None not in traces and len(set(traces)) == len(traces)
    await request.simulate_latency()
    for others in associations:
        check_associations(request.state, others)
    if not partial:
        reject_shared_values(values, contacts)
        for one in values:
            holder = contacts.holder(one)
            if holder is not None:
                raise exists_already(holder)
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for one, others, trace in zip(values, associations, traces, strict=True):
        holder = contacts.holder(one)
        if holder is not None:
            errors.append(exists_already(holder).as_batch_error(objectWriteTraceId=[str(trace)]))
        else:
            created = contacts.create(one, trace)
            associate(request.state, created, others)
            results.append(contact_write_view(created, one, trace))
    return batch_response(request, results, errors, began=began, success=201)


@routes.handle("POST", "/batch/read", scopes=READ)
async def batch_read(request: HubSpotRequest) -> Response:
    began = request.clock.time()
    schema = "BatchReadInputSimplePublicObjectId"
    body = await read_object(request, schema, ["inputs"])
    requested, history = names(body, "properties", schema), names(body, "propertiesWithHistory", schema)
    maximum = MAX_WITH_HISTORY if history else MAX_INPUTS
    inputs = batch_inputs(body, "SimplePublicObjectId", maximum, ["id"])
    id_property = body.get("idProperty")
    check_id_property(id_property, request.state.contacts)
    archived = bool_param(request.query_params.get("archived"), "archived")
    await request.simulate_latency()
    contacts, results, unknown = request.state.contacts, {}, []
    for wanted in dict.fromkeys(str(item["id"]) for item in inputs):
        contact = contacts.get(wanted, archived=True) if archived else contacts.find(id_property, wanted)
        if contact is None:
            unknown.append(wanted)
        else:
            results[contact.id] = contact_view(contact, requested, history)
    errors = [unknown_ids(unknown)] if unknown else []
    return batch_response(request, list(results.values()), errors, began=began)


@routes.handle("POST", "/batch/update", scopes=WRITE)
async def batch_update(request: HubSpotRequest) -> Response:
    began, schema = request.clock.time(), "SimplePublicObjectBatchInput"
    inputs = await read_inputs(request, schema, MAX_INPUTS, ["id", "properties"])
    contacts = request.state.contacts
    values = valid_properties((item["properties"] for item in inputs), schema, contacts)
    for item in inputs:
        # Updating by email is rejected with this message according to public reports.
        check_id_property(item.get("idProperty"), contacts, email_allowed=False)
    reject_duplicates(str(item["id"]) for item in inputs)
    await request.simulate_latency()
    results, errors, unknown = [], [], []
    for item, one in zip(inputs, values, strict=True):
        contact = contacts.find(item.get("idProperty"), str(item["id"]))
        if contact is None:
            unknown.append(str(item["id"]))
            continue
        holder = contacts.holder(one, exclude=contact.id)
        if holder is not None:
            errors.append(exists_already(holder).as_batch_error(ids=[contact.id]))
            continue
        contacts.update(contact, one)
        results.append(contact_write_view(contact, one, item.get("objectWriteTraceId")))
    if unknown:
        errors.append(unknown_ids(unknown))
    return batch_response(request, results, errors, began=began)


@routes.handle("POST", "/batch/upsert", scopes=WRITE)
async def batch_upsert(request: HubSpotRequest) -> Response:
    """Create or update contacts by a key. By email all or none; by another key some may fail."""
    began, schema = request.clock.time(), "SimplePublicObjectBatchInputUpsert"
    inputs = await read_inputs(request, schema, MAX_INPUTS, ["id", "properties"])
    contacts = request.state.contacts
    values = valid_properties((item["properties"] for item in inputs), schema, contacts)
    key = _key_of(inputs, contacts)
    ids = [str(item["id"]) for item in inputs]
    if not all(ids):
        msg = "The id of an input must not be empty"
        raise invalid(msg)
    if key == "email":
        ids = [one.strip().lower() for one in ids]
        valid_properties(({"email": one} for one in ids), schema, contacts)
    reject_duplicates(ids)
    for one_id, one in zip(ids, values, strict=True):
        if key is not None and one.setdefault(key, one_id).strip().lower() != one_id.lower():
            msg = f"The value of {key} in properties differs from the id {one_id}"
            raise invalid(msg)
    reject_shared_values(values, contacts)
    found = [contacts.find(key, one) for one in ids]
    await request.simulate_latency()
    # Another request may have archived or created a contact in the meantime: unique values are checked when
    # they are written.
    found = [one if one is not None and one.archived_at is None else None for one in found]
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    holders = [
        contacts.holder(one, exclude=contact.id if contact else None)
        for one, contact in zip(values, found, strict=True)
    ]
    clash = next((holder for holder in holders if holder is not None), None)
    if clash is not None and key == "email":
        raise exists_already(clash)
    unknown = [one for one, contact in zip(ids, found, strict=True) if key is None and contact is None]
    for item, one_id, one, contact in zip(inputs, ids, values, found, strict=True):
        if one_id in unknown:
            continue
        holder = contacts.holder(one, exclude=contact.id if contact else None)
        if holder is not None:
            errors.append(exists_already(holder).as_batch_error(ids=[one_id]))
            continue
        trace = item.get("objectWriteTraceId")
        if contact is None:
            results.append(contact_write_view(contacts.create(one, trace), one, trace, new=True))
        else:
            # The key only finds the contact: a secondary email must not become the primary one.
            contacts.update(contact, {name: value for name, value in one.items() if name != key})
            results.append(contact_write_view(contact, one, trace, new=False))
    if unknown:
        errors.append(unknown_ids(unknown))
    return batch_response(request, results, errors, began=began)


def _key_of(inputs: list[JsonObject], contacts: ContactStore) -> str | None:
    """Return the idProperty of all inputs; None stands for the record id."""
    keys = {item.get("idProperty") for item in inputs}
    if len(keys) > 1:
        msg = "All inputs of an upsert must have the same idProperty"
        raise invalid(msg)
    key: str | None = keys.pop()
    check_id_property(key, contacts)
    return None if key == "hs_object_id" else key

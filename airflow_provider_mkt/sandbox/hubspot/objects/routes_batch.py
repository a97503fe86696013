"""Batch endpoints of records."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.associations.requests import (
    associate,
    check_associations,
    requested_associations,
)
from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.contacts import PREFIXES as CONTACTS
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid
from airflow_provider_mkt.sandbox.hubspot.objects import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.objects.requests import (
    check_id_property,
    check_records,
    check_values,
    exists_already,
    kind_of,
    read_scopes,
    read_writes,
    reject_duplicates,
    reject_shared_values,
    unknown_ids,
    write_scopes,
)
from airflow_provider_mkt.sandbox.hubspot.objects.store import Record
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.hubspot.objects.views import record_view, write_view
from airflow_provider_mkt.sandbox.hubspot.objects.write_rules import (
    check_association_permission,
    check_rules,
)
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

routes = HubSpotRoutes(*CONTACTS, *PREFIXES)


@routes.handle("POST", "/batch/archive", scopes_of=write_scopes)
async def batch_archive(request: HubSpotRequest) -> Response:
    inputs = await read_inputs(request, "SimplePublicObjectId", MAX_INPUTS, ["id"])
    store = kind_of(request).store
    await request.simulate_latency()
    for item in inputs:
        record = store.get(str(item["id"]))
        if record is not None:
            store.archive(record)
    return Response(status_code=204)


@routes.handle("POST", "/batch/create", scopes_of=write_scopes)
async def batch_create(request: HubSpotRequest) -> Response:
    """Create records: all or none, unless every input has its own trace id."""
    began, schema = request.clock.time(), "SimplePublicObjectBatchInputForCreate"
    inputs = await read_inputs(request, schema, MAX_INPUTS, ["properties"])
    kind = kind_of(request)
    writes = read_writes(request, (item["properties"] for item in inputs), schema)
    values = [write.values for write in writes]
    associations = [requested_associations(request, kind, item, schema) for item in inputs]
    check_association_permission(request, *associations)
    traces = [item.get("objectWriteTraceId") for item in inputs]
    partial = None not in traces and len(set(traces)) == len(traces)
    await request.simulate_latency()
    for others in associations:
        check_associations(request.state, kind, others)
    check_records(request, kind, ((one, None) for one in values))
    broken = check_rules(request, ((one, None) for one in values))
    if not partial:
        reject_shared_values(values, kind)
        for one in values:
            if (error := _taken(kind, one)) is not None:
                raise error
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for write, others, trace, rule in zip(writes, associations, traces, broken, strict=True):
        if (refused := rule or _taken(kind, write.values)) is not None:
            errors.append(refused.as_batch_error(objectWriteTraceId=[str(trace)]))
        else:
            created = kind.store.create(request.state.objects.with_pipeline(kind, write.values), trace)
            associate(request.state, kind, created, others)
            results.append(write_view(created, kind, write.values, trace, **write.notes()))
    return batch_response(request, results, errors, began=began, success=201)


@routes.handle("POST", "/batch/read", scopes_of=read_scopes)
async def batch_read(request: HubSpotRequest) -> Response:
    began = request.clock.time()
    schema = "BatchReadInputSimplePublicObjectId"
    body = await read_object(request, schema, ["inputs"])
    requested, history = names(body, "properties", schema), names(body, "propertiesWithHistory", schema)
    maximum = MAX_WITH_HISTORY if history else MAX_INPUTS
    inputs = batch_inputs(body, "SimplePublicObjectId", maximum, ["id"])
    id_property = body.get("idProperty")
    kind = kind_of(request)
    check_id_property(id_property, kind)
    archived = bool_param(request.query_params.get("archived"), "archived")
    await request.simulate_latency()
    results, unknown = {}, []
    for wanted in dict.fromkeys(str(item["id"]) for item in inputs):
        record = kind.store.get(wanted, archived=True) if archived else kind.store.find(id_property, wanted)
        if record is None:
            unknown.append(wanted)
        else:
            results[record.id] = record_view(record, kind, requested, history)
    errors = [unknown_ids(kind, unknown)] if unknown else []
    return batch_response(request, list(results.values()), errors, began=began)


@routes.handle("POST", "/batch/update", scopes_of=write_scopes)
async def batch_update(request: HubSpotRequest) -> Response:
    began, schema = request.clock.time(), "SimplePublicObjectBatchInput"
    inputs = await read_inputs(request, schema, MAX_INPUTS, ["id", "properties"])
    kind = kind_of(request)
    writes = read_writes(request, (item["properties"] for item in inputs), schema)
    for item in inputs:
        # Updating by email is rejected with this message according to public reports. The record id is what
        # an input without idProperty has.
        check_id_property(item.get("idProperty"), kind, refused=("email", "hs_object_id"))
    reject_duplicates(str(item["id"]) for item in inputs)
    await request.simulate_latency()
    results, errors, unknown = [], [], []
    found = [kind.store.find(item.get("idProperty"), str(item["id"])) for item in inputs]
    known = [(write.values, record) for write, record in zip(writes, found, strict=True) if record]
    check_records(request, kind, known)
    broken = iter(check_rules(request, known))
    for item, write, record in zip(inputs, writes, found, strict=True):
        if record is None:
            unknown.append(str(item["id"]))
            continue
        error = next(broken) or _taken(kind, write.values, record)
        if error is not None:
            errors.append(error.as_batch_error(ids=[record.id]))
            continue
        kind.store.update(record, write.values)
        trace = item.get("objectWriteTraceId")
        results.append(write_view(record, kind, write.values, trace, **write.notes()))
    if unknown:
        errors.append(unknown_ids(kind, unknown))
    return batch_response(request, results, errors, began=began)


@routes.handle("POST", "/batch/upsert", scopes_of=write_scopes)
async def batch_upsert(request: HubSpotRequest) -> Response:
    """Create or update records by a key. By email all or none; by another key some may fail."""
    began, schema = request.clock.time(), "SimplePublicObjectBatchInputUpsert"
    inputs = await read_inputs(request, schema, MAX_INPUTS, ["id", "properties"])
    kind = kind_of(request)
    writes = read_writes(request, (item["properties"] for item in inputs), schema)
    values = [write.values for write in writes]
    key = _key_of(inputs, kind)
    ids = [str(item["id"]) for item in inputs]
    if not all(ids):
        msg = "The id of an input must not be empty"
        raise invalid(msg)
    if key == "email":
        ids = [one.strip().lower() for one in ids]
        check_values(({"email": one} for one in ids), kind)
    reject_duplicates(ids)
    for one_id, one in zip(ids, values, strict=True):
        if key is not None and one.setdefault(key, one_id).strip().lower() != one_id.lower():
            msg = f"The value of {key} in properties differs from the id {one_id}"
            raise invalid(msg)
    reject_shared_values(values, kind)
    found = [kind.store.find(key, one) for one in ids]
    await request.simulate_latency()
    # Another request may have archived or created a record in the meantime: unique values are checked when
    # they are written.
    found = [one if one is not None and one.archived_at is None else None for one in found]
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    clashes = [_taken(kind, one, record) for one, record in zip(values, found, strict=True)]
    if key == "email" and (clash := next((one for one in clashes if one is not None), None)) is not None:
        raise clash
    unknown = [one for one, record in zip(ids, found, strict=True) if key is None and record is None]
    there = [(one, record) for one, record in zip(values, found, strict=True) if record or key is not None]
    check_records(request, kind, there)
    broken = check_rules(request, zip(values, found, strict=True))
    for item, one_id, write, record, rule in zip(inputs, ids, writes, found, broken, strict=True):
        if one_id in unknown:
            continue
        one, notes = write.values, write.notes()
        error = rule or _taken(kind, one, record)
        if error is not None:
            errors.append(error.as_batch_error(ids=[one_id]))
            continue
        trace = item.get("objectWriteTraceId")
        if record is None:
            made = kind.store.create(request.state.objects.with_pipeline(kind, one), trace)
            results.append(write_view(made, kind, one, trace, new=True, **notes))
        else:
            # The key only finds the record: a secondary email must not become the primary one.
            kind.store.update(record, {name: value for name, value in one.items() if name != key})
            results.append(write_view(record, kind, one, trace, new=False, **notes))
    if unknown:
        errors.append(unknown_ids(kind, unknown))
    return batch_response(request, results, errors, began=began)


def _taken(kind: ObjectType, values: dict[str, str], record: Record | None = None) -> HubSpotError | None:
    """Return the error of unique values that another record has, or None.

    :param record: the record that is written; None when one is created.
    """
    holder = kind.store.holder(values, exclude=record.id if record is not None else None)
    return None if holder is None else exists_already(kind, holder, values)


def _key_of(inputs: list[JsonObject], kind: ObjectType) -> str | None:
    """Return the idProperty of all inputs; None stands for the record id."""
    keys = {item.get("idProperty") for item in inputs}
    if len(keys) > 1:
        msg = "All inputs of an upsert must have the same idProperty"
        raise invalid(msg)
    key: str | None = keys.pop()
    check_id_property(key, kind)
    return None if key == "hs_object_id" else key

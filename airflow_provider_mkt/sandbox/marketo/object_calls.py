"""Describe, find, sync and delete records of one type: what the endpoints of all types do alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.checks import check_texts
from airflow_provider_mkt.sandbox.marketo.errors import (
    MarketoError,
    field_not_found,
    lead_not_found,
    missing,
    object_not_found,
)
from airflow_provider_mkt.sandbox.marketo.leads.values import Value, match_key
from airflow_provider_mkt.sandbox.marketo.object_store import Model, ObjectRecord, ObjectStore
from airflow_provider_mkt.sandbox.marketo.paging import page
from airflow_provider_mkt.sandbox.marketo.requests import BATCH, json_object, records, required
from airflow_provider_mkt.sandbox.marketo.responses import MarketoRequest, Row, result, skipped
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

ACTIONS = ("createOrUpdate", "createOnly", "updateOnly")
DEDUPE, BY_ID = "dedupeFields", "idField"

CheckLinks = Callable[[MarketoState, dict[str, Value]], None]
"""Refuses values that name a record which does not exist."""


def no_links(state: MarketoState, values: dict[str, Value]) -> None:
    """Accept all values."""


@dataclass(frozen=True)
class Objects:
    """What differs between the types of records.

    :param store: its records in an instance.
    :param check_links: refuses values that name a record which does not exist.
    :param check_delete: refuses to delete a record.
    :param of_crm: whether a CRM owns them, if the instance has one.
    """

    store: Callable[[MarketoRequest], ObjectStore]
    check_links: CheckLinks = no_links
    check_delete: Callable[[MarketoState, ObjectRecord], None] | None = None
    of_crm: bool = True

    async def find(self, request: MarketoRequest) -> Response:
        store, query = self.store(request), request.query_params
        if request.content:
            return await self._find_by_keys(request, store)
        kind = _filter_field(store.model, required(query, "filterType"))
        values = request.list_param("filterValues")
        if not values:
            raise missing("filterValues")
        if len(values) > BATCH:
            raise MarketoError(1003, f"Number of filter values exceeds the limit of {BATCH}")
        fields = wanted_fields(store.model, request.list_param("fields"))
        found, more = page(request, store.find(kind, values), lambda one: one.number, says_more=False)
        return result(request, record_rows(store, found, fields), **more)

    async def _find_by_keys(self, request: MarketoRequest, store: ObjectStore) -> Response:
        body = await json_object(request)
        check_texts(body, "filterType")
        by = str(body.get("filterType") or "")
        if by not in (DEDUPE, BY_ID):
            raise MarketoError(1003, f"filterType of a request with a body is '{DEDUPE}' or '{BY_ID}'")
        key = _key_fields(store.model, by)
        names = body.get("fields")
        fields = wanted_fields(store.model, [str(one) for one in names] if isinstance(names, list) else [])
        found: dict[int, ObjectRecord] = {}
        for row in records(body):
            _check_key(row, key)
            one = _found(store, key, row)
            if one is not None:
                found[one.number] = one
        return result(request, record_rows(store, [*found.values()], fields))

    async def sync(self, request: MarketoRequest) -> Response:
        body = await json_object(request)
        self._check_writable(request)
        store, rows = self.store(request), records(body)
        check_texts(body, "action", "dedupeBy")
        action, by = str(body.get("action") or ACTIONS[0]), str(body.get("dedupeBy") or DEDUPE)
        if action not in ACTIONS:
            raise MarketoError(
                1003, f"Invalid value '{action}' for action. Valid values are {', '.join(ACTIONS)}"
            )
        if by not in (DEDUPE, BY_ID):
            raise MarketoError(1003, f"Invalid value '{by}' for dedupeBy")
        if by == BY_ID and action != "updateOnly":
            raise MarketoError(1003, f"dedupeBy 'idField' is not allowed with action '{action}'")
        await request.simulate_latency()
        keys: set[tuple[str, ...]] = set()
        answers: list[Row] = []
        for seq, row in enumerate(rows):
            try:
                key = _key_fields(store.model, by)
                _check_key(row, key)
                _check_repeated(keys, tuple(match_key(row[name]) for name in key))
                record, status = self.write(request.state, store, action, key, row)
                answers.append({"seq": seq, store.model.id_field: record.id, "status": status})
            except MarketoError as error:
                answers.append(skipped(error, seq=seq))
        return result(request, answers)

    def write(
        self, state: MarketoState, store: ObjectStore, action: str, key: tuple[str, ...], row: JsonObject
    ) -> tuple[ObjectRecord, str]:
        """Write one record, and return it and its status."""
        model, now = store.model, state.now()
        found = _found(store, key, row)
        if found is None and action == "updateOnly":
            raise object_not_found(model.display_name, _key_text(row, key))
        if found is not None and action == "createOnly":
            raise MarketoError(1017, f"{model.display_name} already exists")
        values = model.read(row)
        if found is not None:
            for name in model.dedupe_fields:
                if name in values and match_key(values[name]) != match_key(found.values.get(name)):
                    raise MarketoError(1003, f"Field '{name}' is the key and cannot be updated")
                values.pop(name, None)
        self.check_links(state, values)
        if found is None:
            for name in model.required:
                if name not in values:
                    raise missing(name)
            return store.insert(values, now), "created"
        store.update(found, values, now)
        return found, "updated"

    async def delete(self, request: MarketoRequest) -> Response:
        body = await json_object(request)
        self._check_writable(request)
        check_texts(body, "deleteBy")
        store, rows, by = self.store(request), records(body), str(body.get("deleteBy") or DEDUPE)
        if by not in (DEDUPE, BY_ID):
            raise MarketoError(1003, f"Invalid value '{by}' for deleteBy")
        await request.simulate_latency()
        answers: list[Row] = []
        for seq, row in enumerate(rows):
            try:
                key = _key_fields(store.model, by)
                _check_key(row, key)
                record = _found(store, key, row)
                if record is None:
                    raise object_not_found(store.model.display_name, _key_text(row, key))
                if self.check_delete is not None:
                    self.check_delete(request.state, record)
                store.delete(record)
                answers.append({"seq": seq, store.model.id_field: record.id, "status": "deleted"})
            except MarketoError as error:
                answers.append(skipped(error, seq=seq))
        return result(request, answers)

    async def describe(self, request: MarketoRequest) -> Response:
        crm = self.of_crm and request.state.accounts.settings.crm_sync
        return result(request, [described(self.store(request).model, crm_managed=crm)])

    def _check_writable(self, request: MarketoRequest) -> None:
        if self.of_crm and request.state.accounts.settings.crm_sync:
            name = self.store(request).model.plural_name
            raise MarketoError(1018, f"CRM is enabled: {name.lower()} are read-only")


def described(model: Model, *, crm_managed: bool = False) -> Row:
    """Return a schema as the describe calls do.

    :param crm_managed: whether a CRM owns the records.
    """
    return {
        "name": model.name,
        "displayName": model.display_name,
        "pluralName": model.plural_name,
        "apiName": model.name,
        "description": model.description or f"{model.display_name} object",
        "idField": model.id_field,
        "dedupeFields": [*model.dedupe_fields],
        "searchableFields": [[name] for name in model.searchable]
        + ([[*model.dedupe_fields]] if len(model.dedupe_fields) > 1 else []),
        "createdAt": "2020-01-01T00:00:00Z",
        "updatedAt": "2020-01-01T00:00:00Z",
        "fields": [
            _field_row(one.name, model) | {"crmManaged": crm_managed} for one in model.fields.values()
        ],
        "relationships": [
            {
                "field": one.name,
                "type": "child",
                "relatedTo": {"name": one.link.object, "field": one.link.field},
            }
            for one in model.fields.values()
            if one.link is not None
        ],
        "state": "approved",
        # Required by the schema, but not described.
        "status": "approved",
        "version": "approved",
    }


def _field_row(name: str, model: Model) -> Row:
    one = model.fields[name]
    row: Row = {
        "name": name,
        "displayName": one.display_name,
        "dataType": one.data_type,
        "updateable": one.updateable,
    }
    if one.description:
        row["description"] = one.description
    return row | {"length": one.length} if one.length else row


def listed_fields(model: Model) -> list[tuple[int, Row]]:
    """Return the fields as the calls of a schema list them, each with its place."""
    return [
        (
            place,
            {
                "name": one.name,
                "displayName": one.display_name,
                "description": one.description,
                "dataType": one.data_type,
                "isHidden": False,
                "isHtmlEncodingInEmail": True,
                "isSensitive": False,
                "isCustom": False,
                "isApiCreated": False,
            }
            | ({"length": one.length} if one.length else {}),
        )
        for place, one in zip(count(1), model.fields.values(), strict=False)
    ]


def list_fields(request: MarketoRequest, model: Model) -> Response:
    """Return one page of the fields of a schema."""
    rows, more = page(request, listed_fields(model), lambda one: one[0])
    return result(request, [row for _, row in rows], **more)


def get_field(request: MarketoRequest, model: Model) -> Response:
    """Return one field of a schema."""
    name = model.field(request.path_params["fieldApiName"]).name
    return result(request, [row for _, row in listed_fields(model) if row["name"] == name])


def check_sales_person(state: MarketoState, values: dict[str, Value]) -> None:
    """Refuse a sales person who does not exist."""
    person = values.get("externalSalesPersonId")
    if person is not None and state.sales_persons.by_key(person) is None:
        raise MarketoError(718, f"Sales person '{person}' not found")


def check_lead(state: MarketoState, lead_id: Value) -> None:
    """Refuse a lead that does not exist."""
    if lead_id is not None and state.leads.get(int(lead_id) if str(lead_id).isdigit() else -1) is None:
        raise lead_not_found(lead_id)


def _filter_field(model: Model, given: str) -> str:
    if given == DEDUPE:
        if len(model.dedupe_fields) > 1:
            raise MarketoError(1003, "A compound key needs a POST with _method=GET")
        return model.dedupe_fields[0]
    name = model.id_field if given == BY_ID else given
    if name not in (model.id_field, *model.searchable):
        raise MarketoError(1011, f"Field '{given}' is not supported for lookup")
    return name


def wanted_fields(model: Model, names: list[str]) -> list[str]:
    """Return the requested fields, or those of an answer that names none."""
    for name in names:
        if name not in model.fields:
            raise field_not_found(name)
    return names or [model.id_field, *model.dedupe_fields, *model.shown, "createdAt", "updatedAt"]


def record_rows(store: ObjectStore, found: list[ObjectRecord], fields: list[str]) -> list[Row]:
    """Return records as the calls that find them do."""
    rows: list[Row] = []
    for seq, record in enumerate(found):
        values = store.row(record)
        named: Row = {name: values[name] for name in fields if values.get(name) is not None}
        rows.append({"seq": seq, store.model.id_field: record.id} | named)
    return rows


def _key_fields(model: Model, by: str) -> tuple[str, ...]:
    return (model.id_field,) if by == BY_ID else model.dedupe_fields


def _check_key(row: JsonObject, key: tuple[str, ...]) -> None:
    for name in key:
        if row.get(name) in (None, ""):
            raise missing(name)


def _key_text(row: JsonObject, key: tuple[str, ...]) -> str:
    return ", ".join(str(row[name]) for name in key)


def _check_repeated(keys: set[tuple[str, ...]], key: tuple[str, ...]) -> None:
    """Refuse a key that an earlier record of the request has."""
    if key in keys:
        raise MarketoError(1036, "Duplicate object found in input")
    keys.add(key)


def _found(store: ObjectStore, key: tuple[str, ...], row: JsonObject) -> ObjectRecord | None:
    if key == (store.model.id_field,):
        return store.get(row[key[0]])
    return store.by_key(*(row[name] for name in key))

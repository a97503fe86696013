"""Contacts: HubSpot's leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

from airflow_provider_mkt.api.call import (
    Call,
    JsonBody,
    Replay,
    Route,
    batch,
    comma_list,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.hubspot.batch import BatchResult, as_inputs, read_batch
from airflow_provider_mkt.api.redact import shape

BATCH_MAX = 100
_READ = ("crm.objects.contacts.read",)
_WRITE = ("crm.objects.contacts.write",)

Properties = Mapping[str, str]


class Contact(TypedDict):
    id: str
    properties: dict[str, str | None]
    createdAt: str
    updatedAt: str
    archived: bool


def upsert_batch(contacts: Sequence[Properties], *, id_property: str = "email") -> Call[BatchResult]:
    """Create or update up to 100 contacts by a unique property.

    :param contacts: one mapping of properties each, the key among them. Values are text; an empty
        one clears the property.
    :param id_property: the unique property that is the key.
    :returns: rows in any order; ``new`` tells created from updated.
    :raises InvalidInput: on an empty or too large batch, or a contact without the key.

    Source: ``POST /crm/{version}/objects/contacts/batch/upsert``.
    """
    call = "contacts.upsert_batch"
    inputs = [
        {
            "idProperty": id_property,
            "id": _key(call, index, contact, id_property),
            "properties": dict(contact),
            # Pairs answers with inputs, whatever the platform does to the key's spelling.
            "objectWriteTraceId": str(index),
        }
        for index, contact in enumerate(_batch(call, contacts))
    ]
    return _write(call, "/batch/upsert", inputs, Replay.SAFE)


def create_batch(contacts: Sequence[Properties]) -> Call[BatchResult]:
    """Create up to 100 contacts; those whose email exists come back as errors.

    A repeat is safe where every contact has an email: the second try answers with a conflict.

    :param contacts: one mapping of properties each.
    :returns: the created ones in any order, and the failures.
    :raises InvalidInput: on an empty or too large batch.

    Source: ``POST /crm/{version}/objects/contacts/batch/create``.
    """
    call = "contacts.create_batch"
    checked = _batch(call, contacts)
    inputs = [
        # Without a trace id on every input, one conflict fails them all.
        {"associations": [], "properties": dict(contact), "objectWriteTraceId": str(index)}
        for index, contact in enumerate(checked)
    ]
    keyed = all(contact.get("email") for contact in checked)
    return _write(call, "/batch/create", inputs, Replay.SAFE if keyed else Replay.VERIFY)


def update_batch(contacts: Sequence[Properties], *, id_property: str = "hs_object_id") -> Call[BatchResult]:
    """Update up to 100 existing contacts.

    :param contacts: one mapping of properties each, the key among them.
    :param id_property: ``hs_object_id`` for the record id, else a unique property.
    :returns: the updated ones in any order, and the failures.
    :raises InvalidInput: on an empty or too large batch, or a contact without the key.

    Source: ``POST /crm/{version}/objects/contacts/batch/update``.
    """
    call = "contacts.update_batch"
    inputs: list[dict[str, Any]] = []
    for index, contact in enumerate(_batch(call, contacts)):
        row: dict[str, Any] = {
            "id": _key(call, index, contact, id_property),
            # The record id is read-only and would be refused among the properties.
            "properties": {name: value for name, value in contact.items() if name != "hs_object_id"},
            "objectWriteTraceId": str(index),
        }
        if id_property != "hs_object_id":
            row["idProperty"] = id_property
        inputs.append(row)
    return _write(call, "/batch/update", inputs, Replay.SAFE)


def read_many(
    ids: Sequence[str], *, properties: Sequence[str] = (), id_property: str | None = None
) -> Call[BatchResult]:
    """Read up to 100 contacts by record id or by a unique property.

    :param ids: the keys' values.
    :param properties: properties to return.
    :param id_property: the unique property the ids are values of; the record id when not given.
    :returns: the ones that exist; the others are among the errors.

    Source: ``POST /crm/{version}/objects/contacts/batch/read``.
    """
    call = "contacts.read_many"
    body: dict[str, Any] = {
        "inputs": [{"id": one} for one in batch(call, "ids", ids, at_most=BATCH_MAX)],
        "properties": list(properties),
        "propertiesWithHistory": [],
    }
    if id_property:
        body["idProperty"] = id_property
    return Call(
        call,
        Route("POST", "contacts", "/batch/read"),
        read_batch,
        Replay.SAFE,
        body=JsonBody(body),
        scopes=_READ,
    )


def get(contact_id: str, *, properties: Sequence[str] = (), id_property: str | None = None) -> Call[Contact]:
    """Read one contact.

    :param contact_id: its record id, or its value of ``id_property``.
    :param properties: properties to return.
    :param id_property: a unique property, e.g. ``email``.
    :raises NotFound: when there is none.

    Source: ``GET /crm/{version}/objects/contacts/{contactId}``.
    """
    name = "contacts.get"
    return Call(
        name,
        Route("GET", "contacts", "/{contactId}", path_params(name, contactId=contact_id)),
        lambda envelope: cast("Contact", envelope),
        Replay.SAFE,
        query=query_pairs(properties=comma_list(name, "properties", properties), idProperty=id_property),
        scopes=_READ,
    )


def _write(call: str, tail: str, inputs: list[dict[str, Any]], replay: Replay) -> Call[BatchResult]:
    return Call(
        call,
        Route("POST", "contacts", tail),
        read_batch,
        replay,
        body=JsonBody(as_inputs(inputs)),
        scopes=_WRITE,
    )


def _batch(call: str, contacts: Sequence[Properties]) -> Sequence[Properties]:
    for index, contact in enumerate(batch(call, "contacts", contacts, at_most=BATCH_MAX)):
        if not isinstance(contact, Mapping):
            problem = f"must be a mapping of properties, not {shape(contact)}"
            raise InvalidInput(f"contacts[{index}]", problem, call=call)
    return contacts


def _key(call: str, index: int, contact: Properties, id_property: str) -> str:
    value = contact.get(id_property)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(
            f"contacts[{index}].{id_property}", f"the key is missing: {shape(value)}", call=call
        )
    return value

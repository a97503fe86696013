"""Contacts."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    JsonBody,
    Pairs,
    Replay,
    Route,
    batch,
    comma_list,
    flag,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import BatchResult, as_inputs, nothing, read_batch
from airflow_provider_mkt.client.hubspot.parameters import changed, names, page_size, text
from airflow_provider_mkt.client.paging import after_cursor
from airflow_provider_mkt.client.redaction import describe_type

BATCH_MAX = 100
HISTORY_MAX = 50
PAGE_MAX = 100
_READ = ("crm.objects.contacts.read",)
_WRITE = ("crm.objects.contacts.write",)

Properties = Mapping[str, str]


class Contact(TypedDict):
    id: str
    properties: dict[str, str | None]
    createdAt: str
    updatedAt: str
    archived: bool
    archivedAt: NotRequired[str]
    propertiesWithHistory: NotRequired[dict[str, builtins.list[dict[str, Any]]]]
    associations: NotRequired[dict[str, Any]]


def list(
    *,
    properties: Sequence[str] = (),
    properties_with_history: Sequence[str] = (),
    associations: Sequence[str] = (),
    archived: bool = False,
    limit: int | None = None,
) -> Call[builtins.list[Contact]]:
    """List all contacts. Unlike search, it has no result limit and includes recent changes.

    :param properties: properties to return.
    :param properties_with_history: properties to return with their history.
    :param associations: object types whose associated ids are also returned, e.g. ``companies``.
    :param archived: return archived contacts instead.
    :param limit: rows per page, 1-100, or 1-50 with history; the maximum when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range, or a value is not a list of names.

    Source: ``GET /crm/{version}/objects/contacts``.
    """
    name = "contacts.list"
    most = HISTORY_MAX if properties_with_history else PAGE_MAX
    shown = _shown(name, properties, properties_with_history, associations)
    size = page_size(name, most if limit is None else limit, at_most=most)
    return Call(
        name,
        Route("GET", "contacts"),
        rows,
        Replay.SAFE,
        query=(*shown, *query_pairs(archived=flag(name, "archived", archived) or None, limit=size)),
        follow=after_cursor,
        scopes=_READ,
    )


def create(properties: Properties, *, associations: Sequence[Mapping[str, Any]] = ()) -> Call[Contact]:
    """Create a contact.

    With an email, a retry is safe: it fails with a conflict.

    :param properties: property names and values, all text.
    :param associations: associations to create, each with ``to`` and ``types`` in HubSpot's own format.
    :returns: the contact, with the given properties.
    :raises InvalidInput: when *properties* is empty, or a value is not text.
    :raises Conflict: when a contact with that email exists; the message contains its id.

    Source: ``POST /crm/{version}/objects/contacts``.
    """
    name = "contacts.create"
    values = changed(name, "properties", properties)
    return Call(
        name,
        Route("POST", "contacts"),
        contact,
        Replay.SAFE if values.get("email", "").strip() else Replay.VERIFY,
        body=JsonBody({"properties": values, "associations": _links(name, associations)}),
        scopes=_WRITE,
    )


def update(contact_id: str, properties: Properties, *, id_property: str | None = None) -> Call[Contact]:
    """Update a contact.

    :param contact_id: its record id, or its value of ``id_property``. The id of a contact that was merged
        into another one returns that other contact.
    :param properties: properties to change, all text; an empty value clears a property.
    :param id_property: a unique property, e.g. ``email``.
    :returns: the contact, with the given properties.
    :raises InvalidInput: when *properties* is empty, or a value is not text.
    :raises NotFound: when the contact does not exist.

    Source: ``PATCH /crm/{version}/objects/contacts/{contactId}``.
    """
    name = "contacts.update"
    return Call(
        name,
        Route("PATCH", "contacts", "/{contactId}", path_params(name, contactId=contact_id)),
        contact,
        Replay.SAFE,
        query=query_pairs(idProperty=_key_property(name, id_property)),
        body=JsonBody({"properties": changed(name, "properties", properties)}),
        scopes=_WRITE,
    )


def archive(contact_id: str) -> Call[None]:
    """Archive a contact. It can be restored in HubSpot for 90 days.

    :param contact_id: its record id.
    :raises NotFound: when no contact ever had that id.

    Source: ``DELETE /crm/{version}/objects/contacts/{contactId}``.
    """
    name = "contacts.archive"
    route = Route("DELETE", "contacts", "/{contactId}", path_params(name, contactId=contact_id))
    return Call(name, route, nothing, Replay.SAFE, scopes=_WRITE)


def archive_batch(ids: Sequence[str]) -> Call[None]:
    """Archive up to 100 contacts. HubSpot does not report which of them existed.

    :param ids: 1-100 record ids.
    :raises InvalidInput: on an empty or too large batch, or an id that is not text.

    Source: ``POST /crm/{version}/objects/contacts/batch/archive``.
    """
    name = "contacts.archive_batch"
    return Call(
        name,
        Route("POST", "contacts", "/batch/archive"),
        nothing,
        Replay.SAFE,
        body=JsonBody(as_inputs([{"id": one} for one in _ids(name, ids, at_most=BATCH_MAX)])),
        scopes=_WRITE,
    )


def upsert_batch(contacts: Sequence[Properties], *, id_property: str = "email") -> Call[BatchResult]:
    """Create or update up to 100 contacts by a unique property.

    :param contacts: 1-100 mappings of properties, each with the key. Values are text; an empty value clears a
        property.
    :param id_property: the unique property that identifies a contact.
    :returns: rows in any order; ``new`` says whether the contact was created.
    :raises InvalidInput: on an empty or too large batch, or a contact without *id_property*.

    Source: ``POST /crm/{version}/objects/contacts/batch/upsert``.
    """
    call = "contacts.upsert_batch"
    text(call, "id_property", id_property)
    inputs = [
        {
            "idProperty": id_property,
            "id": _key(call, index, contact, id_property),
            "properties": dict(contact),
            # Matches results to inputs, even when HubSpot normalizes the key.
            "objectWriteTraceId": str(index),
        }
        for index, contact in enumerate(_batch(call, contacts))
    ]
    return _write(call, "/batch/upsert", inputs, Replay.SAFE)


def create_batch(contacts: Sequence[Properties]) -> Call[BatchResult]:
    """Create up to 100 contacts. Contacts whose email exists are returned as errors.

    If every contact has an email, a retry is safe: it fails with a conflict.

    :param contacts: 1-100 mappings of properties.
    :returns: the created records in any order, and the errors.
    :raises InvalidInput: on an empty or too large batch.

    Source: ``POST /crm/{version}/objects/contacts/batch/create``.
    """
    call = "contacts.create_batch"
    checked = _batch(call, contacts)
    inputs = [
        # Without a trace id on every input, one conflict fails the whole batch.
        {"associations": [], "properties": dict(contact), "objectWriteTraceId": str(index)}
        for index, contact in enumerate(checked)
    ]
    keyed = all(contact.get("email") for contact in checked)
    return _write(call, "/batch/create", inputs, Replay.SAFE if keyed else Replay.VERIFY)


def update_batch(contacts: Sequence[Properties], *, id_property: str = "hs_object_id") -> Call[BatchResult]:
    """Update up to 100 contacts.

    :param contacts: 1-100 mappings of properties, each with the key.
    :param id_property: the key: ``hs_object_id`` for the record id, or a unique property.
    :returns: the updated ones in any order, and the failures.
    :raises InvalidInput: on an empty or too large batch, or a contact without *id_property*.

    Source: ``POST /crm/{version}/objects/contacts/batch/update``.
    """
    call = "contacts.update_batch"
    text(call, "id_property", id_property)
    inputs: builtins.list[dict[str, Any]] = []
    for index, contact in enumerate(_batch(call, contacts)):
        row: dict[str, Any] = {
            "id": _key(call, index, contact, id_property),
            # The record id is read-only: HubSpot rejects it among the properties.
            "properties": {name: value for name, value in contact.items() if name != "hs_object_id"},
            "objectWriteTraceId": str(index),
        }
        if id_property != "hs_object_id":
            row["idProperty"] = id_property
        inputs.append(row)
    return _write(call, "/batch/update", inputs, Replay.SAFE)


def batch_read(
    ids: Sequence[str],
    *,
    properties: Sequence[str] = (),
    properties_with_history: Sequence[str] = (),
    id_property: str | None = None,
    archived: bool = False,
) -> Call[BatchResult]:
    """Read up to 100 contacts by record id or by a unique property; up to 50 with history.

    :param ids: values of the key, at most 100, or 50 with history.
    :param properties: properties to return.
    :param properties_with_history: properties to return with their history.
    :param id_property: the unique property that *ids* are values of; the record id when not given.
    :param archived: read archived contacts instead.
    :returns: the flows or records that exist, and errors for the others.
    :raises InvalidInput: on an empty or too large batch, or an id that is not text.

    Source: ``POST /crm/{version}/objects/contacts/batch/read``.
    """
    call = "contacts.batch_read"
    most = HISTORY_MAX if properties_with_history else BATCH_MAX
    body: dict[str, Any] = {
        "inputs": [{"id": one} for one in _ids(call, ids, at_most=most)],
        "properties": names(call, "properties", properties) or [],
        "propertiesWithHistory": names(call, "properties_with_history", properties_with_history) or [],
    }
    if id_property is not None:
        body["idProperty"] = _key_property(call, id_property)
    return Call(
        call,
        Route("POST", "contacts", "/batch/read"),
        read_batch,
        Replay.SAFE,
        query=query_pairs(archived=flag(call, "archived", archived) or None),
        body=JsonBody(body),
        scopes=_READ,
    )


def get(
    contact_id: str,
    *,
    properties: Sequence[str] = (),
    properties_with_history: Sequence[str] = (),
    associations: Sequence[str] = (),
    id_property: str | None = None,
    archived: bool = False,
) -> Call[Contact]:
    """Read a contact.

    :param contact_id: its record id, or its value of ``id_property``. The id of a contact that was merged
        into another one returns that other contact.
    :param properties: properties to return.
    :param properties_with_history: properties to return with their history.
    :param associations: object types whose associated ids are also returned, e.g. ``companies``.
    :param id_property: a unique property, e.g. ``email``.
    :param archived: read archived contacts instead.
    :raises NotFound: when it does not exist.

    Source: ``GET /crm/{version}/objects/contacts/{contactId}``.
    """
    name = "contacts.get"
    shown = _shown(name, properties, properties_with_history, associations)
    return Call(
        name,
        Route("GET", "contacts", "/{contactId}", path_params(name, contactId=contact_id)),
        contact,
        Replay.SAFE,
        query=(
            *shown,
            *query_pairs(
                idProperty=_key_property(name, id_property), archived=flag(name, "archived", archived) or None
            ),
        ),
        scopes=_READ,
    )


def contact(envelope: Envelope) -> Contact:
    return cast("Contact", envelope)


def rows(envelope: Envelope) -> builtins.list[Contact]:
    return cast("builtins.list[Contact]", envelope["results"])


def _shown(
    call: str, properties: Sequence[str], with_history: Sequence[str], associations: Sequence[str]
) -> Pairs:
    return query_pairs(
        properties=comma_list(call, "properties", properties),
        propertiesWithHistory=comma_list(call, "properties_with_history", with_history),
        associations=comma_list(call, "associations", associations),
    )


def _key_property(call: str, id_property: str | None) -> str | None:
    """Return the property that identifies a contact; None for the record id."""
    return None if id_property is None else text(call, "id_property", id_property)


def _links(call: str, associations: Sequence[Mapping[str, Any]]) -> builtins.list[dict[str, Any]]:
    if isinstance(associations, (str, bytes, Mapping)) or not isinstance(associations, Sequence):
        raise InvalidInput("associations", f"must be a list, not {describe_type(associations)}", call=call)
    for index, one in enumerate(associations):
        if not isinstance(one, Mapping):
            raise InvalidInput(
                f"associations[{index}]", f"must be a mapping, not {describe_type(one)}", call=call
            )
    return [dict(one) for one in associations]


def _ids(call: str, ids: Sequence[str], *, at_most: int) -> builtins.list[str]:
    checked = batch(call, "ids", ids, at_most=at_most)
    return [text(call, f"ids[{index}]", one) for index, one in enumerate(checked)]


def _write(call: str, tail: str, inputs: builtins.list[dict[str, Any]], replay: Replay) -> Call[BatchResult]:
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
            problem = f"must be a mapping of properties, not {describe_type(contact)}"
            raise InvalidInput(f"contacts[{index}]", problem, call=call)
    return contacts


def _key(call: str, index: int, contact: Properties, id_property: str) -> str:
    value = contact.get(id_property)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(
            f"contacts[{index}].{id_property}", f"the key is missing: {describe_type(value)}", call=call
        )
    return value


def gdpr_delete(contact_id: str, *, id_property: str | None = None) -> Call[None]:
    """Delete a contact and its history permanently (GDPR delete). Never retried automatically.

    With ``email`` as the key and no contact with that address, HubSpot puts the address on the account's
    blocklist and no contact can use it again. A misspelt address therefore blocks another person.

    :param contact_id: record id, or the value of ``id_property``.
    :param id_property: a unique property, such as ``email``.
    :raises InvalidInput: when the id or the property is empty.
    :raises NotFound: when no contact has that record id.

    Source: ``POST /crm/{version}/objects/contacts/gdpr-delete``.
    """
    name = "contacts.gdpr_delete"
    body = {"objectId": text(name, "contact_id", contact_id)}
    if id_property is not None:
        body["idProperty"] = text(name, "id_property", id_property)
    return Call(
        name,
        Route("POST", "contacts", "/gdpr-delete"),
        nothing,
        Replay.NEVER,
        body=JsonBody(body),
        scopes=_WRITE,
    )

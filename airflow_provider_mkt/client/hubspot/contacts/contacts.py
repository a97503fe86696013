"""Contacts."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Annotated

from airflow_provider_mkt.client.call import (
    Call,
    Json,
    JsonBody,
    Pairs,
    Replay,
    Route,
    comma_joined,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import BatchResult, as_inputs, nothing, read_batch
from airflow_provider_mkt.client.hubspot.contacts._records import Contact as Contact
from airflow_provider_mkt.client.hubspot.contacts._records import read_contact, read_contacts
from airflow_provider_mkt.client.hubspot.parameters import Changes, PageSize, Properties
from airflow_provider_mkt.client.paging import after_cursor
from airflow_provider_mkt.client.parameters import (
    Check,
    JsonObject,
    Names,
    Text,
    endpoint,
    int_between,
    item_list,
    items,
)
from airflow_provider_mkt.client.redaction import describe_type

BATCH_MAX = 100
HISTORY_MAX = 50
PAGE_MAX = 100
_READ = ("crm.objects.contacts.read",)
_WRITE = ("crm.objects.contacts.write",)


def _mappings(field: str, contacts: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    for index, contact in enumerate(contacts):
        if not isinstance(contact, Mapping):
            problem = f"must be a mapping of properties, not {describe_type(contact)}"
            raise InvalidInput(f"{field}[{index}]", problem)
    return contacts


Contacts = Annotated[Sequence[Properties], items(BATCH_MAX), Check(_mappings)]


@endpoint
def list(
    *,
    properties: Names = (),
    properties_with_history: Names = (),
    associations: Names = (),
    archived: bool = False,
    limit: PageSize | None = None,
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
    limit_max = HISTORY_MAX if properties_with_history else PAGE_MAX
    size = limit_max if limit is None else int_between("limit", limit, 1, limit_max)
    return Call(
        "contacts.list",
        Route("GET", "contacts"),
        read_contacts,
        Replay.SAFE,
        query=(
            *_fields(properties, properties_with_history, associations),
            *query_pairs(archived=archived or None, limit=size),
        ),
        follow=after_cursor,
        scopes=_READ,
    )


@endpoint
def create(properties: Changes, *, associations: Sequence[JsonObject] = ()) -> Call[Contact]:
    """Create a contact.

    With an email, a retry is safe: it fails with a conflict.

    :param properties: property names and values, all text.
    :param associations: associations to create, each with ``to`` and ``types`` in HubSpot's own format.
    :returns: the contact, with the given properties.
    :raises InvalidInput: when *properties* is empty, or a value is not text.
    :raises Conflict: when a contact with that email exists; the message contains its id.

    Source: ``POST /crm/{version}/objects/contacts``.
    """
    return Call(
        "contacts.create",
        Route("POST", "contacts"),
        read_contact,
        Replay.SAFE if properties.get("email", "").strip() else Replay.VERIFY,
        body=JsonBody({"properties": properties, "associations": [*associations]}),
        scopes=_WRITE,
    )


@endpoint
def update(contact_id: str, properties: Changes, *, id_property: Text | None = None) -> Call[Contact]:
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
    return Call(
        "contacts.update",
        Route("PATCH", "contacts", "/{contactId}", path_params(contactId=contact_id)),
        read_contact,
        Replay.SAFE,
        query=query_pairs(idProperty=id_property),
        body=JsonBody({"properties": properties}),
        scopes=_WRITE,
    )


@endpoint
def archive(contact_id: str) -> Call[None]:
    """Archive a contact. It can be restored in HubSpot for 90 days.

    :param contact_id: its record id.
    :raises NotFound: when no contact ever had that id.

    Source: ``DELETE /crm/{version}/objects/contacts/{contactId}``.
    """
    route = Route("DELETE", "contacts", "/{contactId}", path_params(contactId=contact_id))
    return Call("contacts.archive", route, nothing, Replay.SAFE, scopes=_WRITE)


@endpoint
def archive_batch(ids: Annotated[Sequence[Text], items(BATCH_MAX)]) -> Call[None]:
    """Archive up to 100 contacts. HubSpot does not report which of them existed.

    :param ids: 1-100 record ids.
    :raises InvalidInput: on an empty or too large batch, or an id that is not text.

    Source: ``POST /crm/{version}/objects/contacts/batch/archive``.
    """
    return Call(
        "contacts.archive_batch",
        Route("POST", "contacts", "/batch/archive"),
        nothing,
        Replay.SAFE,
        body=JsonBody(as_inputs([{"id": record_id} for record_id in ids])),
        scopes=_WRITE,
    )


@endpoint
def upsert_batch(contacts: Contacts, *, id_property: Text = "email") -> Call[BatchResult]:
    """Create or update up to 100 contacts by a unique property.

    :param contacts: 1-100 mappings of properties, each with the key. Values are text; an empty value clears a
        property.
    :param id_property: the unique property that identifies a contact.
    :returns: rows in any order; ``new`` says whether the contact was created.
    :raises InvalidInput: on an empty or too large batch, or a contact without *id_property*.

    Source: ``POST /crm/{version}/objects/contacts/batch/upsert``.
    """
    inputs: builtins.list[dict[str, Json]] = [
        {
            "idProperty": id_property,
            "id": _key(index, contact, id_property),
            "properties": dict(contact),
            # Matches results to inputs, even when HubSpot normalizes the key.
            "objectWriteTraceId": str(index),
        }
        for index, contact in enumerate(contacts)
    ]
    return _write("contacts.upsert_batch", "/batch/upsert", inputs, Replay.SAFE)


@endpoint
def create_batch(contacts: Contacts) -> Call[BatchResult]:
    """Create up to 100 contacts. Contacts whose email exists are returned as errors.

    If every contact has an email, a retry is safe: it fails with a conflict.

    :param contacts: 1-100 mappings of properties.
    :returns: the created records in any order, and the errors.
    :raises InvalidInput: on an empty or too large batch.

    Source: ``POST /crm/{version}/objects/contacts/batch/create``.
    """
    inputs: builtins.list[dict[str, Json]] = [
        # Without a trace id on every input, one conflict fails the whole batch.
        {"associations": [], "properties": dict(contact), "objectWriteTraceId": str(index)}
        for index, contact in enumerate(contacts)
    ]
    keyed = all(contact.get("email") for contact in contacts)
    return _write("contacts.create_batch", "/batch/create", inputs, Replay.SAFE if keyed else Replay.VERIFY)


@endpoint
def update_batch(contacts: Contacts, *, id_property: Text = "hs_object_id") -> Call[BatchResult]:
    """Update up to 100 contacts.

    :param contacts: 1-100 mappings of properties, each with the key.
    :param id_property: the key: ``hs_object_id`` for the record id, or a unique property.
    :returns: the updated ones in any order, and the failures.
    :raises InvalidInput: on an empty or too large batch, or a contact without *id_property*.

    Source: ``POST /crm/{version}/objects/contacts/batch/update``.
    """
    inputs: builtins.list[dict[str, Json]] = []
    for index, contact in enumerate(contacts):
        row: dict[str, Json] = {
            "id": _key(index, contact, id_property),
            # The record id is read-only: HubSpot rejects it among the properties.
            "properties": {name: value for name, value in contact.items() if name != "hs_object_id"},
            "objectWriteTraceId": str(index),
        }
        if id_property != "hs_object_id":
            row["idProperty"] = id_property
        inputs.append(row)
    return _write("contacts.update_batch", "/batch/update", inputs, Replay.SAFE)


@endpoint
def batch_read(
    ids: Sequence[Text],
    *,
    properties: Names = (),
    properties_with_history: Names = (),
    id_property: Text | None = None,
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
    item_list("ids", ids, at_most=HISTORY_MAX if properties_with_history else BATCH_MAX)
    body: dict[str, Json] = {
        "inputs": [{"id": record_id} for record_id in ids],
        "properties": [*properties],
        "propertiesWithHistory": [*properties_with_history],
    }
    if id_property is not None:
        body["idProperty"] = id_property
    return Call(
        "contacts.batch_read",
        Route("POST", "contacts", "/batch/read"),
        read_batch,
        Replay.SAFE,
        query=query_pairs(archived=archived or None),
        body=JsonBody(body),
        scopes=_READ,
    )


@endpoint
def get(
    contact_id: str,
    *,
    properties: Names = (),
    properties_with_history: Names = (),
    associations: Names = (),
    id_property: Text | None = None,
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
    return Call(
        "contacts.get",
        Route("GET", "contacts", "/{contactId}", path_params(contactId=contact_id)),
        read_contact,
        Replay.SAFE,
        query=(
            *_fields(properties, properties_with_history, associations),
            *query_pairs(idProperty=id_property, archived=archived or None),
        ),
        scopes=_READ,
    )


@endpoint
def gdpr_delete(contact_id: Text, *, id_property: Text | None = None) -> Call[None]:
    """Delete a contact and its history permanently (GDPR delete). Never retried automatically.

    With ``email`` as the key and no contact with that address, HubSpot puts the address on the account's
    blocklist and no contact can use it again. A misspelt address therefore blocks another person.

    :param contact_id: record id, or the value of ``id_property``.
    :param id_property: a unique property, such as ``email``.
    :raises InvalidInput: when the id or the property is empty.
    :raises NotFound: when no contact has that record id.

    Source: ``POST /crm/{version}/objects/contacts/gdpr-delete``.
    """
    body = {"objectId": contact_id}
    if id_property is not None:
        body["idProperty"] = id_property
    return Call(
        "contacts.gdpr_delete",
        Route("POST", "contacts", "/gdpr-delete"),
        nothing,
        Replay.NEVER,
        body=JsonBody(body),
        scopes=_WRITE,
    )


def _fields(properties: Sequence[str], with_history: Sequence[str], associations: Sequence[str]) -> Pairs:
    return query_pairs(
        properties=comma_joined(properties),
        propertiesWithHistory=comma_joined(with_history),
        associations=comma_joined(associations),
    )


def _write(call: str, tail: str, inputs: Sequence[Mapping[str, Json]], replay: Replay) -> Call[BatchResult]:
    return Call(
        call,
        Route("POST", "contacts", tail),
        read_batch,
        replay,
        body=JsonBody(as_inputs(inputs)),
        scopes=_WRITE,
    )


def _key(index: int, contact: Properties, id_property: str) -> str:
    value = contact.get(id_property)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"contacts[{index}].{id_property}", f"the key is missing: {describe_type(value)}")
    return value

"""Contacts."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

from airflow_provider_mkt.client.call import Call, Json, JsonBody, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.hubspot.batch import BatchResult, as_inputs, nothing, read_batch_of
from airflow_provider_mkt.client.hubspot.objects._records import (
    BATCH_MAX as BATCH_MAX,
)
from airflow_provider_mkt.client.hubspot.objects._records import (
    HISTORY_MAX as HISTORY_MAX,
)
from airflow_provider_mkt.client.hubspot.objects._records import (
    PAGE_MAX as PAGE_MAX,
)
from airflow_provider_mkt.client.hubspot.objects._records import (
    RECORD_ID as RECORD_ID,
)
from airflow_provider_mkt.client.hubspot.objects._records import Record as _Contact
from airflow_provider_mkt.client.hubspot.objects._records import (
    Records,
    create_inputs,
    fields,
    read_body,
    read_record,
    read_records,
    update_inputs,
    upsert_inputs,
)
from airflow_provider_mkt.client.hubspot.parameters import Changes, PageSize
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import (
    JsonObject,
    Names,
    Text,
    TextId,
    endpoint,
    int_between,
    items,
)

Contact: TypeAlias = _Contact
_READ = ("crm.objects.contacts.read",)
_WRITE = ("crm.objects.contacts.write",)


@endpoint
def list(
    *,
    properties: Names = (),
    properties_with_history: Names = (),
    associations: Names = (),
    archived: bool = False,
    limit: PageSize | None = None,
    after: Cursor | None = None,
) -> Call[builtins.list[Contact]]:
    """List all contacts. Unlike search, it has no result limit and includes recent changes.

    :param properties: properties to return.
    :param properties_with_history: properties to return with their history.
    :param associations: object types whose associated ids are also returned, e.g. ``companies``.
    :param archived: return archived contacts instead.
    :param limit: rows per page, 1-100, or 1-50 with history; the maximum when not given.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range, or a value is not a list of names.

    Source: ``GET /crm/{version}/objects/contacts``.
    """
    limit_max = HISTORY_MAX if properties_with_history else PAGE_MAX
    size = limit_max if limit is None else int_between("limit", limit, 1, limit_max)
    return Call(
        "contacts.list",
        Route("GET", "contacts"),
        read_records,
        Replay.SAFE,
        query=(
            *fields(properties, properties_with_history, associations),
            *query_pairs(after=after, archived=archived or None, limit=size),
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
        read_record,
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
        read_record,
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
def archive_batch(ids: Annotated[Sequence[TextId], items(BATCH_MAX)]) -> Call[None]:
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
def upsert_batch(contacts: Records, *, id_property: Text = "email") -> Call[BatchResult]:
    """Create or update up to 100 contacts by a unique property.

    :param contacts: 1-100 mappings of properties, each with the key. Values are text; an empty value clears a
        property.
    :param id_property: the unique property that identifies a contact.
    :returns: rows in any order; ``new`` says whether the contact was created.
    :raises InvalidInput: on an empty or too large batch, or a contact without *id_property*.

    Source: ``POST /crm/{version}/objects/contacts/batch/upsert``.
    """
    inputs = upsert_inputs("contacts", contacts, id_property)
    return _write("contacts.upsert_batch", "/batch/upsert", inputs, Replay.SAFE)


@endpoint
def create_batch(contacts: Records) -> Call[BatchResult]:
    """Create up to 100 contacts. Contacts whose email exists are returned as errors.

    If every contact has an email, a retry is safe: it fails with a conflict.

    :param contacts: 1-100 mappings of properties.
    :returns: the created records in any order, and the errors.
    :raises InvalidInput: on an empty or too large batch.

    Source: ``POST /crm/{version}/objects/contacts/batch/create``.
    """
    inputs = create_inputs(contacts)
    keyed = all(contact.get("email") for contact in contacts)
    return _write("contacts.create_batch", "/batch/create", inputs, Replay.SAFE if keyed else Replay.VERIFY)


@endpoint
def update_batch(contacts: Records, *, id_property: Text = RECORD_ID) -> Call[BatchResult]:
    """Update up to 100 contacts.

    :param contacts: 1-100 mappings of properties, each with the key.
    :param id_property: the key: ``hs_object_id`` for the record id, or a unique property.
    :returns: the updated ones in any order, and the failures.
    :raises InvalidInput: on an empty or too large batch, or a contact without *id_property*.

    Source: ``POST /crm/{version}/objects/contacts/batch/update``.
    """
    inputs = update_inputs("contacts", contacts, id_property)
    return _write("contacts.update_batch", "/batch/update", inputs, Replay.SAFE)


@endpoint
def batch_read(
    ids: Sequence[TextId],
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
    inputs, body = read_body(ids, properties, properties_with_history, id_property)
    return Call(
        "contacts.batch_read",
        Route("POST", "contacts", "/batch/read"),
        read_batch_of(inputs),
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
        read_record,
        Replay.SAFE,
        query=(
            *fields(properties, properties_with_history, associations),
            *query_pairs(idProperty=id_property, archived=archived or None),
        ),
        scopes=_READ,
    )


@endpoint
def gdpr_delete(contact_id: TextId, *, id_property: Text | None = None) -> Call[None]:
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


def _write(call: str, tail: str, inputs: Sequence[Mapping[str, Json]], replay: Replay) -> Call[BatchResult]:
    return Call(
        call,
        Route("POST", "contacts", tail),
        read_batch_of(inputs),
        replay,
        body=JsonBody(as_inputs(inputs)),
        scopes=_WRITE,
    )

"""Records of any object type: companies, deals, tickets, custom objects and others."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Annotated

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
from airflow_provider_mkt.client.hubspot.objects._records import (
    Record as Record,
)
from airflow_provider_mkt.client.hubspot.objects._records import (
    Records,
    create_inputs,
    fields,
    key_of,
    read_body,
    read_record,
    read_records,
    update_inputs,
    upsert_inputs,
)
from airflow_provider_mkt.client.hubspot.objects._searching import (
    PAGE_MAX as SEARCH_PAGE_MAX,
)
from airflow_provider_mkt.client.hubspot.objects._searching import (
    Filter as Filter,
)
from airflow_provider_mkt.client.hubspot.objects._searching import (
    search_all_call,
    search_call,
)
from airflow_provider_mkt.client.hubspot.objects._types import ObjectTypeName, record_scopes
from airflow_provider_mkt.client.hubspot.parameters import Changes, PageSize
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import (
    JsonObject,
    Names,
    Text,
    TextId,
    between,
    endpoint,
    int_between,
    items,
)


@endpoint
def list(
    object_type: ObjectTypeName,
    *,
    properties: Names = (),
    properties_with_history: Names = (),
    associations: Names = (),
    archived: bool = False,
    limit: PageSize | None = None,
    after: Cursor | None = None,
) -> Call[builtins.list[Record]]:
    """List all records of an object type. Unlike search, it has no result limit and includes recent changes.

    :param object_type: ``companies``, ``deals``, ``tickets``, or the number or full name of a custom object,
        such as ``2-123`` or ``p_machine``.
    :param properties: properties to return.
    :param properties_with_history: properties to return with their history.
    :param associations: object types whose associated ids are also returned, e.g. ``contacts``.
    :param archived: return archived records instead.
    :param limit: rows per page, 1-100, or 1-50 with history; the maximum when not given.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range, or a value is not a list of names.
    :raises InvalidRequest: when the object type is unknown.

    Source: ``GET /crm/{version}/objects/{objectType}``.
    """
    limit_max = HISTORY_MAX if properties_with_history else PAGE_MAX
    size = limit_max if limit is None else int_between("limit", limit, 1, limit_max)
    return Call(
        "objects.list",
        Route("GET", "objects", "/{objectType}", path_params(objectType=object_type)),
        read_records,
        Replay.SAFE,
        query=(
            *fields(properties, properties_with_history, associations),
            *query_pairs(after=after, archived=archived or None, limit=size),
        ),
        follow=after_cursor,
        scopes=record_scopes(object_type, "read"),
    )


@endpoint
def get(
    object_type: ObjectTypeName,
    record_id: TextId,
    *,
    properties: Names = (),
    properties_with_history: Names = (),
    associations: Names = (),
    id_property: Text | None = None,
    archived: bool = False,
) -> Call[Record]:
    """Read a record.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param record_id: its record id, or its value of ``id_property``. The id of a record that was merged into
        another one returns that other record.
    :param properties: properties to return.
    :param properties_with_history: properties to return with their history.
    :param associations: object types whose associated ids are also returned, e.g. ``contacts``.
    :param id_property: a property with unique values.
    :param archived: read archived records instead.
    :raises NotFound: when it does not exist.

    Source: ``GET /crm/{version}/objects/{objectType}/{recordId}``.
    """
    return Call(
        "objects.get",
        _one("GET", object_type, record_id),
        read_record,
        Replay.SAFE,
        query=(
            *fields(properties, properties_with_history, associations),
            *query_pairs(idProperty=id_property, archived=archived or None),
        ),
        scopes=record_scopes(object_type, "read"),
    )


@endpoint
def create(
    object_type: ObjectTypeName, properties: Changes, *, associations: Sequence[JsonObject] = ()
) -> Call[Record]:
    """Create a record.

    Not retried automatically after an ambiguous failure: unless a property has unique values, a retry can
    create a second record.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param properties: property names and values, all text. A company needs ``name`` or ``domain``, a deal
        ``dealname`` and ``dealstage``, a ticket ``subject`` and ``hs_pipeline_stage``.
    :param associations: associations to create, each with ``to`` and ``types`` in HubSpot's own format.
    :returns: the record, with the given properties.
    :raises InvalidInput: when *properties* is empty, or a value is not text.
    :raises InvalidRequest: when a property is unknown, read-only or missing, or a value is not valid.

    Source: ``POST /crm/{version}/objects/{objectType}``.
    """
    return Call(
        "objects.create",
        Route("POST", "objects", "/{objectType}", path_params(objectType=object_type)),
        read_record,
        Replay.VERIFY,
        body=JsonBody({"properties": properties, "associations": [*associations]}),
        scopes=record_scopes(object_type, "write"),
    )


@endpoint
def update(
    object_type: ObjectTypeName, record_id: TextId, properties: Changes, *, id_property: Text | None = None
) -> Call[Record]:
    """Update a record.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param record_id: its record id, or its value of ``id_property``.
    :param properties: properties to change, all text; an empty value clears a property.
    :param id_property: a property with unique values.
    :returns: the record, with the given properties.
    :raises InvalidInput: when *properties* is empty, or a value is not text.
    :raises NotFound: when the record does not exist.

    Source: ``PATCH /crm/{version}/objects/{objectType}/{recordId}``.
    """
    return Call(
        "objects.update",
        _one("PATCH", object_type, record_id),
        read_record,
        Replay.SAFE,
        query=query_pairs(idProperty=id_property),
        body=JsonBody({"properties": properties}),
        scopes=record_scopes(object_type, "write"),
    )


@endpoint
def archive(object_type: ObjectTypeName, record_id: TextId) -> Call[None]:
    """Archive a record. It can be restored in HubSpot for 90 days.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param record_id: its record id.
    :raises NotFound: when no record ever had that id.

    Source: ``DELETE /crm/{version}/objects/{objectType}/{recordId}``.
    """
    return Call(
        "objects.archive",
        _one("DELETE", object_type, record_id),
        nothing,
        Replay.SAFE,
        scopes=record_scopes(object_type, "write"),
    )


@endpoint
def batch_read(
    object_type: ObjectTypeName,
    ids: Sequence[TextId],
    *,
    properties: Names = (),
    properties_with_history: Names = (),
    id_property: Text | None = None,
    archived: bool = False,
) -> Call[BatchResult]:
    """Read up to 100 records by record id or by a property with unique values; up to 50 with history.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param ids: values of the key, at most 100, or 50 with history.
    :param properties: properties to return.
    :param properties_with_history: properties to return with their history.
    :param id_property: the property with unique values that *ids* are values of; the record id when not
        given.
    :param archived: read archived records instead.
    :returns: the records that exist, and errors for the others. It never returns associations.
    :raises InvalidInput: on an empty or too large batch, or an id that is not text.

    Source: ``POST /crm/{version}/objects/{objectType}/batch/read``.
    """
    inputs, body = read_body(ids, properties, properties_with_history, id_property)
    return Call(
        "objects.batch_read",
        _batch(object_type, "read"),
        read_batch_of(inputs),
        Replay.SAFE,
        query=query_pairs(archived=archived or None),
        body=JsonBody(body),
        scopes=record_scopes(object_type, "read"),
    )


@endpoint
def batch_create(
    object_type: ObjectTypeName, records: Records, *, id_property: Text | None = None
) -> Call[BatchResult]:
    """Create up to 100 records. Records with a unique value that another one has are returned as errors.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param records: 1-100 mappings of properties.
    :param id_property: a property with unique values that every record has. With it a retry is safe: it fails
        with an error. Without it, the call is not retried after an ambiguous failure.
    :returns: the created records in any order, and the errors.
    :raises InvalidInput: on an empty or too large batch, or a record without *id_property*.

    Source: ``POST /crm/{version}/objects/{objectType}/batch/create``.
    """
    if id_property is not None:
        for index, record in enumerate(records):
            key_of(f"records[{index}]", record, id_property)
    replay = Replay.VERIFY if id_property is None else Replay.SAFE
    return _write("objects.batch_create", object_type, "create", create_inputs(records), replay)


@endpoint
def batch_update(
    object_type: ObjectTypeName, records: Records, *, id_property: Text = RECORD_ID
) -> Call[BatchResult]:
    """Update up to 100 records.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param records: 1-100 mappings of properties, each with the key.
    :param id_property: the key: ``hs_object_id`` for the record id, or a property with unique values.
    :returns: the updated ones in any order, and the failures.
    :raises InvalidInput: on an empty or too large batch, or a record without *id_property*.

    Source: ``POST /crm/{version}/objects/{objectType}/batch/update``.
    """
    inputs = update_inputs("records", records, id_property)
    return _write("objects.batch_update", object_type, "update", inputs, Replay.SAFE)


@endpoint
def batch_upsert(object_type: ObjectTypeName, records: Records, *, id_property: Text) -> Call[BatchResult]:
    """Create or update up to 100 records by a property with unique values.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param records: 1-100 mappings of properties, each with the key. Values are text; an empty value clears a
        property.
    :param id_property: the property with unique values that identifies a record. The ``domain`` of a company
        has none.
    :returns: rows in any order; ``new`` says whether the record was created.
    :raises InvalidInput: on an empty or too large batch, or a record without *id_property*.
    :raises InvalidRequest: when the values of *id_property* are not unique.

    Source: ``POST /crm/{version}/objects/{objectType}/batch/upsert``.
    """
    inputs = upsert_inputs("records", records, id_property)
    return _write("objects.batch_upsert", object_type, "upsert", inputs, Replay.SAFE)


@endpoint
def batch_archive(
    object_type: ObjectTypeName, ids: Annotated[Sequence[TextId], items(BATCH_MAX)]
) -> Call[None]:
    """Archive up to 100 records. HubSpot does not report which of them existed.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param ids: 1-100 record ids.
    :raises InvalidInput: on an empty or too large batch, or an id that is not text.

    Source: ``POST /crm/{version}/objects/{objectType}/batch/archive``.
    """
    return Call(
        "objects.batch_archive",
        _batch(object_type, "archive"),
        nothing,
        Replay.SAFE,
        body=JsonBody(as_inputs([{"id": record_id} for record_id in ids])),
        scopes=record_scopes(object_type, "write"),
    )


@endpoint
def search(
    object_type: ObjectTypeName,
    filter_groups: Sequence[Sequence[Filter]] = (),
    *,
    query: Text | None = None,
    properties: Names = (),
    sort: Text | None = None,
    limit: Annotated[int, between(1, SEARCH_PAGE_MAX)] = SEARCH_PAGE_MAX,
    after: Cursor | None = None,
) -> Call[builtins.list[Record]]:
    """Search records, up to 10,000 results; :func:`search_all` has no such limit.

    The search index lags behind recent changes, so a record that is not found may exist.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param filter_groups: up to 5 groups of up to 6 filters, 18 in total; a record matches when it passes
        every filter of one group. A filter is a mapping of ``property_name``, ``operator`` and ``value``; IN
        and NOT_IN take ``values`` instead (lower case for text), BETWEEN also takes ``high_value``.
    :param query: text to find in the record's main properties.
    :param properties: properties to return.
    :param sort: property to sort by; a leading ``-`` sorts in descending order.
    :param limit: rows per page, 1-200.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when a filter is invalid, the search is too large, or *limit* is out of range.
    :raises InvalidRequest: while iterating, when there are more results than the limit.

    Source: ``POST /crm/{version}/objects/{objectType}/search``.
    """
    return search_call(
        "objects.search",
        _search(object_type),
        record_scopes(object_type, "read"),
        filter_groups,
        batch_read="objects.batch_read",
        query=query,
        properties=properties,
        sort=sort,
        limit=limit,
        after=after,
    )


@endpoint
def search_all(
    object_type: ObjectTypeName,
    filter_groups: Sequence[Sequence[Filter]] = (),
    *,
    query: Text | None = None,
    properties: Names = (),
) -> Call[builtins.list[Record]]:
    """Search records without a result limit, in the order of their record ids.

    Each page filters on record ids after the last one, so no record is skipped or returned twice when records
    are created, changed or archived meanwhile. That uses one filter of each group.

    :param object_type: ``companies``, ``deals``, ``tickets``, or a custom object such as ``2-123``.
    :param filter_groups: up to 5 groups of up to 5 filters, 18 in total including one more per group.
    :param query: text to find in the record's main properties.
    :param properties: properties to return.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when a filter is invalid, or the search is too large.
    :raises PlatformError: while iterating, when rows are not sorted by id, since some could be skipped.

    Source: ``POST /crm/{version}/objects/{objectType}/search``.
    """
    return search_all_call(
        "objects.search_all",
        _search(object_type),
        record_scopes(object_type, "read"),
        filter_groups,
        batch_read="objects.batch_read",
        query=query,
        properties=properties,
    )


def _one(method: str, object_type: str, record_id: str | int) -> Route:
    params = path_params(objectType=object_type, recordId=record_id)
    return Route(method, "objects", "/{objectType}/{recordId}", params)


def _batch(object_type: str, verb: str) -> Route:
    return Route("POST", "objects", f"/{{objectType}}/batch/{verb}", path_params(objectType=object_type))


def _search(object_type: str) -> Route:
    return Route("POST", "objects", "/{objectType}/search", path_params(objectType=object_type))


def _write(
    call: str, object_type: str, verb: str, inputs: Sequence[Mapping[str, Json]], replay: Replay
) -> Call[BatchResult]:
    return Call(
        call,
        _batch(object_type, verb),
        read_batch_of(inputs),
        replay,
        body=JsonBody(as_inputs(inputs)),
        scopes=record_scopes(object_type, "write"),
    )

"""Associations between records."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Annotated, TypedDict, cast

from pydantic import BaseModel, ConfigDict, Field

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    JsonBody,
    Replay,
    Route,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import BatchError, as_inputs, nothing
from airflow_provider_mkt.client.hubspot.objects._types import ObjectTypeName, record_scopes
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import (
    Check,
    NumericId,
    TextId,
    between,
    endpoint,
    id_text,
    item_list,
    items,
    one_of,
)
from airflow_provider_mkt.client.redaction import describe_type

READ_MAX, CREATE_MAX, ARCHIVE_MAX = 1_000, 2_000, 100
PAGE_MAX = 500
HUBSPOT_DEFINED, USER_DEFINED = "HUBSPOT_DEFINED", "USER_DEFINED"
CATEGORIES = (HUBSPOT_DEFINED, USER_DEFINED, "INTEGRATOR_DEFINED", "WORK")


class AssociationType(TypedDict):
    """How two records are associated; ``label`` is None for the default type."""

    typeId: int
    category: str
    label: str | None


class AssociatedRecord(TypedDict):
    toObjectId: str
    associationTypes: builtins.list[AssociationType]


class AssociationRow(BaseModel):
    """One result of a batch: which records are associated.

    :param labels: all labels of the two records, in this direction.
    """

    model_config = ConfigDict(extra="allow")

    from_id: str
    to_id: str
    labels: builtins.list[str] = Field(default_factory=builtins.list)


class AssociationResult(BaseModel):
    """A batch response. Pairs that could not be associated are in ``errors``."""

    results: builtins.list[AssociationRow] = Field(default_factory=builtins.list)
    errors: builtins.list[BatchError] = Field(default_factory=builtins.list)


class AssociatedRecords(BaseModel):
    """What one record is associated with.

    :param to: as :class:`AssociatedRecord`.
    :param after: cursor of more; None when these are all.
    """

    from_id: str
    to: builtins.list[JsonDict] = Field(default_factory=builtins.list)
    after: str | None = None


class AssociatedResult(BaseModel):
    """A batch response. Records without associations are in ``errors``."""

    results: builtins.list[AssociatedRecords] = Field(default_factory=builtins.list)
    errors: builtins.list[BatchError] = Field(default_factory=builtins.list)


def _pairs(field: str, pairs: Sequence[Sequence[object]]) -> builtins.list[tuple[str, str]]:
    checked: builtins.list[tuple[str, str]] = []
    for index, pair in enumerate(pairs):
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise InvalidInput(f"{field}[{index}]", f"must be a pair of ids, not {describe_type(pair)}")
        one, other = (id_text(f"{field}[{index}][{place}]", each) for place, each in enumerate(pair))
        checked.append((one, other))
    return checked


Pairs = Annotated[Sequence[Sequence[int | str]], items(CREATE_MAX), Check(_pairs)]
"""Pairs of record ids: from and to."""


@endpoint
def list(
    object_type: ObjectTypeName,
    record_id: TextId,
    to_object_type: ObjectTypeName,
    *,
    limit: Annotated[int, between(1, PAGE_MAX)] = PAGE_MAX,
    after: Cursor | None = None,
) -> Call[builtins.list[AssociatedRecord]]:
    """List the records of a type that a record is associated with.

    :param object_type: type of the record, e.g. ``companies``.
    :param record_id: its record id.
    :param to_object_type: type of the other records, e.g. ``contacts``.
    :param limit: rows per page, 1-500.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises NotFound: when the record does not exist.

    Source: ``GET /crm/{version}/objects/{objectType}/{recordId}/associations/{toObjectType}``.
    """
    params = path_params(objectType=object_type, recordId=record_id, toObjectType=to_object_type)
    tail = "/{objectType}/{recordId}/associations/{toObjectType}"
    return Call(
        "associations.list",
        Route("GET", "object_associations", tail, params),
        _associated,
        Replay.SAFE,
        query=query_pairs(limit=limit, after=after),
        follow=after_cursor,
        scopes=_scopes(object_type, to_object_type, "read"),
    )


@endpoint
def batch_read(
    from_object_type: ObjectTypeName,
    to_object_type: ObjectTypeName,
    ids: Annotated[Sequence[TextId], items(READ_MAX)],
) -> Call[AssociatedResult]:
    """Read what up to 1,000 records are associated with.

    :param from_object_type: type of the records, e.g. ``companies``.
    :param to_object_type: type of the other records, e.g. ``contacts``.
    :param ids: 1-1,000 record ids.
    :returns: a row of each record that has associations, and errors for the others. A row with ``after`` has
        more than HubSpot returns at once: read them by :func:`list`.

    Source: ``POST /crm/{version}/associations/{fromObjectType}/{toObjectType}/batch/read``.
    """
    return Call(
        "associations.batch_read",
        _between(from_object_type, to_object_type, "read"),
        _read_associated,
        Replay.SAFE,
        body=JsonBody(as_inputs([{"id": record_id} for record_id in ids])),
        scopes=_scopes(from_object_type, to_object_type, "read"),
    )


@endpoint
def batch_create(
    from_object_type: ObjectTypeName,
    to_object_type: ObjectTypeName,
    pairs: Pairs,
    *,
    type_id: NumericId,
    category: Annotated[str, one_of(*CATEGORIES)] = USER_DEFINED,
) -> Call[AssociationResult]:
    """Associate up to 2,000 pairs of records with a label. Repeating it changes nothing more.

    :param from_object_type: type of the first records, e.g. ``contacts``.
    :param to_object_type: type of the second records, e.g. ``companies``.
    :param pairs: 1-2,000 pairs of record ids, from and to.
    :param type_id: the association type in this direction, from ``association_labels.list``.
    :param category: ``USER_DEFINED`` for labels of the account, ``HUBSPOT_DEFINED`` for HubSpot's own, such
        as the primary company of a contact.
    :returns: the pairs that are associated, and the errors of the others.
    :raises InvalidRequest: when there is no such type between the object types.

    Source: ``POST /crm/{version}/associations/{fromObjectType}/{toObjectType}/batch/create``.
    """
    types: Json = [{"associationCategory": category, "associationTypeId": type_id}]
    return Call(
        "associations.batch_create",
        _between(from_object_type, to_object_type, "create"),
        _read_created,
        Replay.SAFE,
        body=JsonBody(as_inputs([{**_pair(pair), "types": types} for pair in pairs])),
        scopes=_scopes(from_object_type, to_object_type, "write"),
    )


@endpoint
def batch_create_default(
    from_object_type: ObjectTypeName, to_object_type: ObjectTypeName, pairs: Pairs
) -> Call[AssociationResult]:
    """Associate up to 2,000 pairs of records without a label. Repeating it changes nothing more.

    :param from_object_type: type of the first records, e.g. ``contacts``.
    :param to_object_type: type of the second records, e.g. ``companies``.
    :param pairs: 1-2,000 pairs of record ids, from and to.
    :returns: the pairs that are associated, in both directions, and the errors of the others.

    Source: ``POST /crm/{version}/associations/{fromObjectType}/{toObjectType}/batch/associate/default``.
    """
    return Call(
        "associations.batch_create_default",
        _between(from_object_type, to_object_type, "associate/default"),
        _read_created,
        Replay.SAFE,
        body=JsonBody(as_inputs([_pair(pair) for pair in pairs])),
        scopes=_scopes(from_object_type, to_object_type, "write"),
    )


@endpoint
def batch_archive(
    from_object_type: ObjectTypeName,
    to_object_type: ObjectTypeName,
    pairs: Pairs,
) -> Call[None]:
    """Remove every association of pairs of records. Pairs that have none are ignored.

    :param from_object_type: type of the first records, e.g. ``contacts``.
    :param to_object_type: type of the second records, e.g. ``companies``.
    :param pairs: pairs of record ids, from and to, with at most 100 different first records.
    :raises InvalidInput: when there are more first records.

    Source: ``POST /crm/{version}/associations/{fromObjectType}/{toObjectType}/batch/archive``.
    """
    targets: dict[str, builtins.list[Json]] = {}
    for one, other in pairs:
        targets.setdefault(str(one), []).append({"id": str(other)})
    item_list("pairs", builtins.list(targets), at_most=ARCHIVE_MAX)
    inputs: builtins.list[dict[str, Json]] = [
        {"from": {"id": one}, "to": others} for one, others in targets.items()
    ]
    return Call(
        "associations.batch_archive",
        _between(from_object_type, to_object_type, "archive"),
        nothing,
        Replay.SAFE,
        body=JsonBody(as_inputs(inputs)),
        scopes=_scopes(from_object_type, to_object_type, "write"),
    )


@endpoint
def batch_archive_labels(
    from_object_type: ObjectTypeName,
    to_object_type: ObjectTypeName,
    pairs: Pairs,
    *,
    type_id: NumericId,
    category: Annotated[str, one_of(*CATEGORIES)] = USER_DEFINED,
) -> Call[None]:
    """Remove one label of pairs of records. They stay associated.

    :param from_object_type: type of the first records, e.g. ``contacts``.
    :param to_object_type: type of the second records, e.g. ``companies``.
    :param pairs: 1-2,000 pairs of record ids, from and to. HubSpot does not document the maximum.
    :param type_id: the association type in this direction, from ``association_labels.list``.
    :param category: ``USER_DEFINED`` for labels of the account, ``HUBSPOT_DEFINED`` for HubSpot's own.

    Source: ``POST /crm/{version}/associations/{fromObjectType}/{toObjectType}/batch/labels/archive``.
    """
    types: Json = [{"associationCategory": category, "associationTypeId": type_id}]
    return Call(
        "associations.batch_archive_labels",
        _between(from_object_type, to_object_type, "labels/archive"),
        nothing,
        Replay.SAFE,
        body=JsonBody(as_inputs([{**_pair(pair), "types": types} for pair in pairs])),
        scopes=_scopes(from_object_type, to_object_type, "write"),
    )


def _between(from_object_type: str, to_object_type: str, verb: str) -> Route:
    params = path_params(fromObjectType=from_object_type, toObjectType=to_object_type)
    return Route("POST", "associations", f"/{{fromObjectType}}/{{toObjectType}}/batch/{verb}", params)


def _scopes(one: str, other: str, access: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*record_scopes(one, access), *record_scopes(other, access))))


def _pair(pair: Sequence[int | str]) -> dict[str, Json]:
    return {"from": {"id": str(pair[0])}, "to": {"id": str(pair[1])}}


def _associated(envelope: Envelope) -> builtins.list[AssociatedRecord]:
    return cast("builtins.list[AssociatedRecord]", envelope["results"])


def _read_associated(envelope: Envelope) -> AssociatedResult:
    rows = [
        {
            "from_id": str(row["from"]["id"]),
            "to": row["to"],
            "after": ((row.get("paging") or {}).get("next") or {}).get("after"),
        }
        for row in _complete(envelope)
    ]
    return AssociatedResult.model_validate({"results": rows, "errors": envelope.get("errors") or []})


def _read_created(envelope: Envelope) -> AssociationResult:
    rows = [
        {
            # With a label, the ids have other names than without one.
            "from_id": str(row["fromObjectId"] if "fromObjectId" in row else row["from"]["id"]),
            "to_id": str(row["toObjectId"] if "toObjectId" in row else row["to"]["id"]),
            "labels": row.get("labels") or [],
        }
        for row in _complete(envelope)
    ]
    return AssociationResult.model_validate({"results": rows, "errors": envelope.get("errors") or []})


def _complete(envelope: Envelope) -> builtins.list[JsonDict]:
    if envelope["status"] != "COMPLETE":
        msg = f"batch status {envelope['status']}"
        raise ValueError(msg)
    return cast("builtins.list[JsonDict]", envelope["results"])

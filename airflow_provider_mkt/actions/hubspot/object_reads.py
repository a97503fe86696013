"""Read records of any object type for an export: all of them, those that changed, members of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from airflow_provider_mkt.actions.hubspot.association_reads import check_associations, column_of
from airflow_provider_mkt.actions.jobs import chunked
from airflow_provider_mkt.actions.leads import similar_to
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.reading import Reading, ReadRow, Span
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, NotFound, PermissionDenied
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.lists import list_memberships, lists
from airflow_provider_mkt.client.hubspot.objects import objects
from airflow_provider_mkt.client.hubspot.objects._records import HISTORY_MAX
from airflow_provider_mkt.client.hubspot.objects._types import plural
from airflow_provider_mkt.client.hubspot.properties import properties
from airflow_provider_mkt.client.hubspot.values import moment

MERGED_IDS = "hs_merged_object_ids"
"""The property of a record that lists the ids of those that were merged into it."""

_WIDE = 2_400
"""Characters of names of properties that fit into a search, which takes 3,000, and into an address."""

_TYPES = {"bool": "boolean", "date": "date", "datetime": "datetime", "number": "float"}
_IDS = ("associatedcompanyid", "hs_object_id")
"""Numbers that are ids: whole, and too large for a float."""
_ROW: Mapping[str, str] = {"id": "", "createdAt": "datetime", "updatedAt": "datetime"}
_DELETED: Mapping[str, str] = {"archived": "boolean", "archivedAt": "datetime", "mergedInto": ""}
GONE: Mapping[str, str] = {"id": "", "deletedAt": "datetime", "mergedInto": ""}
"""The columns of records that were deleted or merged, with their types."""
_MEMBER: Mapping[str, str] = {"id": "", "membershipTimestamp": "datetime"}


@dataclass(frozen=True)
class RecordColumns:
    """What is read of each record.

    :param names: properties.
    :param history: properties that are read with their history.
    :param deleted: whether deleted and merged records are read too.
    :param associations: types of associated records that have a column.
    """

    names: Sequence[str]
    history: Sequence[str] = ()
    deleted: bool = False
    associations: Sequence[str] = ()
    types: Mapping[str, str] = field(default_factory=dict)

    def table(self, first: Mapping[str, str] = _ROW) -> dict[str, str]:
        """Return all columns of the file with their types."""
        return {
            **first,
            **(_DELETED if self.deleted else {}),
            **{name: self.types.get(name, "") for name in self.names},
            **{f"{name}_history": "json" for name in self.history},
            **{column_of(other): "json" for other in self.associations},
        }

    @property
    def wide(self) -> bool:
        """Whether the names are too long for a query, so that a batch reads the values."""
        return bool(self.history) or len(",".join(self.names)) > _WIDE

    @property
    def read(self) -> list[str]:
        """The properties that are requested."""
        return [*dict.fromkeys((*self.names, *((MERGED_IDS,) if self.deleted else ())))]


def record_columns(
    object_type: str,
    names: Sequence[str],
    history: Sequence[str],
    *,
    deleted: bool,
    associations: Sequence[str] = (),
    parameter: str = "properties",
) -> Procedure[RecordColumns]:
    """Read the types of properties. Three calls, and one for each type of associated records.

    :param names: properties; all that the account has when empty.
    :param associations: types of associated records.
    :param parameter: of the operator, which has the names.
    :raises InvalidInput: naming an object type or a property that does not exist.
    """
    types: dict[str, str] = {}
    for sensitivity in properties.SENSITIVITIES:
        try:
            listed: list[properties.Property] = yield properties.list(
                object_type, data_sensitivity=sensitivity
            )
        except (InvalidRequest, PermissionDenied) as refused:
            # Accounts without sensitive data may have no such list, and who must not read it gets no values.
            if types:
                continue
            if isinstance(refused, InvalidRequest):
                raise InvalidInput("object_type", f"is {object_type}: {refused}") from refused
            raise
        types.update({one["name"]: _type_of(one) for one in listed})
    for given, wanted in ((parameter, names), ("properties_with_history", history)):
        for name in wanted:
            if name not in types:
                problem = f"{name!r} is no property of {object_type}{similar_to(name, types)}"
                raise InvalidInput(given, problem)
    yield from check_associations(object_type, associations)
    return RecordColumns([*names] or sorted(types), [*history], deleted, [*associations], types)


def record_readings(object_type: str, columns: RecordColumns, span: Span | None) -> list[Reading]:
    """Return what reads the records of an object type.

    :param span: the range of the last change; None for all records.
    """
    live = _changed(object_type, columns, span) if span else _listed(object_type, columns)
    return [live, _archived(object_type, columns, span)] if columns.deleted else [live]


def member_columns(columns: RecordColumns) -> dict[str, str]:
    """Return the columns of a file of list members with their types."""
    return columns.table(_MEMBER)


def object_type_of_list(list_id: str) -> Procedure[str]:
    """Read the object type of a list's members.

    :raises InvalidInput: when there is no such list.
    """
    try:
        found: Mapping[str, Any] = yield lists.get(list_id)
    except NotFound:
        raise InvalidInput("list_id", f"is {list_id}, which is no list of the account") from None
    return str(found["objectTypeId"])


def member_reading(list_id: str, object_type: str, columns: RecordColumns, span: Span | None) -> Reading:
    """Return what reads the members of a list, in the order in which they joined.

    :param span: the range of the time at which they joined; None for all.
    """

    def rows(page: Sequence[list_memberships.Member]) -> Procedure[Sequence[ReadRow]]:
        joined = {str(one["recordId"]): one["membershipTimestamp"] for one in page}
        if span is not None:
            joined = {one: at for one, at in joined.items() if span.start <= moment(at) < span.end}
        values: dict[str, Mapping[str, object]] = {}
        if columns.names or columns.history:
            found = yield from _read(object_type, [*joined], columns)
            values = {str(one["id"]): _values(one, columns) for one in found}
        return [
            ReadRow({"id": one, "membershipTimestamp": at, **values.get(one, {})}, moment(at), f"{one}@{at}")
            for one, at in joined.items()
        ]

    return Reading(list_memberships.by_join_time(list_id), rows)


def gone_readings(object_type: str, span: Span | None, *, merged: bool) -> list[Reading]:
    """Return what reads which records were deleted.

    :param span: the range of the deletion; of the winner's last change where a record was merged.
    :param merged: also read the records that were merged into others.
    """

    def deleted(row: Mapping[str, Any]) -> Iterator[ReadRow]:
        archived_at = str(row.get("archivedAt") or row["updatedAt"])
        at = moment(archived_at)
        if span is None or span.start <= at < span.end:
            values = {"id": str(row["id"]), "deletedAt": archived_at}
            yield ReadRow(values, at, f"{row['id']} archived {archived_at}")

    def losers(row: Mapping[str, Any]) -> Iterator[ReadRow]:
        # When they were merged is not in a record: it has changed then, or later.
        for loser in merged_into(row):
            values = {"id": loser, "mergedInto": str(row["id"])}
            yield ReadRow(values, moment(str(row["updatedAt"])), f"{loser} merged into {row['id']}")

    # HubSpot keeps deleted records for 90 days, and cannot filter them by time.
    readings = [Reading(objects.list(object_type, archived=True), _rows_of(deleted))]
    if merged:
        has_losers: objects.Filter = {"property_name": MERGED_IDS, "operator": "HAS_PROPERTY"}
        groups = changed_in(object_type, span) if span else [[]]
        wanted = [[has_losers, *filters] for filters in groups]
        shown = [change_property(object_type), MERGED_IDS]
        found = objects.search_all(object_type, wanted, properties=shown)
        readings.append(Reading(found, _rows_of(losers)))
    return readings


# -- kinds of readings ---------------------------------------------------------------------------------


def _listed(object_type: str, columns: RecordColumns) -> Reading:
    """Read all records, in the order of their ids, as they are now."""
    if columns.wide:
        return Reading(objects.list(object_type), _values_by_batch(object_type, columns, _ids))
    return Reading(
        objects.list(object_type, properties=columns.read), _rows_of(lambda row: _live(row, columns))
    )


def _changed(object_type: str, columns: RecordColumns, span: Span) -> Reading:
    """Read the records that changed in a range, in the order of their ids, as the search index has them."""
    changed, wanted = change_property(object_type), changed_in(object_type, span)
    if columns.wide:
        # The index may be behind, so that a record's values are newer than what it was found by.
        found = objects.search_all(object_type, wanted, properties=[changed])
        return Reading(found, _values_by_batch(object_type, columns, _ids))
    found = objects.search_all(object_type, wanted, properties=[*dict.fromkeys([changed, *columns.read])])
    return Reading(found, _rows_of(lambda row: _live(row, columns)))


def _archived(object_type: str, columns: RecordColumns, span: Span | None) -> Reading:
    """Read the deleted records, which HubSpot keeps for 90 days. It cannot filter them by time."""

    def rows(row: Mapping[str, Any]) -> Iterator[ReadRow]:
        archived_at = str(row.get("archivedAt") or row["updatedAt"])
        at = moment(archived_at)
        if span is None or span.start <= at < span.end:
            values = {**_values(row, columns), "archived": True, "archivedAt": archived_at}
            # The search of live records may be further behind.
            yield ReadRow(values, at, f"{row['id']} archived {archived_at}", moves_watermark=False)

    # History is that of live records: half of the page size would double the calls of the scan.
    narrow = replace(columns, history=())
    read = () if narrow.wide else narrow.read
    return Reading(objects.list(object_type, properties=read, archived=True), _rows_of(rows))


def changed_in(object_type: str, span: Span) -> list[list[objects.Filter]]:
    """Return the filters of the records whose last change is in a range."""
    changed = change_property(object_type)
    return [
        [
            {"property_name": changed, "operator": "GTE", "value": _milliseconds(span.start)},
            {"property_name": changed, "operator": "LT", "value": _milliseconds(span.end)},
        ]
    ]


def changed_since(object_type: str, since: datetime) -> list[objects.Filter]:
    """Return the filter of the records whose last change is not before a time."""
    changed = change_property(object_type)
    return [{"property_name": changed, "operator": "GTE", "value": _milliseconds(since)}]


def change_property(object_type: str) -> str:
    """Return the property that holds the time of a record's last change."""
    return "lastmodifieddate" if plural(object_type) == "contacts" else "hs_lastmodifieddate"


# -- rows ----------------------------------------------------------------------------------------------


def _rows_of(
    make: Callable[[Mapping[str, Any]], Iterator[ReadRow]],
) -> Callable[[Sequence[Any]], Procedure[Sequence[ReadRow]]]:
    def rows(page: Sequence[Any]) -> Procedure[Sequence[ReadRow]]:
        yield from ()
        return [row for item in page for row in make(item)]

    return rows


def _ids(page: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(row["id"]) for row in page]


def _values_by_batch(
    object_type: str, columns: RecordColumns, ids_of: Callable[[Sequence[Any]], list[str]]
) -> Callable[[Sequence[Any]], Procedure[Sequence[ReadRow]]]:
    def rows(page: Sequence[Any]) -> Procedure[Sequence[ReadRow]]:
        found = yield from _read(object_type, ids_of(page), columns)
        return [row for one in found for row in _live(one, columns)]

    return rows


def _read(
    object_type: str, ids: Sequence[str], columns: RecordColumns
) -> Procedure[Sequence[Mapping[str, Any]]]:
    """Read records by id. One that was deleted since is not among them."""
    found: list[Mapping[str, Any]] = []
    for batch in chunked(ids, HISTORY_MAX if columns.history else objects.BATCH_MAX):
        answer: BatchResult = yield objects.batch_read(
            object_type, batch, properties=columns.read, properties_with_history=columns.history
        )
        found += [row.model_dump() for row in answer.results]
    by_id = {str(row["id"]): row for row in found}
    return [by_id[one] for one in ids if one in by_id]


def _live(row: Mapping[str, Any], columns: RecordColumns) -> Iterator[ReadRow]:
    """Yield the row of a record, and those of the records that were merged into it."""
    changed = str(row["updatedAt"])
    at, values = moment(changed), _values(row, columns)
    if columns.deleted:
        values["archived"] = False
        for merged in merged_into(row):
            loser = {"id": merged, "updatedAt": changed, "archived": True, "mergedInto": row["id"]}
            yield ReadRow(loser, at, f"{merged} merged into {row['id']}")
    yield ReadRow(values, at, f"{row['id']}@{changed}")


def merged_into(row: Mapping[str, Any]) -> list[str]:
    """Return the ids of the records that were merged into a record."""
    ids = str(row["properties"].get(MERGED_IDS) or "").split(";")
    return [one.strip() for one in ids if one.strip()]


def _values(row: Mapping[str, Any], columns: RecordColumns) -> dict[str, object]:
    held, past = row["properties"], row.get("propertiesWithHistory") or {}
    return {
        "id": str(row["id"]),
        "createdAt": row.get("createdAt"),
        "updatedAt": row.get("updatedAt"),
        **{name: held.get(name) for name in columns.names},
        **{f"{name}_history": past.get(name) for name in columns.history},
    }


def _type_of(one: properties.Property) -> str:
    if one["name"] in _IDS:
        return "integer"
    return _TYPES.get(one["type"], "")


def _milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))

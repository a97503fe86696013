"""Read deleted leads, and members of static lists, for exports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from airflow_provider_mkt.actions.leads import similar_to
from airflow_provider_mkt.actions.marketo.exports import lead_types
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.reading import (
    ColumnTypes,
    Reading,
    ReadRow,
    Span,
    rows_of_items,
    rows_of_some,
)
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.lists import lead_memberships, lists
from airflow_provider_mkt.client.marketo.rows import Activity
from airflow_provider_mkt.client.marketo.values import moment

MERGE_LEADS = 32
_MERGED_IDS = "Merge IDs"
_DELETED: ColumnTypes = {
    "id": "integer",
    "deletedAt": "datetime",
    "mergedInto": "integer",
    "marketoGUID": "",
}
_DEFAULT_FIELDS = ("id", "email", "firstName", "lastName", "createdAt", "updatedAt")
_TYPES = {"score": "integer", "currency": "float", "percent": "float"}
_COLUMN_TYPES = frozenset({"integer", "float", "boolean", "date", "datetime"})


class MarketoLeadReads:
    """Reads of leads page by page."""

    def deleted_columns(self) -> ColumnTypes:
        return _DELETED

    def deleted_readings(self, span: Span | None, *, merged: bool) -> Procedure[Sequence[Reading]]:
        if span is None:
            raise InvalidInput("start", "is missing: Marketo lists deleted leads by the time of the deletion")
        # Dates of activities are whole seconds, as those of the export jobs' ranges are.
        whole = Span(*(at.replace(microsecond=0) for at in span))
        token: str = yield activities.paging_token(whole.start)

        def deleted(row: Activity) -> list[ReadRow]:
            return _gone(row, [row["leadId"]], None, whole)

        def losers(row: Activity) -> list[ReadRow]:
            return _gone(row, merged_ids(row), row["leadId"], whole)

        # A token is a place in the log, and each try has another one for its first page.
        since = whole.start.isoformat()
        readings = [Reading(activities.deleted_leads(token), rows_of_some(deleted), about=since)]
        if merged:
            merges = activities.read(token, activity_type_ids=[MERGE_LEADS])
            readings.append(Reading(merges, rows_of_some(losers), about=since))
        return readings

    def member_columns(self, list_id: str, fields: Sequence[str]) -> Procedure[ColumnTypes]:
        try:
            yield lists.get(list_id)
        except NotFound:
            raise InvalidInput("list_id", f"is {list_id}, which is no list of the account") from None
        types = yield from lead_types()
        for name in fields:
            if name not in types:
                raise InvalidInput("fields", f"{name!r} is not a field of leads{similar_to(name, types)}")
        return {name: _column_type(types.get(name, "")) for name in ("id", *(fields or _DEFAULT_FIELDS))}

    def member_readings(
        self, list_id: str, fields: Sequence[str], span: Span | None
    ) -> Procedure[Sequence[Reading]]:
        yield from ()
        if span is not None:
            raise InvalidInput("start", "is not possible: Marketo does not say when a lead joined a list")
        names = [*dict.fromkeys(("id", *(fields or _DEFAULT_FIELDS)))]

        def member(row: JsonDict) -> ReadRow:
            return ReadRow({name: row.get(name) for name in names}, mark=str(row["id"]))

        # The order of the pages is not documented.
        call = lead_memberships.leads_of_list(list_id, fields=names)
        return [Reading(call, rows_of_items(member), key="id")]


def _gone(row: Activity, ids: Sequence[object], winner: object, span: Span) -> list[ReadRow]:
    """Return the rows of leads that an activity says are gone; none when it was outside the range."""
    at = _date(row)
    if not span.start <= at < span.end:
        return []
    guid = str(row["marketoGUID"])
    return [
        ReadRow(
            {"id": one, "deletedAt": row["activityDate"], "mergedInto": winner, "marketoGUID": guid},
            at,
            f"{guid} {one}",
        )
        for one in ids
    ]


def _date(row: Mapping[str, object]) -> datetime:
    found = moment(row.get("activityDate"))
    if found is None:
        msg = "an activity has no date"
        raise ValueError(msg)
    return found.astimezone(UTC)


def merged_ids(row: Activity) -> list[int]:
    """Return the ids of the leads that were merged into another one.

    The form of the value is not documented: every number in it is an id.
    """
    values = [one.get("value") for one in row.get("attributes", ()) if one.get("name") == _MERGED_IDS]
    return [int(number) for value in values for number in re.findall(r"[0-9]+", str(value))]


def _column_type(kind: str) -> str:
    kind = _TYPES.get(kind, kind)
    return kind if kind in _COLUMN_TYPES else ""

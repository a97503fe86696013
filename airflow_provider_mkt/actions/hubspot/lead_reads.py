"""Read deleted contacts, and members of lists, for exports."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.actions.hubspot.object_reads import (
    GONE,
    RecordColumns,
    gone_readings,
    member_columns,
    member_reading,
    object_type_of_list,
    record_columns,
)
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span


class HubSpotLeadReads:
    """Reads of contacts page by page."""

    def deleted_columns(self) -> ColumnTypes:
        return GONE

    def deleted_readings(self, span: Span | None, *, merged: bool) -> Procedure[Sequence[Reading]]:
        yield from ()
        return gone_readings("contacts", span, merged=merged)

    def member_columns(self, list_id: str, fields: Sequence[str]) -> Procedure[ColumnTypes]:
        columns = yield from _columns((yield from object_type_of_list(list_id)), fields)
        return member_columns(columns)

    def member_readings(
        self, list_id: str, fields: Sequence[str], span: Span | None
    ) -> Procedure[Sequence[Reading]]:
        object_type = yield from object_type_of_list(list_id)
        columns = yield from _columns(object_type, fields)
        return [member_reading(list_id, object_type, columns, span)]


def _columns(object_type: str, fields: Sequence[str]) -> Procedure[RecordColumns]:
    if not fields:
        return RecordColumns(())
    return (yield from record_columns(object_type, fields, (), deleted=False, parameter="fields"))

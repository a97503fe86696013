"""The operator that exports the members of a list to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.operators._parameters import optional_names, required_id
from airflow_provider_mkt.operators._read_export import ReadExportOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


class ExportListMembersOperator(ReadExportOperator):
    """Export the members of a list to a file, on either platform.

    HubSpot: lists of any object type, static or by filters, in the order in which the members joined, 250 in
    a call; with ``fields`` there is one call more for 100 members.

    Marketo: static lists, 300 in a call. Where that is too many calls, and for smart lists,
    ``ExportLeadsOperator`` takes ``static_list_id`` or ``smart_list_id``: one job, which waits in the
    platform's queue.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param output_path: the file to write, on any object storage. Its ending says the format: ``.csv``,
        ``.tsv``, ``.ssv`` or ``.txt`` for a table, ``.jsonl``, or ``.parquet``, the last two with types and
        nulls; ``.gz`` or ``.zst`` after it compresses the file. Parquet and ``.zst`` need the extra
        ``files``. Other endings are refused. With ``{window}`` in it, one file per window of at most
        31 days, named by its start, such as ``20250101T000000Z``.
    :param list_id: id of the list.
    :param fields: properties (HubSpot) or REST names of fields (Marketo) of the members, beside ``id`` and,
        on HubSpot, ``membershipTimestamp``. When not given, none on HubSpot; on Marketo ``email``,
        ``firstName``, ``lastName``, ``createdAt`` and ``updatedAt``.
    :param start: the first moment of a range of the time at which members joined: an aware datetime or ISO
        8601 text with offset. HubSpot only; all members are exported when not given.
    :param end: the first moment after the range.
    :param since: ``last`` to begin where the run before this one ended, and to leave out what earlier runs
        have exported. The first run begins at *start*, or exports all there is. *end* is the moment when a
        run begins, unless it is given.
    :param variable: name of the Airflow Variable that keeps where that was; made of the ids of DAG and task
        when not given.
    :param overlap: seconds before the newest row of earlier runs that are read again with *since*, for rows
        that the platform shows late; 900 when not given.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``. A file that an earlier try
        of the task wrote is replaced in any case.
    :returns: :class:`.ExportOutcome`: ``kind``, ``output_path``, ``rows``, ``bytes``, ``sha256``, ``windows``
        and ``seconds`` since the first try started. With one file per window, ``files`` has path, rows, bytes
        and SHA-256 of each, and ``sha256`` is None.
    :raises AirflowFailException: when there is no such list, or the platform rejects a call.

    Source: ``GET /crm/{version}/lists/{listId}/memberships/join-order`` of HubSpot,
    ``GET /rest/v1/list/{listId}/leads.json`` of Marketo.
    """

    kind = "list_members"
    targets = (Target("list", "list_id", "input"), Target(RESULTS, "output_path", "output"))
    template_fields: Sequence[str] = (*ReadExportOperator.read_fields, "list_id", "fields")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"list_id": required_id, "fields": optional_names}

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        list_id: str | int,
        fields: Sequence[str] | str | None = None,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        since: str | None = None,
        variable: str | None = None,
        overlap: float | str | None = None,
        if_exists: str = "replace",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            output_path=output_path,
            start=start,
            end=end,
            if_exists=if_exists,
            **kwargs,
        )
        self.since = since
        self.variable = variable
        self.overlap = overlap
        self.list_id = list_id
        self.fields = fields

    def rows_of_watermark(self) -> str:
        return f"members of list {required_id('list_id', self.list_id)}"

    def columns(self) -> Procedure[ColumnTypes]:
        return self.hook.lead_reads.member_columns(
            required_id("list_id", self.list_id), optional_names("fields", self.fields)
        )

    def readings(self, span: Span | None) -> Procedure[Sequence[Reading]]:
        return self.hook.lead_reads.member_readings(
            required_id("list_id", self.list_id), optional_names("fields", self.fields), span
        )

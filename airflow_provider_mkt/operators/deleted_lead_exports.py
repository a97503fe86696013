"""The operator that exports which leads were deleted or merged, to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.operators._parameters import to_bool
from airflow_provider_mkt.operators._read_export import ReadExportOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


class ExportDeletedLeadsOperator(ReadExportOperator):
    """Export which leads were deleted, or merged into others, on either platform.

    Exports of leads lack those that are gone: this file has their ids, to delete them elsewhere too. Its
    columns are ``id``, ``deletedAt`` and ``mergedInto``, the id of the lead that another was merged into;
    empty where it was deleted. On Marketo there is also the ``marketoGUID`` of the activity, which identifies
    a row together with ``id``.

    Marketo may keep deletions for 14 days only. HubSpot keeps deleted contacts for 90 days, and lists all of
    them, 100 in a call, whatever the range is; it does not say when contacts were merged, so ``deletedAt`` is
    empty there, and a range has those whose winner last changed in it.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param output_path: the file to write, on any object storage. Its ending says the format: ``.csv``,
        ``.tsv``, ``.ssv`` or ``.txt`` for a table, ``.jsonl``, or ``.parquet``, the last two with types and
        nulls; ``.gz`` or ``.zst`` after it compresses the file. Parquet and ``.zst`` need the extra
        ``files``. Other endings are refused. With ``{window}`` in it, one file per window of at most
        31 days, named by its start, such as ``20250101T000000Z``.
    :param include_merged: also the leads that were merged into others. On Marketo this reads the activities
        of type 32, for which the platform goes through the log of the range, in several calls.
    :param start: the first moment of the range: an aware datetime or ISO 8601 text with offset. Marketo needs
        one.
    :param end: the first moment after the range.
    :param since: ``last`` to begin where the run before this one ended, and to leave out what earlier runs
        have exported. The first run begins at *start*, or exports all there is. *end* is the moment when a
        run begins, unless it is given.
    :param variable: name of the Airflow Variable that keeps where that was; made of the ids of DAG and task
        when not given.
    :param overlap: seconds before the newest row of earlier runs that are read again with *since*, for rows
        that the platform shows late; 7,200 when not given. Marketo documents no limit.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``. A file that an earlier try
        of the task wrote is replaced in any case.
    :returns: :class:`.ExportOutcome`: ``kind``, ``output_path``, ``rows``, ``bytes``, ``sha256``, ``windows``
        and ``seconds`` since the first try started. With one file per window, ``files`` has path, rows, bytes
        and SHA-256 of each, and ``sha256`` is None.
    :raises AirflowFailException: when the platform rejects a call.

    Source: ``GET /rest/v1/activities/deletedleads.json`` and ``GET /rest/v1/activities.json`` of Marketo,
    ``GET /crm/{version}/objects/contacts`` and ``POST /crm/{version}/objects/contacts/search`` of HubSpot.
    """

    kind = "deleted_leads"
    # As activities, which Marketo logs after their date.
    late = 2 * 3600.0
    targets = (Target("leads", "", "input"), Target(RESULTS, "output_path", "output"))
    template_fields: Sequence[str] = (*ReadExportOperator.read_fields, "include_merged")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"include_merged": to_bool}

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        include_merged: bool | str = True,
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
        self.include_merged = include_merged

    def columns(self) -> Procedure[ColumnTypes]:
        yield from ()
        return self.hook.lead_reads.deleted_columns()

    def readings(self, span: Span | None) -> Procedure[Sequence[Reading]]:
        return self.hook.lead_reads.deleted_readings(
            span, merged=to_bool("include_merged", self.include_merged)
        )

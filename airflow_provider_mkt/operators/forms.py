"""Operators that export the submissions of HubSpot's forms to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.operators._parameters import optional_keys, optional_names
from airflow_provider_mkt.operators._read_export import ReadExportOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span
    from airflow_provider_mkt.client.hubspot.forms.forms import Form
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


def _fields(name: str, value: object) -> list[str]:
    """Return fields of forms that get a column each.

    :raises InvalidInput: naming one that cannot have one.
    """
    fields = optional_names(name, value)
    if fields:
        from airflow_provider_mkt.actions.hubspot.form_reads import columns

        columns(fields)
    return fields


class ExportFormSubmissionsOperator(ReadExportOperator):
    """Export who filled out HubSpot's forms, and with what, to a file: one row per submission.

    HubSpot lists submissions from the newest, 50 a call, and cannot filter them by time. With a range,
    reading stops at the first page that is before it. A submission counts at ``submittedAt``, which who
    submits may set up to a month back.

    :param conn_id: a connection of type ``hubspot``, with the scope ``forms``.
    :param output_path: the file to write, on any object storage, or a path with ``{window}`` in it. Its
        ending says the format.
    :param form_ids: only these forms, which may be archived; all that are not archived when empty.
    :param fields: names of fields that get a column each. The column ``values`` has all, as JSON.
    :param start: the first moment of the range: an aware datetime or ISO 8601 text with offset. Without a
        range, all submissions that HubSpot still has.
    :param end: the first moment after the range.
    :param since: ``last`` to begin where the run before this one ended, and to leave out what earlier runs
        have exported. The first run begins at *start*, or exports all there is. *end* is the moment when a
        run begins, unless it is given.
    :param variable: name of the Airflow Variable that keeps where that was; made of the ids of DAG and task
        when not given.
    :param overlap: seconds before the newest row of earlier runs that are read again with *since*, for rows
        that the platform shows late; 86,400 when not given.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``.
    :returns: :class:`.ExportOutcome`.
    :raises AirflowFailException: on an unknown form, before any submission is read.

    Source: ``GET /form-integrations/v1/submissions/forms/{formId}``, ``GET /marketing/v3/forms`` and
    ``GET /marketing/v3/forms/{formId}``.
    """

    kind = "form_submissions"
    platform = "hubspot"
    # Who submits may date back by a month.
    late = 24 * 3600.0
    targets = (Target("form_submissions", "", "input"), Target(RESULTS, "output_path", "output"))
    template_fields: Sequence[str] = (*ReadExportOperator.read_fields, "form_ids", "fields")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"form_ids": optional_keys, "fields": _fields}

    _forms: Sequence[Form] | None = None

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        form_ids: Sequence[str] | str = (),
        fields: Sequence[str] | str = (),
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
        self.form_ids = form_ids
        self.fields = fields

    def columns(self) -> Procedure[ColumnTypes]:
        from airflow_provider_mkt.actions.hubspot.form_reads import columns, forms_of

        types = columns(self._fields())
        self._forms = yield from forms_of(optional_keys("form_ids", self.form_ids))
        return types

    def readings(self, span: Span | None) -> Procedure[Sequence[Reading]]:
        from airflow_provider_mkt.actions.hubspot.form_reads import forms_of, submission_reading

        forms = self._forms
        if forms is None:
            forms = yield from forms_of(optional_keys("form_ids", self.form_ids))
        return [submission_reading(form, self._fields(), span) for form in forms]

    def _fields(self) -> list[str]:
        return _fields("fields", self.fields)

"""Operators that import files of leads in bulk."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import REJECTS, RESULTS, SOURCE, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.wording import counted, part_of, was_or_were
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import CancellableOperator, push_outcome
from airflow_provider_mkt.operators._bulk_import import BulkImportTask, WaitOptions
from airflow_provider_mkt.operators._files import as_lines_path, as_path, result_path, whole_lines
from airflow_provider_mkt.operators._finished import FinishedTry
from airflow_provider_mkt.operators._lead_source import ImportFile
from airflow_provider_mkt.operators._parameters import RejectThreshold, as_list, as_mapping, optional_str
from airflow_provider_mkt.sync.rows import NULL_VALUES
from airflow_provider_mkt.version_compat import AirflowFailException, conf

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadImporter
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import ParseCheck
    from airflow_provider_mkt.sync.bulk_report import ImportOutcome
    from airflow_provider_mkt.sync.files import Format


_ABOUT = (
    "source",
    "source_format",
    "columns",
    "constants",
    "null_values",
    "action",
    "lookup_field",
    "list_id",
    "partition_name",
    "program_id",
    "program_status",
    "date_format",
    "time_zone",
    "marketable_contacts",
    "create_list",
)
"""The parameters that make an import another one."""


class ImportLeadsOperator(CancellableOperator):
    """Import leads from a file of any size by the platform's bulk import, and report the result of each row.

    The file is cut into parts of the platform's size, several of which are imported at once. Of rows with
    one key the last one is sent. A row that cannot be sent, or that the platform refuses, goes to the
    rejects file with its line number and the reason; the others are imported. On Marketo an empty value
    clears its field, on HubSpot it leaves it alone.

    A retry, on whichever worker, follows the imports that earlier tries have started, and sends the parts
    that were not sent. After an upload that was not answered, the part is searched for on HubSpot. Marketo
    cannot list imports, and two imports of a new key at once create two leads; so the part is sent again
    after ``lost_after`` seconds, or, with ``list_id``, as soon as the platform accepts another import into
    the list. Two runs on one machine do not send the same part at once: the second follows the import of the
    first.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param source: a file on any object storage that Airflow supports: CSV (UTF-8, with a header), JSON Lines
        or Parquet; CSV and JSON Lines also compressed by gzip or zstd. The rejects file of an earlier run is
        one too. It must not change until the task has ended.
    :param source_format: ``csv``, ``jsonl`` or ``parquet``; by default the file's ending decides.
    :param columns: column to field, for columns that are not named like their field. A column that is mapped
        to None is left out.
    :param constants: fields that every lead gets, whatever its row contains.
    :param null_values: texts that mean no value; by default ``null``, as Marketo's exports write it.
    :param action: HubSpot: ``createOrUpdate``, ``createOnly`` or ``updateOnly``. Marketo creates or updates.
    :param lookup_field: the key: ``email``; another unique property or ``hs_object_id`` (HubSpot); another
        searchable field, or ``id`` to update only (Marketo). None is for Marketo instances with their own
        duplicate rule: no key is sent, so that the rule applies, and no row replaces another one. Every row
        needs ``email`` then, and one part is imported at a time.
    :param list_id: Marketo: a static list that the leads are added to. One part is imported at a time.
    :param partition_name: Marketo: lead partition for new leads.
    :param program_id: Marketo: a program that the leads become members of.
    :param program_status: Marketo: the status they get in it.
    :param date_format: HubSpot: how dates are written: ``YEAR_MONTH_DAY`` (default), ``MONTH_DAY_YEAR`` or
        ``DAY_MONTH_YEAR``.
    :param time_zone: HubSpot: the time zone of times, e.g. ``Europe/Rome``; by default the account's.
    :param marketable_contacts: HubSpot: make them marketing contacts, which the account pays for.
    :param create_list: HubSpot: put them on a new static list, one for each part.
    :param max_rejected: how many rejected rows are allowed: a number, a share (0.05 or ``"5%"``), or None for
        any. Above it the task fails without retry, after everything else was imported.
    :param rejects_path: where rejected rows are written as JSON Lines; by default a file below
        ``[mkt] results_path``, or on this machine.
        There is no file when none is rejected.
    :param warnings_path: the same for rows that were imported with a warning, and for those that were not
        sent because a later row has their key.
    :param lost_after: Marketo: seconds after which an import whose upload was not answered must have ended.
    :param deferrable: wait in the triggerer instead of in a worker. The file is read again after each wait.
    :param poll_interval: seconds between two polls of the imports; by default what suits the platform.
    :param wait_timeout: seconds without progress of any part after which the task fails.
    :param max_poll_failure_time: seconds for which polls may fail before the task does.
    :param cancel_on_kill: HubSpot: cancel the imports when a user ends the task while it is deferred. Marketo
        cannot cancel them.
    :returns: ``total``, ``imported``, ``warned`` (of those imported), ``skipped``, ``rejected``, ``reasons``
        (code to count), ``rejects``, ``warnings``, ``jobs``, ``lists`` (ids of new lists,
        with ``create_list``) and ``seconds`` since the first try started.
    :raises AirflowFailException: when more rows were rejected than allowed, a column is not a field of the
        platform, or the file has changed since an earlier try.

    Source: HubSpot ``POST /crm/{version}/imports``; Marketo ``POST /bulk/v1/leads.json`` and
    ``POST /bulk/v1/program/{programId}/members/import.json``.
    """

    targets = (
        Target(SOURCE, "source", "input"),
        Target("leads", "", "output"),
        Target("import", "", platform="hubspot"),
        Target("list", "list_id", "output", "marketo"),
        Target("program_members", "program_id", "output", "marketo"),
        Target(RESULTS, "warnings", "output"),
        Target(REJECTS, "rejects", "output"),
    )

    template_fields: Sequence[str] = (
        "conn_id",
        "source",
        "source_format",
        "columns",
        "constants",
        "action",
        "lookup_field",
        "list_id",
        "partition_name",
        "program_id",
        "program_status",
        "max_rejected",
        "rejects_path",
        "warnings_path",
    )
    template_fields_renderers = {"columns": "json", "constants": "json"}  # noqa: RUF012 - Airflow's own

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "action": optional_str,
        "date_format": optional_str,
        "time_zone": optional_str,
    }

    def __init__(
        self,
        *,
        conn_id: str,
        source: str,
        source_format: Format | None = None,
        columns: Mapping[str, str | None] | str | None = None,
        constants: Mapping[str, object] | str | None = None,
        null_values: Sequence[str] = NULL_VALUES,
        action: str = "createOrUpdate",
        lookup_field: str | None = "email",
        list_id: int | str | None = None,
        partition_name: str | None = None,
        program_id: int | str | None = None,
        program_status: str | None = None,
        date_format: str | None = None,
        time_zone: str | None = None,
        marketable_contacts: bool | None = None,
        create_list: bool = False,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        warnings_path: str | None = None,
        lost_after: float = 3600.0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.source = source
        self.source_format = source_format
        self.columns = columns
        self.constants = constants
        self.null_values = null_values
        self.action = action
        self.lookup_field = lookup_field
        self.list_id = list_id
        self.partition_name = partition_name
        self.program_id = program_id
        self.program_status = program_status
        self.date_format = date_format
        self.time_zone = time_zone
        self.marketable_contacts = marketable_contacts
        self.create_list = create_list
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.warnings_path = warnings_path
        self.lost_after = lost_after
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.max_poll_failure_time = max_poll_failure_time
        self.cancel_on_kill = cancel_on_kill

    def run_action(self, context: Context) -> ImportOutcome:
        from airflow_provider_mkt.sync.bulk_report import ImportReport, RowFile

        threshold = RejectThreshold.of("max_rejected", self.max_rejected)
        rejects_path = as_lines_path("rejects_path", self.rejects_path)
        warnings_path = as_lines_path("warnings_path", self.warnings_path)
        hook = self.hook.bind(RunContext(sleep=self.sleep))
        task = BulkImportTask(
            self,
            context,
            hook,
            self._importer(hook),
            WaitOptions(
                deferrable=self.deferrable,
                poll_interval=self.poll_interval,
                wait_timeout=self.wait_timeout,
                max_poll_failure_time=self.max_poll_failure_time,
                cancel_on_kill=self.cancel_on_kill,
            ),
            resumed=self.resumed,
        )
        with hook, ExitStack() as stack:
            finished: FinishedTry[ImportOutcome] = FinishedTry(
                context, task_state_of(context, hook), [getattr(self, name) for name in _ABOUT]
            )
            if (earlier := finished.outcome) is not None:
                self.log.info("An earlier try of this task has finished; nothing is imported")
                return earlier
            rejects = rejects_path or result_path(context, "rejects")
            warnings = warnings_path or result_path(context, "warnings")
            plan = task.plan(self._source(), stack)
            report = ImportReport(
                stack.enter_context(RowFile(lambda: whole_lines(rejects))),
                stack.enter_context(RowFile(lambda: whole_lines(warnings))),
            )
            progress, bulk = task.run(plan, report, stack)
            seconds = time.time() - progress.started_at
            outcome = report.outcome(hook.conn_type, rejects, warnings, bulk.jobs, seconds)
        # Not before the results of the rows are stored.
        progress.complete()
        if threshold.allows(outcome["rejected"], outcome["total"]):
            finished.save(outcome)
        self._fail_if_rejected(context, outcome, threshold)
        return outcome

    def _importer(self, hook: MarketingHook) -> LeadImporter:
        return hook.lead_importer(
            action=optional_str("action", self.action) or "",
            lookup_field=optional_str("lookup_field", self.lookup_field),
            list_id=optional_str("list_id", self.list_id),
            partition_name=optional_str("partition_name", self.partition_name),
            program_id=optional_str("program_id", self.program_id),
            program_status=optional_str("program_status", self.program_status),
            date_format=self.date_format,
            time_zone=self.time_zone,
            marketable_contacts=self.marketable_contacts,
            create_list=self.create_list,
            lost_after=self.lost_after,
        )

    def _source(self) -> ImportFile:
        from airflow_provider_mkt.sync.mapping import FieldMapping

        path = as_path("source", self.source)
        if path is None:
            raise InvalidInput("source", "is missing or empty: the file to import")
        mapping = FieldMapping(
            columns=as_mapping("columns", self.columns or {}),
            constants=as_mapping("constants", self.constants or {}),
            null_values=frozenset(as_list("null_values", self.null_values)),
            # A row has a cell for every column, so a missing value is an empty one.
            blank="clear",
        )
        return ImportFile(path, optional_str("source_format", self.source_format), mapping)

    def _fail_if_rejected(self, context: Context, outcome: ImportOutcome, threshold: RejectThreshold) -> None:
        reasons = ", ".join(f"{code}: {count:,}" for code, count in outcome["reasons"].items())
        self.log.info(
            "Finished: %s: %s imported (%s with a warning), %s skipped, %s rejected%s",
            counted(outcome["total"], "row"),
            *(f"{outcome[name]:,}" for name in ("imported", "warned", "skipped", "rejected")),
            f" ({reasons})" if reasons else "",
        )
        if not outcome["total"]:
            self.log.warning("The source is empty: there was nothing to import")
        if threshold.allows(outcome["rejected"], outcome["total"]):
            return
        bad = outcome["rejected"]
        push_outcome(context, outcome)
        skipped = f" and {outcome['skipped']:,} skipped" if outcome["skipped"] else ""
        msg = (
            f"{part_of(bad, outcome['total'], 'row')} {was_or_were(outcome['total'])} rejected{skipped} "
            f"({reasons}), allowed: {threshold}. The others were imported. See {outcome['rejects']}"
        )
        raise AirflowFailException(msg)

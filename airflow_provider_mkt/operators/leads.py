"""Operators that write leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from airflow.providers.common.compat.sdk import conf

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import CancellableOperator
from airflow_provider_mkt.operators._lead_source import Leads, LeadSource
from airflow_provider_mkt.operators._lead_writing import WRITING_FIELDS, LeadWriting, WriteOptions
from airflow_provider_mkt.operators._parameters import hold_callable, optional_str

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadImporter
    from airflow_provider_mkt.sync.files import Format
    from airflow_provider_mkt.sync.mapping import Type
    from airflow_provider_mkt.sync.results import SyncOutcome
    from airflow_provider_mkt.sync.rows import Blank

Mode: TypeAlias = Literal["calls", "bulk", "auto"]

_MODES = ("calls", "bulk", "auto")


class SyncLeadsOperator(CancellableOperator):
    """Create or update leads, and report the result of every one of them.

    Leads stream from a list, a file or a database in batches of the platform's size (HubSpot 100, Marketo
    300), as many at once as the account's limits allow. A record that cannot be written goes to the rejects
    file with its own input and the reason; the others are written. Of two records with one key the platform
    keeps the later one.

    A retry continues where the last try stopped: rows that are known to be done, and are unchanged, are not
    sent again. On Marketo it first waits until the calls of a killed try must have ended, since two upserts
    of a new key at once create two leads. With ``createDuplicate``, rows whose outcome an earlier try did
    not learn are reported as unknown, never sent twice.

    With ``mode="auto"`` the platform's bulk import is used where the account's limits make calls slower, and
    with ``mode="bulk"`` always. The effect and the outcome are the same: rows that a file cannot express
    (such as fields to leave alone on Marketo, or to clear), and those that the import refuses, are sent by
    calls after it. Only ``created`` and ``updated`` are unknown for what Marketo imports. Large sources that
    are not a file are kept in ``[mkt] state_dir`` meanwhile.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param leads: mappings of field to value: a list, JSON text of one, or a callable without arguments that
        returns any iterable of them. Give exactly one of ``leads``, ``source`` and ``sql``.
    :param source: a file on any object storage that Airflow supports: CSV (UTF-8, with a header), JSON Lines
        or Parquet; CSV and JSON Lines also compressed by gzip or zstd (``.gz``, ``.zst``). The rejects file
        of an earlier run is one too.
    :param source_format: ``csv``, ``jsonl`` or ``parquet``; by default the file's ending decides.
    :param sql: a statement that returns rows, streamed by a cursor on the server.
    :param sql_conn_id: the database: any Airflow connection with a SQL hook.
    :param sql_parameters: values for the statement's placeholders, in the style of the database's driver.
    :param columns: column to field, for columns that are not named like their field. A column that is mapped
        to None is left out.
    :param constants: fields that every lead gets, whatever its row contains.
    :param null_values: texts that mean no value, such as ``NULL``.
    :param types: field to ``text``, ``integer``, ``number``, ``boolean``, ``date`` or ``datetime``; a value
        that cannot be converted rejects its lead.
    :param blank: what no value means (an empty CSV value, NULL of a database or a Parquet file, one of
        ``null_values``): ``omit`` leaves the field alone, ``clear`` empties it.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``; on Marketo also ``createDuplicate``.
    :param lookup_field: the key; ``email``, or another unique (HubSpot) or searchable (Marketo) field.
    :param partition_name: Marketo: lead partition for new leads.
    :param max_rejected: how many rejected records are allowed: a number, a share (0.05 or ``"5%"``), or None
        for any. Above it the task fails without retry, after everything else was sent.
    :param rejects_path: where rejected records are written as JSON Lines; by default a file on this machine.
        There is no file when none is rejected.
    :param outcomes_path: where the outcome of every record is written as JSON Lines, with the platform's
        lead id; by default nowhere.
    :param max_concurrency: calls in flight at most; by default as many as the connection allows.
    :param fail_fast: stop as soon as more leads are rejected than allowed, and leave the rest unsent. A
        share is judged from the thousandth lead on.
    :param mode: ``calls``; ``bulk`` for the platform's import; ``auto`` for an import where calls would
        exceed what is left of the day's, or would take longer than ``bulk_after``.
    :param bulk_after: seconds of calls, at the account's limit, after which an import is taken to be faster.
    :param deferrable: wait for imports in the triggerer instead of in a worker. The source is read again
        after each wait.
    :param poll_interval: seconds between two polls of the imports; by default what suits the platform.
    :param wait_timeout: seconds without progress of any part of an import after which the task fails.
    :param max_poll_failure_time: seconds for which polls may fail before the task does.
    :param cancel_on_kill: HubSpot: cancel the imports when a user ends the task while it is deferred. Marketo
        cannot cancel them.
    :returns: ``total``, ``written``, ``created``, ``updated``, ``skipped``, ``rejected``, ``resumed``
        (done by earlier tries), ``reasons`` (code to count), ``rejects``, ``outcomes``, ``mode``, ``calls``
        and ``seconds``; of an import also ``warned``, ``warnings`` and ``jobs``.
    :raises AirflowFailException: when more records were rejected than allowed, a column is not a field of
        the platform, or the connection does not allow it.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/batch/{upsert,create,update}`` and
    ``POST /crm/{version}/imports``; Marketo ``POST /rest/v1/leads.json`` and ``POST /bulk/v1/leads.json``.
    """

    template_fields: Sequence[str] = (*WRITING_FIELDS, "action", "partition_name", "mode")
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql", "columns": "json", "constants": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        source: str | None = None,
        source_format: Format | None = None,
        sql: str | None = None,
        sql_conn_id: str | None = None,
        sql_parameters: Mapping[str, object] | Sequence[object] | None = None,
        columns: Mapping[str, str | None] | str | None = None,
        constants: Mapping[str, object] | str | None = None,
        null_values: Sequence[str] = (),
        types: Mapping[str, Type] | None = None,
        blank: Blank = "omit",
        action: str = "createOrUpdate",
        lookup_field: str = "email",
        partition_name: str | None = None,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        outcomes_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        mode: Mode | str = "calls",
        bulk_after: float = 3600.0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.leads = hold_callable(leads)
        self.source = source
        self.source_format = source_format
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.sql_parameters = sql_parameters
        self.columns = columns
        self.constants = constants
        self.null_values = null_values
        self.types = types
        self.blank = blank
        self.action = action
        self.lookup_field = lookup_field
        self.partition_name = partition_name
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.outcomes_path = outcomes_path
        self.max_concurrency = max_concurrency
        self.fail_fast = fail_fast
        self.mode = mode
        self.bulk_after = bulk_after
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.max_poll_failure_time = max_poll_failure_time
        self.cancel_on_kill = cancel_on_kill
        self.resumed = False

    def run_action(self, context: Context) -> SyncOutcome:
        options, source = WriteOptions(self), LeadSource(self)
        mode, action = optional_str("mode", self.mode), optional_str("action", self.action) or ""
        partition_name = optional_str("partition_name", self.partition_name)
        if mode not in _MODES:
            raise InvalidInput("mode", f"must be one of {', '.join(_MODES)}")
        writer = self.hook.lead_writer(
            action=action, lookup_field=options.lookup_field, partition_name=partition_name
        )
        writing = LeadWriting(self, context, self.hook, writer, options)
        # Airflow may take a worker that lives for dead, and start the next try beside it.
        with writing.hook, writing.hook.exclusive(f"task {writing.task}"):
            importer = self._importer(mode, options) if mode != "calls" else None
            if importer is None:
                outcome = writing.by_calls(source)
            else:
                outcome = self._in_bulk(writing, importer, source, choose=mode == "auto")
        writing.fail_if_rejected(outcome)
        return outcome

    def resume(self, context: Context, event: object = None) -> Any:
        """Continue after a deferral. The event does not matter: the jobs themselves are polled."""
        self.resumed = True
        try:
            return self.execute(context)
        finally:
            self.resumed = False

    def _importer(self, mode: str, options: WriteOptions) -> LeadImporter | None:
        """Return the platform's import; None when it cannot do what is wanted and the mode allows calls.

        :raises InvalidInput: naming the parameter that no import supports, with ``mode="bulk"``.
        """
        try:
            return self._checked_importer(options)
        except InvalidInput as error:
            if mode == "bulk":
                raise
            self.log.info("Sent by calls: %s", error.message)
            return None

    def _checked_importer(self, options: WriteOptions) -> LeadImporter:
        action = optional_str("action", self.action) or ""
        if options.outcomes_path is not None:
            raise InvalidInput("outcomes_path", "an import does not report each lead's outcome and id")
        if action != "createOrUpdate":
            raise InvalidInput("action", f"an import supports createOrUpdate only, not {action!r}")
        return self.hook.lead_importer(
            action=action,
            lookup_field=options.lookup_field,
            partition_name=optional_str("partition_name", self.partition_name),
        )

    def _in_bulk(
        self, writing: LeadWriting, importer: LeadImporter, source: LeadSource, *, choose: bool
    ) -> SyncOutcome:
        from airflow_provider_mkt.operators._bulk_import import BulkImportTask, WaitOptions
        from airflow_provider_mkt.operators._bulk_sync import BulkSync

        options = WaitOptions(
            deferrable=self.deferrable,
            poll_interval=self.poll_interval,
            wait_timeout=self.wait_timeout,
            max_poll_failure_time=self.max_poll_failure_time,
            cancel_on_kill=self.cancel_on_kill,
        )
        task = BulkImportTask(self, writing.context, writing.hook, importer, options, resumed=self.resumed)
        return BulkSync(writing, task, source, bulk_after=self.bulk_after).run(choose=choose)

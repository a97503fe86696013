"""Operators that write leads."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from airflow_provider_mkt.actions.targets import RESULT_FILES, SOURCE, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._associations import FREE_MAIL_DOMAINS, SEARCH_WAIT
from airflow_provider_mkt.operators._base import CancellableOperator
from airflow_provider_mkt.operators._change_options import (
    CHANGE_CHECKS,
    CHANGE_FIELDS,
    NOT_IN_DRY_RUN,
    Baseline,
    ChangeOptions,
    Changes,
    Duplicates,
    ReconcileAction,
    check_changes,
)
from airflow_provider_mkt.operators._lead_source import Leads, LeadSource, check_source, check_types
from airflow_provider_mkt.operators._lead_writing import WRITING_FIELDS, LeadWriting, WriteOptions
from airflow_provider_mkt.operators._parameters import (
    Mode,
    as_list,
    checked_mode,
    hold_callable,
    optional_str,
)
from airflow_provider_mkt.operators._parse_checks import one_of, seconds
from airflow_provider_mkt.sync.rows import NULL_VALUES
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadImporter, LeadWriter
    from airflow_provider_mkt.operators._lead_source import RepeatableSource, Source
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators._suppression import Suppressed
    from airflow_provider_mkt.sync.changes import ImportNotes
    from airflow_provider_mkt.sync.files import Format
    from airflow_provider_mkt.sync.links import LinkRule
    from airflow_provider_mkt.sync.mapping import OnNewColumn, Type
    from airflow_provider_mkt.sync.plan import Leave, PlanOutcome
    from airflow_provider_mkt.sync.results import SyncOutcome
    from airflow_provider_mkt.sync.rows import Blanks

_ACTIONS = ("createOrUpdate", "createOnly", "updateOnly", "createDuplicate")


class SyncLeadsOperator(CancellableOperator):
    """Create or update leads, and report the result of every one of them.

    Leads stream from a list, a file or a database in batches of the platform's size (HubSpot 100, Marketo
    300), as many at once as the account's limits allow. A record that cannot be written goes to the rejects
    file with its own input and the reason; the others are written. Of two records with one key the platform
    keeps the later one.

    A retry continues where the last try stopped, also on another machine: rows that are known to be done,
    and are unchanged, are not sent again. On Marketo, leads whose key another task or a killed try is
    writing are held back, since two upserts of a new key at once create two leads. With
    ``createDuplicate``, rows whose outcome an earlier try did not learn are reported as unknown, never sent
    twice. A retry of a try that finished sends nothing; a cleared task sends everything again.

    With ``mode="auto"`` the platform's bulk import is used where the account's limits make calls slower, and
    with ``mode="bulk"`` always. The effect and the outcome are the same: rows that a file cannot express
    (such as fields to leave alone on Marketo, or to clear), and those that the import refuses, are sent by
    calls after it. Only ``created`` and ``updated`` are unknown for what Marketo imports. Large sources that
    are not a file are kept in ``[mkt] state_dir`` meanwhile.

    With ``changes="changed"`` only those rows are sent that differ from what the platform has acknowledged in
    earlier runs. The state of that is kept at ``state_path``, as Parquet files that a person can query. The
    whole source is read first, so that the limits (``max_changed``, ``max_removed``, ``min_rows``) are
    checked before the first call, and ``dry_run`` can tell what would be done. A row that is gone from the
    source is left alone unless ``leave`` says otherwise, and never in a first run, or when the source is
    empty or was not read to its end. Needs pyarrow; DuckDB makes it faster.

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
    :param null_values: texts that mean no value; by default ``null``, as Marketo's exports write it.
    :param types: field to ``text``, ``integer``, ``number``, ``boolean``, ``date``, ``datetime`` or
        ``multiple``: several options as a list or a JSON array, which are sent joined by semicolons and
        replace those that are chosen. HubSpot has ``multiple_add`` too, which adds to them. A value that
        cannot be converted rejects its lead.
    :param blank: what no value means: an empty CSV value, None, JSON's null, NULL of a database or a Parquet
        file, or one of ``null_values``. ``omit`` leaves the field alone, ``clear`` empties it. A field that a
        row does not have is left alone. An empty text that is not from CSV is a value: it empties its field.
        Field to rule, where fields differ; the others are left alone.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``; on Marketo also ``createDuplicate``.
    :param lookup_field: the key; ``email``, or another unique (HubSpot) or searchable (Marketo) field. None
        is for Marketo instances with their own duplicate rule: no key is sent, so that the rule applies, and
        no lead replaces another one with the same email address.
    :param partition_name: Marketo: lead partition for new leads.
    :param marketable_contacts: HubSpot: make the leads marketing contacts, which the account pays for, or
        say that they are none. By calls it is the property ``hs_marketable_status``, in an import the
        import's own setting: the same for both. A lead that has the property itself keeps its value. Without
        it HubSpot decides by the settings of the account and of the app.
    :param max_rejected: how many rejected records are allowed, with ``updateOnly`` by record id also those
        that do not exist (any more): a number, a share (0.05 or ``"5%"``), or None
        for any. Above it the task fails without retry, after everything else was sent.
    :param rejects_path: where rejected records are written as JSON Lines; by default a file below
        ``[mkt] results_path``, or on this machine.
        There is no file when none is rejected.
    :param outcomes_path: where the outcome of every record is written as JSON Lines, with the platform's
        lead id; by default nowhere.
    :param max_concurrency: calls in flight at most; by default as many as the connection allows.
    :param fail_fast: stop as soon as more leads are rejected than allowed, and leave the rest unsent. A
        share is judged from the thousandth lead on.
    :param associate: HubSpot: records to associate the contacts with, as in
        :class:`~airflow_provider_mkt.operators.objects.SyncObjectsOperator`: each a mapping of ``to`` (object
        type), ``column`` (of the source), and optionally ``by`` (``id`` or a property, e.g. ``domain``),
        ``label`` and ``missing``. Their columns are no fields unless they are mapped. By calls only.
    :param free_mail_domains: HubSpot: domains that name no company; by default those of the large providers
        of free mail.
    :param search_wait: HubSpot: seconds of the whole task for which records are searched for again that
        HubSpot's search does not show.
    :param create_missing_fields: create the fields in ``types`` that leads do not have, before anything is
        sent. Marketo's cannot be deleted again.
    :param property_group: HubSpot: the group for them, which is created too.
    :param changes: ``all`` sends every row in every run; ``changed`` only those whose values differ from what
        was written last, and those that were rejected. With ``all`` and another of the parameters below,
        every row is sent too, and the state is kept all the same.
    :param row_key: the column that identifies a row in the source, so that a changed email address is an
        update of the same lead. It is not sent, unless ``columns`` names a field for it. By default the
        ``lookup_field`` identifies a row, and another address is another row.
    :param state_path: a folder for the state of this sync alone, on any object storage that Airflow supports.
        By default a folder below ``[mkt] results_path``, or on this machine, named by account, DAG and task.
    :param refresh: True sends every row once; ``failed`` also those rejected rows that are not due yet, which
        are else tried again after 1, 2, 4 ... 32 runs.
    :param refresh_every: send every row in each run whose number is a multiple of this.
    :param leave: what happens to the lead of a row that is gone from the source: ``nothing``; ``clear`` for
        the fields that this sync wrote; ``{"set": {field: value}}``; ``{"remove_from_list": list id}``;
        ``archive`` (HubSpot) or ``delete`` (Marketo); ``gdpr_delete`` (HubSpot), which is for good. Only of
        leads that this sync wrote.
    :param max_changed: rows that may be new or changed: a number, or a share (0.3 or ``"30%"``) of the rows
        of the last run. With more the task fails before anything is sent. A share does not limit a first run.
    :param max_removed: leads that ``leave`` may change or remove, likewise.
    :param min_rows: rows that the source must have: a number, or a share of those of the last run. By default
        at least one, if the last run had any; 0 allows an empty source.
    :param duplicates: which of several rows with one key is sent: the ``last`` one, which is the default, or
        none of them, unless they are alike (``reject``).
    :param on_new_column: what a column does that ``columns`` does not name: ``send`` it to the field of that
        name, ``ignore`` it, or ``fail`` before anything is sent.
    :param suppress: email addresses that are never written, or their SHA-256 digests (of the address in lower
        case): a list, JSON text of one, a callable, or the path of a text file, or of a folder of them, with
        one on each line. Their rows count as ``suppressed``.
    :param suppress_list_id: a list on the platform whose members are never written.
    :param consent: hold rows back whose people have not consented; they count as ``suppressed`` too. True:
        who opted out of all mail (HubSpot), or is ``unsubscribed`` or ``blackListed`` (Marketo). HubSpot:
        ``{"subscription_id": 7}`` also who opted out of that type of mail, and with ``"opt_in": True`` who
        did not subscribe to it. Marketo: ``{"fields": {"unsubscribed": False, "newsletter": True}}``: the
        values that fields must have. One more call for 100 rows (two with a type), or for 300 on Marketo.
    :param never_back: field to its values in order, e.g. ``{"lifecyclestage": ["lead", "customer"]}``. What
        the platform has is read first, and a value that comes before it, or none, is left out.
    :param canary: send the first batch alone (True), or so many rows, and stop when more of them are rejected
        than ``max_rejected`` allows.
    :param read_back: read the records of the ``canary`` back, and stop when a field is not as it was sent;
        the error names the fields. True compares all fields that were sent, a list only those: a platform
        may keep a value in another form, such as a telephone number.
    :param baseline: what a first run does: ``send`` every row, or ``assume_synced``: take every row for
        acknowledged, and send none. Only for a source whose leads are on the platform as it has them.
    :param only_if_empty: fields that are set only if the platform has no value. Rows with such a field are
        read first, and the value is left out where there is one.
    :param reconcile: a share (0.01 or ``"1%"``) of the unchanged rows that each run reads back, other ones in
        each run. Those whose lead differs from what was acknowledged are counted (``drifted``), and are in
        the history with the fields that differ.
    :param reconcile_action: ``send`` also sends these rows again, within ``max_changed``; not those whose
        lead is not there any more. ``report`` only lists them.
    :param dry_run: send nothing, and return what would be sent: counts by operation, calls and minutes, a
        sample, and whether the limits are kept.
    :param plan: the output of a task with ``dry_run``. Exactly that is done. When the source or the state
        changed since, the task fails before anything is sent. Its state is used.
    :param allow_older: allow a run for an older data interval than that of the last run.
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
        and ``seconds``; of an import also ``warned``, ``warnings`` and ``jobs``. With ``changes`` and its
        parameters also ``unchanged``, ``unknown``, ``suppressed``, ``not_sent``, ``removed``,
        ``not_removed``, ``kept``, ``run``, ``state``, ``history`` and ``guards``. With ``dry_run`` a plan:
        ``ok``, ``problems``, ``counts``, ``to_write``, ``to_remove``, ``calls``, ``minutes``, ``sample`` and
        more.
    :raises AirflowFailException: when more records were rejected than allowed, a column is not a field of
        the platform, the connection does not allow it, a limit is not kept, or a plan cannot be applied any
        more.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/batch/{upsert,create,update,read,archive}`` and
    ``POST /crm/{version}/imports``, and of associations
    ``POST /crm/{version}/associations/{fromObjectType}/{toObjectType}/batch/create``; Marketo
    ``POST /rest/v1/leads.json`` and ``POST /bulk/v1/leads.json``.
    """

    targets = (
        Target(SOURCE, "source", "input"),
        Target("leads", "", "output"),
        Target("import", "jobs", platform="hubspot", outcome_only=True),
        *RESULT_FILES,
    )

    template_fields: Sequence[str] = (
        *WRITING_FIELDS,
        *CHANGE_FIELDS,
        "action",
        "partition_name",
        "associate",
        "property_group",
        "mode",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql", "columns": "json", "constants": "json"}  # noqa: RUF012 - Airflow's own

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        **CHANGE_CHECKS,
        "action": one_of(*_ACTIONS),
        "mode": one_of(*get_args(Mode)),
        "on_new_column": one_of("send", "ignore", "fail"),
    }

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
        null_values: Sequence[str] = NULL_VALUES,
        types: Mapping[str, Type] | None = None,
        blank: Blanks = "omit",
        action: str = "createOrUpdate",
        lookup_field: str | None = "email",
        partition_name: str | None = None,
        marketable_contacts: bool | None = None,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        outcomes_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        associate: Sequence[Mapping[str, object]] | str = (),
        free_mail_domains: Sequence[str] = FREE_MAIL_DOMAINS,
        search_wait: float = SEARCH_WAIT,
        create_missing_fields: bool = False,
        property_group: str | None = None,
        changes: Changes | str = "all",
        row_key: str | None = None,
        state_path: str | None = None,
        refresh: bool | Literal["failed"] | str = False,
        refresh_every: int | None = None,
        leave: Leave | str = "nothing",
        max_changed: int | float | str | None = None,
        max_removed: int | float | str | None = "10%",
        min_rows: int | float | str | None = None,
        duplicates: Duplicates | None = None,
        on_new_column: OnNewColumn = "send",
        suppress: Suppressed | None = None,
        suppress_list_id: str | int | None = None,
        consent: bool | Mapping[str, object] | str | None = None,
        never_back: Mapping[str, Sequence[str]] | None = None,
        canary: bool | int | str = False,
        read_back: bool | Sequence[str] = False,
        baseline: Baseline | str = "send",
        only_if_empty: Sequence[str] | None = None,
        reconcile: float | str | None = None,
        reconcile_action: ReconcileAction = "report",
        dry_run: bool = False,
        plan: Mapping[str, object] | str | None = None,
        allow_older: bool = False,
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
        self.marketable_contacts = marketable_contacts
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.outcomes_path = outcomes_path
        self.max_concurrency = max_concurrency
        self.fail_fast = fail_fast
        self.associate = associate
        self.create_missing_fields = create_missing_fields
        self.property_group = property_group
        self.free_mail_domains = free_mail_domains
        self.search_wait = search_wait
        self.changes = changes
        self.row_key = row_key
        self.state_path = state_path
        self.refresh = refresh
        self.refresh_every = refresh_every
        self.leave = leave
        self.max_changed = max_changed
        self.max_removed = max_removed
        self.min_rows = min_rows
        self.duplicates = duplicates
        self.on_new_column = on_new_column
        self.suppress = hold_callable(suppress)
        self.suppress_list_id = suppress_list_id
        self.consent = consent
        self.never_back = never_back
        self.canary = canary
        self.read_back = read_back
        self.baseline = baseline
        self.only_if_empty = only_if_empty
        self.reconcile = reconcile
        self.reconcile_action = reconcile_action
        # dry_run is a method of Airflow's operators.
        self.plan_only = dry_run
        self.plan = plan
        self.allow_older = allow_older
        self.mode = mode
        self.bulk_after = bulk_after
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.max_poll_failure_time = max_poll_failure_time
        self.cancel_on_kill = cancel_on_kill

    def check_arguments(self, arguments: Arguments) -> None:
        check_source(arguments)
        check_changes(arguments)
        if arguments["dry_run"] is True and arguments["create_missing_fields"] is True:
            raise InvalidInput("create_missing_fields", NOT_IN_DRY_RUN)

    def run_action(self, context: Context) -> SyncOutcome | PlanOutcome:
        options = WriteOptions(self)
        changes = ChangeOptions(self, self.hook.conn_type)
        rules = self._association_rules()
        beside = [rule.column for rule in rules if rule.column != options.lookup_field]
        source = LeadSource(
            self,
            row_key=changes.row_key,
            lookup_field=options.lookup_field,
            beside=beside,
            on_new_column=self.on_new_column,
        )
        mode, action = checked_mode(self.mode), optional_str("action", self.action) or ""
        partition_name = optional_str("partition_name", self.partition_name)
        check_types(self.types, self.hook.conn_type)
        writer = self.hook.lead_writer(
            action=action,
            lookup_field=options.lookup_field,
            partition_name=partition_name,
            marketable_contacts=self.marketable_contacts,
        )
        linked_to = [f"{rule.association.to} {rule.column}" for rule in rules]
        about = [action, partition_name, *changes.about, *linked_to]
        writing = LeadWriting(self, context, self.hook, writer, options, about)
        self._create_fields(changes)
        if changes.compares:
            return self._compared(writing, source, action, changes, mode, rules)
        # Airflow may take a worker that lives for dead, and start the next try beside it.
        with writing.hook, writing.hook.exclusive(f"task {writing.task}"):
            outcome = writing.of_finished_try()
            if outcome is None:
                importer = self._importer(mode, options) if mode != "calls" else None
                if importer is None:
                    outcome = writing.by_calls(self._associated(source, writing, rules))
                else:
                    outcome = self._in_bulk(writing, importer, source, choose=mode == "auto")
                writing.finish(outcome)
        writing.fail_if_rejected(outcome)
        return outcome

    def _create_fields(self, changes: ChangeOptions) -> None:
        """Create the fields that leads do not have, where that is wanted.

        :raises InvalidInput: when there is nothing to create, or nothing may be changed.
        """
        if not self.create_missing_fields:
            return
        if changes.dry_run:
            raise InvalidInput("create_missing_fields", NOT_IN_DRY_RUN)
        if not self.types:
            raise InvalidInput("create_missing_fields", "creates the fields in types, which has none")
        with self.hook as hook:
            group = optional_str("property_group", self.property_group)
            made = hook.follow(hook.create_lead_fields(dict(self.types), group))
        if made:
            self.log.info("Created fields of leads: %s", ", ".join(made))

    def _association_rules(self) -> list[LinkRule]:
        """Return what the leads are associated with.

        :raises InvalidInput: on Marketo.
        """
        if not self.associate:
            return []
        if self.hook.conn_type != "hubspot":
            raise InvalidInput(
                "associate",
                "Marketo has no associations: the field externalCompanyId of a lead names its company, and "
                "externalSalesPersonId its sales person; SyncObjectsOperator writes both",
            )
        from airflow_provider_mkt.operators._object_writing import association_rules

        seconds("search_wait", self.search_wait)
        return association_rules(
            self.associate,
            "contacts",
            as_list("free_mail_domains", self.free_mail_domains),
            as_list("null_values", self.null_values),
        )

    def _associated(self, source: LeadSource, writing: LeadWriting, rules: Sequence[LinkRule]) -> Source:
        """Return the source, with the records that its leads are associated with."""
        from airflow_provider_mkt.operators._object_writing import ObjectSource

        if not rules:
            return source
        return ObjectSource(source, writing.hook, writing.writer, rules, search_wait=self.search_wait)

    def _compared(
        self,
        writing: LeadWriting,
        source: LeadSource,
        action: str,
        options: ChangeOptions,
        mode: str,
        rules: Sequence[LinkRule],
    ) -> SyncOutcome | PlanOutcome:
        """Write what differs from what earlier runs have written, or return what would be written."""
        from airflow_provider_mkt.operators._change_task import LeadTarget
        from airflow_provider_mkt.operators._changed_sync import ChangedSync
        from airflow_provider_mkt.operators._object_writing import Associations

        importer = self._importer(mode, writing.options) if mode != "calls" else None

        def by_id(id_field: str) -> LeadWriter:
            return self.hook.lead_writer(action="updateOnly", lookup_field=id_field)

        sync = ChangedSync(
            self,
            writing,
            source,
            action,
            options,
            target=lambda key: LeadTarget(self.hook, key, by_id),
            in_bulk=None
            if importer is None
            else functools.partial(self._in_bulk, writing, importer, choose=mode == "auto"),
            mode=mode,
            associations=Associations(writing.hook, rules, search_wait=self.search_wait) if rules else None,
        )
        with writing.hook, writing.hook.exclusive(f"task {writing.task}"):
            if options.dry_run:
                return sync.plan()
            outcome = writing.of_finished_try()
            if outcome is None:
                outcome = sync.run()
                writing.finish(outcome)
        writing.fail_if_rejected(outcome)
        return outcome

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
        if self.associate:
            raise InvalidInput("associate", "an import does not report each lead's id; use mode='calls'")
        if action != "createOrUpdate":
            raise InvalidInput("action", f"an import supports createOrUpdate only, not {action!r}")
        return self.hook.lead_importer(
            action=action,
            lookup_field=options.lookup_field,
            partition_name=optional_str("partition_name", self.partition_name),
            marketable_contacts=self.marketable_contacts,
            # As by calls: without it, HubSpot takes times without an offset as of the account's time zone.
            time_zone="UTC" if self.hook.conn_type == "hubspot" else None,
        )

    def _in_bulk(
        self,
        writing: LeadWriting,
        importer: LeadImporter,
        source: RepeatableSource,
        by_calls: Callable[[Source], SyncOutcome] | None = None,
        about: Sequence[object] = (),
        notes: ImportNotes | None = None,
        *,
        choose: bool,
    ) -> SyncOutcome:
        from airflow_provider_mkt.operators._bulk_sync import BulkSync

        sync = BulkSync.of(self, writing, importer, source, by_calls=by_calls, about=about, notes=notes)
        return sync.run(choose=choose)

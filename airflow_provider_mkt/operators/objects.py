"""Operators that write companies, deals, opportunities, custom objects and other records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast, get_args

from airflow_provider_mkt.actions.targets import RESULT_FILES, SOURCE, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._associations import FREE_MAIL_DOMAINS, SEARCH_WAIT
from airflow_provider_mkt.operators._base import CancellableOperator
from airflow_provider_mkt.operators._change_options import Baseline, Changes, Duplicates, ReconcileAction
from airflow_provider_mkt.operators._lead_source import Leads, LeadSource, check_source, check_types
from airflow_provider_mkt.operators._lead_writing import WRITING_FIELDS, WriteOptions
from airflow_provider_mkt.operators._object_changes import (
    OBJECT_CHANGE_CHECKS,
    OBJECT_CHANGE_FIELDS,
    check_object_changes,
    object_changes,
    sync_changed_objects,
)
from airflow_provider_mkt.operators._parameters import (
    Mode,
    as_list,
    checked_mode,
    hold_callable,
    optional_str,
    required_str,
)
from airflow_provider_mkt.operators._parse_checks import one_of, seconds
from airflow_provider_mkt.sync.rows import NULL_VALUES
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadImporter, NewProperties
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.sync.files import Format
    from airflow_provider_mkt.sync.mapping import Type
    from airflow_provider_mkt.sync.plan import Leave, PlanOutcome
    from airflow_provider_mkt.sync.results import ObjectChangesOutcome, ObjectSyncOutcome
    from airflow_provider_mkt.sync.rows import Blanks


class SyncObjectsOperator(CancellableOperator):
    """Create or update companies, deals, opportunities, custom objects and other records.

    Records stream from a list, a file or a database in batches of the platform's size (HubSpot 100, Marketo
    300), as many at once as the account's limits allow. A record that cannot be written goes to the rejects
    file with its own input and the reason; the others are written. Of two records with one key the platform
    keeps the later one. A retry continues where the last try stopped, as
    :class:`~airflow_provider_mkt.operators.leads.SyncLeadsOperator` does.

    With ``changes="changed"`` only those rows are sent that differ from what the platform has acknowledged in
    earlier runs, as :class:`~airflow_provider_mkt.operators.leads.SyncLeadsOperator` does: with a state at
    ``state_path``, limits that are checked before the first record is sent, and plans. A row that is gone
    from the source is left alone unless ``leave`` says otherwise. Needs pyarrow.

    Before anything is sent, the object type, the key, the columns of a file or a query, and the labels of
    associations are checked.

    HubSpot: the ``domain`` of a company is no key, since two companies can have one. Records can be updated
    by such a property; a row that several match is rejected with the ids of all. Records that others are
    associated with are found in batches, and are kept for the run. Associations are written after the
    records, 2,000 at a time; a record is done when both are. Repeating them changes nothing more.
    Associations that a record has already are kept.

    Marketo: the schema says which fields identify a record: ``externalCompanyId`` of companies,
    ``externalOpportunityId`` of opportunities, that with ``leadId`` and ``role`` of roles,
    ``externalSalesPersonId`` of sales persons, and the dedupe fields of a custom object. Fields link records
    to others; a record of a custom object without its link is rejected as ``LINK_MISSING``, since it would
    belong to nobody. Records whose key another task or a killed try is writing are held back.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param object_type: HubSpot: ``companies``, ``deals``, ``tickets``, ``contacts``, or the number or full
        name of a custom object, such as ``2-123`` or ``p_machine``. Marketo: ``companies``,
        ``opportunities``, ``opportunity_roles``, ``sales_persons``, ``named_accounts``, or the API name of a
        custom object, such as ``machine_c``.
    :param records: mappings of property to value: a list, JSON text of one, or a callable without arguments
        that returns any iterable of them. Give exactly one of ``records``, ``source`` and ``sql``.
    :param source: a file on any object storage that Airflow supports: CSV (UTF-8, with a header), JSON Lines
        or Parquet; CSV and JSON Lines also compressed by gzip or zstd (``.gz``, ``.zst``). The rejects file
        of an earlier run is one too.
    :param source_format: ``csv``, ``jsonl`` or ``parquet``; by default the file's ending decides.
    :param sql: a statement that returns rows, streamed by a cursor on the server.
    :param sql_conn_id: the database: any Airflow connection with a SQL hook.
    :param sql_parameters: values for the statement's placeholders, in the style of the database's driver.
    :param columns: column to property, for columns that are not named like their property. A column that is
        mapped to None is left out. The columns of ``associate`` are left out too unless they are mapped.
    :param constants: properties that every record gets, whatever its row contains.
    :param null_values: texts that mean no value; by default ``null``.
    :param types: property to ``text``, ``integer``, ``number``, ``boolean``, ``date``, ``datetime``,
        ``multiple`` (several options, as a list or a JSON array) or ``multiple_add``. A value that cannot be
        converted rejects its record.
    :param blank: what no value means: an empty CSV value, None, JSON's null, NULL of a database or a Parquet
        file, or one of ``null_values``. ``omit`` leaves the property alone, ``clear`` empties it; property to
        rule, where they differ.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param lookup_field: the key. HubSpot: a property with unique values, or with ``updateOnly`` also
        ``hs_object_id`` or any other property. Records are searched for by a property whose values are not
        unique. Marketo: the dedupe fields of the object type when not given; with ``updateOnly`` also the id
        that Marketo gives (``id``, ``marketoGUID``).
    :param associate: HubSpot: records to associate with, each a mapping of ``to`` (object type), ``column``
        (of the source), and optionally ``by`` (``id`` or a property, e.g. ``domain``; by default ``id``),
        ``label`` and ``missing``. A list in the column names several records. For ``by="domain"`` the
        column can hold email addresses or web addresses. A row that names a record that does not exist, or
        is several, is rejected as ``PARENT_MISSING`` or ``AMBIGUOUS``; with ``missing="write"`` it is
        written all the same, with that warning. A row that names none is written.
    :param free_mail_domains: HubSpot: domains that name no company; by default those of the large providers
        of free mail.
    :param search_wait: HubSpot: seconds of the whole task for which records are searched for again that
        HubSpot's search does not show. It is some time behind the writes, and HubSpot does not say how
        long.
    :param create_missing_properties: HubSpot: create the properties in ``types`` that the object type does
        not have.
    :param property_group: HubSpot: the group for them, which is created too.
    :param max_rejected: how many rejected records are allowed: a number, a share (0.05 or ``"5%"``), or None
        for any. Above it the task fails without retry, after everything else was sent.
    :param rejects_path: where rejected records are written as JSON Lines; by default a file below
        ``[mkt] results_path``, or on this machine. There is no file when none is rejected.
    :param outcomes_path: where the outcome of every record is written as JSON Lines, with its record id; by
        default nowhere.
    :param max_concurrency: calls in flight at most; by default as many as the connection allows.
    :param fail_fast: stop as soon as more records are rejected than allowed, and leave the rest unsent. A
        share is judged from the thousandth record on.
    :param changes: ``all`` sends every row in every run; ``changed`` only those whose values differ from what
        was written last, and those that were rejected. With ``all`` and another of the parameters below,
        every row is sent too, and the state is kept all the same.
    :param row_key: HubSpot: the column that identifies a row in the source, so that a changed key is an
        update of the same record. It is not sent, unless ``columns`` names a property for it. By default the
        key identifies a row; on Marketo always, since a record keeps its key.
    :param state_path: a folder for the state of this sync alone, on any object storage that Airflow supports.
        By default a folder below ``[mkt] results_path``, or on this machine, named by account, DAG and task.
    :param refresh: True sends every row once; ``failed`` also those rejected rows that are not due yet, which
        are else tried again after 1, 2, 4 ... 32 runs.
    :param refresh_every: send every row in each run whose number is a multiple of this.
    :param leave: what happens to the record of a row that is gone from the source: ``nothing``; ``clear`` for
        the fields that this sync wrote, without keys, links, and the name, the pipeline and the stage of
        deals and tickets; ``{"set": {field: value}}``; ``archive`` (HubSpot) or ``delete`` (Marketo). Only
        of records that this sync wrote.
    :param max_changed: rows that may be new or changed: a number, or a share (0.3 or ``"30%"``) of the rows
        of the last run. With more the task fails before a record is sent. A share does not limit a first run.
    :param max_removed: records that ``leave`` may change or remove, likewise.
    :param min_rows: rows that the source must have: a number, or a share of those of the last run. By default
        at least one, if the last run had any; 0 allows an empty source.
    :param duplicates: which of several rows with one key is sent: the ``last`` one, which is the default, or
        none of them, unless they are alike (``reject``).
    :param never_back: field to its values in order, e.g. ``{"dealstage": ["qualifiedtobuy", "closedwon"]}``.
        What the platform has is read first, and a value that comes before it, or none, is left out.
    :param canary: send the first batch alone (True), or so many rows, and stop when more of them are rejected
        than ``max_rejected`` allows.
    :param read_back: read the records of the ``canary`` back, and stop when a field is not as it was sent;
        the error names the fields. True compares all fields that were sent, a list only those: a platform
        may keep a value in another form.
    :param baseline: what a first run does: ``send`` every row, or ``assume_synced``: take every row for
        acknowledged, and send none. Only for a source whose records are on the platform as it has them.
    :param only_if_empty: fields that are set only if the platform has no value. Rows with such a field are
        read first, and the value is left out where there is one.
    :param reconcile: a share (0.01 or ``"1%"``) of the unchanged rows that each run reads back, other ones in
        each run. Those whose record differs from what was acknowledged are counted (``drifted``), and are in
        the history with the fields that differ.
    :param reconcile_action: ``send`` also sends these rows again, within ``max_changed``; not those whose
        record is not there any more. ``report`` only lists them.
    :param dry_run: send nothing, and return what would be sent: counts by operation, calls and minutes, a
        sample, and whether the limits are kept. Not with ``create_missing_properties``.
    :param plan: the output of a task with ``dry_run``. Exactly that is done. When the source or the state
        changed since, the task fails before a record is sent. Its state is used.
    :param allow_older: allow a run for an older data interval than that of the last run.
    :param mode: ``calls``; ``bulk`` for the platform's import; ``auto`` for an import where calls would
        exceed what is left of the day's, or would take longer than ``bulk_after``. HubSpot imports records of
        every type here, by a property with unique values or the record id; ``associate`` goes by calls
        only. Marketo imports custom objects, and does not report how many of them are created. Rows that a
        file cannot express, and those that the import refuses, are sent by calls after it.
    :param bulk_after: seconds of calls, at the account's limit, after which an import is taken to be faster.
    :param deferrable: wait for imports in the triggerer instead of in a worker. The source is read again
        after each wait.
    :param poll_interval: seconds between two polls of the imports; by default what suits the platform.
    :param wait_timeout: seconds without progress of any part of an import after which the task fails.
    :param max_poll_failure_time: seconds for which polls may fail before the task does.
    :param cancel_on_kill: cancel the imports when a user ends the task while it is deferred. Marketo cannot
        cancel them.
    :returns: ``object_type``, ``total``, ``written``, ``created``, ``updated``, ``skipped``, ``rejected``,
        ``resumed`` (done by earlier tries), ``reasons`` (code to count), ``rejects``, ``outcomes``,
        ``associations`` (of this try, for each of ``associate``: ``linked``, ``missing``, ``ambiguous``,
        ``none``, ``free_mail``, ``refused``), ``mode``, ``calls`` and ``seconds``; of an import also
        ``warned``, ``warnings`` and ``jobs``. With ``changes`` and its parameters also ``unchanged``,
        ``unknown``, ``not_sent``, ``removed``, ``not_removed``, ``kept``, ``run``, ``state``, ``history`` and
        ``guards``. With ``dry_run`` a plan: ``ok``, ``problems``, ``counts``, ``to_write``, ``to_remove``,
        ``calls``, ``minutes``, ``sample`` and more.
    :raises AirflowFailException: when more records were rejected than allowed, the object type, the key, a
        column or a label is not one, the connection does not allow it, a limit is not kept, or a plan cannot
        be applied any more.

    Source: HubSpot ``POST /crm/{version}/objects/{objectType}/batch/{upsert,create,update,read,archive}`` and
    ``POST /crm/{version}/associations/{fromObjectType}/{toObjectType}/batch/create`` and
    ``POST /crm/{version}/imports``; Marketo
    ``POST /rest/v1/companies.json``, ``POST /rest/v1/opportunities.json``,
    ``POST /rest/v1/opportunities/roles.json``, ``POST /rest/v1/salespersons.json``,
    ``POST /rest/v1/namedaccounts.json``, ``POST /rest/v1/customobjects/{apiName}.json`` and
    ``POST /bulk/v1/customobjects/{apiName}/import.json``.
    """

    targets = (
        Target(SOURCE, "source", "input"),
        Target("object", "object_type", "output"),
        *RESULT_FILES,
    )

    template_fields: Sequence[str] = (
        "object_type",
        "records",
        *(name for name in WRITING_FIELDS if name != "leads"),
        *OBJECT_CHANGE_FIELDS,
        "action",
        "associate",
        "property_group",
        "mode",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql", "columns": "json", "constants": "json", "associate": "json"}  # noqa: RUF012 - Airflow's own

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        **OBJECT_CHANGE_CHECKS,
        "action": one_of("createOrUpdate", "createOnly", "updateOnly"),
        "mode": one_of(*get_args(Mode)),
    }

    def __init__(
        self,
        *,
        conn_id: str,
        object_type: str,
        lookup_field: str | None = None,
        records: Leads | None = None,
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
        associate: Sequence[Mapping[str, object]] | str = (),
        free_mail_domains: Sequence[str] = FREE_MAIL_DOMAINS,
        search_wait: float = SEARCH_WAIT,
        create_missing_properties: bool = False,
        property_group: str | None = None,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        outcomes_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
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
        self.object_type = object_type
        self.lookup_field = lookup_field
        self.records = hold_callable(records)
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
        self.associate = associate
        self.free_mail_domains = free_mail_domains
        self.search_wait = search_wait
        self.create_missing_properties = create_missing_properties
        self.property_group = property_group
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.outcomes_path = outcomes_path
        self.max_concurrency = max_concurrency
        self.fail_fast = fail_fast
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
        check_source(arguments, "records")
        check_object_changes(arguments)

    def run_action(self, context: Context) -> ObjectSyncOutcome | ObjectChangesOutcome | PlanOutcome:
        from airflow_provider_mkt.operators._object_writing import (
            Associations,
            ObjectSource,
            ObjectWriting,
            association_rules,
        )

        hook, options = self.hook, WriteOptions(self)
        if hook.conn_type != "hubspot":
            self._refuse_options_of_hubspot()
        changes = object_changes(self, hook.conn_type)
        check_types(self.types, hook.conn_type)
        seconds("search_wait", self.search_wait)
        object_type = required_str("object_type", self.object_type)
        action = required_str("action", self.action)
        rules = association_rules(
            self.associate or [],
            object_type,
            as_list("free_mail_domains", self.free_mail_domains),
            as_list("null_values", self.null_values),
        )
        source = LeadSource(
            self,
            row_key=changes.row_key,
            lookup_field=options.lookup_field,
            beside=[rule.column for rule in rules],
            records="records",
        )
        writer = hook.object_writer(
            object_type,
            action=action,
            lookup_field=options.lookup_field,
            new_properties=self._new_properties(),
        )
        linked_to = [f"{rule.association.to} {rule.column}" for rule in rules]
        about = [object_type, action, *linked_to, *changes.about]
        writing = ObjectWriting(self, context, hook, writer, options, about)
        mode = checked_mode(self.mode)
        importer = self._importer(mode, object_type, action, options)
        if changes.compares:
            associations = Associations(writing.hook, rules, search_wait=self.search_wait) if rules else None
            return sync_changed_objects(
                self, writing, source, action, changes, importer, mode=mode, associations=associations
            )
        rows = ObjectSource(source, writing.hook, writer, rules, search_wait=self.search_wait)
        if importer is None:
            return cast("ObjectSyncOutcome", writing.run(rows, dict))
        outcome = writing.run_in_bulk(self, importer, source, choose=mode == "auto")
        return cast("ObjectSyncOutcome", outcome)

    def _importer(
        self, mode: Mode, object_type: str, action: str, options: WriteOptions
    ) -> LeadImporter | None:
        """Return the platform's import; None when it cannot do what is wanted and the mode allows calls.

        :raises InvalidInput: naming the parameter that no import supports, with ``mode="bulk"``.
        """
        if mode == "calls":
            return None
        try:
            return self._checked_importer(object_type, action, options)
        except InvalidInput as error:
            if mode == "bulk":
                raise
            self.log.info("Sent by calls: %s", error.message)
            return None

    def _checked_importer(self, object_type: str, action: str, options: WriteOptions) -> LeadImporter:
        if options.outcomes_path is not None:
            raise InvalidInput("outcomes_path", "an import does not report each record's outcome and id")
        if as_list("associate", self.associate or []):
            raise InvalidInput("associate", "needs the ids of the records, which an import does not report")
        importer = self.hook.object_importer(
            object_type,
            action=action,
            lookup_field=options.lookup_field,
            new_properties=self._new_properties(),
        )
        # Whether there is an import depends on the key, which the schema has.
        with self.hook as hook:
            hook.follow(importer.known_fields())
        return importer

    def _refuse_options_of_hubspot(self) -> None:
        """Refuse what HubSpot alone has, before anything is read or sent.

        :raises InvalidInput: naming the option, and what does the same on Marketo.
        """
        if self.associate:
            raise InvalidInput(
                "associate",
                "Marketo has no associations: a field of the record links it, such as externalCompanyId, "
                "externalSalesPersonId, leadId of a role, or the link field of a custom object",
            )
        only = "is an option of HubSpot; leave it out"
        if self.property_group is not None:
            raise InvalidInput("property_group", only)
        if self.search_wait != SEARCH_WAIT:
            raise InvalidInput("search_wait", only)
        if tuple(self.free_mail_domains) != FREE_MAIL_DOMAINS:
            raise InvalidInput("free_mail_domains", only)

    def _new_properties(self) -> NewProperties | None:
        from airflow_provider_mkt.actions.ports import NewProperties

        if not self.create_missing_properties:
            return None
        group = optional_str("property_group", self.property_group)
        if group is None:
            raise InvalidInput("property_group", "is missing: the group of the properties that are created")
        return NewProperties(dict(self.types or {}), group)

"""Operators that change the members of static lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULT_FILES, SOURCE, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import CancellableOperator
from airflow_provider_mkt.operators._change_options import check_changes
from airflow_provider_mkt.operators._lead_source import LeadSource, check_source, check_types
from airflow_provider_mkt.operators._lead_writing import WRITING_FIELDS, LeadWriting, WriteOptions
from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import hold_callable, optional_str, required_str, to_bool
from airflow_provider_mkt.operators._parse_checks import one_of
from airflow_provider_mkt.operators.outcomes import ListAdditionOutcome, ListRemovalOutcome
from airflow_provider_mkt.sync.rows import NULL_VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._lead_source import Leads as Records
    from airflow_provider_mkt.operators._list_options import Missing
    from airflow_provider_mkt.operators._member_source import Leads
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators._suppression import Suppressed
    from airflow_provider_mkt.sync.files import Format
    from airflow_provider_mkt.sync.mapping import Type
    from airflow_provider_mkt.sync.plan import ListPlanOutcome
    from airflow_provider_mkt.sync.results import ListSyncOutcome
    from airflow_provider_mkt.sync.rows import Blanks


class AddToListOperator(MemberOperator[ListAdditionOutcome]):
    """Add leads to a static list, on either platform.

    Leads that are in the list stay in it, so a repeated request changes nothing.

    This is also the supported way to start automation with leads: a HubSpot workflow whose enrollment trigger
    is membership of the list enrolls them, a Marketo trigger campaign with the trigger "Added to List" runs
    them.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param leads: contact record ids (HubSpot), lead ids (Marketo), or email addresses, which are looked
        up: a list, JSON text of a list, or a callable without arguments that returns an iterable. Either
        ``leads`` or ``leads_path`` is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one id per line.
    :param leads_column: the column of that file with the ids. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param list_id: the list: a contact list that is MANUAL or SNAPSHOT (HubSpot), or a static list (Marketo).
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file below
        ``[mkt] results_path``, or on the worker. No file is written when there are none. A later task can
        read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`ListAdditionOutcome`: ``total``, ``duplicates``, ``added``, ``already_in``,
        ``rejected``, ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the list does not exist or is filled by its filters, more leads are
        rejected than allowed, or a result is unknown.

    Source: HubSpot ``PUT /crm/{version}/lists/{listId}/memberships/add``; Marketo
    ``POST /rest/v1/lists/{listId}/leads.json``.
    """

    targets = (
        *MemberOperator.targets,
        Target("list", "list_id", "output"),
    )

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "list_id",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        list_id: str | int,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            leads=leads,
            leads_path=leads_path,
            leads_column=leads_column,
            max_rejected=max_rejected,
            rejects_path=rejects_path,
            max_concurrency=max_concurrency,
            fail_fast=fail_fast,
            **kwargs,
        )
        self.list_id = list_id

    def member_action(self) -> MemberAction:
        return self.hook.people.add_to_list(required_str("list_id", self.list_id))


class RemoveFromListOperator(MemberOperator[ListRemovalOutcome]):
    """Remove leads from a static list, on either platform.

    The leads themselves are kept. A repeated request changes nothing.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param leads: contact record ids (HubSpot), lead ids (Marketo), or email addresses, which are looked
        up: a list, JSON text of a list, or a callable without arguments that returns an iterable. Either
        ``leads`` or ``leads_path`` is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one id per line.
    :param leads_column: the column of that file with the ids. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param list_id: the list: a contact list that is MANUAL or SNAPSHOT (HubSpot), or a static list (Marketo).
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file below
        ``[mkt] results_path``, or on the worker. No file is written when there are none. A later task can
        read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    :returns: a :class:`ListRemovalOutcome`: ``total``, ``duplicates``, ``removed``, ``not_in``, ``rejected``,
        ``unknown``, ``reasons``, ``rejects`` and ``seconds``.
    :raises AirflowFailException: when the list does not exist or is filled by its filters, more leads are
        rejected than allowed, or a result is unknown.

    Source: HubSpot ``PUT /crm/{version}/lists/{listId}/memberships/remove``; Marketo
    ``DELETE /rest/v1/lists/{listId}/leads.json``.
    """

    targets = (
        *MemberOperator.targets,
        Target("list", "list_id", "output"),
    )

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "list_id",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        list_id: str | int,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            leads=leads,
            leads_path=leads_path,
            leads_column=leads_column,
            max_rejected=max_rejected,
            rejects_path=rejects_path,
            max_concurrency=max_concurrency,
            fail_fast=fail_fast,
            **kwargs,
        )
        self.list_id = list_id

    def member_action(self) -> MemberAction:
        return self.hook.people.remove_from_list(required_str("list_id", self.list_id))


class SyncListOperator(CancellableOperator):
    """Make a static list equal to a source, on either platform.

    The list and the source are read whole, and compared, before anything is sent. People who are missing in
    the list are added. People whom an earlier run of this sync has added, and whose row left the source, are
    removed; members that others have added stay, unless the sync is ``exclusive``. Nobody is removed in a
    first run, without the state of the earlier runs, or when the source is empty or could not be read to its
    end. The people themselves stay on the platform.

    Every row has one status: ``added``, ``already_in``, ``not_found``, ``suppressed``, ``rejected`` or
    ``unknown``. So has every person beside the source: ``removed`` or ``already_out``.

    A retry reads the list again and continues: it is safe after a kill at any moment. People whom a killed
    try has added count as ``already_in``. A retry of a try that finished sends nothing. The state is kept at
    ``state_path``. Needs pyarrow; DuckDB makes it faster. Memory: about 150 bytes for each member and row.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param list_id: the list: a contact list that is MANUAL or SNAPSHOT (HubSpot), or a static list (Marketo).
        One that is filled by its filters or rules is refused.
    :param leads: mappings of field to value: a list, JSON text of one, or a callable without arguments that
        returns any iterable of them. Give exactly one of ``leads``, ``source`` and ``sql``.
    :param source: a file on any object storage that Airflow supports: CSV (UTF-8, with a header), JSON Lines
        or Parquet; CSV and JSON Lines also compressed by gzip or zstd (``.gz``, ``.zst``).
    :param source_format: ``csv``, ``jsonl`` or ``parquet``; by default the file's ending decides.
    :param sql: a statement that returns rows, streamed by a cursor on the server.
    :param sql_conn_id: the database: any Airflow connection with a SQL hook.
    :param sql_parameters: values for the statement's placeholders, in the style of the database's driver.
    :param columns: column to field, for columns that are not named like their field. A column that is mapped
        to None is left out.
    :param constants: fields that every person who is created gets.
    :param null_values: texts that mean no value.
    :param types: field to its type, for people who are created; see :class:`.SyncLeadsOperator`.
    :param blank: what no value means for people who are created: ``omit`` or ``clear``, or field to one.
    :param lookup_field: the field that people are found by: ``email``, which on HubSpot includes further
        addresses of a contact; the platform's id (``hs_object_id`` or ``id``); or another unique (HubSpot) or
        searchable (Marketo) field. Without ``missing="create"`` it is the only field that is used.
    :param missing: what happens with a row whose person the platform does not have: ``reject``, then it is
        ``not_found``; or ``create`` the person with the fields of the row first.
    :param exclusive: remove every member that no row is about, whoever has added it. Not in a first run.
    :param partition_name: Marketo: lead partition for people who are created.
    :param marketable_contacts: HubSpot: whether people who are created are marketing contacts.
    :param max_changed: people who may be added: a number, or a share (0.3 or ``"30%"``) of the rows of the
        last run. With more the task fails before anything is sent. A share does not limit a first run.
    :param max_removed: people who may be removed, likewise.
    :param min_rows: rows that the source must have, without those that are held back: a number, or a share
        of those of the last run. By default at least one, if the last run had any; 0 allows an empty source.
    :param suppress: email addresses that never are in the list because of this sync, or their SHA-256 digests
        (of the address in lower case): a list, JSON text of one, a callable, or the path of a text file, or
        of a folder of them, with one on each line.
    :param suppress_list_id: a list on the platform whose members are never added.
    :param consent: hold people back without consent. True: those who opted out of all mail (HubSpot), or are
        ``unsubscribed`` or ``blackListed`` (Marketo). HubSpot: ``{"subscription_id": 7}`` also those who
        opted out of that type of mail, and with ``"opt_in": True`` those who did not subscribe to it.
        Marketo: ``{"fields": {"unsubscribed": False, "newsletter": True}}``: the values that fields must
        have. Who is held back and was added by this sync is removed.
    :param max_rejected: how many people may be not found, rejected or unknown: a number, a share (0.05 or
        ``"5%"``), or None for any. Above it the task fails without retry, after everything else was done.
    :param rejects_path: where their rows are written as JSON Lines; by default a file below
        ``[mkt] results_path``, or on this machine. It can be the ``source`` of a later task.
    :param outcomes_path: where the status of every row is written as JSON Lines, with the platform's id; by
        default nowhere.
    :param max_concurrency: requests in flight at most; by default as many as the connection allows.
    :param fail_fast: stop as soon as more are rejected than allowed. Then nobody is removed. A share is
        judged from the thousandth row on.
    :param state_path: a folder for the state of this sync alone, on any object storage that Airflow supports.
        By default a folder below ``[mkt] results_path``, or on this machine, named by account, DAG and task.
    :param dry_run: send nothing, and return what would be done: counts, calls and minutes, and whether the
        limits are kept.
    :param plan: the output of a task with ``dry_run``. Exactly that is done. When the source, the list or the
        state changed since, the task fails before anything is sent. Its state is used.
    :param allow_older: allow a run for an older data interval than that of the last run.
    :returns: a :class:`.ListSyncOutcome`; with ``dry_run`` a :class:`.ListPlanOutcome`.
    :raises AirflowFailException: when the list does not exist or is filled by its rules, a limit is not kept,
        a plan cannot be applied any more, or more people were rejected than allowed.

    Source: HubSpot ``PUT /crm/{version}/lists/{listId}/memberships/{add,remove}``,
    ``GET /crm/{version}/lists/{listId}/memberships`` and
    ``POST /crm/{version}/objects/contacts/batch/{read,upsert}``,
    ``POST /communication-preferences/{version}/statuses/batch/read`` and
    ``POST /communication-preferences/{version}/statuses/batch/unsubscribe-all/read``; Marketo
    ``GET /rest/v1/lists/{listId}/leads.json``, ``POST /rest/v1/lists/{listId}/leads.json``,
    ``DELETE /rest/v1/lists/{listId}/leads.json``, ``GET /rest/v1/leads.json`` and
    ``POST /rest/v1/leads.json``.
    """

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "missing": one_of("reject", "create"),
        "exclusive": to_bool,
    }
    targets = (
        Target(SOURCE, "source", "input"),
        Target("list", "list_id", "output"),
        *RESULT_FILES,
    )

    template_fields: Sequence[str] = (
        *WRITING_FIELDS,
        *("list_id", "missing", "exclusive", "partition_name", "max_changed", "max_removed", "min_rows"),
        *("suppress", "suppress_list_id", "consent", "state_path", "plan"),
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql", "columns": "json", "constants": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        list_id: str | int,
        leads: Records | None = None,
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
        lookup_field: str = "email",
        missing: Missing | str = "reject",
        exclusive: bool | str = False,
        partition_name: str | None = None,
        marketable_contacts: bool | None = None,
        max_changed: int | float | str | None = None,
        max_removed: int | float | str | None = "10%",
        min_rows: int | float | str | None = None,
        suppress: Suppressed | None = None,
        suppress_list_id: str | int | None = None,
        consent: bool | Mapping[str, object] | str | None = None,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        outcomes_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        state_path: str | None = None,
        dry_run: bool = False,
        plan: Mapping[str, object] | str | None = None,
        allow_older: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.list_id = list_id
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
        self.lookup_field = lookup_field
        self.missing = missing
        self.exclusive = exclusive
        self.partition_name = partition_name
        self.marketable_contacts = marketable_contacts
        self.max_changed = max_changed
        self.max_removed = max_removed
        self.min_rows = min_rows
        self.suppress = hold_callable(suppress)
        self.suppress_list_id = suppress_list_id
        self.consent = consent
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.outcomes_path = outcomes_path
        self.max_concurrency = max_concurrency
        self.fail_fast = fail_fast
        self.state_path = state_path
        # dry_run is a method of Airflow's operators.
        self.plan_only = dry_run
        self.plan = plan
        self.allow_older = allow_older

    def check_arguments(self, arguments: Arguments) -> None:
        check_source(arguments)
        check_changes(arguments)

    def run_action(self, context: Context) -> ListSyncOutcome | ListPlanOutcome:
        from airflow_provider_mkt.operators._list_diff import ID_FIELDS
        from airflow_provider_mkt.operators._list_options import ListOptions
        from airflow_provider_mkt.operators._list_sync import ListSync

        write_options, options = WriteOptions(self), ListOptions(self)
        lookup_field = required_str("lookup_field", self.lookup_field)
        by_id = lookup_field == ID_FIELDS[self.hook.conn_type]
        if by_id and options.creates:
            raise InvalidInput("missing", f"nobody can be created with a given {lookup_field}; use reject")
        check_types(self.types, self.hook.conn_type)
        source = LeadSource(self, lookup_field=lookup_field)
        writer = self.hook.lead_writer(
            action="updateOnly" if by_id else "createOrUpdate",
            lookup_field=lookup_field,
            partition_name=optional_str("partition_name", self.partition_name),
            marketable_contacts=self.marketable_contacts,
        )
        writing = LeadWriting(self, context, self.hook, writer, write_options, options.about)
        sync = ListSync(writing, source, options)
        with writing.hook, writing.hook.exclusive(f"task {writing.task}"):
            return sync.plan() if options.dry_run else sync.run()

"""Operators that create or update leads and log an activity for each: pushes and form fills."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULT_FILES, SOURCE, Target
from airflow_provider_mkt.hooks.state import task_digest, task_state_of
from airflow_provider_mkt.operators._base import CancellableOperator, MarketingOperator
from airflow_provider_mkt.operators._lead_source import LeadSource, check_source
from airflow_provider_mkt.operators._lead_writing import (
    WRITING_FIELDS,
    LeadWriting,
    WriteOptions,
    written_alone,
)
from airflow_provider_mkt.operators._parameters import (
    as_mapping,
    hold_callable,
    optional_str,
    required_str,
)
from airflow_provider_mkt.operators.outcomes import FormSubmissionOutcome
from airflow_provider_mkt.sync.rows import NULL_VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from airflow_provider_mkt.operators._lead_source import Leads
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.sync.files import Format
    from airflow_provider_mkt.sync.mapping import Type
    from airflow_provider_mkt.sync.results import SyncOutcome
    from airflow_provider_mkt.sync.rows import Blanks


class PushLeadsOperator(CancellableOperator):
    """Push leads to Marketo: create or update them, and log a push that campaigns can be triggered by.

    Leads stream from a list, a file or a database, 300 to a call. A lead that cannot be pushed goes to the
    rejects file with its own input and the reason; the others are pushed.

    Each push starts again what listens for it, so no lead is pushed twice without a user: a retry continues
    where the last try stopped, and leads whose answer was lost, or whose outcome an earlier try did not
    learn, are rejected as ``OUTCOME_UNKNOWN``.

    :param conn_id: a connection of type ``marketo``.
    :param program_name: the name of the program they are pushed for.
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
        ``multiple`` (several options as a list or a JSON array, which are joined by semicolons); a value
        that cannot be converted rejects its lead.
    :param blank: what no value means: an empty CSV value, None, JSON's null, NULL of a database or a Parquet
        file, or one of ``null_values``. ``omit`` leaves the field alone, ``clear`` empties it. A field that a
        row does not have is left alone. An empty text that is not from CSV is a value: it empties its field.
        Field to rule, where fields differ; the others are left alone.
    :param lookup_field: the key; ``email``, another searchable field, or ``mktToken`` for the value of a
        clicked link. None sends no key, for an instance with its own duplicate rule.
    :param program_status: a status of the program's channel that they get.
    :param push_source: free text that triggers can filter by.
    :param push_reason: free text that triggers can filter by.
    :param partition_name: lead partition for new leads.
    :param max_rejected: how many rejected records are allowed: a number, a share (0.05 or ``"5%"``), or None
        for any. Above it the task fails without retry, after everything else was sent.
    :param rejects_path: where rejected records are written as JSON Lines; by default a file below
        ``[mkt] results_path``, or on this machine.
        There is no file when none is rejected.
    :param outcomes_path: where the outcome of every record is written as JSON Lines, with the platform's
        lead id; by default nowhere.
    :param max_concurrency: calls in flight at most; by default as many as the connection allows.
    :param fail_fast: stop as soon as more leads are rejected than allowed, and leave the rest unsent. A
        share is judged from the thousandth lead on.
    :returns: ``total``, ``created``, ``updated``, ``skipped``, ``rejected``, ``resumed`` (done by
        earlier tries), ``reasons`` (code to count), ``rejects``, ``outcomes``, ``calls`` and ``seconds``.
    :raises AirflowFailException: when more records were rejected than allowed, or a column is not a field of
        a lead.

    Source: ``POST /rest/v1/leads/push.json``.
    """

    targets = (
        Target(SOURCE, "source", "input"),
        Target("leads", "", "output"),
        *RESULT_FILES,
    )

    template_fields: Sequence[str] = (
        *WRITING_FIELDS,
        "program_name",
        "program_status",
        "push_source",
        "push_reason",
        "partition_name",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql", "columns": "json", "constants": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        program_name: str,
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
        lookup_field: str | None = "email",
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        outcomes_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        program_status: str | None = None,
        push_source: str | None = None,
        push_reason: str | None = None,
        partition_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.program_name = program_name
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
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.outcomes_path = outcomes_path
        self.max_concurrency = max_concurrency
        self.fail_fast = fail_fast
        self.program_status = program_status
        self.push_source = push_source
        self.push_reason = push_reason
        self.partition_name = partition_name

    def check_arguments(self, arguments: Arguments) -> None:
        check_source(arguments)

    def run_action(self, context: Context) -> SyncOutcome:
        from airflow_provider_mkt.actions.marketo.leads import PushWriter

        options, source = WriteOptions(self), LeadSource(self)
        hook = self.hook_on("marketo")
        writer = PushWriter(
            program_name=required_str("program_name", self.program_name),
            lookup_field=optional_str("lookup_field", self.lookup_field),
            program_status=optional_str("program_status", self.program_status),
            source=optional_str("push_source", self.push_source),
            reason=optional_str("push_reason", self.push_reason),
            partition_name=optional_str("partition_name", self.partition_name),
        )
        return LeadWriting(
            self,
            context,
            hook,
            writer,
            options,
            [writer.program_name, writer.program_status, writer.partition_name],
        ).run(source, _push_outcome)


def _push_outcome(outcome: SyncOutcome) -> SyncOutcome:
    return {**outcome, "outcome": "lead_push"}


class SubmitFormOperator(MarketingOperator):
    """Fill out a Marketo form for one person, once: create or update the lead, and log the form fill.

    Each form fill starts what listens for it, and nothing distinguishes a second one. So the request is
    stored before it is sent. When its answer is lost, or the worker is killed, the task fails and a retry
    does not send it again; clearing the task does. A task that has filled out its form for a person returns
    the same result when it is cleared, and sends nothing, also with other values of that person.

    The values of the fields are in no log or result. Airflow itself shows them with the task's rendered
    fields.

    :param conn_id: a connection of type ``marketo``.
    :param form_id: the form.
    :param fields: REST field names to values; all must be on the form, ``email`` is needed.
    :param program_id: the program to add the person to; the form's own when fields of program members are
        given.
    :param visitor_data: ``pageURL``, ``queryString``, ``leadClientIpAddress``, ``userAgentString``.
    :param cookie: value of the browser's ``_mkto_trk`` cookie.
    :returns: ``lead_id``, and its ``status``: ``created`` or ``updated``.
    :raises AirflowFailException: when the form is not accepted, or its outcome is unknown.

    Source: ``POST /rest/v1/leads/submitForm.json``.
    """

    targets = (
        Target("form", "form_id", "output"),
        Target("leads", "", "output"),
    )

    template_fields: Sequence[str] = ("conn_id", "form_id", "fields", "program_id", "visitor_data", "cookie")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"fields": as_mapping}

    def __init__(
        self,
        *,
        conn_id: str,
        form_id: str | int,
        fields: Mapping[str, object] | str,
        program_id: str | int | None = None,
        visitor_data: Mapping[str, str] | str | None = None,
        cookie: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.form_id = form_id
        self.fields = fields
        self.program_id = program_id
        self.visitor_data = visitor_data
        self.cookie = cookie

    def run_action(self, context: Context) -> FormSubmissionOutcome:
        from airflow_provider_mkt.actions.marketo import leads

        form_id = required_str("form_id", self.form_id)
        fields = as_mapping("fields", self.fields)
        program_id = optional_str("program_id", self.program_id)
        email = str(fields.get("email") or "").strip().lower()
        with self.hook_on("marketo") as hook, ExitStack() as stack:
            stack.enter_context(hook.exclusive(f"submit form of {task_digest(context)}"))
            task_state = task_state_of(context, hook)
            if not leads.was_submitted(form_id, fields, task_state, program_id):
                stack.enter_context(written_alone(hook, "email", email, leads.QUIET_AFTER))
            filled = hook.follow(
                leads.submit(
                    form_id,
                    fields,
                    task_state,
                    program_id=program_id,
                    visitor_data=as_mapping("visitor_data", self.visitor_data) if self.visitor_data else None,
                    cookie=optional_str("cookie", self.cookie),
                )
            )
        self.log.info("Form %s: lead %s %s", form_id, filled["lead_id"], filled["status"])
        return FormSubmissionOutcome(
            outcome="form_submission",
            platform=hook.conn_type,
            form_id=form_id,
            lead_id=filled["lead_id"],
            status=filled["status"],
        )

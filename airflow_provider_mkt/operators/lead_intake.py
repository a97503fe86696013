"""Operators for ways of a lead to come in that leave an activity each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._base import MarketingOperator, as_mapping, optional_str, required_str
from airflow_provider_mkt.operators._lead_writing import LeadWritingOperator
from airflow_provider_mkt.operators._task_state import task_digest, task_state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadWriter
    from airflow_provider_mkt.sync.report import SyncOutcome


class PushLeadsOperator(LeadWritingOperator):
    """Push leads to Marketo: create or update them, and log a push that campaigns can be triggered by.

    Leads stream from a list, a file or a database (``leads``, ``source``, ``sql`` and what goes with them:
    see :class:`.LeadSourceOperator`), 300 to a call. One that cannot be pushed goes to the rejects file with
    its own input and the reason; the others are pushed.

    Each push starts what listens for it again, so no lead is pushed twice by itself: a retry goes on where
    the last try was, and leads whose answer was lost, or whose outcome an earlier try did not learn, are
    rejected as ``OUTCOME_UNKNOWN``.

    :param conn_id: a connection of type ``marketo``.
    :param program_name: the program they are pushed for, by its name.
    :param lookup_field: the key; ``email``, another searchable field, or ``mktToken`` for the value of a
        clicked link.
    :param program_status: a status of the program's channel to put them at.
    :param push_source: free text that triggers can ask for.
    :param push_reason: free text that triggers can ask for.
    :param partition_name: lead partition for new leads.
    :returns: ``total``, ``created``, ``updated``, ``skipped``, ``rejected``, ``resumed`` (done by
        earlier tries), ``reasons`` (code to count), ``rejects``, ``outcomes``, ``calls`` and ``seconds``.
    :raises AirflowFailException: when more records were rejected than allowed, or a column is no field of
        a lead.

    Source: ``POST /rest/v1/leads/push.json``.
    """

    template_fields: Sequence[str] = (
        *LeadWritingOperator.writing_fields,
        "program_name",
        "program_status",
        "push_source",
        "push_reason",
        "partition_name",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        program_name: str,
        program_status: str | None = None,
        push_source: str | None = None,
        push_reason: str | None = None,
        partition_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.program_name = program_name
        self.program_status = program_status
        self.push_source = push_source
        self.push_reason = push_reason
        self.partition_name = partition_name

    def writer(self) -> LeadWriter:
        from airflow_provider_mkt.actions.marketo.leads import PushWriter

        self.hook_on("marketo")
        return PushWriter(
            program_name=required_str("program_name", self.program_name),
            lookup_field=required_str("lookup_field", self.lookup_field),
            program_status=optional_str("program_status", self.program_status),
            source=optional_str("push_source", self.push_source),
            reason=optional_str("push_reason", self.push_reason),
            partition_name=optional_str("partition_name", self.partition_name),
        )

    def result_of(self, outcome: SyncOutcome) -> Mapping[str, Any]:
        return {**outcome, "outcome": "lead_push"}


class SubmitFormOperator(MarketingOperator):
    """Fill out a Marketo form for one person, once: create or update the lead, and log the form fill.

    Each form fill starts what listens for it, and nothing tells a second one from the first. So it is
    remembered before it is sent; one whose answer was lost, or whose worker was killed, fails the task and
    is not sent again by itself. Clearing the task then sends it. A task that has filled out its form says so
    again when it is cleared, and sends nothing.

    What the person filled in is in no log or result. Airflow itself shows it where it shows the task's
    rendered fields.

    :param conn_id: a connection of type ``marketo``.
    :param form_id: the form.
    :param fields: REST field names to values; all must be on the form, ``email`` is needed.
    :param program_id: the program to add the person to; the form's own where fields of program members
        are given.
    :param visitor_data: ``pageURL``, ``queryString``, ``leadClientIpAddress``, ``userAgentString``.
    :param cookie: value of the browser's ``_mkto_trk`` cookie.
    :returns: ``lead_id``, and its ``status``: ``created`` or ``updated``.
    :raises AirflowFailException: when the form is not accepted, or nobody can tell whether it was.

    Source: ``POST /rest/v1/leads/submitForm.json``.
    """

    template_fields: Sequence[str] = ("conn_id", "form_id", "fields", "program_id", "visitor_data", "cookie")

    def __init__(
        self,
        *,
        conn_id: str,
        form_id: str | int,
        fields: Mapping[str, Any] | str,
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

    def run_action(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.actions.marketo import leads

        form_id = required_str("form_id", self.form_id)
        with self.hook_on("marketo") as hook, hook.exclusive(f"submit form of {task_digest(context)}"):
            filled = hook.follow(
                leads.submit(
                    form_id,
                    as_mapping("fields", self.fields),
                    task_state_of(context),
                    program_id=optional_str("program_id", self.program_id),
                    visitor_data=as_mapping("visitor_data", self.visitor_data) if self.visitor_data else None,
                    cookie=optional_str("cookie", self.cookie),
                )
            )
        self.log.info("Form %s: lead %s %s", form_id, filled["lead_id"], filled["status"])
        return {
            "outcome": "form_submission",
            "platform": hook.conn_type,
            "form_id": form_id,
            "lead_id": filled["lead_id"],
            "status": filled["status"],
        }

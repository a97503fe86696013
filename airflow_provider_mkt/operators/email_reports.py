"""The operator that reports what came of emails that were sent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from airflow_provider_mkt.actions.targets import JOBS, REJECTS, RESULTS, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import MarketingOperator, push_outcome
from airflow_provider_mkt.operators._files import as_lines_path, result_path, write_rows
from airflow_provider_mkt.operators._parameters import (
    RejectThreshold,
    as_list,
    as_mapping,
    as_seconds,
    is_missing,
    optional_str,
)
from airflow_provider_mkt.operators._waiting import check_jobs, job_states_of_event, jobs_of, wait_for_states
from airflow_provider_mkt.version_compat import AirflowFailException, conf

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.jobs import Job, JobStateDict
    from airflow_provider_mkt.actions.send_check_table import Severity
    from airflow_provider_mkt.actions.send_checks import Check
    from airflow_provider_mkt.actions.send_reports import DroppedPerson, Reconciliation, SendFigures
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators.outcomes import EmailReportOutcome, EmailReportRow

_KINDS = {"email_publish": "email", "email_send": "email_program"}
"""The kinds of sends, by the kinds of jobs."""
_ON_PROBLEM: dict[str, Severity] = {"fail": "error", "warn": "warning"}
_HISTORY_MAX = 10_000
"""Rows that a history keeps, the newest ones."""
_REASONS_MAX = 20


def _checks(name: str, value: object) -> list[tuple[Mapping[str, object], Mapping[str, object]]]:
    """Return the checks of the sends, each with its target."""
    if is_missing(value):
        return []
    if isinstance(value, str):
        value = as_list(name, value) if value.strip().startswith("[") else as_mapping(name, value)
    found = []
    for index, one in enumerate([value] if isinstance(value, Mapping) else as_list(name, value)):
        target = one.get("target") if isinstance(one, Mapping) else None
        if not isinstance(target, Mapping):
            raise InvalidInput(f"{name}[{index}]", "must be the outcome of CheckEmailOperator")
        found.append((one, target))
    return found


class EmailReportOperator(MarketingOperator):
    """Report what came of emails: wait until their figures are final, and compare them with the audience.

    The figures are final when the platform has processed the audience and they do not change any more. Each
    person of the audience was sent a mail, was dropped for a reason, or is unexplained. An email that reached
    nobody fails the task with the reason.

    HubSpot's email analytics (v1) say who was dropped and why, until HubSpot ends them in September 2027.
    Marketo does not say who was dropped: the check before the send counts them by reason.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param job: the sends: the outcome of the operator that published or scheduled, or a list of these. An
        email of HubSpot is ``{"platform": "hubspot", "kind": "email_publish", "id": "1"}``, an email program
        of Marketo ``{"platform": "marketo", "kind": "email_send", "id": "1"}``.
    :param check: the outcome of :class:`~airflow_provider_mkt.operators.email_checks.CheckEmailOperator`, or
        a list of these: the audience before the send. HubSpot's own selection when not given; Marketo has
        none.
    :param stable_for: seconds for which the figures must not change. 600 when not given. HubSpot's are final
        before that when each selected person is sent or dropped. For sends by the recipient's time zone, more
        than an hour.
    :param min_sent: fewer mails are a problem.
    :param max_bounced: more bounced mails are a problem: a number, or a share of the sent ones.
    :param max_unexplained: more unexplained people, or more mails than people, are a problem: a number, or a
        share of the audience. Only where the audience was counted exactly.
    :param on_problem: ``fail`` the task, or ``warn`` in the log and the outcome.
    :param output_path: a JSON Lines file for the figures, one row per send.
    :param rejects_path: HubSpot: a JSON Lines file for the people who were dropped, with the reason. Below
        ``[mkt] results_path`` when not given.
    :param history_path: a JSON Lines file to which one row per send is added, which ``max_change_from_last``
        of the check reads. Running the task again adds no second row.
    :param series: names sends of the same kind in the history.
    :param send_key: what the sends are for, for the history.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: seconds between polls; the shortest useful interval when not given.
    :param wait_timeout: seconds to wait at most.
    :param max_poll_failure_time: seconds for which polls may keep failing.
    :returns: :class:`.EmailReportOutcome`.
    :raises AirflowFailException: when an email reached nobody or was not sent, or a limit was passed and
        ``on_problem`` is ``fail``. In that case the outcome is in XCom all the same.
    :raises JobsOverdue: after ``wait_timeout``.

    Source: HubSpot ``GET /marketing/{version}/emails/{emailId}``,
    ``GET /email/public/v1/campaigns/{campaign_id}`` and ``GET /email/public/v1/events``; Marketo
    ``GET /rest/asset/v1/program/{id}.json`` and ``GET /rest/v1/activities.json``.
    """

    targets = (
        Target(JOBS, "job", "input"),
        Target(RESULTS, "output_path", "output"),
        Target(REJECTS, "rejects", "output"),
    )

    template_fields: Sequence[str] = (
        "conn_id",
        "job",
        "check",
        "stable_for",
        "min_sent",
        "max_bounced",
        "max_unexplained",
        "output_path",
        "rejects_path",
        "history_path",
        "series",
        "send_key",
    )
    template_fields_renderers = {"job": "json", "check": "json"}  # noqa: RUF012 - Airflow's own declaration

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "job": check_jobs,
        "check": _checks,
        "output_path": as_lines_path,
    }

    def __init__(
        self,
        *,
        conn_id: str,
        job: object,
        check: object = None,
        stable_for: float | str | None = None,
        min_sent: int | str = 1,
        max_bounced: int | float | str | None = None,
        max_unexplained: int | float | str | None = "2%",
        on_problem: str = "fail",
        output_path: str | None = None,
        rejects_path: str | None = None,
        history_path: str | None = None,
        series: str | None = None,
        send_key: str | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        if on_problem not in _ON_PROBLEM:
            raise InvalidInput("on_problem", f"must be one of {', '.join(_ON_PROBLEM)}")
        self.job = job
        self.check = check
        self.stable_for = stable_for
        self.min_sent = min_sent
        self.max_bounced = max_bounced
        self.max_unexplained = max_unexplained
        self.on_problem = on_problem
        self.output_path = output_path
        self.rejects_path = rejects_path
        self.history_path = history_path
        self.series = series
        self.send_key = send_key
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.max_poll_failure_time = max_poll_failure_time

    def check_arguments(self, arguments: Arguments) -> None:
        if arguments.known("min_sent"):
            self._limits()

    def run_action(self, context: Context) -> EmailReportOutcome:
        from dataclasses import replace

        jobs, _ = self._jobs(), self._limits()
        for one in ("output_path", "rejects_path", "history_path"):
            as_lines_path(one, getattr(self, one))
        if self.hook.conn_type == "marketo" and not is_missing(self.rejects_path):
            raise InvalidInput("rejects_path", "is HubSpot's: Marketo does not say who was dropped")
        if (seconds := self._stable_for()) is not None:
            jobs = [replace(one, stable_for=seconds) for one in jobs]
        # A report that is stopped leaves the send alone.
        return self._outcome(context, wait_for_states(self, jobs, cancel_on_kill=False, carry={}))

    def execute_complete(
        self, context: Context, event: object = None, execution_deadline: float | None = None
    ) -> EmailReportOutcome:
        """Resume with the trigger's event.

        :param execution_deadline: when ``execution_timeout`` ends the try, in epoch seconds.
        :raises AirflowTaskTimeout: when it has passed.
        """
        self.continue_after(context, event, execution_deadline)
        states = job_states_of_event(event)
        with self.airflow_errors():
            outcome = self._outcome(context, states)
            self.outcome = outcome
            return self.emit_asset_events(context, outcome)

    def _outcome(self, context: Context, job_states: Sequence[JobStateDict]) -> EmailReportOutcome:
        """Read the final figures, compare them with the audience, and write the files."""
        from airflow_provider_mkt.actions.send_checks import status_of

        states = {one["job"]["id"]: one for one in job_states}
        rows: list[EmailReportRow] = []
        checks: list[Check] = []
        dropped: Counter[str] = Counter()
        with self.hook as hook:
            for job in self._jobs():
                row, found = self._report(hook, job, states.get(job.id))
                rows.append(row)
                checks += found
                dropped.update(row["reasons"])
            rejects = self._write_rejects(context, hook) if hook.conn_type == "hubspot" and dropped else None
            if (output := as_lines_path("output_path", self.output_path)) is not None:
                write_rows(output, rows)
            if (history := as_lines_path("history_path", self.history_path)) is not None:
                with hook.exclusive(f"history {history}"):
                    self._add_to_history(history, rows)
        failed = [one for one in checks if not one.ok]
        for one in failed:
            self.log.warning("%s", one.text)
        report: EmailReportOutcome = {
            "outcome": "email_report",
            "platform": hook.conn_type,
            "status": status_of(checks),
            "problems": [one.text for one in failed],
            "audience": _total(rows, "audience"),
            "sent": _total(rows, "sent") or 0,
            "delivered": _total(rows, "delivered") or 0,
            "bounced": _total(rows, "bounced") or 0,
            "dropped": _total(rows, "dropped"),
            "unexplained": _total(rows, "unexplained"),
            "reasons": dict(dropped.most_common(_REASONS_MAX)),
            "opened": _total(rows, "opened") or 0,
            "clicked": _total(rows, "clicked") or 0,
            "unsubscribed": _total(rows, "unsubscribed") or 0,
            "spam": _total(rows, "spam"),
            "rates": _rates(rows),
            "sends": [{"kind": row["kind"], "id": row["id"], "sent": row["sent"]} for row in rows],
            "path": output,
            "rejects": rejects,
        }
        self.log.info(
            "Sent %d, delivered %d, bounced %d, dropped %s, unexplained %s, of %s people",
            report["sent"],
            report["delivered"],
            report["bounced"],
            report["dropped"],
            report["unexplained"],
            report["audience"],
        )
        if report["status"] == "error":
            push_outcome(context, report)
            raise AirflowFailException("; ".join(report["problems"]))
        return report

    def _jobs(self) -> list[Job]:
        jobs = jobs_of(self.job)
        for index, job in enumerate(jobs):
            if job.kind not in _KINDS or (job.platform, job.kind) == ("marketo", "email_publish"):
                raise InvalidInput(f"job[{index}].kind", f"{job.platform} {job.kind} is not a send")
        return jobs

    def _stable_for(self) -> float | None:
        if is_missing(self.stable_for):
            return None
        return as_seconds("stable_for", self.stable_for)

    def _limits(self) -> tuple[int, RejectThreshold, RejectThreshold]:
        text = str(self.min_sent).strip()
        if isinstance(self.min_sent, bool) or not text.isdecimal():
            raise InvalidInput("min_sent", "must be a whole number, 0 or more")
        return (
            int(text),
            RejectThreshold.of("max_bounced", self.max_bounced),
            RejectThreshold.of("max_unexplained", self.max_unexplained),
        )

    def _check_of(self, job: Job) -> Mapping[str, object] | None:
        """Return the check of a send, by its target."""
        if is_missing(self.check):
            return None
        for one, target in _checks("check", self.check):
            if (target.get("kind"), str(target.get("id"))) == (_KINDS[job.kind], job.id):
                return one
        raise InvalidInput("check", f"has no check of {_KINDS[job.kind]} {job.id}")

    def _report(
        self, hook: MarketingHook, job: Job, state: JobStateDict | None
    ) -> tuple[EmailReportRow, list[Check]]:
        from airflow_provider_mkt.actions.send_reports import ReportLimits, findings, reconcile

        figures = hook.follow(hook.send_reports.figures(job))
        check = self._check_of(job)
        audience = check.get("audience") if check is not None else None
        compared = reconcile(figures, audience if isinstance(audience, Mapping) else None)
        min_sent, bounced, unexplained = self._limits()
        limits = ReportLimits(min_sent, bounced.allows, unexplained.allows, _ON_PROBLEM[self.on_problem])
        account = check.get("account") if check is not None else None
        row = _row(job, figures, compared)
        row["account"] = str(account.get("id") or "") if isinstance(account, Mapping) else ""
        row["at"] = _sent_at(state)
        row["series"] = optional_str("series", self.series)
        row["send_key"] = optional_str("send_key", self.send_key)
        return row, findings(figures, compared, limits)

    def _write_rejects(self, context: Context, hook: MarketingHook) -> str | None:
        from airflow_provider_mkt.client.errors import PermissionDenied

        people: list[dict[str, str]] = []

        def add(page: Sequence[DroppedPerson]) -> None:
            people.extend(
                {"lead": one.email, "outcome": "rejected", "code": one.reason, "reason": one.reason}
                for one in page
            )

        for job in self._jobs():
            try:
                hook.follow(hook.send_reports.dropped(job, add))
            except PermissionDenied as error:
                self.log.warning("%s", error)
        if not people:
            return None
        path = as_lines_path("rejects_path", self.rejects_path) or result_path(context, "rejects")
        write_rows(path, people)
        return path

    def _add_to_history(self, path: str, rows: Sequence[EmailReportRow]) -> None:
        kept = [one for one in _history(path) if not any(_is_same_send(one, row) for row in rows)]
        names = ("account", "kind", "id", "name", "series", "send_key")
        counts = ("audience", "sent", "delivered", "bounced", "at")
        new = [{name: row.get(name) for name in (*names, *counts)} for row in rows]
        write_rows(path, [*kept, *new][-_HISTORY_MAX:])


def _history(path: str) -> list[dict[str, object]]:
    from airflow.sdk import ObjectStoragePath

    from airflow_provider_mkt.operators._files import open_for_reading

    try:
        with open_for_reading(ObjectStoragePath(path)) as file:
            rows = [json.loads(line) for line in file if line.strip()]
    except FileNotFoundError:
        return []
    except ValueError:
        raise InvalidInput("history_path", "is not a file of JSON Lines") from None
    return [one for one in rows if isinstance(one, dict)]


def _is_same_send(one: Mapping[str, object], row: EmailReportRow) -> bool:
    mine = (row["account"], row["kind"], row["id"])
    return (one.get("account"), one.get("kind"), one.get("id")) == mine


def _row(job: Job, figures: SendFigures, compared: Reconciliation) -> EmailReportRow:
    return {
        "account": "",
        "kind": _KINDS[job.kind],
        "id": job.id,
        "name": figures.name,
        "series": None,
        "send_key": None,
        "audience": compared.audience,
        "sent": figures.sent,
        "delivered": figures.delivered,
        "bounced": figures.bounced,
        "soft_bounced": figures.soft_bounced,
        "dropped": figures.dropped,
        "reasons": dict(figures.reasons),
        "unexplained": compared.unexplained,
        "opened": figures.opened,
        "clicked": figures.clicked,
        "unsubscribed": figures.unsubscribed,
        "spam": figures.spam,
        "at": "",
    }


def _sent_at(state: JobStateDict | None) -> str:
    """Return when a send went out, as far as the platform says."""
    from airflow_provider_mkt.operators._parameters import as_time

    details = state["details"] if state is not None else {}
    for name in ("published_at", "startDate"):
        value = details.get(name)
        if isinstance(value, str):
            try:
                at = as_time(name, value)
            except InvalidInput:
                continue
            if at is not None:
                return at.isoformat(timespec="seconds")
    return datetime.now(UTC).isoformat(timespec="seconds")


def _total(rows: Sequence[EmailReportRow], name: str) -> int | None:
    """Return the sum of a figure; None when one of the sends does not have it."""
    values = [row.get(name) for row in rows]
    return sum(cast("list[int]", values)) if None not in values else None


def _rates(rows: Sequence[EmailReportRow]) -> dict[str, float]:
    """Return shares of the sent mails, and of the delivered ones for what their readers did."""
    of = {"delivered": "sent", "bounced": "sent", "opened": "delivered", "clicked": "delivered"}
    of |= {"unsubscribed": "delivered", "spam": "delivered"}
    rates = {}
    for name, base in of.items():
        count, total = _total(rows, name), _total(rows, base)
        if count is not None and total:
            rates[name] = round(count / total, 4)
    return rates

"""The operator that checks a send before it goes out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

from airflow.sdk import ObjectStoragePath

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.client.errors import InvalidInput, PlatformError, QuotaExhausted, TaskCancelled
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._base import CancellableOperator, is_last_try, push_outcome
from airflow_provider_mkt.operators._deferral import defer_within_timeout
from airflow_provider_mkt.operators._files import as_lines_path, open_for_reading, result_path, write_rows
from airflow_provider_mkt.operators._parameters import (
    as_mapping,
    as_time,
    check_still_given,
    given_among,
    is_missing,
    optional_list,
    optional_str,
    to_bool,
)
from airflow_provider_mkt.version_compat import AirflowFailException, AirflowSkipException, conf

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.procedure import TaskState
    from airflow_provider_mkt.actions.send_checks import Check, LastSend, SendFacts, SendLimits
    from airflow_provider_mkt.actions.sending import (
        AudienceCount,
        CountMethod,
        SendDetails,
        SendEvidence,
        SendTarget,
    )
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators.outcomes import EmailCheckOutcome

_ON_ERROR = ("fail", "skip", "report")
_COUNTS = ("auto", "sizes", "lists", "members", "extract", "none")
_ACCOUNT_KINDS = ("production", "test")
_SEVERITIES = ("info", "warning", "error")
_STATE = "email check"
_MUST_NOT_BE_EMPTY = (
    "min_recipients",
    "max_recipients",
    "max_change_from_last",
    "max_excluded",
    "max_blank",
    "must_include",
    "must_exclude",
    "only_lists",
    "allowed_sender_domains",
    "expect_account",
    "not_after",
)
"""Templates without which a check is left out."""
_SHOWN = 5
"""Findings that an error lists at most."""


def _number(name: str, value: object) -> int | None:
    if is_missing(value):
        return None
    text = str(value).strip().replace("_", "")
    if isinstance(value, bool) or not text.isdecimal():
        raise InvalidInput(name, f"must be a whole number, 0 or more, not {describe_type(value)}")
    return int(text)


def _share(name: str, value: object) -> float | None:
    """Read a share: 0.2 or "20%"."""
    if is_missing(value):
        return None
    text = str(value).strip()
    try:
        share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        share = -1.0
    if isinstance(value, bool) or not 0 <= share < float("inf"):
        raise InvalidInput(name, f'must be a share such as 0.2 or "20%", not {describe_type(value)}')
    if share > 1 and name != "max_change_from_last":
        raise InvalidInput(name, 'is more than 1, which is all; write a percentage as "20%"')
    return share


def _names(name: str, value: object) -> list[str]:
    """Read a list of names or ids."""
    found = []
    for index, one in enumerate(optional_list(name, value)):
        if isinstance(one, bool) or not isinstance(one, (str, int)) or not str(one).strip():
            raise InvalidInput(f"{name}[{index}]", f"must be a name or an id, not {describe_type(one)}")
        found.append(str(one).strip())
    return found


class CheckEmailOperator(CancellableOperator):
    """Check an email before it is sent: what it says, who gets it, and when. Nothing is sent.

    The outcome has a status, ``ok``, ``warning`` or ``error``, every check, the number of recipients, a
    preview for a person, and a fingerprint. Give it to
    :class:`~airflow_provider_mkt.operators.email_approval.ApproveEmailOperator`, and as ``check`` to the
    operator that sends, which refuses when anything that decides the mail has changed since.

    The recipients are counted by the platform. HubSpot counts temporary lists, whose names begin with
    ``mkt-preflight`` and which are deleted in the end; that needs the scope ``crm.lists.write``. Marketo's
    static lists are read, and other rules extracted to a file, which takes some minutes. Where the number
    cannot be had, it is stated as "at most"; a number that is not known is never ok.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param email_id: HubSpot: the email. Marketo: an email without recipients of its own, or the email that
        ``campaign_id`` sends, which no call returns.
    :param program_id: Marketo: the email program.
    :param campaign_id: Marketo: the smart campaign.
    :param publish_at: when it is to go out: an aware datetime or ISO 8601 text with offset; as it is set up
        when not given.
    :param min_recipients: fewer recipients are an error.
    :param max_recipients: more recipients are an error.
    :param max_change_from_last: largest change from the last send, as a share: 0.2 or ``"20%"``.
    :param max_excluded: largest share of the people on the lists who get no mail.
    :param max_blank: largest share of recipients without a value for a token that has no default.
    :param must_include: lists that must be included, by name or id.
    :param must_exclude: lists that must be excluded, by name or id.
    :param only_lists: the only lists that may be included, by name or id.
    :param allowed_sender_domains: domains that from and reply addresses may have; any when not given.
    :param forbidden_words: words that tell a test: in the subject an error, in name and text a warning.
    :param expect_account: HubSpot's portal id or Marketo's munchkin id that the connection must lead to.
    :param account_kind: ``production`` or ``test``: the kind that the account must have. Marketo does not say
        it.
    :param allow_operational: accept mail that also goes to people who opted out.
    :param quiet_hours: two local times such as ``("21:00", "08:00")`` between which no mail may go out.
    :param timezone: IANA name of the time zone of ``quiet_hours``; HubSpot: the account's when not given.
    :param not_after: a time after which it must not go out: an aware datetime or ISO 8601 text with offset.
    :param recipient_time_zone: it is set up to go out by the time zone of each recipient, which no call says.
    :param min_hours_between_sends: another send to one of the lists within so many hours is a warning; None
        reads no other sends.
    :param count: how recipients are counted: ``auto``, ``lists`` or ``members`` (HubSpot), ``members`` or
        ``extract`` (Marketo), ``sizes`` (HubSpot: an upper bound), ``none``.
    :param allow_estimate: take an upper bound for a warning where a limit needs the number.
    :param check_links: request each link once, from the worker: a link can have an effect. At most 50 links,
        10 seconds each.
    :param history_path: a file of earlier sends, as
        :class:`~airflow_provider_mkt.operators.email_reports.EmailReportOperator` writes it, for
        ``max_change_from_last``; HubSpot: the last email to one of the lists when not given.
    :param series: which of its sends are of the same kind; those of the same name without its digits when not
        given.
    :param severity: severities of checks, by id: ``{"tokens.no_default": "error"}``.
    :param ignore: ids of checks to leave out.
    :param on_error: with an error ``fail`` the task, ``skip`` it, or only ``report`` it in the outcome.
    :param report_path: a JSON Lines file with the whole result; below ``[mkt] results_path`` when not given.
    :param deferrable: wait for the count in the triggerer instead of in a worker.
    :param poll_interval: seconds between two polls of the count; the platform's own interval when not given.
    :param wait_timeout: seconds to wait for the count at most; after that the number is not known.
    :returns: :class:`.EmailCheckOutcome`.
    :raises AirflowFailException: when there is no such email, or a check found an error and ``on_error`` is
        ``fail``. The outcome is in XCom all the same.

    Source: HubSpot ``GET /marketing/{version}/emails/{emailId}``, ``GET /crm/{version}/lists`` and
    ``POST /crm/{version}/lists``; Marketo ``GET /rest/asset/v1/program/{id}.json``,
    ``GET /rest/asset/v1/smartCampaign/{id}.json``, ``GET /rest/v1/lists/{listId}/leads.json`` and
    ``POST /bulk/v1/leads/export/create.json``.
    """

    targets = (
        Target("email", "email_id", "input"),
        Target("program", "program_id", "input"),
        Target("smart_campaign", "campaign_id", "input"),
        Target(RESULTS, "report", "output"),
    )

    template_fields: Sequence[str] = (
        "conn_id",
        "email_id",
        "program_id",
        "campaign_id",
        "publish_at",
        "min_recipients",
        "max_recipients",
        "max_change_from_last",
        "max_excluded",
        "max_blank",
        "must_include",
        "must_exclude",
        "only_lists",
        "allowed_sender_domains",
        "expect_account",
        "not_after",
        "history_path",
        "series",
        "report_path",
    )
    template_fields_renderers = {  # noqa: RUF012 - Airflow's own declaration
        "must_include": "json",
        "must_exclude": "json",
        "only_lists": "json",
        "allowed_sender_domains": "json",
    }

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        **dict.fromkeys(("min_recipients", "max_recipients"), _number),
        **dict.fromkeys(("max_change_from_last", "max_excluded", "max_blank"), _share),
        **dict.fromkeys(("allowed_sender_domains", "must_exclude", "must_include", "only_lists"), _names),
    }

    def __init__(
        self,
        *,
        conn_id: str,
        email_id: str | int | None = None,
        program_id: str | int | None = None,
        campaign_id: str | int | None = None,
        publish_at: datetime | str | None = None,
        min_recipients: int | str | None = None,
        max_recipients: int | str | None = None,
        max_change_from_last: float | str | None = None,
        max_excluded: float | str | None = None,
        max_blank: float | str | None = None,
        must_include: Sequence[str] | str | None = None,
        must_exclude: Sequence[str] | str | None = None,
        only_lists: Sequence[str] | str | None = None,
        allowed_sender_domains: Sequence[str] | str | None = None,
        forbidden_words: Sequence[str] = ("test", "dummy", "lorem"),
        expect_account: str | int | None = None,
        account_kind: str | None = None,
        allow_operational: bool = False,
        quiet_hours: Sequence[str] | None = None,
        timezone: str | None = None,
        not_after: datetime | str | None = None,
        recipient_time_zone: bool = False,
        min_hours_between_sends: float | None = 24.0,
        count: str = "auto",
        allow_estimate: bool = False,
        check_links: bool = False,
        history_path: str | None = None,
        series: str | None = None,
        severity: Mapping[str, str] | None = None,
        ignore: Sequence[str] = (),
        on_error: str = "fail",
        report_path: str | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 3600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        _one_of("count", count, _COUNTS)
        _one_of("on_error", on_error, _ON_ERROR)
        if account_kind is not None:
            _one_of("account_kind", account_kind, _ACCOUNT_KINDS)
        if severity is not None or ignore:
            _check_ids(severity, ignore)
        if quiet_hours is not None:
            from airflow_provider_mkt.actions.quiet_hours import QuietHours

            # Without a zone, the account's is used, which is known when the task runs.
            QuietHours.of(quiet_hours, timezone or "UTC")
        self.email_id = email_id
        self.program_id = program_id
        self.campaign_id = campaign_id
        self.publish_at = publish_at
        self.min_recipients = min_recipients
        self.max_recipients = max_recipients
        self.max_change_from_last = max_change_from_last
        self.max_excluded = max_excluded
        self.max_blank = max_blank
        self.must_include = must_include
        self.must_exclude = must_exclude
        self.only_lists = only_lists
        self.allowed_sender_domains = allowed_sender_domains
        self.forbidden_words = forbidden_words
        self.expect_account = expect_account
        self.account_kind = account_kind
        self.allow_operational = allow_operational
        self.quiet_hours = quiet_hours
        self.timezone = timezone
        self.not_after = not_after
        self.recipient_time_zone = recipient_time_zone
        self.min_hours_between_sends = min_hours_between_sends
        self.count = count
        self.allow_estimate = allow_estimate
        self.check_links = check_links
        self.history_path = history_path
        self.series = series
        self.severity = severity
        self.ignore = ignore
        self.on_error = on_error
        self.report_path = report_path
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self._given = given_among(self, _MUST_NOT_BE_EMPTY)

    def check_arguments(self, arguments: Arguments) -> None:
        targets = ("email_id", "program_id", "campaign_id")
        if all(map(arguments.missing, targets)):
            raise InvalidInput("email_id", "is missing; give it, program_id or campaign_id")
        for name in ("email_id", "campaign_id"):
            if arguments.given("program_id") and arguments.given(name):
                raise InvalidInput(name, "does not go with program_id: a program has its own email")

    def run_action(self, context: Context) -> EmailCheckOutcome:
        from airflow_provider_mkt.actions.send_checks import SendFacts, check_send
        from airflow_provider_mkt.actions.send_preview import preview_of

        check_still_given(self, self._given)
        limits = self._limits()
        target = self._target()
        publish_at = as_time("publish_at", self.publish_at)
        report_path = as_lines_path("report_path", self.report_path) or result_path(context, "checks")
        hook = self.hook.bind(RunContext(sleep=self.sleep, raise_if_cancelled=self.raise_if_cancelled))
        with self.cancellable(), hook:
            details = hook.follow(hook.sending.describe(target))
            limits = self._with_quiet_hours(limits, details)
            self._check_countable(limits, details)
            now = datetime.now(UTC)
            send_at = _goes_out_at(details, publish_at, now)
            evidence = hook.follow(
                hook.sending.read_evidence(details, around=send_at, within=self._window(limits))
            )
            task_state = task_state_of(context, hook)
            count = self._count(context, hook, details, evidence, task_state)
            facts = SendFacts(
                details=details,
                evidence=evidence,
                count=count,
                now=now,
                send_at=send_at,
                last=self._last(details, evidence),
                broken_links=self._broken_links(details),
            )
            calls = self._calls_before(task_state) + hook.calls
            task_state.set(_STATE, None)
        checks = check_send(facts, limits)
        preview = preview_of(facts, limits, checks, _dag_run_link(context))
        outcome = _outcome(facts, checks, preview, calls, report_path)
        write_rows(report_path, _report_rows(outcome, facts))
        self._log(outcome, checks)
        self._end(context, outcome, checks)
        return outcome

    # -- parameters ------------------------------------------------------------------------------

    def _target(self) -> SendTarget:
        from airflow_provider_mkt.actions.sending import SendTarget

        platform = self.hook.conn_type
        email_id = optional_str("email_id", self.email_id)
        program_id = optional_str("program_id", self.program_id)
        campaign_id = optional_str("campaign_id", self.campaign_id)
        if platform == "hubspot":
            for name, value in (("program_id", program_id), ("campaign_id", campaign_id)):
                if value is not None:
                    raise InvalidInput(name, "is Marketo's; HubSpot sends emails: give email_id")
            if email_id is None:
                raise InvalidInput("email_id", "is missing: the email to check")
            return SendTarget(platform, "email", email_id)
        if program_id is not None:
            for name, value in (("email_id", email_id), ("campaign_id", campaign_id)):
                if value is not None:
                    raise InvalidInput(name, "does not go with program_id: a program has its own email")
            return SendTarget(platform, "email_program", program_id)
        if campaign_id is not None:
            return SendTarget(platform, "smart_campaign", campaign_id, email_id or "")
        if email_id is None:
            raise InvalidInput("email_id", "is missing; give it, program_id or campaign_id")
        return SendTarget(platform, "email", email_id)

    def _limits(self) -> SendLimits:
        from airflow_provider_mkt.actions.send_checks import SendLimits

        at_least, at_most = (
            _number("min_recipients", self.min_recipients),
            _number("max_recipients", self.max_recipients),
        )
        if at_least is not None and at_most is not None and at_least > at_most:
            raise InvalidInput("min_recipients", f"is {at_least:,}, more than max_recipients, {at_most:,}")
        shares = {
            name: _share(name, getattr(self, name))
            for name in ("max_change_from_last", "max_excluded", "max_blank")
        }
        for name, value in (("min_recipients", at_least), ("max_recipients", at_most), *shares.items()):
            if value is not None and self.count == "none":
                raise InvalidInput("count", f"must not be none: {name} needs the number of recipients")
        hours = self.min_hours_between_sends
        if hours is not None and (
            isinstance(hours, bool) or not isinstance(hours, (int, float)) or hours < 0
        ):
            raise InvalidInput("min_hours_between_sends", f"must be a number, not {describe_type(hours)}")
        return SendLimits(
            min_recipients=at_least,
            max_recipients=at_most,
            max_change=shares["max_change_from_last"],
            max_excluded=shares["max_excluded"],
            max_blank=shares["max_blank"],
            counted=self.count != "none",
            allow_estimate=to_bool("allow_estimate", self.allow_estimate),
            expect_account=optional_str("expect_account", self.expect_account) or "",
            account_kind=self.account_kind or "",
            must_include=_names("must_include", self.must_include),
            must_exclude=_names("must_exclude", self.must_exclude),
            only_lists=None if is_missing(self.only_lists) else _names("only_lists", self.only_lists),
            allowed_sender_domains=_names("allowed_sender_domains", self.allowed_sender_domains),
            forbidden_words=_names("forbidden_words", self.forbidden_words),
            allow_operational=to_bool("allow_operational", self.allow_operational),
            not_after=as_time("not_after", self.not_after),
            recipient_time_zone=to_bool("recipient_time_zone", self.recipient_time_zone),
            min_hours_between_sends=hours,
            severity=cast("Mapping[str, Any]", self.severity or {}),
            ignore=frozenset(self.ignore),
        )

    def _with_quiet_hours(self, limits: SendLimits, details: SendDetails) -> SendLimits:
        from dataclasses import replace

        from airflow_provider_mkt.actions.quiet_hours import QuietHours

        if self.quiet_hours is None and self.timezone is None:
            return limits
        zone = self.timezone or (details.time_zone if self.quiet_hours is not None else None)
        return replace(limits, quiet_hours=QuietHours.of(self.quiet_hours, zone))

    def _check_countable(self, limits: SendLimits, details: SendDetails) -> None:
        """Check that limits of the number of recipients are not given where the platform does not say it."""
        if details.audience_known or not limits.counted:
            return
        for name in ("min_recipients", "max_recipients", "max_change_from_last", "max_excluded", "max_blank"):
            if not is_missing(getattr(self, name)):
                problem = f"the platform does not say who gets {details.target}; leave it out"
                raise InvalidInput(name, problem)

    def _window(self, limits: SendLimits) -> timedelta | None:
        """Return how far other sends may be apart; None when none has to be read."""
        hours = limits.min_hours_between_sends
        if limits.max_change is not None and is_missing(self.history_path) and hours is None:
            hours = 0.0
        return None if hours is None else timedelta(hours=hours)

    # -- the count -------------------------------------------------------------------------------

    def _count(
        self,
        context: Context,
        hook: MarketingHook,
        details: SendDetails,
        evidence: SendEvidence,
        task_state: TaskState,
    ) -> AudienceCount:
        """Count the recipients, and wait for the platform; after ``wait_timeout`` the number is not known."""
        from airflow_provider_mkt.actions.send_checks import token_fields
        from airflow_provider_mkt.actions.sending import Counting, count_by_sizes

        fields = list(dict.fromkeys(token_fields(details, evidence).values()))
        started = self._started(task_state)
        ti = context["ti"]
        try:
            while True:
                result = hook.follow(
                    hook.sending.advance_count(
                        details,
                        cast("CountMethod", self.count),
                        task_state,
                        fields=fields,
                        name=f"{ti.dag_id} {ti.task_id}",
                    )
                )
                if not isinstance(result, Counting):
                    return result
                left = started + self.wait_timeout - time.time()
                if left <= 0:
                    why = f"the count took longer than wait_timeout, {self.wait_timeout:.0f} s"
                    hook.follow(hook.sending.discard_count(task_state))
                    return count_by_sizes(details, why)
                self._wait(hook, task_state, result, left, started + self.wait_timeout)
        except TaskCancelled:
            self._discard(task_state)
            raise
        except PlatformError as error:
            # A retry continues the count, and the next day's quota does too.
            if is_last_try(context, error) and not isinstance(error, QuotaExhausted):
                self._discard(task_state)
            raise

    def _wait(
        self, hook: MarketingHook, task_state: TaskState, counting: Any, left: float, deadline: float
    ) -> None:
        from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

        seconds = min(left, counting.seconds if self.poll_interval is None else self.poll_interval)
        if not self.deferrable or counting.seconds == 0:
            self.log.info("Waiting %.0f s for the count: %s", seconds, _jobs(counting))
            self.sleep(seconds)
            return
        kept = task_state.get(_STATE)
        known = dict(kept) if isinstance(kept, Mapping) else {}
        task_state.set(_STATE, {**known, "calls": self._calls_before(task_state) + hook.calls})
        if not counting.jobs:
            self.defer_until(datetime.fromtimestamp(time.time() + seconds, UTC), "The count has to wait")
        defer_within_timeout(
            self,
            BatchStatusTrigger(
                conn_id=self.conn_id,
                jobs=[dict(job.to_json()) for job in counting.jobs],
                deadline=deadline,
                poll_interval=self.poll_interval,
            ),
            "resume",
        )

    def _started(self, task_state: TaskState) -> float:
        """Return when the count began, in epoch seconds: before a deferral, where there was one."""
        kept = task_state.get(_STATE)
        known = dict(kept) if isinstance(kept, Mapping) else {}
        started = known.get("started")
        now = time.time()
        if self._resumed and isinstance(started, (int, float)) and started <= now:
            return float(started)
        task_state.set(_STATE, {"started": now})
        return now

    def _calls_before(self, task_state: TaskState) -> int:
        kept = task_state.get(_STATE)
        calls = kept.get("calls") if isinstance(kept, Mapping) else 0
        return int(calls) if isinstance(calls, int) else 0

    def _discard(self, task_state: TaskState) -> None:
        with self.hook.bind(RunContext.no_retry()) as hook:
            hook.follow(hook.sending.discard_count(task_state))

    # -- history and links -----------------------------------------------------------------------

    def _last(self, details: SendDetails, evidence: SendEvidence) -> LastSend | None:
        """Return the last send of the same kind: from the history, or else what the platform tells."""
        from airflow_provider_mkt.actions.send_checks import LastSend

        path = as_lines_path("history_path", self.history_path)
        if path is not None:
            return _last_in(path, details, optional_str("series", self.series))
        now = datetime.now(UTC)
        for other in evidence.other_sends or ():
            if other.sent is not None and other.at <= now:
                return LastSend(other.name, other.at, other.sent)
        return None

    def _broken_links(self, details: SendDetails) -> dict[str, str] | None:
        if not to_bool("check_links", self.check_links):
            return None
        from airflow_provider_mkt.actions import send_content
        from airflow_provider_mkt.operators._link_answers import broken_links

        links = send_content.followable(send_content.links(details.html))
        return broken_links(links, self.raise_if_cancelled)

    # -- the end ---------------------------------------------------------------------------------

    def _log(self, outcome: EmailCheckOutcome, checks: Sequence[Check]) -> None:
        for check in checks:
            if not check.ok:
                level = self.log.error if check.severity == "error" else self.log.warning
                level("%s: %s", check.id, check.text)
        most = outcome["audience"].get("at_most")
        self.log.info(
            "%s: %s, %s, %s, %s",
            outcome["name"],
            outcome["status"],
            f"at most {counted(most, 'recipient')}" if isinstance(most, int) else "recipients unknown",
            counted(len(checks), "check"),
            counted(outcome["calls"], "call"),
        )

    def _end(self, context: Context, outcome: EmailCheckOutcome, checks: Sequence[Check]) -> None:
        """End the task as ``on_error`` says, when a check found an error."""
        if outcome["status"] != "error" or self.on_error == "report":
            return
        push_outcome(context, outcome)
        errors = [
            f"{check.text} ({check.id})" for check in checks if not check.ok and check.severity == "error"
        ]
        more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
        _raise_error(self.on_error, f"the checks found errors: {'; '.join(errors[:_SHOWN])}{more}")


def _raise_error(on_error: str, message: str) -> NoReturn:
    if on_error == "skip":
        raise AirflowSkipException(message)
    raise AirflowFailException(message)


def _goes_out_at(details: SendDetails, publish_at: datetime | None, now: datetime) -> datetime | None:
    """Return when it goes out; now when at once."""
    if publish_at is not None:
        return publish_at
    if details.scheduled_for is not None:
        return details.scheduled_for
    return None if details.target.kind == "email_program" else now


def _outcome(
    facts: SendFacts, checks: Sequence[Check], preview: str, calls: int, report_path: str
) -> EmailCheckOutcome:
    from airflow_provider_mkt.actions.send_checks import change_from, status_of

    details, last = facts.details, facts.last
    audience = facts.count.to_json()
    change = change_from(last, facts.count)
    audience["last"] = last.recipients if last is not None else None
    audience["change"] = None if change is None else round(change, 4)
    return {
        "outcome": "email_check",
        "platform": details.target.platform,
        "status": status_of(checks),
        "target": details.target.to_json(),
        "account": {
            "id": details.account_id,
            "kind": details.account_kind,
            "time_zone": details.time_zone,
        },
        "name": details.name,
        "checks": [cast("Any", check.to_json()) for check in checks],
        "audience": audience,
        "fingerprint": details.fingerprint,
        "preview": preview,
        "link": details.link,
        "send_at": facts.send_at.isoformat() if facts.send_at else None,
        "checked_at": facts.now.isoformat(timespec="seconds"),
        "calls": calls,
        "report": report_path,
    }


def _report_rows(outcome: EmailCheckOutcome, facts: SendFacts) -> list[dict[str, object]]:
    """Return the rows of the report: the send first, then each check."""
    send = {name: value for name, value in outcome.items() if name not in ("checks", "report")}
    details = facts.details
    send["send"] = {
        "state": details.state,
        "kind": details.kind,
        "subject": details.subject,
        "from_name": details.from_name,
        "from_email": details.from_email,
        "reply_to": details.reply_to,
        "preview_text": details.preview_text,
        "subscription_type": details.subscription_type,
        "operational": details.operational,
        "single_contacts": len(details.contact_ids),
    }
    return [{"row": "send", **send}, *({"row": "check", **check} for check in outcome["checks"])]


def _last_in(path: str, details: SendDetails, series: str | None) -> LastSend | None:
    """Return the last row of a history file that is of the same kind as a send.

    :raises InvalidInput: when the file is not one of JSON Lines.
    """
    from airflow_provider_mkt.actions.send_checks import LastSend

    last: LastSend | None = None
    try:
        with open_for_reading(ObjectStoragePath(path)) as file:
            rows = [json.loads(line) for line in file if line.strip()]
    except FileNotFoundError:
        return None
    except ValueError:
        raise InvalidInput("history_path", "is not a file of JSON Lines") from None
    for row in rows:
        if not isinstance(row, Mapping) or not _is_same_kind(row, details, series):
            continue
        people = row.get("sent") if isinstance(row.get("sent"), int) else row.get("audience")
        at = as_time("history_path", row.get("at"))
        if isinstance(people, int) and at is not None and (last is None or at > last.at):
            last = LastSend(str(row.get("name") or ""), at, people)
    return last


def _is_same_kind(row: Mapping[str, object], details: SendDetails, series: str | None) -> bool:
    if str(row.get("account") or "") not in ("", details.account_id):
        return False
    if str(row.get("kind") or "") not in ("", details.target.kind):
        return False
    if series is not None:
        return row.get("series") == series
    return _without_digits(str(row.get("name") or "")) == _without_digits(details.name)


def _without_digits(name: str) -> str:
    return re.sub(r"[\d\W_]+", " ", name).strip().casefold()


def _dag_run_link(context: Context) -> str:
    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    ti = context["ti"]
    return f"{base}/dags/{ti.dag_id}/runs/{ti.run_id}" if base else ""


def _jobs(counting: Any) -> str:
    return ", ".join(str(job) for job in counting.jobs) or "the queue is full"


def _one_of(name: str, value: object, choices: Sequence[str]) -> None:
    if isinstance(value, str) and "{{" in value:
        raise InvalidInput(name, "is not a template field")
    if value not in choices:
        raise InvalidInput(name, f"must be one of {', '.join(choices)}, not {describe_type(value)}")


def _check_ids(severity: object, ignore: object) -> None:
    """Check the ids of checks, and their severities.

    :raises InvalidInput: naming the one that is unknown.
    """
    from airflow_provider_mkt.actions.send_check_table import CHECKS

    given = as_mapping("severity", severity or {})
    for check_id, wanted in given.items():
        if wanted not in _SEVERITIES:
            raise InvalidInput(f"severity.{check_id}", f"must be one of {', '.join(_SEVERITIES)}")
    if isinstance(ignore, str) or not isinstance(ignore, Sequence):
        raise InvalidInput("ignore", f"must be a list of ids of checks, not {describe_type(ignore)}")
    for name, ids in (("severity", list(given)), ("ignore", list(ignore))):
        for check_id in ids:
            if check_id not in CHECKS:
                raise InvalidInput(name, f"there is no check {check_id}; docs/sending.md lists them")

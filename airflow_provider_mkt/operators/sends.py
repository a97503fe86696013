"""Operators that send a published HubSpot email to one person, or to many people, one email each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypedDict, cast

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._member_action import MemberOperator
from airflow_provider_mkt.operators._parameters import as_list, as_mapping, optional_str, required_str
from airflow_provider_mkt.operators._parse_checks import one_of
from airflow_provider_mkt.operators._send_guards import HALF_AN_HOUR, GuardedSend
from airflow_provider_mkt.operators._waiting import WaitingOperator
from airflow_provider_mkt.operators.outcomes import EmailMailingOutcome
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.actions.sending import SendTarget
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.hubspot.sends.send_statuses import SendStatus
    from airflow_provider_mkt.operators._parse_checks import ParseCheck
    from airflow_provider_mkt.operators.outcomes import DryRunOutcome, EmailSendOutcome


class SendTransactionalEmailOperator(GuardedSend, WaitingOperator):
    """Send a transactional email to one person, once. Needs the transactional email add-on.

    For receipts, confirmations and the like, which people get whether or not they subscribe to marketing
    email.

    The send has a key, made of the DAG run, the task, the recipient, the email and ``send_key``. HubSpot
    sends one email per key: retries, lost answers and killed workers send no second one, another DAG run
    does. Use ``.expand(to=...)`` for several people.

    The address is in no log, result or link. Airflow itself shows it where it shows the task's rendered
    fields.

    :param conn_id: a connection of type ``hubspot``.
    :param email_id: the email, published for transactional sending.
    :param to: the recipient's address.
    :param send_key: part of the key. It distinguishes two emails that a task sends to one person in one
        run, e.g. an order number. With another value a cleared task sends once more.
    :param send_id: instead: the complete key, unique in the account. Other runs with the same key send no
        second email either.
    :param sender: ``Name <address>`` in place of the email's own.
    :param cc: addresses that get a copy.
    :param bcc: addresses that get a blind copy.
    :param reply_to: addresses for replies.
    :param contact_properties: written to the recipient's contact; all values are text.
    :param custom_properties: values for the email's template only, any JSON.
    :param wait_for_completion: wait until the email is sent, and fail the task when it is not.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: seconds between polls; the shortest useful interval when not given.
    :param wait_timeout: seconds to wait at most.
    :param max_poll_failure_time: seconds for which polls may keep failing.
    :param cancel_on_kill: has no effect, because HubSpot cannot cancel a send.
    :param approval: the output of :class:`.ApproveEmailOperator`, or of Airflow's own ``ApprovalOperator``.
        Without an approval the send is refused. Who approved it, and when, is copied into the outcome.
    :param expect_account: HubSpot's portal id or Marketo's munchkin id; any other account is refused.
    :param not_after: refuse requests after this time: an aware datetime or ISO 8601 text with offset.
    :param max_lateness: refuse the send when the DAG run was due longer ago than this; no limit when not
        given.
    :param allow_backfill: also send in backfill runs, in which the task is skipped otherwise.
    :param quiet_hours: hours without requests, such as ``("21:00", "08:00")``. The task is deferred until
        they end.
    :param timezone: the time zone of ``quiet_hours``, such as ``Europe/Berlin``.
    :param dry_run: only look and check: nothing is changed or sent, and :class:`.DryRunOutcome` is returned.
    :returns: :class:`.EmailSendOutcome`: ``email_id``, ``job``, ``state`` (``SENT``, or
        ``IDEMPOTENT_IGNORE`` where an earlier request sent it), and after waiting ``job_states``.
    :raises AirflowFailException: when the email does not exist or is not published, or when the platform
        reports that no email is sent, with its result, e.g. ``INVALID_TO_ADDRESS``. Without
        ``wait_for_completion`` that is known only where the platform reports it at once.

    Source: ``POST /marketing/{version}/transactional/single-email/send``.
    """

    _claims_purpose = False

    targets = (Target("email", "email_id", "output"),)

    template_fields: Sequence[str] = (
        "conn_id",
        "email_id",
        "to",
        "send_key",
        "send_id",
        "sender",
        "cc",
        "bcc",
        "reply_to",
        "contact_properties",
        "custom_properties",
        "approval",
        "expect_account",
        "not_after",
        "is_dry_run",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"to": optional_str}

    def __init__(
        self,
        *,
        conn_id: str,
        email_id: str | int,
        to: str,
        send_key: str | None = None,
        send_id: str | None = None,
        sender: str | None = None,
        cc: Sequence[str] | str = (),
        bcc: Sequence[str] | str = (),
        reply_to: Sequence[str] | str = (),
        contact_properties: Mapping[str, str] | str | None = None,
        custom_properties: Mapping[str, object] | str | None = None,
        wait_for_completion: bool = False,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        approval: Mapping[str, object] | str | None = None,
        expect_account: str | int | None = None,
        not_after: datetime | str | None = None,
        max_lateness: timedelta | None = None,
        allow_backfill: bool = False,
        quiet_hours: Sequence[str] | None = None,
        timezone: str | None = None,
        dry_run: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            wait_for_completion=wait_for_completion,
            deferrable=deferrable,
            poll_interval=poll_interval,
            wait_timeout=wait_timeout,
            max_poll_failure_time=max_poll_failure_time,
            cancel_on_kill=cancel_on_kill,
            **kwargs,
        )
        self.email_id = email_id
        self.to = to
        self.send_key = send_key
        self.send_id = send_id
        self.sender = sender
        self.cc = cc
        self.bcc = bcc
        self.reply_to = reply_to
        self.contact_properties = contact_properties
        self.custom_properties = custom_properties
        self.approval = approval
        self.expect_account = expect_account
        self.not_after = not_after
        self.max_lateness = max_lateness
        self.allow_backfill = allow_backfill
        self.quiet_hours = quiet_hours
        self.timezone = timezone
        self.is_dry_run = dry_run
        self.check_guards()

    def run_action(self, context: Context) -> EmailSendOutcome | DryRunOutcome:
        from airflow_provider_mkt.client.hubspot.sends import transactional

        return _send_to_one(self, context, "send", transactional.send)


class SendSingleEmailOperator(GuardedSend, WaitingOperator):
    """Send a marketing email of the single-send kind to one person, once. Needs Marketing Hub Enterprise.

    Makes the recipient a marketing contact, which the account pays for, and creates the contact where
    there is none.

    The send has a key, made of the DAG run, the task, the recipient, the email and ``send_key``. HubSpot
    sends one email per key: retries, lost answers and killed workers send no second one, another DAG run
    does. Use ``.expand(to=...)`` for several people.

    The address is in no log, result or link. Airflow itself shows it where it shows the task's rendered
    fields.

    :param conn_id: a connection of type ``hubspot``.
    :param email_id: the email, published for single sends.
    :param to: the recipient's address.
    :param send_key: part of the key. It distinguishes two emails that a task sends to one person in one
        run, e.g. an order number. With another value a cleared task sends once more.
    :param send_id: instead: the complete key, unique in the account. Other runs with the same key send no
        second email either.
    :param sender: ``Name <address>`` in place of the email's own.
    :param cc: addresses that get a copy.
    :param bcc: addresses that get a blind copy.
    :param reply_to: addresses for replies.
    :param contact_properties: written to the recipient's contact; all values are text.
    :param custom_properties: values for the email's template only, any JSON.
    :param wait_for_completion: wait until the email is sent, and fail the task when it is not.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: seconds between polls; the shortest useful interval when not given.
    :param wait_timeout: seconds to wait at most.
    :param max_poll_failure_time: seconds for which polls may keep failing.
    :param cancel_on_kill: has no effect, because HubSpot cannot cancel a send.
    :param approval: the output of :class:`.ApproveEmailOperator`, or of Airflow's own ``ApprovalOperator``.
        Without an approval the send is refused. Who approved it, and when, is copied into the outcome.
    :param expect_account: HubSpot's portal id or Marketo's munchkin id; any other account is refused.
    :param not_after: refuse requests after this time: an aware datetime or ISO 8601 text with offset.
    :param max_lateness: refuse the send when the DAG run was due longer ago than this; no limit when not
        given.
    :param allow_backfill: also send in backfill runs, in which the task is skipped otherwise.
    :param quiet_hours: hours without requests, such as ``("21:00", "08:00")``. The task is deferred until
        they end.
    :param timezone: the time zone of ``quiet_hours``, such as ``Europe/Berlin``.
    :param dry_run: only look and check: nothing is changed or sent, and :class:`.DryRunOutcome` is returned.
    :returns: :class:`.EmailSendOutcome`: ``email_id``, ``job``, ``state`` (``SENT``, or
        ``IDEMPOTENT_IGNORE`` where an earlier request sent it), and after waiting ``job_states``.
    :raises AirflowFailException: when the email does not exist or is not published, or when the platform
        reports that no email is sent, with its result, e.g. ``INVALID_TO_ADDRESS``. Without
        ``wait_for_completion`` that is known only where the platform reports it at once.

    Source: ``POST /marketing/{version}/email/single-send``.
    """

    _claims_purpose = False

    targets = (Target("email", "email_id", "output"),)

    template_fields: Sequence[str] = SendTransactionalEmailOperator.template_fields

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"to": optional_str}

    def __init__(
        self,
        *,
        conn_id: str,
        email_id: str | int,
        to: str,
        send_key: str | None = None,
        send_id: str | None = None,
        sender: str | None = None,
        cc: Sequence[str] | str = (),
        bcc: Sequence[str] | str = (),
        reply_to: Sequence[str] | str = (),
        contact_properties: Mapping[str, str] | str | None = None,
        custom_properties: Mapping[str, object] | str | None = None,
        wait_for_completion: bool = False,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        approval: Mapping[str, object] | str | None = None,
        expect_account: str | int | None = None,
        not_after: datetime | str | None = None,
        max_lateness: timedelta | None = None,
        allow_backfill: bool = False,
        quiet_hours: Sequence[str] | None = None,
        timezone: str | None = None,
        dry_run: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            wait_for_completion=wait_for_completion,
            deferrable=deferrable,
            poll_interval=poll_interval,
            wait_timeout=wait_timeout,
            max_poll_failure_time=max_poll_failure_time,
            cancel_on_kill=cancel_on_kill,
            **kwargs,
        )
        self.email_id = email_id
        self.to = to
        self.send_key = send_key
        self.send_id = send_id
        self.sender = sender
        self.cc = cc
        self.bcc = bcc
        self.reply_to = reply_to
        self.contact_properties = contact_properties
        self.custom_properties = custom_properties
        self.approval = approval
        self.expect_account = expect_account
        self.not_after = not_after
        self.max_lateness = max_lateness
        self.allow_backfill = allow_backfill
        self.quiet_hours = quiet_hours
        self.timezone = timezone
        self.is_dry_run = dry_run
        self.check_guards()

    def run_action(self, context: Context) -> EmailSendOutcome | DryRunOutcome:
        from airflow_provider_mkt.client.hubspot.sends import transactional

        return _send_to_one(self, context, "single_send", transactional.single_send)


class SendEmailToPeopleOperator(GuardedSend, MemberOperator[EmailMailingOutcome]):
    """Send a published HubSpot email to many people, one email each, and report the outcome for each person.

    Each send has a key, made of the DAG run, the task, the email, ``send_key`` and the address. HubSpot
    sends one email per key: retries, lost answers, killed workers and clearing the task send nobody a
    second one, another DAG run does. To try those again to whom no email was sent, give the rejects file as
    ``leads_path``, with another ``send_key``.

    Polling send statuses counts against the account's limits, sending does not: 10,000 people take about
    ten minutes.

    :param conn_id: a connection of type ``hubspot``.
    :param email_id: the email, published for this kind of sending; or the ``output`` of the task that
        created it.
    :param leads: addresses: a list, JSON text of one, or a callable without arguments that returns any
        iterable.
    :param leads_path: instead of ``leads``: a file on any object storage with a column of addresses: CSV,
        JSON Lines or Parquet, the rejects file of an operator like this one, or text (``.txt``) with one
        address per line.
    :param leads_column: the column of the file; when not given, the first one of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email``, or the only one.
    :param kind: ``transactional``, which needs the transactional email add-on, or ``marketing``, which needs
        Marketing Hub Enterprise and makes the recipients marketing contacts, which the account pays for.
    :param send_key: part of the keys: with another value everybody gets one more email.
    :param send_id: instead: names the mailing in the account. The keys are made of it and of the address, so
        that nobody gets a second email from any run with the same value.
    :param sender: ``Name <address>`` in place of the email's own.
    :param reply_to: addresses for replies.
    :param contact_properties: written to every recipient's contact; all values are text.
    :param custom_properties: values for the email's template only, any JSON.
    :param poll_interval: seconds between polls of the send statuses.
    :param result_timeout: seconds for which the statuses of a batch of emails are polled. An email whose
        status is not final then counts as unknown.
    :param max_rejected: how many rejected people are accepted: a number, a share (0.05 or ``"5%"``), or None
        for any number. Above it the task fails without retry, after the email was sent to everybody else.
    :param rejects_path: a JSON Lines file for the people who were rejected or are unknown; a file on this
        machine when not given. There is no file when there are none.
    :param max_concurrency: calls in flight at most; as many as the connection allows when not given.
    :param fail_fast: stop as soon as more people are rejected than accepted. A share counts from the
        thousandth person on.
    :param max_recipients: refuse more people than this, before the first request. The connection may have a
        lower limit.
    :param min_recipients: refuse fewer people than this, before the first request.
    :param approval: the output of :class:`.ApproveEmailOperator`, or of Airflow's own ``ApprovalOperator``.
        Without an approval the send is refused. Who approved it, and when, is copied into the outcome.
    :param expect_account: HubSpot's portal id or Marketo's munchkin id; any other account is refused.
    :param not_after: refuse requests after this time: an aware datetime or ISO 8601 text with offset.
    :param max_lateness: refuse the send when the DAG run was due longer ago than this; no limit when not
        given.
    :param allow_backfill: also send in backfill runs, in which the task is skipped otherwise.
    :param quiet_hours: hours without requests, such as ``("21:00", "08:00")``. The task is deferred until
        they end.
    :param timezone: the time zone of ``quiet_hours``, such as ``Europe/Berlin``.
    :param canary: how many people get it first: a number, or a share such as ``"5%"``, rounded up to whole
        requests (100 leads on Marketo, 50 people on HubSpot). The others follow when few of them bounced.
    :param canary_wait: how long to wait before the bounces are counted, with the task deferred.
    :param canary_max_bounced: how many of the first may bounce: a number or a share. Above it the task fails,
        and the others get nothing; clearing the task goes on all the same.
    :param dry_run: only look and check: nothing is changed or sent, and :class:`.DryRunOutcome` is returned.
    :returns: ``total``, ``mailed``, ``mailed_before``, ``rejected`` and ``unknown`` (counts), ``reasons``
        (the platform's results, e.g. ``INVALID_TO_ADDRESS``, to counts) and ``rejects``.
    :raises AirflowFailException: when the email does not exist or is not published, when more people are
        rejected than accepted, or when the outcome for some is unknown.

    Source: ``POST /marketing/{version}/transactional/single-email/send``,
    ``POST /marketing/{version}/email/single-send`` and
    ``GET /marketing/v3/email/send-statuses/{statusId}``.
    """

    _claims_purpose = False

    targets = (
        *MemberOperator.targets,
        Target("email", "email_id", "output"),
    )

    template_fields: Sequence[str] = (
        *MemberOperator.template_fields,
        "email_id",
        "kind",
        "send_key",
        "send_id",
        "sender",
        "reply_to",
        "contact_properties",
        "custom_properties",
        "max_recipients",
        "min_recipients",
        "approval",
        "expect_account",
        "not_after",
        "canary",
        "canary_max_bounced",
        "is_dry_run",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"kind": one_of("transactional", "marketing")}

    def __init__(
        self,
        *,
        conn_id: str,
        email_id: str | int,
        leads: Sequence[str] | Callable[[], Iterable[str]] | str | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        kind: str = "transactional",
        send_key: str | None = None,
        send_id: str | None = None,
        sender: str | None = None,
        reply_to: Sequence[str] | str = (),
        contact_properties: Mapping[str, str] | str | None = None,
        custom_properties: Mapping[str, object] | str | None = None,
        poll_interval: float = 10.0,
        result_timeout: float = 600.0,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        max_recipients: int | str | None = None,
        min_recipients: int | str | None = None,
        approval: Mapping[str, object] | str | None = None,
        expect_account: str | int | None = None,
        not_after: datetime | str | None = None,
        max_lateness: timedelta | None = None,
        allow_backfill: bool = False,
        quiet_hours: Sequence[str] | None = None,
        timezone: str | None = None,
        canary: int | float | str | None = None,
        canary_wait: timedelta = HALF_AN_HOUR,
        canary_max_bounced: int | float | str = 0.02,
        dry_run: bool | str = False,
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
        self.email_id = email_id
        self.kind = kind
        self.send_key = send_key
        self.send_id = send_id
        self.sender = sender
        self.reply_to = reply_to
        self.contact_properties = contact_properties
        self.custom_properties = custom_properties
        self.poll_interval = poll_interval
        self.result_timeout = result_timeout
        self.max_recipients = max_recipients
        self.min_recipients = min_recipients
        self.approval = approval
        self.expect_account = expect_account
        self.not_after = not_after
        self.max_lateness = max_lateness
        self.allow_backfill = allow_backfill
        self.quiet_hours = quiet_hours
        self.timezone = timezone
        self.canary = canary
        self.canary_wait = canary_wait
        self.canary_max_bounced = canary_max_bounced
        self.is_dry_run = dry_run
        self.check_guards()

    def run_action(self, context: Context) -> Any:
        self._task_key = _task_key(context)
        return super().run_action(context)

    def send_subject(self) -> SendTarget:
        return _subject(required_str("email_id", self.email_id))

    def member_action(self) -> MemberAction:
        from airflow_provider_mkt.actions.hubspot import sends
        from airflow_provider_mkt.client.hubspot.sends import transactional

        self.hook_on("hubspot")
        email_id, kind = required_str("email_id", self.email_id), required_str("kind", self.kind)
        endpoints = {"transactional": transactional.send, "marketing": transactional.single_send}
        if kind not in endpoints:
            raise InvalidInput("kind", f"must be one of {', '.join(endpoints)}")
        message = _message(self)

        def build_call(address: str, send_id: str) -> Call[SendStatus]:
            return endpoints[kind](email_id, address, send_id=send_id, **message)

        # Checks the message before the first email is sent.
        build_call("somebody@example.com", "checked")
        send_id, send_key = optional_str("send_id", self.send_id), optional_str("send_key", self.send_key)
        if send_id is not None and send_key is not None:
            raise InvalidInput("send_id", "contradicts send_key; give one of them")
        return sends.mailing(
            ("mailing", send_id) if send_id else (*self._task_key, kind, email_id, send_key or ""),
            build_call,
            poll_interval=self.poll_interval,
            timeout=self.result_timeout,
        )


class _Message(TypedDict):
    """The parts of an email that are the same for all recipients, as the calls take them."""

    sender: str | None
    reply_to: list[str]
    contact_properties: dict[str, str]
    custom_properties: dict[str, object]


class _Endpoint(Protocol):
    def __call__(
        self,
        email_id: str,
        to: str,
        *,
        send_id: str,
        sender: str | None,
        cc: Sequence[str],
        bcc: Sequence[str],
        reply_to: Sequence[str],
        contact_properties: Mapping[str, str],
        custom_properties: Mapping[str, object],
    ) -> Call[SendStatus]: ...


_SingleSend = SendTransactionalEmailOperator | SendSingleEmailOperator


def _send_to_one(
    operator: _SingleSend, context: Context, kind: str, endpoint: _Endpoint
) -> EmailSendOutcome | DryRunOutcome:
    from airflow_provider_mkt.actions.hubspot import jobs, sends
    from airflow_provider_mkt.actions.send_guards import DryRunEnded

    email_id, to = required_str("email_id", operator.email_id), required_str("to", operator.to)
    message = _message(operator)
    cc, bcc = as_list("cc", operator.cc or ()), as_list("bcc", operator.bcc or ())

    def build_call(send_id: str) -> Call[SendStatus]:
        return endpoint(email_id, to, send_id=send_id, cc=cc, bcc=bcc, **message)

    send_key = optional_str("send_key", operator.send_key) or ""
    key_parts = (*_task_key(context), kind, email_id, to.lower(), send_key)
    send_id = optional_str("send_id", operator.send_id)
    what = f"email {email_id} to one person"
    with operator.hook_on("hubspot") as hook:
        try:
            with operator.send_gate(context, hook, what=what, subject=_subject(email_id)) as gate:
                task_state = task_state_of(context, hook)
                job_state = hook.follow(sends.send(task_state, build_call, key_parts, send_id, gate=gate))
                gate.finish(sent=True, state="it was sent before")
        except DryRunEnded as end:
            return operator.dry_run_outcome(hook, end)
    if job_state.raw_status == jobs.SENT_BEFORE:
        operator.log.warning(
            "HubSpot sent nothing for this request: one with the same key was sent before, by an earlier try "
            "or, with send_id, by any task"
        )
    operator.log.info("%s", job_state)
    outcome: EmailSendOutcome = {
        "outcome": "email_send",
        "platform": hook.conn_type,
        "email_id": email_id,
        "job": job_state.job.to_json(),
        "state": job_state.raw_status,
    }
    details = gate.details()
    waited = operator.wait_for_jobs(context, [job_state.job], {**outcome, **details})
    return cast("EmailSendOutcome", waited)


def _subject(email_id: str) -> SendTarget:
    from airflow_provider_mkt.actions.sending import SendTarget

    return SendTarget("hubspot", "email", email_id)


def _task_key(context: Context) -> tuple[str, str, str, str]:
    """Identify this task instance among all DAG runs."""
    ti = context["ti"]
    return ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index)


def _message(operator: _SingleSend | SendEmailToPeopleOperator) -> _Message:
    return {
        "sender": optional_str("sender", operator.sender),
        "reply_to": as_list("reply_to", operator.reply_to or ()),
        "contact_properties": as_mapping("contact_properties", operator.contact_properties or {}),
        "custom_properties": as_mapping("custom_properties", operator.custom_properties or {}),
    }

"""The safeguards of the operators that send: their parameters, and the gate that a send passes."""

from __future__ import annotations

import hashlib
import math
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

from airflow_provider_mkt.client.errors import InvalidInput, SendRefused
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._parameters import (
    RejectThreshold,
    as_time,
    check_still_given,
    decode_json,
    given_among,
    is_missing,
    optional_str,
    to_bool,
)
from airflow_provider_mkt.operators._parse_checks import Arguments
from airflow_provider_mkt.version_compat import AirflowSkipException

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from airflow.sdk import BaseOperator, Context

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.actions.send_guards import DryRunEnded, GuardedGate, SendGuards
    from airflow_provider_mkt.actions.sending import SendTarget
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._first_wave import FirstWave
    from airflow_provider_mkt.operators._parse_checks import ParseCheck
    from airflow_provider_mkt.operators.outcomes import DryRunOutcome

AUTO = "auto"
"""The ``send_key`` that is made of the DAG, the task and the DAG run's data interval."""
_MUST_NOT_BE_EMPTY = (
    "max_recipients",
    "min_recipients",
    "allow_operational",
    "expect_account",
    "not_after",
    "canary",
    "canary_max_bounced",
    "is_dry_run",
)
"""Safeguards that are templates. An empty ``check`` or ``approval`` has an error of its own, and an empty
``send_key`` is no key."""
ONE_DAY = timedelta(hours=24)
HALF_AN_HOUR = timedelta(minutes=30)


class GuardedSend:
    """Mixin of the operators that send.

    The parameters are each operator's own: it sets the attributes, and calls :meth:`check_guards` last. An
    operator leaves out those that have no meaning for it.
    """

    if TYPE_CHECKING:
        conn_id: str
        hook: MarketingHook

    max_recipients: int | str | None = None
    min_recipients: int | str | None = None
    check: Mapping[str, object] | str | None = None
    check_valid_for: timedelta = ONE_DAY
    max_growth: float | str | None = 0.1
    approval: Mapping[str, object] | str | None = None
    allow_operational: bool | str = True
    expect_account: str | int | None = None
    not_after: datetime | str | None = None
    max_lateness: timedelta | None = None
    allow_backfill: bool = False
    quiet_hours: Sequence[str] | None = None
    timezone: str | None = None
    send_key: str | None = None
    canary: int | float | str | None = None
    canary_wait: timedelta = HALF_AN_HOUR
    canary_max_bounced: int | float | str = 0.02
    # Not dry_run, which is a method of Airflow's operators.
    is_dry_run: bool | str = False

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "canary": RejectThreshold.of,
        "check": lambda name, value: _check(name, value),
        "max_growth": lambda name, value: _share(name, value),
    }

    _claims_purpose = True
    """Whether ``send_key`` names what the operator sends for; elsewhere it is a part of HubSpot's own key."""
    _has_check = False
    _has_approval = False
    _given: tuple[str, ...] = ()

    def check_guards(self) -> None:
        """Check what can be checked before templates are rendered.

        :raises InvalidInput: naming the parameter that is wrong, or contradicts another one.
        """
        self._has_check, self._has_approval = self.check is not None, self.approval is not None
        self._given = given_among(self, _MUST_NOT_BE_EMPTY)
        durations = ("max_lateness", "check_valid_for", "canary_wait")
        for field, value in ((name, getattr(self, name)) for name in durations):
            if value is not None and (not isinstance(value, timedelta) or value <= timedelta()):
                raise InvalidInput(field, f"must be a timedelta of more than 0, not {describe_type(value)}")
        arguments = Arguments(cast("BaseOperator", self))
        if arguments.known("min_recipients") and arguments.known("max_recipients"):
            self._limits()
        if self.quiet_hours is not None or self.timezone is not None:
            from airflow_provider_mkt.actions.quiet_hours import QuietHours

            QuietHours.of(self.quiet_hours, self.timezone)

    @contextmanager
    def send_gate(
        self,
        context: Context,
        hook: MarketingHook,
        *,
        target: SendTarget | None = None,
        what: str = "",
        people: int | None = None,
        subject: SendTarget | None = None,
        sends: bool = True,
    ) -> Iterator[GuardedGate]:
        """Return the gate that the send passes, with the lock of its purpose held.

        :param target: what is sent, where the platform knows to whom.
        :param what: the same in words.
        :param people: how many people it is sent to, where they were given to the task.
        :param subject: what these people get, where it can be checked and approved.
        :param sends: False for an approval that sends nothing by itself.
        :raises SendRefused: when the task may not send at all.
        :raises AirflowSkipException: in a backfill, unless it is allowed.
        """
        from airflow_provider_mkt.actions.send_guards import DryRunEnded, GuardedGate
        from airflow_provider_mkt.hooks.state import purpose_of, send_claim_of

        check_still_given(self, self._given)
        what = what or str(target)
        dry_run = to_bool("dry_run", self.is_dry_run)
        try:
            if sends:
                hook.raise_if_sends_are_off()
            guards = self._guards(context, dry_run)
        except SendRefused as error:
            if dry_run:
                raise DryRunEnded(what, would_send=False, reason=error.message, code=error.code) from None
            raise
        if _is_backfill(context) and not self.allow_backfill:
            reason = "this is a backfill run, and allow_backfill is False: nothing is sent"
            if dry_run:
                raise DryRunEnded(what, would_send=False, reason=reason, code="schedule.backfill")
            raise AirflowSkipException(reason)
        late = datetime.now(UTC) - guards.due_at if guards.due_at is not None else timedelta()
        if self.max_lateness is None and late > ONE_DAY:
            hook.log.warning(
                "This run was due %s hours ago, and sends all the same; max_lateness would refuse it",
                f"{late / timedelta(hours=1):,.0f}",
            )
        gate = GuardedGate(
            guards,
            what,
            hook.account_name,
            sending=hook.sending,
            target=target,
            people=people,
            subject=subject,
            platform=hook.conn_type,
            ceiling=hook.max_recipients if sends else None,
        )
        # An approval that sends nothing has no purpose of its own, unless it is given one.
        claims = self._claims_purpose and self.send_key is not None and (sends or self.send_key != AUTO)
        key = optional_str("send_key", self.send_key) if claims else None
        with ExitStack() as stack:
            if key is not None:
                key = purpose_of(context) if key == AUTO else key
                digest = hashlib.sha256(key.encode()).hexdigest()[:16]
                stack.enter_context(hook.exclusive(f"send key {digest}"))
                gate.claim = send_claim_of(context, hook, key, what)
            try:
                yield gate
            except SendRefused as error:
                if not dry_run:
                    raise
                raise DryRunEnded(what, would_send=False, reason=error.message, code=error.code) from None

    def member_gate(
        self, context: Context, hook: MarketingHook, action: MemberAction, people: int
    ) -> AbstractContextManager[GuardedGate]:
        """Return the gate of a send to people who were given to the task."""
        return self.send_gate(context, hook, what=action.key, people=people, subject=self.send_subject())

    def send_subject(self) -> SendTarget | None:
        """Return what is sent to people who were given to the task, where it can be checked and approved."""
        return None

    def first_wave(self, people: int) -> FirstWave | None:
        """Return the people who get it first, of all to whom it is sent."""
        from airflow_provider_mkt.operators._first_wave import FirstWave

        size = RejectThreshold.of("canary", self.canary)
        if size.count is None and size.share is None:
            return None
        first = size.count if size.count is not None else math.ceil((size.share or 0) * people)
        if first < 1:
            raise InvalidInput("canary", "must be at least one person")
        max_bounced = RejectThreshold.of("canary_max_bounced", self.canary_max_bounced)
        return FirstWave(first, self.canary_wait, max_bounced) if first < people else None

    def run_action(self, context: Context) -> Any:
        """Run an action on people, or say what it would do."""
        from airflow_provider_mkt.actions.send_guards import DryRunEnded

        try:
            return super().run_action(context)  # type: ignore[misc]
        except DryRunEnded as end:
            return self.dry_run_outcome(self.hook, end)

    def dry_run_outcome(self, hook: MarketingHook, end: DryRunEnded) -> DryRunOutcome:
        """Return what a dry run found out."""
        what = end.what
        goes_out_at = end.goes_out_at.isoformat(timespec="seconds") if end.goes_out_at else None
        if end.would_send:
            hook.log.info("Dry run: would send %s, at %s", what, goes_out_at or "once")
        else:
            hook.log.warning("Dry run: would not send %s: %s", what, end.reason)
        return {
            "outcome": "dry_run",
            "platform": hook.conn_type,
            "target": what,
            "would_send": end.would_send,
            "code": end.code,
            "reason": end.reason,
            "goes_out_at": goes_out_at,
            "audience": end.audience,
        }

    def _guards(self, context: Context, dry_run: bool) -> SendGuards:
        from airflow_provider_mkt.actions.quiet_hours import QuietHours
        from airflow_provider_mkt.actions.send_guards import Approval, CheckedSend, SendGuards

        least, most = self._limits()
        check = decode_json("check", self.check, "a mapping")
        if self._has_check and is_missing(check):
            raise SendRefused(
                "check has no value: the task that checks returned nothing; nothing was sent",
                code="check.missing",
            )
        approval = decode_json("approval", self.approval, "a mapping") if self.approval else self.approval
        return SendGuards(
            max_recipients=most,
            min_recipients=least,
            not_after=as_time("not_after", self.not_after),
            due_at=None if _is_backfill(context) else _due_at(context),
            max_lateness=self.max_lateness,
            quiet_hours=QuietHours.of(self.quiet_hours, self.timezone),
            expect_account=optional_str("expect_account", self.expect_account) or "",
            check=CheckedSend.of(check) if self._has_check else None,
            check_valid_for=self.check_valid_for,
            max_growth=_share("max_growth", self.max_growth),
            approval=Approval.of(approval) if self._has_approval else None,
            allow_operational=to_bool("allow_operational", self.allow_operational),
            dry_run=dry_run,
        )

    def _limits(self) -> tuple[int | None, int | None]:
        least = _people("min_recipients", self.min_recipients)
        most = _people("max_recipients", self.max_recipients)
        if least is not None and most is not None and least > most:
            raise InvalidInput("min_recipients", f"is {least:,}, and max_recipients is {most:,}")
        return least, most


def _check(field: str, value: object) -> None:
    """Check that a value is the output of a check."""
    from airflow_provider_mkt.actions.send_guards import CheckedSend

    if not is_missing(value):
        CheckedSend.of(decode_json(field, value, "a mapping"))


def _people(field: str, value: object) -> int | None:
    text = optional_str(field, value)
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        shape = "" if isinstance(value, int) else f", not {describe_type(value)}"
        raise InvalidInput(field, f"must be a whole number from 1 on{shape}")
    return int(text)


def _share(field: str, value: object) -> float | None:
    threshold = RejectThreshold.of(field, value)
    if threshold.count not in (None, 0):
        raise InvalidInput(field, f"must be a share such as 0.1 or 10%, not {describe_type(value)}")
    return 0.0 if threshold.count == 0 else threshold.share


def _is_backfill(context: Context) -> bool:
    kind = getattr(context.get("dag_run"), "run_type", None)
    return str(getattr(kind, "value", kind)) == "backfill"


def _due_at(context: Context) -> datetime | None:
    """Return when the DAG run was due."""
    run = context.get("dag_run")
    for name in ("run_after", "data_interval_end", "logical_date"):
        moment = getattr(run, name, None)
        if isinstance(moment, datetime):
            return moment
    return None

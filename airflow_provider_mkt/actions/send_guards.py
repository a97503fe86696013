"""Safeguards that a send passes right before it is requested, whichever operator requests it.

The actions that send take a :class:`SendGate`. They call :meth:`~SendGate.before_send` with the lock held,
after they have found that there is something to send, and before they change anything. So what is read
is what is sent, and an email that was sent before passes without a look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.quiet_hours import QuietHours
from airflow_provider_mkt.client.errors import InvalidInput, PermissionDenied, SendDelayed, SendRefused
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.wording import counted, was_or_were

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.idempotency import Claim
    from airflow_provider_mkt.actions.ports import SendingVerbs
    from airflow_provider_mkt.actions.sending import AudienceCount, SendDetails, SendTarget
    from airflow_provider_mkt.state.send_claims import SendClaim

CHECK_VALID_FOR = timedelta(hours=24)
"""How old a check may be when the send is requested."""

_AHEAD = timedelta(minutes=5)
"""How far the clocks of two machines may be apart."""


class SendGate(Protocol):
    """What an action that sends passes before it requests the send."""

    @property
    def claim(self) -> Claim | None:
        """The right to send for the purpose, which is taken with the request; None where there is none."""

    def before_send(
        self, goes_out_at: datetime | None = None, *, scheduled_here: bool = False
    ) -> Procedure[None]:
        """Check that the send may be requested now.

        :param goes_out_at: when the mail goes out; None when at once.
        :param scheduled_here: whether the task itself sets that time.
        :raises SendRefused: when it may not.
        :raises SendDelayed: when it may later.
        """

    def finish(self, *, sent: bool, unknown: bool = False, state: str = "") -> None:
        """Record what came of it, at the end of an action that raised no error.

        :param sent: whether the task sent it.
        :param unknown: whether that is not known of all people.
        :param state: what kept it from sending, where it did not.
        """

    def details(self) -> JsonDict:
        """Return what the outcome says of the gate: how many people, and who let it go."""


class _Open:
    """The gate of code that has no safeguards."""

    claim: Claim | None = None

    def before_send(
        self, goes_out_at: datetime | None = None, *, scheduled_here: bool = False
    ) -> Procedure[None]:
        yield from ()

    def finish(self, *, sent: bool, unknown: bool = False, state: str = "") -> None:
        pass

    def details(self) -> JsonDict:
        return {}


OPEN: SendGate = _Open()
"""A gate that everything passes."""


@dataclass(frozen=True)
class Approval:
    """The answer of the person who decides.

    :param by: the Airflow user; empty when no answer was needed.
    :param at: when, as ISO 8601 text.
    :param fingerprint: what the answer holds for; empty when the task that asks does not tell.
    :param target: what that is of, as :meth:`.SendTarget.to_json` returns it; empty likewise.
    :param audience: how many people would get it then at most; None when that was not known.
    :param unanswered_up_to: where no person had to answer because few would get it: up to how many.
    """

    by: str
    at: str
    fingerprint: str = ""
    target: Mapping[str, object] = field(default_factory=dict)
    audience: int | None = None
    unanswered_up_to: int | None = None

    @classmethod
    def of(cls, value: object) -> Approval:
        """Read the output of ``ApproveEmailOperator``, or of Airflow's own ``ApprovalOperator``.

        :raises SendRefused: when it is a rejection, or missing.
        :raises InvalidInput: when it is not an approval.
        """
        if value is None or value == "":
            raise _refused("approval.missing", "approval has no value: the task that asks gave no answer")
        if not isinstance(value, Mapping) or not ("approved" in value or "chosen_options" in value):
            problem = f"must be the output of the task that asks, not {describe_type(value)}"
            raise InvalidInput("approval", problem)
        user = value.get("responded_by_user")
        by = value.get("approved_by") or (
            user.get("name") or user.get("id") if isinstance(user, Mapping) else ""
        )
        at = str(value.get("answered_at") or value.get("responded_at") or "")
        approved = value.get("approved") is True or value.get("chosen_options") == ["Approve"]
        if not approved:
            who = f" by {by}" if by else ""
            raise _refused("approval.rejected", f"the send was not approved{who} ({at or 'no time given'})")
        if "approved" not in value and not by:
            # Airflow's own task answers by itself after its time limit, with its ``defaults``.
            problem = (
                "no person has approved the send: the output of the task that asks names nobody, as when its "
                "wait ended and it returned its defaults"
            )
            raise _refused("approval.missing", problem)
        target, limit = value.get("target"), value.get("approve_above")
        return cls(
            str(by or ""),
            at,
            str(value.get("fingerprint") or ""),
            target if isinstance(target, Mapping) else {},
            _number(value.get("audience")),
            _number(limit) if value.get("requested") is False else None,
        )

    def to_json(self) -> dict[str, str]:
        """Return who and when as plain JSON."""
        return {"by": self.by, "at": self.at}


@dataclass(frozen=True)
class CheckedSend:
    """The outcome of a check, as far as the send needs it.

    :param at: when it was made.
    :param audience: how many it counted, as :meth:`.AudienceCount.to_json` returns it.
    :param max_recipients: the limit that it was made with, if any.
    :param min_recipients: likewise.
    :param not_after: the time that it was made with, after which no mail must go out.
    """

    status: str
    fingerprint: str
    at: datetime
    account: str
    target: Mapping[str, object]
    audience: Mapping[str, object]
    max_recipients: int | None = None
    min_recipients: int | None = None
    not_after: datetime | None = None

    @classmethod
    def of(cls, value: object) -> CheckedSend:
        """Read the output of ``CheckEmailOperator``.

        :raises InvalidInput: when it is not one.
        """
        if not isinstance(value, Mapping):
            problem = f"must be the output of CheckEmailOperator, not {describe_type(value)}"
            raise InvalidInput("check", problem)
        texts = {name: value.get(name) for name in ("status", "fingerprint", "checked_at")}
        for name, text in texts.items():
            if not isinstance(text, str) or not text:
                problem = f"must be text, not {describe_type(text)}; give the output of CheckEmailOperator"
                raise InvalidInput(f"check.{name}", problem)
        try:
            at = datetime.fromisoformat(str(texts["checked_at"]))
        except ValueError:
            raise InvalidInput("check.checked_at", "is not a time") from None
        account, target, audience = value.get("account"), value.get("target"), value.get("audience")
        if not isinstance(target, Mapping):
            raise InvalidInput("check.target", f"must be a mapping, not {describe_type(target)}")
        limits = _limits_of(value.get("checks"))
        return cls(
            str(texts["status"]),
            str(texts["fingerprint"]),
            at if at.tzinfo else at.replace(tzinfo=UTC),
            str(account.get("id") or "") if isinstance(account, Mapping) else str(account or ""),
            target,
            audience if isinstance(audience, Mapping) else {},
            limits.get("audience.too_large"),
            limits.get("audience.too_small"),
            _latest_of(value.get("checks")),
        )


def _limits_of(checks: object) -> dict[str, int]:
    rows = checks if isinstance(checks, list) else []
    limits = {}
    for row in rows:
        if isinstance(row, Mapping) and (limit := _number(row.get("limit"))) is not None:
            limits[str(row.get("id"))] = limit
    return limits


def _latest_of(checks: object) -> datetime | None:
    rows = checks if isinstance(checks, list) else []
    for row in rows:
        if isinstance(row, Mapping) and row.get("id") == "schedule.too_late":
            try:
                latest = datetime.fromisoformat(str(row.get("limit")))
            except ValueError:
                return None
            return latest if latest.tzinfo else latest.replace(tzinfo=UTC)
    return None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True)
class SendGuards:
    """The safeguards that a task was given.

    :param max_recipients: refuse more people.
    :param min_recipients: refuse fewer people.
    :param not_after: refuse mail that would go out later.
    :param due_at: when the DAG run was due; None when it had no time.
    :param max_lateness: refuse this long after *due_at*.
    :param quiet_hours: hold mail back that would go out at once in them, and refuse it where it is scheduled.
    :param expect_account: refuse another account: HubSpot's portal id or Marketo's munchkin id.
    :param check: refuse when what was checked is no longer what would be sent.
    :param check_valid_for: how old the check may be.
    :param max_growth: by which share there may be more people than at the check.
    :param approval: who let it go.
    :param allow_operational: whether mail may go out that also reaches people who opted out.
    :param dry_run: pass nothing, and say what would happen.
    """

    max_recipients: int | None = None
    min_recipients: int | None = None
    not_after: datetime | None = None
    due_at: datetime | None = None
    max_lateness: timedelta | None = None
    quiet_hours: QuietHours | None = None
    expect_account: str = ""
    check: CheckedSend | None = None
    check_valid_for: timedelta = CHECK_VALID_FOR
    max_growth: float | None = None
    approval: Approval | None = None
    allow_operational: bool = True
    dry_run: bool = False


class DryRunEnded(Exception):
    """A dry run has come to the point at which the request would be sent.

    :param what: what would be sent, in words.
    :param would_send: whether it would be sent.
    :param reason: why not, or what it would wait for; empty otherwise.
    :param code: names the safeguard that refuses it.
    :param goes_out_at: when the mail would go out; None when at once.
    :param audience: how many it would reach, as small JSON; None when that is not known.
    """

    def __init__(
        self,
        what: str,
        *,
        would_send: bool,
        reason: str = "",
        code: str = "",
        goes_out_at: datetime | None = None,
        audience: JsonDict | None = None,
    ) -> None:
        self.what = what
        self.would_send, self.reason, self.code = would_send, reason, code
        self.goes_out_at, self.audience = goes_out_at, audience
        super().__init__(reason or "the send would be requested")


@dataclass
class GuardedGate:
    """The gate of a task with safeguards.

    :param guards: what the task was given.
    :param what: what is sent, in words.
    :param account: the account, as people know it; empty when it cannot be read.
    :param sending: the verbs that read a send.
    :param target: what is sent; None where the people are given to the task.
    :param people: how many people were given to the task; None where the platform knows them.
    :param subject: what is sent to these people, where it can be checked and approved.
    :param platform: of the account; empty when it does not matter.
    :param ceiling: ``max_recipients`` of the connection.
    :param claim: the right to send for the task's purpose.
    """

    guards: SendGuards
    what: str
    account: Callable[[], str]
    sending: SendingVerbs | None = None
    target: SendTarget | None = None
    people: int | None = None
    subject: SendTarget | None = None
    platform: str = ""
    ceiling: int | None = None
    claim: SendClaim | None = None
    clock: Callable[[], float] = time.time
    audience: JsonDict | None = field(default=None, init=False)
    """How many people it reaches, once it was counted."""

    def before_send(
        self, goes_out_at: datetime | None = None, *, scheduled_here: bool = False
    ) -> Procedure[None]:
        if not self.guards.dry_run:
            yield from self._check(goes_out_at, scheduled_here=scheduled_here)
            return
        try:
            yield from self._check(goes_out_at, scheduled_here=scheduled_here)
        except SendDelayed as error:
            raise DryRunEnded(
                self.what,
                would_send=True,
                goes_out_at=error.retry_at,
                audience=self.audience,
                reason=error.message,
            ) from None
        except SendRefused as error:
            raise DryRunEnded(
                self.what,
                would_send=False,
                reason=error.message,
                code=error.code,
                goes_out_at=goes_out_at,
                audience=self.audience,
            ) from None
        raise DryRunEnded(self.what, would_send=True, goes_out_at=goes_out_at, audience=self.audience)

    def finish(self, *, sent: bool, unknown: bool = False, state: str = "") -> None:
        if self.guards.dry_run:
            raise DryRunEnded(self.what, would_send=False, reason=state or "nothing is left to send")
        if self.claim is None:
            return
        if sent and not unknown:
            self.claim.confirm()
        elif not sent and not unknown:
            self.claim.give_back()

    def details(self) -> JsonDict:
        found: JsonDict = {}
        if self.audience is not None and self.target is not None:
            found["audience"] = self.audience
        if self.guards.approval is not None:
            found["approval"] = dict(self.guards.approval.to_json())
        return found

    def _check(self, goes_out_at: datetime | None, *, scheduled_here: bool) -> Procedure[None]:
        if self.claim is not None:
            self.claim.check()
        self._check_account()
        self._check_age_of_check()
        self._check_target_of_approval()
        if self.target is None:
            self._check_people()
            yield from self._look_at_approved()
        else:
            yield from self._look(self.target, ignore_schedule=scheduled_here)
        # Last, because a look takes time.
        self._check_time(goes_out_at)

    def _check_account(self) -> None:
        wanted = self.guards.expect_account
        if not wanted:
            return
        found = self.account()
        if not found:
            raise _refused("account.unknown", f"the account cannot be read, and expect_account is {wanted}")
        if found.casefold() != wanted.casefold():
            raise _refused("account.unexpected", f"the account is {found}, and expect_account is {wanted}")

    def _check_time(self, goes_out_at: datetime | None) -> None:
        guards, now = self.guards, datetime.fromtimestamp(self.clock(), UTC)
        immediate = goes_out_at is None or goes_out_at <= now
        moment = now if goes_out_at is None or immediate else goes_out_at
        late = guards.max_lateness
        if late is not None and guards.due_at is not None and now - guards.due_at > late:
            raise _refused(
                "schedule.late",
                f"the DAG run was due at {_text(guards.due_at)}, longer ago than max_lateness, {late}",
            )
        until = guards.quiet_hours.until(moment) if guards.quiet_hours is not None else None
        ends = (guards.not_after, guards.check.not_after if guards.check is not None else None)
        last = min((one for one in ends if one is not None), default=None)
        goes_out = until if until is not None and immediate else moment
        if last is not None and goes_out > last:
            raise _refused(
                "schedule.too_late",
                f"the mail would go out at {_text(goes_out)}, and not_after is {_text(last)}",
            )
        if until is None:
            return
        hours = f"in the quiet hours ({guards.quiet_hours})"
        if not immediate:
            raise _refused("schedule.quiet_hours", f"the mail would go out at {_text(moment)}, {hours}")
        raise SendDelayed(
            f"the mail would go out {hours}; held back until {_text(until)}",
            retry_at=until,
            code="schedule.quiet_hours",
        )

    def _check_target_of_approval(self) -> None:
        approved = self.guards.approval.target if self.guards.approval is not None else {}
        if not approved:
            return
        target = self.target or self.subject
        platform = target.platform if target is not None else self.platform
        other = platform and str(approved.get("platform") or "") != platform
        if target is not None and (self.target is not None or approved.get("kind") == target.kind):
            other = other or (approved.get("kind"), approved.get("id")) != (target.kind, target.id)
        if other:
            found = f"{str(approved.get('kind') or 'send').replace('_', ' ')} {approved.get('id')}"
            raise _refused("approval.other", f"the approval was of {found}, not of {target or self.what}")

    def _look_at_approved(self) -> Procedure[None]:
        """Check that what was approved is unchanged, where the people were given to the task."""
        approval = self.guards.approval
        if approval is None or not approval.fingerprint or not approval.target or self.sending is None:
            return
        from airflow_provider_mkt.actions.sending import SendTarget

        details = yield from self.sending.describe(SendTarget.from_json(approval.target, where="approval"))
        _check_unchanged(approval.fingerprint, details, "the approval", "approval.changed", False)

    def _check_people(self) -> None:
        if self.people is None:
            return
        self.audience = {"at_most": self.people, "exact": True}
        most, least = _least(self.guards.max_recipients, self.ceiling), self.guards.min_recipients
        if most is not None and self.people > most:
            raise _refused(
                "audience.too_large", f"{counted(self.people, 'person')}: more than max_recipients, {most:,}"
            )
        if least is not None and self.people < least:
            raise _refused(
                "audience.too_small",
                f"{counted(self.people, 'person')}: fewer than min_recipients, {least:,}",
            )
        unanswered = self.guards.approval.unanswered_up_to if self.guards.approval is not None else None
        if unanswered is not None and self.people > unanswered:
            raise _no_person(counted(self.people, "person"), unanswered)

    def _check_age_of_check(self) -> None:
        check = self.guards.check
        if check is None:
            return
        if check.status not in ("ok", "warning"):
            raise _refused("check.failed", f"the check ended with status {check.status}")
        if self.target is not None:
            checked = {name: str(check.target.get(name) or "") for name in ("platform", "kind", "id")}
            sent = {name: value for name, value in self.target.to_json().items() if name in checked}
            if checked != sent:
                raise _refused("check.other", f"the check was of another send than {self.target}")
        age = datetime.fromtimestamp(self.clock(), UTC) - check.at
        if age > self.guards.check_valid_for or age < -_AHEAD:
            raise _refused(
                "check.old",
                f"the check was made at {_text(check.at)}; it is valid for {self.guards.check_valid_for}",
            )

    def _look(self, target: SendTarget, *, ignore_schedule: bool) -> Procedure[None]:
        guards, check = self.guards, self.guards.check
        most = _least(guards.max_recipients, check.max_recipients if check else None)
        least = guards.min_recipients
        if least is None and check is not None:
            least = check.min_recipients
        approved = guards.approval.fingerprint if guards.approval is not None else ""
        required = bool(check or approved or most or least or self.ceiling or not guards.allow_operational)
        if self.sending is None or not (required or guards.dry_run):
            return
        for earlier in (guards.approval, check):
            email_id = earlier.target.get("email_id") if earlier is not None else None
            if email_id:
                # No call returns which email a smart campaign sends: the check was given it.
                target = replace(target, email_id=str(email_id))
        try:
            details = yield from self.sending.describe(target)
        except PermissionDenied:
            if required:
                raise
            return
        if check is not None:
            if (
                check.account
                and details.account_id
                and check.account.casefold() != details.account_id.casefold()
            ):
                raise _refused(
                    "check.other", f"the check was of account {check.account}, not {details.account_id}"
                )
            _check_unchanged(check.fingerprint, details, "the check", "check.changed", ignore_schedule)
        if approved:
            _check_unchanged(approved, details, "the approval", "approval.changed", ignore_schedule)
        if not guards.allow_operational and details.operational is not False:
            known = details.operational is True
            what = "is operational" if known else "may be operational"
            raise _refused(
                "operational.not_allowed" if known else "operational.unknown",
                f"{target} {what}: it also goes to people who opted out, and allow_operational is False",
            )
        if guards.dry_run and target.platform == "hubspot" and not details.subject.strip():
            # The platform would refuse it. A real run lets the platform say so.
            raise _refused("subject.missing", f"{target} has no subject")
        if details.audience_known or target.kind != "email":
            # An email without recipients of its own (automated, or a part of a program) reaches nobody yet.
            most = _least(most, self.ceiling)
        yield from self._check_audience(self.sending, details, most, least)

    def _check_growth(self, now: int | None) -> None:
        check = self.guards.check
        if self._has_grown(before := check.audience.get("at_most") if check is not None else None, now):
            raise self._grown(before, now, "the check")

    def _has_grown(self, before: object, now: int | None) -> bool:
        share = self.guards.max_growth
        if share is None or now is None or not isinstance(before, int):
            return False
        return now > before * (1 + share)

    def _grown(self, before: object, now: int | None, since: str) -> SendRefused:
        number = _number(before) or 0
        return _refused(
            "audience.grown",
            f"there may be {counted(now or 0, 'recipient')} now and {was_or_were(number)} {number:,} at "
            f"{since}, and max_growth is {self.guards.max_growth:.0%}",
        )

    def _check_approved_number(
        self, sending: SendingVerbs, details: SendDetails, count: AudienceCount
    ) -> Procedure[AudienceCount]:
        """Check that the approval holds for as many people as get it now."""
        approval = self.guards.approval
        if approval is None:
            return count
        # With a check, its count is compared, which is of the lists as they were.
        before, unanswered = None if self.guards.check else approval.audience, approval.unanswered_up_to

        def too_many() -> bool:
            unknown = unanswered is not None and (count.at_most is None or count.at_most > unanswered)
            return unknown or self._has_grown(before, count.at_most)

        if too_many() and not count.exact:
            # The sizes of the lists are an upper bound.
            count = yield from sending.count(details, "auto")
            self.audience = _small(count)
        if self._has_grown(before, count.at_most):
            raise self._grown(before, count.at_most, "the approval")
        if too_many():
            raise _no_person(count.recipients, unanswered or 0)
        return count

    def _check_audience(
        self, sending: SendingVerbs, details: SendDetails, most: int | None, least: int | None
    ) -> Procedure[None]:
        from airflow_provider_mkt.actions.sending import at_most_now, check_limits

        check = self.guards.check
        count: AudienceCount = yield from sending.count(details, "sizes")
        lists = (*details.lists, *details.excluded_lists)
        unfinished = [one for one in lists if one.found and not one.complete]
        if check is not None:
            self._check_growth(at_most_now(check.audience, details))
            count = _since(check, details, count)
            if count.at_most is None and check.audience.get("how") == "members":
                # No call tells the sizes of the lists. Reading them again is quick, unlike an extract.
                count = yield from sending.count(details, "auto")
                self._check_growth(count.at_most)
        self.audience = _small(count)
        if count.at_most == 0 and details.audience_known and not unfinished:
            raise _refused("audience.empty", f"{details.target} would be sent to nobody")
        approval = self.guards.approval
        limited = not (most is None and least is None)
        if unfinished and (limited or (approval is not None and approval.unanswered_up_to is not None)):
            names = ", ".join(str(one) for one in unfinished)
            raise _refused("list.processing", f"lists are still being computed: {names}")
        if not unfinished:
            count = yield from self._check_approved_number(sending, details, count)
        if not limited:
            return
        if not details.audience_known:
            raise _refused("audience.unknown", f"the platform does not tell who gets {details.target}")
        if not check_limits(count, least, most):
            return
        if not count.exact:
            # The sizes of the lists are an upper bound. Only a count tells whether that matters.
            count = yield from sending.count(details, "auto")
            self.audience = _small(count)
            self._check_growth(count.at_most)
        problems = check_limits(count, least, most)
        if problems:
            too_many = bool(check_limits(count, None, most))
            code = "audience.too_large" if too_many else "audience.too_small"
            raise _refused("audience.unknown" if count.at_most is None else code, "; ".join(problems))


def _since(check: CheckedSend, details: SendDetails, by_sizes: AudienceCount) -> AudienceCount:
    """Return what is known now of an audience that was counted before: its count, and the lists' growth."""
    from dataclasses import replace

    from airflow_provider_mkt.actions.sending import at_most_now

    bound = at_most_now(check.audience, details)
    same = check.audience.get("exact") is True and _sizes(check.audience) == _sizes_now(details)
    if same and bound is not None:
        return replace(by_sizes, total=bound, at_most=bound, exact=True, why="")
    return replace(by_sizes, at_most=bound) if not by_sizes.exact else by_sizes


def _sizes(audience: Mapping[str, object]) -> dict[str, object]:
    sizes: dict[str, object] = {}
    for name in ("lists", "excluded_lists"):
        rows = audience.get(name)
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, Mapping):
                sizes[f"{name} {row.get('id')}"] = row.get("size")
    return sizes


def _sizes_now(details: SendDetails) -> dict[str, object]:
    return {
        **{f"lists {one.id}": one.size for one in details.lists},
        **{f"excluded_lists {one.id}": one.size for one in details.excluded_lists},
    }


def _check_unchanged(before: str, details: SendDetails, what: str, code: str, ignore_schedule: bool) -> None:
    from airflow_provider_mkt.actions.sending import changed_parts

    changed = [
        one
        for one in changed_parts(before, details.fingerprint)
        if not (ignore_schedule and one == "schedule")
    ]
    if changed:
        parts = " and ".join(changed)
        raise _refused(code, f"the {parts} of {details.target} changed since {what}; check it again")


def _no_person(recipients: str, limit: int) -> SendRefused:
    return _refused(
        "approval.missing",
        f"{recipients}: no person has approved it, because at most {limit:,} were to get it (approve_above)",
    )


def _small(count: AudienceCount) -> JsonDict:
    return {"at_most": count.at_most, "exact": count.exact}


def _least(*numbers: int | None) -> int | None:
    given = [one for one in numbers if one is not None]
    return min(given) if given else None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="minutes")


def _refused(code: str, message: str) -> SendRefused:
    return SendRefused(f"{message}; nothing was sent", code=code)

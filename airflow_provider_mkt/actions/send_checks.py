"""The checks of a send: what each looks for, what it reads, and how serious a finding is.

A check is data: its id stays the same from release to release, so that DAGs can name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from airflow_provider_mkt.actions import send_content as content
from airflow_provider_mkt.actions.send_check_table import CHECKS, Severity
from airflow_provider_mkt.actions.sending import (
    AMBIGUOUS,
    UNREADABLE,
    AudienceCount,
    ListSize,
    OtherSend,
    SendDetails,
    SendEvidence,
)
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.wording import counted, part_of


@dataclass(frozen=True)
class Check:
    """One check of a send, and what it found.

    :param id: its name, e.g. ``audience.too_large``.
    :param severity: how serious it is when it is not ok.
    :param ok: whether the send passes.
    :param value: what was found: small JSON.
    :param limit: what it was compared with.
    :param text: one sentence about what was found; empty when it is ok.
    :param exact: whether *value* is exact; False for an upper bound.
    """

    id: str
    severity: Severity
    ok: bool
    value: object = None
    limit: object = None
    text: str = ""
    exact: bool = True

    def to_json(self) -> JsonDict:
        """Return the check as small JSON."""
        return {
            "id": self.id,
            "severity": self.severity,
            "ok": self.ok,
            "value": self.value,
            "limit": self.limit,
            "text": self.text,
            "exact": self.exact,
        }


def status_of(checks: Iterable[Check]) -> Literal["ok", "warning", "error"]:
    """Return ``error`` or ``warning``, the worst of what was found, or ``ok``."""
    found = {check.severity for check in checks if not check.ok}
    return "error" if "error" in found else "warning" if "warning" in found else "ok"


class Hours(Protocol):
    """Hours of the day in which no mail goes out."""

    def until(self, moment: datetime) -> datetime | None:
        """Return when the hours that a moment is in end; None when it is in none."""


@dataclass(frozen=True)
class SendLimits:
    """What a send is compared with.

    :param max_change: most relative change from the last send: 0.2 for 20 %.
    :param max_excluded: largest share of the people on the lists who get no mail.
    :param max_blank: largest share of recipients without a value for a token without a default.
    :param counted: whether the recipients were to be counted.
    :param allow_estimate: whether an upper bound is enough where a limit needs the number.
    :param severity: severities of checks, by id, other than in :data:`CHECKS`.
    :param ignore: ids of checks that are left out.
    """

    min_recipients: int | None = None
    max_recipients: int | None = None
    max_change: float | None = None
    max_excluded: float | None = None
    max_blank: float | None = None
    counted: bool = True
    allow_estimate: bool = False
    expect_account: str = ""
    account_kind: str = ""
    must_include: Sequence[str] = ()
    must_exclude: Sequence[str] = ()
    only_lists: Sequence[str] | None = None
    allowed_sender_domains: Sequence[str] = ()
    forbidden_words: Sequence[str] = ()
    allow_operational: bool = False
    not_after: datetime | None = None
    quiet_hours: Hours | None = None
    recipient_time_zone: bool = False
    min_hours_between_sends: float | None = None
    severity: Mapping[str, Severity] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LastSend:
    """The last send of the same kind.

    :param recipients: how many got it.
    """

    name: str
    at: datetime
    recipients: int


@dataclass(frozen=True)
class SendFacts:
    """Everything that is known about a send when it is checked.

    :param send_at: when it goes out; None when that is not known.
    :param last: the last send of the same kind, where one is known.
    :param broken_links: links that do not answer, with the reason; None when they were not requested.
    """

    details: SendDetails
    evidence: SendEvidence
    count: AudienceCount
    now: datetime
    send_at: datetime | None = None
    last: LastSend | None = None
    broken_links: Mapping[str, str] | None = None


def check_send(facts: SendFacts, limits: SendLimits) -> list[Check]:
    """Run every check that applies to a send. No calls."""
    checks = _Checks(facts.details.target.platform, limits)
    _check_account(checks, facts.details, limits)
    _check_state(checks, facts.details)
    if facts.details.email_known:
        _check_email(checks, facts.details, limits)
        _check_content(checks, facts, limits)
        _check_tokens(checks, facts, limits)
    _check_subscription(checks, facts)
    _check_lists(checks, facts, limits)
    if limits.counted and facts.details.audience_known:
        _check_audience(checks, facts, limits)
    _check_schedule(checks, facts, limits)
    _check_ab_test(checks, facts, limits)
    _check_others(checks, facts, limits)
    _check_campaign(checks, facts, limits)
    return checks.found


@dataclass
class _Checks:
    """Collects checks, with the severities that a DAG wants."""

    platform: str
    limits: SendLimits
    found: list[Check] = field(default_factory=list)

    def add(
        self,
        check_id: str,
        ok: bool,
        text: str = "",
        *,
        value: object = None,
        limit: object = None,
        exact: bool = True,
        severity: Severity | None = None,
    ) -> None:
        """Add a check, unless it is ignored or does not exist on the platform.

        :param text: one sentence, for when it is not ok.
        :param severity: instead of the check's own, where a DAG does not say.
        """
        spec = CHECKS[check_id]
        if check_id in self.limits.ignore or self.platform not in spec.platforms:
            return
        chosen = self.limits.severity.get(check_id) or severity or spec.severity
        self.found.append(Check(check_id, chosen, ok, value, limit, "" if ok else text, exact))


def _check_account(checks: _Checks, details: SendDetails, limits: SendLimits) -> None:
    if limits.expect_account:
        same = details.account_id.casefold() == limits.expect_account.strip().casefold()
        checks.add(
            "account.unexpected",
            same,
            f"the account is {details.account_id or 'unknown'}, not {limits.expect_account}",
            value=details.account_id,
            limit=limits.expect_account,
        )
    if limits.account_kind:
        checks.add(
            "account.kind",
            details.account_kind == limits.account_kind,
            f"the account is of the kind {details.account_kind}, not {limits.account_kind}",
            value=details.account_kind,
            limit=limits.account_kind,
        )


def _check_state(checks: _Checks, details: SendDetails) -> None:
    scheduled = details.state.upper().startswith("SCHEDULED") or details.state == "locked"
    checks.add(
        "email.state",
        details.sendable or scheduled,
        f"{details.target} is in state {details.state or 'unknown'} and cannot be sent",
        value=details.state,
    )
    checks.add(
        "email.scheduled", not scheduled, f"{details.target} is scheduled already", value=details.state
    )
    checks.add(
        "email.kind",
        details.regular,
        f"{details.target} is of the kind {details.kind}, which is not sent to lists",
        value=details.kind,
    )
    checks.add(
        "email.draft_differs",
        not details.draft_differs,
        "there is a newer draft, which would not be sent",
    )
    if details.target.kind in ("email_program", "smart_campaign"):
        reason = (
            "give email_id, the email that the campaign sends: no call returns it"
            if details.target.kind == "smart_campaign"
            else "the program has no email that can be read; one with an A/B test returns none"
        )
        checks.add("email.unknown", details.email_known, f"the email is not known: {reason}")
    if details.target.kind == "email_program" and details.email_known:
        count = len(details.email_ids)
        checks.add(
            "program.email_count",
            count == 1,
            f"the program has {count} approved emails",
            value=count,
            limit=1,
        )


def _check_email(checks: _Checks, details: SendDetails, limits: SendLimits) -> None:
    words = limits.forbidden_words
    subject = resolved(details.subject, details.tokens)
    in_name = content.words_in(details.name, words)
    checks.add("name.test_word", not in_name, f"the name has {_listed(in_name)}", value=in_name)
    checks.add("subject.missing", bool(subject.strip()), "there is no subject")
    in_subject = content.words_in(subject, words)
    checks.add("subject.test_word", not in_subject, f"it has {_listed(in_subject)}", value=in_subject)
    checks.add(
        "subject.malformed_token",
        not content.is_malformed(details.subject),
        "a token in the subject is not closed",
    )
    checks.add(
        "sender.from_missing", "@" in resolved(details.from_email, details.tokens), "there is no from address"
    )
    checks.add("sender.from_name_missing", bool(details.from_name.strip()), "there is no from name")
    checks.add("sender.reply_missing", bool(details.reply_to.strip()), "there is no reply address")
    if limits.allowed_sender_domains:
        allowed = [one.strip().casefold().removeprefix("@") for one in limits.allowed_sender_domains]
        senders = (resolved(one, details.tokens) for one in (details.from_email, details.reply_to) if one)
        domains = sorted({one.rpartition("@")[2].strip().casefold() for one in senders})
        others = [one for one in domains if one not in allowed]
        checks.add(
            "sender.domain",
            not others,
            f"{_listed(others)} is not an allowed sender domain",
            value=others,
            limit=allowed,
        )
    checks.add("preview_text.missing", bool(details.preview_text.strip()), "there is no preview text")


def _check_content(checks: _Checks, facts: SendFacts, limits: SendLimits) -> None:
    details = facts.details
    text = content.plain_text(details.html)
    checks.add("content.empty", bool(text), "the email has no text that can be read")
    found = content.words_in(text, limits.forbidden_words)
    checks.add("content.test_word", not found, f"the text has {_listed(found)}", value=found)
    if text and not details.operational:
        checks.add(
            "content.unsubscribe_link",
            content.has_unsubscribe_link(details.html),
            "the text has no link to unsubscribe",
        )
    if facts.evidence.office_location is not None:
        checks.add(
            "content.office_location", facts.evidence.office_location, "the email names no office address"
        )
    links = content.links(details.html)
    for check_id, bad, what in (
        ("links.placeholder", content.placeholder_links(links), "to be replaced"),
        ("links.relative", content.relative_links(links), "without scheme and host"),
        ("links.insecure", content.insecure_links(links), "not encrypted"),
        ("links.token", content.token_links(links), "a token without https:// before it"),
    ):
        checks.add(
            check_id,
            not bad,
            f"{part_of(len(bad), len(links), 'link')} {'is' if len(bad) == 1 else 'are'} {what}",
            value=bad[:_SHOWN],
        )
    if facts.broken_links is not None:
        broken = [f"{link}: {reason}" for link, reason in facts.broken_links.items()]
        checks.add(
            "links.broken",
            not broken,
            f"{part_of(len(broken), len(links), 'link')} {'does' if len(broken) == 1 else 'do'} not work: "
            f"{broken[0] if broken else ''}",
            value=broken[:_SHOWN],
        )


_SHOWN = 10
"""Items that a check lists at most."""


def texts_of(details: SendDetails) -> tuple[str, ...]:
    """Return all texts of an email that can have tokens."""
    return (
        details.subject,
        details.preview_text,
        details.from_name,
        details.from_email,
        details.reply_to,
        details.html,
    )


def tokens_without_default(details: SendDetails) -> list[str]:
    """Return the names of tokens for values of the person that have no default."""
    found = content.person_tokens(details.target.platform, texts_of(details))
    return [one.name for one in found if not one.has_default]


def token_fields(details: SendDetails, evidence: SendEvidence) -> dict[str, str]:
    """Return the properties or fields of tokens without a default, by the names of the tokens."""
    known = evidence.fields or {}
    return {one: known[one.lower()] for one in tokens_without_default(details) if one.lower() in known}


def resolved(text: str, tokens: Mapping[str, str]) -> str:
    """Return a text with its My Tokens replaced, as far as they are known."""
    by_name = {name.casefold(): value for name, value in tokens.items()}
    return content.MY_TOKEN.sub(lambda found: by_name.get(found[1].casefold(), found[0]), text)


def _check_tokens(checks: _Checks, facts: SendFacts, limits: SendLimits) -> None:
    details, count = facts.details, facts.count
    platform = details.target.platform
    without = tokens_without_default(details)
    checks.add("tokens.no_default", not without, f"{_listed(without)} has no default", value=without[:_SHOWN])
    if facts.evidence.fields is not None:
        named = content.person_tokens(platform, texts_of(details))
        unknown = [one.name for one in named if one.name.lower() not in facts.evidence.fields]
        # The schema of leads has no fields of companies under the names of their tokens.
        unknown = [one for one in unknown if not one.startswith("company.")]
        checks.add(
            "tokens.unknown_field", not unknown, f"there is no {_listed(unknown)}", value=unknown[:_SHOWN]
        )
    if platform == "marketo":
        by_name = {name.casefold(): value for name, value in details.tokens.items()}
        used = content.my_tokens(texts_of(details))
        undefined = [one for one in used if one.casefold() not in by_name]
        empty = [one for one in used if one.casefold() in by_name and not by_name[one.casefold()].strip()]
        checks.add(
            "tokens.undefined",
            not undefined,
            f"{_listed(undefined)} is not defined",
            value=undefined[:_SHOWN],
        )
        checks.add("tokens.empty", not empty, f"{_listed(empty)} has no value", value=empty[:_SHOWN])
    if limits.max_blank is not None and limits.counted and count.exact:
        people = max(1, count.at_most or 0)
        shares = {name: round(blank / people, 4) for name, blank in count.blanks.items()}
        over = [name for name, share in shares.items() if share > limits.max_blank + _ROUNDING]
        checks.add(
            "tokens.blank",
            not over,
            f"{_listed([f'{one} ({shares[one]:.1%})' for one in over])} has no value for more than "
            f"{limits.max_blank:.1%} of the recipients",
            value=shares,
            limit=limits.max_blank,
        )


_ROUNDING = 1e-9


def _check_subscription(checks: _Checks, facts: SendFacts) -> None:
    details, evidence = facts.details, facts.evidence
    if details.operational is None:
        checks.add("operational.unknown", False, "it cannot be read whether the email is operational")
    else:
        allowed = checks.limits.allow_operational or not details.operational
        checks.add(
            "operational.not_allowed",
            allowed,
            "it also goes to people who opted out; set allow_operational if that is meant",
            value=details.operational,
        )
    if details.target.platform != "hubspot" or details.operational:
        return
    named = details.subscription_type
    checks.add("subscription.missing", bool(named), "the email names no subscription type")
    if evidence.subscriptions is None:
        checks.add(
            "subscription.unreadable",
            False,
            f"subscription types cannot be read: {evidence.unreadable.get('subscriptions', '')}",
        )
        return
    if not named:
        return
    kind = next((one for one in evidence.subscriptions if one.id == named), None)
    checks.add("subscription.unknown", kind is not None, f"there is no type {named}", value=named)
    if kind is not None:
        checks.add("subscription.inactive", kind.active, f"subscription type {kind.name} is not active")
        checks.add(
            "subscription.internal",
            not kind.internal,
            f"type {kind.name} is for one-to-one mail",
        )
        units = (evidence.business_unit or "0", kind.business_unit or "0")
        checks.add(
            "subscription.business_unit",
            units[0] == units[1],
            f"the email is of business unit {units[0]}, its subscription type of {units[1]}",
            value=units[1],
            limit=units[0],
        )


def _check_lists(checks: _Checks, facts: SendFacts, limits: SendLimits) -> None:
    details = facts.details
    if details.target.kind == "email" and details.target.platform == "marketo":
        return
    if details.requestable or not details.regular:
        return
    if details.target.platform == "hubspot":
        named = bool(details.lists or details.contact_ids)
        checks.add("audience.none", named, "it names no list and no contact")
    else:
        checks.add("audience.none", bool(details.smart_list_id), "it has no smart list")
        _check_rules(checks, details)
    both = (*details.lists, *details.excluded_lists)
    # A list that may not be read has no status.
    waited_for = {one.id for one in (*facts.count.lists, *facts.count.excluded_lists) if one.complete}
    for check_id, bad, what in (
        ("list.missing", [one for one in details.lists if not one.found], "does not exist"),
        ("excluded_list.missing", [one for one in details.excluded_lists if not one.found], "does not exist"),
        ("list.empty", [one for one in details.lists if one.found and one.size == 0], "has no members"),
        (
            "list.processing",
            [one for one in both if one.status.upper() == "PROCESSING" and one.id not in waited_for],
            "is still being computed",
        ),
        ("list.not_people", [one for one in both if not one.of_people], "is not a list of contacts"),
        ("list.legacy_id", [one for one in both if one.legacy_id], "is named by a discontinued id"),
        ("list.unreadable", [one for one in both if one.status == UNREADABLE], "may not be read"),
        (
            "list.ambiguous",
            [one for one in both if one.status == AMBIGUOUS],
            "is not the only one of its name",
        ),
    ):
        names = [str(one) for one in bad]
        checks.add(check_id, not bad, f"{_listed(names)} {what}", value=names[:_SHOWN])
    for check_id, wanted, there in (
        ("lists.must_include", limits.must_include, details.lists),
        ("lists.must_exclude", limits.must_exclude, details.excluded_lists),
    ):
        if wanted:
            missing = [one for one in wanted if not any(_is_named(row, one) and row.found for row in there)]
            side = "included" if check_id == "lists.must_include" else "excluded"
            checks.add(
                check_id, not missing, f"{_listed(missing)} is not {side}", value=missing, limit=[*wanted]
            )
    if limits.only_lists is not None:
        others = [
            str(row) for row in details.lists if not any(_is_named(row, one) for one in limits.only_lists)
        ]
        if details.contact_ids:
            others.append(counted(len(details.contact_ids), "single contact"))
        if not details.lists_decide:
            others.append("rules that are not lists")
        checks.add(
            "lists.only",
            not others,
            f"{_listed(others)} is included and not in only_lists",
            value=others[:_SHOWN],
            limit=[*limits.only_lists],
        )


def _check_rules(checks: _Checks, details: SendDetails) -> None:
    if not details.smart_list_id:
        return
    filters = details.rules.get("filters")
    checks.add("smart_list.no_filter", bool(filters), "the smart list has no filter")
    if details.kind != "trigger":
        checks.add("smart_list.trigger", not details.rules.get("triggers"), "the smart list has a trigger")
    rows = filters if isinstance(filters, Sequence) else ()
    kinds = [str(row.get("ruleType") or row.get("name") or "") for row in rows if isinstance(row, Mapping)]
    nested = [one for one in kinds if "smart list" in one.casefold()]
    checks.add("smart_list.nested", not nested, "the smart list names another smart list", value=len(nested))


def _is_named(one: ListSize, wanted: str) -> bool:
    return wanted == one.id or (bool(one.name) and wanted.strip().casefold() == one.name.strip().casefold())


def _check_audience(checks: _Checks, facts: SendFacts, limits: SendLimits) -> None:
    count = facts.count
    most = count.at_most
    less: Severity | None = "warning" if limits.allow_estimate else None
    checks.add(
        "audience.unknown",
        most is not None,
        f"the number of recipients is unknown: {count.why}",
        severity=less,
    )
    needs_number = [
        name
        for name, limit in (
            ("min_recipients", limits.min_recipients),
            ("max_change_from_last", limits.max_change),
            ("max_excluded", limits.max_excluded),
            ("max_blank", limits.max_blank),
        )
        if limit is not None
    ]
    if most is not None and needs_number:
        checks.add(
            "audience.not_exact",
            count.exact,
            f"it is only known that there are {count}, and {_listed(needs_number)} needs the number: "
            f"{count.why}",
            value=most,
            exact=count.exact,
            severity=less,
        )
    if most is None:
        return
    checks.add("audience.empty", most > 0, "nobody would get it", value=most, exact=count.exact)
    if limits.max_recipients is not None:
        checks.add(
            "audience.too_large",
            most <= limits.max_recipients,
            f"{count.recipients}, and max_recipients is {limits.max_recipients:,}",
            value=most,
            limit=limits.max_recipients,
            exact=count.exact,
        )
    if limits.min_recipients is not None:
        checks.add(
            "audience.too_small",
            most >= limits.min_recipients,
            f"{count.recipients}, and min_recipients is {limits.min_recipients:,}",
            value=most,
            limit=limits.min_recipients,
            exact=count.exact,
        )
    if limits.max_excluded is not None and count.exact:
        share = sum(count.excluded.values()) / max(1, count.total or 0)
        reasons = _listed([f"{name} {number:,}" for name, number in count.excluded.items()])
        checks.add(
            "audience.excluded",
            share <= limits.max_excluded + _ROUNDING,
            f"{share:.1%} of the people on the lists would not get it ({reasons}), and max_excluded is "
            f"{limits.max_excluded:.1%}",
            value=round(share, 4),
            limit=limits.max_excluded,
        )
    if limits.max_change is not None:
        checks.add("audience.no_history", facts.last is not None, "there is no last send to compare with")
        change = change_from(facts.last, count)
        if facts.last is not None and change is not None:
            checks.add(
                "audience.changed",
                abs(change) <= limits.max_change + _ROUNDING,
                f"{count} recipients are {change:+.1%} from the last send, {facts.last.name!r} to "
                f"{facts.last.recipients:,}, and max_change_from_last is {limits.max_change:.1%}",
                value=round(change, 4),
                limit=limits.max_change,
                exact=count.exact,
            )


def change_from(last: LastSend | None, count: AudienceCount) -> float | None:
    """Return the relative change from the last send: 0.2 for a fifth more."""
    if last is None or count.at_most is None:
        return None
    if last.recipients == 0:
        return 0.0 if count.at_most == 0 else float(count.at_most)
    return count.at_most / last.recipients - 1


# -- time -----------------------------------------------------------------------------------------------

_SOONEST, _SHORT_NOTICE = timedelta(minutes=5), timedelta(minutes=15)
_FARTHEST = timedelta(days=730)
_HEAD_START = timedelta(hours=12)
_RECIPIENT_ZONE = {"hubspot": timedelta(hours=24), "marketo": timedelta(hours=25)}
_BOTH = timedelta(hours=34)
"""With head start and recipient time zone: 12 hours before the first time zone has that time."""


def _check_schedule(checks: _Checks, facts: SendFacts, limits: SendLimits) -> None:
    details, at, now = facts.details, facts.send_at, facts.now
    program = details.target.kind == "email_program"
    if details.target.kind == "email" and details.target.platform == "marketo":
        return
    if program:
        checks.add("schedule.missing", at is not None, "the program has no start date")
    going = details.state == "locked" or details.state.upper().startswith("SCHEDULED")
    if at is None:
        return
    shown = local_time(at, details.time_zone)
    ahead = at - now
    timed = details.scheduled_for is not None or abs(ahead) > timedelta(seconds=1)
    checks.add(
        "schedule.past",
        not timed or ahead > timedelta(),
        f"it is to go out at {shown}, which has passed",
        value=at.isoformat(),
    )
    if limits.not_after is not None:
        late = max(at, now)
        checks.add(
            "schedule.too_late",
            late <= limits.not_after,
            f"it would go out at {local_time(late, details.time_zone)}, after "
            f"{local_time(limits.not_after, details.time_zone)}",
            value=late.isoformat(),
            limit=limits.not_after.isoformat(),
        )
    if limits.quiet_hours is not None:
        until = limits.quiet_hours.until(at)
        checks.add(
            "schedule.quiet_hours",
            until is None,
            f"{shown} is in the quiet hours, {limits.quiet_hours}",
            value=at.isoformat(),
            limit=str(limits.quiet_hours),
        )
    minutes = round(ahead.total_seconds() / 60, 1)
    if timed and ahead > timedelta() and not going:
        checks.add(
            "schedule.too_soon", ahead >= _SOONEST, f"it is {minutes} minutes ahead", value=minutes, limit=5
        )
        if program and ahead >= _SOONEST:
            checks.add(
                "schedule.short_notice",
                ahead >= _SHORT_NOTICE,
                f"it is {minutes} minutes ahead",
                value=minutes,
                limit=15,
            )
    checks.add(
        "schedule.too_far",
        ahead <= _FARTHEST,
        f"it is {counted(ahead.days, 'day')} ahead",
        value=ahead.days,
        limit=730,
    )
    hours = round(ahead.total_seconds() / 3600, 1)
    if details.head_start:
        if not going:
            checks.add(
                "schedule.head_start",
                ahead >= _HEAD_START,
                f"it is {hours} hours ahead, and head start needs 12",
                value=hours,
                limit=12,
            )
        checks.add(
            "schedule.head_start_locks",
            False,
            "with head start, people who unsubscribe in the last 12 hours still get it",
        )
    if limits.recipient_time_zone and not going:
        needed = _BOTH if details.head_start else _RECIPIENT_ZONE[details.target.platform]
        wanted = needed.total_seconds() / 3600
        checks.add(
            "schedule.recipient_time_zone",
            ahead >= needed,
            f"it is {hours} hours ahead, and the time zone of recipients needs {wanted:.0f}",
            value=hours,
            limit=wanted,
        )


def local_time(moment: datetime, zone: str) -> str:
    """Return a time in the account's zone, or in UTC where that is not known."""
    try:
        local = moment.astimezone(ZoneInfo(zone)) if zone else moment.astimezone(UTC)
    except (KeyError, ValueError, OSError):
        zone, local = "", moment.astimezone(UTC)
    return f"{local:%Y-%m-%d %H:%M} {zone or 'UTC'}"


# -- tests, other sends, campaigns ----------------------------------------------------------------------

_FEW_FOR_A_TEST = 1_000


def _check_ab_test(checks: _Checks, facts: SendFacts, limits: SendLimits) -> None:
    testing, count = facts.details.ab_test, facts.count
    if not testing:
        return
    if facts.evidence.variation_found is not None:
        checks.add("ab_test.variation", facts.evidence.variation_found, "the A/B test has no variation")
    share = testing.get("abTestPercentage")
    if isinstance(share, (int, float)):
        checks.add(
            "ab_test.percentage", 0 < share <= 100, f"the share of the A/B test is {share}", value=share
        )
    if count.at_most is not None:
        checks.add(
            "ab_test.small",
            count.at_most >= _FEW_FOR_A_TEST,
            f"{count.recipients}: few for an A/B test",
            value=count.at_most,
            limit=_FEW_FOR_A_TEST,
        )
    checks.add(
        "ab_test.recipient_time_zone",
        not limits.recipient_time_zone,
        "an A/B test cannot be sent by the time zone of recipients",
    )


def _check_others(checks: _Checks, facts: SendFacts, limits: SendLimits) -> None:
    near = sends_near(facts, limits.min_hours_between_sends)
    if near is None:
        return
    names = [f"{one.name!r} at {local_time(one.at, facts.details.time_zone)}" for one in near]
    checks.add(
        "overlap.other_send",
        not near,
        f"{_listed(names)} goes to {_listed(sorted({name for one in near for name in one.lists}))} too",
        value=names[:_SHOWN],
        limit=limits.min_hours_between_sends,
        exact=facts.evidence.other_sends_complete,
    )


def sends_near(facts: SendFacts, hours: float | None) -> list[OtherSend] | None:
    """Return other sends to one of the lists that are near in time; None when that is not known."""
    if hours is None or facts.evidence.other_sends is None:
        return None
    at = facts.send_at or facts.now
    return [one for one in facts.evidence.other_sends if abs(one.at - at) <= timedelta(hours=hours)]


def _check_campaign(checks: _Checks, facts: SendFacts, limits: SendLimits) -> None:
    details, most = facts.details, facts.count.at_most
    if details.target.kind != "smart_campaign":
        return
    checks.add(
        "campaign.runs_again",
        details.qualification_rule.lower() != "any",
        "people can go through the campaign again, so that a second run mails them again",
        value=details.qualification_rule,
    )
    if details.requestable:
        return
    checks.add(
        "campaign.no_max_members",
        details.max_members is not None,
        "the campaign has no limit of its own, which is the only one that acts when it runs",
    )
    if details.max_members is not None and most is not None and limits.counted:
        total = facts.count.total if facts.count.total is not None else most
        checks.add(
            "campaign.max_members",
            total <= details.max_members,
            f"{counted(total, 'person')} {'qualifies' if total == 1 else 'qualify'}, more than "
            f"the campaign's own limit of {details.max_members:,}",
            value=total,
            limit=details.max_members,
            exact=facts.count.exact,
        )
    if details.communication_limits is not None and not details.operational:
        checks.add(
            "campaign.no_communication_limits",
            details.communication_limits,
            "communication limits are off for the campaign",
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown

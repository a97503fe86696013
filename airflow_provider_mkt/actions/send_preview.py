"""The preview of a send, in Markdown: what a person reads before letting it go. Nobody is named in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, timedelta

from airflow_provider_mkt.actions import send_content as content
from airflow_provider_mkt.actions.send_checks import (
    Check,
    SendFacts,
    SendLimits,
    change_from,
    local_time,
    resolved,
    status_of,
    texts_of,
    token_fields,
)
from airflow_provider_mkt.actions.sending import AudienceCount, ListSize, SendDetails
from airflow_provider_mkt.client.wording import counted, platform_name

BYTES_MAX = 20_000
_LONGEST = 300
_MOST_ROWS = 30
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#|!~])")
_HEADLINES = {"ok": "No problem found", "warning": "There are warnings", "error": "Do not send"}


def preview_of(facts: SendFacts, limits: SendLimits, checks: Sequence[Check], dag_run_link: str = "") -> str:
    """Return what is known about a send, as Markdown of less than 20 kB.

    :param dag_run_link: the address of the DAG run in Airflow.
    """
    sections = [
        _headline(facts, checks),
        _problems(checks),
        _mail(facts),
        _audience(facts),
        _schedule(facts, limits),
        _tokens_and_links(facts),
        _last(facts),
        _links(facts, dag_run_link),
    ]
    text = "\n\n".join(section for section in sections if section)
    encoded = text.encode()
    if len(encoded) < BYTES_MAX:
        return text
    shortened = encoded[: BYTES_MAX - 100].decode(errors="ignore").rpartition("\n")[0]
    return f"{shortened}\n\n(The preview is cut here; the report has the rest.)"


def _headline(facts: SendFacts, checks: Sequence[Check]) -> str:
    details = facts.details
    zone = f", {details.time_zone}" if details.time_zone else ""
    account = f"account {details.account_id or 'unknown'} ({details.account_kind}{zone})"
    return (
        f"**{_HEADLINES[status_of(checks)]}**: {_plain(details.name)}\n\n"
        f"{platform_name(details.target.platform)} {details.target}, {account}"
    )


def _problems(checks: Sequence[Check]) -> str:
    found = [check for check in checks if not check.ok]
    found.sort(key=lambda check: ("error", "warning", "info").index(check.severity))
    rows = [f"- {check.severity}: {_plain(check.text)} ({check.id})" for check in found[:_MOST_ROWS]]
    if len(found) > _MOST_ROWS:
        rows.append(f"- and {len(found) - _MOST_ROWS} more")
    return "\n".join(rows)


def _mail(facts: SendFacts) -> str:
    details = facts.details
    rows = [
        ("Subject", resolved(details.subject, details.tokens)),
        ("Preview text", resolved(details.preview_text, details.tokens)),
        (
            "From",
            f"{resolved(details.from_name, details.tokens)} {resolved(details.from_email, details.tokens)}",
        ),
        ("Reply to", resolved(details.reply_to, details.tokens)),
        ("Kind", details.kind),
        ("State", details.state),
    ]
    if details.target.platform == "hubspot":
        rows.append(("Subscription type", _subscription(facts)))
    operational = {True: "yes: it also goes to people who opted out", False: "no", None: "unknown"}
    rows.append(("Operational", operational[details.operational]))
    return _table(("Email", ""), rows)


def _subscription(facts: SendFacts) -> str:
    wanted = facts.details.subscription_type
    kind = next((one for one in facts.evidence.subscriptions or () if one.id == wanted), None)
    return f"{kind.name} ({wanted})" if kind else wanted or "none"


def _audience(facts: SendFacts) -> str:
    details, count = facts.details, facts.count
    rows = [_list_row("included", one) for one in (count.lists or details.lists)]
    rows += [_list_row("excluded", one) for one in (count.excluded_lists or details.excluded_lists)]
    if details.contact_ids:
        rows.append(("included", counted(len(details.contact_ids), "single contact"), "", ""))
    if details.excluded_contact_ids:
        rows.append(("excluded", counted(len(details.excluded_contact_ids), "single contact"), "", ""))
    if details.audience_known and not details.lists_decide:
        rows.append(("included", "rules of the smart list that are not lists", "", ""))
    lists = _table(("", "List", "Members", "Rules changed"), rows[:_MOST_ROWS])
    return "\n\n".join(
        part for part in (f"**Recipients: {_recipients(facts)}**", _reasons(count), lists) if part
    )


def _recipients(facts: SendFacts) -> str:
    count = facts.count
    if not facts.details.audience_known:
        return "the platform does not say who gets it"
    change = change_from(facts.last, count)
    since = f", {change:+.1%} from the last send" if change is not None else ""
    if count.at_most is None:
        return f"unknown ({_plain(count.why)})"
    if not count.exact:
        return f"at most {count.at_most:,}{since} ({_plain(count.why)})"
    # What the platform decides when it sends is in no count.
    return f"{count.total:,} on the lists, at most {count.at_most:,} of them get it{since}"


def _reasons(count: AudienceCount) -> str:
    parts = []
    if count.excluded:
        names = ", ".join(f"{name} {number:,}" for name, number in count.excluded.items())
        parts.append(f"Get no mail: {names}.")
    if count.not_counted and count.exact:
        parts.append(f"No API tells before the send: {', '.join(count.not_counted)}.")
    if count.sample:
        parts.append(f"Some recipients: {', '.join(_plain(one) for one in count.sample)}.")
    return " ".join(parts)


def _list_row(side: str, one: ListSize) -> tuple[str, ...]:
    state = "" if one.complete else f" ({one.status.lower()})"
    size = "unknown" if one.size is None else f"{one.size:,}"
    return side, f"{one}{state}", size, one.updated_at[:10]


def _schedule(facts: SendFacts, limits: SendLimits) -> str:
    details, at = facts.details, facts.send_at
    rows = []
    if at is None:
        rows.append(("Goes out", "not known"))
    else:
        zone = local_time(at, details.time_zone)
        when = zone if zone.endswith("UTC") else f"{zone} ({at.astimezone(UTC):%Y-%m-%d %H:%M} UTC)"
        ahead = at - facts.now
        rows.append(
            ("Goes out", f"{when}, {'at once' if ahead <= timedelta(seconds=1) else f'in {_span(ahead)}'}")
        )
        if limits.quiet_hours is not None:
            quiet = "in them" if limits.quiet_hours.until(at) else "not in them"
            rows.append(("Quiet hours", f"{limits.quiet_hours}: {quiet}"))
        recall = "until it begins to go out" if ahead > timedelta(seconds=1) else "no: it begins at once"
        rows.append(("Can be recalled", recall))
    if limits.not_after is not None:
        rows.append(("Not after", local_time(limits.not_after, details.time_zone)))
    return _table(("Schedule", ""), rows)


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _tokens_and_links(facts: SendFacts) -> str:
    details = facts.details
    by_token = token_fields(details, facts.evidence)
    rows = []
    people = max(1, facts.count.at_most or 0)
    for token in content.person_tokens(details.target.platform, texts_of(details)):
        field = by_token.get(token.name, "")
        blank = facts.count.blanks.get(field)
        share = "" if blank is None else f"{blank / people:.1%}"
        rows.append((token.name, "yes" if token.has_default else "no", share))
    tokens = _table(("Token", "Default", "Recipients without a value"), rows[:_MOST_ROWS])
    links = content.links(details.html)
    answers = facts.broken_links
    shown: list[tuple[str, ...]] = []
    for link in links[:_MOST_ROWS]:
        answer = "" if answers is None else answers.get(link, "works")
        shown.append((link, answer))
    more = f"\n\nand {len(links) - _MOST_ROWS} more links" if len(links) > _MOST_ROWS else ""
    table = _table(("Link", "Answer"), shown)
    return "\n\n".join(part for part in (tokens, f"{table}{more}" if table else "") if part)


def _last(facts: SendFacts) -> str:
    if facts.last is None:
        return ""
    at = local_time(facts.last.at, facts.details.time_zone)
    return f"Last send: {_plain(facts.last.name)}, {at}, to {counted(facts.last.recipients, 'person')}."


def _links(facts: SendFacts, dag_run_link: str) -> str:
    details: SendDetails = facts.details
    places = [
        f"[Open in {platform_name(details.target.platform)}]({details.link})" if details.link else "",
        f"[DAG run]({dag_run_link})" if dag_run_link else "",
        f"fingerprint {details.fingerprint}",
    ]
    return " · ".join(place for place in places if place)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(_plain(cell) for cell in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines])


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is, in one line."""
    line = " ".join(text.split())
    short = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
    return _SPECIAL.sub(r"\\\1", short)

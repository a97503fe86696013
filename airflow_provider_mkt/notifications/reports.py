"""What a task returned, as a short text for people.

The functions make a text of the outcome of any operator of this provider: for Slack, or as Markdown for what
else a notifier writes to. They import nothing of Airflow, and can be macros of a DAG::

    with DAG("sync", user_defined_macros={"slack_report": slack_report}): ...

    SlackWebhookNotifier(text="{{ slack_report(ti.xcom_pull(task_ids=ti.task_id)) }}")
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from airflow_provider_mkt.client.wording import platform_name

_ITEMS: Mapping[str, tuple[str, str]] = {
    "campaign": ("campaign", "campaigns"),
    "campaign_assets": ("asset", "assets"),
    "campaign_request": ("lead", "leads"),
    "email_mailing": ("address", "addresses"),
    "email_samples": ("sample", "samples"),
    "email_statistics": ("row", "rows"),
    "event_attendance": ("row", "rows"),
    "export": ("row", "rows"),
    "lead": ("lead", "leads"),
    "lead_import": ("row", "rows"),
    "lead_push": ("row", "rows"),
    "lead_sync": ("row", "rows"),
    "list": ("lead", "leads"),
    "list_sync": ("row", "rows"),
    "marketing_events": ("event", "events"),
    "nurture": ("lead", "leads"),
    "object_sync": ("row", "rows"),
    "page": ("row", "rows"),
    "program_status": ("lead", "leads"),
    "program_tokens": ("token", "tokens"),
    "rows_written": ("row", "rows"),
    "sequence": ("contact", "contacts"),
    "subscription": ("address", "addresses"),
    "unsubscription": ("address", "addresses"),
    "workflow": ("contact", "contacts"),
}
"""What an outcome counts, one and several, by the longest beginning of its kind."""

_NO_COUNTS = frozenset(
    {"bytes", "calls", "calls_left", "minutes", "characters", "resumed", "run", "seconds", "total", "windows"}
)
"""Numbers that are not a count of what was worked on, or that others are parts of."""

_COLLECTIONS = ("absent", "changed", "rejected")
"""Collections of which each item counts."""

_YES_OR_NO: Mapping[str, tuple[str, str]] = {
    "active": ("active", "not active"),
    "approved": ("approved", "not approved"),
    "changed": ("changed by this task", "was so before"),
    "created": ("created by this task", "existed before"),
    "ok": ("within all limits", "not within all limits"),
    "published": ("published by this task", "was published before"),
    "scheduled": ("scheduled by this task", "was scheduled before"),
    "timed_out": ("nobody answered in time", ""),
    "unapproved": ("unapproved by this task", "was not approved"),
    "unpublished": ("unpublished by this task", "was not published"),
    "would_send": ("would be sent", "would not be sent"),
}
_FACTS: Mapping[str, str] = {
    "name": "{}",
    "list_name": "list {}",
    "target": "{}",
    "status": "status {}",
    "scheduled_for": "goes out at {}",
    "goes_out_at": "would go out at {}",
    "run_at": "runs at {}",
    "was_due": "was due at {}",
    "approved_by": "by {}",
    "code": "refused by {}",
}
"""Texts of an outcome that are worth a reader's time."""

_PROBLEMS = ("reason", "no_removals", "error", "note")
_FILES: Mapping[str, str] = {
    "output_path": "File",
    "path": "File",
    "report": "Report",
    "outcomes": "Status of each row",
    "rejects": "Rejected",
    "warnings": "Warnings",
}
_MAX_REASONS = 3
_MAX_CHARACTERS = 200
"""Characters of one reason or problem."""


class _Style(NamedTuple):
    """How a text is marked up.

    :param bold: around a heading.
    :param line_end: at the end of a line that others follow.
    :param marks: characters that would be taken for marks.
    :param escape: stands before such a character.
    :param entities: what is written in place of characters, everywhere.
    """

    bold: str
    line_end: str
    marks: str
    escape: str
    entities: Mapping[str, str]

    def plain(self, text: str) -> str:
        """Return a text in which nothing is taken for a mark."""
        text = re.sub(f"[{re.escape(self.marks)}]", lambda found: self.escape + found[0], text)
        return self._entities(text)

    def code(self, text: str) -> str:
        """Return a path or a code."""
        text = self._entities(text.replace("`", "'"))
        return f"`{text}`"

    def _entities(self, text: str) -> str:
        return "".join(self.entities.get(one, one) for one in " ".join(text.split()))


_NO_MARK = "\N{ZERO WIDTH SPACE}"
_SLACK = _Style("*", "\n", "*_~`", _NO_MARK, {"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# Two blanks at its end keep a line of Markdown apart from the next.
_MARKDOWN = _Style("**", "  \n", "\\`*_[]<>#|~", "\\", {})


def slack_report(outcome: object) -> str:
    """Return a report of an outcome in Slack's markup.

    :param outcome: what an operator of this provider returned, or a list of that for a mapped task. Without
        one, e.g. because the task failed before it had any, the text says so.
    """
    return _report(outcome, _SLACK)


def markdown_report(outcome: object) -> str:
    """Return a report of an outcome in Markdown.

    :param outcome: what an operator of this provider returned, or a list of that for a mapped task. Without
        one, e.g. because the task failed before it had any, the text says so.
    """
    return _report(outcome, _MARKDOWN)


def _report(outcome: object, style: _Style) -> str:
    if isinstance(outcome, Mapping):
        return style.line_end.join(_lines(outcome, style))
    if isinstance(outcome, Iterable) and not isinstance(outcome, (str, bytes)):
        return "\n\n".join(_report(one, style) for one in outcome) or "No task returned an outcome."
    return "The task returned no outcome."


def _lines(outcome: Mapping[str, object], style: _Style) -> list[str]:
    kind = str(outcome.get("outcome") or "result")
    title = f"{style.bold}{style.plain(kind.replace('_', ' ').capitalize())}{style.bold}"
    platform = style.plain(platform_name(str(outcome.get("platform") or "")))
    total = outcome.get("total")
    lines = [
        f"{title}{f' ({platform})' if platform else ''}"
        f"{f': {_count(total, kind)}' if _is_number(total) else ''}"
    ]
    for parts in (_counts(outcome, kind), list(_facts(outcome, style))):
        if parts:
            lines.append(", ".join(parts))
    lines += [style.plain(_cut(one)) for one in _problems(outcome)]
    if reasons := _reasons(outcome, style):
        lines.append(f"Reasons: {reasons}")
    lines += [
        f"{label}: {style.code(str(outcome[name]))}" for name, label in _FILES.items() if outcome.get(name)
    ]
    if (link := outcome.get("link")) and str(link).startswith("https://"):
        lines.append(str(link) if style is _MARKDOWN else f"<{style.plain(str(link))}>")
    return lines


def _count(number: object, kind: str) -> str:
    beginnings = [one for one in _ITEMS if kind.startswith(one)]
    one, several = _ITEMS[max(beginnings, key=len)] if beginnings else ("item", "items")
    return f"{number:,} {one if number == 1 else several}"


def _counts(outcome: Mapping[str, object], kind: str) -> list[str]:
    """Return the counts that are not 0. The sum of others is left out where these are known."""
    numbers: dict[str, int] = {}
    for name, value in outcome.items():
        if name in _COLLECTIONS and isinstance(value, Sequence | Mapping) and not isinstance(value, str):
            numbers[name] = len(value)
        elif isinstance(value, int) and _is_number(value) and name not in _NO_COUNTS:
            numbers[name] = value
    if any(_is_number(outcome.get(part)) for part in ("created", "updated", "recorded")):
        numbers.pop("written", None)
    rows = numbers.pop("rows", None)
    shown = [f"{value:,} {name.replace('_', ' ')}" for name, value in numbers.items() if value]
    if rows is not None and "total" not in outcome:
        shown.insert(0, _count(rows, kind))
    return shown or (["nothing to do"] if numbers and not outcome.get("total") else [])


def _facts(outcome: Mapping[str, object], style: _Style) -> Iterable[str]:
    for name, (yes, no) in _YES_OR_NO.items():
        if isinstance(value := outcome.get(name), bool) and (text := yes if value else no):
            yield text
    for name, form in _FACTS.items():
        if isinstance(value := outcome.get(name), str) and value:
            yield form.format(style.plain(value))
    audience = outcome.get("audience")
    if isinstance(audience, Mapping) and isinstance(people := audience.get("at_most"), int):
        exactly = "" if audience.get("exact") else "at most "
        yield f"to {exactly}{people:,} {'person' if people == 1 else 'people'}"


def _problems(outcome: Mapping[str, object]) -> list[str]:
    problems = outcome.get("problems")
    found = [str(one) for one in problems] if isinstance(problems, list) else []
    checks = outcome.get("checks")
    if isinstance(checks, list):
        found += [str(one.get("text")) for one in checks if isinstance(one, Mapping) and not one.get("ok")]
    return [*found, *(str(outcome[name]) for name in _PROBLEMS if outcome.get(name))]


def _reasons(outcome: Mapping[str, object], style: _Style) -> str:
    """Return the most frequent reasons, or the first ones where each is of one item."""
    given = outcome.get("reasons") or outcome.get("rejected")
    if not isinstance(given, Mapping):
        return ""
    counted = [(str(code), one) for code, one in given.items() if _is_number(one)]
    if counted:
        counted.sort(key=lambda one: -float(str(one[1])))
        texts = [f"{style.code(code)} {number:,}" for code, number in counted]
    else:
        texts = [f"{style.code(str(label))}: {style.plain(_cut(str(one)))}" for label, one in given.items()]
    more = len(texts) - _MAX_REASONS
    return "; ".join(texts[:_MAX_REASONS]) + (f"; and {more} more" if more > 0 else "")


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}..."

"""Marketing emails and their sends in the state and on the pages: who got what, and who did not and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice

from airflow_provider_mkt.sandbox.hubspot.emails.models import Email
from airflow_provider_mkt.sandbox.hubspot.emails.outbox import Outbox
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.outbox import OutboxRow
from airflow_provider_mkt.sandbox.server.state import NEWEST, Link, Table

MAX_ROWS = 50
"""How many mails a table has at most."""
_SEARCHED = 100_000
"""How many of the newest mails are searched for those of a page."""
_COUNTERS = ("selected", "sent", "delivered", "bounce", "notsent", "pending", "open", "click", "unsubscribed")


def snapshot(state: HubSpotState) -> JsonObject:
    return {"emails": state.emails.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_emails(state), _sends(state)]


def _emails(state: HubSpotState) -> Table:
    now, every = state.clock.time(), state.emails.all()
    rows = [
        [
            Link(one.id, "email", one.id),
            one.name,
            "archived" if one.archived_at is not None else state.emails.state(one),
            "yes" if one.draft is not None else "",
            "" if one.partner is None else f"{one.role}, with {one.partner}",
            str(len(one.revisions)),
            str(sum(1 for send in one.sends if not send.cancelled)),
            f"{one.reached(now):,}",
        ]
        for one in reversed(every[-NEWEST:])
    ]
    columns = ["id", "name", "state", "draft", "test", "revisions", "sends", "mails out"]
    return Table("Marketing emails", columns, rows, f"{len(every):,} in all")


def _sends(state: HubSpotState) -> Table:
    sends, now = state.emails.sends(), state.clock.time()
    rows: list[list[str]] = []
    for email, send in reversed(sends[-NEWEST:]):
        counts, mailing = send.counts(now), send.mailing
        reasons = "" if mailing is None else _counted(mailing.reasons())
        numbers = ["failed", "", ""] if send.failed else [f"{counts[name]:,}" for name in _COUNTERS[:3]]
        rows.append([iso(send.due), Link(email.id, "email", email.id), email.name, *numbers, reasons])
    columns = ["at", "email", "name", *_COUNTERS[:3], "not mailed"]
    return Table("Sends", columns, rows, f"{len(sends):,} in all")


def mails_tables(state: HubSpotState, wanted: Callable[[OutboxRow], bool]) -> list[Table]:
    """Return a table of the newest mails, and one of the newest people who got none."""

    def left_out(row: OutboxRow) -> bool:
        return row.outcome == "dropped"

    found = [
        ("Who got an email", lambda row: wanted(row) and not left_out(row)),
        ("Who got none, and why", lambda row: wanted(row) and left_out(row)),
    ]
    return [_mails(title, islice(filter(test, _newest(state)), MAX_ROWS)) for title, test in found]


def _newest(state: HubSpotState) -> Iterator[OutboxRow]:
    return islice(reversed(Outbox(state)), _SEARCHED)


def _mails(title: str, rows: Iterator[OutboxRow]) -> Table:
    cells: list[list[str]] = [
        [
            iso(row.at),
            Link(row.person, "contact", row.person) if row.person else "",
            row.address or "",
            Link(row.email, "email", row.email),
            row.subject or "",
            row.outcome,
            row.reason or "",
        ]
        for row in rows
    ]
    columns = ["at", "contact", "address", "email", "subject", "outcome", "reason"]
    return Table(title, columns, cells, f"The newest first, {MAX_ROWS} at most")


def _counted(reasons: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))


def _page(state: HubSpotState, email_id: str) -> list[Table]:
    email = state.emails.get(email_id)
    if email is None:
        return []
    return [
        Table(f"Email {email.id}", ["field", "value"], _facts(state, email)),
        _audience(state, email),
        *mails_tables(state, lambda row: row.email == email.id),
    ]


def _facts(state: HubSpotState, email: Email) -> list[list[str]]:
    now = state.clock.time()
    shown = {
        name: email.live.get(name) for name in ("name", "subject", "from", "to", "publishDate", "campaign")
    }
    rows = [["state", state.emails.state(email)]]
    rows += [
        [name, value if isinstance(value, str) else json.dumps(value)]
        for name, value in shown.items()
        if value is not None
    ]
    for send in email.sends:
        if send.mailing is not None:
            counts = send.counts(now)
            figures = ", ".join(f"{name} {counts[name]:,}" for name in _COUNTERS)
            rows.append([f"sent at {iso(send.due)}", "failed" if send.failed else figures])
            rows.append(["not mailed", _counted(send.mailing.reasons())])
    return rows


def _audience(state: HubSpotState, email: Email) -> Table:
    """Return the lists of an email."""
    now, to = state.clock.time(), email.live.get("to") or {}
    rows: list[list[str]] = []
    for side in ("include", "exclude"):
        legacy = {str(one) for one in (to.get("contactLists") or {}).get(side) or []}
        named = [(one, state.lists.legacy_ids.get(one, "")) for one in sorted(legacy)]
        named += [("", str(one)) for one in (to.get("contactIlsLists") or {}).get(side) or []]
        for old, list_id in named:
            one = state.lists.get(list_id)
            if one is None:
                rows.append([side, list_id or f"legacy {old}", "", "does not exist", ""])
            else:
                size = f"{len(state.lists.members(one)):,}"
                rows.append([side, Link(list_id, "list", list_id), one.name, one.status(now), size])
        ids = (to.get("contactIds") or {}).get(side) or []
        if ids:
            rows.append([side, "contacts by id", "", "", f"{len(ids):,}"])
    return Table("Its audience", ["side", "list", "name", "status", "size now"], rows)


DETAILS = {"email": _page}

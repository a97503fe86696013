"""Tables of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Link, Table

MAX_ROWS = 50


def table(
    title: str,
    columns: tuple[str, ...],
    rows: list[JsonObject],
    link: str | None = None,
    *,
    total: int | None = None,
) -> Table:
    """Make a table of the last rows, newest first, with the number of all in the note.

    :param link: kind of the page that the ids, in the first column, lead to.
    :param total: number of rows, if these are only the last ones.
    """
    newest = reversed(rows[-MAX_ROWS:])
    cells = [
        [_cell(row[column], link if column == columns[0] else None) for column in columns] for row in newest
    ]
    note = f"{len(rows) if total is None else total:,} in all"
    return Table(title, [_heading(column) for column in columns], cells, note)


def _heading(column: str) -> str:
    """Return a column's name as words: ``startedAt`` is ``started at``."""
    return re.sub(r"(?<=[a-z])([A-Z])", lambda capital: f" {capital[0].lower()}", column)


def _cell(value: object, link: str | None) -> str:
    if isinstance(value, Link):
        return value
    text = "" if value is None else str(value)
    return Link(text, link, text) if link and text else text


def facts_table(title: str, facts: Mapping[str, object], heading: str = "property") -> Table:
    """Make a table of the properties of one thing; those without a value are left out."""
    rows = [[name, _cell(value, None)] for name, value in facts.items() if value not in (None, "")]
    return Table(title, [heading, "value"], rows)


def leads_table(state: MarketoState, title: str, leads: Sequence[tuple[int, str]], about: str) -> Table:
    """Make a table of leads, the last ones first.

    :param leads: their ids, each with what there is to say about it.
    :param about: what that is.
    """
    rows: list[list[str]] = []
    for lead_id, text in reversed(leads[-MAX_ROWS:]):
        lead = state.leads.get(lead_id)
        address = "" if lead is None else str(lead.values.get("email") or "")
        rows.append([Link(str(lead_id), "lead", lead_id), address, text])
    return Table(
        f"{title} ({len(leads):,})", ["lead", "email", about], rows, f"The newest, {MAX_ROWS} at most"
    )

"""Leads in the state and on the pages."""

from __future__ import annotations

from collections import deque
from itertools import islice

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import CATALOG
from airflow_provider_mkt.sandbox.marketo.companies.store import KEY
from airflow_provider_mkt.sandbox.marketo.emails.pages import mails_table
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import MAX_ROWS, facts_table
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Link, Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"leads": len(state.leads)}


def tables(state: MarketoState) -> list[Table]:
    newest = deque(state.leads, maxlen=MAX_ROWS)
    rows: list[list[str]] = [
        [
            Link(str(lead.id), "lead", lead.id),
            str(lead.values.get("email") or ""),
            f"{lead.values.get('firstName') or ''} {lead.values.get('lastName') or ''}".strip(),
            str(lead.values.get("leadSource") or ""),
            f"{lead.updated_at:%Y-%m-%d %H:%M:%S}",
            str(lead.partition_id),
        ]
        for lead in reversed(newest)
    ]
    columns = ["id", "email", "name", "source", "updated", "partition"]
    return [Table("Leads", columns, rows, f"{len(state.leads):,} in all")]


def _page(state: MarketoState, number: str) -> list[Table]:
    lead = state.leads.get(int(number)) if number.isdigit() else None
    if lead is None:
        return []
    company = state.companies.by_external_id(lead.values.get(KEY))
    facts: dict[str, object] = dict(lead.values)
    if company is not None:
        facts[KEY] = Link(str(lead.values[KEY]), "company", company.id)
    return [
        facts_table(f"Lead {lead.id}", facts, "field"),
        _memberships(state, lead),
        _activities(state, lead),
        *mails_table(state, lambda mail: mail.lead_id == lead.id),
    ]


def _memberships(state: MarketoState, lead: Lead) -> Table:
    rows: list[list[str]] = [
        [Link(str(one.id), "list", one.id), "static list", one.name, "", lead_time(one.members[lead.id])]
        for one in state.lists.values()
        if lead.id in one.members
    ]
    for program in state.programs.values():
        member = program.members.get(lead.id)
        if member is not None:
            link = Link(str(program.id), "program", program.id)
            rows.append([link, "program", program.name, member.status, lead_time(member.updated_at)])
    return Table("Lists and programs", ["id", "kind", "name", "status", "since"], rows)


def _activities(state: MarketoState, lead: Lead) -> Table:
    own = (row for row in reversed(state.log.all()) if row.lead_id == lead.id)
    rows = [
        [
            lead_time(row.date),
            lead_time(row.committed_at),
            str(row.type_id),
            CATALOG[row.type_id].name if row.type_id in CATALOG else "custom",
            row.primary_value or "",
        ]
        for row in islice(own, MAX_ROWS)
    ]
    columns = ["date", "shown from", "type", "name", "about"]
    return Table("Activities", columns, rows, f"The newest first, {MAX_ROWS} at most")


DETAILS = {"lead": _page}

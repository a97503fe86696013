"""Companies in the state and on the pages."""

from airflow_provider_mkt.sandbox.marketo.companies.store import KEY
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import facts_table, leads_table, table
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"companies": len(state.companies)}


def tables(state: MarketoState) -> list[Table]:
    rows: list[JsonObject] = [
        {"id": one.id, KEY: one.values.get(KEY), "company": one.values.get("company")}
        for one in state.companies
    ]
    return [table("Companies", ("id", KEY, "company"), rows, "company")]


def _page(state: MarketoState, number: str) -> list[Table]:
    company = state.companies.get(number)
    if company is None:
        return []
    people = [
        (lead.id, lead_time(lead.updated_at))
        for lead in state.leads
        if state.companies.by_external_id(lead.values.get(KEY)) is company
    ]
    return [
        facts_table(f"Company {company.id}", state.companies.row(company), "field"),
        leads_table(state, "Leads", people, "updated"),
    ]


DETAILS = {"company": _page}

"""Static lists and smart lists in the state and on the pages."""

from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.marketo.lists.audience import members
from airflow_provider_mkt.sandbox.marketo.lists.rule_rows import audience_table
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import facts_table, leads_table, table
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Link, Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"lists": _lists(state)}


def tables(state: MarketoState) -> list[Table]:
    smart: list[JsonObject] = [{"id": one.id, "name": one.name} for one in state.smart_lists.values()]
    return [
        table("Static lists", ("id", "name", "members"), _lists(state), "list"),
        table("Smart lists", ("id", "name"), smart, "smart_list"),
    ]


def _lists(state: MarketoState) -> list[JsonObject]:
    return [{"id": one.id, "name": one.name, "members": len(one.members)} for one in state.lists.values()]


def _facts(state: MarketoState, title: str, one: Asset) -> Table:
    program = state.program_of(one.folder)
    facts: dict[str, object] = {
        "name": one.name,
        "description": one.description,
        "program": Link(program.name, "program", program.id) if program else None,
        "created": lead_time(one.created_at),
        "updated": lead_time(one.updated_at),
    }
    return facts_table(f"{title} {one.id}", facts)


def _list_page(state: MarketoState, number: str) -> list[Table]:
    one = state.lists.get(int(number)) if number.isdigit() else None
    if one is None:
        return []
    people = [(lead_id, lead_time(since)) for lead_id, since in one.members.items()]
    imports: list[JsonObject] = [
        {"batchId": job.id, "status": job.status, "rows": len(job.rows)}
        for job in state.imports.all()
        if job.list_id == one.id
    ]
    return [
        _facts(state, "Static list", one),
        leads_table(state, "Members", people, "since"),
        table("Imports to this list", ("batchId", "status", "rows"), imports, "import"),
    ]


def _smart_list_page(state: MarketoState, number: str) -> list[Table]:
    one = state.smart_lists.get(int(number)) if number.isdigit() else None
    if one is None:
        return []
    people = [(lead.id, lead_time(lead.updated_at)) for lead in members(state, one.smart_list)]
    return [
        _facts(state, "Smart list", one),
        audience_table(state, one.smart_list),
        leads_table(state, "Members now", people, "updated"),
    ]


DETAILS = {"list": _list_page, "smart_list": _smart_list_page}

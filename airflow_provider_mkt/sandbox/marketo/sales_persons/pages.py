"""Sales persons in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.sales_persons.models import KEY
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"salesPersons": len(state.sales_persons)}


def tables(state: MarketoState) -> list[Table]:
    rows: list[JsonObject] = [
        {KEY: one.values.get(KEY), "email": one.values.get("email")} for one in state.sales_persons
    ]
    return [table("Sales Persons", (KEY, "email"), rows)]

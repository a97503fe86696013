"""Emails in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"emails": _emails(state)}


def tables(state: MarketoState) -> list[Table]:
    return [table("Emails", ("id", "name", "status", "sent", "samples"), _emails(state))]


def _emails(state: MarketoState) -> list[JsonObject]:
    return [
        {
            "id": one.id,
            "name": one.name,
            "status": one.status,
            "sent": sum(mail.email_id == one.id for mail in state.outbox),
            "samples": sum(mail.email_id == one.id for mail in state.samples),
        }
        for one in state.emails.values()
    ]

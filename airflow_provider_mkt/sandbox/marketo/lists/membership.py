"""Add leads to static lists, and remove them."""

from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import ADD_TO_LIST, REMOVE_FROM_LIST
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.lists.models import StaticList
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def add(state: MarketoState, chosen: StaticList, lead: Lead, at: datetime, source: str) -> None:
    """Add a lead to a list. Does nothing if it is a member."""
    if lead.id in chosen.members:
        return
    chosen.members[lead.id] = at
    state.log.add(ADD_TO_LIST, lead.id, at, {"Source": source}, primary=(chosen.id, chosen.name))


def remove(state: MarketoState, chosen: StaticList, lead: Lead, at: datetime, source: str) -> None:
    if lead.id not in chosen.members:
        raise MarketoError(1015, f"Lead '{lead.id}' not in list '{chosen.name}'")
    del chosen.members[lead.id]
    state.log.add(REMOVE_FROM_LIST, lead.id, at, {"Source": source}, primary=(chosen.id, chosen.name))

"""People going on static lists and off them."""

from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.problems import Problem
from airflow_provider_mkt.sandbox.marketo.world.activity_types import ADD_TO_LIST, REMOVE_FROM_LIST
from airflow_provider_mkt.sandbox.marketo.world.instance import Instance
from airflow_provider_mkt.sandbox.marketo.world.leads import Lead
from airflow_provider_mkt.sandbox.marketo.world.lists import StaticList


def add(world: Instance, chosen: StaticList, lead: Lead, at: datetime, source: str) -> None:
    """Put a person on a list; who is on it already keeps their date and leaves no second trace."""
    if lead.id in chosen.members:
        return
    chosen.members[lead.id] = at
    world.log.add(ADD_TO_LIST, lead.id, at, {"Source": source}, primary=(chosen.id, chosen.name))


def remove(world: Instance, chosen: StaticList, lead: Lead, at: datetime, source: str) -> None:
    if lead.id not in chosen.members:
        raise Problem(1015, f"Lead '{lead.id}' not in list '{chosen.name}'")
    del chosen.members[lead.id]
    world.log.add(REMOVE_FROM_LIST, lead.id, at, {"Source": source}, primary=(chosen.id, chosen.name))

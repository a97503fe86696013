"""Lists and list folders in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"lists": state.lists.snapshot(), "listFolders": state.list_folders.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_lists(state)]


def _lists(state: HubSpotState) -> Table:
    now, every = state.clock.time(), state.lists.all()
    rows = []
    for one in reversed(every[-NEWEST:]):
        members = len(state.lists.members(one))
        rows.append([one.id, one.name, one.kind, one.status(now), f"{members:,}"])
    return Table("Lists", ["id", "name", "kind", "status", "members"], rows, f"{len(every):,} in all")

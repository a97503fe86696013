"""Lists and list folders in the state and on the pages."""

from __future__ import annotations

import json
from itertools import islice

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Link, Table

_MEMBERS = 50


def snapshot(state: HubSpotState) -> JsonObject:
    return {"lists": state.lists.snapshot(), "listFolders": state.list_folders.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_lists(state)]


def _lists(state: HubSpotState) -> Table:
    now, every = state.clock.time(), state.lists.all()
    rows: list[list[str]] = []
    for one in reversed(every[-NEWEST:]):
        members = len(state.lists.members(one))
        rows.append([Link(one.id, "list", one.id), one.name, one.kind, one.status(now), f"{members:,}"])
    return Table("Lists", ["id", "name", "kind", "status", "members"], rows, f"{len(every):,} in all")


def _page(state: HubSpotState, list_id: str) -> list[Table]:
    one = state.lists.get(list_id, deleted=True)
    if one is None:
        return []
    now, members = state.clock.time(), state.lists.members(one)
    facts = {
        "name": one.name,
        "kind": one.kind,
        "status": one.status(now),
        "size": f"{len(members):,}",
        "deleted": "" if one.deleted_at is None else iso(one.deleted_at),
        "filters": "" if one.filters is None else json.dumps(one.filters),
        "filters set": ", ".join(map(iso, one.edits)),
        "legacy id": ", ".join(old for old, new in state.lists.legacy_ids.items() if new == one.id),
    }
    sizes = [[iso(at), f"{size:,}"] for at, size in reversed(one.sizes[-NEWEST:])]
    rows: list[list[str]] = []
    for record, at in islice(members.items(), _MEMBERS):
        contact = state.contacts.get(record)
        address = "" if contact is None else contact.properties.get("email", "")
        rows.append([Link(record, "contact", record), address, iso(at)])
    return [
        Table(f"List {one.id}", ["field", "value"], [[*pair] for pair in facts.items()]),
        Table("Sizes", ["since", "size"], sizes, "The newest first"),
        Table("Members", ["contact", "email", "since"], rows, f"{_MEMBERS} at most"),
    ]


DETAILS = {"list": _page}

"""Merging contacts into one, each once. The old id of a merged contact leads to the one that stayed."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.api.errors import InvalidRequest, NotFound
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.hubspot import contact_merging, contacts
from airflow_provider_mkt.api.hubspot.contacts import Contact
from airflow_provider_mkt.api.lead_merging import LeadMerge, checked_ids
from airflow_provider_mkt.api.once import Made, once


def merge(winner_id: int | str, loser_ids: Sequence[int | str], memory: Memory) -> Flow[LeadMerge]:
    """Merge contacts into one, one after the other. It cannot be undone.

    :param winner_id: record id of the contact whose values win.
    :param loser_ids: record ids of those that go.
    :param memory: what the task's earlier tries did.
    :raises InvalidInput: on an id that is none, no losers, or the winner among them.
    :raises NotFound: when there is no contact of the winner's id.
    """
    winner, losers = checked_ids(winner_id, loser_ids)
    primary = yield from _contact(str(winner))
    outcome = LeadMerge(primary["id"])
    for loser in map(str, losers):
        key = f"merge contact {loser} into {winner}"
        asked = memory.get(key) is not None
        try:
            there = yield from _contact(loser)
            if there["id"] == outcome.survivor:
                (outcome.merged if asked else outcome.already).append(loser)
            elif there["id"] != loser:
                outcome.rejected[loser] = f"was merged into contact {there['id']} before"
            else:
                stays = yield from _merge_one(key, outcome.survivor, loser, memory)
                outcome.survivor = stays["id"]
                outcome.merged.append(loser)
        except InvalidRequest as refused:
            outcome.rejected[loser] = refused.message
    return outcome


def _contact(contact_id: str) -> Flow[Contact]:
    try:
        found: Contact = yield contacts.get(contact_id)
    except NotFound as error:
        msg = f"there is no contact {contact_id}"
        raise NotFound(msg, platform="hubspot", call=error.call) from error
    return found


def _merge_one(key: str, primary: str, loser: str, memory: Memory) -> Flow[Contact]:
    def find() -> Flow[Contact | None]:
        try:
            one: Contact = yield contacts.get(loser)
            stays: Contact = yield contacts.get(primary)
        except NotFound:
            return None
        return stays if one["id"] == stays["id"] else None

    made: Made[Contact] = yield from once(key, memory, contact_merging.merge(primary, loser), find)
    return made.value

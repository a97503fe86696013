"""Merging leads into one, 25 at a time, each once. A merged lead is not found any more."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import InvalidRequest, NotFound
from airflow_provider_mkt.api.flow import Flow, Memory, Pages
from airflow_provider_mkt.api.lead_merging import LeadMerge, checked_ids
from airflow_provider_mkt.api.marketo import leads
from airflow_provider_mkt.api.once import once


def merge(
    winner_id: int | str, loser_ids: Sequence[int | str], memory: Memory, *, merge_in_crm: bool = False
) -> Flow[LeadMerge]:
    """Merge leads into one. It cannot be undone.

    A refused request merges nobody, so its leads are then tried in smaller groups.

    :param winner_id: the lead whose values win.
    :param loser_ids: those that go.
    :param memory: what the task's earlier tries did.
    :param merge_in_crm: merge them in Salesforce too.
    :raises InvalidInput: on an id that is none, no losers, or the winner among them.
    :raises NotFound: when there is no lead of the winner's id.
    """
    winner, losers = checked_ids(winner_id, loser_ids)
    merging = _Merging(winner, memory, merge_in_crm=merge_in_crm)
    for start in range(0, len(losers), leads.MERGE_MAX):
        yield from merging.take(losers[start : start + leads.MERGE_MAX])
    merging.outcome.survivor = str(merging.survivor)
    return merging.outcome


class _Merging:
    """The lead that stays, and what became of the others so far."""

    def __init__(self, winner: int, memory: Memory, *, merge_in_crm: bool) -> None:
        self.winner = self.survivor = winner
        self.memory, self.merge_in_crm = memory, merge_in_crm
        self.outcome = LeadMerge(str(winner))

    def take(self, losers: Sequence[int]) -> Flow[None]:
        """Merge a group of losers, those that are there."""
        digest = hashlib.sha256(",".join(map(str, losers)).encode()).hexdigest()[:16]
        key = f"merge leads {digest} into {self.winner}"
        there = yield from self._there(losers)
        asked = self.memory.get(key) is not None
        if self.survivor not in there:
            if not asked or len(there) != 1:
                msg = f"there is no lead {self.survivor}"
                raise NotFound(msg, platform="marketo", call="leads.by_filter")
            (self.survivor,) = there
        if not asked:
            self.memory.set(f"{key}: gone before", [loser for loser in losers if loser not in there])
        gone = self.memory.get(f"{key}: gone before")
        already = [loser for loser in losers if isinstance(gone, list) and loser in gone]
        left = [loser for loser in losers if loser in there and loser != self.survivor]
        if left:
            try:
                yield from self._merge(key, left)
            except InvalidRequest as refused:
                yield from self._divide(losers, refused)
                return
        self.outcome.already += map(str, already)
        self.outcome.merged += [str(loser) for loser in losers if loser not in already]

    def _merge(self, key: str, losers: Sequence[int]) -> Flow[None]:
        def find() -> Flow[int | None]:
            # A record of the CRM stays, whichever lead was to win.
            there = yield from self._there(losers)
            return there[0] if len(there) == 1 else None

        call: Call[Any] = leads.merge(self.survivor, losers, merge_in_crm=self.merge_in_crm)
        made = yield from once(key, self.memory, call, find)
        stays = made.value or (yield from find())
        self.survivor = stays or self.survivor

    def _divide(self, losers: Sequence[int], refused: InvalidRequest) -> Flow[None]:
        if len(losers) == 1:
            self.outcome.rejected[str(losers[0])] = refused.message
            return
        half = len(losers) // 2
        yield from self.take(losers[:half])
        yield from self.take(losers[half:])

    def _there(self, losers: Sequence[int]) -> Flow[list[int]]:
        """Which of these leads and the one that stays are leads of their own."""
        rows = yield Pages(leads.by_filter("id", [self.survivor, *losers], fields=("id",)))
        return [int(row["id"]) for row in rows]

"""What becomes of leads that are merged into one, on either platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from airflow_provider_mkt.api.call import numeric_id
from airflow_provider_mkt.api.errors import InvalidInput


@dataclass
class LeadMerge:
    """What became of leads, by id.

    :param survivor: the lead that stays; the platform may have chosen another than was asked for.
    :param merged: those that this task merged into it.
    :param already: those that were not there as leads of their own before.
    :param rejected: those that were refused, with the reason.
    """

    survivor: str
    merged: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def checked_ids(winner_id: int | str, loser_ids: Sequence[int | str]) -> tuple[int, list[int]]:
    """The ids as numbers, each loser once.

    :raises InvalidInput: on an id that is none, no losers, or the winner among them.
    """
    winner = numeric_id("", "winner_id", winner_id)
    losers = [numeric_id("", f"loser_ids[{place}]", loser) for place, loser in enumerate(loser_ids)]
    if not losers:
        raise InvalidInput("loser_ids", "is empty: nobody to merge")
    if winner in losers:
        raise InvalidInput(f"loser_ids[{losers.index(winner)}]", "is the winner itself")
    return winner, list(dict.fromkeys(losers))

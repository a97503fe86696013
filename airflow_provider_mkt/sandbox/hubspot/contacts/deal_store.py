"""Deals that were won, for revenue reports of campaigns. No endpoint writes them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

CURRENCY = "USD"
FIRST_ID = 70_000_000_001


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal and its contacts."""

    id: str
    name: str
    amount: float
    closed: float
    contacts: frozenset[str]


class DealStore:
    """All deals."""

    def __init__(self) -> None:
        self._ids = itertools.count(FIRST_ID)
        self._all: list[Deal] = []

    def all(self) -> list[Deal]:
        return list(self._all)

    def win(self, name: str, amount: float, closed: float, *contacts: str) -> Deal:
        deal = Deal(str(next(self._ids)), name, amount, closed, frozenset(contacts))
        self._all.append(deal)
        return deal

    def snapshot(self) -> list[JsonObject]:
        return [
            {
                "id": deal.id,
                "name": deal.name,
                "amount": deal.amount,
                "closedAt": iso(deal.closed),
                "contacts": sorted(deal.contacts),
            }
            for deal in self._all
        ]

"""Deals that were won, for revenue reports of campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.associations.store import AssociationStore
from airflow_provider_mkt.sandbox.hubspot.objects.types import CONTACTS, DEALS, ObjectTypes
from airflow_provider_mkt.sandbox.hubspot.pipelines.store import DEFAULT_DEALS
from airflow_provider_mkt.sandbox.hubspot.times import iso, parse

CURRENCY = "USD"
_WON = "closedwon"


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal that was won, and its contacts."""

    id: str
    name: str
    amount: float
    closed: float
    contacts: frozenset[str]


class WonDeals:
    """The deals that were won, among all records of deals."""

    def __init__(self, objects: ObjectTypes, associations: AssociationStore) -> None:
        self._deals, self._contacts = objects[DEALS], objects[CONTACTS]
        self._associations = associations

    def all(self) -> Iterator[Deal]:
        for one in self._deals.store.live():
            closed = parse(one.properties.get("closedate", ""))
            if one.properties.get("dealstage") == _WON and closed is not None:
                contacts = self._associations.of((self._deals.id, one.id), self._contacts)
                name, amount = one.properties.get("dealname", ""), one.properties.get("amount")
                yield Deal(one.id, name, float(amount or 0.0), closed, frozenset(contacts))

    def win(self, name: str, amount: float, closed: float, *contacts: str) -> Deal:
        """Add a deal that was won."""
        made = self._deals.store.create(
            {
                "dealname": name,
                "pipeline": DEFAULT_DEALS,
                "dealstage": _WON,
                "amount": f"{amount:g}",
                "closedate": iso(closed),
            }
        )
        for one in contacts:
            self._associations.link(self._deals, made.id, self._contacts, one, ())
        return Deal(made.id, name, amount, closed, frozenset(contacts))

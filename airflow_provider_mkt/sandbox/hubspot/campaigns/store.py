"""Campaign records."""

from __future__ import annotations

import itertools
import math
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject


@dataclass(slots=True)
class MoneyItem:
    """An item of a campaign's budget or spend."""

    id: str
    name: str
    amount: float
    order: int
    description: str | None
    created: float
    updated: float

    def view(self) -> JsonObject:
        view: JsonObject = {
            "id": self.id,
            "name": self.name,
            "amount": self.amount,
            "order": self.order,
            "createdAt": int(self.created * 1000),
            "updatedAt": int(self.updated * 1000),
        }
        return view if self.description is None else {**view, "description": self.description}


@dataclass(slots=True)
class Campaign:
    """One campaign. `assets` maps an asset type to ids, the oldest first."""

    id: str
    created: float
    updated: float
    properties: dict[str, str] = field(default_factory=dict)
    assets: dict[str, dict[str, str]] = field(default_factory=dict)
    budget: dict[str, MoneyItem] = field(default_factory=dict)
    spend: dict[str, MoneyItem] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.properties.get("hs_name", "")

    def value(self, name: str) -> str | None:
        """Return the value of a property, including those that the platform sets."""
        kept = {
            "hs_object_id": self.id,
            "hs_createdate": iso(self.created),
            "hs_lastmodifieddate": iso(self.updated),
        }
        for kind, lines in (("budget", self.budget), ("spend", self.spend)):
            if lines:
                kept[f"hs_{kind}_items_sum_amount"] = str(math.fsum(line.amount for line in lines.values()))
        return kept.get(name, self.properties.get(name))

    def view(self, names: list[str]) -> JsonObject:
        """Return the campaign with the requested properties."""
        values = {name: self.value(name) for name in names}
        return {
            "id": self.id,
            "properties": {name: value for name, value in values.items() if value is not None},
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "businessUnits": [],
        }


class CampaignStore:
    """All campaigns. Names are not unique."""

    def __init__(self, clock: Clock, source: random.Random) -> None:
        self._clock = clock
        self._random = source
        self.items = itertools.count(1)
        self._by_id: dict[str, Campaign] = {}
        self.other_assets: Mapping[str, Mapping[str, str]] = {}
        """Assets of types that the sandbox does not emulate: names by id, by type."""

    def __len__(self) -> int:
        return len(self._by_id)

    def all(self) -> list[Campaign]:
        return list(self._by_id.values())

    def get(self, guid: str) -> Campaign | None:
        return self._by_id.get(guid.lower())

    def create(self, properties: dict[str, str], guid: str | None = None) -> Campaign:
        now = self._clock.time()
        guid = guid or str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        campaign = Campaign(guid, now, now, {name: value for name, value in properties.items() if value})
        self._by_id[guid] = campaign
        return campaign

    def update(self, campaign: Campaign, properties: dict[str, str]) -> None:
        """Set properties; an empty value clears a property."""
        campaign.updated = self._clock.time()
        campaign.properties |= properties
        for name, value in properties.items():
            if value == "":
                del campaign.properties[name]

    def remove(self, guid: str) -> None:
        self._by_id.pop(guid.lower(), None)

    def snapshot(self) -> list[JsonObject]:
        return [
            {
                **one.view(sorted(one.properties)),
                "assets": {kind: sorted(ids) for kind, ids in one.assets.items()},
                "budget": [item.view() for item in one.budget.values()],
                "spend": [item.view() for item in one.spend.values()],
            }
            for one in self._by_id.values()
        ]

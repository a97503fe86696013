"""Creating campaigns so that none is created twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest, OutcomeUnknown, PlatformError
from airflow_provider_mkt.api.flow import SETTLE, Flow, Memory, Pages, Pause
from airflow_provider_mkt.api.hubspot import campaigns
from airflow_provider_mkt.api.hubspot.batch import BatchResult
from airflow_provider_mkt.api.jobs import Job
from airflow_provider_mkt.api.outcomes import CampaignBatch

_LOOK_EVERY = 5.0
_KEY = "create campaigns"


def create_all(
    wanted: Sequence[Mapping[str, str]], memory: Memory, *, clock: Callable[[], float] = time.time
) -> Flow[CampaignBatch]:
    """Create the campaigns that are not there yet.

    Names are this flow's key: the platform has none. A name that occurs already is left alone. What is
    sent is remembered before it is sent, and after a lost answer or a killed worker the names are
    looked up until an earlier request must have shown, before anything is sent again.

    :param wanted: properties of each campaign; ``hs_name`` must be there and occur once.
    :param memory: what the task's earlier tries did.
    :raises InvalidInput: on an empty list, a campaign without a name or a name given twice.
    """
    batches = _Batches(_by_name(wanted), memory, clock)
    yield from batches.run()
    outcome = batches.outcome
    guids = list(outcome.ids.values())
    outcome.jobs = [
        Job.of_many("hubspot", "campaign_batch", guids[start : start + campaigns.BATCH_MAX])
        for start in range(0, len(guids), campaigns.BATCH_MAX)
    ]
    return outcome


def find(name: str) -> Flow[str | None]:
    """Find a campaign by its exact name; the oldest, where there are several."""
    rows: list[campaigns.Campaign] = yield Pages(
        campaigns.search(name=name, properties=("hs_name",), sort="createdAt")
    )
    return next((row["id"] for row in rows if row["properties"].get("hs_name") == name), None)


def _by_name(wanted: Sequence[Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    if not wanted:
        raise InvalidInput("campaigns", "is empty: nothing to create")
    for start in range(0, len(wanted), campaigns.BATCH_MAX):
        # Builds the calls for their checks alone, so that nothing is sent when a later one is wrong.
        campaigns.create_batch(wanted[start : start + campaigns.BATCH_MAX])
    by_name: dict[str, Mapping[str, str]] = {}
    for index, properties in enumerate(wanted):
        # A name that the platform trims would never be found again as it was written.
        name = properties["hs_name"].strip()
        if name in by_name:
            raise InvalidInput(f"campaigns[{index}].hs_name", "occurs twice in the list")
        by_name[name] = {**properties, "hs_name": name}
    return by_name


@dataclass
class _Batches:
    """The campaigns of one task, and what is remembered of a request: ``{"asked": when, "names": [...]}``."""

    by_name: Mapping[str, Mapping[str, str]]
    memory: Memory
    clock: Callable[[], float]
    outcome: CampaignBatch = field(default_factory=CampaignBatch)

    def run(self) -> Flow[None]:
        for name in self.by_name:
            guid = yield from find(name)
            if guid is not None:
                self.outcome.existing[name] = guid
        mark = self.memory.get(_KEY)
        if isinstance(mark, Mapping) and isinstance(asked := mark.get("asked"), (int, float)):
            names = mark.get("names")
            doubtful = [name for name in names if name in self._missing()] if isinstance(names, list) else []
            self.outcome.existing |= yield from self._look_for(doubtful, asked + SETTLE)
        missing = self._missing()
        for start in range(0, len(missing), campaigns.BATCH_MAX):
            yield from self._create(missing[start : start + campaigns.BATCH_MAX])

    def _missing(self) -> list[str]:
        return [name for name in self.by_name if name not in self.outcome.existing]

    def _create(self, names: Sequence[str]) -> Flow[None]:
        """Create one batch; what a whole batch leaves open is settled one campaign at a time."""
        created, reasons, again = yield from self._attempt(names)
        self.outcome.created.update(created)
        left = [name for name in names if name not in created]
        if len(names) == 1 or not again:
            self.outcome.rejected.update(dict.fromkeys(left, reasons or "refused without a reason"))
            return
        for name in left:
            yield from self._create([name])

    def _attempt(self, names: Sequence[str]) -> Flow[tuple[dict[str, str], str, bool]]:
        """Send one batch.

        Returns the ids of those that are there, the reasons for the rest, and whether the rest may be
        sent again.
        """
        self.memory.set(_KEY, {"asked": self.clock(), "names": list(names)})
        try:
            result: BatchResult = yield campaigns.create_batch([self.by_name[name] for name in names])
        except InvalidRequest as refused:
            self.memory.set(_KEY, None)
            return {}, refused.message, True
        except OutcomeUnknown as lost:
            # The time counts from now: until now the request may have been on its way.
            self.memory.set(_KEY, {"asked": self.clock(), "names": list(names)})
            found = yield from self._look_for(names, self.clock() + SETTLE)
            if len(names) == 1 and not found:
                raise lost from lost.__cause__
            self.memory.set(_KEY, None)
            return found, lost.message, True
        except PlatformError:
            self.memory.set(_KEY, None)
            raise
        self.memory.set(_KEY, None)
        if len(names) == 1 and len(result.results) == 1:
            return {names[0]: result.results[0].id}, "", False
        rows = {str(row.properties.get("hs_name")): row.id for row in result.results}
        created = {name: rows[name] for name in names if name in rows}
        reasons = "; ".join(dict.fromkeys(error.message for error in result.errors))
        if len(created) == len(result.results):
            return created, reasons, True
        # Some were created under a name that was not asked for, or came back without one.
        left = [name for name in names if name not in created]
        created |= yield from self._look_for(left, self.clock() + SETTLE)
        if len(created) == len(result.results):
            return created, reasons, True
        return created, reasons or "maybe created under another name; look before it is sent again", False

    def _look_for(self, names: Sequence[str], until: float) -> Flow[dict[str, str]]:
        """Look which of a doubtful batch were created after all, until they are there or time is up."""
        found: dict[str, str] = {}
        while True:
            for name in names:
                if name not in found and (guid := (yield from find(name))) is not None:
                    found[name] = guid
            left = until - self.clock()
            if len(found) == len(names) or left <= 0:
                return found
            yield Pause(min(left, _LOOK_EVERY), "an earlier request to create campaigns may still be at work")

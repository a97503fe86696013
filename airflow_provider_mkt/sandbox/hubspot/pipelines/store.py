"""Pipelines by object type. No endpoint of the sandbox writes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

DEFAULT_DEALS, DEFAULT_TICKETS = "default", "0"
_DEAL_STAGES = {
    "appointmentscheduled": ("Appointment scheduled", {"isClosed": "false", "probability": "0.2"}),
    "qualifiedtobuy": ("Qualified to buy", {"isClosed": "false", "probability": "0.4"}),
    "presentationscheduled": ("Presentation scheduled", {"isClosed": "false", "probability": "0.6"}),
    "contractsent": ("Contract sent", {"isClosed": "false", "probability": "0.9"}),
    "closedwon": ("Closed won", {"isClosed": "true", "probability": "1.0"}),
    "closedlost": ("Closed lost", {"isClosed": "true", "probability": "0.0"}),
}
_TICKET_STAGES = {
    "1": ("New", {"ticketState": "OPEN"}),
    "2": ("Waiting on contact", {"ticketState": "OPEN"}),
    "3": ("Waiting on us", {"ticketState": "OPEN"}),
    "4": ("Closed", {"ticketState": "CLOSED"}),
}


@dataclass(slots=True)
class Stage:
    """A stage of a pipeline."""

    id: str
    label: str
    order: int
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Pipeline:
    """A pipeline; `stages` by id, in their order."""

    id: str
    label: str
    order: int
    created: float
    stages: dict[str, Stage]


class PipelineStore:
    """The pipelines of deals and tickets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: dict[str, dict[str, Pipeline]] = {"deals": {}, "tickets": {}}
        self.add("deals", DEFAULT_DEALS, "Sales pipeline", _DEAL_STAGES)
        self.add("tickets", DEFAULT_TICKETS, "Support pipeline", _TICKET_STAGES)

    def of(self, kind: str) -> dict[str, Pipeline]:
        """Return the pipelines of an object type, by id; an object type may have none."""
        return self._all.get(kind, {})

    def add(
        self, kind: str, pipeline_id: str, label: str, stages: dict[str, tuple[str, dict[str, str]]]
    ) -> Pipeline:
        """Add a pipeline.

        :param stages: label and metadata of each stage, by its id.
        """
        every = self._all.setdefault(kind, {})
        made = {
            name: Stage(name, text, place, metadata)
            for place, (name, (text, metadata)) in enumerate(stages.items())
        }
        every[pipeline_id] = Pipeline(pipeline_id, label, len(every), self._clock.time(), made)
        return every[pipeline_id]

    def snapshot(self) -> JsonObject:
        return {
            kind: [{"id": one.id, "label": one.label, "stages": list(one.stages)} for one in every.values()]
            for kind, every in self._all.items()
        }

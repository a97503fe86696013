"""Sequences, workflows and their enrolments."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

DAY = 86_400.0
_IMMUTABLE = ("objectTypeId", "flowType")


@dataclass(frozen=True, slots=True)
class User:
    """A user of the account. Only users with a seat and an inbox can enrol contacts in sequences."""

    id: str
    email: str
    seat: bool = True
    inbox: bool = True
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence; `waits` are the days before each of its emails."""

    id: str
    name: str
    owner: str
    waits: tuple[int, ...]
    created: float
    shared: bool = True

    @property
    def length(self) -> float:
        return sum(self.waits) * DAY


@dataclass(slots=True)
class Workflow:
    """A workflow with its two ids. `re_enrols`: whether a contact can be enrolled again.

    `definition` holds the other keys that a client has set.
    """

    flow_id: str
    workflow_id: str | None
    name: str
    created: float
    enabled: bool = True
    re_enrols: bool = False
    days: int = 7
    revision: int = 1
    updated: float = 0.0
    definition: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class Enrolment:
    """A contact in a sequence or a workflow, until it ends or the contact is removed."""

    id: str
    where: str
    contact: str
    at: float
    until: float
    by: str = ""
    to: str = ""


@dataclass(slots=True)
class AutomationStore:
    """All sequences, workflows and enrolments. Ended enrolments are kept, for re-enrolment."""

    clock: Clock
    users: dict[str, User] = field(default_factory=dict)
    sequences: dict[str, Sequence] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    """By the id of the flow."""
    in_sequences: list[Enrolment] = field(default_factory=list)
    in_workflows: list[Enrolment] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(71_000_001))

    def visible(self, sequence_id: str, user: User) -> Sequence | None:
        """Return a sequence if it is visible for the user."""
        found = self.sequences.get(sequence_id)
        return found if found is not None and (found.shared or found.owner == user.id) else None

    def sequence_of(self, contact: str) -> Enrolment | None:
        """Return the active enrolment of a contact in a sequence, if any."""
        return next((one for one in self._now(self.in_sequences) if one.contact == contact), None)

    def enrol_in_sequence(self, sequence: Sequence, contact: str, to: str, by: User) -> Enrolment:
        created = self._enrolment(sequence.id, contact, sequence.length)
        created.by, created.to = by.id, to
        self.in_sequences.append(created)
        return created

    def by_workflow_id(self, workflow_id: str) -> Workflow | None:
        return next((one for one in self.workflows.values() if one.workflow_id == workflow_id), None)

    def enrol_in_workflow(self, workflow: Workflow, contact: str) -> None:
        """Enrol a contact. Does nothing if it was enrolled before and the workflow does not re-enrol."""
        before = [one for one in self.in_workflows if (one.where, one.contact) == (workflow.flow_id, contact)]
        if before and not workflow.re_enrols:
            return
        self.take_out(workflow, contact)
        self.in_workflows.append(self._enrolment(workflow.flow_id, contact, workflow.days * DAY))

    def take_out(self, workflow: Workflow, contact: str) -> None:
        now = self.clock.time()
        for one in self.in_workflows:
            if (one.where, one.contact) == (workflow.flow_id, contact):
                one.until = min(one.until, now)

    def workflows_of(self, contact: str) -> list[Workflow]:
        """Return the workflows in which a contact is enrolled now."""
        now = [one.where for one in self._now(self.in_workflows) if one.contact == contact]
        return [self.workflows[flow_id] for flow_id in now if flow_id in self.workflows]

    def create_workflow(self) -> Workflow:
        """Create a workflow, which has no workflow id."""
        now = self.clock.time()
        created = Workflow(str(1_600_000_000 + next(self._ids)), None, "", now, updated=now)
        self.workflows[created.flow_id] = created
        return created

    def define(self, workflow: Workflow, definition: JsonObject) -> None:
        """Replace the definition of a workflow."""
        workflow.name = str(definition.get("name") or "")
        workflow.enabled = definition.get("isEnabled") is True
        criteria = definition.get("enrollmentCriteria")
        workflow.re_enrols = isinstance(criteria, dict) and criteria.get("shouldReEnroll") is True
        # These are set when the flow is created.
        kept = {name: workflow.definition[name] for name in _IMMUTABLE if name in workflow.definition}
        workflow.definition, workflow.updated = kept | definition, self.clock.time()

    def _now(self, enrolments: list[Enrolment]) -> list[Enrolment]:
        now = self.clock.time()
        return [one for one in enrolments if one.at <= now < one.until]

    def _enrolment(self, where: str, contact: str, seconds: float) -> Enrolment:
        now = self.clock.time()
        return Enrolment(str(next(self._ids)), where, contact, now, now + seconds)

    def snapshot(self) -> JsonObject:
        return {
            "sequences": [{"id": one.id, "name": one.name} for one in self.sequences.values()],
            "workflows": [
                {
                    "flowId": one.flow_id,
                    "workflowId": one.workflow_id,
                    "name": one.name,
                    "enabled": one.enabled,
                }
                for one in self.workflows.values()
            ],
            "sequenceEnrolments": [_enrolment_snapshot(one) for one in self.in_sequences],
            "workflowEnrolments": [_enrolment_snapshot(one) for one in self.in_workflows],
        }


def _enrolment_snapshot(one: Enrolment) -> dict[str, str]:
    return {"id": one.id, "in": one.where, "contact": one.contact, "at": iso(one.at), "until": iso(one.until)}

"""Smart campaigns and the steps of their flows."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.marketo.lists.rules import SmartList

BATCH, TRIGGER, EMPTY = "batch", "trigger", "default"
REQUESTED = "Campaign is Requested"
INTERVALS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}


@dataclass(frozen=True)
class SendEmail:
    email_id: int


@dataclass(frozen=True)
class AddToEngagementProgram:
    program_id: int
    stream: str


@dataclass(frozen=True)
class ChangeStream:
    program_id: int
    stream: str


@dataclass(frozen=True)
class ChangeCadence:
    program_id: int
    cadence: str


@dataclass(frozen=True)
class ChangeStatus:
    program_id: int
    status: str


@dataclass(frozen=True)
class AddToList:
    list_id: int


Step = SendEmail | AddToEngagementProgram | ChangeStream | ChangeCadence | ChangeStatus | AddToList


@dataclass
class SmartCampaign(Asset):
    type: str
    smart_list: SmartList | None = None
    trigger: str | None = None
    flow: tuple[Step, ...] = ()
    active: bool = False
    rule: str = "any"
    rule_interval: int | None = None
    rule_unit: str | None = None
    program_id: int | None = None
    max_members: int | None = None
    """How many people a run may have at most. With more of them it does not happen."""
    communication_limits: bool = False
    requests: int = 0
    scheduled: list[datetime] = field(default_factory=list)
    schedule_numbers: list[int] = field(default_factory=list)
    runs: list[datetime] = field(default_factory=list)
    members: dict[int, list[datetime]] = field(default_factory=dict)

    @property
    def requestable(self) -> bool:
        return self.type == TRIGGER and self.trigger == REQUESTED and self.active

    @property
    def status(self) -> str:
        if self.type == TRIGGER:
            return "Active" if self.active else "Inactive"
        if self.type == EMPTY or (not self.flow and not self.scheduled):
            return "Never Run"
        return "Single Run" if self.scheduled or self.runs else "Never Run"

    def qualifies(self, lead_id: int, at: datetime) -> bool:
        """Return whether a lead can run through the flow, by the rule for repeated runs."""
        entries = self.members.get(lead_id)
        if not entries or self.rule == "any":
            return True
        if self.rule == "once":
            return False
        return at >= entries[-1] + INTERVALS[self.rule_unit or "day"] * (self.rule_interval or 1)

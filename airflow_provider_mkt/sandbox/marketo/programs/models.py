"""Programs, members, streams, smart lists, channels and tag types."""

from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.marketo.leads.values import Value
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

DEFAULT, EVENT, WEBINAR, ENGAGEMENT, EMAIL = "Default", "Event", "Event with Webinar", "Engagement", "Email"
NORMAL, PAUSED = "norm", "paus"
URL_MARKS = {DEFAULT: "PG", EVENT: "ME", WEBINAR: "ME", ENGAGEMENT: "NP", EMAIL: "EBP"}
NOT_IN_PROGRAM = "Not in Program"
PROGRAM_TYPES = ("program", "email_batch", "nurture", "event", "webinar")
"""Program types as tag types name them."""


@dataclass(frozen=True)
class Status:
    name: str
    step: int
    success: bool = False
    type: str | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Channel:
    id: int
    name: str
    program_type: str
    statuses: tuple[Status, ...]
    created_at: datetime

    def status(self, name: str) -> Status | None:
        """Return a status by name, which is case-sensitive."""
        return next((one for one in self.statuses if one.name == name), None)

    def first(self) -> Status:
        return min((one for one in self.statuses if one.step > 0), key=lambda one: one.step)


@dataclass(frozen=True)
class TagType:
    name: str
    values: tuple[str, ...]
    program_types: tuple[str, ...] = PROGRAM_TYPES
    required: bool = False


@dataclass(frozen=True)
class Stream:
    id: int
    name: str


@dataclass
class SmartList:
    """The audience of an email program or batch campaign: members of a list, or all leads with an address."""

    id: int
    name: str
    static_list_id: int | None = None


@dataclass
class Member:
    lead_id: int
    status: str
    membership_date: datetime
    updated_at: datetime
    success_at: datetime | None = None
    stream: Stream | None = None
    cadence: str | None = None
    exhausted: bool = False
    data: dict[str, Value] = field(default_factory=dict)


@dataclass
class Program(Asset):
    type: str
    channel: Channel
    tags: list[dict[str, str]] = field(default_factory=list)
    costs: list[JsonObject] = field(default_factory=list)
    on: bool = False
    locked: bool = False
    start: datetime | None = None
    end: datetime | None = None
    head_start: bool = False
    streams: tuple[Stream, ...] = ()
    smart_list: SmartList | None = None
    send_number: int | None = None
    sent_at: datetime | None = None
    members: dict[int, Member] = field(default_factory=dict)

    @property
    def status(self) -> str:
        if self.type == EMAIL:
            return "locked" if self.locked else "unlocked"
        if self.type == ENGAGEMENT:
            return "on" if self.on else "off"
        return ""

    def stream(self, name: str) -> Stream | None:
        return next((one for one in self.streams if one.name == name), None)

    def member_value(self, member: Member, name: str) -> Value:
        """Return a field of a membership by its REST name."""
        known: dict[str, Value] = {
            "leadId": member.lead_id,
            "programId": self.id,
            "program": self.name,
            "statusName": member.status,
            "membershipDate": lead_time(member.membership_date),
            "createdAt": lead_time(member.membership_date),
            "updatedAt": lead_time(member.updated_at),
            "reachedSuccess": member.success_at is not None,
            "reachedSuccessDate": lead_time(member.success_at) if member.success_at else None,
            "isExhausted": member.exhausted,
            "trackName": member.stream.name if member.stream else None,
            "nurtureCadence": member.cadence,
            "acquiredBy": bool(member.data.get("acquiredBy", False)),
        }
        return known[name] if name in known else member.data.get(name)

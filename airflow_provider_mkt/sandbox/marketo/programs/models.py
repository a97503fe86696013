"""Programs, members, streams, smart lists, channels and tag types."""

from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.marketo.leads.values import Value
from airflow_provider_mkt.sandbox.marketo.lists.rules import SmartList
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

DEFAULT, EVENT, WEBINAR, ENGAGEMENT, EMAIL = "Default", "Event", "Event with Webinar", "Engagement", "Email"
NORMAL, PAUSED = "norm", "paus"
NO_CADENCE, WEEKLY, MONTHLY = "none", "weekly", "monthly"
URL_MARKS = {DEFAULT: "PG", EVENT: "ME", WEBINAR: "ME", ENGAGEMENT: "NP", EMAIL: "EBP"}
NOT_IN_PROGRAM = "Not in Program"
PROGRAM_TYPES = ("program", "email_batch", "nurture", "event", "webinar")
"""Program types as tag types name them."""
TAG_NAMES = dict(zip((DEFAULT, EMAIL, ENGAGEMENT, EVENT, WEBINAR), PROGRAM_TYPES, strict=True))


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


@dataclass
class Content:
    """An email of a stream. It is off when it is added."""

    email_id: int
    active: bool = False
    available_from: datetime | None = None
    available_until: datetime | None = None

    def is_available(self, at: datetime) -> bool:
        after = self.available_from is None or at >= self.available_from
        return self.active and after and (self.available_until is None or at <= self.available_until)


@dataclass(eq=False)
class Stream:
    """A stream of an engagement program.

    :param cadence: `weekly`, `monthly` or `none`; without one nothing is sent.
    :param next_cast: when the next email is sent to its people.
    """

    id: int
    name: str
    cadence: str = NO_CADENCE
    next_cast: datetime | None = None
    content: list[Content] = field(default_factory=list)
    cast_number: int | None = None


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
    received: set[int] = field(default_factory=set)
    """Emails of the program's streams that the member got."""
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
    """When the send began: with a head start or recipient time zones, hours before the first mail."""
    communication_limits: bool = True
    recipient_time_zone: bool = False
    ab_test: bool = False
    """Whether its emails are under an A/B test. The asset API of version 1 does not return them."""
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

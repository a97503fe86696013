"""Marketing emails and their states over time."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

PUBLISHED_STATES = (
    "PUBLISHED",
    "PUBLISHED_AB",
    "PUBLISHED_AB_VARIANT",
    "AUTOMATED",
    "AUTOMATED_AB",
    "AUTOMATED_AB_VARIANT",
)
ONE_BY_ONE = ("single_send_api", "marketing_single_send_api")
"""Subcategories of emails for single sends."""
MASTER, VARIANT = "master", "variant"
# All other states are the same with and without a test.
_IN_A_TEST = {
    "DRAFT": ("DRAFT_AB", "DRAFT_AB_VARIANT"),
    "SCHEDULED": ("SCHEDULED_AB", "SCHEDULED_AB"),
    "PUBLISHED": ("PUBLISHED_AB", "PUBLISHED_AB_VARIANT"),
    "AUTOMATED": ("AUTOMATED_AB", "AUTOMATED_AB_VARIANT"),
    "AUTOMATED_DRAFT": ("AUTOMATED_DRAFT_AB", "AUTOMATED_DRAFT_ABVARIANT"),
}


@dataclass(slots=True)
class Send:
    """One send, requested at `requested` and due at `due`. `contacts` are set when it begins."""

    requested: float
    due: float
    scheduled: bool
    contacts: tuple[str, ...] | None = None
    cancelled: bool = False
    failed: bool = False

    @property
    def recipients(self) -> int | None:
        return None if self.contacts is None else len(self.contacts)

    def begun(self, now: float) -> bool:
        return self.due <= now

    def sending_from(self, settings: HubSpotSettings) -> float:
        # A scheduled send is preprocessed while it waits.
        return self.due + (0.0 if self.scheduled else settings.email_preprocessing)

    def done_at(self, settings: HubSpotSettings) -> float:
        return self.sending_from(settings) + settings.email_processing

    def share(self, now: float, settings: HubSpotSettings) -> float:
        """Return which share of it was sent, from 0 to 1."""
        start, end = self.sending_from(settings), self.done_at(settings)
        if now >= end:
            return 1.0
        return max(0.0, (now - start) / (end - start))

    def reached(self, now: float, settings: HubSpotSettings) -> int:
        """Return how many emails were sent; all of them are delivered."""
        if self.cancelled or self.failed:
            return 0
        return int((self.recipients or 0) * self.share(now, settings))

    def opened(self, now: float, settings: HubSpotSettings) -> tuple[str, ...]:
        """Return the contacts who opened it: two fifths of those it was sent to, rounded up."""
        return self._first(-(-self.reached(now, settings) * 2 // 5))

    def clicked(self, now: float, settings: HubSpotSettings) -> tuple[str, ...]:
        """Return the contacts who clicked: one tenth of those it was sent to, rounded up."""
        return self._first(-(-self.reached(now, settings) // 10))

    def _first(self, count: int) -> tuple[str, ...]:
        return (self.contacts or ())[:count]

    def as_json(self) -> JsonObject:
        return {
            "requestedAt": iso(self.requested),
            "at": iso(self.due),
            "recipients": self.recipients,
            "cancelled": self.cancelled,
            "failed": self.failed,
        }


@dataclass(frozen=True, slots=True)
class Revision:
    """The live version from a time on, until the next revision."""

    id: str
    at: float
    fields: JsonObject


@dataclass(slots=True)
class Email:
    """One email. `live` is the version that is sent, `draft` the one that is edited, `sends` all its sends.

    `role` is its role in an A/B test, and `partner` the id of the other email of that test.
    """

    id: str
    live: JsonObject
    created: float
    updated: float
    automated: bool = False
    active: bool = False
    fails: bool = False
    archived_at: float | None = None
    published_at: float | None = None
    unpublished_at: float | None = None
    cloned_from: str | None = None
    draft: JsonObject | None = None
    draft_updated: float | None = None
    sends: list[Send] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    role: str | None = None
    partner: str | None = None

    @property
    def name(self) -> str:
        return str(self.live.get("name", ""))

    @property
    def campaign_id(self) -> str:
        """Id under which its sends are counted, which differs from the id of the email."""
        return str(int(self.id) + 1_000_000)

    @property
    def kind(self) -> str:
        subcategory = str(self.live.get("subcategory", ""))
        if subcategory in ONE_BY_ONE:
            return subcategory.upper()
        if self.automated:
            return "AUTOMATED_AB_EMAIL" if self.role else "AUTOMATED_EMAIL"
        return "AB_EMAIL" if self.role else "BATCH_EMAIL"

    def current(self) -> Send | None:
        """Return the latest send that was not cancelled."""
        return next((send for send in reversed(self.sends) if not send.cancelled), None)

    def phase(self, now: float, settings: HubSpotSettings) -> str:
        """Return its state without regard to an A/B test."""
        if self.automated:
            return "AUTOMATED" if self.active else "AUTOMATED_DRAFT"
        send = self.current()
        if send is None:
            return "DRAFT"
        if not send.begun(now):
            return "SCHEDULED"
        if now < send.sending_from(settings):
            return "PRE_PROCESSING"
        if now < send.done_at(settings):
            return "PROCESSING"
        return "ERROR" if send.failed else "PUBLISHED"

    def state(self, now: float, settings: HubSpotSettings) -> str:
        phase = self.phase(now, settings)
        if self.role is None or phase not in _IN_A_TEST:
            return phase
        return _IN_A_TEST[phase][self.role == VARIANT]

    def reached(self, now: float, settings: HubSpotSettings) -> int:
        """Return how many emails were sent, over all sends: a second publish counts again."""
        return sum(send.reached(now, settings) for send in self.sends)

    def has_uncounted(self, now: float) -> bool:
        """Return whether a send has begun whose recipients are not set."""
        return any(send.contacts is None and not send.cancelled and send.begun(now) for send in self.sends)

    def count_recipients(self, now: float, contacts: tuple[str, ...]) -> None:
        """Set the recipients of sends that have begun."""
        for send in self.sends:
            if send.contacts is None and not send.cancelled and send.begun(now):
                send.contacts = () if send.failed else contacts

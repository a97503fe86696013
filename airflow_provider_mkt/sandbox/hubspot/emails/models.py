"""Marketing emails and their states over time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.emails.mailing import Mailing
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
    """One send, requested at `requested` and due at `due`. Its `mailing` is set when it begins."""

    requested: float
    due: float
    scheduled: bool
    mailing: Mailing | None = None
    cancelled: bool = False
    failed: bool = False

    @property
    def contacts(self) -> tuple[str, ...] | None:
        """Ids of the contacts that are mailed; None before it begins."""
        return None if self.mailing is None else tuple(one.contact for one in self.mailing.mailed)

    @property
    def recipients(self) -> int | None:
        return None if self.mailing is None else len(self.mailing.mailed)

    def begun(self, now: float) -> bool:
        return self.due <= now

    def sending_from(self, settings: HubSpotSettings) -> float:
        if self.mailing is not None:
            return self.mailing.starts
        # A scheduled send is preprocessed while it waits.
        return self.due + (0.0 if self.scheduled else settings.email_preprocessing)

    def done_at(self, settings: HubSpotSettings) -> float:
        if self.mailing is not None:
            return self.mailing.ends
        return self.sending_from(settings) + settings.email_processing

    def counts(self, moment: float) -> Counter[str]:
        """Return its counters at a time; nothing before its first mail leaves, or when it fails."""
        return Counter() if self.mailing is None or self.failed else self.mailing.counts(moment)

    def reached(self, now: float) -> int:
        """Return how many mails were sent."""
        return self.counts(now)["sent"]

    def opened(self, now: float) -> tuple[str, ...]:
        """Return the contacts who opened it."""
        return () if self.mailing is None else self.mailing.contacts(self.mailing.openers(now))

    def clicked(self, now: float) -> tuple[str, ...]:
        """Return the contacts who clicked."""
        return () if self.mailing is None else self.mailing.contacts(self.mailing.clickers(now))

    def as_json(self) -> JsonObject:
        view: JsonObject = {
            "requestedAt": iso(self.requested),
            "at": iso(self.due),
            "recipients": self.recipients,
            "cancelled": self.cancelled,
            "failed": self.failed,
        }
        if self.mailing is not None:
            view["selected"] = self.mailing.selected
            view["dropped"] = dict(self.mailing.reasons())
        return view


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
    def subscription(self) -> str | None:
        """Id of its subscription type; None for the default one."""
        return subscription_of(self.live)

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

    def reached(self, now: float) -> int:
        """Return how many mails were sent, over all sends: a second publish counts again."""
        return sum(send.reached(now) for send in self.sends)


def subscription_of(fields: JsonObject) -> str | None:
    """Return the id of the subscription type in the fields of an email; None for the default one."""
    details = fields.get("subscriptionDetails")
    named = details.get("subscriptionId") if isinstance(details, dict) else None
    return None if named is None else str(named)

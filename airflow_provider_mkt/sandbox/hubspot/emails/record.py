"""One marketing email, and where it stands at a given moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.times import iso

PUBLISHED_STATES = ("PUBLISHED", "AUTOMATED")


@dataclass(slots=True)
class Send:
    """One time that an email goes out: asked for at `requested`, starting at `due`."""

    requested: float
    due: float
    scheduled: bool
    recipients: int | None = None
    cancelled: bool = False
    failed: bool = False

    def begun(self, now: float) -> bool:
        return self.due <= now

    def sending_from(self, settings: HubSpotSettings) -> float:
        # A scheduled send was prepared while it waited.
        return self.due + (0.0 if self.scheduled else settings.email_preprocessing)

    def done_at(self, settings: HubSpotSettings) -> float:
        return self.sending_from(settings) + settings.email_processing

    def share(self, now: float, settings: HubSpotSettings) -> float:
        """How much of it has gone out, from 0 to 1."""
        start, end = self.sending_from(settings), self.done_at(settings)
        if now >= end:
            return 1.0
        return max(0.0, (now - start) / (end - start))

    def as_json(self) -> dict[str, Any]:
        return {
            "requestedAt": iso(self.requested),
            "at": iso(self.due),
            "recipients": self.recipients,
            "cancelled": self.cancelled,
            "failed": self.failed,
        }


@dataclass(slots=True)
class Email:
    """`live` is what goes out, `draft` the buffer beside it; `sends` every send ever asked for."""

    id: str
    live: dict[str, Any]
    created: float
    updated: float
    automated: bool = False
    active: bool = False
    fails: bool = False
    archived_at: float | None = None
    published_at: float | None = None
    unpublished_at: float | None = None
    cloned_from: str | None = None
    draft: dict[str, Any] | None = None
    draft_updated: float | None = None
    sends: list[Send] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.live.get("name", ""))

    def current(self) -> Send | None:
        """The latest send that was not cancelled."""
        return next((send for send in reversed(self.sends) if not send.cancelled), None)

    def state(self, now: float, settings: HubSpotSettings) -> str:
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

    def reached(self, now: float, settings: HubSpotSettings) -> int:
        """Mails that have gone out, over all sends: a second publish counts again."""
        return sum(
            int((send.recipients or 0) * send.share(now, settings))
            for send in self.sends
            if not send.cancelled and not send.failed
        )

    def has_uncounted(self, now: float) -> bool:
        """Whether a send has begun whose recipients are not counted yet."""
        return any(send.recipients is None and not send.cancelled and send.begun(now) for send in self.sends)

    def count_recipients(self, now: float, count: int) -> None:
        """Fix the number of recipients of sends that have begun."""
        for send in self.sends:
            if send.recipients is None and not send.cancelled and send.begun(now):
                send.recipients = 0 if send.failed else count

"""One time that an email goes out, to whom, and what they do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.times import iso


@dataclass(slots=True)
class Send:
    """Asked for at `requested`, starting at `due`. `contacts` are fixed once it has begun."""

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

    def reached(self, now: float, settings: HubSpotSettings) -> int:
        """Mails that have gone out; each of them arrives."""
        if self.cancelled or self.failed:
            return 0
        return int((self.recipients or 0) * self.share(now, settings))

    def opened(self, now: float, settings: HubSpotSettings) -> tuple[str, ...]:
        """The contacts who opened it: two in five of those it reached, begun ones counted in full."""
        return self._first(-(-self.reached(now, settings) * 2 // 5))

    def clicked(self, now: float, settings: HubSpotSettings) -> tuple[str, ...]:
        """Those of them who followed a link: one in ten of those it reached."""
        return self._first(-(-self.reached(now, settings) // 10))

    def _first(self, count: int) -> tuple[str, ...]:
        return (self.contacts or ())[:count]

    def as_json(self) -> dict[str, Any]:
        return {
            "requestedAt": iso(self.requested),
            "at": iso(self.due),
            "recipients": self.recipients,
            "cancelled": self.cancelled,
            "failed": self.failed,
        }

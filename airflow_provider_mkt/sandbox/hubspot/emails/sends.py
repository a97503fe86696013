"""Sends of an email: recipients, opens and clicks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.times import iso


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

    def as_json(self) -> dict[str, Any]:
        return {
            "requestedAt": iso(self.requested),
            "at": iso(self.due),
            "recipients": self.recipients,
            "cancelled": self.cancelled,
            "failed": self.failed,
        }

"""All marketing emails, and what publishing does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.hubspot.emails.record import Email, Send
from airflow_provider_mkt.sandbox.hubspot.errors import invalid

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.clock import Clock
    from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings

FIRST_ID = 180_000_000_101


class EmailStore:
    """Emails by id; states move on by the clock alone."""

    def __init__(
        self, clock: Clock, settings: HubSpotSettings, recipients: Callable[[dict[str, Any]], int]
    ) -> None:
        self.clock = clock
        self.settings = settings
        self._recipients = recipients
        self._ids = itertools.count(FIRST_ID)
        self._by_id: dict[str, Email] = {}

    def all(self) -> list[Email]:
        self.settle()
        return list(self._by_id.values())

    def get(self, email_id: str) -> Email | None:
        self.settle()
        return self._by_id.get(email_id)

    def state(self, email: Email) -> str:
        return email.state(self.clock.time(), self.settings)

    def create(self, fields: dict[str, Any], email_id: str | None = None, **more: Any) -> Email:
        now = self.clock.time()
        email = Email(email_id or str(next(self._ids)), fields, now, now, **more)
        self._by_id[email.id] = email
        return email

    def change(self, email: Email, fields: dict[str, Any]) -> None:
        """Write to the live version. A nested object is replaced, not merged."""
        email.live |= fields
        email.updated = self.clock.time()

    def change_draft(self, email: Email, fields: dict[str, Any]) -> None:
        """Write to the buffer, which starts as a copy of the live version."""
        email.draft = {**(email.live if email.draft is None else email.draft), **fields}
        email.draft_updated = self.clock.time()

    def publish(self, email: Email) -> None:
        """Turn an automated email on; send or schedule a regular one.

        Nothing says that a second publish of a regular email is refused, so it sends once more.
        """
        now = self.clock.time()
        if email.draft is not None:
            email.live, email.draft, email.draft_updated = email.draft, None, None
        email.published_at = email.updated = now
        email.unpublished_at = None
        if email.automated:
            email.active = True
            return
        due = now
        planned = times.parse(str(email.live.get("publishDate") or ""))
        if not sends_at_once(email.live) and planned is not None and planned > now:
            due = planned
        email.sends.append(Send(now, due, scheduled=due > now, failed=email.fails))
        self.settle()

    def unpublish(self, email: Email) -> None:
        """Turn an automated email off; cancel a regular one that has not begun."""
        now = self.clock.time()
        state = self.state(email)
        if state == "AUTOMATED":
            email.active = False
        elif state == "SCHEDULED":
            for send in email.sends:
                send.cancelled = send.cancelled or not send.begun(now)
        else:
            msg = f"Email {email.id} cannot be unpublished or cancelled in state {state}"
            raise invalid(msg)
        email.unpublished_at = email.updated = now
        if not email.sends or email.current() is None:
            email.published_at = None

    def settle(self) -> None:
        """Count the recipients of every send that has begun since the last look."""
        now = self.clock.time()
        for email in self._by_id.values():
            if email.has_uncounted(now):
                email.count_recipients(now, self._recipients(email.live.get("to") or {}))

    def sends(self) -> list[tuple[Email, Send]]:
        """Every send that has begun, in order of time."""
        now = self.clock.time()
        begun = [
            (email, send)
            for email in self.all()
            for send in email.sends
            if not send.cancelled and send.begun(now)
        ]
        return sorted(begun, key=lambda pair: pair[1].due)

    def snapshot(self) -> list[dict[str, Any]]:
        now = self.clock.time()
        return [
            {
                "id": email.id,
                "name": email.name,
                "state": email.state(now, self.settings),
                "archived": email.archived_at is not None,
                "hasDraft": email.draft is not None,
                "sends": [send.as_json() for send in email.sends],
                "sent": email.reached(now, self.settings),
            }
            for email in self.all()
        ]


def sends_at_once(fields: dict[str, Any]) -> bool:
    """`sendOnPublish`, which is the rule unless a date was set."""
    given = fields.get("sendOnPublish")
    return bool(given) if given is not None else not fields.get("publishDate")

"""All marketing emails, and what publishing does."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.hubspot.emails.models import MASTER, VARIANT, Email, Revision
from airflow_provider_mkt.sandbox.hubspot.emails.sends import Send
from airflow_provider_mkt.sandbox.hubspot.errors import invalid

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
    from airflow_provider_mkt.sandbox.server.clock import Clock

FIRST_ID = 180_000_000_101
FIRST_REVISION = 4_000_001


class EmailStore:
    """Emails by id; states move on by the clock alone."""

    def __init__(
        self, clock: Clock, settings: HubSpotSettings, recipients: Callable[[dict[str, Any]], tuple[str, ...]]
    ) -> None:
        self.clock = clock
        self.settings = settings
        self._recipients = recipients
        self._ids = itertools.count(FIRST_ID)
        self._revisions = itertools.count(FIRST_REVISION)
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
        self._revise(email)
        return email

    def change(self, email: Email, fields: dict[str, Any]) -> None:
        """Write to the live version. A nested object is replaced, not merged."""
        email.live |= fields
        self._revise(email)

    def leave_campaign(self, email: Email) -> None:
        """Take an email out of the campaign that its own field names."""
        del email.live["campaign"]
        self._revise(email)

    def restore(self, email: Email, revision: Revision) -> None:
        """Make an earlier version the live one. It becomes a new revision, however little it changes."""
        email.live = copy.deepcopy(revision.fields)
        self._revise(email)

    def _revise(self, email: Email) -> None:
        email.updated = self.clock.time()
        number = str(next(self._revisions))
        email.revisions.append(Revision(number, email.updated, copy.deepcopy(email.live)))

    def partner(self, email: Email) -> Email | None:
        """The other email of its A/B test."""
        return None if email.partner is None else self._by_id.get(email.partner)

    def test(self, master: Email, name: str) -> Email:
        """Make the B variation of an email."""
        variation = self.create(copy.deepcopy(master.live) | {"name": name}, automated=master.automated)
        master.role, master.partner = MASTER, variation.id
        variation.role, variation.partner = VARIANT, master.id
        return variation

    def archive(self, email: Email) -> None:
        """Archive; an email whose variation is archived is in a test no longer."""
        if email.archived_at is None:
            email.archived_at = self.clock.time()
        master = self.partner(email)
        if email.role == VARIANT and master is not None and master.partner == email.id:
            master.role = master.partner = None

    def unarchive(self, email: Email) -> None:
        """Take it back; a variation returns into its test, unless there is another one by now."""
        email.archived_at = None
        master = self.partner(email)
        if email.role == VARIANT and master is not None and master.partner is None:
            master.role, master.partner = MASTER, email.id

    def change_draft(self, email: Email, fields: dict[str, Any]) -> None:
        """Write to the buffer, which starts as a copy of the live version."""
        email.draft = {**(email.live if email.draft is None else email.draft), **fields}
        email.draft_updated = self.clock.time()

    def publish(self, email: Email) -> None:
        """Turn an automated email on; send or schedule a regular one; its variation goes along.

        Nothing says that a second publish of a regular email is refused, so it sends once more.
        """
        _refuse_variation(email)
        for one in self._with_variation(email):
            self._publish(one, email)
        self.settle()

    def _publish(self, email: Email, master: Email) -> None:
        now = self.clock.time()
        if email.draft is not None:
            email.live, email.draft, email.draft_updated = email.draft, None, None
            self._revise(email)
        email.published_at = email.updated = now
        email.unpublished_at = None
        if email.automated:
            email.active = True
            return
        due = now
        planned = times.parse(str(master.live.get("publishDate") or ""))
        if not sends_at_once(master.live) and planned is not None and planned > now:
            due = planned
        email.sends.append(Send(now, due, scheduled=due > now, failed=email.fails))

    def unpublish(self, email: Email) -> None:
        """Turn an automated email off; cancel a regular one that has not begun; its variation goes along."""
        _refuse_variation(email)
        now = self.clock.time()
        phase = email.phase(now, self.settings)
        if phase not in ("AUTOMATED", "SCHEDULED"):
            msg = f"Email {email.id} cannot be unpublished or cancelled in state {self.state(email)}"
            raise invalid(msg)
        for one in self._with_variation(email):
            one.active = False
            for send in one.sends:
                send.cancelled = send.cancelled or not send.begun(now)
            one.unpublished_at = one.updated = now
            if one.current() is None:
                one.published_at = None

    def _with_variation(self, email: Email) -> Iterator[Email]:
        yield email
        variation = self.partner(email)
        if variation is not None:
            yield variation

    def settle(self) -> None:
        """Count the recipients of every send that has begun since the last look."""
        now = self.clock.time()
        for email in self._by_id.values():
            if email.has_uncounted(now):
                email.count_recipients(now, self._audience(email))

    def _audience(self, email: Email) -> tuple[str, ...]:
        """Who an email goes to; in a test the two share the recipients of the master.

        How many the variation gets is `abTestPercentage` halved, or half of them. No winner is chosen.
        """
        partner = self.partner(email)
        master = partner if email.role == VARIANT and partner is not None else email
        contacts = self._recipients(master.live.get("to") or {})
        if partner is None:
            return contacts
        given = (master.live.get("testing") or {}).get("abTestPercentage")
        percentage = given if isinstance(given, int) and 0 <= given <= 100 else 100
        kept = len(contacts) - len(contacts) * percentage // 200
        return contacts[kept:] if email.role == VARIANT else contacts[:kept]

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
                "revisions": [revision.id for revision in email.revisions],
                "partner": email.partner,
                "sends": [send.as_json() for send in email.sends],
                "sent": email.reached(now, self.settings),
            }
            for email in self.all()
        ]


def _refuse_variation(email: Email) -> None:
    # Whether it could be published by itself is documented nowhere; a client must not count on it.
    if email.role == VARIANT:
        msg = f"Email {email.id} is a variation; publish or unpublish email {email.partner} instead"
        raise invalid(msg)


def sends_at_once(fields: dict[str, Any]) -> bool:
    """`sendOnPublish`, which is the rule unless a date was set."""
    given = fields.get("sendOnPublish")
    return bool(given) if given is not None else not fields.get("publishDate")

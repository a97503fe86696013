"""All marketing emails, publishing, A/B tests and revisions."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.hubspot.emails.models import MASTER, VARIANT, Email, Revision, Send
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

FIRST_ID = 180_000_000_101
FIRST_REVISION = 4_000_001


class EmailStore:
    """All emails. Their states only depend on the clock."""

    def __init__(
        self, clock: Clock, settings: HubSpotSettings, recipients: Callable[[JsonObject], tuple[str, ...]]
    ) -> None:
        self.clock = clock
        self.settings = settings
        self._recipients = recipients
        self._ids = itertools.count(FIRST_ID)
        self._revisions = itertools.count(FIRST_REVISION)
        self._by_id: dict[str, Email] = {}

    def all(self) -> list[Email]:
        self.set_due_recipients()
        return list(self._by_id.values())

    def get(self, email_id: str) -> Email | None:
        self.set_due_recipients()
        return self._by_id.get(email_id)

    def state(self, email: Email) -> str:
        return email.state(self.clock.time(), self.settings)

    def create(
        self,
        fields: JsonObject,
        email_id: str | None = None,
        *,
        automated: bool = False,
        fails: bool = False,
        cloned_from: str | None = None,
    ) -> Email:
        now = self.clock.time()
        email = Email(
            email_id or str(next(self._ids)),
            fields,
            now,
            now,
            automated,
            fails=fails,
            cloned_from=cloned_from,
        )
        self._by_id[email.id] = email
        self._revise(email)
        return email

    def change(self, email: Email, fields: JsonObject) -> None:
        """Update the live version. A nested object is replaced, not merged."""
        email.live |= fields
        self._revise(email)

    def leave_campaign(self, email: Email) -> None:
        """Remove an email from the campaign that its own field names."""
        del email.live["campaign"]
        self._revise(email)

    def restore(self, email: Email, revision: Revision) -> None:
        """Restore a revision as a new one, even if nothing changes."""
        email.live = copy.deepcopy(revision.fields)
        self._revise(email)

    def _revise(self, email: Email) -> None:
        email.updated = self.clock.time()
        number = str(next(self._revisions))
        email.revisions.append(Revision(number, email.updated, copy.deepcopy(email.live)))

    def partner(self, email: Email) -> Email | None:
        """Return the other email of its A/B test."""
        return None if email.partner is None else self._by_id.get(email.partner)

    def test(self, master: Email, name: str) -> Email:
        """Create the B variation of an email."""
        variation = self.create(copy.deepcopy(master.live) | {"name": name}, automated=master.automated)
        master.role, master.partner = MASTER, variation.id
        variation.role, variation.partner = VARIANT, master.id
        return variation

    def archive(self, email: Email) -> None:
        """Archive an email. Archiving a variation ends its A/B test."""
        if email.archived_at is None:
            email.archived_at = self.clock.time()
        master = self.partner(email)
        if email.role == VARIANT and master is not None and master.partner == email.id:
            master.role = master.partner = None

    def unarchive(self, email: Email) -> None:
        """Restore an archived email. A variation returns to its test unless there is another one."""
        email.archived_at = None
        master = self.partner(email)
        if email.role == VARIANT and master is not None and master.partner is None:
            master.role, master.partner = MASTER, email.id

    def change_draft(self, email: Email, fields: JsonObject) -> None:
        """Update the draft, which starts as a copy of the live version."""
        email.draft = {**(email.live if email.draft is None else email.draft), **fields}
        email.draft_updated = self.clock.time()

    def publish(self, email: Email) -> None:
        """Activate an automated email; send or schedule a regular one, together with its variation.

        Whether publishing a regular email twice is rejected is not documented; here it sends again.
        """
        _reject_variation(email)
        for one in self._with_variation(email):
            self._publish(one, email)
        self.set_due_recipients()

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
        """Deactivate an automated email; cancel a regular one that has not begun, with its variation."""
        _reject_variation(email)
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

    def set_due_recipients(self) -> None:
        """Set the recipients of all sends that have begun."""
        now = self.clock.time()
        for email in self._by_id.values():
            if email.has_uncounted(now):
                email.count_recipients(now, self._audience(email))

    def _audience(self, email: Email) -> tuple[str, ...]:
        """Return the recipients of an email; the two emails of a test divide those of the master.

        The variation gets half of `abTestPercentage`, by default half. No winner is chosen.
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
        """Return all sends that have begun, ordered by time."""
        now = self.clock.time()
        begun = [
            (email, send)
            for email in self.all()
            for send in email.sends
            if not send.cancelled and send.begun(now)
        ]
        return sorted(begun, key=lambda pair: pair[1].due)

    def snapshot(self) -> list[JsonObject]:
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


def _reject_variation(email: Email) -> None:
    # Whether a variation can be published separately is not documented; here it cannot.
    if email.role == VARIANT:
        msg = f"Email {email.id} is a variation; publish or unpublish email {email.partner} instead"
        raise invalid(msg)


def sends_at_once(fields: JsonObject) -> bool:
    """Return `sendOnPublish`, which is true by default unless there is a publish date."""
    given = fields.get("sendOnPublish")
    return bool(given) if given is not None else not fields.get("publishDate")

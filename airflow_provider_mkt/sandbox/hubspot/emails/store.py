"""All marketing emails, publishing, A/B tests and revisions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.hubspot.emails.audience import Audience
from airflow_provider_mkt.sandbox.hubspot.emails.mailing import Mailing, Recipient
from airflow_provider_mkt.sandbox.hubspot.emails.models import MASTER, VARIANT, Email, Revision, Send
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.seed import TIME_ZONE
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject, copied

FIRST_ID = 180_000_000_101
FIRST_REVISION = 4_000_001
OVER_LIMIT = "PORTAL_OVER_LIMIT"


class EmailStore:
    """All emails. Their states only depend on the clock."""

    def __init__(self, clock: Clock, settings: HubSpotSettings, audience: Audience) -> None:
        self.clock = clock
        self.settings = settings
        self.audience = audience
        self._ids = itertools.count(FIRST_ID)
        self._revisions = itertools.count(FIRST_REVISION)
        self._sends = itertools.count(1)
        self._by_id: dict[str, Email] = {}
        self._waiting: list[tuple[Email, Send]] = []
        """Sends that have not begun."""
        self._running: list[tuple[Mailing, float]] = []
        """Mailings that have not ended, and up to when their effects are applied."""
        self.mailings: list[tuple[Email, Mailing]] = []
        """All mailings in the order in which they began."""

    def all(self) -> list[Email]:
        self.run_due_work()
        return list(self._by_id.values())

    def get(self, email_id: str) -> Email | None:
        self.run_due_work()
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
        email.live = copied(revision.fields)
        self._revise(email)

    def _revise(self, email: Email) -> None:
        email.updated = self.clock.time()
        number = str(next(self._revisions))
        email.revisions.append(Revision(number, email.updated, copied(email.live)))

    def partner(self, email: Email) -> Email | None:
        """Return the other email of its A/B test."""
        return None if email.partner is None else self._by_id.get(email.partner)

    def test(self, master: Email, name: str) -> Email:
        """Create the B variation of an email."""
        variation = self.create(copied(master.live) | {"name": name}, automated=master.automated)
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

    def publish(self, email: Email, *, at: float | None = None) -> None:
        """Activate an automated email; send or schedule a regular one, together with its variation.

        One without a subject or a sender is refused, and one that would exceed the month's limit now; HubSpot
        documents no errors for them. A scheduled send that exceeds the limit when it begins mails nobody.
        Whether publishing a regular email twice is rejected is not documented; here it sends again.

        :param at: when, if not now.
        """
        _reject_variation(email)
        for one in self._with_variation(email):
            _check_publishable(one.live if one.draft is None else one.draft)
        now = self.clock.time() if at is None else at
        if self.settings.monthly_send_limit is not None and not email.automated and _due(email, now) == now:
            both = [one for part in self._with_variation(email) for one in self.selected(part, draft=True)]
            self._check_limit(both, now)
        for one in self._with_variation(email):
            self._publish(one, email, now)
        self.run_due_work()

    def _publish(self, email: Email, master: Email, now: float) -> None:
        if email.draft is not None:
            email.live, email.draft, email.draft_updated = email.draft, None, None
            self._revise(email)
        email.published_at = email.updated = now
        email.unpublished_at = None
        if email.automated:
            email.active = True
            return
        due = _due(master, now)
        send = Send(now, due, scheduled=due > now, failed=email.fails)
        email.sends.append(send)
        self._waiting.append((email, send))

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

    def run_due_work(self) -> None:
        """Begin the sends that are due, and apply the outcome of their mails."""
        now = self.clock.time()
        due = [pair for pair in self._waiting if pair[1].cancelled or pair[1].begun(now)]
        if due:
            self._waiting = [pair for pair in self._waiting if pair not in due]
        for email, send in due:
            if not send.cancelled:
                self._begin(email, send)
        if self._running:
            running, self._running = self._running, []
            for mailing, before in running:
                self.audience.apply(mailing, before, now)
                if now < mailing.ends:
                    self._running.append((mailing, now))

    def _begin(self, email: Email, send: Send) -> None:
        selected = [] if send.failed else self.selected(email)
        if self._exceeds_limit(selected, send.due):
            selected = [replace(one, reason=one.reason or OVER_LIMIT) for one in selected]
        starts = send.sending_from(self.settings)
        mailing = Mailing(next(self._sends), selected, starts, self.settings, {**email.live})
        send.mailing = mailing
        self.mailings.append((email, mailing))
        self._running.append((mailing, float("-inf")))

    def _check_limit(self, recipients: list[Recipient], moment: float) -> None:
        if self._exceeds_limit(recipients, moment):
            msg = f"The account may send {self.settings.monthly_send_limit} emails per calendar month"
            raise invalid(msg)

    def _exceeds_limit(self, recipients: list[Recipient], moment: float) -> bool:
        """Return whether mails to all of these are more than the calendar month has left."""
        limit = self.settings.monthly_send_limit
        if limit is None:
            return False
        month = _month(moment)
        used = sum(len(mailing.mailed) for _, mailing in self.mailings if _month(mailing.starts) == month)
        return used + sum(1 for one in recipients if one.reason is None) > limit

    def selected(self, email: Email, *, draft: bool = False) -> list[Recipient]:
        """Return whom an email selects now; the two emails of a test divide those of the master.

        The variation gets half of `abTestPercentage`, by default half. No winner is chosen.

        :param draft: whether the draft counts where there is one, as when the email is published.
        """
        partner = self.partner(email)
        master = partner if email.role == VARIANT and partner is not None else email
        fields = master.draft if draft and master.draft is not None else master.live
        recipients = self.audience.of(fields)
        if partner is None:
            return recipients
        given = (fields.get("testing") or {}).get("abTestPercentage")
        percentage = given if isinstance(given, int) and 0 <= given <= 100 else 100
        kept = len(recipients) - len(recipients) * percentage // 200
        return recipients[kept:] if email.role == VARIANT else recipients[:kept]

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
                "sent": email.reached(now),
            }
            for email in self.all()
        ]


def _due(email: Email, now: float) -> float:
    """Return when the send of an email that is published now begins."""
    fields = email.live if email.draft is None else email.draft
    planned = times.parse(str(fields.get("publishDate") or ""))
    return planned if not sends_at_once(fields) and planned is not None and planned > now else now


def _month(moment: float) -> tuple[int, int]:
    """Return the calendar month of a time, in the time zone of the account."""
    at = datetime.fromtimestamp(moment, ZoneInfo(TIME_ZONE))
    return at.year, at.month


def _check_publishable(fields: JsonObject) -> None:
    """Check that an email has what a recipient sees first.

    :raises HubSpotError: 400 when its subject, or the name or address of its sender is empty.
    """
    sender = fields.get("from") or {}
    for name, value in (
        ("subject", fields.get("subject")),
        ("from.fromName", sender.get("fromName")),
        ("from.replyTo", sender.get("replyTo") or sender.get("customReplyTo")),
    ):
        if not str(value or "").strip():
            msg = f"The email cannot be published: {name} is empty"
            raise invalid(msg)


def _reject_variation(email: Email) -> None:
    # Whether a variation can be published separately is not documented; here it cannot.
    if email.role == VARIANT:
        msg = f"Email {email.id} is a variation; publish or unpublish email {email.partner} instead"
        raise invalid(msg)


def sends_at_once(fields: JsonObject) -> bool:
    """Return `sendOnPublish`, which is true by default unless there is a publish date."""
    given = fields.get("sendOnPublish")
    return bool(given) if given is not None else not fields.get("publishDate")

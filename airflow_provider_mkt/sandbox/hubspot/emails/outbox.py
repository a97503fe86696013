"""Who got which email, and who did not and why."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import overload

from airflow_provider_mkt.sandbox.hubspot.emails.mailing import HARD_BOUNCE, Mailing
from airflow_provider_mkt.sandbox.hubspot.emails.tokens import render
from airflow_provider_mkt.sandbox.hubspot.sends.store import SENT, SingleSend
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.outbox import OutboxRow


class Outbox(Sequence[OutboxRow]):
    """What has been mailed or dropped by now. Rows are made when they are read.

    Sends of marketing emails come in the order in which they began: first those left out, then the mails by
    time. Single sends that are complete come last.
    """

    def __init__(self, state: HubSpotState) -> None:
        self._contacts = state.contacts
        now = state.clock.time()
        self._mailings = [(email.id, mailing) for email, mailing in state.emails.mailings]
        self._handled = [mailing.handled(now) for _, mailing in self._mailings]
        counts = [
            (len(mailing.dropped) if now >= mailing.starts else 0) + handled
            for (_, mailing), handled in zip(self._mailings, self._handled, strict=True)
        ]
        self._starts = [0, *accumulate(counts)]
        self._single = [
            (send, send.completed_at(state.settings))
            for send in state.single_sends.all()
            if send.completed_at(state.settings) <= now
        ]

    def __len__(self) -> int:
        return self._starts[-1] + len(self._single)

    @overload
    def __getitem__(self, index: int) -> OutboxRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[OutboxRow]: ...
    def __getitem__(self, index: int | slice) -> OutboxRow | list[OutboxRow]:
        if isinstance(index, slice):
            return [self._row(one) for one in range(*index.indices(len(self)))]
        return self._row(range(len(self))[index])

    def _row(self, index: int) -> OutboxRow:
        if index >= self._starts[-1]:
            return self._single_row(*self._single[index - self._starts[-1]])
        place = bisect_right(self._starts, index) - 1
        email_id, mailing = self._mailings[place]
        row = mailing_row(email_id, mailing, index - self._starts[place])
        if row.outcome == "dropped" or "{{" not in mailing.subject:
            return replace(row, subject=mailing.subject)
        return replace(row, subject=render(mailing.subject, self._contacts.get(row.person)))

    def _single_row(self, send: SingleSend, at: float) -> OutboxRow:
        contact = self._contacts.find("email", send.to)
        sent = send.result == SENT
        return OutboxRow(
            "" if contact is None else contact.id,
            send.to,
            send.email,
            at,
            "delivered" if sent else "dropped",
            None if sent else send.result,
        )


def mailing_row(email_id: str, mailing: Mailing, index: int) -> OutboxRow:
    """Return a row of a send: first those left out, then the mails by time."""
    if index < len(mailing.dropped):
        one = mailing.dropped[index]
        return OutboxRow(one.contact, one.address, email_id, mailing.starts, "dropped", one.reason)
    position = index - len(mailing.dropped)
    one, at = mailing.mailed[position], mailing.at(position)
    if position in mailing.refused:
        return OutboxRow(one.contact, one.address, email_id, at, "dropped", mailing.refused[position])
    if position in mailing.bounced_set:
        return OutboxRow(one.contact, one.address, email_id, at, "bounced", HARD_BOUNCE)
    return OutboxRow(one.contact, one.address, email_id, at, "delivered")

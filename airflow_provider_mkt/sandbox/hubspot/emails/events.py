"""The events of mails: one row per mail and per thing that happens to it."""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from airflow_provider_mkt.sandbox.hubspot.emails.mailing import HARD_BOUNCE, Mailing
from airflow_provider_mkt.sandbox.hubspot.emails.models import Email
from airflow_provider_mkt.sandbox.hubspot.seed import EMAIL_APP_ID, EMAIL_APP_NAME, PORTAL_ID
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

SENT, PROCESSED, DROPPED, DEFERRED, DELIVERED, BOUNCE, OPEN, CLICK, SPAMREPORT, STATUSCHANGE = (
    "SENT",
    "PROCESSED",
    "DROPPED",
    "DEFERRED",
    "DELIVERED",
    "BOUNCE",
    "OPEN",
    "CLICK",
    "SPAMREPORT",
    "STATUSCHANGE",
)
FILTERED_OPEN = "OPEN by a machine"
"""Opens that the account's filters mark. Their type is that of the other opens."""
HAPPENING = (
    SENT,
    PROCESSED,
    DROPPED,
    DEFERRED,
    DELIVERED,
    BOUNCE,
    FILTERED_OPEN,
    OPEN,
    CLICK,
    SPAMREPORT,
    STATUSCHANGE,
)
"""Kinds of events that happen here, in their order for one mail."""
TYPES = (
    *(kind for kind in HAPPENING if kind != FILTERED_OPEN),
    "FORWARD",
    "PRINT",
    "SUPPRESSED",
    "UNBOUNCE",
)
_ID = re.compile(r"([0-9a-f]{8})-000([0-9a])-4000-8000-([0-9a-f]{12})")

Key: TypeAlias = tuple[int, int, int, int]
"""Milliseconds, number of the send, place of the type in `HAPPENING`, and number within these: unique."""


@dataclass(frozen=True, slots=True)
class Lane:
    """The events of one type of one send, in the order of time.

    :param count: how many of them have happened.
    :param at: when an event happened.
    """

    email: Email
    mailing: Mailing
    kind: str
    count: int
    at: Callable[[int], float]

    def key(self, index: int) -> Key:
        return int(self.at(index) * 1000), self.mailing.number, HAPPENING.index(self.kind), index

    def newest_first(self, before: Key | None, start: int, end: int) -> Iterator[tuple[Key, Lane]]:
        """Return events with a key lower than `before`, from `start` to `end` in milliseconds."""
        limit = (end + 1, 0, 0, 0)
        last = bisect_left(range(self.count), limit if before is None else min(before, limit), key=self.key)
        for index in reversed(range(last)):
            key = self.key(index)
            if key[0] < start:
                return
            yield key, self

    def recipient(self, index: int) -> str:
        return self._recipient(index) or ""

    def _recipient(self, index: int) -> str | None:
        mailing = self.mailing
        if self.kind in (OPEN, CLICK):
            return mailing.reader(index).address
        if self.kind == DROPPED and index < len(mailing.reported):
            return mailing.reported[index].address
        return mailing.mailed[self._position(index)].address

    def _position(self, index: int) -> int:
        """Return the position in `mailed` of an event."""
        mailing = self.mailing
        match self.kind:
            case "DROPPED":
                return mailing.refused_in_order[index - len(mailing.reported)]
            case "DELIVERED":
                return mailing.delivered[index]
            case "DEFERRED":
                return mailing.deferred[index]
            case "BOUNCE":
                return mailing.bounced[index]
            case "OPEN by a machine":
                return mailing.scanned[index]
            case "SPAMREPORT":
                return mailing.spam[index]
            case "STATUSCHANGE":
                return mailing.unsubscribed[index]
            case "OPEN" | "CLICK":
                return mailing.delivered[index]
            case _:
                return index

    def view(self, index: int) -> JsonObject:
        """Return an event as JSON."""
        view: JsonObject = {
            "id": _event_id(self.key(index)),
            "created": self.key(index)[0],
            "type": OPEN if self.kind == FILTERED_OPEN else self.kind,
            "recipient": self.recipient(index),
            "portalId": PORTAL_ID,
            "appId": EMAIL_APP_ID,
            "appName": EMAIL_APP_NAME,
            "emailCampaignId": int(self.email.campaign_id),
        }
        reported = self.kind == DROPPED and index < len(self.mailing.reported)
        if not reported and self.kind != SENT:
            view["sentBy"] = self._reference(SENT, self._position(index))
        return view | self._details(index, reported=reported)

    def _details(self, index: int, *, reported: bool) -> JsonObject:
        sender, subject = self.mailing.fields.get("from") or {}, {"subject": self.mailing.subject}
        match self.kind:
            case "SENT":
                details: JsonObject = {"from": _mailbox(sender), "replyTo": _reply_to(sender), **subject}
                if index in self.mailing.refused:
                    place = bisect_left(self.mailing.refused_in_order, index)
                    details["obsoletedBy"] = self._reference(DROPPED, len(self.mailing.reported) + place)
                return details
            case "DROPPED":
                if reported:
                    reason = self.mailing.reported[index].reason
                else:
                    reason = self.mailing.refused[self._position(index)]
                mail = {"from": _mailbox(sender), "replyTo": _reply_to(sender), **subject}
                return {"dropReason": reason, **mail}
            case "BOUNCE":
                return {"category": HARD_BOUNCE, "response": "550 5.1.1 user unknown", "status": "5.1.1"}
            case "DELIVERED":
                return {"response": "250 2.0.0 ok"}
            case "DEFERRED":
                return {"response": "451 4.7.1 try again later", "attempt": 1}
            case "OPEN":
                return {"filteredEvent": False, "duration": 0}
            case "OPEN by a machine":
                return {"filteredEvent": True, "duration": 0}
            case "CLICK":
                return {"filteredEvent": False, "url": "https://www.example.com/"}
            case "STATUSCHANGE":
                changed = {
                    "changeType": "UNSUBSCRIBED",
                    "subscribed": False,
                    "portalSubscriptionStatus": "UNSUBSCRIBED",
                }
                return {"source": "SOURCE_RECIPIENT", "requestedBy": self.recipient(index), **changed}
            case _:
                return {}

    def _reference(self, kind: str, index: int) -> JsonObject:
        key = lane_of(self.email, self.mailing, kind, self.mailing.ends).key(index)
        return {"created": key[0], "id": _event_id(key)}


def lane_of(email: Email, mailing: Mailing, kind: str, moment: float) -> Lane:
    """Return the events of one type that have happened to the mails of a send by a time."""
    handled = mailing.handled(moment)

    def lane(count: int, at: Callable[[int], float]) -> Lane:
        return Lane(email, mailing, kind, count, at)

    def of(positions: Sequence[int]) -> Lane:
        return lane(bisect_left(positions, handled), lambda index: mailing.at(positions[index]))

    match kind:
        case "SENT" | "PROCESSED":
            return of(range(len(mailing.mailed)))
        case "DROPPED":
            refused, early = mailing.refused_in_order, len(mailing.reported)
            begun = early if moment >= mailing.starts else 0
            return lane(
                begun + bisect_left(refused, handled),
                lambda index: mailing.starts if index < early else mailing.at(refused[index - early]),
            )
        case "OPEN":
            return lane(len(mailing.openers(moment)), lambda index: mailing.at(mailing.opened[index][1]))
        case "CLICK":
            return lane(len(mailing.clickers(moment)), lambda index: mailing.at(mailing.clicked[index][1]))
        case "DELIVERED":
            return of(mailing.delivered)
        case "DEFERRED":
            return of(mailing.deferred)
        case "BOUNCE":
            return of(mailing.bounced)
        case "OPEN by a machine":
            return of(mailing.scanned)
        case "SPAMREPORT":
            return of(mailing.spam)
        case _:
            return of(mailing.unsubscribed)


def newest_first(
    lanes: Sequence[Lane],
    *,
    before: Key | None,
    start: int,
    end: int,
    recipient: str | None,
    limit: int,
) -> list[tuple[Key, JsonObject]]:
    """Return up to `limit` events of some lanes, the newest first.

    :param before: only events that come after the one with this key.
    :param start: first millisecond; `end` is the last one.
    :param recipient: only events of this address.
    """
    found = heapq.merge(*(lane.newest_first(before, start, end) for lane in lanes), key=_by_key, reverse=True)
    wanted = (pair for pair in found if recipient in (None, pair[1].recipient(pair[0][3])))
    return [(key, lane.view(key[3])) for key, lane in islice(wanted, limit)]


def _by_key(pair: tuple[Key, Lane]) -> Key:
    return pair[0]


def _event_id(key: Key) -> str:
    _, number, kind, index = key
    return f"{number:08x}-{kind:04x}-4000-8000-{index:012x}"


def parse_id(event_id: str) -> tuple[int, str, int] | None:
    """Return the number of the send, the type and the number of an event, or None."""
    found = _ID.fullmatch(event_id)
    return None if found is None else (int(found[1], 16), HAPPENING[int(found[2], 16)], int(found[3], 16))


def _mailbox(sender: JsonObject) -> str:
    return f"{sender.get('fromName', '')} <{sender.get('replyTo') or sender.get('customReplyTo', '')}>"


def _reply_to(sender: JsonObject) -> list[str]:
    return [str(sender.get("customReplyTo") or sender.get("replyTo") or "")]

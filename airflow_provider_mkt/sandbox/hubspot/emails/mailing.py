"""The mails of one send: who is left out and why, and the outcome of each mail over time."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

NO_ADDRESS = "NO_ADDRESS"
"""Why a contact without an address gets no mail. HubSpot has no event for it; the word is the sandbox's."""
BY_THE_PROVIDER = frozenset({"BLOCKED_ADDRESS", "BLOCKED_DOMAIN", "MTA_IGNORE", "UNDELIVERABLE"})
"""Reasons for which the delivery provider drops a mail that HubSpot has passed on to it."""
HARD_BOUNCE = "UNKNOWN_USER"
"""Category of all bounces."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A contact that a send selects. `reason` says why HubSpot does not mail it."""

    contact: str
    address: str | None
    reason: str | None = None


class Mailing:
    """The outcome of one send for each recipient. All of it is known when the send begins.

    The mails leave one after the other; `mailed[i]` is handled at `at(i)`. Who is left out is left out when
    the first one leaves.

    :param number: the send's number, unique in the account.
    :param recipients: whom the send selects, each contact once.
    :param starts: when the first mail leaves.
    :param fields: the fields of the email that is sent.
    """

    def __init__(
        self,
        number: int,
        recipients: Sequence[Recipient],
        starts: float,
        settings: HubSpotSettings,
        fields: JsonObject,
    ) -> None:
        self.number = number
        self.fields = fields
        self.starts = starts
        self.selected = len(recipients)
        kept = [one for one in recipients if one.reason is None]
        more = _by_shares(len(kept), settings.drop_reasons)
        self.dropped: list[Recipient] = [one for one in recipients if one.reason is not None]
        """Whom HubSpot does not mail, with the reason."""
        self.mailed: list[Recipient] = []
        self.refused: dict[int, str] = {}
        """Why the provider dropped a mail, by its position in `mailed`."""
        for index, one in enumerate(kept):
            reason = more.get(index)
            if reason is not None and reason not in BY_THE_PROVIDER:
                self.dropped.append(Recipient(one.contact, one.address, reason))
                continue
            if reason is not None:
                self.refused[len(self.mailed)] = reason
            self.mailed.append(one)
        self.refused_in_order = sorted(self.refused)
        self.reported = [one for one in self.dropped if one.reason != NO_ADDRESS]
        """Those of `dropped` that HubSpot reports as an event."""
        arriving = [index for index in range(len(self.mailed)) if index not in self.refused]
        bounced = set(_spread(len(arriving), _wanted(len(arriving), settings.bounce_share)))
        self.bounced_set = {index for place, index in enumerate(arriving) if place in bounced}
        self.bounced = sorted(self.bounced_set)
        """Positions in `mailed`, as in the lists below."""
        self.delivered = [index for place, index in enumerate(arriving) if place not in bounced]
        self.unsubscribed = self._share_of_delivered(settings.unsubscribe_share)
        self.spam = self._share_of_delivered(settings.spam_share)
        self.deferred = self._share_of_delivered(settings.defer_share)
        """Mails that are delivered with a second try."""
        self.scanned = self._share_of_delivered(settings.machine_open_share)
        """Mails that a machine opens, which is no open of the statistics."""
        # The first two fifths of those who got it open it, and the first tenth clicks: both rounded up.
        # Each of them does it when enough others have got it, so that the figures of a slow send grow alike.
        count = len(self.delivered)
        self.opened = [(place, self.delivered[place * 5 // 2]) for place in range(-(-count * 2 // 5))]
        """Position in `delivered`, and in `mailed` that of the mail with which it is opened."""
        self.clicked = [(place, self.delivered[place * 10]) for place in range(-(-count // 10))]
        rate = settings.mails_per_second
        self.seconds = settings.email_processing if rate is None else len(self.mailed) / rate

    @property
    def subject(self) -> str:
        return str(self.fields.get("subject") or "")

    @property
    def ends(self) -> float:
        """When the last mail is handled."""
        return self.starts + self.seconds

    def at(self, index: int) -> float:
        """Return when a mail of `mailed` is handled."""
        return self.starts + self.seconds * (index + 1) / len(self.mailed)

    def handled(self, moment: float) -> int:
        """Return how many mails have been handled by a time."""
        if moment >= self.ends:
            return len(self.mailed)
        if moment < self.starts:
            return 0
        return int(len(self.mailed) * (moment - self.starts) / self.seconds)

    def counts(self, moment: float) -> Counter[str]:
        """Return the counters at a time: `selected` is the sum of `sent`, `notsent` and `pending`.

        :returns: nothing before the first mail leaves.
        """
        if moment < self.starts:
            return Counter()
        handled = self.handled(moment)
        refused = bisect_left(self.refused_in_order, handled)
        bounced = bisect_left(self.bounced, handled)
        return Counter(
            selected=self.selected,
            sent=handled - refused,
            pending=len(self.mailed) - handled,
            notsent=len(self.dropped) + refused,
            dropped=len(self.reported) + refused,
            mta_dropped=refused,
            bounce=bounced,
            delivered=handled - refused - bounced,
            open=len(self.openers(moment)),
            click=len(self.clickers(moment)),
            unsubscribed=bisect_left(self.unsubscribed, handled),
            spamreport=bisect_left(self.spam, handled),
            deferred=bisect_left(self.deferred, handled),
        )

    def reasons(self) -> Counter[str]:
        """Return how many get no mail, by the reason."""
        return Counter([*(str(one.reason) for one in self.dropped), *self.refused.values()])

    def openers(self, moment: float) -> Sequence[tuple[int, int]]:
        """Return the part of `opened` that has happened by a time."""
        return self._happened(self.opened, moment)

    def clickers(self, moment: float) -> Sequence[tuple[int, int]]:
        return self._happened(self.clicked, moment)

    @staticmethod
    def within(positions: Sequence[int], first: int, last: int) -> Sequence[int]:
        """Return the positions of the mails from `first` to before `last`."""
        return positions[bisect_left(positions, first) : bisect_left(positions, last)]

    def reader(self, place: int) -> Recipient:
        """Return who is at a position of `delivered`."""
        return self.mailed[self.delivered[place]]

    def contacts(self, readers: Sequence[tuple[int, int]]) -> tuple[str, ...]:
        """Return the ids of those who opened or clicked."""
        return tuple(self.reader(place).contact for place, _ in readers)

    def _happened(self, every: list[tuple[int, int]], moment: float) -> Sequence[tuple[int, int]]:
        return every[: bisect_left(every, self.handled(moment), key=lambda one: one[1])]

    def _share_of_delivered(self, share: float) -> list[int]:
        count = len(self.delivered)
        return [self.delivered[place] for place in _spread(count, _wanted(count, share))]


def _wanted(count: int, share: float) -> int:
    """Return a share of so many, rounded up."""
    return min(count, math.ceil(round(share * count, 9)))


def _spread(count: int, wanted: int) -> list[int]:
    """Return some of so many positions, evenly spread, with the last one included."""
    return sorted(count - 1 - place * count // wanted for place in range(wanted))


def _by_shares(count: int, shares: Mapping[str, float]) -> dict[int, str]:
    """Return positions with a reason each, by the share of each reason in all of them."""
    found: dict[int, str] = {}
    for reason, share in shares.items():
        free = [index for index in range(count) if index not in found]
        for place in _spread(len(free), min(len(free), _wanted(count, share))):
            found[free[place]] = reason
    return found

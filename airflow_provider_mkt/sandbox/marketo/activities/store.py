"""The log of activities, each with the time at which it becomes visible."""

import bisect
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import (
    EMAIL_BOUNCED,
    EMAIL_BOUNCED_SOFT,
    EMAIL_DELIVERED,
    SEND_EMAIL,
)
from airflow_provider_mkt.sandbox.marketo.settings import MarketoSettings

FIRST_ACTIVITY_ID = 100_001
BLOCK = 300
# An email is dated when it is sent, but visible when the mail server has responded. A reader that has passed
# its date misses it, so readers must overlap.
LATE = (SEND_EMAIL, EMAIL_DELIVERED, EMAIL_BOUNCED, EMAIL_BOUNCED_SOFT)

Attributes = dict[str, object]


@dataclass(frozen=True)
class Activity:
    id: int
    guid: str
    type_id: int
    lead_id: int
    date: datetime
    committed_at: datetime
    attributes: Attributes
    campaign_id: int | None = None
    primary_id: int | None = None
    primary_value: str | None = None
    fields: tuple[dict[str, object], ...] = ()
    skipped: bool = False
    """Whether what it is about was not done. Only bulk extracts have such rows."""


class Position(NamedTuple):
    """A position in the log, ordered by date and id."""

    date: datetime
    id: int


class Page(NamedTuple):
    rows: list[Activity]
    position: Position
    more: bool


def _position(row: Activity) -> Position:
    return Position(row.date, row.id)


class ActivityStore:
    def __init__(self, settings: MarketoSettings) -> None:
        self._settings = settings
        self._rows: list[Activity] = []
        self._order: list[Position] = []
        self._of_type: defaultdict[int, list[Activity]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self,
        type_id: int,
        lead_id: int,
        at: datetime,
        attributes: Attributes | None = None,
        *,
        campaign_id: int | None = None,
        primary: tuple[int | None, str] | None = None,
        fields: tuple[dict[str, object], ...] = (),
        committed_at: datetime | None = None,
        skipped: bool = False,
    ) -> Activity:
        number = FIRST_ACTIVITY_ID + len(self._rows)
        primary_id, primary_value = primary or (None, None)
        lag = timedelta(seconds=self._lag(type_id))
        activity = Activity(
            number,
            str(uuid.UUID(int=(type_id << 96) | number)),
            type_id,
            lead_id,
            at,
            committed_at or at + lag,
            attributes or {},
            campaign_id,
            primary_id,
            primary_value,
            fields,
            skipped,
        )
        index = bisect.bisect(self._order, Position(at, number))
        self._order.insert(index, Position(at, number))
        self._rows.insert(index, activity)
        bisect.insort(self._of_type[type_id], activity, key=_position)
        return activity

    def _lag(self, type_id: int) -> float:
        """Return the seconds after its date at which a row shows."""
        settings = self._settings
        own_lag = settings.commit_lag if type_id in LATE else 0.0
        return settings.activity_type_lags.get(type_id, max(own_lag, settings.activity_lag))

    def all(self, type_id: int | None = None) -> list[Activity]:
        """Return all activities, or those of one type, in the order of the log."""
        return list(self._rows if type_id is None else self._of_type.get(type_id, ()))

    def page(
        self,
        since: Position,
        now: datetime,
        size: int,
        wanted: Callable[[Activity], bool],
        block: int = BLOCK,
    ) -> Page:
        """Scan one block of the log. With few matches, a page before the last can be short or empty."""
        start = bisect.bisect_right(self._order, since)
        # Neither a slice nor `islice`: a page must not cost as much as the whole log.
        rest = map(self._rows.__getitem__, range(start, len(self._rows)))
        visible = (row for row in rest if row.committed_at <= now)
        rows: list[Activity] = []
        position = since
        for row in islice(visible, block):
            position = _position(row)
            if wanted(row):
                rows.append(row)
                if len(rows) == size:
                    break
        return Page(rows, position, next(visible, None) is not None)

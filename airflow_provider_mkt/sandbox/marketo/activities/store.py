"""The log of activities, each with the time at which it becomes visible."""

import bisect
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import EMAIL_DELIVERED, SEND_EMAIL

FIRST_ACTIVITY_ID = 100_001
BLOCK = 300
# An email is dated when it is sent, but visible when the mail server has responded. A reader that has passed
# its date misses it, so readers must overlap.
LATE = {SEND_EMAIL: timedelta(seconds=5), EMAIL_DELIVERED: timedelta(seconds=5)}

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


class Position(NamedTuple):
    """A position in the log, ordered by date and id."""

    date: datetime
    id: int


class Page(NamedTuple):
    rows: list[Activity]
    position: Position
    more: bool


class ActivityStore:
    def __init__(self) -> None:
        self._rows: list[Activity] = []
        self._order: list[Position] = []

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
    ) -> Activity:
        number = FIRST_ACTIVITY_ID + len(self._rows)
        primary_id, primary_value = primary or (None, None)
        activity = Activity(
            number,
            str(uuid.UUID(int=(type_id << 96) | number)),
            type_id,
            lead_id,
            at,
            committed_at or at + LATE.get(type_id, timedelta()),
            attributes or {},
            campaign_id,
            primary_id,
            primary_value,
            fields,
        )
        index = bisect.bisect(self._order, Position(at, number))
        self._order.insert(index, Position(at, number))
        self._rows.insert(index, activity)
        return activity

    def all(self, type_id: int | None = None, lead_id: int | None = None) -> list[Activity]:
        return [
            row
            for row in self._rows
            if (type_id is None or row.type_id == type_id) and (lead_id is None or row.lead_id == lead_id)
        ]

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
        seen = [row for row in self._rows[start:] if row.committed_at <= now]
        rows: list[Activity] = []
        position = since
        scanned = 0
        for row in seen[:block]:
            if len(rows) == size:
                break
            scanned += 1
            position = Position(row.date, row.id)
            if wanted(row):
                rows.append(row)
        return Page(rows, position, scanned < len(seen))

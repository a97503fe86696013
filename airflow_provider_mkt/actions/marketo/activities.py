"""Wait for activities in the log: one of each lead, or a number of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from airflow_provider_mkt.actions.jobs import (
    NAMED_MAX,
    PollCache,
    PollResult,
    aware_time,
    chunked,
    met_when,
    not_found_yet,
    note_found,
    one_of,
    whole_number,
)
from airflow_provider_mkt.actions.marketo.leads import LATE
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.rows import Activity
from airflow_provider_mkt.client.marketo.values import moment
from airflow_provider_mkt.client.paging import with_next

EMAIL_ACTIVITIES = {
    "sent": 6,
    "delivered": 7,
    "opened": 10,
    "clicked": 11,
    "bounced": 8,
    "unsubscribed": 9,
}
"""Types of activity whose primary attribute is the email's id."""
_STEP = timedelta(minutes=30)


def activity_seen(
    cache: PollCache,
    *,
    activity_type_ids: Sequence[int],
    since: str,
    lead_ids: Sequence[str] | None = None,
    about_id: str | None = None,
    count: int = 1,
) -> Procedure[PollResult]:
    """Poll whether the log shows an activity of every lead, or enough of any lead.

    Two calls at first and one later, for each 30 leads still missing, while there are few rows to read.
    """
    about = None if about_id is None else numeric_id("", "about_id", about_id)
    window = _Window(cache, aware_time("since", since))

    def counts(row: Activity) -> bool:
        return about is None or about in (row.get("primaryAttributeValueId"), row.get("campaignId"))

    if lead_ids is not None:
        return (yield from _of_each(cache, window, activity_type_ids, lead_ids, counts))
    return (yield from _of_any_lead(window, activity_type_ids, counts, whole_number("count", count)))


def email_activity(
    cache: PollCache, *, email_id: str, activity: str, count: int, since: str | None = None
) -> Procedure[PollResult]:
    """Poll whether the log shows enough mails of an email sent, delivered, opened ..."""
    kind = EMAIL_ACTIVITIES[one_of("activity", activity, tuple(EMAIL_ACTIVITIES))]
    if since is None:
        raise InvalidInput("since", "is missing: from when on activities count")
    email, window = numeric_id("", "email_id", email_id), _Window(cache, aware_time("since", since))

    def counts(row: Activity) -> bool:
        # Only one of the platform's two documents has the filter by asset.
        return row.get("primaryAttributeValueId") == email

    result: PollResult = yield from _of_any_lead(
        window, [kind], counts, whole_number("count", count), [email]
    )
    return PollResult(result.raw_status, {activity: result.details["activities"]})


class _Window:
    """From when the log is read: the given time, later only as far back as rows may still arrive late.

    :param cache: keeps where reading starts, the token for it, and how many rows are older than that.
    """

    def __init__(self, cache: PollCache, since: datetime) -> None:
        kept = cache.get("from")
        self.cache = cache
        # The log is read in whole seconds, and an earlier start misses nothing.
        self.start = aware_time("from", kept) if kept else since.replace(microsecond=0)

    def token(self) -> Procedure[str]:
        token = self.cache.get("token")
        if not isinstance(token, str):
            token = yield activities.paging_token(self.start)
            self.cache["token"] = token
        return token

    @property
    def before(self) -> int:
        """The number of rows counted that are older than the window."""
        before = self.cache.get("before")
        return before if isinstance(before, int) else 0

    def move(self, dates: Sequence[datetime]) -> None:
        """Move the window after all its rows, with these dates, were read."""
        start = datetime.fromtimestamp(int(time.time()), UTC) - timedelta(seconds=LATE)
        if start - self.start < _STEP:
            return
        self.cache["before"] = self.before + sum(date < start for date in dates)
        self.cache["from"] = start.isoformat()
        self.cache["token"] = None


def _of_each(
    cache: PollCache,
    window: _Window,
    kinds: Sequence[int],
    lead_ids: Sequence[str],
    counts: Callable[[Activity], bool],
) -> Procedure[PollResult]:
    leads = [str(numeric_id("", f"lead_ids[{index}]", one)) for index, one in enumerate(lead_ids)]
    for part in chunked(not_found_yet(cache, leads), activities.LEADS_MAX):
        token = yield from window.token()
        call: Call[list[Activity]] | None = activities.read(
            token, activity_type_ids=kinds, lead_ids=[int(one) for one in part]
        )
        left = set(part)
        while call is not None and left:
            rows: list[Activity]
            rows, call = yield with_next(call)
            left.difference_update(str(row["leadId"]) for row in rows if counts(row))
        note_found(cache, [one for one in part if one not in left])
    missing = len(not_found_yet(cache, leads))
    window.move(())
    return met_when(not missing, {"leads": len(leads), "missing": missing})


def _of_any_lead(
    window: _Window,
    kinds: Sequence[int],
    counts: Callable[[Activity], bool],
    count: int,
    asset_ids: Sequence[int] = (),
) -> Procedure[PollResult]:
    token = yield from window.token()
    call: Call[list[Activity]] | None = activities.read(token, activity_type_ids=kinds, asset_ids=asset_ids)
    dates: dict[str, datetime] = {}
    leads: dict[str, None] = {}
    while call is not None:
        rows: list[Activity]
        rows, call = yield with_next(call)
        for row in rows:
            at = moment(row["activityDate"])
            if counts(row) and (at is None or at >= window.start):
                dates[str(row["marketoGUID"])] = at or window.start
                leads[str(row["leadId"])] = None
        if window.before + len(dates) >= count:
            found = window.before + len(dates)
            return met_when(True, {"activities": found, "lead_ids": list(leads)[:NAMED_MAX]})
    found = window.before + len(dates)
    window.move(list(dates.values()))
    return met_when(False, {"activities": found})

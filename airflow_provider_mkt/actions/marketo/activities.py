"""Waiting for what the activity log tells: that something happened to each lead, or so many times."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from airflow_provider_mkt.actions.conditions import (
    ConditionState,
    State,
    in_parts,
    not_seen,
    note_seen,
    one_of,
    whole_number,
)
from airflow_provider_mkt.actions.marketo.leads import LATE
from airflow_provider_mkt.actions.ports import instant
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
    state: State,
    *,
    activity_type_ids: Sequence[int],
    since: str,
    lead_ids: Sequence[str] | None = None,
    about_id: str | None = None,
    count: int = 1,
) -> Procedure[ConditionState]:
    """Whether the log shows an activity of every lead, or so many of anybody. Two calls, then one, for each
    30 leads still missing and while there are few rows to read."""
    about = None if about_id is None else numeric_id("", "about_id", about_id)
    window = _Window(state, instant("since", since))

    def counts(row: Activity) -> bool:
        return about is None or about in (row.get("primaryAttributeValueId"), row.get("campaignId"))

    if lead_ids is not None:
        return (yield from _of_each(state, window, activity_type_ids, lead_ids, counts))
    return (yield from _of_anybody(window, activity_type_ids, counts, whole_number("count", count)))


def email_activity(
    state: State, *, email_id: str, activity: str, count: int, since: str | None = None
) -> Procedure[ConditionState]:
    """Whether the log shows so many mails sent, delivered, opened ... of an email."""
    kind = EMAIL_ACTIVITIES[one_of("activity", activity, tuple(EMAIL_ACTIVITIES))]
    if since is None:
        raise InvalidInput("since", "is missing: from when on activities count")
    email, window = numeric_id("", "email_id", email_id), _Window(state, instant("since", since))

    def counts(row: Activity) -> bool:
        # The filter by asset stands in one of the platform's two documents alone.
        return row.get("primaryAttributeValueId") == email

    seen: ConditionState = yield from _of_anybody(
        window, [kind], counts, whole_number("count", count), [email]
    )
    return ConditionState(seen.done, {activity: seen.details["activities"]})


class _Window:
    """From when on the log is read: the given time, later on as far back as rows may still come in late.

    :param state: keeps where reading starts, the token for it, and how many rows are older than that.
    """

    def __init__(self, state: State, since: datetime) -> None:
        kept = state.get("from")
        self.state = state
        # The log is asked in whole seconds, and an earlier start loses nothing.
        self.start = instant("from", kept) if kept else since.replace(microsecond=0)

    def token(self) -> Procedure[str]:
        token = self.state.get("token")
        if not isinstance(token, str):
            token = yield activities.paging_token(self.start)
            self.state["token"] = token
        return token

    @property
    def before(self) -> int:
        """How many rows were counted that are older than the window."""
        before = self.state.get("before")
        return before if isinstance(before, int) else 0

    def read_to_the_end(self, dates: Sequence[datetime]) -> None:
        """All rows of the window were read, with these dates: the next look need not go back as far."""
        start = datetime.fromtimestamp(int(time.time()), UTC) - timedelta(seconds=LATE)
        if start - self.start < _STEP:
            return
        self.state["before"] = self.before + sum(date < start for date in dates)
        self.state["from"] = start.isoformat()
        self.state["token"] = None


def _of_each(
    state: State,
    window: _Window,
    kinds: Sequence[int],
    lead_ids: Sequence[str],
    counts: Callable[[Activity], bool],
) -> Procedure[ConditionState]:
    leads = [str(numeric_id("", f"lead_ids[{index}]", one)) for index, one in enumerate(lead_ids)]
    for part in in_parts(not_seen(state, leads), activities.LEADS_MAX):
        token = yield from window.token()
        call: Call[list[Activity]] | None = activities.read(
            token, activity_type_ids=kinds, lead_ids=[int(one) for one in part]
        )
        left = set(part)
        while call is not None and left:
            rows: list[Activity]
            rows, call = yield with_next(call)
            left.difference_update(str(row["leadId"]) for row in rows if counts(row))
        note_seen(state, [one for one in part if one not in left])
    missing = len(not_seen(state, leads))
    window.read_to_the_end(())
    return ConditionState(not missing, {"leads": len(leads), "missing": missing})


def _of_anybody(
    window: _Window,
    kinds: Sequence[int],
    counts: Callable[[Activity], bool],
    count: int,
    asset_ids: Sequence[int] = (),
) -> Procedure[ConditionState]:
    token = yield from window.token()
    call: Call[list[Activity]] | None = activities.read(token, activity_type_ids=kinds, asset_ids=asset_ids)
    dates: dict[str, datetime] = {}
    while call is not None:
        rows: list[Activity]
        rows, call = yield with_next(call)
        for row in rows:
            at = moment(row["activityDate"])
            if counts(row) and (at is None or at >= window.start):
                dates[str(row["marketoGUID"])] = at or window.start
        if window.before + len(dates) >= count:
            return ConditionState(True, {"activities": window.before + len(dates)})
    found = window.before + len(dates)
    window.read_to_the_end(list(dates.values()))
    return ConditionState(False, {"activities": found})

"""Marketo's feeds: kinds of activity, and email programs that were sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

from airflow_provider_mkt.actions.feeds import Entry, Feed, MakeFeed, Span, joined_scheduled
from airflow_provider_mkt.actions.jobs import chunked
from airflow_provider_mkt.actions.marketo.lead_reads import MERGE_LEADS, merged_ids
from airflow_provider_mkt.actions.marketo.leads import LATE
from airflow_provider_mkt.actions.polling import Log
from airflow_provider_mkt.actions.procedure import Pages, Procedure
from airflow_provider_mkt.client.call import Call, Envelope, Json, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.requests import BATCH_MAX
from airflow_provider_mkt.client.marketo.rows import Activity, Program
from airflow_provider_mkt.client.marketo.values import moment

FILL_OUT_FORM = 2
ADD_TO_LIST = 24
REMOVE_FROM_LIST = 25


class ActivityFeed(Feed):
    """Activities of the log.

    :param group: is equal for feeds whose calls differ by the assets at most.
    :param call: makes the call that reads a page, from a paging token, of all assets or of some.
    :param assets: what the activities are about; anything when empty. The platform may ignore it.
    :param about: only activities about this; anything when None.
    :param leads: returns the leads that an activity tells of; the one that it is of when not given.
    """

    late = LATE
    page = BATCH_MAX

    def __init__(
        self,
        group: Hashable,
        call: Callable[[str, Sequence[int]], Call[list[Activity]]],
        *,
        assets: Sequence[int] = (),
        about: int | None = None,
        leads: Callable[[Activity], Sequence[int]] | None = None,
    ) -> None:
        self.group = group
        self._leads = leads
        self._call = call
        self._assets = tuple(assets)
        self._about = about
        # An argument that is wrong is an error here, before anything is sent.
        call("token", self._assets)

    def read(self, span: Span, note: Callable[[Entry], None], log: Log) -> Procedure[None]:
        kept = span.position.get("token") if self._ended_there(span) else None
        token = kept if isinstance(kept, str) else (yield from _token(span.start))
        more = True
        while more:
            try:
                rows, token, more = yield from self._page(token)
            except InvalidRequest as error:
                if token != kept:
                    raise
                # How long a token is valid is not documented.
                log.warning("The paging token is not valid any more, reading from %s: %s", span.since, error)
                token = yield from _token(span.since)
                continue
            for row in rows:
                about = (row.get("primaryAttributeValueId"), row.get("campaignId"))
                guid, at = str(row["marketoGUID"]), _date(row, span)
                if self._leads is None:
                    note(Entry(str(row["leadId"]), guid, at, about))
                    continue
                for lead in self._leads(row):
                    note(Entry(str(lead), f"{guid} {lead}", at, about))
        span.position.update(token=token, assets=list(self._assets))

    def counts(self, entry: Entry, position: Mapping[str, Json]) -> bool:
        # Only one of the platform's two documents has the filter by asset, so the rows are compared too.
        return self._about is None or self._about in entry.about

    def joined(self, others: Sequence[Feed]) -> Feed:
        feeds = [self, *(one for one in others if isinstance(one, ActivityFeed))]
        assets = {asset for one in feeds for asset in one._assets}
        if not all(one._assets for one in feeds) or len(assets) > BATCH_MAX:
            assets = set()
        return ActivityFeed(self.group, self._call, assets=sorted(assets))

    def joined_position(self, positions: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Return the paging token, when all had the same."""
        return dict(positions[0]) if all(one == positions[0] for one in positions) else {}

    def _ended_there(self, span: Span) -> bool:
        """Whether a read of the same activities ended at the paging token."""
        # Earlier releases kept no assets: a token of theirs is replaced once.
        return span.goes_on and span.position.get("assets") == list(self._assets)

    def _page(self, token: str) -> Procedure[tuple[list[Activity], str, bool]]:
        call = self._call(token, self._assets)

        def read(envelope: Envelope) -> tuple[list[Activity], str, bool]:
            return call.read(envelope), str(envelope["nextPageToken"]), bool(envelope.get("moreResult"))

        page: tuple[list[Activity], str, bool] = yield replace(call, read=read, follow=None)  # type: ignore[arg-type]
        return page


def _token(since: datetime) -> Procedure[str]:
    # The log is read in whole seconds, and an earlier start misses nothing.
    token: str = yield activities.paging_token(since.replace(microsecond=0))
    return token


def _date(row: Activity, span: Span) -> datetime:
    return moment(row["activityDate"]) or span.start


class DeletedFeed(Feed):
    """Leads that were deleted, or merged into others.

    :param include_merged: also those that were merged.
    """

    late = LATE
    page = BATCH_MAX

    def __init__(self, *, include_merged: bool = True) -> None:
        self.group = (DeletedFeed, include_merged)
        self._parts = {"deleted": ActivityFeed("deleted", lambda token, _: activities.deleted_leads(token))}
        if include_merged:
            self._parts["merged"] = ActivityFeed("merged", _merges, leads=merged_ids)

    def read(self, span: Span, note: Callable[[Entry], None], log: Log) -> Procedure[None]:
        for name, feed in self._parts.items():
            kept = span.position.get(name)
            position = dict(kept) if isinstance(kept, dict) else {}
            part = Span(span.since, span.start, position, goes_on=span.goes_on, now=span.now)
            yield from feed.read(part, note, log)
            span.position[name] = part.position

    def joined_position(self, positions: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Return the paging tokens, when all had the same."""
        return dict(positions[0]) if all(one == positions[0] for one in positions) else {}


def _merges(token: str, _: Sequence[int]) -> Call[list[Activity]]:
    return activities.read(token, activity_type_ids=[MERGE_LEADS])


class EmailProgramFeed(Feed):
    """Email programs whose start has passed while they were approved.

    The status of a program does not say when its last mail is out.

    :param clock: epoch seconds.
    """

    late = 900.0
    page = 200
    group = "emails sent"

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def read(self, span: Span, note: Callable[[Entry], None], log: Log) -> Procedure[None]:
        kept = span.position.get("scheduled")
        # A program that was approved before the watcher began may start later.
        since = None if kept is None else span.since
        rows: list[Program] = yield Pages(programs.list(updated_after=since))
        scheduled = {str(one) for one in kept} if isinstance(kept, list) else set()
        missing = sorted(scheduled - {str(row["id"]) for row in rows})
        for part in chunked(missing, BATCH_MAX):
            rows += yield Pages(programs.list(filter_type="id", filter_values=part))
        now = datetime.fromtimestamp(self._clock(), UTC)
        waiting: list[str] = []
        for row in rows:
            start = moment(row.get("startDate"))
            if str(row.get("status")).lower() != "locked" or start is None:
                continue
            if start > now:
                waiting.append(str(row["id"]))
            else:
                note(Entry(str(row["id"]), f"{row['id']}@{start.isoformat()}", start))
        span.position["scheduled"] = sorted(set(waiting))

    def joined_position(self, positions: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        return joined_scheduled(positions)


def new_leads() -> ActivityFeed:
    """Leads that were created."""
    return _of_types([activities.NEW_LEAD])


def lead_changes(*, fields: Sequence[str] = (), list_id: str | None = None) -> ActivityFeed:
    """Leads that were created, or had one of some fields changed.

    :param fields: REST names of the fields.
    :param list_id: only members of this static list, which has fewer than 10,000.
    :raises InvalidInput: without fields.
    """
    if not fields:
        raise InvalidInput("fields", "is missing: Marketo reports the changes of the fields that are named")
    of_list = None if list_id is None else numeric_id("", "list_id", list_id)

    def call(token: str, assets: Sequence[int]) -> Call[list[Activity]]:
        return activities.lead_changes(token, fields=fields, list_id=of_list)

    return ActivityFeed(("lead changes", tuple(fields), of_list), call)


def list_members(*, list_id: str) -> ActivityFeed:
    """Leads that were added to a static list."""
    return _of_types([ADD_TO_LIST], numeric_id("", "list_id", list_id), by_asset=True)


def list_removals(*, list_id: str) -> ActivityFeed:
    """Leads that were removed from a static list."""
    return _of_types([REMOVE_FROM_LIST], numeric_id("", "list_id", list_id), by_asset=True)


def form_submissions(*, form_id: str | None = None) -> ActivityFeed:
    """Forms that were filled out."""
    form = None if form_id is None else numeric_id("", "form_id", form_id)
    return _of_types([FILL_OUT_FORM], form, by_asset=True)


def lead_activities(*, activity_type_ids: Sequence[int], about_id: str | None = None) -> ActivityFeed:
    """Activities of some types.

    :param about_id: only those about this campaign, email, form, list ...
    """
    about = None if about_id is None else numeric_id("", "about_id", about_id)
    return _of_types(activity_type_ids, about)


def _of_types(kinds: Sequence[int], about: int | None = None, *, by_asset: bool = False) -> ActivityFeed:
    def call(token: str, assets: Sequence[int]) -> Call[list[Activity]]:
        return activities.read(token, activity_type_ids=kinds, asset_ids=assets)

    assets = [about] if by_asset and about is not None else []
    return ActivityFeed(("activities", tuple(sorted(kinds))), call, assets=assets, about=about)


FEEDS = cast(
    "Mapping[str, MakeFeed]",
    {
        "new_leads": new_leads,
        "lead_changes": lead_changes,
        "deleted_leads": DeletedFeed,
        "list_members": list_members,
        "list_removals": list_removals,
        "form_submissions": form_submissions,
        "lead_activities": lead_activities,
        "emails_sent": EmailProgramFeed,
    },
)

"""HubSpot's feeds: contacts, members of a list, submissions of a form, and emails that were sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

from airflow_provider_mkt.actions.feeds import Entry, Feed, MakeFeed, Span, joined_scheduled
from airflow_provider_mkt.actions.hubspot.contacts import LOG
from airflow_provider_mkt.actions.hubspot.departures import DeletedFeed, RemovalFeed
from airflow_provider_mkt.actions.hubspot.jobs import REGULAR, SCHEDULED, SENDING, email_status
from airflow_provider_mkt.actions.polling import Log
from airflow_provider_mkt.actions.procedure import Pages, Procedure
from airflow_provider_mkt.client.call import Call, Json, numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.hubspot.contacts import contact_search
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.emails._fields import Email
from airflow_provider_mkt.client.hubspot.forms import form_submissions
from airflow_provider_mkt.client.hubspot.lists import list_memberships
from airflow_provider_mkt.client.hubspot.lists._types import MEMBERS_PAGE_MAX
from airflow_provider_mkt.client.hubspot.objects._records import Record as Contact
from airflow_provider_mkt.client.hubspot.values import moment
from airflow_provider_mkt.client.paging import with_next
from airflow_provider_mkt.client.parameters import path_segment


class ContactFeed(Feed):
    """Contacts by one of their times.

    :param time_property: ``createdate`` or ``lastmodifieddate``.
    """

    late = LOG.late
    page = 200

    def __init__(self, time_property: str) -> None:
        self._time = time_property
        self.group = (ContactFeed, time_property)

    def read(self, span: Span, note: Callable[[Entry], None], log: Log) -> Procedure[None]:
        from_ms = int(span.start.timestamp() * 1000)
        wanted = [[{"property_name": self._time, "operator": "GTE", "value": str(from_ms)}]]
        call: Call[list[Contact]] | None = contact_search.search_all(wanted, properties=[self._time])
        while call is not None:
            rows: list[Contact]
            rows, call = yield with_next(call)
            for row in rows:
                at = str(row["properties"].get(self._time) or row["updatedAt"])
                note(Entry(str(row["id"]), f"{row['id']}@{at}", moment(at)))


class MemberFeed(Feed):
    """Members of a list, in the order in which they joined.

    :param list_id: the list.
    """

    late = LOG.late
    page = MEMBERS_PAGE_MAX

    def __init__(self, *, list_id: str) -> None:
        self._list_id = str(numeric_id("", "list_id", list_id))
        self.group = (MemberFeed, self._list_id)

    def read(self, span: Span, note: Callable[[Entry], None], log: Log) -> Procedure[None]:
        cursor, first = span.position.get("cursor"), span.position.get("first")
        after = cursor if isinstance(cursor, str) else None
        members: list[list_memberships.Member]
        following: Call[list[list_memberships.Member]] | None
        members, following = yield with_next(self._page(after))
        if after is not None and (not members or members[0]["recordId"] != first):
            # What a cursor points to after members were removed is not documented.
            log.info("List %s has lost members; reading it from its start", self._list_id)
            after = None
            members, following = yield with_next(self._page(None))
        span.position.clear()
        while True:
            if members and moment(members[0]["membershipTimestamp"]) < span.since:
                span.position.update(cursor=after, first=members[0]["recordId"])
            for row in members:
                at = row["membershipTimestamp"]
                note(Entry(row["recordId"], f"{row['recordId']}@{at}", moment(at)))
            if following is None:
                return
            after = dict(following.query).get("after")
            members, following = yield with_next(following)

    def _page(self, after: str | None) -> Call[list[list_memberships.Member]]:
        return list_memberships.by_join_time(self._list_id, after=after)


class SubmissionFeed(Feed):
    """Submissions of a form, the newest first.

    One to which its sender gave an earlier time than that of the window is not found.

    :param form_id: the form.
    :raises InvalidInput: without a form: HubSpot lists the submissions of one form.
    """

    late = LOG.late
    page = form_submissions.PAGE_MAX

    def __init__(self, *, form_id: str | None = None) -> None:
        if form_id is None:
            raise InvalidInput("form_id", "is missing: HubSpot lists the submissions of one form")
        self._form_id = path_segment("form_id", form_id)
        self.group = (SubmissionFeed, self._form_id)

    def read(self, span: Span, note: Callable[[Entry], None], log: Log) -> Procedure[None]:
        call: Call[list[form_submissions.Submission]] | None = form_submissions.list(self._form_id)
        while call is not None:
            rows: list[form_submissions.Submission]
            rows, call = yield with_next(call)
            for row in rows:
                at = datetime.fromtimestamp(row["submittedAt"] / 1000, UTC)
                if at < span.start:
                    return
                note(Entry(row["conversionId"], row["conversionId"], at))


class EmailFeed(Feed):
    """Marketing emails that were sent to their audience. Automated emails are not among them."""

    late = LOG.late
    page = emails.PAGE_MAX
    group = "emails sent"

    def read(self, span: Span, note: Callable[[Entry], None], log: Log) -> Procedure[None]:
        kept = span.position.get("scheduled")
        # The filter is for later times. An email that was scheduled before the watcher began is sent later.
        since = None if kept is None else (span.since - timedelta(milliseconds=1), None)
        rows: list[Email] = yield Pages(emails.list(updated=since))
        scheduled = {str(one) for one in kept} if isinstance(kept, list) else set()
        for email_id in sorted(scheduled - {row.id for row in rows}):
            try:
                rows.append((yield emails.get(email_id)))
            except NotFound:
                continue
        waiting: list[str] = []
        for row in rows:
            state, at = email_status(row), row.publishDate or row.publishedAt
            if state in SCHEDULED | SENDING:
                waiting.append(row.id)
                if at is not None:
                    span.keep_open(moment(at))
            elif state in REGULAR and at is not None:
                note(Entry(row.id, f"{row.id}@{at}", moment(at)))
        span.position["scheduled"] = sorted(set(waiting))

    def joined_position(self, positions: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        return joined_scheduled(positions)


def new_leads() -> ContactFeed:
    """Contacts that were created."""
    return ContactFeed("createdate")


def lead_changes(*, fields: Sequence[str] = (), list_id: str | None = None) -> ContactFeed:
    """Contacts that were created or changed.

    :raises InvalidInput: on fields or a list, which the platform cannot filter changes by.
    """
    for name, value in (("fields", fields), ("list_id", list_id)):
        if value:
            raise InvalidInput(name, "HubSpot reports changes of all contacts in all fields; leave it out")
    return ContactFeed("lastmodifieddate")


FEEDS = cast(
    "Mapping[str, MakeFeed]",
    {
        "new_leads": new_leads,
        "lead_changes": lead_changes,
        "deleted_leads": DeletedFeed,
        "list_members": MemberFeed,
        "list_removals": RemovalFeed,
        "form_submissions": SubmissionFeed,
        "emails_sent": EmailFeed,
    },
)

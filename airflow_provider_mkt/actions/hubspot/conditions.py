"""Conditions that can be waited for on HubSpot."""

from __future__ import annotations

from airflow_provider_mkt.actions.hubspot import account, batch_reads
from airflow_provider_mkt.actions.hubspot.contacts import (
    in_list,
    leads_changed,
    leads_matching,
    leads_visible,
)
from airflow_provider_mkt.actions.hubspot.events import event_attendance, event_found
from airflow_provider_mkt.actions.jobs import (
    BatchStatus,
    PollCache,
    PollResult,
    condition,
    enough_left,
    met_when,
    one_of,
    whole_number,
)
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.hubspot.automation import sequences
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.lists import lists
from airflow_provider_mkt.client.hubspot.lists._types import ContactList
from airflow_provider_mkt.client.json_types import JsonDict

COUNTERS = {
    "sent": "sent",
    "delivered": "delivered",
    "opened": "open",
    "clicked": "click",
    "bounced": "bounce",
    "unsubscribed": "unsubscribed",
}
"""The platform's names of an email's counters."""
_LIST_STATUSES = {"processing": BatchStatus.PROCESSING, "complete": BatchStatus.COMPLETE}


def email_activity(
    cache: PollCache, *, email_id: str, activity: str, count: int, since: str | None = None
) -> Procedure[PollResult]:
    """Poll whether an email's counter has reached a number. One call."""
    counter = COUNTERS[one_of("activity", activity, tuple(COUNTERS))]
    whole_number("count", count)
    if since is not None:
        raise InvalidInput("since", "HubSpot counts from the first mail on; leave it out")
    email: emails.Email = yield emails.get(email_id, include_stats=True)
    stats: JsonDict = (email.model_extra or {}).get("stats") or {}
    reached = int((stats.get("counters") or {}).get(counter) or 0)
    return met_when(reached >= count, {activity: reached})


def list_processed(cache: PollCache, *, list_id: str) -> Procedure[PollResult]:
    """Poll whether the filters of a list have found its members. One call."""
    one: ContactList = yield lists.get(list_id)
    raw_status = str(one["processingStatus"]).upper()
    return PollResult(raw_status, {"status": raw_status, "size": one.get("size")})


def quota_left(cache: PollCache, *, need: int) -> Procedure[PollResult]:
    """Poll whether enough of the day's calls are left. One call."""
    return (yield from enough_left(account.today(), need))


def in_sequence(
    cache: PollCache, *, contact_id: str, sequence_id: str | None = None
) -> Procedure[PollResult]:
    """Poll whether a contact is enrolled in a sequence. One call.

    The platform returns the same for a contact in no sequence and for one that does not exist.
    """
    try:
        current: sequences.CurrentEnrolment = yield sequences.enrolment(contact_id)
    except NotFound:
        return met_when(False, {"sequence_id": None})
    details = {"sequence_id": current["sequenceId"], "enrolled_at": current["enrolledAt"]}
    return met_when(sequence_id in (None, str(current["sequenceId"])), details)


SPECS = (
    condition("hubspot", "email_activity", email_activity, poke_interval=300),
    condition("hubspot", "leads_visible", leads_visible, poke_interval=15),
    condition("hubspot", "leads_matching", leads_matching, poke_interval=15),
    condition("hubspot", "leads_changed", leads_changed, poke_interval=60),
    condition("hubspot", "in_list", in_list, poke_interval=60, batch_reads=(batch_reads.MEMBERSHIPS,)),
    condition("hubspot", "quota_left", quota_left, poke_interval=300),
    condition(
        "hubspot",
        "list_processed",
        list_processed,
        poke_interval=10,
        status_map=_LIST_STATUSES,
        batch_reads=(batch_reads.LIST,),
    ),
    condition("hubspot", "event_attendance", event_attendance, poke_interval=60),
    condition("hubspot", "event_found", event_found, poke_interval=60),
    condition("hubspot", "in_sequence", in_sequence, poke_interval=60),
)

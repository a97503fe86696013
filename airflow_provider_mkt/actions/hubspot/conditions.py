"""What can be waited for on HubSpot beside its background work."""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.actions.conditions import (
    ConditionSpec,
    ConditionState,
    State,
    enough_left,
    one_of,
    whole_number,
)
from airflow_provider_mkt.actions.hubspot import account
from airflow_provider_mkt.actions.hubspot.contacts import (
    in_list,
    leads_changed,
    leads_matching,
    leads_visible,
)
from airflow_provider_mkt.actions.hubspot.events import event_attendance, event_found
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.hubspot.automation import sequences
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.lists import lists
from airflow_provider_mkt.client.hubspot.lists._types import ContactList

COUNTERS = {
    "sent": "sent",
    "delivered": "delivered",
    "opened": "open",
    "clicked": "click",
    "bounced": "bounce",
    "unsubscribed": "unsubscribed",
}
"""What the counters of an email are called."""
_AT_WORK = frozenset({"PROCESSING"})


def email_activity(
    state: State, *, email_id: str, activity: str, count: int, since: str | None = None
) -> Procedure[ConditionState]:
    """Whether an email's counter has reached a number. One call."""
    counter = COUNTERS[one_of("activity", activity, tuple(COUNTERS))]
    whole_number("count", count)
    if since is not None:
        raise InvalidInput("since", "HubSpot counts from the first mail on; leave it out")
    email: emails.Email = yield emails.get(email_id, include_stats=True)
    stats: dict[str, Any] = (email.model_extra or {}).get("stats") or {}
    reached = int((stats.get("counters") or {}).get(counter) or 0)
    return ConditionState(reached >= count, {activity: reached})


def list_processed(state: State, *, list_id: str) -> Procedure[ConditionState]:
    """Whether the filters of a list have found its members. One call."""
    one: ContactList = yield lists.get(list_id)
    raw_status = str(one["processingStatus"]).upper()
    done = raw_status == "COMPLETE"
    odd = "" if done or raw_status in _AT_WORK else f"the status {raw_status!r} of list {list_id}"
    return ConditionState(done, {"status": raw_status, "size": one.get("size")}, odd=odd)


def quota_left(state: State, *, need: int) -> Procedure[ConditionState]:
    """Whether enough of the day's calls are left. One call."""
    return (yield from enough_left(account.today(), need))


def in_sequence(
    state: State, *, contact_id: str, sequence_id: str | None = None
) -> Procedure[ConditionState]:
    """Whether a contact is enrolled in a sequence. One call.

    The platform answers alike for a contact that is in no sequence yet and for one that does not exist.
    """
    try:
        current: sequences.CurrentEnrolment = yield sequences.enrolment(contact_id)
    except NotFound:
        return ConditionState(False, {"sequence_id": None})
    details = {"sequence_id": current["sequenceId"], "enrolled_at": current["enrolledAt"]}
    return ConditionState(sequence_id in (None, str(current["sequenceId"])), details)


SPECS = (
    ConditionSpec("email_activity", email_activity, poke_interval=300),
    ConditionSpec("leads_visible", leads_visible, poke_interval=15),
    ConditionSpec("leads_matching", leads_matching, poke_interval=15),
    ConditionSpec("leads_changed", leads_changed, poke_interval=60),
    ConditionSpec("in_list", in_list, poke_interval=60),
    ConditionSpec("quota_left", quota_left, poke_interval=300),
    ConditionSpec("list_processed", list_processed, poke_interval=10),
    ConditionSpec("event_attendance", event_attendance, poke_interval=60),
    ConditionSpec("event_found", event_found, poke_interval=60),
    ConditionSpec("in_sequence", in_sequence, poke_interval=60),
)

"""Waiting for marketing events: that they can be found, and that people take part."""

from __future__ import annotations

from airflow_provider_mkt.api.conditions import Seen, State, whole_number, word_of
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.hubspot import marketing_event_objects
from airflow_provider_mkt.api.hubspot import marketing_event_participations as participations

COUNTERS = {
    "registered": "registered",
    "attended": "attended",
    "cancelled": "cancelled",
    "no_show": "noShows",
}


def event_attendance(
    state: State,
    *,
    attendance: str,
    count: int,
    object_id: str | None = None,
    external_event_id: str | None = None,
    external_account_id: str | None = None,
) -> Flow[Seen]:
    """Whether so many people have registered, attended, cancelled or not come. One call."""
    word_of("attendance", attendance, tuple(COUNTERS))
    whole_number("count", count)
    if (object_id is None) == (external_event_id is None):
        raise InvalidInput("object_id", "give either object_id or external_event_id")
    if object_id is not None:
        call = participations.counters_by_object_id(object_id)
    else:
        if external_account_id is None:
            raise InvalidInput("external_account_id", "is missing; it goes with external_event_id")
        call = participations.counters(external_event_id or "", external_account_id)
    counters: participations.Counters = yield call
    told: dict[str, int] = {name: int(dict(counters).get(key) or 0) for name, key in COUNTERS.items()}  # type: ignore[call-overload]
    return Seen(told[attendance] >= count, told)


def event_found(
    state: State, *, external_event_id: str, external_account_id: str | None = None
) -> Flow[Seen]:
    """Whether an event can be found by its external id, which takes some minutes. One call."""
    rows: list[marketing_event_objects.EventIdentifiers] = yield marketing_event_objects.find(
        external_event_id
    )
    ids = [
        str(row["objectId"]) for row in rows if external_account_id in (None, row.get("externalAccountId"))
    ]
    return Seen(bool(ids), {"object_ids": ids})

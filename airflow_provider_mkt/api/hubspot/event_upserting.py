"""Creating and updating marketing events, each with an outcome of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.hubspot import marketing_events
from airflow_provider_mkt.api.hubspot.marketing_event_fields import BATCH_MAX, Batch, EventRow, Fields, whole


@dataclass
class EventsUpserted:
    """What became of events, by external account and event id.

    :param written: created, or updated.
    :param rejected: refused, with the reason.
    """

    written: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def upsert_all(events: Sequence[Fields]) -> Flow[EventsUpserted]:
    """Create or update events of this app; doing it again changes nothing more.

    The answer of a batch names neither the events that were written nor, for sure, those that were not.
    Where it leaves open what became of an event, the batch is sent again in halves.

    :param events: one mapping each, of the arguments of :func:`.marketing_events.upsert` by name.
    :raises InvalidInput: naming the event and the field that is wrong; nothing is sent then.
    """
    _check(events)
    outcome = EventsUpserted()
    ready = [list(events[start : start + BATCH_MAX]) for start in range(0, len(events), BATCH_MAX)]
    while ready:
        batch = ready.pop(0)
        reasons = yield from _upsert(batch)
        if reasons is None:
            half = len(batch) // 2
            ready[:0] = [batch[:half], batch[half:]]
            continue
        for event in batch:
            if (reason := reasons.get(event["external_event_id"])) is None:
                outcome.written.append(label(event))
            else:
                outcome.rejected[label(event)] = reason
    return outcome


def label(event: Fields) -> str:
    """How outcomes name an event."""
    return f"{event['external_account_id']}/{event['external_event_id']}"


def _check(events: Sequence[Fields]) -> None:
    if not events:
        raise InvalidInput("events", "is empty: nothing to write")
    seen: set[str] = set()
    for place, event in enumerate(events):
        whole("marketing_events.upsert_batch", event, where=f"events[{place}].")
        if label(event) in seen:
            raise InvalidInput(f"events[{place}].external_event_id", "occurs twice in the list")
        seen.add(label(event))


def _upsert(batch: Sequence[Fields]) -> Flow[dict[str, str] | None]:
    """Why events of a batch were refused, by external event id; None where that is not clear."""
    try:
        answer: Batch[EventRow] = yield marketing_events.upsert_batch(batch)
    except InvalidRequest as refused:
        return {batch[0]["external_event_id"]: refused.message} if len(batch) == 1 else None
    if len(batch) == 1:
        if answer.errors or answer.numErrors or not answer.results:
            told = "; ".join(error.message for error in answer.errors if error.message)
            return {batch[0]["external_event_id"]: told or "the answer does not name it"}
        return {}
    named: dict[str, str] = {}
    for error in answer.errors:
        named |= dict.fromkeys(error.ids(), error.message or error.category)
    there: Counter[Any] = Counter(event["external_event_id"] for event in batch)
    clear = (
        all(error.ids() for error in answer.errors)
        and all(there[name] == 1 for name in named)
        and len(answer.results) + len(named) == len(batch)
    )
    return named if clear else None

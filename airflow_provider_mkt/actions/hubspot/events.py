"""Create and update marketing events, record who takes part, and wait for events and attendance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from airflow_provider_mkt.actions.hubspot.records import RECORD_STATUSES
from airflow_provider_mkt.actions.jobs import PollCache, PollResult, met_when, one_of, whole_number
from airflow_provider_mkt.actions.leads import (
    KnownFields,
    Record,
    RecordResult,
    RecordStatus,
    RunCall,
    rejected,
)
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.client.hubspot.events import marketing_event_attendance as attendance
from airflow_provider_mkt.client.hubspot.events import marketing_event_objects, marketing_events
from airflow_provider_mkt.client.hubspot.events import marketing_event_participations as participations
from airflow_provider_mkt.client.hubspot.events._fields import (
    BATCH_MAX,
    Batch,
    EventRow,
    Fields,
    complete_event_body,
)
from airflow_provider_mkt.client.hubspot.events.marketing_event_attendance import Subscriber
from airflow_provider_mkt.client.parameters import errors_name
from airflow_provider_mkt.client.transport.exchange import Reply


@dataclass
class EventsUpserted:
    """The outcome of writing events, by external account and event id.

    :param written: created or updated.
    :param rejected: rejected, with the reason.
    """

    written: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


def upsert_all(events: Sequence[Fields]) -> Procedure[EventsUpserted]:
    """Create or update events of this app. Repeating it changes nothing more.

    The answer of a batch does not name the events that were written, and not reliably those that were not.
    Where the outcome of an event is unclear, the batch is sent again in halves.

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
            if (reason := reasons.get(_event_id(event))) is None:
                outcome.written.append(label(event))
            else:
                outcome.rejected[label(event)] = reason
    return outcome


def label(event: Fields) -> str:
    """Return the name of an event in outcomes."""
    return f"{event['external_account_id']}/{event['external_event_id']}"


def _event_id(event: Fields) -> str:
    return str(event["external_event_id"])


def _check(events: Sequence[Fields]) -> None:
    if not events:
        raise InvalidInput("events", "is empty: nothing to write")
    seen: set[str] = set()
    for place, event in enumerate(events):
        with errors_name("marketing_events.upsert_batch"):
            complete_event_body(event, prefix=f"events[{place}].")
        if label(event) in seen:
            raise InvalidInput(f"events[{place}].external_event_id", "occurs twice in the list")
        seen.add(label(event))


def _upsert(batch: Sequence[Fields]) -> Procedure[dict[str, str] | None]:
    """Write a batch. Returns why events were rejected, by external event id; None where that is unclear."""
    try:
        answer: Batch[EventRow] = yield marketing_events.upsert_batch(batch)
    except InvalidRequest as rejection:
        return {_event_id(batch[0]): rejection.message} if len(batch) == 1 else None
    if len(batch) == 1:
        if answer.errors or answer.numErrors or not answer.results:
            reason = "; ".join(error.message for error in answer.errors if error.message)
            return {_event_id(batch[0]): reason or "the answer does not name it"}
        return {}
    named: dict[str, str] = {}
    for error in answer.errors:
        named |= dict.fromkeys(error.ids(), error.message or error.category)
    sent = Counter(map(_event_id, batch))
    clear = (
        all(error.ids() for error in answer.errors)
        and all(sent[name] == 1 for name in named)
        and len(answer.results) + len(named) == len(batch)
    )
    return named if clear else None


KEYS = ("email", "contact_id")
_FIELDS = frozenset({"interaction_at", "joined_at", "left_at", "properties"})


class AttendanceWriter:
    """Record one attendance state of contacts at one event. A repeat with the same time adds nothing.

    :param state: ``register``, ``attend`` or ``cancel``.
    :param lookup_field: ``email`` or ``contact_id``: the key of a contact in the rows.
    :param external_event_id: the event's id in the system it comes from, for an event of this app.
    :param external_account_id: the account there.
    :param object_id: instead of both: the event's object id, whichever app created it.
    :raises InvalidInput: on another state or key, or unless the event is named in exactly one way.
    """

    batch_max = BATCH_MAX
    bytes_max = 4_000_000
    quiet_after = 0.0
    repeatable = True
    one_lead_per_key = True
    standard_fields: frozenset[str] = frozenset()

    def __init__(
        self,
        *,
        state: str,
        lookup_field: str = "email",
        external_event_id: str | None = None,
        external_account_id: str | None = None,
        object_id: str | None = None,
    ) -> None:
        for name, value, known in (
            ("state", state, attendance.STATES),
            ("lookup_field", lookup_field, KEYS),
        ):
            if value not in known:
                raise InvalidInput(name, f"must be one of {', '.join(known)}")
        external = (external_event_id, external_account_id)
        if (object_id is None) == (None in external) or (object_id is not None and any(external)):
            raise InvalidInput(
                "external_event_id", "give it together with external_account_id, or give object_id instead"
            )
        self.state, self.lookup_field = state, lookup_field
        self.object_id = object_id
        self.external = external_event_id or "", external_account_id or ""

    def known_fields(self) -> Procedure[KnownFields]:
        # The event is read first: if it does not exist, every row would be rejected by itself.
        if self.object_id is not None:
            yield marketing_event_objects.get(self.object_id)
        else:
            yield marketing_events.get(*self.external)
        makes_contacts = self.lookup_field == "email" and self.object_id is None
        of_contacts = {"contact_properties"} if makes_contacts else set()
        return KnownFields(_FIELDS | {self.lookup_field} | of_contacts)

    def prepare(self, record: Record) -> dict[str, object]:
        prepared = {name: value for name, value in record.items() if value not in (None, "")}
        if isinstance(key := prepared.get(self.lookup_field), str):
            prepared[self.lookup_field] = key.strip()
        return prepared

    def check(self, record: Record) -> RecordResult | None:
        for name, what in ((self.lookup_field, "the contact"), ("interaction_at", "when it happened")):
            if record.get(name) in (None, ""):
                return rejected("KEY_MISSING", f"{name}, {what}, is missing or empty")
        return None

    def key(self, record: Record) -> str | None:
        return f"{self._name(record)} {record['interaction_at']}"

    def call(self, records: Sequence[Record]) -> Call[Batch[Subscriber]]:
        by_email = self.lookup_field == "email"
        if self.object_id is not None:
            record = (
                attendance.record_emails_by_object_id if by_email else attendance.record_contacts_by_object_id
            )
            return record(self.object_id, self.state, records)
        write = attendance.record_emails if by_email else attendance.record_contacts
        return write(*self.external, self.state, records)

    def record_results(
        self, records: Sequence[Record], reply: Reply[Batch[Subscriber]]
    ) -> list[RecordResult]:
        answer = reply.value
        rejected_rows = {
            name.strip().lower(): rejected(error.category or "REFUSED", error.message or "rejected")
            for error in answer.errors
            for name in error.ids()
        }
        written = {
            (row.email or "").strip().lower() if self.lookup_field == "email" else str(row.vid): row.vid
            for row in answer.results
        }
        names = [self._name(record) for record in records]
        open_names = [name for name in names if name not in rejected_rows]
        # A contact that was merged may be answered under another id, so numbers count as well as names.
        all_there = len(answer.results) == len(open_names) and all(error.ids() for error in answer.errors)
        reasons = "; ".join(dict.fromkeys(error.message for error in answer.errors))
        lost = rejected("NOT_IN_ANSWER", reasons or "the answer does not name this contact")
        return [
            rejected_rows.get(name)
            or (
                RecordResult(RecordStatus.UPDATED, id=str(written.get(name, "")))
                if name in written or all_there
                else lost
            )
            for name in names
        ]

    def about_request(self, error: InvalidRequest) -> bool:
        return error.status not in RECORD_STATUSES

    def rejected_records(
        self, records: Sequence[Record], error: InvalidRequest, run: RunCall
    ) -> list[RecordResult | None] | None:
        return None

    def _name(self, record: Record) -> str:
        return str(record[self.lookup_field]).strip().lower()


COUNTERS = {
    "registered": "registered",
    "attended": "attended",
    "cancelled": "cancelled",
    "no_show": "noShows",
}


def event_attendance(
    cache: PollCache,
    *,
    attendance: str,
    count: int,
    object_id: str | None = None,
    external_event_id: str | None = None,
    external_account_id: str | None = None,
) -> Procedure[PollResult]:
    """Poll whether enough people have registered, attended, cancelled or not come. One call."""
    one_of("attendance", attendance, tuple(COUNTERS))
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
    counts: dict[str, int] = {name: int(dict(counters).get(key) or 0) for name, key in COUNTERS.items()}  # type: ignore[call-overload]
    return met_when(counts[attendance] >= count, counts)


def event_found(
    cache: PollCache, *, external_event_id: str, external_account_id: str | None = None
) -> Procedure[PollResult]:
    """Poll whether an event can be found by its external id, which takes some minutes. One call."""
    rows: list[marketing_event_objects.EventIdentifiers] = yield marketing_event_objects.find(
        external_event_id
    )
    ids = [
        str(row["objectId"]) for row in rows if external_account_id in (None, row.get("externalAccountId"))
    ]
    return met_when(bool(ids), {"object_ids": ids})

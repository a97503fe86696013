"""Recording who registered for, attended or called off a marketing event, in batches of 100."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.api.exchange import Reply
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.hubspot import marketing_event_attendance as attendance
from airflow_provider_mkt.api.hubspot import marketing_event_objects, marketing_events
from airflow_provider_mkt.api.hubspot.marketing_event_attendance import Subscriber
from airflow_provider_mkt.api.hubspot.marketing_event_fields import BATCH_MAX, Batch
from airflow_provider_mkt.api.lead_writer import Fate, Record, RecordFate, rejected

KEYS = ("email", "contact_id")
_FIELDS = frozenset({"interaction_at", "joined_at", "left_at", "properties"})


class AttendanceWriter:
    """Records one state of contacts at one event. A repeat with the same time adds nothing.

    :param state: ``register``, ``attend`` or ``cancel``.
    :param lookup_field: ``email`` or ``contact_id``: what rows name a contact by.
    :param external_event_id: the event's id in the system it comes from, for an event of this app.
    :param external_account_id: the account there.
    :param object_id: instead of both: the event's object id, whichever app made it.
    :raises InvalidInput: on another state or key, or unless the event is named in one way.
    """

    batch_max = BATCH_MAX
    bytes_max = 4_000_000
    quiet_after = 0.0
    repeatable = True

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

    def known_fields(self) -> Flow[frozenset[str] | None]:
        # Looked up first: of an event that is not there, every row would be refused by itself.
        if self.object_id is not None:
            yield marketing_event_objects.get(self.object_id)
        else:
            yield marketing_events.get(*self.external)
        makes_contacts = self.lookup_field == "email" and self.object_id is None
        return _FIELDS | {self.lookup_field} | ({"contact_properties"} if makes_contacts else set())

    def prepare(self, record: Record) -> dict[str, Any]:
        prepared = {name: value for name, value in record.items() if value not in (None, "")}
        if isinstance(key := prepared.get(self.lookup_field), str):
            prepared[self.lookup_field] = key.strip()
        return prepared

    def check(self, record: Record) -> RecordFate | None:
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

    def fates(self, records: Sequence[Record], reply: Reply[Batch[Subscriber]]) -> list[RecordFate]:
        answer = reply.value
        refused = {
            name.strip().lower(): rejected(error.category or "REFUSED", error.message or "refused")
            for error in answer.errors
            for name in error.ids()
        }
        written = {
            (row.email or "").strip().lower() if self.lookup_field == "email" else str(row.vid): row.vid
            for row in answer.results
        }
        names = [self._name(record) for record in records]
        open_names = [name for name in names if name not in refused]
        # A contact that was merged may be answered under another id, so numbers count as well as names.
        all_there = len(answer.results) == len(open_names) and all(error.ids() for error in answer.errors)
        told = "; ".join(dict.fromkeys(error.message for error in answer.errors))
        lost = rejected("NOT_IN_ANSWER", told or "the answer does not name this contact")
        return [
            refused.get(name)
            or (
                RecordFate(Fate.UPDATED, id=str(written.get(name, "")))
                if name in written or all_there
                else lost
            )
            for name in names
        ]

    def blamed(self, records: Sequence[Record], error: InvalidRequest) -> list[bool] | None:
        return None

    def _name(self, record: Record) -> str:
        return str(record[self.lookup_field]).strip().lower()

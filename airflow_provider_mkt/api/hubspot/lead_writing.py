"""Writing leads to HubSpot: contacts, in batches of 100."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.api.exchange import Reply
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.hubspot import contacts
from airflow_provider_mkt.api.hubspot.batch import BatchResult
from airflow_provider_mkt.api.lead_writer import Fate, Record, RecordFate, rejected
from airflow_provider_mkt.api.redact import shape

ACTIONS = ("createOrUpdate", "createOnly", "updateOnly")
_EXISTS = re.compile(r"already exists", re.IGNORECASE)
_PROPERTY = re.compile(r"[Pp]ropert(?:y|ies)\W+(?:named\W+)?[\"'“]?([A-Za-z][\w.]*)[\"'”]?")
_RECORD_ID = "hs_object_id"


class ContactWriter:
    """Writes contacts.

    :param action: ``createOrUpdate`` (upsert), ``createOnly`` or ``updateOnly``.
    :param lookup_field: ``email``, another unique property, or ``hs_object_id`` to update by record id.
    :raises InvalidInput: on a combination the platform has no call for.
    """

    batch_max = contacts.BATCH_MAX
    bytes_max = 4_000_000
    quiet_after = 0.0

    def __init__(self, *, action: str = "createOrUpdate", lookup_field: str = "email") -> None:
        if action not in ACTIONS:
            raise InvalidInput("action", f"HubSpot knows {', '.join(ACTIONS)}")
        if lookup_field == _RECORD_ID and action != "updateOnly":
            raise InvalidInput("lookup_field", f"{_RECORD_ID} is given by HubSpot; use action updateOnly")
        if action == "createOnly" and lookup_field != "email":
            raise InvalidInput("lookup_field", "with createOnly only email tells what exists already")
        self.action = action
        self.lookup_field = lookup_field

    def known_fields(self) -> Flow[frozenset[str] | None]:
        return None
        yield  # a flow that needs no call

    def prepare(self, record: Record) -> dict[str, Any]:
        prepared = {name: _as_text(value) for name, value in record.items()}
        if isinstance(key := prepared.get(self.lookup_field), str):
            prepared[self.lookup_field] = key.strip()
        return prepared

    def check(self, record: Record) -> RecordFate | None:
        if not record.get(self.lookup_field):
            return rejected("KEY_MISSING", f"{self.lookup_field}, the key, is missing or empty")
        for name, value in record.items():
            if not isinstance(value, str):
                return rejected(
                    "WRONG_TYPE", f"{name}: HubSpot takes text, numbers and dates, not {shape(value)}"
                )
        return None

    def key(self, record: Record) -> str | None:
        value = str(record[self.lookup_field])
        return value.lower() if self.lookup_field == "email" else value

    def call(self, records: Sequence[Record]) -> Call[BatchResult]:
        match self.action:
            case "createOnly":
                return contacts.create_batch(records)
            case "updateOnly":
                return contacts.update_batch(records, id_property=self.lookup_field)
        return contacts.upsert_batch(records, id_property=self.lookup_field)

    def fates(self, records: Sequence[Record], reply: Reply[BatchResult]) -> list[RecordFate]:
        by_trace: dict[str, RecordFate] = {}
        by_key: dict[str, RecordFate] = {}
        for row in reply.value.results:
            created = row.new if row.new is not None else self.action == "createOnly"
            fate = RecordFate(Fate.CREATED if created else Fate.UPDATED, id=row.id)
            if row.objectWriteTraceId is not None:
                by_trace[row.objectWriteTraceId] = fate
            if value := row.properties.get(self.lookup_field):
                by_key[self._spelt(str(value))] = fate
            if self.lookup_field == _RECORD_ID:
                by_key[row.id] = fate
        reasons: dict[str, RecordFate] = {}
        for error in reply.value.errors:
            fate = self._refused(error.category, error.message)
            for named in (*error.ids(), *error.context.get("objectWriteTraceId", ())):
                reasons[self._spelt(named)] = fate
        rest = self._rest(reply.value)
        fates: list[RecordFate] = []
        for index, record in enumerate(records):
            trace, key = str(index), self._spelt(str(record[self.lookup_field]))
            fates.append(
                by_trace.get(trace) or by_key.get(key) or reasons.get(trace) or reasons.get(key) or rest
            )
        return fates

    def blamed(self, records: Sequence[Record], error: InvalidRequest) -> list[bool] | None:
        names = set(_PROPERTY.findall(error.message))
        blamed = [bool(names & record.keys()) for record in records]
        # A refusal that names what only some records have is about those; else it says nothing.
        return blamed if "exist" in error.message and any(blamed) else None

    def _spelt(self, value: str) -> str:
        return value.lower() if self.lookup_field == "email" else value

    def _refused(self, category: str, message: str) -> RecordFate:
        if self.action == "createOnly" and (category == "CONFLICT" or _EXISTS.search(message)):
            return RecordFate(Fate.SKIPPED, code=category or "CONFLICT", reason="exists already")
        return rejected(category or "REFUSED", message or "refused without a reason")

    def _rest(self, result: BatchResult) -> RecordFate:
        """The fate of records that the answer names nowhere: never taken for written."""
        reasons = "; ".join(dict.fromkeys(error.message for error in result.errors))
        return rejected("NOT_IN_ANSWER", reasons or "the answer does not name this record")


def _as_text(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case datetime() | date():
            return value.isoformat()
    return value

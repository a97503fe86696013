"""Writing leads to HubSpot: contacts, in batches of 100."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
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
_MISSING = re.compile(r"[Pp]roperty\W+(?:named\W+)?([A-Za-z][\w.]*)\W+does(?:n't| not) exist")
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
    repeatable = True

    def __init__(self, *, action: str = "createOrUpdate", lookup_field: str = "email") -> None:
        if action not in ACTIONS:
            raise InvalidInput("action", f"HubSpot knows {', '.join(ACTIONS)}")
        if lookup_field == _RECORD_ID and action != "updateOnly":
            raise InvalidInput("lookup_field", f"{_RECORD_ID} is given by HubSpot; use action updateOnly")
        if action == "createOnly" and lookup_field != "email":
            raise InvalidInput("lookup_field", "with createOnly only email tells what exists already")
        if action == "updateOnly" and lookup_field == "email":
            raise InvalidInput(
                "lookup_field",
                f"HubSpot updates by {_RECORD_ID} or by a unique property of your own, not by email; for "
                "email use action createOrUpdate",
            )
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
            if isinstance(value, (float, Decimal)):
                return rejected("WRONG_TYPE", f"{name}: is no finite number")
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
        for error in reply.value.errors:
            fate = self._refused(error.category, error.message, in_doubt=reply.in_doubt)
            for trace in error.context.get("objectWriteTraceId", ()):
                by_trace.setdefault(str(trace), fate)
            for named in error.ids():
                by_key.setdefault(self._spelt(named), fate)
        rest = self._rest(reply.value)
        return [
            by_trace.get(str(index)) or by_key.get(self._spelt(str(record[self.lookup_field]))) or rest
            for index, record in enumerate(records)
        ]

    def blamed(self, records: Sequence[Record], error: InvalidRequest) -> list[bool] | None:
        # Other properties in the message are there for a bad value, which not every record has.
        names = set(_MISSING.findall(error.message))
        blamed = [bool(names & record.keys()) for record in records]
        return blamed if any(blamed) else None

    def _spelt(self, value: str) -> str:
        return value.lower() if self.lookup_field == "email" else value

    def _refused(self, category: str, message: str, *, in_doubt: bool) -> RecordFate:
        if self.action == "createOnly" and (category == "CONFLICT" or _EXISTS.search(message)):
            told = "exists already" + (
                ", perhaps by an earlier try whose answer was lost" if in_doubt else ""
            )
            return RecordFate(Fate.SKIPPED, code=category or "CONFLICT", reason=told)
        if self.action == "updateOnly" and category == "OBJECT_NOT_FOUND":
            return RecordFate(Fate.SKIPPED, code=category, reason=message)
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
        case int():
            return str(value)
        case float() | Decimal() if math.isfinite(value):
            return str(value)
        case datetime():
            # Without an offset it is UTC, on both platforms.
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        case date():
            return value.isoformat()
    return value

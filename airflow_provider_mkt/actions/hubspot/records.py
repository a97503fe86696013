"""Write records of any object type of HubSpot, and what both contacts and other objects share of it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from airflow_provider_mkt.actions.leads import (
    KnownFields,
    Record,
    RecordResult,
    RecordStatus,
    RunCall,
    rejected,
    rejection,
    with_stripped,
)
from airflow_provider_mkt.actions.procedure import AllOf, Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import (
    InvalidInput,
    InvalidRequest,
    PermissionDenied,
    PlatformError,
    Problem,
)
from airflow_provider_mkt.client.hubspot.batch import BatchError, BatchResult, WrittenBatch, decode_written
from airflow_provider_mkt.client.hubspot.objects import objects
from airflow_provider_mkt.client.hubspot.problems import describe
from airflow_provider_mkt.client.hubspot.properties import properties
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.transport.exchange import Reply

ACTIONS = ("createOrUpdate", "createOnly", "updateOnly")
_EXISTS = re.compile(r"already (?:exists|has that value)", re.IGNORECASE)
_MISSING = re.compile(r"[Pp]roperty\W+(?:named\W+)?([A-Za-z][\w.]*)\W+does(?:n't| not) exist")
_WHATEVER_VALUE = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
"""Codes of problems that a property has with any value."""
_KEY_REFUSED = re.compile(r"by non-unique|idProperty")
"""What HubSpot says about the property that identifies the records of a batch."""
RECORD_STATUSES = frozenset({400, 409, 413})
"""Statuses of refusals that can be about a record: a value, a key that exists, too much data."""
_REQUIRED = frozenset({"MISSING_REQUIRED_PROPERTY", "REQUIRED_FIELD"})
"""Codes of a property that the account, or the object type, requires when a record is created."""
RECORD_ID = "hs_object_id"
_TEXT = frozenset({str})
_TYPES = {
    "bool": "boolean",
    "date": "date",
    "datetime": "datetime",
    "enumeration": "text",
    "number": "number",
    "phone_number": "text",
    "string": "text",
}
"""HubSpot's types of properties, as what they are called for both platforms."""


class RecordWriter:
    """Write records of one object type, in batches of 100.

    :param object_type: as HubSpot's paths name it.
    :param action: ``createOrUpdate`` (upsert), ``createOnly`` or ``updateOnly``.
    :param lookup_field: a property with unique values, or ``hs_object_id`` to update by record id.
    :raises InvalidInput: on a combination that the platform has no call for.
    """

    batch_max = objects.BATCH_MAX
    bytes_max = 4_000_000
    quiet_after = 0.0
    repeatable = True
    one_lead_per_key = True
    standard_fields: frozenset[str] = frozenset()

    def __init__(self, object_type: str, *, action: str, lookup_field: str) -> None:
        if action not in ACTIONS:
            raise InvalidInput("action", f"HubSpot has {', '.join(ACTIONS)}")
        if lookup_field == RECORD_ID and action != "updateOnly":
            raise InvalidInput("lookup_field", f"{RECORD_ID} is given by HubSpot; use action updateOnly")
        self.object_type = object_type
        self.action = action
        self.lookup_field = lookup_field

    def known_fields(self) -> Procedure[KnownFields]:
        return (yield from record_fields(self.object_type, self.lookup_field))

    def prepare(self, record: Record) -> dict[str, object]:
        is_text = _TEXT.issuperset(map(type, record.values()))
        record = with_stripped(record, self.lookup_field)
        return record if is_text else {name: _as_text(value) for name, value in record.items()}

    def check(self, record: Record) -> RecordResult | None:
        if not record.get(self.lookup_field):
            return rejected("KEY_MISSING", f"{self.lookup_field}, the key, is missing or empty")
        if _TEXT.issuperset(map(type, record.values())):
            return None
        for name, value in record.items():
            if isinstance(value, (float, Decimal)):
                return rejected("WRONG_TYPE", f"{name}: is not a finite number")
            if not isinstance(value, str):
                return rejected(
                    "WRONG_TYPE", f"{name}: HubSpot takes text, numbers and dates, not {describe_type(value)}"
                )
        return None

    def key(self, record: Record) -> str | None:
        value = str(record[self.lookup_field])
        return value.lower() if self.lookup_field == "email" else value

    def call(self, records: Sequence[Record]) -> Call[BatchResult | WrittenBatch]:
        return replace(self.batch_call(records), decode=decode_written(len(records)))

    def batch_call(self, records: Sequence[Record]) -> Call[BatchResult | WrittenBatch]:
        """Return the platform's call that writes a batch."""
        match self.action:
            case "createOnly":
                return objects.batch_create(self.object_type, records, id_property=self.lookup_field)
            case "updateOnly":
                return objects.batch_update(self.object_type, records, id_property=self.lookup_field)
        return objects.batch_upsert(self.object_type, records, id_property=self.lookup_field)

    def read(self, keys: Sequence[str]) -> Call[BatchResult]:
        """Return the call that reads which of some keys have a record."""
        return objects.batch_read(self.object_type, keys, id_property=self.lookup_field)

    def record_results(
        self, records: Sequence[Record], reply: Reply[BatchResult | WrittenBatch]
    ) -> list[RecordResult]:
        answer = reply.value
        if isinstance(answer, WrittenBatch):
            default = self._status(None)
            return [
                RecordResult(default if row.new is None else self._status(row.new), row.id) for row in answer
            ]
        by_trace: dict[str, RecordResult] = {}
        by_key: dict[str, RecordResult] = {}
        for row in answer.results:
            result = RecordResult(
                self._status(row.new),
                id=row.id,
                code=next((one.category for one in row.warnings), ""),
                reason="; ".join(dict.fromkeys(one.message for one in row.warnings)),
            )
            if row.objectWriteTraceId is not None:
                by_trace[row.objectWriteTraceId] = result
            if value := row.properties.get(self.lookup_field):
                by_key[self._spelt(str(value))] = result
            if self.lookup_field == RECORD_ID:
                by_key[row.id] = result
        for error in answer.errors:
            result = self._refused(error, ambiguous=reply.ambiguous)
            for trace in error.context.get("objectWriteTraceId", ()):
                by_trace.setdefault(str(trace), result)
            for named in error.ids():
                by_key.setdefault(self._spelt(named), result)
        return [
            by_trace.get(str(index))
            or by_key.get(self._spelt(str(record[self.lookup_field])))
            or self._rest(answer)
            for index, record in enumerate(records)
        ]

    def _status(self, new: bool | None) -> RecordStatus:
        created = new if new is not None else self.action == "createOnly"
        return RecordStatus.CREATED if created else RecordStatus.UPDATED

    def about_request(self, error: InvalidRequest) -> bool:
        if error.problems or (self.action == "updateOnly" and error.code == "OBJECT_NOT_FOUND"):
            return False
        return error.status not in RECORD_STATUSES or bool(_KEY_REFUSED.search(error.message))

    def rejected_records(
        self, records: Sequence[Record], error: InvalidRequest, run: RunCall
    ) -> list[RecordResult | None] | None:
        # Other problems are about a value, which not every record has.
        names = set(_MISSING.findall(error.message))
        names.update(name for one in error.problems if one.code in _WHATEVER_VALUE for name in one.properties)
        missing = self._missing_properties(records, error, run)
        results = [
            rejection(error)
            if names & record.keys()
            else rejected(lacking[0].code, describe(lacking))
            if lacking
            else None
            for record, lacking in zip(records, missing, strict=True)
        ]
        return results if any(results) else None

    def _missing_properties(
        self, records: Sequence[Record], error: InvalidRequest, run: RunCall
    ) -> list[list[Problem]]:
        """Return which properties that a new record must have are missing in each record.

        They are required of new records alone, so the records that exist are looked up. One call.
        """
        required = [one for one in error.problems if one.code in _REQUIRED]
        lacking = [
            [one for one in required if not any(record.get(name) for name in one.properties)]
            for record in records
        ]
        keys = [str(record[self.lookup_field]) for record, some in zip(records, lacking, strict=True) if some]
        if self.action == "createOnly" or not keys:
            return lacking
        try:
            found: BatchResult = run(self.read(keys))
        except PermissionDenied:
            # The batch is halved until each of them is sent alone.
            return [[] for _ in records]
        unknown = {self._spelt(key) for failure in found.errors for key in failure.ids()}
        return [
            some if self._spelt(str(record[self.lookup_field])) in unknown else []
            for record, some in zip(records, lacking, strict=True)
        ]

    def _spelt(self, value: str) -> str:
        return value.lower() if self.lookup_field == "email" else value

    def _refused(self, error: BatchError, *, ambiguous: bool) -> RecordResult:
        category, message = error.category, error.message
        if self.action == "createOnly" and (category == "CONFLICT" or _EXISTS.search(message)):
            reason = "exists already" + (
                ", perhaps by an earlier try whose answer was lost" if ambiguous else ""
            )
            return RecordResult(RecordStatus.SKIPPED, code=category or "CONFLICT", reason=reason)
        by_id = self.lookup_field == RECORD_ID
        if self.action == "updateOnly" and category == "OBJECT_NOT_FOUND" and not by_id:
            return RecordResult(RecordStatus.SKIPPED, code=category, reason=message)
        result = rejected(error.code() or "REFUSED", error.reason() or "rejected without a reason")
        # Then another task has created the record since HubSpot looked for it.
        taken = self.action == "createOrUpdate" and self.lookup_field in error.properties()
        result.again = taken and bool(_EXISTS.search(message))
        return result

    def _rest(self, result: BatchResult) -> RecordResult:
        """Return the result of records that the answer does not name: they never count as written."""
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


def record_fields(object_type: str, key: str) -> Procedure[KnownFields]:
    """Read which properties of an object type can be written. Three calls at once.

    A token that must not read them writes records all the same: HubSpot then names what is wrong.

    :param key: the property that identifies a record, which is never written.
    """
    names: set[str] = set()
    read_only: set[str] = set()
    types: dict[str, str] = {}
    complete = True
    lists: list[list[properties.Property] | PlatformError] = yield AllOf(
        [properties.list(object_type, data_sensitivity=one) for one in properties.SENSITIVITIES]
    )
    for listed in lists:
        if isinstance(listed, (InvalidRequest, PermissionDenied)):
            # Accounts without sensitive data may have no such list.
            complete = False
            continue
        if isinstance(listed, PlatformError):
            raise listed
        for one in listed:
            names.add(one["name"])
            kind = "multiple" if one["fieldType"] == "checkbox" else _TYPES.get(one["type"])
            if kind is not None:
                types[one["name"]] = kind
            changeable = one.get("modificationMetadata")
            if one.get("calculated") or (changeable is not None and changeable["readOnlyValue"]):
                read_only.add(one["name"])
    return KnownFields(frozenset(names) if complete else None, frozenset(read_only - {key}), types)


def check_contact_key(action: str, lookup_field: str) -> None:
    """Check that contacts can be found by a key.

    :raises InvalidInput: when they are to be updated by email.
    """
    if action == "updateOnly" and lookup_field == "email":
        raise InvalidInput(
            "lookup_field",
            f"HubSpot updates by {RECORD_ID} or by a unique property of your own, not by email; for "
            "email use action createOrUpdate",
        )

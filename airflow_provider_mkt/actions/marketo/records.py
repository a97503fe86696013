"""What writing leads, companies, opportunities, sales persons and custom objects has in common."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from airflow_provider_mkt.actions.leads import (
    Record,
    RecordResult,
    RunCall,
    rejected,
    rejection,
    with_stripped,
)
from airflow_provider_mkt.client.encoding import EncodedRecord
from airflow_provider_mkt.client.errors import InvalidRequest
from airflow_provider_mkt.client.marketo.requests import BATCH_MAX, BODY_MAX
from airflow_provider_mkt.client.marketo.values import written
from airflow_provider_mkt.client.redaction import describe_type

QUIET_AFTER = 90.0
"""Seconds for which Marketo may work on a call that creates records, after its answer was lost."""

_PLAIN = frozenset({str, int, bool, type(None)})
"""Types whose values Marketo takes as they are."""
_TOO_LARGE = 413
_RECORD_CODES = frozenset(
    {"609", "1001", "1002", "1003", "1004", "1006", "1007", "1008", "1010", "1012", "1021", "1036", "1049"}
)
"""Codes of a refused batch that can be about a record: most such refusals are in the record's own row."""
_TYPES = {
    "boolean": "boolean",
    "currency": "number",
    "date": "date",
    "datetime": "datetime",
    "email": "text",
    "float": "number",
    "integer": "integer",
    "link": "text",
    "percent": "number",
    "phone": "text",
    "score": "integer",
    "string": "text",
    "text": "text",
    "url": "text",
}
"""Marketo's data types, as what they are called for both platforms."""
_FIELD = re.compile(r"[Ff]ield\W+([A-Za-z]\w*)")


def types_of(fields: Sequence[Mapping[str, object]] | None) -> dict[str, str]:
    """Return the types of the fields of a schema, as what they are called for both platforms."""
    # The case of data types varies between the calls.
    kinds = {str(field["name"]): str(field.get("dataType")).lower() for field in fields or ()}
    return {name: _TYPES[kind] for name, kind in kinds.items() if kind in _TYPES}


def read_only_of(fields: Sequence[Mapping[str, object]] | None) -> set[str]:
    """Return the fields of a schema that Marketo alone sets."""
    return {str(field["name"]) for field in fields or () if field.get("updateable") is False}


class RecordBatches:
    """Batches of records of the lead database, and what is alike in the refusals of them."""

    batch_max = BATCH_MAX
    bytes_max = BODY_MAX - 2_000
    standard_fields: frozenset[str] = frozenset()

    def prepare(self, record: Record) -> dict[str, object]:
        plain = _PLAIN.issuperset(map(type, record.values()))
        prepared = record if plain else {name: written(_number(value)) for name, value in record.items()}
        return with_stripped(prepared, *self.key_names())

    def key_names(self) -> Sequence[str]:
        """Return the fields that identify a record."""
        raise NotImplementedError

    def about_request(self, error: InvalidRequest) -> bool:
        return error.status != _TOO_LARGE and error.code not in _RECORD_CODES

    def rejected_records(
        self, records: Sequence[Record], error: InvalidRequest, run: RunCall
    ) -> list[RecordResult | None] | None:
        if error.code != "1006":
            return None
        names = set(_FIELD.findall(error.message))
        results = [rejection(error) if names & record.keys() else None for record in records]
        return results if any(results) else None


def value_problem(record: Record) -> RecordResult | None:
    """Return why the values of a record cannot be sent; None when they can."""
    if type(record) is EncodedRecord or _PLAIN.issuperset(map(type, record.values())):
        return None
    for name, value in record.items():
        if isinstance(value, (float, Decimal)) and not math.isfinite(value):
            return rejected("WRONG_TYPE", f"{name}: is not a finite number")
        if isinstance(value, (list, dict, tuple, set, bytes)):
            return rejected("WRONG_TYPE", f"{name}: Marketo takes one value, not {describe_type(value)}")
    return None


def _number(value: object) -> object:
    """Convert decimals, which databases return and JSON does not have, to plain numbers."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return value
    return int(value) if value == value.to_integral_value() else float(value)

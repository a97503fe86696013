"""Writing leads to Marketo's lead database, in batches of 300."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, get_args

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.api.exchange import Reply
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.lead_writer import Fate, Record, RecordFate, rejected
from airflow_provider_mkt.api.marketo import leads
from airflow_provider_mkt.api.marketo.answers import RecordResult
from airflow_provider_mkt.api.marketo.values import written
from airflow_provider_mkt.api.redact import shape

_FATES = {"created": Fate.CREATED, "updated": Fate.UPDATED}
_EXISTS = "1005"
_NOT_FOUND = "1004"
_FIELD = re.compile(r"[Ff]ield\W+([A-Za-z]\w*)")


class DatabaseLeadWriter:
    """Writes leads.

    :param action: ``createOrUpdate``, ``createOnly``, ``updateOnly`` or ``createDuplicate``.
    :param lookup_field: the key.
    :param partition_name: lead partition for new leads.
    :raises InvalidInput: on an unknown action.
    """

    batch_max = leads.BATCH_MAX
    bytes_max = leads.BODY_MAX - 2_000
    other_keys: frozenset[str] = frozenset()
    """Keys that the schema does not list."""

    def __init__(
        self,
        *,
        action: str = "createOrUpdate",
        lookup_field: str = "email",
        partition_name: str | None = None,
    ) -> None:
        if action not in get_args(leads.Action):
            raise InvalidInput("action", f"Marketo knows {', '.join(get_args(leads.Action))}")
        if lookup_field == "id" and action != "updateOnly":
            raise InvalidInput("lookup_field", "id is given by Marketo; use action updateOnly")
        self.action: leads.Action = action  # type: ignore[assignment]
        self.lookup_field = lookup_field
        self.partition_name = partition_name
        self.keyed = self.repeatable = action != "createDuplicate"
        self.quiet_after = 90.0 if action in ("createOrUpdate", "createOnly") else 0.0

    def known_fields(self) -> Flow[frozenset[str] | None]:
        schema: dict[str, Any] = yield leads.describe2()
        names = {str(field["name"]) for field in schema.get("fields") or ()}
        keys = {str(name) for pair in schema.get("searchableFields") or () for name in pair}
        if self.keyed and keys and self.lookup_field not in keys | self.other_keys:
            raise InvalidInput("lookup_field", f"Marketo finds no leads by {self.lookup_field!r}")
        # Keys and links that the schema does not list as fields.
        linked = {"id", "cookies", "externalCompanyId", "externalSalesPersonId"}
        return frozenset(names | linked | self.other_keys)

    def prepare(self, record: Record) -> dict[str, Any]:
        prepared = {name: written(_number(value)) for name, value in record.items()}
        if isinstance(key := prepared.get(self.lookup_field), str):
            prepared[self.lookup_field] = key.strip()
        return prepared

    def check(self, record: Record) -> RecordFate | None:
        if self.keyed and record.get(self.lookup_field) in (None, ""):
            return rejected("KEY_MISSING", f"{self.lookup_field}, the key, is missing or empty")
        email = record.get("email")
        if isinstance(email, str) and not email.isascii():
            return rejected(
                "INVALID_EMAIL", "email has a character that is not ASCII; Marketo takes ASCII only"
            )
        for name, value in record.items():
            if isinstance(value, (float, Decimal)) and not math.isfinite(value):
                return rejected("WRONG_TYPE", f"{name}: is no finite number")
            if isinstance(value, (list, dict, tuple, set, bytes)):
                return rejected("WRONG_TYPE", f"{name}: Marketo takes one value, not {shape(value)}")
        return None

    def key(self, record: Record) -> str | None:
        if not self.keyed:
            return None
        # Marketo looks keys up without regard to case.
        return str(record[self.lookup_field]).lower()

    def call(self, records: Sequence[Record]) -> Call[list[RecordResult]]:
        return leads.sync(
            records,
            action=self.action,
            lookup_field=self.lookup_field,
            partition_name=self.partition_name,
        )

    def fates(self, records: Sequence[Record], reply: Reply[list[RecordResult]]) -> list[RecordFate]:
        return [self._fate(result, in_doubt=reply.in_doubt) for result in reply.value]

    def blamed(self, records: Sequence[Record], error: InvalidRequest) -> list[bool] | None:
        if error.code != "1006":
            return None
        names = set(_FIELD.findall(error.message))
        blamed = [bool(names & record.keys()) for record in records]
        return blamed if any(blamed) else None

    def _fate(self, result: RecordResult, *, in_doubt: bool) -> RecordFate:
        lead_id = str(result.id) if result.id is not None else ""
        if (fate := _FATES.get(result.status.lower())) is not None:
            return RecordFate(fate, id=lead_id)
        why = result.why()
        code, reason = (why.code, why.message) if why else ("", "skipped without a reason")
        if code == _EXISTS and self.action == "createOnly":
            told = "exists already, perhaps by an earlier try whose answer was lost" if in_doubt else reason
            return RecordFate(Fate.SKIPPED, id=lead_id, code=code, reason=told)
        if code == _NOT_FOUND and self.action == "updateOnly":
            return RecordFate(Fate.SKIPPED, id=lead_id, code=code, reason=reason)
        return RecordFate(Fate.REJECTED, id=lead_id, code=code or "SKIPPED", reason=reason)


def _number(value: object) -> object:
    """Decimals, which databases give and JSON does not know, as plain numbers."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return value
    return int(value) if value == value.to_integral_value() else float(value)

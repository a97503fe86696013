"""Write the files of extracts."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import DELETE_LEAD
from airflow_provider_mkt.sandbox.marketo.activities.store import Activity
from airflow_provider_mkt.sandbox.marketo.exports.store import Extract, Writing
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.programs.models import Member, Program
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.csv_lines import csv_writer

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

NULL = "null"
ROWS_AT_ONCE = 100
"""Records that are read in one step."""
ACTIVITY_FIELDS = (
    "marketoGUID",
    "leadId",
    "activityDate",
    "activityTypeId",
    "campaignId",
    "primaryAttributeValueId",
    "primaryAttributeValue",
    "attributes",
)
ACTION_RESULT = "actionResult"
ECIDS = "ecids"


@dataclass(frozen=True)
class Sheet:
    """Columns, delimiter and headers of a file."""

    fields: tuple[str, ...]
    delimiter: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def write(self, rows: Iterable[list[object] | None]) -> Writing:
        """Write rows; those that are None are left out."""
        # A job without records has a file with headers, which clients in use need.
        text, content, checksum, records = io.StringIO(newline=""), io.BytesIO(), sha256(), 0
        write = csv_writer(text, self.delimiter)
        write([self.headers.get(name, name) for name in self.fields])
        for number, row in enumerate(rows, 1):
            if row is not None:
                write([_text(value) for value in row])
                records += 1
            if number % ROWS_AT_ONCE == 0:
                _move(text, content, checksum)
                yield
        _move(text, content, checksum)
        return Extract(content.getvalue(), records, f"sha256:{checksum.hexdigest()}")


def _move(text: io.StringIO, content: io.BytesIO, checksum: Hash) -> None:
    part = text.getvalue().encode("utf-8", "replace")
    text.seek(0)
    text.truncate()
    content.write(part)
    checksum.update(part)


def _text(value: object) -> str:
    if value is None or value == "":
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def leads(state: MarketoState, sheet: Sheet, chosen: Iterable[Lead | None]) -> Writing:
    """Write leads of all partitions, which extracts do not regard."""
    return sheet.write(
        None if lead is None else [_lead_value(state, lead, name) for name in sheet.fields] for lead in chosen
    )


def _lead_value(state: MarketoState, lead: Lead, name: str) -> object:
    return None if name == ECIDS else state.leads.value(lead, name)


def activities(
    state: MarketoState, sheet: Sheet, wanted: Callable[[Activity], bool], at: datetime
) -> Writing:
    getters = [_ACTIVITY_VALUES[name] for name in sheet.fields]

    def row_of(row: Activity) -> list[object] | None:
        if row.committed_at > at or row.type_id == DELETE_LEAD or not wanted(row):
            return None
        return [get(row) for get in getters]

    return sheet.write(map(row_of, state.log.all()))


_ACTIVITY_VALUES: dict[str, Callable[[Activity], object]] = {
    "marketoGUID": lambda row: row.guid,
    "leadId": lambda row: row.lead_id,
    "activityDate": lambda row: lead_time(row.date),
    "activityTypeId": lambda row: row.type_id,
    "campaignId": lambda row: row.campaign_id,
    "primaryAttributeValueId": lambda row: row.primary_id,
    "primaryAttributeValue": lambda row: row.primary_value,
    "attributes": lambda row: {name: one for name, one in row.attributes.items() if one not in (None, "")},
    ACTION_RESULT: lambda row: "skipped" if row.skipped else "succeeded",
}


def members(state: MarketoState, sheet: Sheet, chosen: Iterable[tuple[Program, Member] | None]) -> Writing:
    return sheet.write(
        None if one is None else [_member_value(state, *one, name) for name in sheet.fields] for one in chosen
    )


def _member_value(state: MarketoState, program: Program, member: Member, name: str) -> object:
    if name in state.member_schema.fields:
        return program.member_value(member, name)
    lead = state.leads.get(member.lead_id)
    return state.leads.value(lead, name) if lead else None

"""Write the files of extracts."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import DELETE_LEAD
from airflow_provider_mkt.sandbox.marketo.activities.store import Activity
from airflow_provider_mkt.sandbox.marketo.exports.store import Extract
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.programs.models import Member, Program
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.times import lead_time

NULL = "null"
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

    def write(self, rows: Iterable[list[object]]) -> Extract:
        lines = [[_text(value) for value in row] for row in rows]
        # A job without records has a file with headers, which clients in use need.
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        writer.writerow([self.headers.get(name, name) for name in self.fields])
        writer.writerows(lines)
        return Extract(out.getvalue().encode("utf-8", "replace"), len(lines))


def _text(value: object) -> str:
    if value is None or value == "":
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def leads(state: MarketoState, sheet: Sheet, chosen: Iterable[Lead]) -> Extract:
    """Write leads of all partitions, which extracts do not regard."""
    return sheet.write([[_lead_value(state, lead, name) for name in sheet.fields] for lead in chosen])


def _lead_value(state: MarketoState, lead: Lead, name: str) -> object:
    return None if name == ECIDS else state.leads.value(lead, name)


def activities(
    state: MarketoState, sheet: Sheet, wanted: Callable[[Activity], bool], at: datetime
) -> Extract:
    rows = [
        row
        for row in state.log.all()
        if row.committed_at <= at and row.type_id != DELETE_LEAD and wanted(row)
    ]
    return sheet.write([[_activity_value(row, name) for name in sheet.fields] for row in rows])


def _activity_value(row: Activity, name: str) -> object:
    values: dict[str, object] = {
        "marketoGUID": row.guid,
        "leadId": row.lead_id,
        "activityDate": lead_time(row.date),
        "activityTypeId": row.type_id,
        "campaignId": row.campaign_id,
        "primaryAttributeValueId": row.primary_id,
        "primaryAttributeValue": row.primary_value,
        "attributes": {key: one for key, one in row.attributes.items() if one not in (None, "")},
        ACTION_RESULT: "succeeded",
    }
    return values[name]


def members(state: MarketoState, sheet: Sheet, chosen: Iterable[tuple[Program, Member]]) -> Extract:
    return sheet.write(
        [[_member_value(state, program, member, name) for name in sheet.fields] for program, member in chosen]
    )


def _member_value(state: MarketoState, program: Program, member: Member, name: str) -> object:
    if name in state.member_schema.fields:
        return program.member_value(member, name)
    lead = state.leads.get(member.lead_id)
    return state.leads.value(lead, name) if lead else None

"""Programs in the state and on the pages."""

from airflow_provider_mkt.sandbox.marketo.emails.pages import mails_table, runs_table
from airflow_provider_mkt.sandbox.marketo.lists.rule_rows import audience_table
from airflow_provider_mkt.sandbox.marketo.programs.models import Program
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import MAX_ROWS, table
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Link, Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"programs": _programs(state)}


def tables(state: MarketoState) -> list[Table]:
    return [table("Programs", ("id", "name", "status", "members", "sentAt"), _programs(state), "program")]


def _programs(state: MarketoState) -> list[JsonObject]:
    return [
        {
            "id": one.id,
            "name": one.name,
            "status": one.status,
            "members": len(one.members),
            "sentAt": lead_time(one.sent_at) if one.sent_at else None,
        }
        for one in state.programs.values()
    ]


def _page(state: MarketoState, number: str) -> list[Table]:
    program = state.programs.get(int(number)) if number.isdigit() else None
    if program is None:
        return []
    shown = [_facts(program)]
    if program.streams:
        shown.append(_streams(program))
    if program.smart_list:
        shown.append(audience_table(state, program.smart_list))
    runs = [one for one in state.runs if one.program_id == program.id]
    shown += [runs_table(runs), *mails_table(state, lambda mail: mail.program_id == program.id)]
    return [*shown, _members(program)]


def _facts(program: Program) -> Table:
    facts = {
        "name": program.name,
        "type": program.type,
        "status": program.status,
        "start": lead_time(program.start) if program.start else "",
        "head start": str(program.head_start).lower(),
        "recipient time zone": str(program.recipient_time_zone).lower(),
        "communication limits": str(program.communication_limits).lower(),
        "A/B test": str(program.ab_test).lower(),
    }
    return Table(
        f"Program {program.id}", ["property", "value"], [[name, value] for name, value in facts.items()]
    )


def _streams(program: Program) -> Table:
    rows = [
        [
            one.name,
            one.cadence,
            lead_time(one.next_cast) if one.next_cast else "",
            ", ".join(f"{each.email_id} {'on' if each.active else 'off'}" for each in one.content),
            str(sum(member.stream is one for member in program.members.values())),
        ]
        for one in program.streams
    ]
    return Table("Streams", ["name", "cadence", "next cast", "content", "members"], rows)


def _members(program: Program) -> Table:
    rows: list[list[str]] = [
        [
            Link(str(one.lead_id), "lead", one.lead_id),
            one.status,
            lead_time(one.updated_at),
            one.stream.name if one.stream else "",
            one.cadence or "",
            str(one.exhausted).lower(),
        ]
        for one in list(program.members.values())[-MAX_ROWS:]
    ]
    columns = ["lead", "status", "updated", "stream", "cadence", "exhausted"]
    return Table(f"Members ({len(program.members)})", columns, rows)


DETAILS = {"program": _page}

"""Write fields of program members, and log the changes."""

from collections.abc import Mapping
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import CHANGE_MEMBER_DATA
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.leads.values import Value, read_value
from airflow_provider_mkt.sandbox.marketo.programs.models import Member, Program
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def read(state: MarketoState, record: Mapping[str, object]) -> dict[str, Value]:
    """Check fields of a member, and return the values to store."""
    values: dict[str, Value] = {}
    for name, value in record.items():
        field = state.member_schema.get(name)
        if not field.updateable:
            raise MarketoError(1003, f"Field '{name}' cannot be updated")
        values[name] = read_value(field.data_type, field.length, value)
    return values


def write(
    state: MarketoState,
    program: Program,
    member: Member,
    values: Mapping[str, Value],
    at: datetime,
    source: str,
) -> None:
    """Write the values that differ, and log them."""
    for name, stored in values.items():
        old = member.data.get(name)
        if old == stored:
            continue
        field = state.member_schema.get(name)
        named = {"New Value": stored, "Old Value": old, "Program": program.name, "Source": source}
        attributes: dict[str, object] = {key: one for key, one in named.items() if one is not None}
        member.data[name], member.updated_at = stored, at
        primary = (field.id, field.display_name)
        state.log.add(CHANGE_MEMBER_DATA, member.lead_id, at, attributes, primary=primary)

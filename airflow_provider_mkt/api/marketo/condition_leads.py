"""Waiting for leads: that they can be read, are in a list, and have come so far in a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mkt.api.call import numeric_id
from airflow_provider_mkt.api.conditions import Seen, State, in_parts, not_seen, note_seen, whole_number
from airflow_provider_mkt.api.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.api.flow import Flow, Pages
from airflow_provider_mkt.api.marketo import channels, leads, lists, program_members, programs
from airflow_provider_mkt.api.marketo.answers import RecordResult, found
from airflow_provider_mkt.api.marketo.rows import Channel

MATCHES_MAX = 1000
_TOO_MANY = "1003"


def leads_visible(
    state: State, *, lead_ids: Sequence[str], having: Mapping[str, str] | None = None
) -> Flow[Seen]:
    """Whether every lead can be read, with the wanted values. One call for 300 of those missing."""
    wanted, values = _ids(lead_ids), dict(having or {})
    for part in in_parts(not_seen(state, wanted), leads.BATCH_MAX):
        rows: list[dict[str, Any]] = yield leads.by_filter("id", part, fields=["id", *values])
        note_seen(
            state,
            [
                str(row["id"])
                for row in rows
                if all(_text(row.get(name)) == _text(value) for name, value in values.items())
            ],
        )
    return _how_many(state, wanted)


def leads_matching(state: State, *, field: str, value: str, count: int) -> Flow[Seen]:
    """Whether so many leads with a value can be read. One call for 300 of them."""
    if whole_number("count", count) > MATCHES_MAX:
        raise InvalidInput("count", f"at most {MATCHES_MAX}: the platform shows no more that match")
    try:
        rows: list[dict[str, Any]] = yield Pages(leads.by_filter(field, [value], fields=["id"]))
    except InvalidRequest as error:
        if error.code != _TOO_MANY or "too many" not in error.message.lower():
            raise
        return Seen(True, {"leads": f"more than {MATCHES_MAX}"})
    return Seen(len(rows) >= count, {"leads": len(rows)})


def in_list(state: State, *, list_id: str, lead_ids: Sequence[str]) -> Flow[Seen]:
    """Whether every lead is in a static list. One call for 300 of those missing."""
    wanted = _ids(lead_ids)
    for part in in_parts(not_seen(state, wanted), leads.BATCH_MAX):
        results: list[RecordResult] = yield lists.are_members(list_id, part)
        pairs = zip(part, results, strict=True)
        note_seen(state, [lead for lead, result in pairs if result.status.lower() == "memberof"])
    return _how_many(state, wanted)


def member_status(
    state: State,
    *,
    program_id: str,
    lead_ids: Sequence[str],
    status_name: str | None = None,
    stream: str | None = None,
) -> Flow[Seen]:
    """Whether every lead has reached a status of a program, or is in a stream of it. One call for 300 of
    those missing; two more at first to learn which statuses come later."""
    wanted = _ids(lead_ids)
    if status_name is None and stream is None:
        raise InvalidInput("status_name", "give status_name, stream or both")
    reached: list[str] = []
    if status_name is not None:
        reached = yield from _this_or_later(state, program_id, status_name)
    fields = ["leadId", "statusName", "trackName"]
    for part in in_parts(not_seen(state, wanted), leads.BATCH_MAX):
        rows: list[dict[str, Any]] = yield program_members.by_filter(
            program_id, "leadId", part, fields=fields
        )
        note_seen(
            state,
            [
                str(row["leadId"])
                for row in rows
                if (status_name is None or row.get("statusName") in reached)
                and (stream is None or row.get("trackName") == stream)
            ],
        )
    return _how_many(state, wanted)


def _this_or_later(state: State, program_id: str, status_name: str) -> Flow[list[str]]:
    """The statuses of a program's channel that whoever has passed this one can have."""
    kept = state.get("reached")
    if isinstance(kept, list):
        return [str(one) for one in kept]
    program = yield from found(programs.get(program_id))
    if program is None:
        raise InvalidInput("program_id", "names no program")
    channel: Channel | None = yield from found(channels.by_name(program["channel"]))
    steps = {one["name"]: one["step"] for one in (channel or {}).get("progressionStatuses", ())}
    if status_name not in steps:
        raise InvalidInput("status_name", f"is none of the program's: {', '.join(steps)}")
    reached = [name for name, step in steps.items() if step >= steps[status_name]]
    state["reached"] = reached
    return reached


def _ids(lead_ids: Sequence[str]) -> list[str]:
    return [str(numeric_id("", f"lead_ids[{index}]", one)) for index, one in enumerate(lead_ids)]


def _how_many(state: State, wanted: Sequence[str]) -> Seen:
    missing = len(not_seen(state, wanted))
    return Seen(not missing, {"leads": len(wanted), "missing": missing})


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Add leads to programs, change their status, stream and cadence, and remove them."""

from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import (
    ADD_TO_NURTURE,
    CHANGE_NURTURE_CADENCE,
    CHANGE_NURTURE_TRACK,
    CHANGE_STATUS,
)
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.programs.models import (
    NORMAL,
    NOT_IN_PROGRAM,
    Member,
    Program,
    Status,
    Stream,
)
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def set_status(
    state: MarketoState, program: Program, lead_id: int, status: Status, at: datetime, *, reason: str = ""
) -> str:
    """Set the status of a lead, which becomes a member if needed. Steps only increase."""
    member = program.members.get(lead_id)
    if status.name == NOT_IN_PROGRAM:
        leave(state, program, lead_id, at)
        return "updated"
    if member is None:
        _enter(state, program, lead_id, status, at, program.streams[0] if program.streams else None, reason)
        return "created"
    current = program.channel.status(member.status)
    if current and status.step <= current.step:
        raise MarketoError(1037, "Lead skipped because it is already in or past this status")
    _log_status(state, program, lead_id, member.status, status, at, reason)
    member.status, member.updated_at = status.name, at
    if status.success and member.success_at is None:
        member.success_at = at
    return "updated"


def advance(state: MarketoState, program: Program, lead_id: int, status: Status, at: datetime) -> None:
    """Set the status of a lead unless it has this or a later one."""
    try:
        set_status(state, program, lead_id, status, at)
    except MarketoError as error:
        if error.code != "1037":
            raise


def leave(state: MarketoState, program: Program, lead_id: int, at: datetime) -> None:
    member = program.members.pop(lead_id, None)
    if member is None:
        raise MarketoError(1037, "Lead not in program")
    not_in_program = program.channel.status(NOT_IN_PROGRAM) or Status(NOT_IN_PROGRAM, 0)
    _log_status(state, program, lead_id, member.status, not_in_program, at, "")


def add_to_stream(
    state: MarketoState,
    program: Program,
    lead_id: int,
    stream: Stream,
    at: datetime,
    campaign_id: int | None = None,
) -> None:
    """Add a lead to a stream. Does nothing if it is a member of the program."""
    if lead_id not in program.members:
        _enter(state, program, lead_id, program.channel.first(), at, stream, "", campaign_id)


def change_stream(
    state: MarketoState,
    program: Program,
    lead_id: int,
    stream: Stream,
    at: datetime,
    campaign_id: int | None = None,
) -> None:
    member = program.members.get(lead_id)
    if member is None or member.stream is None or member.stream == stream:
        return
    attributes: dict[str, object] = {
        "New Track ID": stream.id,
        "New Track Name": stream.name,
        "Previous Track ID": member.stream.id,
        "Previous Track Name": member.stream.name,
    }
    member.stream, member.updated_at, member.exhausted = stream, at, False
    state.log.add(
        CHANGE_NURTURE_TRACK,
        lead_id,
        at,
        attributes,
        campaign_id=campaign_id,
        primary=(program.id, program.name),
    )


def change_cadence(
    state: MarketoState,
    program: Program,
    lead_id: int,
    cadence: str,
    at: datetime,
    campaign_id: int | None = None,
) -> None:
    """Set the cadence of a lead. One that is not a member is added to the first stream."""
    if lead_id not in program.members and program.streams:
        add_to_stream(state, program, lead_id, program.streams[0], at, campaign_id)
    member = program.members[lead_id]
    if member.cadence == cadence:
        return
    attributes: dict[str, object] = {"New Nurture Cadence": cadence}
    if member.cadence:
        attributes["Previous Nurture Cadence"] = member.cadence
    member.cadence, member.updated_at = cadence, at
    state.log.add(
        CHANGE_NURTURE_CADENCE,
        lead_id,
        at,
        attributes,
        campaign_id=campaign_id,
        primary=(program.id, program.name),
    )


def _enter(
    state: MarketoState,
    program: Program,
    lead_id: int,
    status: Status,
    at: datetime,
    stream: Stream | None,
    reason: str,
    campaign_id: int | None = None,
) -> None:
    member = Member(lead_id, status.name, at, at, at if status.success else None)
    program.members[lead_id] = member
    _log_status(state, program, lead_id, NOT_IN_PROGRAM, status, at, reason, campaign_id)
    if stream:
        # Whether setting a status by the API adds a lead to the first stream, as the flow step does, is not
        # documented. It does here, because nothing else could start its content.
        member.stream, member.cadence = stream, NORMAL
        state.log.add(
            ADD_TO_NURTURE,
            lead_id,
            at,
            {"Track ID": stream.id, "Track Name": stream.name},
            campaign_id=campaign_id,
            primary=(program.id, program.name),
        )


def _log_status(
    state: MarketoState,
    program: Program,
    lead_id: int,
    old: str,
    new: Status,
    at: datetime,
    reason: str,
    campaign_id: int | None = None,
) -> None:
    before = program.channel.status(old)
    attributes: dict[str, object] = {
        "Acquired By": False,
        "New Status": new.name,
        "New Status ID": new.step,
        "Old Status": old,
        "Old Status ID": before.step if before else 0,
        "Success": new.success,
    }
    if reason:
        attributes["Reason"] = reason
    state.log.add(
        CHANGE_STATUS, lead_id, at, attributes, campaign_id=campaign_id, primary=(program.id, program.name)
    )

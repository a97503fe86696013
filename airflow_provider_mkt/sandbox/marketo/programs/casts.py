"""Casts: the emails that the streams of engagement programs send, each by its cadence."""

from datetime import datetime, timedelta
from functools import partial

from airflow_provider_mkt.sandbox.marketo.emails.mailing import at_pace, send, start_run
from airflow_provider_mkt.sandbox.marketo.emails.models import Email
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.programs.models import (
    MONTHLY,
    NO_CADENCE,
    PAUSED,
    WEEKLY,
    Member,
    Program,
    Stream,
)
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

# Monthly casts keep the day of the week.
INTERVALS = {WEEKLY: timedelta(weeks=1), MONTHLY: timedelta(weeks=4)}


def set_cadence(
    state: MarketoState, program: Program, stream: Stream, cadence: str, first_cast: datetime | None = None
) -> None:
    """Set when a stream sends, as in the user interface.

    :param first_cast: must be in the future; needed unless the cadence is `none`.
    :raises ValueError: it is not.
    """
    if cadence not in (NO_CADENCE, *INTERVALS):
        msg = f"cadence must be one of {', '.join((NO_CADENCE, *INTERVALS))}"
        raise ValueError(msg)
    if cadence != NO_CADENCE and (first_cast is None or first_cast <= state.now()):
        msg = "the first cast must be in the future"
        raise ValueError(msg)
    if stream.cast_number is not None:
        state.schedule.cancel(stream.cast_number)
    stream.cadence, stream.next_cast, stream.cast_number = cadence, None, None
    if cadence != NO_CADENCE and first_cast is not None:
        _schedule(state, program, stream, first_cast)


def _schedule(state: MarketoState, program: Program, stream: Stream, due: datetime) -> None:
    stream.next_cast = due
    stream.cast_number = state.schedule.at(due, partial(_cast, state, program, stream))


def _cast(state: MarketoState, program: Program, stream: Stream, at: datetime) -> None:
    if state.programs.get(program.id) is not program:
        return
    _schedule(state, program, stream, at + INTERVALS[stream.cadence])
    # A program that is off keeps its cadence, and sends nothing.
    if program.on:
        cast(state, program, stream, at)


def cast(state: MarketoState, program: Program, stream: Stream, at: datetime) -> None:
    """Send the next email of a stream to each of its people. Then those who have had all are exhausted."""
    run = start_run(state, f"{program.name}: {stream.name}", at, program_id=program.id, limits=True)
    tokens = state.tokens.resolve(state.path_of(FolderRef(program.id, "Program")), {})
    waiting = [one for one in program.members.values() if one.stream is stream and one.cadence != PAUSED]
    run.qualified = len(waiting)

    def mail(member: Member, when: datetime) -> None:
        email = _next_email(state, stream, member, at)
        lead = state.leads.get(member.lead_id)
        # Who is dropped gets the same email at the next cast.
        if email and lead and send(state, run, email, lead, when, tokens):
            member.received.add(email.id)
            member.updated_at = when

    def end(when: datetime) -> None:
        run.ended_at = when
        for member in program.members.values():
            if member.stream is stream:
                member.exhausted = _next_email(state, stream, member, when) is None

    at_pace(state, waiting, at, mail, end)


def _next_email(state: MarketoState, stream: Stream, member: Member, at: datetime) -> Email | None:
    """Return the first active email of a stream that a member has not had."""
    for content in stream.content:
        email = state.emails.get(content.email_id)
        if content.email_id not in member.received and content.is_available(at) and email and email.approved:
            return email
    return None

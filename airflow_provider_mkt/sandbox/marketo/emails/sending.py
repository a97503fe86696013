"""Email programs: approve and unapprove them, and send at their time."""

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from zoneinfo import ZoneInfo

from airflow_provider_mkt.sandbox.marketo.emails.mailing import arrive, at_pace, send, start_run
from airflow_provider_mkt.sandbox.marketo.emails.models import Email, Mail, Run
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.lists.audience import members
from airflow_provider_mkt.sandbox.marketo.programs.models import EMAIL, Program
from airflow_provider_mkt.sandbox.marketo.state import MarketoState

HEAD_START = timedelta(hours=12)
FIRST_ZONE = timezone(timedelta(hours=14))
"""The zone in which a day begins first."""
EARLY = timedelta(hours=25)
"""How far ahead a start must be, so that recipients in all zones get the email at its hour."""


def program_email(state: MarketoState, program: Program) -> Email | None:
    inside = (one for one in state.emails.values() if one.folder == FolderRef(program.id, "Program"))
    return next((one for one in inside if one.approved), None)


def approve_program(state: MarketoState, program: Program) -> None:
    """Lock an email program and schedule its send."""
    if program.type != EMAIL:
        raise MarketoError(709, "Only email programs can be approved")
    if program.locked:
        raise MarketoError(709, "Program is already approved")
    now = state.now()
    if program.start is None or program.end is None:
        raise MarketoError(709, "Program has no start date or end date")
    if program_email(state, program) is None:
        raise MarketoError(709, "Program has no approved email")
    if program.smart_list is None:
        raise MarketoError(709, "Program has no smart list")
    _check_start(state, program, program.start, now)
    program.locked, program.updated_at = True, now
    processed_at = max(_processed_at(state, program, program.start, now), now)
    program.send_number = state.schedule.at(processed_at, lambda at: run_program(state, program, at))


def _check_start(state: MarketoState, program: Program, start: datetime, now: datetime) -> None:
    # Not documented: a start date in the past is rejected here, rather than sent at once.
    if start <= now:
        raise MarketoError(709, "Program start date is in the past")
    if start < now + timedelta(seconds=state.accounts.settings.approval_notice):
        raise MarketoError(709, "Program start date is too close")
    if program.head_start:
        if program.ab_test:
            raise MarketoError(709, "A program with an A/B test has no head start")
        if _processed_at(state, program, start, now) <= now:
            raise MarketoError(709, "A program with a head start is approved at least 12 hours before it")


def _processed_at(state: MarketoState, program: Program, start: datetime, now: datetime) -> datetime:
    """Return when the audience is locked and the emails are prepared."""
    first = start
    if program.recipient_time_zone:
        first = _wall(state, start).replace(tzinfo=FIRST_ZONE).astimezone(UTC)
        if not program.head_start and start <= now + EARLY:
            return now
    return first - HEAD_START if program.head_start else first


def unapprove_program(state: MarketoState, program: Program) -> None:
    if program.type != EMAIL:
        raise MarketoError(709, "Only email programs can be unapproved")
    if not program.locked:
        raise MarketoError(709, "Program is not approved")
    if program.sent_at is not None or program.send_number is None:
        raise MarketoError(709, "Program has started to send")
    state.schedule.cancel(program.send_number)
    program.locked, program.send_number, program.updated_at = False, None, state.now()


def abort_program(state: MarketoState, program: Program) -> None:
    """Stop what is not out yet, as in the user interface. The program cannot be sent again.

    :raises ValueError: there is nothing to stop.
    """
    runs = [one for one in state.runs if one.program_id == program.id and one.ended_at is None]
    if program.type != EMAIL or (program.send_number is None and not runs):
        msg = "only an email program that is approved and has not been sent can be aborted"
        raise ValueError(msg)
    if program.send_number is not None:
        state.schedule.cancel(program.send_number)
        program.send_number = None
    for run in runs:
        run.aborted = True


def run_program(state: MarketoState, program: Program, at: datetime) -> None:
    """Find the audience, and send to it now or, with a head start or recipient time zones, later."""
    program.sent_at, program.send_number = at, None
    run = start_run(state, program.name, at, program_id=program.id, limits=program.communication_limits)
    email, people = program_email(state, program), members(state, program.smart_list)
    run.qualified = len(people)
    limit = state.accounts.settings.smart_campaign_limit
    if limit is not None and len(people) > limit:
        run.refused = f"{len(people)} people are more than the limit of {limit}"
    if email is None or run.refused:
        run.ended_at = at
        return
    tokens = state.tokens.resolve(state.path_of(FolderRef(program.id, "Program")), {})

    def mail(lead: Lead, when: datetime) -> None:
        if not run.aborted:
            send(state, run, email, lead, when, tokens)

    def end(when: datetime) -> None:
        run.ended_at = when

    if not (program.head_start or program.recipient_time_zone):
        at_pace(state, people, at, mail, end)
        return
    # Prepared now: who unsubscribes later is mailed all the same.
    prepared = (send(state, run, email, lead, at, tokens, arrives=False) for lead in people)
    sent = [one for one in prepared if one]
    start = program.start or at
    if program.recipient_time_zone:
        _send_by_zone(state, run, sent, start, at)
    else:
        state.schedule.at(
            max(start, at),
            lambda due: at_pace(state, sent, due, lambda one, when: arrive(state, one, when), end),
        )


def _send_by_zone(state: MarketoState, run: Run, sent: list[Mail], start: datetime, at: datetime) -> None:
    wall, last = _wall(state, start), at
    for one in sent:
        lead = state.leads.get(one.lead_id)
        local = wall.replace(tzinfo=_zone(state, lead)).astimezone(UTC)
        if local < at:
            # The hour has passed there. A setting could also send it at the program's own hour.
            local += timedelta(days=1)
        last = max(last, local)
        state.schedule.at(local, partial(arrive, state, one))

    def end(due: datetime) -> None:
        run.ended_at = due

    state.schedule.at(last, end)


def _wall(state: MarketoState, moment: datetime) -> datetime:
    """Return the time of day in the subscription's zone, without the zone."""
    return moment.astimezone(ZoneInfo(state.accounts.settings.time_zone)).replace(tzinfo=None)


def _zone(state: MarketoState, lead: Lead | None) -> ZoneInfo:
    """Return the time zone of a lead, or that of the subscription. Addresses are not regarded."""
    name = lead.values.get("personTimeZone") if lead else None
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        return ZoneInfo(state.accounts.settings.time_zone)

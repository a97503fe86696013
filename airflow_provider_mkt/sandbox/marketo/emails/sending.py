"""Send emails, to one lead or from an email program."""

from collections.abc import Mapping
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.activities.activity_types import EMAIL_DELIVERED, SEND_EMAIL
from airflow_provider_mkt.sandbox.marketo.emails.models import Email, Sent
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.programs.enrolment import advance
from airflow_provider_mkt.sandbox.marketo.programs.models import EMAIL, Program, SmartList
from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def reachable(email: Email, lead: Lead) -> bool:
    """Return whether an email can be sent to a lead. Only operational ones are sent to unsubscribed leads."""
    version = email.approved
    if version is None or not lead.values.get("email") or lead.values.get("emailInvalid"):
        return False
    return version.operational or not lead.values.get("unsubscribed")


def send(
    state: MarketoState,
    email: Email,
    lead: Lead,
    at: datetime,
    campaign_id: int | None = None,
    program_id: int | None = None,
    tokens: Mapping[str, str] | None = None,
) -> bool:
    if not reachable(email, lead):
        return False
    state.outbox.append(Sent(at, email.id, lead.id, campaign_id, program_id, tokens or {}))
    program = state.program_of(email.folder)
    primary = (email.id, f"{program.name}.{email.name}" if program else email.name)
    for type_id in (SEND_EMAIL, EMAIL_DELIVERED):
        attributes: dict[str, object] = {"Step ID": 1, "Choice Number": 0}
        state.log.add(type_id, lead.id, at, attributes, campaign_id=campaign_id, primary=primary)
    return True


def audience(state: MarketoState, smart_list: SmartList | None) -> list[Lead]:
    """Return the leads of a smart list."""
    if smart_list is None:
        return []
    if smart_list.static_list_id is None:
        return [lead for lead in state.leads if lead.values.get("email")]
    chosen = state.lists.get(smart_list.static_list_id)
    leads = [state.leads.get(lead_id) for lead_id in chosen.members] if chosen else []
    return [lead for lead in leads if lead]


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
    # Not documented: a start date in the past is rejected here, rather than sent at once.
    if program.start <= now:
        raise MarketoError(709, "Program start date is in the past")
    program.locked, program.updated_at = True, now
    program.send_number = state.schedule.at(program.start, lambda at: run_program(state, program, at))


def unapprove_program(state: MarketoState, program: Program) -> None:
    if program.type != EMAIL:
        raise MarketoError(709, "Only email programs can be unapproved")
    if not program.locked:
        raise MarketoError(709, "Program is not approved")
    if program.sent_at is not None or program.send_number is None:
        raise MarketoError(709, "Program has started to send")
    state.schedule.cancel(program.send_number)
    program.locked, program.send_number, program.updated_at = False, None, state.now()


def run_program(state: MarketoState, program: Program, at: datetime) -> None:
    program.sent_at, program.send_number = at, None
    email = program_email(state, program)
    if email is None:
        return
    tokens = state.tokens.resolve(state.path_of(FolderRef(program.id, "Program")), {})
    for lead in audience(state, program.smart_list):
        # Leads become members when the email is sent to them.
        if (
            send(state, email, lead, at, program_id=program.id, tokens=tokens)
            and lead.id not in program.members
        ):
            advance(state, program, lead.id, program.channel.first(), at)

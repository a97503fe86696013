"""Send emails: who gets one, what it becomes, and the activities and statuses that tell of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from airflow_provider_mkt.sandbox.marketo.activities import activity_types as kinds
from airflow_provider_mkt.sandbox.marketo.emails.models import Email, Mail, Run
from airflow_provider_mkt.sandbox.marketo.emails.reach import drop_reason, note, takes_share
from airflow_provider_mkt.sandbox.marketo.emails.rendering import for_lead, with_my_tokens
from airflow_provider_mkt.sandbox.marketo.leads.origin import Origin
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.leads.upsert import log_changes
from airflow_provider_mkt.sandbox.marketo.leads.values import Value
from airflow_provider_mkt.sandbox.marketo.programs.enrolment import advance
from airflow_provider_mkt.sandbox.marketo.programs.models import EMAIL
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.times import lead_time

HARD, SOFT, SPAM, ABORTED = "hard", "soft", "spam", "aborted"
"""How an email can bounce: the address does not exist, the mailbox is full, the content is taken for spam, or
the run was aborted before the email left."""
BOUNCES = {
    HARD: ("2", "550 5.1.1 The email account does not exist"),
    SOFT: ("3", "452 4.2.2 The email account is over its quota"),
    SPAM: ("1", "554 5.7.1 The message was rejected as spam"),
    ABORTED: ("9", "The send was aborted"),
}
"""Category and text of bounces. Public reports tell of the categories."""
STATUSES = {
    kinds.SEND_EMAIL: ("Sent",),
    kinds.EMAIL_DELIVERED: ("Delivered",),
    kinds.EMAIL_BOUNCED: ("Bounced", "Hard Bounced"),
    kinds.EMAIL_BOUNCED_SOFT: ("Soft Bounced",),
    kinds.OPEN_EMAIL: ("Opened",),
    kinds.CLICK_EMAIL: ("Clicked",),
    kinds.UNSUBSCRIBE_EMAIL: ("Unsubscribed",),
}
"""Statuses that a channel may have for what happens to an email."""
LINK = "https://www.example.com/"
READER: dict[str, object] = {
    "Bot Activity Pattern": "N/A",
    "Browser": "Firefox",
    "Device": "Unknown",
    "Is Bot Activity": False,
    "Is Mobile Device": False,
    "Platform": "Unknown",
    "User Agent": "Mozilla/5.0",
}

ItemT = TypeVar("ItemT")


def start_run(
    state: MarketoState,
    name: str,
    at: datetime,
    *,
    program_id: int | None = None,
    campaign_id: int | None = None,
    limits: bool = False,
    one_by_one: bool = False,
) -> Run:
    run = Run(state.next_id("campaign run"), name, at, program_id, campaign_id, limits, one_by_one)
    state.runs.append(run)
    return run


def at_pace(
    state: MarketoState,
    items: Iterable[ItemT],
    at: datetime,
    work: Callable[[ItemT, datetime], None],
    end: Callable[[datetime], None],
) -> None:
    """Do the work for each item, as fast as the setting `mails_per_second` allows, and then the end."""
    rest: Iterator[ItemT] = iter(items)
    for item in rest:
        work(item, at)
        rate = state.accounts.settings.mails_per_second
        if rate is not None:
            next_at = at + timedelta(seconds=1 / rate)
            state.schedule.at(next_at, lambda later: at_pace(state, rest, later, work, end))
            return
    end(at)


def send(
    state: MarketoState,
    run: Run,
    email: Email,
    lead: Lead,
    at: datetime,
    tokens: Mapping[str, str] | None = None,
    *,
    arrives: bool = True,
) -> Mail | None:
    """Send an email to a lead. Return None when it is dropped.

    :param arrives: whether it arrives at once; else `arrive` has to be called.
    """
    reason = drop_reason(state, run, email, lead, at)
    version = email.approved
    address = str(lead.values.get("email") or "")
    if reason or version is None:
        dropped = Mail(run, at, email.id, lead.id, address, outcome="dropped", reason=reason or "notApproved")
        state.dropped.append(dropped)
        if state.accounts.settings.skipped_rows:
            _write_row(state, dropped, kinds.SEND_EMAIL, at, skipped=True)
        run.outcomes["dropped"] += 1
        run.dropped[reason or "notApproved"] += 1
        return None
    subject = for_lead(state, with_my_tokens(version.subject, tokens or {}), lead, at)
    mail = Mail(run, at, email.id, lead.id, address, subject, tokens or {}, version.operational)
    state.outbox.append(mail)
    run.outcomes["sent"] += 1
    note(state, run, email, lead, at)
    _log(state, mail, kinds.SEND_EMAIL, at)
    if arrives:
        arrive(state, mail, at)
    return mail


def arrive(state: MarketoState, mail: Mail, at: datetime) -> None:
    """Let a sent email be delivered or bounce, and let its reader react."""
    email, settings = state.emails.get(mail.email_id), state.accounts.settings
    if mail.run.aborted:
        _bounce(state, mail, ABORTED, at)
        return
    bounce = state.next_bounces.pop(mail.lead_id, None)
    if email is not None and bounce is None:
        if takes_share(state, email, "bounce", settings.bounce_share):
            bounce = HARD
        elif takes_share(state, email, "soft bounce", settings.soft_bounce_share):
            bounce = SOFT
    if bounce == SOFT:
        _later(state, at, settings.soft_bounce_delay, partial(_bounce, state, mail, SOFT))
    elif bounce is not None:
        _bounce(state, mail, bounce, at)
    else:
        mail.end("delivered")
        _log(state, mail, kinds.EMAIL_DELIVERED, at)
        if email is not None:
            _react(state, mail, email, at)


def _bounce(state: MarketoState, mail: Mail, how: str, at: datetime) -> None:
    category, details = BOUNCES[how]
    mail.end("bounced", how)
    type_id = kinds.EMAIL_BOUNCED_SOFT if how in (SOFT, ABORTED) else kinds.EMAIL_BOUNCED
    attributes: dict[str, object] = {"Category": category, "Details": details, "Email": mail.address}
    _log(state, mail, type_id, at, attributes)
    if how == HARD:
        change_lead(state, mail.lead_id, {"emailInvalid": True, "emailInvalidCause": details}, at, "Email")
    elif how == SPAM:
        suspended: dict[str, Value] = {"emailSuspended": True, "emailSuspendedAt": lead_time(at)}
        change_lead(state, mail.lead_id, {**suspended, "emailSuspendedCause": details}, at, "Email")


def _react(state: MarketoState, mail: Mail, email: Email, at: datetime) -> None:
    settings, acts = state.accounts.settings, []
    if takes_share(state, email, "open", settings.open_share):
        acts.append(open_mail)
        if takes_share(state, email, "click", settings.click_share):
            acts.append(click_mail)
    if takes_share(state, email, "unsubscribe", settings.unsubscribe_share):
        acts.append(unsubscribe)
    for act in acts:
        _later(state, at, settings.reaction_delay, partial(act, state, mail))


def open_mail(state: MarketoState, mail: Mail, at: datetime) -> None:
    """Let the reader open an email. Marketo does not see it when tracking is off in the email."""
    email = state.emails.get(mail.email_id)
    if email is None or email.approved is None or not email.approved.tracking_disabled:
        _log(state, mail, kinds.OPEN_EMAIL, at, READER)


def click_mail(state: MarketoState, mail: Mail, at: datetime) -> None:
    """Let the reader click a link in an email."""
    _log(state, mail, kinds.CLICK_EMAIL, at, {"Link": LINK, "Link ID": "1", **READER})


def unsubscribe(state: MarketoState, mail: Mail, at: datetime) -> None:
    """Let the reader unsubscribe by the link in an email."""
    _log(state, mail, kinds.UNSUBSCRIBE_EMAIL, at)
    change_lead(
        state, mail.lead_id, {"unsubscribed": True, "unsubscribedReason": "Unsubscribed by link"}, at, "Email"
    )


def change_lead(
    state: MarketoState, lead_id: int, values: dict[str, Value], at: datetime, source: str
) -> None:
    """Write fields of a lead outside the API, and log the changes."""
    lead = state.leads.get(lead_id)
    if lead is not None:
        log_changes(state, lead, state.leads.update(lead, values, at), at, Origin(source, ""))


def _later(state: MarketoState, at: datetime, delay: float, act: Callable[[datetime], None]) -> None:
    if delay:
        state.schedule.at(at + timedelta(seconds=delay), act)
    else:
        act(at)


def _log(
    state: MarketoState,
    mail: Mail,
    type_id: int,
    at: datetime,
    attributes: Mapping[str, object] | None = None,
) -> None:
    """Write the activity, and the status of the member where the email is that of an email program."""
    _write_row(state, mail, type_id, at, attributes)
    lag = state.accounts.settings.figures_lag
    _later(state, at, lag, partial(_set_status, state, mail, type_id))


def _write_row(
    state: MarketoState,
    mail: Mail,
    type_id: int,
    at: datetime,
    attributes: Mapping[str, object] | None = None,
    *,
    skipped: bool = False,
) -> None:
    email = state.emails.get(mail.email_id)
    program = state.program_of(email.folder) if email else None
    name = email.name if email else str(mail.email_id)
    quoted = state.accounts.settings.quoted_run_ids
    of_run: dict[str, object] = {
        "Campaign Run ID": f'"{mail.run.id}"' if quoted else mail.run.id,
        "Step ID": 1,
        "Choice Number": 0,
    }
    state.log.add(
        type_id,
        mail.lead_id,
        at,
        {**of_run, **(attributes or {})},
        campaign_id=mail.campaign_id,
        primary=(mail.email_id, f"{program.name}.{name}" if program else name),
        skipped=skipped,
    )


def _set_status(state: MarketoState, mail: Mail, type_id: int, at: datetime) -> None:
    program = None if mail.campaign_id else state.programs.get(mail.program_id or 0)
    if program is None or program.type != EMAIL or state.leads.get(mail.lead_id) is None:
        return
    found = [one for one in map(program.channel.status, STATUSES[type_id]) if one]
    if not found and type_id == kinds.SEND_EMAIL:
        # People become members when the email is sent, whatever the first status is called.
        found = [program.channel.first()]
    for status in found[:1]:
        advance(state, program, mail.lead_id, status, at)

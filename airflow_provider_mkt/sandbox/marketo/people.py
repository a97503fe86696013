"""Changes of leads that no API call makes, and what leads do with emails that they got."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from airflow_provider_mkt.sandbox.marketo.emails import mailing
from airflow_provider_mkt.sandbox.marketo.emails.models import Mail
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.leads.values import Value
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.outbox import PersonChange

SOURCE = "User interface"


class MarketoPersonChange(PersonChange):
    """A change of a lead, or what it does with an email.

    `bounced` sets Email Invalid, as an email does that bounced for good.
    """

    marketing_suspended: bool | None = None
    black_listed: bool | None = None
    email_suspended: bool | None = None
    """Whether email is suspended from now on, for 24 hours."""
    time_zone: str | None = None
    """Time zone of the person, for sends by recipient time zone."""
    next_bounce: Literal["hard", "soft", "spam", "none"] | None = None
    """How the next email to the person bounces."""
    opens: int | None = None
    """Id of an email that the person got, and opens now."""
    clicks: int | None = None
    """Id of an email in which the person clicks a link now."""
    unsubscribes: int | None = None
    """Id of an email by which the person unsubscribes now."""


def apply_change(state: MarketoState, change: MarketoPersonChange) -> JsonObject:
    """Change a lead, and return what decides whether it gets email.

    :raises LookupError: there is no such lead, or it did not get the email that it reacts to.
    """
    lead, now = _lead(state, change), state.now()
    reactions: list[tuple[Callable[[MarketoState, Mail, datetime], None], Mail]] = [
        (act, _last_mail(state, lead, email_id))
        for act, email_id in (
            (mailing.open_mail, change.opens),
            (mailing.click_mail, change.clicks),
            (mailing.unsubscribe, change.unsubscribes),
        )
        if email_id is not None
    ]
    values: dict[str, Value] = {}
    named = {
        "unsubscribed": change.unsubscribed,
        "emailInvalid": change.bounced,
        "marketingSuspended": change.marketing_suspended,
        "blackListed": change.black_listed,
        "emailSuspended": change.email_suspended,
        "personTimeZone": change.time_zone,
    }
    values.update({name: value for name, value in named.items() if value is not None})
    if change.email_suspended:
        values["emailSuspendedAt"] = lead_time(now)
    mailing.change_lead(state, lead.id, values, now, SOURCE)
    if change.next_bounce is not None:
        state.next_bounces.pop(lead.id, None)
        if change.next_bounce != "none":
            state.next_bounces[lead.id] = change.next_bounce
    for act, mail in reactions:
        act(state, mail, now)
    return {"id": lead.id, **{name: lead.values.get(name) for name in ("email", *named)}}


def _lead(state: MarketoState, change: MarketoPersonChange) -> Lead:
    name, value = ("email", change.email) if change.id is None else ("id", change.id)
    found = list(state.leads.find(name, value))
    if not found:
        msg = f"there is no lead with the {name} {value}"
        raise LookupError(msg)
    if len(found) > 1:
        msg = f"{len(found)} leads have the address {value}: give the id"
        raise ValueError(msg)
    return found[0]


def _last_mail(state: MarketoState, lead: Lead, email_id: int) -> Mail:
    got = (one for one in reversed(state.outbox) if (one.lead_id, one.email_id) == (lead.id, email_id))
    mail = next((one for one in got if one.outcome == "delivered"), None)
    if mail is None:
        msg = f"lead {lead.id} did not get email {email_id}"
        raise LookupError(msg)
    return mail

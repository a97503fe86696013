"""Who gets an email, and who does not for which reason."""

from collections.abc import Callable
from datetime import datetime, timedelta

from airflow_provider_mkt.sandbox.marketo.account.usage_store import quota_day
from airflow_provider_mkt.sandbox.marketo.emails.models import Email, Run
from airflow_provider_mkt.sandbox.marketo.leads.store import Lead
from airflow_provider_mkt.sandbox.marketo.leads.values import match_key
from airflow_provider_mkt.sandbox.marketo.settings import DropReason
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.times import parse_moment

SUSPENDED_FOR = timedelta(hours=24)
"""How long a hard bounce blocks a lead. The field stays true for ever."""
WEEK = timedelta(days=7)
LIFTED: frozenset[DropReason] = frozenset({"unsubscribed", "marketingSuspended", "communicationLimit"})
"""Reasons that operational emails pass."""


def drop_reason(state: MarketoState, run: Run, email: Email, lead: Lead, at: datetime) -> DropReason | None:
    """Return why an email is not sent to a lead, or None."""
    version = email.approved
    if version is None:
        return "notApproved"
    reason = _blocked(lead, at) or _opted_out(lead)
    if reason is None and not run.one_by_one and (email.id, _address(lead)) in run.addresses:
        reason = "duplicate"
    if reason is None and run.limits and _over_limit(state, lead, at):
        reason = "communicationLimit"
    if version.operational and reason in LIFTED:
        reason = None
    return reason or _by_setting(state, email, operational=version.operational)


def note(state: MarketoState, run: Run, email: Email, lead: Lead, at: datetime) -> None:
    """Count an email for duplicates and communication limits."""
    run.addresses.add((email.id, _address(lead)))
    if email.approved and not email.approved.operational:
        # Whether operational emails count is not documented.
        state.mailed_at[lead.id].append(at)


def takes_share(state: MarketoState, email: Email, kind: str, share: float) -> bool:
    """Return whether this one is in a share of the emails. The share is spread evenly, without chance."""
    key = (email.id, kind)
    state.shares[key] += share
    # The sum of shares such as 0.1 is not exact.
    if state.shares[key] < 1 - 1e-9:
        return False
    state.shares[key] -= 1
    return True


def _address(lead: Lead) -> str:
    return match_key(lead.values.get("email"))


def _blocked(lead: Lead, at: datetime) -> DropReason | None:
    """Return what blocks all email to a lead."""
    values = lead.values
    checks: dict[DropReason, Callable[[], bool]] = {
        "noEmail": lambda: not values.get("email"),
        "blackListed": lambda: bool(values.get("blackListed")),
        "emailInvalid": lambda: bool(values.get("emailInvalid")),
        "emailSuspended": lambda: bool(values.get("emailSuspended")) and _is_suspended(lead, at),
    }
    return next((reason for reason, holds in checks.items() if holds()), None)


def _is_suspended(lead: Lead, at: datetime) -> bool:
    since = parse_moment(lead.values.get("emailSuspendedAt"))
    return since is not None and at < since + SUSPENDED_FOR


def _opted_out(lead: Lead) -> DropReason | None:
    if lead.values.get("unsubscribed"):
        return "unsubscribed"
    return "marketingSuspended" if lead.values.get("marketingSuspended") else None


def _over_limit(state: MarketoState, lead: Lead, at: datetime) -> bool:
    settings, mailed = state.accounts.settings, state.mailed_at[lead.id]
    per_day, per_week = settings.communication_limit_per_day, settings.communication_limit_per_week
    today = sum(quota_day(one) == quota_day(at) for one in mailed) if per_day is not None else 0
    week = sum(one > at - WEEK for one in mailed) if per_week is not None else 0
    return (per_day is not None and today >= per_day) or (per_week is not None and week >= per_week)


def _by_setting(state: MarketoState, email: Email, *, operational: bool) -> DropReason | None:
    for reason, share in state.accounts.settings.drop_reasons.items():
        if not (operational and reason in LIFTED) and takes_share(state, email, reason, share):
            return reason
    return None
